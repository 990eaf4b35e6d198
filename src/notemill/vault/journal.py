"""What writing a vault needs of its journal: every write, byte for byte, so that it can be undone.

A write is durable there before the note is touched. It is `intended`, then `done`; `undoing`, then
`undone`. One that never reached the note is removed. One that a crash left open and whose note is
now something else is `unclear`: it is reported, and its bytes are kept. The vault's store has the
journal; what lies here is its form alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager


class State(StrEnum):
    """Where a write stands."""

    INTENDED = "intended"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write about to happen; `path` and `temporary` lie in the vault, as the folder lists them."""

    run: str
    key: str
    path: str
    temporary: str
    before: bytes
    before_hash: str
    after_hash: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one note, as it stands; its old bytes are read with `Journal.before`."""

    seq: int
    run: str
    key: str
    path: str
    temporary: str
    before_hash: str
    after_hash: str
    state: State
    at_s: float


@dataclass(frozen=True, slots=True)
class WrittenRun:
    """What a run wrote: how many notes, how many of them are undone, from when to when."""

    run: str
    notes: int
    undone: int
    first_at_s: float
    last_at_s: float


class Journal(Protocol):
    """The writes to one vault; every method raises StoreError where its file cannot be used."""

    def close(self) -> None:
        """Close the file."""

    def transaction(self) -> AbstractContextManager[object]:
        """Keep what is written within, here and beside it, in one commit."""

    def intend(self, intent: Intent) -> int:
        """Record a write before it happens and return its number; durable on return."""

    def mark(self, seqs: Iterable[int], state: State, *, temporary: str = "") -> None:
        """Write down where writes stand, all in one commit."""

    def remove(self, seq: int) -> None:
        """Forget a write that never reached its note."""

    def open_writes(self) -> list[Write]:
        """Return what a crash left open, oldest first."""

    def of_run(self, run: str) -> list[Write]:
        """Return a run's writes, newest first."""

    def standing(self, key: str, since: int) -> list[Write]:
        """Return the writes to a note from number `since` on that are not undone, newest first."""

    def before(self, write: Write) -> bytes:
        """Return the bytes that a write replaced. Raises WriteFailedError where they are damaged."""

    def runs(self) -> list[WrittenRun]:
        """Return the runs that wrote something, newest first."""
