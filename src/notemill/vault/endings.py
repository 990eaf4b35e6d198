"""What became of writes to notes: how an undo ended, and what a crash had left open."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notemill.vault.journal import State


class Ending(StrEnum):
    """How an undo ended for one note."""

    RESTORED = "restored"
    REMOVED = "removed"
    ALREADY = "already restored"
    EDITED = "edited since"
    BLOCKED = "written by later runs"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NoteUndo:
    """The outcome of an undo for one note; `runs` are the runs undone, or those that prevent it."""

    key: str
    ending: Ending
    runs: tuple[str, ...] = ()
    problem: str = ""

    @property
    def restored(self) -> bool:
        """Whether the note is what it was before the run: a note that it created is gone."""
        return self.ending in (Ending.RESTORED, Ending.REMOVED, Ending.ALREADY)


@dataclass(frozen=True, slots=True)
class Recovered:
    """A write that a crash left open, and its state now; None if it never happened."""

    key: str
    run: str
    state: State | None
