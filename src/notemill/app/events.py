"""What services report and ask while they work; a front renders and answers it.

An event is a frozen value. A question has the words that a person can be asked in, and what is to
be said where the answer is no, or nobody is there to give one.
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
    """`count` notes that are new or changed have been read so far; `done` when that is all."""

    count: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class ProviderChosen(Event):
    """Who answers: `name`, and in `words` the server where one had to be found."""

    name: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class ServerSlow(Event):
    """A server has not answered yet: it may be loading its model."""


@dataclass(frozen=True, slots=True)
class ResultsExpiring(Event):
    """Results of these batches are deleted by the provider soon, or were; `now` is the time."""

    batches: Sequence[Expiring]
    now: float


@dataclass(frozen=True, slots=True)
class ExclusionsUnmatched(Event):
    """Exclusions that match no note of the vault."""

    entries: tuple[Unmatched, ...]


@dataclass(frozen=True, slots=True)
class VocabularySeen(Event):
    """Where the vault's vocabulary stands.

    `moved` is the note that held it and has no list now, '' for none; `strays` have the marks of a
    list that decides nothing; `changes` say what in `note` is not as it was taken over.
    """

    note: str
    moved: str
    strays: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surveyed(Event):
    """The vault was scanned for the notes of a selection that need work."""

    survey: Survey
    selection: Selection


@dataclass(frozen=True, slots=True)
class LeftOverFound(Event):
    """A run has answers which a process that died had not read or not written."""

    run: str


@dataclass(frozen=True, slots=True)
class ProposalsWaiting(Event):
    """`count` proposals of earlier runs wait for a person's decision."""

    count: int


@dataclass(frozen=True, slots=True)
class NotesCut(Event):
    """`count` notes are longer than the context of the model, of `context_tokens`."""

    count: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """Where a run would go, what it would cost, and what has to be agreed to."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class RunTakenUp(Event):
    """A run that had not ended goes on."""

    run: str


@dataclass(frozen=True, slots=True)
class AskedAgain(Event):
    """`count` failed items are asked about again; `left` fail whenever they are, by kind."""

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
    """Each of the `checked` results there are belongs to its own note."""

    checked: int


@dataclass(frozen=True, slots=True)
class HeldBack(Event):
    """`count` notes were taken out of a run: they are excluded by now.

    `with_others` says that some are asked about together with one that is.
    """

    count: int
    with_others: bool = False


@dataclass(frozen=True, slots=True)
class NoteChange:
    """A note's bytes `before` and `after` a change; `problem` says why there is none."""

    note: str
    before: bytes = b""
    after: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sampled(Event):
    """What some notes of a stage would become."""

    changes: tuple[NoteChange, ...]


@dataclass(frozen=True, slots=True)
class Written(Event):
    """What became of the proposals of a curation, note by note; of `hidden` notes only the number."""

    run: str
    applied: tuple[Applied, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class RunReported(Event):
    """How a run stands where work on it ends here; `stopped` when an error follows.

    `survey` is of the vault it curates, None if it does not.
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
    """Something that a person has to agree to.

    `text` is the question, `declined` what is to be said where they do not, `unattended` where
    there is nobody to ask. `unattended_yes` takes nobody for a yes: the command itself said so.
    """

    text: str
    declined: str = "nothing was changed"
    unattended: str = ""
    unattended_yes: bool = False

    @property
    def alone(self) -> str:
        """What is to be said where nobody is there to ask."""
        return self.unattended or (
            f"{self.text} There is no terminal to ask in; run the command again with --yes"
        )


@dataclass(frozen=True, slots=True)
class AgreeToPrice(Question):
    """A run costs more than is spent without asking, or its cap pays for a part alone."""


@dataclass(frozen=True, slots=True)
class SendUnmatched(Question):
    """An exclusion matches no note and may be a slip: may notes be sent all the same?"""


@dataclass(frozen=True, slots=True)
class GoOnAfterStage(Question):
    """A stage is verified and waits to be looked at; `command` continues it later."""

    command: str = ""


@dataclass(frozen=True, slots=True)
class AgreeToChange(Question):
    """Something is to be written, deleted or decided."""


class Front(Protocol):
    """Who shows events to a person, and asks them: a command line, a page, a test."""

    def tell(self, event: Event) -> None:
        """Show an event. Called on the event loop's thread; must not block."""

    async def ask(self, question: Question) -> bool:
        """Return the person's answer. Raises WaitingForPersonError if nobody can be asked."""

    def following(self, run: Run) -> AbstractAsyncContextManager[None]:
        """Show a run's progress while the block drives it, and let a person stop it."""


async def agreed(front: Front, question: Question) -> None:
    """See that a person agrees. Raises WaitingForPersonError if they do not."""
    if not await front.ask(question):
        raise WaitingForPersonError(question.declined)
