"""Tags: what of the tags that people gave comes back when they are hidden, and what a prompt costs.

Tags used on three notes at least, five folds: a fifth of the tagged notes loses its tags (in the
text as well), the model learns from the rest. P@3 is hits / 3; R@5 is hits / min(5, tags given).
Below: how many of the tags people gave are among the k that a prompt carries, and the tokens of
that list against sending all tags (at about 3.5 characters a token).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.yardstick import notes_of
from notemill.linking.content import content_of
from notemill.linking.corpus import Lexicon, document_of
from notemill.tagging.predict import Example, TagModel
from notemill.text.terms import terms
from notemill.vault.note import inline_tags, parse
from notemill.workflows.curation.candidates import tag_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from notemill.vault.note import Note

SETS = ("transcripts/bitcoin", "vaults/oldwinter-zh")
MIN_USES = 3
FOLDS = 5
CARRIED = (10, 20, 40)
CHARS_PER_TOKEN = 3.5


def folder_of_data() -> Path | None:
    """Return the folder with texts that people wrote, None where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NOTEMILL_DATA", beside))
    return folder if folder.is_dir() else None


def without_tags(note: Note) -> Note:
    """Return a note whose text has lost its tags."""
    raw = note.raw
    for tag in sorted(inline_tags(note), key=lambda one: -one.start):
        start, end = (
            note.body_start + len(note.body[:place].encode()) for place in (tag.start, tag.end)
        )
        raw = raw[:start] + raw[end:]
    return parse(raw)[0]


def examples_of(notes: Mapping[str, Note], lexicon: Lexicon) -> list[Example]:
    """Return the notes as examples, their tags casefolded, rare ones left out."""
    given = {
        key: tuple(dict.fromkeys(tag.casefold() for tag in all_tags(note)))
        for key, note in notes.items()
    }
    uses = Counter(tag for tags in given.values() for tag in tags)
    found = []
    for key, note in notes.items():
        document = document_of(key, content_of(without_tags(note)), lexicon)
        tags = tuple(tag for tag in given[key] if uses[tag] >= MIN_USES)
        folder = key.rpartition("/")[0]
        found.append(Example(np.concatenate(document.names), document.terms, folder, tags))
    return found


def all_tags(note: Note) -> list[str]:
    """Return the tags of properties and text."""
    return [*note.tags, *(tag.name for tag in inline_tags(note))]


def measure(notes: Mapping[str, Note]) -> tuple[dict[str, NDArray[np.float64]], int, float]:
    """Return (method → rows of P@3, R@5 and the recalls of CARRIED), tags, and their characters."""
    lexicon = Lexicon()
    examples = examples_of(notes, lexicon)
    tags = {tag for one in examples for tag in one.tags}
    numbers = {tag: lexicon.numbers_of(terms(" ".join(tag_words(tag)), "en")) for tag in tags}
    tagged = [one for one in examples if one.tags]
    folds = np.random.default_rng(0).permutation(len(tagged)) % FOLDS
    made: dict[str, list[list[float]]] = {}
    for fold in range(FOLDS):
        known = [one for one, at in zip(tagged, folds, strict=True) if at != fold]
        asked = [one for one, at in zip(tagged, folds, strict=True) if at == fold]
        model = TagModel(known, numbers.__getitem__, len(lexicon))
        methods = (
            ("nearest neighbours", model.votes(asked)),
            ("notemill", model.scores(asked)),
        )
        for method, scores in methods:
            rows = made.setdefault(method, [])
            rows += [figures(one, model.tags, row) for one, row in zip(asked, scores, strict=True)]
    chars = sum(len(tag) + 2 for tag in tags) / len(tags)
    return {method: np.array(rows) for method, rows in made.items()}, len(tags), chars


def figures(one: Example, tags: list[str], scores: NDArray[np.floating]) -> list[float]:
    """Return P@3, R@5 and the recalls of CARRIED for one note."""
    order = [tags[index] for index in np.argsort(-scores, kind="stable")[: max(CARRIED)]]
    wanted = set(one.tags)
    hits = [len(wanted.intersection(order[:count])) for count in (3, 5, *CARRIED)]
    carried = [count / len(wanted) for count in hits[2:]]
    return [hits[0] / 3, hits[1] / min(5, len(wanted)), *carried]


def main() -> int:
    """Print the tables; return the exit code."""
    data = folder_of_data()
    if data is None:
        print("skipped: no texts at hand; NOTEMILL_DATA names a folder that has them")
        return 0
    print("| texts | method | P@3 | R@5 | " + " | ".join(f"in {one}" for one in CARRIED) + " |")
    print("|---|---|---|---|" + "---|" * len(CARRIED))
    costs = []
    for name in SETS:
        found, count, chars = measure(notes_of(data / name))
        for method, rows in found.items():
            cells = " | ".join(f"{one:.3f}" for one in rows.mean(axis=0))
            print(f"| {name} | {method} | {cells} |")
        lists = [f"{min(one, count) * chars / CHARS_PER_TOKEN:.0f}" for one in (*CARRIED, count)]
        costs.append(f"{name}: {count} tags; tokens of 10, 20, 40, all: {', '.join(lists)}")
    print("\n" + "\n".join(costs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
