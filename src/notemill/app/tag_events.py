"""What the services for tags and the vocabulary report while they work."""

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
    """A planned change of tags, with the first of its notes before and after it."""

    plan: Retagging
    changes: tuple[NoteChange, ...]


@dataclass(frozen=True, slots=True)
class ChangesWait(Event):
    """Changes of these tags were left: a person has to decide, as places keep their old names."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VocabularyChanged(Event):
    """As many `tags` of the vocabulary, which no note holds, changed with those of the notes."""

    tags: int
    run: str


@dataclass(frozen=True, slots=True)
class VocabularyRestored(Event):
    """The vocabulary is as it was before a change of tags that was undone."""


@dataclass(frozen=True, slots=True)
class NewTagsPlanned(Event):
    """New tags to accept; `change` shows the list with them, None without a list."""

    new_tags: tuple[NewTag, ...]
    change: NoteChange | None = None


@dataclass(frozen=True, slots=True)
class NewTagsAccepted(Event):
    """New tags were accepted; the notes that they are proposed for do not have them yet."""

    new_tags: tuple[NewTag, ...]


@dataclass(frozen=True, slots=True)
class ListDiffers(Event):
    """What a list of tags decides differently since it was adopted, line by line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangesStay(Event):
    """The list contains changes of these tags that were rejected, and are not carried out."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VocabularyAdopted(Event):
    """`note` now holds the vocabulary; `before` did until now, '' for none."""

    note: str
    before: str


@dataclass(frozen=True, slots=True)
class ListPlanned(Event):
    """The vocabulary's note with the new entries; unchanged if there are none."""

    change: NoteChange


@dataclass(frozen=True, slots=True)
class ListWritten(Event):
    """The vocabulary's note was written; `run` is the run to undo."""

    note: str
    run: str


@dataclass(frozen=True, slots=True)
class ArrangedHere(Event):
    """No model is asked: the tags are arranged by the notes that contain them."""


@dataclass(frozen=True, slots=True)
class AllArranged(Event):
    """Every tag already has its place, so no model is asked."""


@dataclass(frozen=True, slots=True)
class TagsToAsk(Event):
    """The tags to ask about, and the number of requests; one more comes first if `headings`."""

    tags: int
    requests: int
    headings: bool


@dataclass(frozen=True, slots=True)
class RoundReported(Event):
    """The state of a run that arranges tags when the work on it ends."""

    report: Report


@dataclass(frozen=True, slots=True)
class RoundUnfinished(Event):
    """A run that arranges tags has not ended; the same command continues it."""


@dataclass(frozen=True, slots=True)
class TagsArranged(Event):
    """A model's answers were turned into a vocabulary.

    `missing` tags were left out by the answers, `refused` names were not asked about; `failed` if
    some requests have no usable answer. `kept` tags stay, against the answers: they would have lost
    their meaning, or something finds notes by them.
    """

    missing: tuple[str, ...]
    refused: tuple[str, ...]
    failed: bool
    kept: tuple[str, ...] = ()
