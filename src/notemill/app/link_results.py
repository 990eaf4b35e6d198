"""What the services for links return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.stores.pairs import PairState
from notemill.workflows.links.judging import NO_ANSWERS

if TYPE_CHECKING:
    from notemill.app.link_events import Embeddings
    from notemill.stores.pairs import Pair
    from notemill.workflows.links.finding import Findings
    from notemill.workflows.links.judging import Answers
    from notemill.workflows.links.upkeep import Upkeep
    from notemill.workflows.links.writing import LinksWritten
    from twolane import Report


@dataclass(frozen=True, slots=True)
class LinksFound:
    """The result of a search for links: new pairs, and the upkeep of written links.

    `embeddings` are those it had, None without a model for them.
    """

    findings: Findings
    upkeep: Upkeep
    embeddings: Embeddings | None = None


@dataclass(frozen=True, slots=True)
class LinkingEnded:
    """The outcome of a search for links.

    `run` holds its pairs, '' if there is nothing to do; `report` is of a run that asked a model;
    `written` is None if nothing was to be written; `hidden` is the number of hidden notes.
    """

    found: LinksFound
    run: str = ""
    report: Report | None = None
    answers: Answers = NO_ANSWERS
    written: LinksWritten | None = None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class LinksResumed:
    """The state of a run that asks about links when the work on it ends."""

    report: Report
    answers: Answers
    written: LinksWritten | None
    hidden: int


@dataclass(frozen=True, slots=True)
class LinksShown:
    """A run's pairs, except those of hidden notes, and a model's answers about them."""

    run: str
    pairs: tuple[Pair, ...]
    answers: Answers

    @property
    def waiting(self) -> tuple[Pair, ...]:
        """The pairs that wait to be written."""
        return tuple(one for one in self.pairs if one.state is PairState.PROPOSED)

    @property
    def declined(self) -> tuple[Pair, ...]:
        """The pairs that a model refused for both notes."""
        return tuple(one for one in self.pairs if one.state is PairState.DECLINED)

    @property
    def undecided(self) -> tuple[Pair, ...]:
        """The pairs that wait for a person's decision."""
        return tuple(one for one in self.pairs if one.state is PairState.UNDECIDED)
