"""What services report and ask while they work; a front renders events and answers questions.

An event is a frozen value. A question has its text, and the messages for when the answer is no, or
when there is nobody to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from notemill.errors import WaitingForPersonError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from notemill.privacy import Unmatched
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.curation.reply_text import Loss
    from notemill.workflows.curation.survey import Selection, Survey
    from twolane import Expiring, Offer, Report, Run, RunState


class Event:
    """Something that a front may show."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class NotesRead(Event):
    """`count` new or changed notes have been read so far; `done` once that is all."""

    count: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class ProviderChosen(Event):
    """The provider: its `name`, and in `words` the server if one was discovered."""

    name: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class ServerSlow(Event):
    """A server has not answered yet: it may be loading its model."""


@dataclass(frozen=True, slots=True)
class ResultsExpiring(Event):
    """The provider will soon delete the results of these batches, or has; `now` is the time."""

    batches: Sequence[Expiring]
    now: float


@dataclass(frozen=True, slots=True)
class ExclusionsUnmatched(Event):
    """Exclusions that match no note of the vault."""

    entries: tuple[Unmatched, ...]


@dataclass(frozen=True, slots=True)
class VocabularySeen(Event):
    """Where the vault's vocabulary is.

    `moved` is the note that held it and has no list now, '' for none; `strays` have the marks of a
    list that has no effect; `changes` describe how the list in `note` differs from the adopted one.
    """

    note: str
    moved: str
    strays: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surveyed(Event):
    """The vault was scanned for the selected notes that need work."""

    survey: Survey
    selection: Selection


@dataclass(frozen=True, slots=True)
class LeftOverFound(Event):
    """A run has answers that a process did not read or write before it died."""

    run: str


@dataclass(frozen=True, slots=True)
class ProposalsWaiting(Event):
    """`count` proposals of earlier runs wait for a person's decision."""

    count: int


@dataclass(frozen=True, slots=True)
class NotesCut(Event):
    """`count` notes are longer than the model's context of `context_tokens`."""

    count: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """Where a run would go, what it would cost, and what a person has to agree to."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class RunTakenUp(Event):
    """An unfinished run continues."""

    run: str


@dataclass(frozen=True, slots=True)
class AskedAgain(Event):
    """`count` failed items are retried; `left` counts those that would fail again, by kind."""

    count: int
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunBegan(Event):
    """Work on a run begins."""

    run: str


@dataclass(frozen=True, slots=True)
class StageBegan(Event):
    """Stage `number` of `of` begins, to try out its `purpose`."""

    number: int
    of: int
    purpose: str


@dataclass(frozen=True, slots=True)
class StageVerified(Event):
    """All `checked` results so far belong to their own notes."""

    checked: int


@dataclass(frozen=True, slots=True)
class HeldBack(Event):
    """`count` notes were withdrawn from a run: they are excluded by now.

    `with_others` if the requests of some only contained a note that is.
    """

    count: int
    with_others: bool = False


@dataclass(frozen=True, slots=True)
class NoteChange:
    """A note's bytes `before` and `after` a change; `problem` says why it cannot be made."""

    note: str
    before: bytes = b""
    after: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sampled(Event):
    """Some notes of a stage, as its proposals would change them."""

    changes: tuple[NoteChange, ...]


@dataclass(frozen=True, slots=True)
class Written(Event):
    """The outcome of a curation's proposals, note by note; `hidden` counts the hidden notes."""

    run: str
    applied: tuple[Applied, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class RunReported(Event):
    """The state of a run when the work on it ends; `stopped` if an error follows.

    `survey` is of the vault that it curates, None for other runs.
    """

    report: Report
    state: RunState
    survey: Survey | None = None
    losses: tuple[tuple[str, Loss], ...] = ()
    cut: int = 0
    stopped: bool = False


# -- questions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """A request for a person's agreement.

    `text` is the question, `declined` the message if they do not agree, `unattended` the message if
    there is nobody to ask. `unattended_yes` counts nobody as a yes: the command itself asked for
    it.
    """

    text: str
    declined: str = "nothing was changed"
    unattended: str = ""
    unattended_yes: bool = False

    @property
    def alone(self) -> str:
        """The message if there is nobody to ask."""
        return self.unattended or (
            f"{self.text} There is no terminal to ask in; run the command again with --yes"
        )


@dataclass(frozen=True, slots=True)
class AgreeToPrice(Question):
    """A run costs more than may be spent without asking, or its cap covers only part of it."""


@dataclass(frozen=True, slots=True)
class SendUnmatched(Question):
    """An exclusion matches no note and may be a mistake: may notes be sent anyway?"""


@dataclass(frozen=True, slots=True)
class ChangeInUse(Question):
    """A tag is meant in places that keep its old name: may it change? Only a person says."""


@dataclass(frozen=True, slots=True)
class GoOnAfterStage(Question):
    """A stage is verified and waits for review; `command` continues the run later."""

    command: str = ""


@dataclass(frozen=True, slots=True)
class AgreeToChange(Question):
    """Something will be written, deleted or decided."""


class Front(Protocol):
    """What shows events to a person and asks them: a command line, a page, a test."""

    def tell(self, event: Event) -> None:
        """Show an event. Called on the event loop's thread; must not block."""

    async def ask(self, question: Question) -> bool:
        """Return the person's answer. Raises WaitingForPersonError if there is nobody to ask."""

    def following(self, run: Run) -> AbstractAsyncContextManager[None]:
        """Show a run's progress while the block drives it, and let a person stop it."""


async def agreed(front: Front, question: Question) -> None:
    """Get a person's agreement. Raises WaitingForPersonError if they do not agree."""
    if not await front.ask(question):
        raise WaitingForPersonError(question.declined)
