"""Pairs of notes and the links between them, as the ledger of links keeps them.

A pair is of two notes, and has two sides: the links that stand, or are to stand, one in each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notemill.vault.related import Form

if TYPE_CHECKING:
    from collections.abc import Mapping


class PairState(StrEnum):
    """Where a pair stands; `undecided` are those that a model's two answers do not agree on."""

    ASKED = "asked"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    UNDECIDED = "undecided"
    WRITING = "writing"
    WRITTEN = "written"
    REJECTED = "rejected"
    DECLINED = "declined"
    CONFLICT = "conflict"
    UNDONE = "undone"
    WITHDRAWN = "withdrawn"
    GONE = "gone"


WANTED: Final = frozenset((PairState.WRITING, PairState.WRITTEN))
"""Pairs whose links are to stand in both notes."""
DECIDED: Final = frozenset((*WANTED, PairState.REJECTED, PairState.ACCEPTED))
"""Pairs that are not proposed again."""
KEPT: Final = DECIDED - {PairState.ACCEPTED}
"""Pairs that stay known where their run is forgotten."""


TAKEN_OVER: Final = "taken-over"
"""The run of what stood in both notes before the ledger knew of it: another computer's."""


class SideState(StrEnum):
    """Where one side's link stands; `released` is its owner's now and never touched again."""

    INTENDED = "intended"
    WRITTEN = "written"
    REMOVING = "removing"
    UNDOING = "undoing"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class NewPair:
    """A pair to propose: two keys in order, and the sources it was found in."""

    a: str
    b: str
    score: float
    reason: Mapping[str, Any]
    source_a: str
    source_b: str

    @property
    def sources(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Both keys, each with its source."""
        return (self.a, self.source_a), (self.b, self.source_b)


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair as it stands; `a` < `b`, by what the notes are called now."""

    id: int
    a: str
    b: str
    state: PairState
    run: str
    score: float
    reason: Mapping[str, Any]
    source_a: str
    source_b: str
    because: str

    def other(self, key: str) -> str:
        """Return the other note of the two."""
        return self.b if key == self.a else self.a

    def source_of(self, key: str) -> str:
        """Return the content that the note `key` had when the pair was proposed."""
        return self.source_a if key == self.a else self.source_b


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a pair: the link in `note` to `other`, as written."""

    pair: int
    note: str
    other: str
    form: Form
    text: str
    before: str
    had: bool
    state: SideState
    run: str

    @property
    def may_go(self) -> bool:
        """Whether it may be taken out: not where it may be its owner's, in the property."""
        may_be_theirs = self.run == TAKEN_OVER and self.form is Form.PROPERTY
        return self.state is not SideState.RELEASED and not may_be_theirs


@dataclass(frozen=True, slots=True)
class NewSide:
    """A link about to be written, or with `released` one that its owner wrote meanwhile."""

    pair: int
    note: str
    form: Form
    text: str
    had: bool
    released: bool = False


@dataclass(frozen=True, slots=True)
class LinkRun:
    """A look through the vault for links, and what was asked for."""

    id: str
    at_s: float
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Presence:
    """Which notes a look through the vault has found, and since which look each is there, or not.

    `look` is its number; `missing` are notes of pairs alone.
    """

    look: int
    since: Mapping[str, int]
    missing: Mapping[str, int]

    def may_be(self, old: str, new: str) -> bool:
        """Tell whether `old` may be called `new` now: not where both were there at one time.

        A note that is there and was replaced has gone in this look.
        """
        return self.since.get(new, self.look) >= self.missing.get(old, self.look)
