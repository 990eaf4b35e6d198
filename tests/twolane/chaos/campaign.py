"""Many seeds in a row, on one core or several; where it stopped is kept in `.sim/`."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.twolane.chaos.play import play
from tests.twolane.chaos.schedule import draw_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK: Final = 50
FOLDER: Final = Path(".sim")
SHOWN_FAILURES: Final = 20


@dataclass(slots=True)
class Tally:
    """What a range of seeds came to: how many failed and how, CPU time, and what was met."""

    seeds: int = 0
    cpu_s: float = 0.0
    slowest_s: float = 0.0
    slowest: int = 0
    failed: dict[int, str] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count what another range came to."""
        self.seeds += other.seeds
        self.cpu_s += other.cpu_s
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
        self.failed |= other.failed
        self.met += other.met


def tally(seeds: range) -> Tally:
    """Play a range of seeds."""
    total = Tally()
    for seed in seeds:
        began = time.process_time()
        played = play(draw_schedule(seed))
        took_s = time.process_time() - began
        failed = {seed: played.broken[0]} if played.broken else {}
        total.add(Tally(1, took_s, took_s, seed, failed, played.met))
    return total


def _results(chunks: list[range], jobs: int) -> Iterator[Tally]:
    if jobs == 1:
        yield from map(tally, chunks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(tally, chunks)


def campaign(until: int, *, jobs: int, tell: Callable[[str], None]) -> Tally:
    """Play every seed below `until` that was not played yet; return what this call played.

    The progress file is written after every chunk of 50, so a campaign that is stopped goes on
    there. To begin anew, for example with a changed engine, remove the folder.
    """
    path = FOLDER / "progress.json"
    first, failed = _progress(path)
    chunks = [range(at, min(at + CHUNK, until)) for at in range(first, until, CHUNK)]
    if not chunks:
        tell(f"all seeds below {until:,} were played before; remove {FOLDER}/ to play them again")
    total, began = Tally(), time.monotonic()
    FOLDER.mkdir(exist_ok=True)
    for chunk, part in zip(chunks, _results(chunks, jobs), strict=True):
        total.add(part)
        for seed, what in part.failed.items():
            tell(f"seed {seed}: {what}\n  make sim SEED={seed}")
            failed[str(seed)] = what
        path.write_text(json.dumps({"next": chunk.stop, "failed": failed}), "utf-8")
        pace = total.seeds / (time.monotonic() - began)
        tell(
            f"{chunk.stop:,} of {until:,} seeds, {len(failed)} failed, "
            f"{total.cpu_s / total.seeds * 1_000:.0f} ms CPU each, {pace:.1f} a second"
        )
    return total


def _progress(path: Path) -> tuple[int, dict[str, str]]:
    """Return the first seed that was not played yet, and what failed before it."""
    if not path.is_file():
        return 0, {}
    kept = json.loads(path.read_text("utf-8"))
    return int(kept["next"]), dict(kept["failed"])


def summary(total: Tally) -> Iterator[str]:
    """Yield the lines that say what a campaign met: endings of processes, faults, attempts."""
    if not total.seeds:
        return
    yield (
        f"{total.seeds:,} schedules, {len(total.failed)} failed; "
        f"slowest {total.slowest} with {total.slowest_s:.1f} s"
    )
    groups = itertools.groupby(sorted(total.met.items()), key=lambda one: one[0].split(":")[0])
    for group, counts in groups:
        listed = sorted(counts, key=lambda one: -one[1])
        yield f"{group}: " + ", ".join(f"{name.split(':')[1]} {n:,}" for name, n in listed)
