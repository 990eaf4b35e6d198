"""Fitting the models: conditional logistic regression within each note's candidates.

The fit ranks a note's hidden links before its other candidates (McFadden's conditional logit,
1974), which is what ranking needs; a second, ordinary fit turns the sum into a probability. The
links of the vault that is ranked move weights by a fit of the first kind (see `moved`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from notemill.linking.features import NAMES
from notemill.linking.model import GRAPH_ONLY, LinkModel, Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from notemill.linking.features import Pairs

_PENALTY: Final = 3.0
# How strongly weights hold against what one vault says: as strongly as all that a vault may say.
# From 30 to 1,000 what is gained differs little (docs/benchmarks.md).
_TRUST: Final = 300.0
# A large vault says more than a small one, but not by its size.
_MOST_NOTES: Final = 300.0


@dataclass(frozen=True, slots=True)
class TrainingVault:
    """A vault with hidden links: its candidates, and which of them are hidden links."""

    pairs: Pairs
    hidden: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Sample:
    features: NDArray[np.float64]
    hidden: NDArray[np.float64]
    notes: NDArray[np.int64]
    weights: NDArray[np.float64]


def train(
    alone: Sequence[TrainingVault], linked: Sequence[TrainingVault], *, with_meaning: bool
) -> LinkModel:
    """Return the model of vaults without and with the rest of their links.

    A model `with_meaning` learns from the notes that have a vector.
    """
    names = [name for name in NAMES if with_meaning or name != "meaning"]
    by_words = [name for name in names if name not in GRAPH_ONLY]
    return LinkModel(
        linked=_fitted(_sample(linked, names, linked=True, meant=with_meaning), names),
        alone=_fitted(
            _sample([*alone, *linked], by_words, linked=False, meant=with_meaning), by_words
        ),
    )


def _sample(
    scenes: Sequence[TrainingVault], names: Sequence[str], *, linked: bool, meant: bool
) -> _Sample:
    columns = [NAMES.index(name) for name in names]
    parts: list[tuple[NDArray[np.float64], ...]] = []
    offset = 0
    for scene in scenes:
        pairs = scene.pairs
        asked = np.bincount(pairs.rows[scene.hidden], minlength=len(pairs.linked))
        wanted = (asked[pairs.rows] > 0) & (pairs.linked[pairs.rows] == linked)
        if meant:
            wanted &= pairs.meant[pairs.rows]
        rows, hidden = pairs.rows[wanted], scene.hidden[wanted].astype(np.float64)
        weights = 1.0 / np.maximum(asked[rows], 1)
        notes = float((weights * hidden).sum())
        weights *= min(notes, _MOST_NOTES) / max(notes, 1.0)
        features = pairs.features[wanted][:, columns].astype(np.float64)
        parts.append((features, hidden, rows + float(offset), weights))
        offset += len(pairs.linked)
    features, hidden, owners, gains = (np.concatenate(one) for one in zip(*parts, strict=True))
    return _Sample(features, hidden, owners.astype(np.int64), gains)


def _fitted(sample: _Sample, names: Sequence[str]) -> Weights:
    mean, spread = sample.features.mean(axis=0), sample.features.std(axis=0) + 1e-6
    scaled = (sample.features - mean) / spread
    weights = _conditional(scaled, sample, np.zeros(len(names)), _PENALTY)
    slope, bias = _calibrated(scaled @ weights, sample)
    final = slope * weights / spread
    rounded = {name: round(float(one), 4) for name, one in zip(names, final, strict=True)}
    return Weights(rounded, round(float(bias - final @ mean), 4))


def moved(scene: TrainingVault, weights: Weights) -> Weights:
    """Return what to add to the weights of notes with a graph, to rank a vault's hidden links higher.

    The penalty is for the distance from `weights` (maximum a posteriori, with a Gaussian prior), so
    that few links move them little. The log-odds of the candidates keep their mean and spread.
    """
    names = [name for name in NAMES if name != "meaning"]
    sample = _sample([scene], names, linked=True, meant=False)
    if not sample.hidden.any():
        return Weights({}, 0.0)
    spread = sample.features.std(axis=0) + 1e-6
    before = np.array([weights.weights.get(name, 0.0) for name in names])
    after = _conditional(sample.features / spread, sample, before * spread, _TRUST) / spread
    told, tells = sample.features @ before, sample.features @ after
    after *= told.std() / max(float(tells.std()), 1e-6)
    added = after - before
    rounded = {name: round(float(one), 4) for name, one in zip(names, added, strict=True)}
    return Weights(rounded, round(-float((sample.features @ added).mean()), 4))


def _conditional(
    scaled: NDArray[np.float64], sample: _Sample, centre: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """Return the weights that rank best, with a penalty for their distance from `centre`."""
    starts = np.flatnonzero(np.diff(sample.notes, prepend=-1))
    group = np.cumsum(np.diff(sample.notes, prepend=-1) != 0) - 1
    gains = sample.weights * sample.hidden
    totals = np.add.reduceat(gains, starts)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = scaled @ weights
        odds -= np.maximum.reduceat(odds, starts)[group]
        powers = np.exp(odds)
        sums = np.add.reduceat(powers, starts)
        away = weights - centre
        value = -(gains * (odds - np.log(sums)[group])).sum() + penalty * (away @ away) / 2
        slope = scaled.T @ (totals[group] * powers / sums[group] - gains) + penalty * away
        return float(value), slope

    # Nothing that is found speaks against a link: a negative weight would fit the vaults at hand.
    bounds = [(0.0, None)] * scaled.shape[1]
    return _least(loss, centre, bounds)


def _calibrated(odds: NDArray[np.float64], sample: _Sample) -> tuple[float, float]:
    """Return slope and bias that make probabilities of the sums (Platt, 1999)."""

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        told = line[0] * odds + line[1]
        value = (np.logaddexp(0, told) - sample.hidden * told).sum()
        error = 1 / (1 + np.exp(-told)) - sample.hidden
        return float(value), np.array([(error * odds).sum(), error.sum()])

    slope, bias = _least(loss, np.array([1.0, -3.0]), None)
    return float(slope), float(bias)


def _least(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    start: NDArray[np.float64],
    bounds: Sequence[tuple[float, None]] | None,
) -> NDArray[np.float64]:
    """Return where a function that comes with its gradient is least."""
    # It loads for a third of a second, and most searches for links fit nothing.
    from scipy.optimize import minimize  # noqa: PLC0415

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)
