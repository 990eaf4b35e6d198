"""Proposals: what is proposed, where each stands, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProposalKind(StrEnum):
    """What a proposal is about; a new tag is one that the vocabulary does not have."""

    DESCRIPTION = "description"
    TAG = "tag"
    NEW_TAG = "new tag"
    TOPIC = "topic"
    LINK = "link"
    TAG_CHANGE = "tag change"
    TIDY_CHANGE = "tidy change"


TAG_KINDS: Final = (ProposalKind.TAG, ProposalKind.NEW_TAG)
"""Tags for notes: one that was turned down is no other for being in the vocabulary by now."""
EDITABLE: Final = frozenset((*TAG_KINDS, ProposalKind.TOPIC, ProposalKind.DESCRIPTION))
"""Kinds whose value a person may edit."""


class ProposalState(StrEnum):
    """Where a proposal stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    APPLIED = "applied"
    CONFLICT = "conflict"
    UNDONE = "undone"


MOVES: Final[Mapping[ProposalState, frozenset[ProposalState]]] = {
    ProposalState.PENDING: frozenset(
        (ProposalState.ACCEPTED, ProposalState.REJECTED, ProposalState.APPLIED,
         ProposalState.CONFLICT)
    ),
    ProposalState.ACCEPTED: frozenset(
        (ProposalState.PENDING, ProposalState.REJECTED, ProposalState.APPLIED,
         ProposalState.CONFLICT)
    ),
    ProposalState.REJECTED: frozenset((ProposalState.PENDING, ProposalState.ACCEPTED)),
    ProposalState.APPLIED: frozenset((ProposalState.UNDONE,)),
    ProposalState.CONFLICT: frozenset(),
    ProposalState.UNDONE: frozenset(),
}  # fmt: skip
"""From each state where a proposal may go; what was applied comes back by the undo of its run."""

DECIDABLE: Final = frozenset(
    (ProposalState.PENDING, ProposalState.ACCEPTED, ProposalState.REJECTED)
)
"""States that a person may decide from, and take a decision back to."""


NO_CONFIDENCE: Final = 2.0
"""How the store keeps that nobody said how sure a proposal is: after all that somebody did."""


def sources_of(state: ProposalState) -> list[ProposalState]:
    """Return the states from which a proposal may come to `state`."""
    return [one for one in ProposalState if state in MOVES[one]]


class Decision(StrEnum):
    """What a person says of a proposal: `never` rejects it for every note, not for this alone."""

    ACCEPT = "accept"
    REJECT = "reject"
    NEVER = "never"
    PENDING = "pending"

    @property
    def state(self) -> ProposalState:
        """Where a proposal stands afterwards."""
        return _STATES[self]

    @property
    def scope(self) -> str:
        """For which notes a rejection holds, '' for what is none."""
        return _SCOPES.get(self, "")


HERE: Final = "here"
"""A rejection for its note alone."""
NEVER: Final = "never"
"""A rejection for every note."""
_STATES: Final = {
    Decision.ACCEPT: ProposalState.ACCEPTED,
    Decision.REJECT: ProposalState.REJECTED,
    Decision.NEVER: ProposalState.REJECTED,
    Decision.PENDING: ProposalState.PENDING,
}
_SCOPES: Final = {Decision.REJECT: HERE, Decision.NEVER: NEVER}


def scope_of(text: str) -> str:
    """Return a rejection's scope as it is kept. Raises ValueError."""
    if text not in ("", HERE, NEVER):
        raise ValueError(text)
    return text


def value_key(kind: ProposalKind, value: str, replaces: str = "") -> str:
    """Return by what values of a kind count as the same: any spelling of a tag, any case.

    A link's value is a note, and notes differ by case.
    """
    if kind is ProposalKind.TAG_CHANGE:
        # No tag has a space in it.
        return f"{tag_key(replaces)} {tag_key(value)}".casefold()
    if kind is ProposalKind.LINK:
        return value
    return (tag_key(value) if kind in TAG_KINDS else value).casefold()


@dataclass(frozen=True, slots=True)
class NewProposal:
    """What a reply proposes; `replaces` is what a person wrote and this would replace."""

    kind: ProposalKind
    value: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal for a note as it stands."""

    id: int
    run: str
    note: str
    source_hash: str
    kind: ProposalKind
    value: str
    replaces: str
    state: ProposalState
