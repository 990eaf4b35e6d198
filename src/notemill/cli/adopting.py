"""What commands say of lists of tags that decide nothing, and of the one that does."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from notemill.workflows.tags.gating import changed_since, place_of
from twolane.front.console import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.mill import Mill
    from notemill.privacy import Sight
    from twolane.front.console import Console

_SHOWN_NOTES: Final = 3
_SHOWN_CHANGES: Final = 20


def see_vocabulary(mill: Mill, sight: Sight, console: Console) -> None:
    """Name the notes whose list of tags decides nothing, and what changed in the one that does."""
    place = place_of(mill.vault, sight.facts, mill.decisions)
    if place.may_have_moved and sight.shows(place.note):
        line = f"{place.note} held the vocabulary and has no list now; it holds as you took it over"
        console.print(line)
    strays = [one for one in place.strays if sight.shows(one)]
    for one in strays[:_SHOWN_NOTES]:
        line = f"{one} has the marks of a vocabulary and decides nothing; if it is yours: "
        console.print(f"{line}notemill tags adopt {shlex.quote(one)}")
    if len(strays) > _SHOWN_NOTES:
        rest = counted(len(strays) - _SHOWN_NOTES, "more note")
        console.print(f"so do {rest}")
    if sight.shows(place.note) and (said := changed_since(mill.vault, place, mill.decisions)):
        console.print(f"{place.note} is not as you took it over:")
        _show(said, console)
        line = f"take it over as it is: notemill tags adopt {shlex.quote(place.note)}"
        console.print(line)


def _show(lines: Sequence[str], console: Console) -> None:
    for one in lines[:_SHOWN_CHANGES]:
        console.print(f"  {one}")
    if len(lines) > _SHOWN_CHANGES:
        console.print(f"  … and {len(lines) - _SHOWN_CHANGES:,} more")
