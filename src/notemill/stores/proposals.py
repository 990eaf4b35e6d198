"""Proposals: their kinds, their states, and the transitions between these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProposalKind(StrEnum):
    """What a proposal is about; a new tag is one that the vocabulary does not have.

    A vocabulary tag is part of a vocabulary that is proposed for the whole vault, for no note. A
    note is one to be created, or to be replaced as a whole: its value is its title.
    """

    DESCRIPTION = "description"
    TAG = "tag"
    NEW_TAG = "new tag"
    TOPIC = "topic"
    LINK = "link"
    TAG_CHANGE = "tag change"
    QUERY_CHANGE = "query change"
    TIDY_CHANGE = "tidy change"
    VOCABULARY_TAG = "vocabulary tag"
    NOTE = "note"


TAG_KINDS: Final = (ProposalKind.TAG, ProposalKind.NEW_TAG)
"""Tags for notes: a rejected new tag stays rejected once it is in the vocabulary."""
TAGS_OR_VOCABULARY: Final = (*TAG_KINDS, ProposalKind.VOCABULARY_TAG)
"""Kinds whose value is a tag."""
EDITABLE: Final = frozenset((*TAGS_OR_VOCABULARY, ProposalKind.TOPIC, ProposalKind.DESCRIPTION))
"""Kinds whose value a person may edit."""


OF_ONE_NOTE: Final = frozenset((ProposalKind.QUERY_CHANGE, ProposalKind.TIDY_CHANGE))
"""Kinds of changes found in the vault that are for a single note each."""
OF_ALL_BYTES: Final = frozenset((ProposalKind.TIDY_CHANGE, ProposalKind.NOTE))
"""Kinds that are bound to all bytes of a note, not to its own content alone."""
OF_THE_VAULT: Final = frozenset((ProposalKind.TAG_CHANGE, ProposalKind.VOCABULARY_TAG))
"""Kinds that are for the whole vault, whatever notes they touch."""


class ProposalState(StrEnum):
    """The state of a proposal."""

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
"""The transition table; an applied proposal returns by the undo of its run."""

DECIDABLE: Final = frozenset(
    (ProposalState.PENDING, ProposalState.ACCEPTED, ProposalState.REJECTED)
)
"""States that a person may decide from, and undo a decision to."""


NO_CONFIDENCE: Final = 2.0
"""The stored value for a proposal without a confidence: it sorts after all that have one."""


def sources_of(state: ProposalState) -> list[ProposalState]:
    """Return the states from which a proposal may come to `state`."""
    return [one for one in ProposalState if state in MOVES[one]]


class Decision(StrEnum):
    """A person's decision on a proposal: `never` rejects it for every note, not only this one."""

    ACCEPT = "accept"
    REJECT = "reject"
    NEVER = "never"
    PENDING = "pending"

    @property
    def state(self) -> ProposalState:
        """The state of a proposal after this decision."""
        return _STATES[self]

    @property
    def scope(self) -> str:
        """For which notes a rejection holds, '' if this is not a rejection."""
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
    """Return a stored rejection's scope. Raises ValueError if it is unknown."""
    if text not in ("", HERE, NEVER):
        raise ValueError(text)
    return text


def value_key(kind: ProposalKind, value: str, replaces: str = "") -> str:
    """Return the key by which values of a kind are equal: ignores a tag's spelling, and case.

    A link's value is a note, and notes differ by case.
    """
    if kind is ProposalKind.TAG_CHANGE:
        # No tag has a space in it.
        return f"{tag_key(replaces)} {tag_key(value)}".casefold()
    if kind is ProposalKind.LINK:
        return value
    if kind is ProposalKind.QUERY_CHANGE:
        return f"{replaces}\n{value}"
    return (tag_key(value) if kind in TAGS_OR_VOCABULARY else value).casefold()


@dataclass(frozen=True, slots=True)
class NewProposal:
    """A proposal of a reply; `replaces` is a person's text that it would replace."""

    kind: ProposalKind
    value: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class InventedTag:
    """A tag that a run invented for `notes`, and what became of it before it was shown.

    `becomes` is another tag, '' if it was left out, or the tag itself if it stayed; `why` says why
    it changed, or why it stayed without being decided about.
    """

    tag: str
    becomes: str
    why: str
    notes: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether it became another tag, or was left out."""
        return tag_key(self.tag) != tag_key(self.becomes)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stored proposal for a note."""

    id: int
    run: str
    note: str
    source_hash: str
    kind: ProposalKind
    value: str
    replaces: str
    state: ProposalState
