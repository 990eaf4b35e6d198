"""Lists of sources as they are looked at: what is a list, and what it has now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError, UsageError
from notemill.sources.address import clean_address
from notemill.sources.arguments import Argument, ArgumentKind
from notemill.sources.listed import listed_feed, listed_videos

if TYPE_CHECKING:
    from notemill.sources.feeds.model import Feed
    from notemill.sources.fetching import Fetched, Fetcher
    from notemill.sources.listed import Listed
    from notemill.sources.youtube.reading import YouTube

NO_FEED: Final = (
    "this is no playlist, channel or feed, so nothing new appears in it; give the address of the "
    "page's feed, or read it once with `notemill ingest`"
)
_FEEDS: Final = (b"<rss", b"<feed", b"<rdf:RDF")
_HEAD_BYTES: Final = 2_048
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
        raise SourceError(f"{argument.text}: {NO_FEED}")
    return listed_feed(await asyncio.to_thread(feed_of, fetched), address)


def is_feed(data: bytes) -> bool:
    """Return whether what came back is a feed, by its first bytes."""
    head = data[:_HEAD_BYTES]
    return any(mark in head for mark in _FEEDS)


def feed_of(fetched: Fetched) -> Feed:
    """Return a feed that was fetched. Raises SourceError."""
    from notemill.sources.feeds.reading import read as read_feed  # noqa: PLC0415

    return read_feed(fetched.data, address=fetched.address)
