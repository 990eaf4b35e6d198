"""A feed's bytes become its entries, each a draft; pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import SourceError
from notemill.sources.feeds import elements
from notemill.sources.feeds.days import time_of
from notemill.sources.feeds.drafting import Shared, episode_of
from notemill.sources.feeds.identity import Marks, distinct, feed_key, feed_names, keys_of
from notemill.sources.feeds.model import Feed
from notemill.sources.feeds.values import authors_of, image_of, language_of, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notemill.sources.feeds.elements import Elements

MOST_BYTES: Final = 32_000_000
"""Of a feed; one of 5,000 episodes with long show notes has 20 MB."""
MOST_ENTRIES: Final = 10_000
_HEAD_BYTES: Final = 4_096
_PAGE: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FEED: Final = re.compile(
    rb"<(?:[\w.-]{1,20}:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE
)
# What feedparser raises at input that is no feed; it does not say, and catches most of it.
_BROKEN: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry: what feedparser says of it, what its elements say, and what tells it apart."""

    told: Mapping[str, Any]
    own: Elements
    marks: Marks
    time: str


def read(data: bytes, *, address: str = "", file_name: str = "") -> Feed:
    """Return a feed in RSS or Atom, its entries as drafts, the newest first.

    `address` is where it was fetched from, `file_name` what it is called where it is a file. An
    entry with a recording is an episode, any other an article. Where not all entries have a date,
    they come as the feed has them.

    Raises SourceError if it is no feed, too large, or has no entries.
    """
    name = file_name or address or "The feed"
    parsed = _parsed(data, name)
    text = data.decode(str(parsed.get("encoding") or "utf-8"), "replace")
    page, raw = elements.read(text, address)
    told = parsed["entries"][:MOST_ENTRIES]
    entries = _entries(told, raw)
    title = plain(parsed["feed"], "title")
    names = feed_names(title, page, address)
    recordings = Counter(entry.own.recording for entry in entries)
    shared = Shared(
        title=title,
        authors=authors_of(parsed["feed"]),
        language=language_of(parsed["feed"].get("language")),
        image=image_of(parsed["feed"]),
        address=address or page,
        repeated=frozenset(one for one, count in recordings.items() if count > 1),
    )
    marks = distinct([entry.marks for entry in entries], page)
    episodes = [
        episode_of(entry.told, entry.own, one, keys, shared)
        for entry, one, keys in zip(entries, marks, keys_of(marks, names), strict=True)
    ]
    if all(entry.time for entry in entries):
        order = sorted(range(len(entries)), key=lambda at: entries[at].time, reverse=True)
        episodes = [episodes[at] for at in order]
    return Feed(
        title=title or name,
        address=address,
        key=feed_key(names),
        episodes=tuple(episodes),
        notices=_notices(parsed, len(raw)),
    )


def _parsed(data: bytes, name: str) -> Mapping[str, Any]:
    """Return what feedparser makes of a feed. Raises SourceError if that is nothing."""
    import feedparser  # noqa: PLC0415

    if len(data) > MOST_BYTES:
        raise SourceError(
            f"{name} has {len(data) / 1e6:,.0f} MB; the limit for a feed is {MOST_BYTES / 1e6:,.0f} MB."
        )
    head = data[:_HEAD_BYTES]
    if _PAGE.search(head) and not _FEED.search(head):
        raise SourceError(f"{name} is a web page and no feed. Give the address of its feed.")
    try:
        # As a stream: feedparser takes bytes for the name of a file. HTML is made safe later.
        parsed: Mapping[str, Any] = feedparser.parse(
            BytesIO(data), sanitize_html=False, resolve_relative_uris=False
        )
    except _BROKEN:
        raise SourceError(
            f"{name} is damaged, or no feed: it cannot be read as RSS or Atom."
        ) from None
    if parsed["entries"]:
        return parsed
    if parsed.get("version"):
        raise SourceError(f"{name} is a feed without entries: there is nothing to read.")
    raise SourceError(f"{name} is damaged, or no feed: it is neither RSS nor Atom.")


def _entries(told: Sequence[Mapping[str, Any]], raw: Sequence[Elements]) -> list[_Entry]:
    """Return the entries of a feed; one that is listed twice, once."""
    own = raw if len(raw) >= len(told) else [elements.told_by(one) for one in told]
    entries: dict[tuple[object, ...], _Entry] = {}
    for one, found in zip(told, own, strict=False):
        written = found.written or str(one.get("published", ""))
        marks = Marks(
            guid=found.guid or str(one.get("id", "")),
            title=plain(one, "title"),
            time=time_of(written),
            recording=found.recording,
            page=found.page,
            text=str(one.get("summary", ""))[:1000],
        )
        same = (marks.guid, marks.title, marks.time, marks.recording, marks.page)
        alone = "" if marks.guid or marks.recording or marks.page else marks.text
        entries.setdefault((*same, alone), _Entry(one, found, marks, marks.time))
    return list(entries.values())


def _notices(parsed: Mapping[str, Any], elements_read: int) -> tuple[str, ...]:
    import feedparser  # noqa: PLC0415

    notices = []
    entries = len(parsed["entries"])
    wrong = parsed.get("bozo_exception")
    if isinstance(wrong, feedparser.CharacterEncodingOverride):
        pass  # its letters are told right all the same
    elif parsed.get("bozo") and not isinstance(wrong, feedparser.NonXMLContentType):
        notices.append("The feed is not well-formed; what could be read of it is here.")
    if elements_read < entries:
        notices.append("Its elements are damaged, so that transcripts and chapters may be missing.")
    if entries > MOST_ENTRIES:
        notices.append(f"Only the first {MOST_ENTRIES:,} of {entries:,} entries are read.")
    return tuple(notices)
