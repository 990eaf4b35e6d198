"""What every model is: texts in, unit vectors out; and how much of a language it understands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from notemill.text.terms import OWN_SCRIPT, language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FITS: Final = 0.5
"""A text that fits a model less than this is not embedded: the vector would only mislead."""
TITLE_WEIGHT: Final = 0.5
"""What a note's title weighs beside its text; see `bench/bench_embed.py`."""
_SAMPLE_CHARS: Final = 2_000
_LATIN: Final = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_JOINTS: Final = re.compile(r"_{2,}|[._/-]+")


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


class Model(Protocol):
    """Turns texts into vectors.

    `name` stands beside kept vectors: those of different names are not compared. `at_a_time` is
    how many texts a call takes at best: what it has done is kept, and a stop is noticed.
    """

    @property
    def name(self) -> str:
        """What the model is called."""

    @property
    def at_a_time(self) -> int:
        """How many texts a call takes at best."""

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return a row of unit length for every text, of zeros for one that does not fit.

        There are fewer rows, those of the first texts, where `stopped` becomes true. Raises
        EmbeddingError if the model cannot be used.
        """

    def fits(self, text: str) -> float:
        """Return how much of a text the model understands, 0 to 1."""


def embed_each(
    model: Model,
    vector_of: Callable[[str], Floats],
    texts: Sequence[str],
    stopped: Callable[[], bool],
    width: int,
) -> Floats:
    """Return what Model.embed does, one text after the other."""
    rows = np.zeros((len(texts), width), np.float32)
    for place, text in enumerate(texts):
        if stopped():
            return rows[:place]
        if model.fits(text) >= FITS:
            rows[place] = unit(vector_of(readable(text))[None])[0]
    return rows


def share_of(text: str, languages: Collection[str]) -> float:
    """Return how much of a text is in one of `languages` (ISO 639-1), 0 to 1.

    The language is the one that its stop words and script tell of the whole; of a language in the
    Latin script, the share of Latin letters counts: what else is among them is unknown to a model
    that learned from it.
    """
    language = language_of(text)
    if language not in languages:
        return 0.0
    sample = text[:_SAMPLE_CHARS]
    if sample.isascii() or language in OWN_SCRIPT:
        return 1.0
    return len(_LATIN.findall(sample)) / max(1, sum(map(str.isalpha, sample)))


def pooled(vectors: Floats, weights: Iterable[float]) -> Floats:
    """Return the mean of rows by their weights."""
    return np.asarray(np.average(vectors, axis=0, weights=list(weights)), np.float32)


def unit(rows: Floats) -> Floats:
    """Return rows at unit length; rows of zeros stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), np.float32)


def of_notes(bodies: Floats, titles: Floats, empty: NDArray[np.bool_]) -> Floats:
    """Return the rows of notes from those of their texts and of their titles.

    A note whose text does not fit the model has a row of zeros; of an `empty` one, without any
    text, the title speaks alone.
    """
    weighed = unit(bodies + np.float32(TITLE_WEIGHT) * titles)
    weighed[~empty & ~bodies.any(axis=1)] = 0
    return weighed


def spoken(title: str) -> str:
    """Return a note's name as words: what joins the parts of a name says nothing."""
    return _JOINTS.sub(" ", title).strip()


def readable(text: str) -> str:
    """Return a text without lone surrogates, which no tokenizer reads."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
