"""How a proposal of the queue looks at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.cli.show.curation import print_change
from notemill.stores.proposals import TAGS_OR_VOCABULARY, ProposalKind
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.reviewing import RowShown
    from notemill.stores.queue_rows import QueueRow
    from twolane.front.console import Console

SHOWN_NOTES: Final = 5
HELP: Final = (
    "  a  accept, to be written by `notemill apply`",
    "  x  reject, for this note; of a vocabulary, with the tags below it; of a new note, with all",
    "     that is proposed for it",
    "  n  never: reject for all notes, for good; of a new note, its source is not proposed again",
    "  e  edit, then accept; Tab completes tags, Ctrl-C cancels the edit",
    "     a vocabulary's tag and, behind the dash, what it is for; those below are renamed with it",
    "  A  accept all pending proposals of this note, value or vocabulary, within the filter",
    "  s  skip; decide later",
    "  u  undo your last decision; press again for the one before",
    "  q  quit; all decisions are saved",
)
_KEYS: Final = "a accept  x reject  n never  {e}u undo  s skip  {every}? help  q quit"
_SHORT_KEYS: Final = "a x n {e}u s A ? q"


def show_row(told: RowShown, console: Console) -> None:
    """Show a proposal with its note, its reason, and what it would change."""
    row = told.row
    console.print()
    notes = " and ".join(row.notes[:SHOWN_NOTES])
    if len(row.notes) > SHOWN_NOTES:
        notes += f" and {len(row.notes) - SHOWN_NOTES:,} more"
    sure = "" if row.confidence is None else f"  {row.confidence:.0%} sure"
    console.print(f"{row.kind}: {shown(_value(row))}", style="bold", aside=f"  {row.id}{sure}")
    if notes:
        console.print(f"  {shown(notes)}")
    if row.kind is ProposalKind.VOCABULARY_TAG:
        _show_vocabulary_tag(row, console)
    elif row.why:
        console.print(f"  why: {shown(row.why)}", style="dim")
    if row.replaces and row.kind is ProposalKind.DESCRIPTION:
        console.print(f"  replaces your text: {shown(row.replaces)}")
    if told.is_stale:
        console.print("  the note has been edited since this was proposed", style="yellow")
    if told.change is not None:
        print_change(told.change, console)


def _show_vocabulary_tag(row: QueueRow, console: Console) -> None:
    if row.why:
        console.print(f"  for: {shown(row.why)}", style="dim")
    if row.replaces:
        console.print(f"  also for: {shown(row.replaces)}")


def _value(row: QueueRow) -> str:
    if row.kind is ProposalKind.TAG_CHANGE:
        return f"#{row.replaces} → #{row.value}" if row.value else f"#{row.replaces} goes"
    if row.kind is ProposalKind.QUERY_CHANGE:
        return f"{row.replaces} → {row.value}"
    return f"#{row.value}" if row.kind in TAGS_OR_VOCABULARY else row.value


def line_of(rows: Sequence[QueueRow]) -> str:
    """Return the outcome of rows in one line."""
    first, *more = rows
    state = first.state
    if not more:
        return f"{state}: {shown(_value(first))}"
    if first.kind is ProposalKind.VOCABULARY_TAG and all(_is_below(one, first) for one in more):
        return f"{state}: {shown(_value(first))}, with {counted(len(more), 'tag')} below it"
    return f"{state}: {counted(len(rows), 'proposal')}"


def _is_below(one: QueueRow, first: QueueRow) -> bool:
    return one.value.startswith(f"{first.value}/")


def bar(left: int, left_s: float, *, every: int, what: str, editable: bool, columns: int) -> str:
    """Return the line with the keys and how much is left; it fits into `columns`."""
    minutes = max(1, round(left_s / 60))
    progress = f"{left:,} left, about {counted(minutes, 'minute')}"
    edit = "e edit  " if editable else ""
    some = f"A all {every:,} of this {what}  " if every > 1 else ""
    for line in (
        f"{progress}  {_KEYS.format(e=edit, every=some)}",
        f"{progress}  {_SHORT_KEYS.format(e='e ' if editable else '')}",
        f"{left:,} left  ? help",
    ):
        if len(line) < columns:
            return line
    return "?"[: max(0, columns - 1)]


def end_bar(columns: int) -> str:
    """Return the line with the keys once nothing is left to show; it fits into `columns`."""
    for line in ("u undo  q quit", "u q"):
        if len(line) < columns:
            return line
    return ""
