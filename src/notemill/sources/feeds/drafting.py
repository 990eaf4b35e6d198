"""An entry of a feed becomes a draft; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from notemill.sources.address import canonical_address, clean_address
from notemill.sources.captions.chapters import in_order
from notemill.sources.captions.numbers import seconds
from notemill.sources.draft import Draft, SourceKind
from notemill.sources.feeds.days import day_of
from notemill.sources.feeds.model import Episode
from notemill.sources.feeds.values import authors_of, image_of, plain, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.sources.draft import Chapter
    from notemill.sources.feeds.elements import Elements
    from notemill.sources.feeds.identity import Marks

METHOD: Final = "feed"
SHOW_NOTES: Final = "Show notes only: the feed offers no transcript of this episode."
TRANSCRIPT_NOT_READ: Final = "Show notes only: the transcript that the feed names was not read."
_MOST_DESCRIPTION: Final = 1_000
_TITLE_LETTERS: Final = 60
_BETWEEN_PARAGRAPHS: Final = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Shared:
    """What an entry has from its feed; `address` is the feed's own, else that of its page.

    `repeated` are the addresses of recordings that several entries have.
    """

    title: str
    authors: tuple[str, ...]
    language: str
    image: str
    address: str
    repeated: frozenset[str]


def episode_of(
    told: Mapping[str, Any], own: Elements, marks: Marks, keys: tuple[str, ...], shared: Shared
) -> Episode:
    """Return an entry: `told` by feedparser, its elements, and what tells it apart."""
    text, is_whole = _text(told)
    page = clean_address(own.page) if marks.page else ""
    is_episode = bool(own.recording) and not own.recording_type.startswith(
        ("text/", "application/pdf")
    )
    notices: tuple[str, ...]
    if is_episode:
        notices = (TRANSCRIPT_NOT_READ if own.transcripts else SHOW_NOTES,)
    else:
        notices = () if is_whole else (_part_of(page),)
    duration = seconds(told.get("itunes_duration")) or None if is_episode else None
    address_key: tuple[str, ...] = (canonical_address(page),) if page else ()
    outline = Draft(
        kind=SourceKind.EPISODE if is_episode else SourceKind.ARTICLE,
        keys=(*keys, *address_key) if is_episode else (*address_key, *keys),
        source=page or _recording(own, marks, shared) or keys[0],
        title=plain(told, "title") or _first_words(text) or shared.title or "Untitled",
        method=METHOD,
        authors=authors_of(told) or shared.authors,
        channel=shared.title,
        published=day_of(own.written or str(told.get("published", ""))),
        language=shared.language,
        description=_description(told),
        image=image_of(told) or shared.image,
        duration_s=duration,
        chapters=_within(in_order(own.chapters), duration),
        notices=notices,
    )
    return Episode(outline, text, page or shared.address, own.transcripts, own.chapters_address)


def _part_of(page: str) -> str:
    at = f"; the page is {page}" if page else ""
    return f"This is what the feed has of it, which may be a summary{at}."


def _text(told: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the longest text of an entry, and whether its publisher gives it as the whole."""
    contents = [_as_html(one, one.get("value")) for one in told.get("content") or []]
    content = max(contents, key=len, default="")
    summary = _as_html(told.get("summary_detail") or {}, told.get("summary"))
    whole = len(content) >= len(summary)
    return (content if whole else summary), bool(content) and whole


def _as_html(detail: Mapping[str, Any], text: object) -> str:
    """Return a text of an entry as HTML; in what is plain text nothing is a tag."""
    written = str(text or "")
    if detail.get("type") != "text/plain" or "<" not in written:
        return written
    return _BETWEEN_PARAGRAPHS.sub("<br><br>", written.replace("<", "&lt;"))


def _description(told: Mapping[str, Any]) -> str:
    """Return an entry's own short description, if it has one beside its text."""
    found = plain(told, "subtitle") or (plain(told, "summary") if told.get("content") else "")
    return found[:_MOST_DESCRIPTION]


def _first_words(text: str) -> str:
    """Return the first words of a text as a title, for entries that have none."""
    words = plain_text(text).split()
    lengths = [sum(map(len, words[: at + 1])) + at for at in range(min(len(words), 15))]
    return " ".join(
        words[: sum(1 for _ in takewhile(lambda length: length <= _TITLE_LETTERS, lengths))]
    )


def _recording(own: Elements, marks: Marks, shared: Shared) -> str:
    """Return the address of an entry's recording, '' if it is another entry's, too.

    What stands in its parameters may be a token of the day; it stays where only it tells the
    recording from others.
    """
    if own.recording in shared.repeated:
        return ""
    address = clean_address(own.recording)
    return address.partition("?")[0] if marks.recording else address


def _within(chapters: tuple[Chapter, ...], duration: float | None) -> tuple[Chapter, ...]:
    return tuple(one for one in chapters if duration is None or one.start_s < duration)
