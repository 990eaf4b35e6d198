"""What a curation reports and asks about the vocabulary that it proposes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.app.events import Event, Question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from notemill.tagging.taglist import Entry
    from twolane import Plan


@dataclass(frozen=True, slots=True)
class VocabularyToAsk(Event):
    """A vocabulary will be proposed first, from `notes` notes; `plan` is its part of the price."""

    notes: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class VocabularyProposed(Event):
    """A vocabulary waits for a person; `counts` are the notes that have a tag now, by its key."""

    entries: tuple[Entry, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class VocabularyInForce(Event):
    """A vocabulary of `tags` tags was accepted; the notes get these tags."""

    tags: int


@dataclass(frozen=True, slots=True)
class VocabularyRejected(Event):
    """The whole vocabulary was rejected: it is not proposed again."""


@dataclass(frozen=True, slots=True)
class VocabularyTakenBack(Event):
    """The vocabulary of a run that was undone, with `tags` tags, is no longer in force."""

    tags: int


@dataclass(frozen=True, slots=True)
class VocabularyUnusable(Event):
    """No usable vocabulary came out of the answers; the curation goes on without one."""


@dataclass(frozen=True, slots=True)
class AcceptVocabulary(Question):
    """May a proposed vocabulary be used? No rejects it for good.

    `listed` is it as a list, which a person may edit as a whole: `edit` takes the changed list in
    its place, and raises UsageError naming lines to correct. `later` is the message if they do not
    want to decide now.
    """

    listed: str = ""
    edit: Callable[[str], Awaitable[int]] | None = None
    later: str = ""


@dataclass(frozen=True, slots=True)
class GoOnWithoutVocabulary(Question):
    """No usable vocabulary came out; may the notes be curated without one?"""
