"""Which of a vault's tags fit a note, learned from how the vault's notes are tagged.

A logistic model weighs four predictors: the nearest notes (k nearest neighbours), ridge regression
on the words (Hoerl and Kennard, 1970), the folder, and the tag's own words in title and text. It is
fitted to the vault itself, on each predictor's leave-one-out predictions, which have a closed form
for all of them (Allen's PRESS, 1974, for the ridge).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, log
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.text.vectors import Matrix, counts_of, idf_of, weighed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MAX_EXAMPLES: Final = 10_000
"""The most tagged notes to learn from: each note asked about is compared with all of them."""
MAX_INVERTED: Final = 2_000
"""The most that the ridge regression learns from, and that the weights are fitted to.

It inverts a matrix of so many rows and columns: 50 MB and two seconds; 4,000 take 450 MB and seven
seconds for 0.002 of P@3.
"""
TITLE_WEIGHT: Final = 2
FOLDER_WEIGHT: Final = 3
"""The number of notes that the parent folder counts as in its subfolder."""
MIN_LIKELY: Final = 0.05
"""How likely a tag must be to be a hint: one to three tags of a vault are, for most notes."""
MOST: Final = 0.5
"""The share of tagged notes whose common tag tells nothing about another note."""
_NEAREST: Final = 15
_RIDGE: Final = 0.2
_GOLDEN: Final = 0.618
_VOICES: Final = 5
# The weights in other vaults, for a vault with too few tags to fit its own.
_PRIOR: Final = np.array([2.0, 6.0, 3.0, 4.0, 1.0, -5.7])
_PRIOR_STRENGTH: Final = 1.0
_MOST_ROWS: Final = 200_000
_NEWTON_STEPS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A note to learn from or to predict for: its terms by number, its folder, its tags."""

    title: NDArray[np.int32]
    terms: NDArray[np.int32]
    folder: str
    tags: tuple[str, ...] = ()


class TagModel:
    """A model of tags, learned from a vault's tagged notes."""

    def __init__(
        self, notes: Sequence[Example], numbers_of: Callable[[str], NDArray[np.int32]], width: int
    ) -> None:
        """Learn from `notes`; `numbers_of` gives the numbers of a tag's terms, all below `width`.

        Terms with greater numbers come from later notes, and are ignored.
        """
        self._width = width
        tagged = [one for one in notes if one.tags]
        examples = [tagged[row] for row in spread(tagged, MAX_EXAMPLES)]
        self.tags = sorted({tag for one in examples for tag in one.tags})
        column = {tag: index for index, tag in enumerate(self.tags)}
        given = [np.array([column[tag] for tag in one.tags], np.int32) for one in examples]
        self._tagged = counts_of(given, len(self.tags))
        self._own_words = [numbers_of(tag).tolist() for tag in self.tags]
        self._beginning: dict[int, list[int]] = {}
        for index, words in enumerate(self._own_words):
            for word in words[:1]:
                self._beginning.setdefault(word, []).append(index)
        counts = self._counts(examples)
        self._idf = idf_of(counts)
        self._words = self._rows(counts)
        uses = np.asarray(self._tagged.sum(axis=0)).ravel()
        self._mean = (uses / max(1, len(examples))).astype(np.float32)
        self._folders = _Folders(examples, given, self._mean)
        self._learn(examples)

    def ranked(
        self, notes: Sequence[Example], count: int, *, likely: bool = False
    ) -> list[list[str]]:
        """Return the `count` tags that fit each note best, best first.

        If `likely`, only those that are at least MIN_LIKELY, and none that most tagged notes have.
        """
        scores = self.scores(notes)
        if likely:
            scores[:, self._mean > MOST] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        least = log(MIN_LIKELY / (1 - MIN_LIKELY)) if likely else -np.inf
        return [
            [self.tags[at] for at in row if scores[note, at] >= least]
            for note, row in enumerate(order.tolist())
        ]

    def votes(self, notes: Sequence[Example]) -> Floats:
        """Return the scores of every tag from the nearest notes alone: the baseline method."""
        return _nearest(self._likeness(self._rows(self._counts(notes))), self._tagged)

    def scores(self, notes: Sequence[Example]) -> NDArray[np.float64]:
        """Return the log-odds of every tag for each of the notes."""
        likeness = self._likeness(self._rows(self._counts(notes)))
        folders = np.stack([self._folders.of(one.folder) for one in notes])
        ridge = likeness[:, self._inverted] @ self._dual + self._mean
        voices = [_nearest(likeness, self._tagged), ridge, folders, *self._named(notes)]
        return np.asarray(np.stack(voices, axis=-1) @ self._weights[:-1] + self._weights[-1])

    def _likeness(self, rows: Matrix) -> Floats:
        return np.asarray((rows @ self._words.T).todense(), np.float32)

    def _counts(self, notes: Sequence[Example]) -> Matrix:
        texts = [np.concatenate([one.terms, *[one.title] * TITLE_WEIGHT]) for one in notes]
        return counts_of([one[one < self._width] for one in texts], self._width)

    def _rows(self, counts: Matrix) -> Matrix:
        return weighed(counts, self._idf)

    def _learn(self, examples: Sequence[Example]) -> None:
        size = len(examples)
        self._inverted = np.array(spread(examples, MAX_INVERTED), np.int32)
        rows = self._words[self._inverted]
        shrunk = (rows @ rows.T).toarray() + _RIDGE * np.eye(len(self._inverted), dtype=np.float32)
        inverse = np.asarray(np.linalg.inv(shrunk), np.float32)
        tagged = self._tagged[self._inverted].toarray()
        self._dual = (inverse @ (tagged - self._mean)).astype(np.float32)
        self._weights = _PRIOR
        if not size:
            return
        # With many notes or tags, notes at even intervals stand for all.
        step = max(1, size * len(self.tags) // _MOST_ROWS, -(-size // MAX_INVERTED))
        some = np.arange(0, size, step)
        likeness = self._likeness(self._words[some])
        ridge: Floats = likeness[:, self._inverted] @ self._dual + self._mean
        # A note that the ridge has learned from is predicted as if it had not.
        unseen: Floats = tagged - self._dual / np.diagonal(inverse)[:, None]
        _, at, its = np.intersect1d(some, self._inverted, return_indices=True)
        ridge[at] = unseen[its]
        likeness[np.arange(len(some)), some] = 0
        chosen, own = [examples[row] for row in some.tolist()], self._tagged[some].toarray()
        folders = [
            self._folders.of(one.folder, tags) for one, tags in zip(chosen, own, strict=True)
        ]
        voices: list[Floats] = [
            _nearest(likeness, self._tagged), ridge, np.stack(folders), *self._named(chosen),
        ]  # fmt: skip
        self._weights = _fitted(np.stack(voices, axis=-1), own)

    def _named(self, notes: Sequence[Example]) -> Iterator[Floats]:
        """Yield whether the words of a tag are in the title, and how often in the text."""
        in_title = np.zeros((len(notes), len(self.tags)), np.float32)
        in_text = np.zeros_like(in_title)
        for row, one in enumerate(notes):
            title, text = set(one.title.tolist()), _tally(one.terms)
            for word in title | text.keys():
                for column in self._beginning.get(word, ()):
                    words = self._own_words[column]
                    in_title[row, column] = title.issuperset(words)
                    in_text[row, column] = min(text.get(word, 0) for word in words)
        yield in_title
        yield np.log1p(in_text)


class _Folders:
    """How often each folder uses each tag, smoothed with its parent folder's shares."""

    def __init__(
        self, examples: Iterable[Example], given: Iterable[NDArray[np.int32]], mean: Floats
    ) -> None:
        self._mean = mean
        self._sums: dict[str, Floats] = {}
        self._counts: dict[str, int] = {}
        for one, tags in zip(examples, given, strict=True):
            for folder in _chain(one.folder):
                if folder not in self._sums:
                    self._sums[folder] = np.zeros(len(mean), np.float32)
                self._sums[folder][tags] += 1
                self._counts[folder] = self._counts.get(folder, 0) + 1

    def of(self, folder: str, without: Floats | None = None) -> Floats:
        """Return the share of each tag, leaving out one note's tags if it is in that folder."""
        share = self._mean
        own = 0 if without is None else 1
        less = 0 if without is None else without
        for one in reversed(_chain(folder)):
            if one in self._sums:
                total = self._counts[one] - own + FOLDER_WEIGHT
                share = np.asarray(
                    (self._sums[one] - less + FOLDER_WEIGHT * share) / total, np.float32
                )
        return share


def _chain(folder: str) -> list[str]:
    """Return a folder and its parents, the vault's own folder last."""
    found = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        found.append(folder)
    return found


def spread(notes: Sequence[Example], most: int) -> list[int]:
    """Return at most `most` of the tagged notes, by place: as many of each tag as there is room for.

    Each tag's notes are taken in turn, from all over the vault, so that a rare tag keeps all of its
    notes and a frequent one loses no more than it must.
    """
    if len(notes) <= most:
        return list(range(len(notes)))
    of_tag: dict[str, list[int]] = {}
    for place, one in enumerate(notes):
        for tag in one.tags:
            of_tag.setdefault(tag, []).append(place)
    turns = [len(notes)] * len(notes)
    for places in of_tag.values():
        for turn, place in enumerate(_evenly(places)):
            turns[place] = min(turns[place], turn)
    # Among equal turns, stable sorting keeps the vault's order.
    return sorted(sorted(range(len(notes)), key=turns.__getitem__)[:most])


def _evenly(places: list[int]) -> Iterator[int]:
    """Yield the places in an order of which any beginning is spread over all of them.

    A step of a golden section of the length leaves the most even gaps (Fibonacci hashing: Knuth,
    The Art of Computer Programming 3, 6.4).
    """
    size = len(places)
    step = next(
        one for one in range(max(1, round(size * _GOLDEN)), size + 2) if gcd(one, size) == 1
    )
    for turn in range(size):
        yield places[turn * step % size]


def _tally(terms: NDArray[np.int32]) -> dict[int, int]:
    values, counts = np.unique(terms, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _nearest(likeness: Floats, tagged: Matrix) -> Floats:
    """Return the tags of the nearest examples, weighted by their squared similarity."""
    few = min(_NEAREST, likeness.shape[1])
    if not few:
        return np.zeros((len(likeness), tagged.shape[1]), np.float32)
    near = np.argpartition(-likeness, few - 1, axis=1)[:, :few]
    weights = np.take_along_axis(likeness, near, axis=1) ** 2
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    starts = np.arange(0, near.size + 1, few)
    shape = likeness.shape
    return np.asarray(
        (Matrix((weights.ravel(), near.ravel(), starts), shape=shape) @ tagged).todense(),
        np.float32,
    )


def _fitted(voices: Floats, tagged: Floats) -> NDArray[np.float64]:
    """Return the predictors' weights: logistic regression with a prior, by Newton's method."""
    rows = np.c_[voices.reshape(-1, _VOICES), np.ones(tagged.size)].astype(np.float64)
    wanted = tagged.reshape(-1)
    weights = _PRIOR.copy()
    for _ in range(_NEWTON_STEPS):
        told = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (wanted - told) - _PRIOR_STRENGTH * (weights - _PRIOR)
        curve = (rows * (told * (1 - told))[:, None]).T @ rows
        weights = weights + np.linalg.solve(curve + _PRIOR_STRENGTH * np.eye(len(weights)), slope)
    return weights
