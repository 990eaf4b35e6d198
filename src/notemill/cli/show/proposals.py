"""How the proposals of a run and their outcome look at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app.accepted import AcceptedCounted, AcceptedProgress
from notemill.app.applying import ProposalCounts, ToApply
from notemill.cli.endings import trouble
from notemill.cli.show.curation import print_change
from notemill.vault.files import Ending
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from notemill.app.applying import NoteProposals
    from notemill.app.events import Event
    from notemill.vault.files import NoteUndo
    from twolane.front.console import Console


def summary(counts: ProposalCounts) -> str:
    """Return the pending proposals in one line, as in `674 tags, 645 of them new; 120 topics`."""
    parts = [counted(counts.new_notes, "new note")] if counts.new_notes else []
    if counts.descriptions:
        mine = f", {counts.replacing:,} would replace yours" if counts.replacing else ""
        parts.append(f"{counted(counts.descriptions, 'description')}{mine}")
    if counts.tags:
        new = f", {counts.new_tags:,} of them new" if counts.new_tags else ""
        parts.append(f"{counted(counts.tags, 'tag')}{new}")
    if counts.topics:
        parts.append(counted(counts.topics, "topic"))
    return f"{'; '.join(parts)} for {counted(counts.notes, 'note')}"


def show_notes(notes: Iterable[NoteProposals], console: Console) -> None:
    """Show the change of each note, and which of it waits for a person."""
    for one in notes:
        print_change(one.change, console)
        for proposal in one.replacing:
            console.print(f"  would replace: {shown(proposal.replaces)}")
            console.print(f"  with:          {shown(proposal.value)}")
        for proposal in one.new_tags:
            console.print(f"  new tag, to be decided: #{shown(proposal.value)}")


def undone_words(undone: Sequence[NoteUndo]) -> str:
    """Return how many notes an undo restored, and how many it removed, in one line."""
    removed = sum(one.ending is Ending.REMOVED for one in undone)
    restored = sum(one.restored for one in undone) - removed
    parts = [f"{counted(restored, 'note')} restored to the byte"] if restored or not removed else []
    return ", ".join([*parts, f"{counted(removed, 'note')} removed"] if removed else parts)


def show_undone(restored: Sequence[NoteUndo], what: str, console: Console) -> None:
    """Show what was restored, and what could not be."""
    if restored and all(one.ending is Ending.ALREADY for one in restored):
        console.print(f"{what} is already undone; nothing was changed")
        return
    console.print(undone_words(restored))
    for one in restored:
        if one.problem:
            console.print(f"  {shown(trouble(one.key, one.problem))}")


def _to_apply(event: ToApply, console: Console) -> None:
    console.print(f"run {event.run}: {summary(event.counts)}")


def _accepted(event: AcceptedCounted, console: Console) -> None:
    if event.counts:
        named = ", ".join(counted(count, kind) for kind, count in event.counts.items())
        console.print(f"accepted: {named}")
    if event.waiting:
        console.print(
            f"{counted(event.waiting, 'accepted proposal')} for notes that are not accepted "
            "themselves yet; decide on those with: notemill review --kind note"
        )


def _progress(event: AcceptedProgress, console: Console) -> None:
    """Show nothing: at a terminal, writing takes a moment, and its outcome is told."""


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    ToApply: _to_apply,
    AcceptedCounted: _accepted,
    AcceptedProgress: _progress,
}
