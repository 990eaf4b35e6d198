"""What every model does: texts to unit vectors; and how much of a text it understands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from notemill.text.terms import OWN_SCRIPT, language_of
from notemill.text.words import is_cjk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FITS: Final = 0.5
"""A text of which a model understands less is not embedded: the vector would only mislead."""
TITLE_WEIGHT: Final = 0.5
"""The weight of a note's title beside its text; see `bench/bench_embed.py`."""
_SAMPLE_CHARS: Final = 2_000
_LATIN: Final = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_JOINTS: Final = re.compile(r"_{2,}|[._/-]+")


def never() -> bool:
    """Return False: nobody asks to stop."""
    return False


class EmbeddingModel(Protocol):
    """Turns texts into vectors.

    `name` is stored with vectors: those of different names are not compared. `at_a_time` is the
    best number of texts per call: after each call, vectors are stored and a stop is noticed.
    """

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def at_a_time(self) -> int:
        """The best number of texts per call."""

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return a row of unit length for every text, a row of zeros for one that does not fit.

        If `stopped` becomes true there are fewer rows, those of the first texts. Raises
        EmbeddingError if the model cannot be used.
        """

    def fits(self, text: str) -> float:
        """Return how much of a text the model understands, 0 to 1."""


def embed_each(
    model: EmbeddingModel,
    vector_of: Callable[[str], Floats],
    texts: Sequence[str],
    stopped: Callable[[], bool],
    width: int,
) -> Floats:
    """Return what EmbeddingModel.embed returns, one text at a time."""
    rows = np.zeros((len(texts), width), np.float32)
    for place, text in enumerate(texts):
        if stopped():
            return rows[:place]
        if model.fits(text) >= FITS:
            rows[place] = unit(vector_of(readable(text))[None])[0]
    return rows


def share_of(text: str, languages: Collection[str]) -> float:
    """Return how much of a text is in one of `languages` (ISO 639-1), 0 to 1.

    Stop words and script decide the language of the whole text; for a language in the Latin script
    the result is the share of Latin letters, since the model does not know any others. A text of
    which nothing tells the language is taken for one in English, or for one in Chinese by its script.
    """
    language = language_of(text) or ("zh" if is_cjk(text[:_SAMPLE_CHARS]) else "en")
    if language not in languages:
        return 0.0
    sample = text[:_SAMPLE_CHARS]
    if sample.isascii() or language in OWN_SCRIPT:
        return 1.0
    return len(_LATIN.findall(sample)) / max(1, sum(map(str.isalpha, sample)))


def pooled(vectors: Floats, weights: Iterable[float]) -> Floats:
    """Return the weighted mean of rows."""
    return np.asarray(np.average(vectors, axis=0, weights=list(weights)), np.float32)


def unit(rows: Floats) -> Floats:
    """Return rows scaled to unit length; rows of zeros stay."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), np.float32)


def of_notes(bodies: Floats, titles: Floats, empty: NDArray[np.bool_]) -> Floats:
    """Return the rows of notes from the rows of their texts and titles.

    A note whose text does not fit the model has a row of zeros; an `empty` one, without any text,
    has its title's row.
    """
    weighed = unit(bodies + np.float32(TITLE_WEIGHT) * titles)
    weighed[~empty & ~bodies.any(axis=1)] = 0
    return weighed


def spoken(title: str) -> str:
    """Return a note's name as words, without the separators between its parts."""
    return _JOINTS.sub(" ", title).strip()


def readable(text: str) -> str:
    """Return a text without lone surrogates, which tokenizers reject."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
