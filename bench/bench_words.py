"""Nearest notes by words: what the sparse product of links is beside two full-text indexes.

The same terms (stemmed, folded, pairs of CJK characters; a note's names twice more) go into three engines, and each is asked
for the 50 notes that are most like every note: notemill's product of TF-IDF rows in scipy; SQLite's
FTS5; tantivy, where it is installed. A query of the full-text indexes are a note's terms, joined
with OR and ranked by their BM25: all of them, or the 25 of highest TF-IDF (what Lucene's
MoreLikeThis takes). Time is CPU seconds in one thread, index and queries, without the analysis
that all share; R@10 as in `yardstick.py` with all links hidden.

The last column is a generated vault (see `bench_index.py`), where queries of whole notes are left
out: they take minutes.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.bench_index import write_vault
from bench.train_links import SEED
from bench.yardstick import ALL, VAULTS, Hidden, folder_of_vaults, hide, notes_of, recall
from notemill.linking.features import _nearest as nearest_by_words
from notemill.linking.matrices import NAME_WEIGHT, matrices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notemill.text.vectors import Matrix

    # For each note, the numbers and scores of the notes that were found, best first.
    Found = Iterator[tuple[list[int], list[float]]]
    Engine = Callable[[list[list[str]], list[list[str]]], Found]

NEAREST = 50
TELLING = 25
GENERATED = 10_000


def fts5(texts: list[list[str]], queries: list[list[str]]) -> Found:
    """Ask SQLite."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE notes USING fts5(body, content='')")
    rows = ((number, " ".join(text)) for number, text in enumerate(texts))
    database.executemany("INSERT INTO notes (rowid, body) VALUES (?, ?)", rows)
    database.execute("INSERT INTO notes (notes) VALUES ('optimize')")
    search = "SELECT rowid, -rank FROM notes WHERE notes MATCH ? ORDER BY rank LIMIT ?"
    for number, query in enumerate(queries):
        found = (
            database.execute(search, (" OR ".join(query), NEAREST + 1)).fetchall() if query else []
        )
        others = [one for one in found if one[0] != number]
        yield [one for one, _ in others], [score for _, score in others]
    database.close()


def tantivy(texts: list[list[str]], queries: list[list[str]]) -> Found:
    """Ask tantivy."""
    library: Any = importlib.import_module("tantivy")
    builder = library.SchemaBuilder()
    builder.add_unsigned_field("number", stored=True)
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    schema = builder.build()
    index = library.Index(schema)
    writer = index.writer(num_threads=1)
    for number, text in enumerate(texts):
        writer.add_document(library.Document(number=number, body=" ".join(text)))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    for number, query in enumerate(queries):
        words = [
            (library.Occur.Should, library.Query.term_query(schema, "body", word)) for word in query
        ]
        hits = searcher.search(library.Query.boolean_query(words), NEAREST + 1).hits
        found = [(searcher.doc(at)["number"][0], score) for score, at in hits]
        others = [one for one in found if one[0] != number]
        yield [one for one, _ in others], [score for _, score in others]


def product(words: Matrix) -> Found:
    """Multiply."""
    nearest = nearest_by_words(words, NEAREST)
    for start, end in zip(nearest.indptr[:-1], nearest.indptr[1:], strict=True):
        yield nearest.indices[start:end].tolist(), nearest.data[start:end].tolist()


def telling(words: Matrix, texts: list[list[str]]) -> list[list[str]]:
    """Return each note's terms of the highest TF-IDF."""
    return [
        [
            f"t{term}"
            for term in words.indices[start:end][np.argsort(-words.data[start:end])[:TELLING]]
        ]
        for start, end, _ in zip(words.indptr[:-1], words.indptr[1:], texts, strict=True)
    ]


def measured(hidden: Hidden, *, whole: bool) -> Iterator[tuple[str, float, float]]:
    """Yield each engine's name, CPU seconds and R@10 on one vault."""
    words = matrices_of(hidden.documents, hidden.lexicon, hidden.names).words
    texts = [
        [f"t{term}" for part in (one.terms, *NAME_WEIGHT * one.names) for term in part]
        for one in hidden.documents
    ]
    best = telling(words, texts)
    each = [list(dict.fromkeys(text)) for text in texts]
    yield "scipy, whole notes", *timed(hidden, product, words)
    engines: list[tuple[str, Engine]] = [("FTS5", fts5)]
    if importlib.util.find_spec("tantivy"):
        engines.append(("tantivy", tantivy))
    for name, engine in engines:
        yield f"{name}, {TELLING} terms", *timed(hidden, engine, texts, best)
        if whole:
            yield f"{name}, whole notes", *timed(hidden, engine, texts, each)


def timed(hidden: Hidden, engine: Callable[..., Found], *given: Any) -> tuple[float, float]:  # noqa: ANN401
    """Return the CPU seconds of an engine, and R@10 of what it finds."""
    began = time.process_time()
    found = list(engine(*given))
    took = time.process_time() - began
    rows = np.repeat(np.arange(len(found)), [len(one) for one, _ in found]).astype(np.int32)
    columns = np.array([number for one, _ in found for number in one], np.int32)
    scores = np.array([score for _, one in found for score in one])
    shares = recall(rows, columns, scores, hidden.partners)
    return took, float(shares.mean()) if len(shares) else 0.0


def generated(notes: int) -> Hidden:
    """Return a vault of made notes, its links hidden."""
    with tempfile.TemporaryDirectory() as folder:
        write_vault(Path(folder), notes)
        return hide(notes_of(Path(folder)), ALL, SEED)


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("vaults", nargs="*", default=list(VAULTS), help="which of the vaults")
    options = parser.parse_args()
    cells: dict[str, list[str]] = {}
    folder = folder_of_vaults()
    if folder is None:
        print("skipped: no vaults at hand; NOTEMILL_VAULTS names a folder that has them")
        return 0
    for name in options.vaults:
        for engine, took, share in measured(hide(notes_of(folder / name), ALL, SEED), whole=True):
            cells.setdefault(engine, []).append(f"{share:.3f}, {took:.1f} s")
    for engine, took, _ in measured(generated(GENERATED), whole=False):
        cells[engine].append(f"{took:.1f} s")
    for row in cells.values():
        row.extend(["—"] * (len(options.vaults) + 1 - len(row)))
    print(f"| R@10, CPU | {' | '.join(options.vaults)} | {GENERATED:,} generated |")
    print("|---" * (len(options.vaults) + 2) + "|")
    for engine, row in cells.items():
        print(f"| {engine} | {' | '.join(row)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
