"""Index and links: what a vault of many notes costs, from nothing to proposed links.

A vault of generated notes is written to a temporary folder: about 300 words each, drawn by Zipf's
law from 30,000, on 200 subjects, some with links. Every part is a process of its own:

- first index: facts and contents of every note, from nothing, on all cores;
- no change: the same again with nothing changed;
- one note: the same again after one note was edited;
- links: candidates, features, model and reasons for all notes, the index being there.

The floor of the first three finds, reads and hashes the same files. Seconds are wall time from
when the modules are loaded; memory is the peak of the process, without those it starts.
"""

from __future__ import annotations

import argparse
import bisect
import hashlib
import itertools
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS, VOCABULARY, SUBJECTS, SUBJECT_WORDS = 300, 30_000, 200, 200
PARTS = ("floor", "first index", "no change", "one note", "links")
MIN_SCORE = 0.05


def write_vault(root: Path, notes: int) -> None:
    """Write the notes; the same for every call with the same number."""
    draw = random.Random(20261123)  # noqa: S311  # a repeatable vault
    syllables = [one + other for one in "bcdfghklmnprstvz" for other in "aeiou"]
    words = ["".join(draw.choices(syllables, k=draw.randint(2, 4))) for _ in range(VOCABULARY)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))
    subjects = [draw.choices(words[100:], k=SUBJECT_WORDS) for _ in range(SUBJECTS)]
    for number in range(notes):
        subject = draw.choice(subjects)
        text = [
            words[min(bisect.bisect(weights, draw.random() * weights[-1]), VOCABULARY - 1)]
            if draw.random() < 0.6  # noqa: PLR2004  # the rest is the note's own subject
            else subject[int(draw.random() ** 2 * SUBJECT_WORDS)]
            for _ in range(WORDS)
        ]
        lines = [" ".join(text[start : start + 20]) for start in range(0, WORDS, 20)]
        lines[7] += f" [[{text[0]} {text[1]} {draw.randrange(notes)}]]"
        folder = root / f"area-{number % 7}" / f"part-{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        head = f"---\ntags: [{text[2]}]\n---\n# {text[0]} {text[1]}\n\n"
        path = folder / f"{text[0]} {text[1]} {number}.md"
        path.write_text(head + "\n\n".join(lines) + "\n", encoding="utf-8")


def floor(root: Path) -> float:
    """Find, read and hash every note; return the seconds it took."""
    began = time.perf_counter()
    for path in sorted(root.rglob("*.md")):
        hashlib.sha256(path.read_bytes()).hexdigest()
    return time.perf_counter() - began


def is_wanted(_: object) -> bool:
    """Want every note's content."""
    return True


def index(root: Path, state: Path, *, links: bool) -> float:
    """Bring the index up to date; with `links`, propose them as well. Return the seconds."""
    # Not above: each process of the pool imports this file, and for a command it imports as little.
    from notemill.index import Index  # noqa: PLC0415
    from notemill.index.pool import all_cores  # noqa: PLC0415
    from notemill.linking.propose import propose  # noqa: PLC0415
    from notemill.stores.journal import StoredJournal  # noqa: PLC0415
    from notemill.stores.store import FILE, Store  # noqa: PLC0415
    from notemill.vault.files import Vault  # noqa: PLC0415
    from notemill.vault.resolve import Names  # noqa: PLC0415
    from notemill.vault.state_files import DERIVED_FILE  # noqa: PLC0415

    began = time.perf_counter()
    vault = Vault(root.resolve(), state, StoredJournal(Store(state / FILE)), clock=time.time)
    kept = Index(state / DERIVED_FILE, processes=all_cores())
    facts = kept.refresh(vault, vault.scan(), with_contents=is_wanted)
    kept.contents.refresh(vault, facts)
    if links:
        documents, lexicon = kept.contents.documents(vault, facts)
        names = Names(one.key for one in facts)
        found = propose(documents, lexicon, names, top=5, min_score=MIN_SCORE)
        print(f"{len(found):,} pairs", end=" ")
    return time.perf_counter() - began


def part(name: str, root: Path, state: Path) -> None:
    """Do one part and print its seconds and megabytes."""
    seconds = floor(root) if name == "floor" else index(root, state, links=name == "links")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} s, {peak_mb:.0f} MB")


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--notes", type=int, nargs="*", default=[1_000, 10_000], help="vault sizes")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        name, root, state = arguments.part
        part(name, Path(root), Path(state))
        return 0
    print("| notes | " + " | ".join(PARTS) + " |\n|---|" + "---|" * len(PARTS))
    for notes in arguments.notes:
        with tempfile.TemporaryDirectory() as folder:
            root, state = Path(folder) / "vault", Path(folder) / "state"
            root.mkdir()
            write_vault(root, notes)
            cells = []
            for name in PARTS:
                if name == "one note":
                    path = next(iter(root.rglob("*.md")))
                    path.write_text(path.read_text("utf-8") + "\nOne line more.\n", "utf-8")
                command = [sys.executable, __file__, "--part", name, str(root), str(state)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
                cells.append(done.stdout.strip())
            print(f"| {notes:,} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
