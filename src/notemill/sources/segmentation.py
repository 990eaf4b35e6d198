"""Where the chapters of a talk begin, from its words alone.

Divisive segmentation as in TreeSeg (Gklezakos et al., arXiv 2407.12028), over rows of TF-IDF in
place of a model's vectors: the talk is cut in two where that leaves the least variance in the parts,
then whichever part gains most by another cut, and so on.

Measured on transcripts (`bench/bench_chapters.py`), these made it no better: windows
that overlap, the best of all divisions by dynamic programming, nearness in place of the whole talk,
cue phrases and questions at a paragraph's beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from notemill.text.terms import Stems, language_of, terms
from notemill.text.vectors import counts_of, idf_of, weighed
from notemill.text.words import CJK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WORDS_A_CHAPTER: Final = 1_000
"""A talk has at most one chapter for so many words, seven minutes of speech."""
LEAST_WORDS: Final = 1_500
"""A shorter talk, of ten minutes, has none."""
MOST_CHAPTERS: Final = 20
LEAST_SHARE: Final = 0.2
"""Of the mean chapter, which each has at least."""
LEAST_GAIN: Final = 1.8
"""What a cut has to gain: paragraphs in random order gain less by any cut in three of four talks."""
MOST_GROUPS: Final = 1_000
"""More paragraphs than these are taken in groups, so that a long talk's table stays small."""
UNIT_WORDS: Final = 60
"""A unit has about so many words, in whatever paragraphs they are."""
_LETTERS_A_WORD: Final = 6.0  # with the space
_CJK_A_WORD: Final = 2.0  # characters, said in the time of an English word
_LEAST_UNLIKE: Final = 1e-6
_SAMPLED: Final = 40  # paragraphs that tell the language


class _Talk(NamedTuple):
    """A talk as units of similar length, each of one paragraph or group of them.

    `sums[a, b]` is the similarity of all units before `a` to all before `b`, `weights[a]` the weight
    and `words[a]` the number of words before `a`; `paragraphs[a]` is the index of the paragraph that
    begins with `a`, -1 where none does. A cut that divides units which are no more alike than any two
    of the talk gains 1 for each `unlike`.
    """

    sums: NDArray[np.float64]
    weights: NDArray[np.float64]
    words: NDArray[np.float64]
    paragraphs: NDArray[np.int64]
    unlike: float


class _Cut(NamedTuple):
    """The best place to cut the units from `start` to `end` in two."""

    gain: float
    place: int
    start: int
    end: int


def segments(
    texts: Sequence[str], *, language: str = "", most: int | None = None
) -> tuple[int, ...]:
    """Return the indices of the paragraphs at which chapters begin, 0 first; empty: there are none.

    Rather few and safe ones: at most `most`, one for a thousand words, and none where the talk is
    short or goes on about one thing. `language` is an ISO 639-1 code, "" where nothing tells it.
    """
    words = sum(map(_words_in, texts))
    count = min(MOST_CHAPTERS, round(words / WORDS_A_CHAPTER))
    count = count if most is None else min(count, most)
    if words < LEAST_WORDS or count < 2:  # noqa: PLR2004  # one chapter is no division
        return ()
    found = _divided(_talk(texts, language), count, LEAST_GAIN)
    return found if len(found) > 1 else ()


def divide(texts: Sequence[str], count: int, *, language: str = "") -> tuple[int, ...]:
    """Return where `count` chapters begin, 0 first; fewer where the paragraphs are too few."""
    return _divided(_talk(texts, language), count, 0.0) if texts else ()


def _words_in(text: str) -> float:
    """Return about how many English words take as long to say."""
    wide = 0 if text.isascii() else len(CJK.findall(text))
    return (len(text) - wide) / _LETTERS_A_WORD + wide / _CJK_A_WORD


def _talk(texts: Sequence[str], language: str) -> _Talk:
    """Compare all units of a talk with each other."""
    language = language or language_of(" ".join(texts[:_SAMPLED]))
    units, paragraphs, words = _units(texts, language)
    width = 1 + max((int(unit.max()) for unit in units if len(unit)), default=0)
    counts = counts_of(units, width)
    rows = weighed(counts, idf_of(counts))
    # What has four times the words says twice as much of what its chapter is about.
    weights = np.sqrt([len(unit) + 1.0 for unit in units])
    weights /= weights.mean()
    rows.data *= np.repeat(weights, np.diff(rows.indptr)).astype(np.float32)
    sums = np.zeros((len(units) + 1, len(units) + 1))
    table = sums[1:, 1:]
    table[:] = (rows @ rows.T).toarray()
    itself = float(np.trace(table))
    np.cumsum(table, axis=0, out=table)
    np.cumsum(table, axis=1, out=table)
    pairs = max(float(weights.sum() ** 2 - (weights**2).sum()), 1.0)
    alike = (float(sums[-1, -1]) - itself) / pairs
    return _Talk(
        sums, _before(weights), _before(words), paragraphs, max(1.0 - alike, _LEAST_UNLIKE)
    )


def _units(
    texts: Sequence[str], language: str
) -> tuple[list[NDArray[np.int32]], NDArray[np.int64], list[float]]:
    """Return each unit's terms as numbers, the paragraph that begins with it or -1, and its words."""
    size = -(-len(texts) // MOST_GROUPS)
    numbers: dict[str, int] = {}
    stems = Stems()
    groups = [
        np.array(
            [
                numbers.setdefault(term, len(numbers))
                for term in terms(" ".join(texts[start : start + size]), language, stems)
            ],
            np.int32,
        )
        for start in range(0, len(texts), size)
    ]
    said = [
        sum(map(_words_in, texts[start : start + size])) for start in range(0, len(texts), size)
    ]
    length = max(UNIT_WORDS, sum(said) / MOST_GROUPS)
    units: list[NDArray[np.int32]] = []
    paragraphs: list[int] = []
    words: list[float] = []
    for number, group in enumerate(groups):
        count = max(1, round(said[number] / length))
        units += np.array_split(group, count)
        paragraphs += [number * size] + [-1] * (count - 1)
        words += [said[number] / count] * count
    return units, np.array(paragraphs), words


def _before(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the values before each place, and of all."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _divided(talk: _Talk, count: int, least_gain: float) -> tuple[int, ...]:
    """Cut a talk into at most `count` parts, always where most is gained, and at least so much."""
    least_words = LEAST_SHARE * float(talk.words[-1]) / max(count, 1)
    parts = [_best_cut(talk, 0, len(talk.paragraphs), least_words)]
    while len(parts) < count:
        part = max(parts)
        if part.gain < least_gain * talk.unlike:
            break
        parts.remove(part)
        parts += [
            _best_cut(talk, part.start, part.place, least_words),
            _best_cut(talk, part.place, part.end, least_words),
        ]
    return tuple(sorted(int(talk.paragraphs[part.start]) for part in parts))


def _best_cut(talk: _Talk, start: int, end: int, least_words: float) -> _Cut:
    """Return the best cut of a part; its gain is negative where none leaves enough words.

    The variance within a part is what its rows' squares sum to, which no cut changes, less the
    square of their weighted sum over the weight: the gain is by how much that grows.
    """
    sums, weights, words = talk.sums, talk.weights, talk.words
    at = np.arange(start + 1, end)
    at = at[
        (talk.paragraphs[at] >= 0)
        & (words[at] - words[start] >= least_words)
        & (words[end] - words[at] >= least_words)
    ]
    if not len(at):
        return _Cut(-1.0, start, start, end)
    left = sums[at, at] - 2 * sums[start, at] + sums[start, start]
    right = sums[end, end] - 2 * sums[at, end] + sums[at, at]
    whole = sums[end, end] - 2 * sums[start, end] + sums[start, start]
    gains = left / (weights[at] - weights[start]) + right / (weights[end] - weights[at])
    gains -= whole / (weights[end] - weights[start])
    best = int(np.argmax(gains))
    return _Cut(float(gains[best]), int(at[best]), start, end)
