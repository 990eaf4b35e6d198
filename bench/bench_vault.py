"""Vault: the first look at many notes, a run with nothing to do, and parsing, each with a floor.

A vault of generated notes (about 300 words, properties in all of them, four folders deep at most)
is written to a temporary folder. Every part is measured in processes of their own, several times,
and the medians are shown:

- first index: the survey of a curation with no index yet, on all cores as the command does it: find,
  read, parse and hash every note, keep its facts, and its terms, which the requests need next. Its
  floor finds, reads and hashes the same files.
- nothing to do: the whole command `notemill curate VAULT` where every note has been curated, from
  the start of Python to its end. Its floor is a Python that walks the folder and looks at the
  size and time of every file.
- parse: a note's properties, tags in the text, body and source hash from its bytes. Its floor
  decodes the bytes and has PyYAML's C loader read the properties.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTES_PER_FOLDER = 100
WORDS = 300
RUN = "bench"
SENTENCE = (
    "a note about measuring what reading many small files costs when almost none of them has "
    "changed since the last time and the index remembers what every one of them said"
)
TOPICS = ("gardens", "search", "batches", "costs", "writing")


def write_vault(root: Path, notes: int) -> None:
    """Write the notes; the same for every call with the same number."""
    vocabulary = SENTENCE.split()
    draw = random.Random(20261123)  # noqa: S311  # a repeatable vault
    for number in range(notes):
        group = number // NOTES_PER_FOLDER
        folder = root / f"area-{group % 7}" / f"project-{group % 29}" / f"part-{group}"
        if number % NOTES_PER_FOLDER == 0:
            folder.mkdir(parents=True)
        words = draw.choices(vocabulary, k=WORDS)
        lines = [" ".join(words[start : start + 20]) for start in range(0, WORDS, 20)]
        lines[3] = f"## Section {number}"
        lines[7] += f" #{draw.choice(TOPICS)}/inline and [[note-{draw.randrange(notes)}]]"
        head = (
            f"---\ntags:\n  - {draw.choice(TOPICS)}/part\n  - {draw.choice(TOPICS)}\n"
            f"description: What note {number} says, in one sentence.\n"
            f"topics: [{draw.choice(TOPICS)}]\ncreated: 2026-11-23\n---\n"
        )
        text = f"{head}# Note {number}\n\n" + "\n\n".join(lines) + "\n"
        (folder / f"note-{number}.md").write_text(text, encoding="utf-8")


# -- measured parts, each in a fresh process --------------------------------------------------


def index(vault: Path, home: Path) -> float:
    """Return the seconds of a first survey, and note every note as curated behind the clock."""
    from notemill.app.curation_steps import survey_in  # noqa: PLC0415  # not part of the floors
    from notemill.app.opened import OpenVault  # noqa: PLC0415
    from notemill.config import Exclusions  # noqa: PLC0415
    from notemill.index.derived import unseen  # noqa: PLC0415
    from notemill.index.pool import all_cores  # noqa: PLC0415
    from notemill.privacy import Privacy  # noqa: PLC0415
    from notemill.workflows.curation.survey import Selection  # noqa: PLC0415

    mill = OpenVault(
        vault,
        home=home,
        privacy=Privacy(Exclusions()),
        clock=time.time,
        watch=unseen,
        processes=all_cores(),
    )
    started = time.perf_counter()
    seen = survey_in(mill, Selection()).seen
    took_s = time.perf_counter() - started
    facts = mill.index.refresh(mill.vault, mill.vault.scan())
    if len(facts) != seen:
        raise SystemExit(f"index: {seen} notes seen, {len(facts)} indexed")
    mill.review.store(RUN, [(one.key, one.source_hash, []) for one in facts], now=time.time())
    return took_s


def index_floor(vault: Path, _: Path) -> float:
    """Return the seconds of finding, reading and hashing every note."""
    started = time.perf_counter()
    for folder, _folders, names in os.walk(vault):
        for name in names:
            raw = Path(folder, name).read_bytes()
            hashlib.blake2b(raw, digest_size=16).hexdigest()
    return time.perf_counter() - started


def parse(vault: Path, _: Path) -> float:
    """Return the seconds of parsing every note from its bytes."""
    from notemill.index import facts_of  # noqa: PLC0415  # as above

    notes = [path.read_bytes() for path in vault.rglob("*.md")]
    started = time.perf_counter()
    for raw in notes:
        facts_of("note.md", raw, size=len(raw), mtime_ns=0)
    return time.perf_counter() - started


def parse_floor(vault: Path, _: Path) -> float:
    """Return the seconds of decoding every note and loading its properties with PyYAML."""
    import yaml  # noqa: PLC0415  # as above

    notes = [path.read_bytes() for path in vault.rglob("*.md")]
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    started = time.perf_counter()
    for raw in notes:
        yaml.load(raw.decode().split("---\n", 2)[1], Loader=loader)  # noqa: S506  # a safe one
    return time.perf_counter() - started


PARTS = {"index": index, "index-floor": index_floor, "parse": parse, "parse-floor": parse_floor}


def measured(part: str, vault: Path, home: Path) -> float:
    """Run a part in a fresh process and return its seconds."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", part]
    command += ["--vault", str(vault), "--home", str(home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603  # this file
    return float(done.stdout)


# -- whole commands ---------------------------------------------------------------------------

WALK = """
import os, sys
for folder, folders, names in os.walk(sys.argv[1]):
    for name in names:
        os.stat(os.path.join(folder, name))
"""
CURATE = "from notemill.cli import main; main()"


def walk(vault: Path) -> float:
    """Return the seconds of a Python that looks at every file's size and time."""
    return _command(["-c", WALK, str(vault)], expect="")


def curate(vault: Path, home: Path) -> float:
    """Return the seconds of `notemill curate` where nothing needs work."""
    flags = ["--provider", "offline", "--home", str(home)]
    return _command(["-c", CURATE, "curate", str(vault), *flags], expect="nothing to do")


def _command(arguments: list[str], *, expect: str) -> float:
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603  # this very Python
        [sys.executable, *arguments], capture_output=True, check=True, text=True
    )
    took_s = time.perf_counter() - started
    if expect not in done.stdout + done.stderr:
        raise SystemExit(f"the command did not say {expect!r}:\n{done.stdout}{done.stderr}")
    return took_s


def show(title: str, turns: list[tuple[float, float]], notes: int) -> None:
    """Print one line: medians of (part, floor), their ratio, and the cost a note."""
    own, base = (statistics.median(values) for values in zip(*turns, strict=True))
    print(f"{title:14}{own:9.2f}{base:9.2f}{own / base:8.1f}{own * 1000 / notes:12.3f}", flush=True)


def main() -> None:
    """Write a vault, measure each part in turns with its floor, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, metavar="NOTES")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--measure", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--vault", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(PARTS[arguments.measure](arguments.vault, arguments.home))
        return
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder, "vault")
        write_vault(vault, arguments.items)
        homes = [Path(folder, f"home-{turn}") for turn in range(arguments.turns)]
        print(f"{arguments.items:,} notes of {WORDS} words, median of {arguments.turns} turns each")
        print(f"{'part':14}{'wall s':>9}{'floor s':>9}{'ratio':>8}{'ms a note':>12}")
        for title, part in (("first index", "index"), ("parse", "parse")):
            turns = [
                (measured(part, vault, home), measured(f"{part}-floor", vault, home))
                for home in homes
            ]
            show(title, turns, arguments.items)
        turns = [(curate(vault, home), walk(vault)) for home in homes]
        show("nothing to do", turns, arguments.items)


if __name__ == "__main__":
    main()
