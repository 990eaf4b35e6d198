"""Pairs of notes and the links between them, as the link ledger keeps them.

A pair is two notes and has two sides: the links, present or planned, one in each note.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notemill.vault.related import Form

if TYPE_CHECKING:
    from collections.abc import Mapping


class PairState(StrEnum):
    """The state of a pair.

    It is `declined` if a model refused it for both notes, `undecided` if its two answers disagree.
    """

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
"""States of pairs whose links should be in both notes."""
DECIDED: Final = frozenset((*WANTED, PairState.REJECTED, PairState.ACCEPTED))
"""States of pairs that are not proposed again."""
KEPT: Final = DECIDED - {PairState.ACCEPTED}
"""States of pairs that stay known when their run is forgotten."""
REJECTED_BY_YOU: Final = "you rejected it"
"""Why a pair that a person rejected stands where it stands."""
TAKEN_OVER: Final = "taken-over"
"""The run id of pairs that were linked before the ledger knew them, as by another computer."""


class SideState(StrEnum):
    """The state of one side's link; a `released` one is its owner's now and is not touched."""

    INTENDED = "intended"
    WRITTEN = "written"
    REMOVING = "removing"
    UNDOING = "undoing"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class NewPair:
    """A pair to propose: two keys in order, and the content it was found in."""

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
    """A stored pair; `a` < `b`, by the notes' current keys."""

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
        """Return the source hash that the note `key` had when the pair was proposed."""
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
        """Whether the link may be removed: not if it may be its owner's, in the property."""
        may_be_theirs = self.run == TAKEN_OVER and self.form is Form.PROPERTY
        return self.state is not SideState.RELEASED and not may_be_theirs


@dataclass(frozen=True, slots=True)
class NewSide:
    """A link about to be written, or if `released`, one that its owner has written meanwhile."""

    pair: int
    note: str
    form: Form
    text: str
    had: bool
    released: bool = False


@dataclass(frozen=True, slots=True)
class LinkRun:
    """A search for links, and its settings."""

    id: str
    at_s: float
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Presence:
    """The notes that a scan of the vault found, and since which look each is present or missing.

    `look` is the number of the scan; `missing` holds only notes of pairs.
    """

    look: int
    since: Mapping[str, int]
    missing: Mapping[str, int]

    def may_be(self, old: str, new: str) -> bool:
        """Return whether `old` may have been renamed to `new`: not if both existed at once.

        A note that was replaced under its own name counts as gone in this look.
        """
        return self.since.get(new, self.look) >= self.missing.get(old, self.look)
