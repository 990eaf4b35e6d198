"""What a search for links reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.app.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from notemill.stores.pairs import Pair
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.links.explaining import PairGroup
    from notemill.workflows.links.finding import Findings
    from notemill.workflows.links.judging import Judgement, Uniform
    from notemill.workflows.links.upkeep import Upkeep
    from notemill.workflows.links.writing import LinksWritten


@dataclass(frozen=True, slots=True)
class Embeddings:
    """How many notes had their embeddings at a search, and whether it `used` them.

    It uses none while most are still to be made: the few would only attract each other.
    """

    made: int
    total: int
    used: bool


@dataclass(frozen=True, slots=True)
class EmbeddingMade(Event):
    """`done` of `total` notes have their embeddings, `kept` of them from before; 0 at the start.

    `ended` once no more are computed for now, `skipped` if the front cut it short with `skip`; what
    is finished is kept. `skip` may be called from the event loop's thread.
    """

    done: int
    total: int
    kept: int
    skip: Callable[[], None]
    ended: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class NotesCompared(Event):
    """The notes are being compared; `done` once they have been."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class LinksStudied(Event):
    """The vault's links are being studied, for how its notes are linked; `done` once they have been.

    `taught` tells whether they were enough to learn from.
    """

    links: int
    done: bool = False
    taught: bool = False


@dataclass(frozen=True, slots=True)
class LinksLookedFor(Event):
    """A vault was searched for links.

    `findings` are new, `upkeep` is about links that were written before, `skipped` are the paths
    left alone. Hidden notes are only counted. `embeddings` are None without a model for them.
    """

    findings: Findings
    upkeep: Upkeep
    skipped: tuple[LeftAlone, ...]
    embeddings: Embeddings | None


@dataclass(frozen=True, slots=True)
class PairsProposed(Event):
    """Pairs with their reasons, for the first notes; `more` is the number of further notes."""

    groups: tuple[PairGroup, ...]
    more: int


@dataclass(frozen=True, slots=True)
class AllPairsJudged(Event):
    """A model has already judged every pair that was found."""


@dataclass(frozen=True, slots=True)
class PairsSampled(Event):
    """The answers about some pairs of a stage."""

    judged: tuple[tuple[Pair, tuple[Judgement, ...]], ...]


@dataclass(frozen=True, slots=True)
class PairsAnswered(Event):
    """What a run's answers leave to a person to decide.

    `run` has `declined` pairs that were refused for both notes; on `undecided` ones the two answers
    disagree; `uniform` are notes about which all answers are the same.
    """

    run: str
    declined: int
    undecided: tuple[Pair, ...]
    uniform: tuple[Uniform, ...]


@dataclass(frozen=True, slots=True)
class LinksToWrite(Event):
    """How many pairs a run will link once a person agrees."""

    run: str
    pairs: int


@dataclass(frozen=True, slots=True)
class LinksWereWritten(Event):
    """The outcome of writing links."""

    run: str
    written: LinksWritten


@dataclass(frozen=True, slots=True)
class NewLinksProposed(Event):
    """Links of new notes wait in the queue: the run that proposes them, and how many pairs."""

    run: str
    pairs: int


@dataclass(frozen=True, slots=True)
class PairsTurnedDown(Event):
    """Pairs that a person rejected or a model did not accept, and that may be allowed."""

    pairs: tuple[Pair, ...]
