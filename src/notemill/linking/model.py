"""How likely a person would have linked two notes: logistic models over the features.

The weights are data, made by `bench/train_links.py` from the links of public vaults.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from notemill.linking.features import NAMES, PAIRS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from notemill.linking.evidence import Evidence
    from notemill.linking.features import Pairs

GRAPH_ONLY: Final = ("votes", "votes_back", "neighbours", "links")
"""Features that mean something only for a note whose similar notes have links."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model: the score is 1 / (1 + exp(-(bias + the sum of weight * feature)))."""

    weights: Mapping[str, float]
    bias: float

    def odds(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the log-odds of rows of features, in the order of NAMES."""
        row = np.array([self.weights.get(name, 0.0) for name in NAMES])
        found = np.empty(len(features))
        for start in range(0, len(features), PAIRS):
            some = slice(start, start + PAIRS)
            found[some] = features[some].astype(np.float64) @ row + self.bias
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the weights as JSON for `weights_of`."""
        return {"weights": dict(self.weights), "bias": self.bias}

    def plus(self, added: Weights) -> Weights:
        """Return the sum; no weight falls below 0, as none that is trained does."""
        found = {
            name: max(0.0, one + added.weights.get(name, 0.0)) for name, one in self.weights.items()
        }
        return Weights(found, self.bias + added.bias)


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Two models: for notes whose similar notes have links, and for those with only words."""

    linked: Weights
    alone: Weights

    def odds(self, pairs: Pairs) -> NDArray[np.float64]:
        """Return the log-odds of all candidates."""
        found, of_linked = self.alone.odds(pairs.features), pairs.linked[pairs.rows]
        np.copyto(found, self.linked.odds(pairs.features), where=of_linked)
        return found

    def taught(self, added: Weights | None) -> LinkModel:
        """Return the model with what a vault's links teach about notes that have such links."""
        return self if added is None else LinkModel(self.linked.plus(added), self.alone)

    def as_json(self) -> dict[str, Any]:
        """Return the model as JSON for `model_of`."""
        return {"linked": self.linked.as_json(), "alone": self.alone.as_json()}


def model_of(value: Mapping[str, Any]) -> LinkModel:
    """Return the model that `as_json` wrote."""
    return LinkModel(weights_of(value["linked"]), weights_of(value["alone"]))


def weights_of(value: Mapping[str, Any]) -> Weights:
    """Return the weights that `as_json` wrote. Raises ValueError if one is not finite."""
    found = {name: float(one) for name, one in value["weights"].items()}
    bias = float(value["bias"])
    if not np.isfinite([*found.values(), bias]).all():
        raise ValueError("a weight is not finite")
    return Weights(found, bias)


def odds_of(
    pairs: Pairs, words: LinkModel, meaning: LinkModel
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log-odds of all candidates, and those from the notes' content alone.

    A note with a vector is ranked by `meaning`, any other by `words`, whose weights make up for the
    missing vector.
    """
    if not pairs.meant.any():
        return words.odds(pairs), words.alone.odds(pairs.features)
    meant = pairs.meant[pairs.rows]
    both = meaning.odds(pairs), words.odds(pairs)
    told = meaning.alone.odds(pairs.features), words.alone.odds(pairs.features)
    return np.where(meant, *both), np.where(meant, *told)


class Acceptance(NamedTuple):
    """How likely a person accepts a pair, from its log-odds and what the notes have in common.

    The odds are for a link that its author wrote; a person accepts far more than was written.
    `odds`, `called` and `named` are weights of the log-odds and of `Evidence`; none is negative.
    """

    odds: float
    called: float
    named: float
    bias: float

    def of(self, odds: NDArray[np.float64], evidence: Evidence) -> NDArray[np.float64]:
        """Return the probabilities of pairs."""
        return _likely(
            self.odds * odds
            + self.called * evidence.called
            + self.named * evidence.named
            + self.bias
        )

    def at_most(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities that no pair with these log-odds can exceed."""
        return _likely(self.odds * odds + self.called + self.named + self.bias)


def _likely(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-odds)))


@cache
def acceptance() -> Acceptance:
    """Return what `bench/accept_links.py` learned from pairs that were judged."""
    return Acceptance(**_weights()["accepted"])


@cache
def fingerprint() -> str:
    """Return what tells the shipped weights from those of another version."""
    return sha256((files(__package__) / "weights.json").read_bytes()).hexdigest()[:16]


@cache
def shipped(*, with_meaning: bool) -> LinkModel:
    """Return the shipped model, with or without embeddings."""
    return model_of(_weights()["meaning" if with_meaning else "words"])


def _weights() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files(__package__) / "weights.json").read_text("utf-8"))
    return found
