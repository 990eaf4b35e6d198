"""Prompts of a curation: whether they offer the tags that people gave.

Five folds: a fifth of the tagged notes loses its tags (in the text as well); offered is a tag that
the rest of the vault has and that stands in the shared part or among the note's own candidates.
`told` is how many tags the shared part may list: where a vault has more, the note's own part has to
bring what fits it.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.bench_tags import FOLDS, MIN_USES, SETS, all_tags, folder_of_data, without_tags
from bench.yardstick import notes_of
from notemill.index import facts_and_text
from notemill.linking.content import content_of
from notemill.linking.corpus import Lexicon, document_of
from notemill.workflows.curation.candidates import MAX_CANDIDATES, MAX_HINTS, Candidates
from notemill.workflows.curation.neighbours import linked_tags
from notemill.workflows.curation.shared_part import MAX_TOLD, most_useful
from notemill.workflows.curation.suggesting import suggestions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notemill.vault.note import Note

TOLD = (40, 100, MAX_TOLD)


def measure(notes: Mapping[str, Note]) -> Iterator[str]:
    """Yield a row of the table for each number of tags that the shared part may list."""
    bare = {key: without_tags(note) for key, note in notes.items()}
    facts = {key: facts_and_text(key, one.raw, size=0, mtime_ns=0) for key, one in bare.items()}
    lexicon = Lexicon()
    documents = [document_of(key, content_of(one), lexicon) for key, one in bare.items()]
    given = {key: list(dict.fromkeys(all_tags(note))) for key, note in notes.items()}
    uses = Counter(tag for tags in given.values() for tag in tags)
    tagged = [key for key, tags in given.items() if any(uses[tag] >= MIN_USES for tag in tags)]
    folds = np.random.default_rng(0).permutation(len(tagged)) % FOLDS
    found: dict[int, list[float]] = {told: [] for told in TOLD}
    for fold in range(FOLDS):
        asked = {key for key, at in zip(tagged, folds, strict=True) if at == fold}
        known = Candidates.of(tags for key, tags in given.items() if key not in asked)
        tags_of = {key: [] if key in asked else known.spelled(tags) for key, tags in given.items()}
        near = [
            suggestions(documents, lexicon, tags_of, asked),
            linked_tags(documents, tags_of, asked),
        ]
        for told in TOLD:
            shown = set(most_useful(known.counts, told))
            whole = known.counts.keys() <= shown
            for key in sorted(asked):
                fact, text = facts[key]
                own = known.of_note(
                    fact.title,
                    fact.folder,
                    text,
                    near=[ranked.get(key, ()) for ranked in near],
                    most=MAX_HINTS if whole else MAX_CANDIDATES,
                )
                wanted = known.spelled(tag for tag in given[key] if uses[tag] >= MIN_USES)
                if wanted:
                    found[told].append(len(set(wanted) & (shown | set(own))) / len(wanted))
    for told in TOLD:
        yield f"{len(uses):,} | {told} | {np.mean(found[told]):.3f} |"


def main() -> int:
    """Print the table; return the exit code."""
    data = folder_of_data()
    if data is None:
        print("skipped: no texts at hand; NOTEMILL_DATA names a folder that has them")
        return 0
    print("| texts | tags | told | offered |")
    print("|---|---|---|---|")
    for name in SETS:
        for row in measure(notes_of(data / name)):
            print(f"| {name} | {row}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
