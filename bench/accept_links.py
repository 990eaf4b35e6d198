"""How likely a person accepts a pair: fitted to pairs that were judged, and checked on each vault.

`python bench/accept_links.py` reads `judged_links.csv` and writes the part `accepted` of
`src/notemill/linking/weights.json`. The pairs were drawn in equal numbers from bands of the score,
from vaults as they are (`whole`) and with all links of a tenth of the notes hidden (`alone`), where
a pair that its owner had linked is accepted. Whoever judged them saw both notes and no score. The
table tells what a fit to the OTHER vaults says of each, beside what was accepted.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.train_links import SEED, TARGET
from bench.yardstick import alone, folder_of_vaults, hide, notes_of
from notemill.linking.evidence import evidence_of, share_words
from notemill.linking.features import NAMES
from notemill.linking.model import Acceptance, odds_of, shipped
from notemill.linking.propose import wanted_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.yardstick import Hidden

    Floats = NDArray[np.float64]

JUDGED = Path(__file__).with_name("judged_links.csv")
TENTH = 0.1
PENALTY = 0.5
BANDS = ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))


class Judged(NamedTuple):
    """A pair that was judged: where, its notes, whether it was accepted."""

    vault: str
    scene: str
    a: str
    b: str
    accepted: bool


class Sample(NamedTuple):
    """Pairs as the fit sees them: odds, called, named; 1 where accepted; whose vault."""

    columns: Floats
    accepted: Floats
    vaults: NDArray[np.str_]


def judged() -> list[Judged]:
    """Return the pairs that were judged."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [Judged(vault, scene, a, b, said == "yes") for vault, scene, a, b, said in rows]


def sampled(vault: Path, pairs: list[Judged]) -> Sample:
    """Return the pairs of a vault that ranking offers and that have something in common."""
    notes = notes_of(vault)
    parts = []
    for scene in ("whole", "alone"):
        hidden = hide(notes, 0.0, SEED) if scene == "whole" else alone(notes, TENTH, SEED)[0]
        parts.append(offered(hidden, [one for one in pairs if one.scene == scene]))
    columns, accepted = (np.concatenate(one) for one in zip(*parts, strict=True))
    return Sample(columns, accepted, np.full(len(accepted), vault.name))


def offered(hidden: Hidden, pairs: list[Judged]) -> tuple[Floats, Floats]:
    """Return the columns of the pairs, and which are accepted."""
    scene, matrices = hidden.scene()
    odds, told = odds_of(scene.pairs, shipped(with_meaning=False), shipped(with_meaning=True))
    wanted = wanted_of(scene.pairs, matrices, odds, told, top=5)
    first, second = wanted.ends(scene.pairs)
    near = scene.pairs.features[wanted.at, NAMES.index("meaning")]
    evidence = evidence_of(hidden.documents, hidden.lexicon, matrices, first, second, near=near)
    seen = evidence.any | share_words(hidden.documents, hidden.lexicon, matrices, first, second)
    keys = [one.key for one in hidden.documents]
    place = {
        (keys[one], keys[other]): at
        for at, (one, other) in enumerate(zip(first.tolist(), second.tolist(), strict=True))
    }
    found = [(place.get((min(one.a, one.b), max(one.a, one.b))), one) for one in pairs]
    kept = [(at, one) for at, one in found if at is not None and seen[at]]
    at = np.array([at for at, _ in kept], int)
    columns = np.stack([wanted.odds, evidence.called, evidence.named], axis=1)[at]
    number = {key: index for index, key in enumerate(keys)}
    linked = [number[one.b] in hidden.partners.get(number[one.a], ()) for _, one in kept]
    accepted = [one.accepted or link for (_, one), link in zip(kept, linked, strict=True)]
    return columns, np.array(accepted, float)


def fitted(columns: Floats, accepted: Floats) -> Acceptance:
    """Return the logistic fit whose weights are not negative."""
    rows = np.column_stack([columns, np.ones(len(columns))])

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = rows @ weights
        error = 1 / (1 + np.exp(-odds)) - accepted
        held = PENALTY * np.append(weights[:-1], 0)
        value = (np.logaddexp(0, odds) - accepted * odds).sum() + held @ weights / 2
        return float(value), rows.T @ error + held

    bounds = [(0, None)] * 3 + [(None, None)]
    found = minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Acceptance(*(round(float(one), 3) for one in found))


def table(sample: Sample) -> None:
    """Print what was accepted of the pairs that a fit to the other vaults puts into each band."""
    said = np.empty(len(sample.accepted))
    for vault in np.unique(sample.vaults):
        here = sample.vaults == vault
        fit = fitted(sample.columns[~here], sample.accepted[~here])
        weights = np.array([fit.odds, fit.called, fit.named])
        said[here] = 1 / (1 + np.exp(-(sample.columns[here] @ weights + fit.bias)))
    print("| how likely | pairs | mean | accepted |\n|---|---|---|---|")
    for low, high in BANDS:
        some = (said >= low) & (said < high)
        told = f"{said[some].mean():.2f} | {sample.accepted[some].mean():.2f}"
        print(f"| {low} to {high} | {some.sum()} | {told} |")


def main() -> int:
    """Fit, write and print; return the exit code."""
    folder = folder_of_vaults()
    if folder is None:
        print("skipped: no vaults at hand; NOTEMILL_VAULTS names a folder that has them")
        return 0
    pairs = judged()
    names = sorted({one.vault for one in pairs})
    parts = [sampled(folder / name, [one for one in pairs if one.vault == name]) for name in names]
    sample = Sample(*(np.concatenate(one) for one in zip(*parts, strict=True)))
    table(sample)
    fit = fitted(sample.columns, sample.accepted)
    made = json.loads(TARGET.read_text(encoding="utf-8")) | {"accepted": fit._asdict()}
    TARGET.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    print(fit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
