"""The journal that the vault writes to: every write, byte for byte, so that it can be undone.

A write is durable in the journal before the note is touched. It is `intended`, then `done`; on undo
it is `undoing`, then `undone`. A write that never reached the note is removed. One that a crash
left open, and whose note matches neither its old nor its new bytes, is `unclear`: it is reported,
and its bytes are kept. This module defines the interface; the vault's store implements it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager


ABSENT: Final = ""
"""In place of the hash of a note that does not exist."""


class State(StrEnum):
    """The state of a write."""

    INTENDED = "intended"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write about to happen; `path` and `temporary` are vault paths, as the folder lists them.

    A note to be created has no bytes `before`, and ABSENT as their hash; `folders` are those that
    have to be made for it, the topmost first.
    """

    run: str
    key: str
    path: str
    temporary: str
    before: bytes
    before_hash: str
    after_hash: str
    at_s: float
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one note and its state; `Journal.before` reads its old bytes."""

    seq: int
    run: str
    key: str
    path: str
    temporary: str
    before_hash: str
    after_hash: str
    state: State
    at_s: float

    @property
    def creates(self) -> bool:
        """Whether the note did not exist before."""
        return self.before_hash == ABSENT


@dataclass(frozen=True, slots=True)
class WrittenRun:
    """A run's writes: the number of notes, how many are undone, and the first and last time."""

    run: str
    notes: int
    undone: int
    first_at_s: float
    last_at_s: float


class Journal(Protocol):
    """The writes to one vault; every method raises StoreError if the file cannot be used."""

    def close(self) -> None:
        """Close the file."""

    def transaction(self) -> AbstractContextManager[object]:
        """Commit everything written to the file inside the block as one transaction."""

    def intend(self, intent: Intent) -> int:
        """Record a write before it happens and return its number; durable on return."""

    def mark(self, seqs: Iterable[int], state: State, *, temporary: str = "") -> None:
        """Record the states of writes, all in one commit."""

    def remove(self, seq: int) -> None:
        """Forget a write that never reached its note."""

    def open_writes(self) -> list[Write]:
        """Return the writes that a crash left open, oldest first."""

    def of_run(self, run: str) -> list[Write]:
        """Return a run's writes, newest first."""

    def standing(self, key: str, since: int) -> list[Write]:
        """Return a note's writes from number `since` on that are not undone, newest first."""

    def left(self, after_hash: str) -> list[Write]:
        """Return the writes that are not undone and left bytes with a hash, newest first."""

    def before(self, write: Write) -> bytes:
        """Return the bytes that a write replaced. Raises WriteFailedError if they are damaged."""

    def made(self, folder: str) -> bool:
        """Return whether a folder, by its vault path, was made for a note and is not removed."""

    def unmade(self, folder: str) -> None:
        """Record that a folder that was made for a note is removed."""

    def runs(self) -> list[WrittenRun]:
        """Return the runs that wrote something, newest first."""
