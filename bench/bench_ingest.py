"""Bulk: many transcripts as one ingest, offline, killed in its middle, and all of it taken back.

    python bench/bench_ingest.py FOLDER

FOLDER holds transcripts in Markdown, such as a clone of
github.com/bitcointranscripts/bitcointranscripts. All of them are ingested into an empty vault with
`notemill ingest LIST --apply`, the command as a person runs it. Once half of the answers are booked,
its process is killed with SIGKILL, and the same command is given again. Then it is checked that every
source has its note, and none two, but for those with nothing to read; that the same command finds
nothing to do; and that `notemill undo` gives the folder back byte for byte. Shown is how long each
took, how much of that on a processor, and how much memory (`ru_maxrss`) the commands used.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from twolane import Reader, Settings, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_NOTE: Final = "# Home\n\nWhere things begin.\n"
LOOK_EVERY_S: Final = 0.2
KILOBYTES_A_MEGABYTE: Final = 1024


class Bulk:
    """A vault and its state in a temporary folder, and the commands on it."""

    def __init__(self, folder: Path, sources: list[Path]) -> None:
        """Write a vault of one note, and the list of sources."""
        self.vault = folder / "vault"
        self.vault.mkdir()
        (self.vault / "Home.md").write_text(HOME_NOTE, encoding="utf-8")
        self.home = folder / "home"
        self._list = folder / "sources.txt"
        self._list.write_text("".join(f"{one}\n" for one in sources), encoding="utf-8")
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANTHROPIC_", "NOTEMILL_", "TWOLANE_"))
        }
        self._environment = {**kept, "NOTEMILL_HOME": str(self.home)}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(  # noqa: S603
            [str(Path(sys.executable).with_name("notemill")), *words, "--yes"],
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """Run a command to its end; return what it printed."""
        process = self.start(*words)
        out, _ = process.communicate()
        if process.returncode not in {0, 3}:
            raise SystemExit(f"notemill {words[0]} ended with {process.returncode}: {out}")
        return out

    def ingest(self) -> Mapping[str, Any]:
        """Ingest all sources; return the report."""
        found: Mapping[str, Any] = json.loads(self.run(*self.command))
        return found

    @property
    def command(self) -> tuple[str, ...]:
        """The command that ingests all sources."""
        where = ("--vault", str(self.vault), "--stages", "none")
        return ("ingest", str(self._list), *where, "--apply", "--json")

    def answered(self) -> tuple[int, int]:
        """Return how many answers are booked, of how many; none while the ledger is made."""
        settings = Settings(home=self.home)
        with contextlib.suppress(TwolaneError), Reader.open(settings) as reader:
            for row in reader.runs(bare=True):
                items = reader.report(row, with_failures=False).items
                return items.succeeded, items.total
        return 0, 0

    def tree(self) -> dict[str, str]:
        """Return the hash of every file of the vault."""
        return {
            path.relative_to(self.vault).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.vault.rglob("*"))
            if path.is_file()
        }


def killed_in_the_middle(bulk: Bulk) -> tuple[int, int]:
    """Ingest until half is answered, and kill the process; return how far it came."""
    process = bulk.start(*bulk.command)
    try:
        while process.poll() is None:
            done, of = bulk.answered()
            if of and 2 * done >= of:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                return done, of
            time.sleep(LOOK_EVERY_S)
        raise SystemExit(f"it ended with {process.returncode} before it could be killed")
    finally:
        process.kill()
        process.communicate()


def check(bulk: Bulk, report: Mapping[str, Any], before: dict[str, str], sources: int) -> int:
    """Check that every source has one note, or nothing to read; return the number of notes."""
    new = [one for one in bulk.tree() if one not in before]
    failed = report["items"]["failed"]
    made = Counter(one["note"] for one in report["notes"])
    if set(new) != set(made) or max(made.values()) > 1 or len(new) + failed != sources:
        raise SystemExit(f"{len(new):,} notes, {len(made):,} of the run; {failed:,} sources failed")
    if any(one["state"] != "applied" for one in report["notes"]):
        raise SystemExit("some notes were not written")
    return len(new)


def processor_s() -> float:
    """Return the seconds that commands that have ended were on a processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, help="only the first of the transcripts")
    options = parser.parse_args()
    sources = sorted(options.folder.resolve().rglob("*.md"))[: options.items]
    if not sources:
        parser.error(f"{options.folder} has no transcripts (.md)")
    size_mb = sum(one.stat().st_size for one in sources) / 1e6
    rows: list[tuple[str, float, float]] = []
    started, used = time.monotonic(), processor_s()

    def lap(what: str) -> None:
        nonlocal started, used
        rows.append((what, time.monotonic() - started, processor_s() - used))
        started, used = time.monotonic(), processor_s()

    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as folder:
        bulk = Bulk(Path(folder), sources)
        before = bulk.tree()
        done, of = killed_in_the_middle(bulk)
        lap(f"killed with {done:,} of {of:,} answered")
        report = bulk.ingest()
        lap("the same command, to its end")
        notes = check(bulk, report, before, len(sources))
        written = bulk.tree()
        again = bulk.ingest()
        if again["notes"] or bulk.tree() != written:
            raise SystemExit("the same command again wrote something")
        lap("the same command again, nothing to do")
        bulk.run("undo", report["run"])
        lap("undo")
        if bulk.tree() != before:
            raise SystemExit("undo did not give the folder back")
    print(f"{len(sources):,} transcripts, {size_mb:,.0f} MB, {notes:,} notes\n")
    rows.append(("ingest in all", rows[0][1] + rows[1][1], rows[0][2] + rows[1][2]))
    print("| step | seconds | on a processor |")
    print("|---|---|---|")
    for what, took, on_processor in rows:
        print(f"| {what} | {took:,.1f} | {on_processor:,.1f} |")
    most_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"\npeak memory of a command: {most_kb // KILOBYTES_A_MEGABYTE:,} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
