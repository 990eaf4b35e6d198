"""Links: what of the links that people made comes back, method by method and for the whole.

Two protocols, see `yardstick.py`: all links hidden, and a fifth of them hidden with the rest as
graph (the mean of several draws). One row for every single method, for rank fusions (reciprocal
rank fusion: Cormack, Clarke and Buettcher, 2009) and for the whole, whose models were trained on
the OTHER vaults only; one more for the whole as the links that are not hidden have taught it, where
they are enough. The last lines give what the whole has over the best other row of each
vault, with the 95 % confidence interval of the paired differences, note by note; what teaching
changes, and the CPU seconds it takes. `--embed` adds the whole with vectors of meaning, whose texts
lack what any link says, and what they change.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.meaning import vectors_of
from bench.train_links import SEED
from bench.yardstick import ALL, FIFTH, VAULTS, folder_of_vaults, hide, notes_of, recall
from notemill.embedding.minilm import MiniLM
from notemill.linking.features import NAMES
from notemill.linking.matrices import common_neighbours
from notemill.linking.model import odds_of
from notemill.linking.teaching import taught
from notemill.linking.training import TrainingVault, train

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from bench.yardstick import Hidden
    from notemill.linking.matrices import Matrices
    from notemill.vault.note import Note

    Floats = NDArray[np.floating]
    Ints = NDArray[np.int32]
    Rows = dict[str, Floats]

DRAWS = (SEED, 8, 9)
RRF_K = 60
BM25_K1, BM25_B = 1.5, 0.75
WHOLE = "whole"
TAUGHT = "whole, taught"
VECTORED = "whole with vectors"
BOTH = "whole with vectors, taught"
LEARNING = "CPU s to learn"
OURS = (WHOLE, TAUGHT, VECTORED, BOTH)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw of hidden links of one vault."""

    hidden: Hidden
    scene: TrainingVault
    rows: Mapping[str, Floats]
    meant: TrainingVault | None


def draw(
    notes: Mapping[str, Note], share: float, seed: int, vectors: NDArray[np.float32] | None
) -> Drawn:
    """Hide links and score every candidate by every single method."""
    hidden = hide(notes, share, seed)
    scene, matrices = hidden.scene()
    meant = None if vectors is None else hidden.scene(vectors)[0]
    return Drawn(hidden, scene, dict(methods(scene, matrices, hidden)), meant)


def methods(
    scene: TrainingVault, matrices: Matrices, hidden: Hidden
) -> Iterator[tuple[str, Floats]]:
    """Yield the scores of the single methods and of the fusions."""
    rows, columns = scene.pairs.rows, scene.pairs.columns
    feature = dict(zip(NAMES, scene.pairs.features.T, strict=True))
    single = {
        "BM25": of_pairs(bm25(hidden), rows, columns),
        "TF-IDF": of_pairs((matrices.words, matrices.words), rows, columns),
        "names alike": feature["names"],
        "title mentions": feature["mentions"],
        "graph (Adamic-Adar)": at(common_neighbours(matrices), rows, columns),
        "links of like notes": feature["votes"],
    }
    yield from single.items()
    yield "RRF words + mentions", fused(rows, [single["TF-IDF"], single["title mentions"]])
    plain = ("TF-IDF", "title mentions", "graph (Adamic-Adar)")
    yield "RRF words + mentions + graph", fused(rows, [single[one] for one in plain])
    yield "RRF of all", fused(rows, list(single.values()))


def at(matrix: sparse.csr_matrix, rows: Ints, columns: Ints) -> Floats:
    """Return the values of a matrix at the pairs."""
    return np.asarray(matrix[rows, columns]).ravel() if matrix.nnz else np.zeros(len(rows))


def bm25(hidden: Hidden) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return (queries, documents) whose products are BM25 (Robertson and Zaragoza, 2009)."""
    texts = [one.terms for one in hidden.documents]
    lengths = np.array([len(one) for one in texts], float)
    flat = np.concatenate(texts)
    size, width = len(texts), len(hidden.lexicon)
    at = np.repeat(np.arange(size), lengths.astype(int))
    counts = sparse.csr_matrix((np.ones(len(flat)), (at, flat)), shape=(size, width))
    counts.sum_duplicates()
    df = np.bincount(counts.indices, minlength=width)
    idf = np.log(1 + (size - df + 0.5) / (df + 0.5))
    norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(lengths.mean(), 1))
    documents = counts.copy()
    rows = np.repeat(np.arange(size), np.diff(counts.indptr))
    documents.data = counts.data * (BM25_K1 + 1) / (counts.data + norm[rows])
    queries = (counts > 0).astype(float) @ sparse.diags(idf)
    return sparse.csr_matrix(queries), documents


def of_pairs(
    both: tuple[sparse.csr_matrix, sparse.csr_matrix], rows: Ints, columns: Ints
) -> Floats:
    """Return the products of the rows of two matrices."""
    found = [
        np.asarray(
            both[0][rows[at : at + 20_000]].multiply(both[1][columns[at : at + 20_000]]).sum(1)
        )
        for at in range(0, len(rows), 20_000)
    ]
    return np.concatenate(found).ravel()


def fused(rows: Ints, rankings: list[Floats]) -> Floats:
    """Return the reciprocal rank fusion of scores; what a ranking does not find adds nothing."""
    total = np.zeros(len(rows))
    for scores in rankings:
        order = np.lexsort((-scores, rows))
        starts = np.searchsorted(rows[order], rows[order])
        ranks = np.empty(len(rows))
        ranks[order] = np.arange(len(rows)) - starts
        total += np.where(scores > 0, 1 / (RRF_K + 1 + ranks), 0)
    return total


def tables(names: list[str], folder: Path, model: MiniLM | None) -> None:
    """Print both protocols."""
    drawn: dict[str, dict[float, list[Drawn]]] = {}
    for name in names:
        notes = notes_of(folder / name)
        vectors = vectors_of(notes, list(notes), model) if model else None
        drawn[name] = {
            ALL: [draw(notes, ALL, SEED, vectors)],
            FIFTH: [draw(notes, FIFTH, seed, vectors) for seed in DRAWS],
        }
    for share, title in ((ALL, "all links hidden"), (FIFTH, "a fifth of the links hidden")):
        found = {name: results(name, drawn, share) for name in names}
        show(title, found)


def results(name: str, drawn: Mapping[str, Mapping[float, list[Drawn]]], share: float) -> Rows:
    """Return R@10 of every asked note by method; the whole never trained on this vault."""
    others = [one for other, one in drawn.items() if other != name]
    alone = [one[ALL][0].scene for one in others]
    linked = [one[FIFTH][0].scene for one in others]
    words = train(alone, linked, with_meaning=False)
    meant = [[one.meant for one in (each[ALL][0], each[FIFTH][0]) if one.meant] for each in others]
    found = list(zip(*(one for one in meant if one), strict=True))
    meaning = train(*found, with_meaning=True) if found else words
    made: dict[str, list[Floats]] = {}
    for one in drawn[name][share]:
        read, began = one.hidden, time.process_time()
        added = taught(read.documents, read.lexicon, read.names, words.linked)
        learning = np.array([time.process_time() - began])
        rows = {**one.rows, WHOLE: likely(words.odds(one.scene.pairs))}
        if share != ALL:
            made.setdefault(LEARNING, []).append(learning)
            rows[TAUGHT] = likely(words.taught(added).odds(one.scene.pairs))
        for method, scores in rows.items():
            made.setdefault(method, []).append(scored(one, one.scene, scores))
        scene = one.meant or one.scene
        ours = ((VECTORED, None), (BOTH, added))[: 1 if share == ALL else 2]
        for method, by in ours if found else ():
            scores = likely(odds_of(scene.pairs, words.taught(by), meaning.taught(by))[0])
            made.setdefault(method, []).append(scored(one, scene, scores))
    return {method: np.concatenate(parts) for method, parts in made.items()}


def likely(odds: Floats) -> Floats:
    """Return the probabilities of log-odds."""
    return 1 / (1 + np.exp(-odds))


def scored(one: Drawn, scene: TrainingVault, scores: Floats) -> Floats:
    """Return R@10 of every asked note."""
    return recall(scene.pairs.rows, scene.pairs.columns, scores, one.hidden.partners)


def show(title: str, found: Mapping[str, Rows]) -> None:
    """Print one protocol's table."""
    print(f"\n{title}, R@10\n")
    print(line("method", found))
    print(line("---", ["---"] * len(found)))
    for label in next(iter(found.values())):
        if label != LEARNING:
            print(line(label, [f"{one[label].mean():.3f}" for one in found.values()]))
    best = [
        max((one[x].mean(), x) for x in one if x not in (*OURS, LEARNING)) for one in found.values()
    ]
    gains = [
        f"{gain(one, WHOLE, x)} over {x}" for one, (_, x) in zip(found.values(), best, strict=True)
    ]
    print(line("whole - best other", gains))
    if all(TAUGHT in one for one in found.values()):
        print(line("taught - whole", [gain(one, TAUGHT, WHOLE) for one in found.values()]))
        print(line(LEARNING, [f"{one[LEARNING].mean():.1f}" for one in found.values()]))
    if all(VECTORED in one for one in found.values()):
        print(line("with vectors - whole", [gain(one, VECTORED, WHOLE) for one in found.values()]))
    if all(BOTH in one for one in found.values()):
        print(line("the same, taught - not", [gain(one, BOTH, VECTORED) for one in found.values()]))
    print(line("notes asked", [f"{len(one[WHOLE]):,}" for one in found.values()]))


def gain(rows: Rows, method: str, over: str) -> str:
    """Return the mean of the paired differences of two methods, with its 95 % interval."""
    gap = rows[method] - rows[over]
    return f"{gap.mean():+.3f} ± {1.96 * gap.std() / len(gap) ** 0.5:.3f}"


def line(label: str, cells: Iterable[str]) -> str:
    """Return a table's line."""
    return f"| {label} | {' | '.join(cells)} |"


def main() -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("vaults", nargs="*", default=list(VAULTS), help="which of the vaults")
    parser.add_argument("--embed", action="store_true", help="with vectors of meaning as well")
    options = parser.parse_args()
    folder = folder_of_vaults()
    if folder is None:
        print("skipped: no vaults at hand; NOTEMILL_VAULTS names a folder that has them")
        return 0
    tables(options.vaults, folder, MiniLM() if options.embed else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
