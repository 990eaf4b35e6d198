"""What a list of sources has: a playlist, a channel or a feed, before any of it is read; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.sources.address import canonical_address
from notemill.sources.draft import VIDEO_KEY

if TYPE_CHECKING:
    from notemill.sources.feeds.model import Feed
    from notemill.sources.youtube.reading import Listing


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """An entry of a list: the keys of its draft, the strongest first, and its title."""

    keys: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as it is now: what it is known by, the address that a person gave, its entries.

    `notices` are sentences for the owner: what is left out.
    """

    key: str
    address: str
    title: str
    entries: tuple[ListedEntry, ...] = field(repr=False)
    notices: tuple[str, ...] = ()


def listed_videos(listing: Listing, address: str) -> Listed:
    """Return a playlist or channel as a list."""
    entries = (ListedEntry((f"{VIDEO_KEY}{one.id}",), one.title) for one in listing.entries)
    return Listed(listing.key, address, listing.title, tuple(entries), listing.notices)


def listed_feed(feed: Feed, address: str) -> Listed:
    """Return a feed as a list.

    It is known by where it lies: a publisher's feeds may all name the same page.
    """
    entries = (ListedEntry(one.outline.keys, one.outline.title) for one in feed.episodes)
    key = canonical_address(address) or feed.key
    return Listed(key, address, feed.title, tuple(entries), feed.notices)
