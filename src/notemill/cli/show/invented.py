"""How the new tags of a run look at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app.consolidating import TagsAsInvented, TagsConsolidated, TagsToOrder
from notemill.cli.endings import names_of
from twolane import format_usd
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notemill.app.consolidating import Invented
    from notemill.app.events import Event
    from notemill.stores.proposals import InventedTag
    from twolane.front.console import Console

MAX_LISTED: Final = 40
"""The most new tags and changes that are listed; `--json` has all."""


def show_invented(invented: Invented, console: Console) -> None:
    """List the new tags of a run with their notes, and what became of the others."""
    if invented.new:
        console.print("new tags of this run:")
        lines = [f"#{one.tag}{names_of(one.notes)}" for one in invented.new]
        _list(lines, console)
    if invented.changed:
        console.print("merged, renamed or left out:")
        _list([_change(one) for one in invented.changed], console)


def _list(lines: Sequence[str], console: Console) -> None:
    for line in lines[:MAX_LISTED]:
        console.print(f"  {shown(line)}")
    if len(lines) > MAX_LISTED:
        console.print(f"  … and {len(lines) - MAX_LISTED:,} more")


def _change(one: InventedTag) -> str:
    """Return in one line what became of a tag, and why."""
    what = f"#{one.tag} → #{one.becomes}" if one.becomes else f"#{one.tag} left out"
    why = f": {one.why}" if one.why else ""
    return f"{what} ({counted(len(one.notes), 'note')}){why}"


def _to_order(event: TagsToOrder, console: Console) -> None:
    price = format_usd(event.plan.estimated_nano)
    console.print(
        f"new tags are put in order after each stage (about {price}, included in the price)"
    )


def _consolidated(event: TagsConsolidated, console: Console) -> None:
    show_invented(event.invented, console)


def _as_invented(event: TagsAsInvented, console: Console) -> None:
    """Say that the new tags are shown as notes brought them."""
    console.print(
        f"{counted(event.count, 'new tag')} not put in order, so look at them yourself: {shown(event.why)}"
    )


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    TagsToOrder: _to_order,
    TagsConsolidated: _consolidated,
    TagsAsInvented: _as_invented,
}
