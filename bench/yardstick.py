"""Links that people made as a yardstick: hidden, ranked, counted. For benchmarks and training.

A share of a vault's linked pairs is hidden: the links leave the notes with their labels, and what
is left is the graph. Every note that lost a link is asked for its partners; R@k is what of them
is among the k best, of the k or the hidden, whichever is less. Links that stayed visible are no
candidates.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from notemill.linking.content import content_of
from notemill.linking.corpus import Lexicon, document_of
from notemill.linking.features import pairs_of
from notemill.linking.matrices import matrices_of
from notemill.linking.training import TrainingVault
from notemill.stores.journal import StoredJournal
from notemill.stores.store import FILE, Store
from notemill.vault.files import Vault
from notemill.vault.note import parse
from notemill.vault.resolve import Names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document
    from notemill.linking.matrices import Matrices
    from notemill.vault.note import Note

VAULTS = ("foam", "logseq-docs", "dendron", "kepano", "oldwinter-zh", "flancian")
ALL = 1.0
FIFTH = 0.2


def folder_of_vaults() -> Path | None:
    """Return the folder with vaults that people wrote, None where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "vaults"
    folder = Path(os.environ.get("NOTEMILL_VAULTS", beside))
    return folder if folder.is_dir() else None


def notes_of(folder: Path) -> dict[str, Note]:
    """Return the notes of a vault by key."""
    with tempfile.TemporaryDirectory() as state:
        vault = Vault(
            folder.resolve(), Path(state), StoredJournal(Store(Path(state) / FILE)), clock=time.time
        )
        try:
            return {file.key: parse(vault.read(file.key))[0] for file in vault.scan()}
        finally:
            vault.close()


@dataclass(frozen=True, slots=True)
class Hidden:
    """A vault with links hidden: what is left of its notes, and whose partners are asked for."""

    documents: list[Document]
    lexicon: Lexicon
    names: Names
    partners: Mapping[int, frozenset[int]]

    def scene(self, vectors: NDArray[np.float32] | None = None) -> tuple[TrainingVault, Matrices]:
        """Return the candidates with their features, and the matrices they come from."""
        matrices = matrices_of(self.documents, self.lexicon, self.names)
        pairs = pairs_of(matrices, vectors)
        found = [
            column in self.partners.get(row, ())
            for row, column in zip(pairs.rows.tolist(), pairs.columns.tolist(), strict=True)
        ]
        return TrainingVault(pairs, np.array(found, bool)), matrices


def hide(notes: Mapping[str, Note], share: float, seed: int) -> Hidden:
    """Hide a share of the pairs of notes that are linked."""
    links = _links_of(notes)
    pairs = sorted(set(links.values()))
    drawn = np.random.default_rng(seed).permutation(len(pairs))[: round(share * len(pairs))]
    return _without(notes, links, {pairs[index] for index in drawn})


def alone(notes: Mapping[str, Note], share: float, seed: int) -> tuple[Hidden, list[int]]:
    """Hide all links of a share of the linked notes; return these as well, by number."""
    links = _links_of(notes)
    linked = sorted({key for pair in links.values() for key in pair})
    drawn = np.random.default_rng(seed).permutation(len(linked))[: max(1, int(share * len(linked)))]
    chosen = {linked[index] for index in drawn}
    gone = {pair for pair in links.values() if chosen.intersection(pair)}
    hidden = _without(notes, links, gone)
    return hidden, [place for place, key in enumerate(notes) if key in chosen]


def _links_of(notes: Mapping[str, Note]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Return the pair of notes that each link (source, path, label) joins, in order."""
    names = Names(notes)
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for source, note in notes.items():
        for path, label in content_of(note).links:
            key = names.meant(path, label, source=source)
            if key is not None and key != source:
                found[source, path, label] = (min(key, source), max(key, source))
    return found


def _without(
    notes: Mapping[str, Note],
    links: Mapping[tuple[str, str, str], tuple[str, str]],
    gone: Collection[tuple[str, str]],
) -> Hidden:
    """Return the notes without the links that join these pairs."""
    number = {key: index for index, key in enumerate(notes)}
    partners: defaultdict[int, set[int]] = defaultdict(set)
    for first, second in gone:
        partners[number[first]].add(number[second])
        partners[number[second]].add(number[first])
    hidden: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for (source, *link), pair in links.items():
        if pair in gone:
            hidden[source].add((link[0], link[1]))
    lexicon = Lexicon()
    documents = [
        document_of(key, content_of(note, without=hidden.get(key, ())), lexicon)
        for key, note in notes.items()
    ]
    found = {row: frozenset(one) for row, one in partners.items()}
    return Hidden(documents, lexicon, Names(notes), found)


def recall(
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    scores: NDArray[np.floating],
    partners: Mapping[int, frozenset[int]],
    k: int = 10,
) -> NDArray[np.float64]:
    """Return R@k of every note that is asked for, in the order of `partners`.

    Candidates whose score is not above 0 are taken for not found.
    """
    found = scores > 0
    rows, columns, scores = rows[found], columns[found], scores[found]
    order = np.lexsort((columns, -scores, rows))
    rows, columns = rows[order], columns[order]
    asked = np.array(list(partners), np.int32)
    starts, ends = np.searchsorted(rows, asked), np.searchsorted(rows, asked + 1)
    return np.array(
        [
            len(one.intersection(columns[start : min(end, start + k)].tolist())) / min(k, len(one))
            for one, start, end in zip(partners.values(), starts, ends, strict=True)
        ]
    )
