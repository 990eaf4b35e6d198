"""How the places that mean a tag look: queries that change, and what keeps an old name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from notemill.tagging.changes import Change
    from notemill.workflows.tags.retagging import Retagging
    from notemill.workflows.tags.usage import Place, TagUsage
    from twolane.front.console import Console

SHOWN_NOTES: Final = 20
SHOWN_PLACES: Final = 8


def show_usage(plan: Retagging, console: Console) -> None:
    """Show which queries change, and the places that keep a tag's old name."""
    if plan.usage.queried:
        console.print(f"queries change in {counted(len(plan.usage.queried), 'note')}:")
        for key in sorted(plan.usage.queried)[:SHOWN_NOTES]:
            console.print(f"  {shown(key)}")
    for tag, found in plan.usage.places.items():
        places = counted(found.count, "place")
        console.print(f"#{shown(tag)} is meant in {places} that would not change with it:")
        for one in found.named[:SHOWN_PLACES]:
            console.print(f"  {place_line(one)}")
        if (more := len(found.named) - SHOWN_PLACES) > 0:
            console.print(f"  … and {more:,} more; --json names them")
        if found.hidden:
            console.print(f"  {found.hidden:,} of them in hidden notes")


def kept_places(change: Change, usage: TagUsage) -> str:
    """Return how many places a change waits for, '' for none."""
    found = usage.places.get(tag_key(change.tag))
    return f"; {counted(found.count, 'place')} would keep its name" if found else ""


def place_line(one: Place) -> str:
    """Return a place as one line: where it is, what it is, and its text."""
    where = f"{one.file}:{one.line}" if one.line else one.file
    return shown(f"{one.kind}: {where}: {one.text}" if where else f"{one.kind}: {one.text}")
