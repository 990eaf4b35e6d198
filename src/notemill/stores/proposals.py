"""Proposals: what is proposed for a note, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProposalKind(StrEnum):
    """What a proposal is about; a new tag is one that the vocabulary does not have."""

    DESCRIPTION = "description"
    TAG = "tag"
    NEW_TAG = "new tag"
    TOPIC = "topic"


class ProposalState(StrEnum):
    """Where a proposal stands."""

    PENDING = "pending"
    APPLIED = "applied"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class NewProposal:
    """What a reply proposes; `replaces` is what a person wrote and this would replace."""

    kind: ProposalKind
    value: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal as it stands."""

    id: int
    run: str
    note: str
    source_hash: str
    kind: ProposalKind
    value: str
    replaces: str
    state: ProposalState
