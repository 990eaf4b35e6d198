"""What the services of tags and of the vocabulary report while they work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.app.events import Event, NoteChange

if TYPE_CHECKING:
    from notemill.workflows.tags.deciding import NewTag
    from notemill.workflows.tags.retagging import Retagging
    from twolane import Report


@dataclass(frozen=True, slots=True)
class RetaggingPlanned(Event):
    """A change of tags as it would be, with the first of its notes before and after it."""

    plan: Retagging
    changes: tuple[NoteChange, ...]


@dataclass(frozen=True, slots=True)
class NewTagsPlanned(Event):
    """New tags that would be accepted: into the list that `change` shows, None without a list."""

    new_tags: tuple[NewTag, ...]
    change: NoteChange | None = None


@dataclass(frozen=True, slots=True)
class NewTagsAccepted(Event):
    """New tags are accepted; the notes that they are proposed for do not have them yet."""

    new_tags: tuple[NewTag, ...]


@dataclass(frozen=True, slots=True)
class ListDiffers(Event):
    """What a list of tags decides otherwise than it did when it was taken over, line by line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangesStay(Event):
    """Changes of these tags stand in the list, were rejected, and are not carried out."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VocabularyAdopted(Event):
    """`note` holds the vocabulary from here on; `before` did, '' for none."""

    note: str
    before: str


@dataclass(frozen=True, slots=True)
class ListPlanned(Event):
    """The vocabulary's note with what is new in it; the same bytes where nothing is."""

    change: NoteChange


@dataclass(frozen=True, slots=True)
class ListWritten(Event):
    """The vocabulary's note is written, and `run` takes it back."""

    note: str
    run: str


@dataclass(frozen=True, slots=True)
class ArrangedHere(Event):
    """No model is asked: the tags are arranged by the notes that they stand in."""


@dataclass(frozen=True, slots=True)
class AllArranged(Event):
    """Every tag has its place already, and a model is not asked."""


@dataclass(frozen=True, slots=True)
class TagsToAsk(Event):
    """So many tags are to be asked about, after one more request where `headings` are."""

    tags: int
    requests: int
    headings: bool


@dataclass(frozen=True, slots=True)
class RoundReported(Event):
    """How a run that arranges tags stands where work on it ends here."""

    report: Report


@dataclass(frozen=True, slots=True)
class RoundUnfinished(Event):
    """A run that arranges tags has not ended; the same command continues it."""


@dataclass(frozen=True, slots=True)
class TagsArranged(Event):
    """A model's answers make a vocabulary.

    `missing` tags were left out by them, `refused` names were not asked about; `failed` says that
    some requests have no answer that could be used.
    """

    missing: tuple[str, ...]
    refused: tuple[str, ...]
    failed: bool
