"""Lists of sources as they are looked at: what is a list, and what it has now."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from notemill.errors import SourceError, UsageError
from notemill.sources.address import clean_address
from notemill.sources.arguments import Argument, ArgumentKind
from notemill.sources.listed import listed_feed, listed_videos

if TYPE_CHECKING:
    from notemill.sources.feeds.model import Feed
    from notemill.sources.fetching import Fetched, Fetcher
    from notemill.sources.listed import Listed
    from notemill.sources.youtube.reading import YouTube

NO_FEED: Final = "this is a page, and no playlist, channel or feed in which something new appears"
_FEEDS: Final = (b"<rss", b"<feed", b"<rdf:RDF")
_FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml")
_HEAD_BYTES: Final = 2_048
_MOST_LINKS: Final = 500
_MOST_NAMED: Final = 3
_VIDEOS: Final = (ArgumentKind.PLAYLIST, ArgumentKind.CHANNEL)


def check_list(argument: Argument) -> None:
    """Check that an argument may be a list that changes. Raises UsageError with what to do."""
    if argument.kind is ArgumentKind.VIDEO:
        raise UsageError(
            f"{argument.text} is a single video, in which nothing new appears; read it once with "
            "`notemill ingest`, or follow its channel or playlist"
        )
    if argument.kind not in (*_VIDEOS, ArgumentKind.ADDRESS):
        raise UsageError(
            f"{argument.text} is a file; follow the address of a playlist, channel or feed, and "
            "read files with `notemill ingest`"
        )


async def list_at(argument: Argument, *, fetcher: Fetcher, youtube: YouTube) -> Listed:
    """Return what a list has now. Raises SourceError, MissingExtraError; UsageError for no list."""
    check_list(argument)
    address = clean_address(argument.text)
    if argument.kind in _VIDEOS:
        return listed_videos(await youtube.listing(address), address)
    fetched = await fetcher.fetch(argument.value)
    if not is_feed(fetched.data):
        feeds = await asyncio.to_thread(_feeds_named, fetched)
        named = (
            f"follow its feed: {' or '.join(feeds)}" if feeds else "give the address of its feed"
        )
        raise SourceError(f"{NO_FEED}; {named}, or read it once with `notemill ingest`")
    return listed_feed(await asyncio.to_thread(feed_of, fetched), address)


def is_feed(data: bytes) -> bool:
    """Return whether what came back is a feed, by its first bytes."""
    head = data[:_HEAD_BYTES]
    return any(mark in head for mark in _FEEDS)


def feed_of(fetched: Fetched) -> Feed:
    """Return a feed that was fetched. Raises SourceError."""
    from notemill.sources.feeds.reading import read as read_feed  # noqa: PLC0415

    return read_feed(fetched.data, address=fetched.address)


def _feeds_named(fetched: Fetched) -> list[str]:
    """Return the addresses of the feeds that a page names as its own, a few at most.

    They are those of https://blog.whatwg.org/feed-autodiscovery.
    """
    from notemill.sources.pages.decoding import text_of  # noqa: PLC0415  # needed for pages alone
    from notemill.sources.pages.parsing import parsed  # noqa: PLC0415  # as above

    try:
        text, _ = text_of(fetched.data, fetched.content_type)
        links = list(parsed(text).iter("link"))
    except SourceError:
        return []
    found: dict[str, None] = {}
    for one in links[:_MOST_LINKS]:
        kind, place = one.get("type", "").strip().lower(), one.get("href", "")
        if "alternate" in one.get("rel", "").lower().split() and kind in _FEED_TYPES:
            with suppress(ValueError):
                found[clean_address(urljoin(fetched.address, place.strip()))] = None
    return [one for one in found if one][:_MOST_NAMED]
