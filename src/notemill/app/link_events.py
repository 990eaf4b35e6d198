"""What the look for links reports while it goes on."""

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
class EmbeddingMade(Event):
    """`done` of `total` texts have their vectors, `kept` of them from before; 0 before it begins.

    `ended` when the wait is over, `skipped` where it was left before its end. `skip` leaves it: the
    notes are compared by their words alone then, and what was made is kept. It may be called from
    the event loop's thread.
    """

    done: int
    total: int
    kept: int
    skip: Callable[[], None]
    ended: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class NotesCompared(Event):
    """The notes are being compared; `done` when that is over."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class LinksLookedFor(Event):
    """A vault was scanned for links.

    `findings` are what is new, `upkeep` what became of links that were written before, `skipped`
    the paths that were left alone. Of hidden notes all has only the number.
    """

    findings: Findings
    upkeep: Upkeep
    skipped: tuple[LeftAlone, ...]


@dataclass(frozen=True, slots=True)
class PairsProposed(Event):
    """Pairs with their why, the first notes of them; `more` is the number of notes beyond."""

    groups: tuple[PairGroup, ...]
    more: int


@dataclass(frozen=True, slots=True)
class AllPairsJudged(Event):
    """Every pair that was found was judged by a model before."""


@dataclass(frozen=True, slots=True)
class PairsSampled(Event):
    """What was answered about some pairs of a stage."""

    judged: tuple[tuple[Pair, tuple[Judgement, ...]], ...]


@dataclass(frozen=True, slots=True)
class PairsAnswered(Event):
    """What a run's answers leave to a person.

    `undecided` pairs are those that the answers about their two notes do not agree on, `uniform`
    the notes about which all answers are the same.
    """

    undecided: tuple[Pair, ...]
    uniform: tuple[Uniform, ...]


@dataclass(frozen=True, slots=True)
class LinksToWrite(Event):
    """How many pairs a run is going to link, once a person agrees."""

    run: str
    pairs: int


@dataclass(frozen=True, slots=True)
class LinksWereWritten(Event):
    """What became of a writing of links."""

    run: str
    written: LinksWritten


@dataclass(frozen=True, slots=True)
class PairsTurnedDown(Event):
    """Pairs that were rejected or are undecided, and may be allowed."""

    pairs: tuple[Pair, ...]
