"""What tells the entries of a feed apart, and that one of them is the same a week later; pure.

Nothing in a feed can be relied on alone: publishers leave guids out or use one twice, name several
episodes `Bonus`, correct titles and dates, and write a token of the day into addresses. So an entry
is known by any two of these that agree, within its feed, where one of the two is its title or its
time. A guid or an address counts only where no other entry of the feed has it, and two entries of
one feed never share a key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING, Final

from notemill.sources.address import canonical_address
from notemill.sources.draft import FEED_KEY
from notemill.text.words import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DIGITS: Final = 24
"""Of a digest in hexadecimal: 96 bits."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What may tell an entry from others: each as the feed has it, or empty."""

    guid: str = ""
    title: str = ""
    time: str = ""
    recording: str = ""
    """The address of its recording."""
    page: str = ""
    """The address of its page."""
    text: str = ""


def feed_names(title: str, page: str, address: str) -> tuple[str, ...]:
    """Return the names that a feed is known by: its page and its title, else where it lies.

    Either changes at times, so a feed is the same if it has one of them still.
    """
    names = [f"page {_place(page)}" if page else "", f"title {folded(title)}" if title else ""]
    return tuple(filter(None, names)) or (f"address {_place(address)}",)


def feed_key(names: Sequence[str]) -> str:
    """Return the key of a feed itself."""
    return FEED_KEY + _digest(names[0])


def distinct(marks: Sequence[Marks], feed_page: str) -> list[Marks]:
    """Return marks in one spelling, with the guids and addresses that tell nothing left empty."""
    plain = [
        Marks(
            guid=one.guid.strip(),
            title=folded(one.title),
            time=one.time,
            recording=_place(one.recording).partition("?")[0],
            page=_place(one.page),
            text=one.text,
        )
        for one in marks
    ]
    guids, recordings, pages = (
        Counter(getattr(one, name) for one in set(plain)) for name in ("guid", "recording", "page")
    )
    home = _place(feed_page)
    return [
        Marks(
            guid=one.guid if guids[one.guid] == 1 else "",
            title=one.title,
            time=one.time,
            recording=one.recording if recordings[one.recording] == 1 else "",
            page=one.page if pages[one.page] == 1 and one.page != home and "/" in one.page else "",
            text=one.text,
        )
        for one in plain
    ]


def keys_of(marks: Sequence[Marks], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return each entry's keys; `marks` are distinct ones, and no two of them are equal."""
    pairs = [list(dict.fromkeys(_pairs(one))) for one in marks]
    counts = Counter(pair for ones in pairs for pair in ones)
    return [
        tuple(
            FEED_KEY + _digest(name, *pair)
            for name, pair in product(
                names, [pair for pair in ones if counts[pair] == 1] or [_whole(one)]
            )
        )
        for one, ones in zip(marks, pairs, strict=True)
    ]


def _pairs(one: Marks) -> Iterable[tuple[str, ...]]:
    """Yield the pairs of what an entry is known by, the strongest first."""
    strong = {"guid": one.guid, "recording": one.recording, "page": one.page}
    weak = {"time": one.time, "title": one.title}
    for (kind, value), (other, text) in product(strong.items(), weak.items()):
        if value and text:
            yield kind, value, other, text
    if one.time and one.title:
        yield "time", one.time, "title", one.title


def _whole(one: Marks) -> tuple[str, ...]:
    """Return what an entry is known by where no two marks of it tell it from the others."""
    alone = (one.guid, one.recording, one.page)
    return ("alone", *alone) if any(alone) else ("all", one.time, one.title, one.text)


def _place(address: str) -> str:
    """Return an address without its scheme, as feeds move between http and https."""
    canonical = canonical_address(address) or address.strip()
    return canonical.partition("://")[2] or canonical


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:_DIGITS]
