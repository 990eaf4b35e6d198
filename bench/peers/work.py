"""The work that every tool is given, and how it is measured: the same for all of them.

A runner, `run_NAME.py`, is executed by its tool's own interpreter. It imports its tool, and calls
`measure` with a function that makes the model answer some prompts and returns how many it got.
A small first round, not measured, takes what is loaded or opened only once; then the round of the
asked size is measured and one line of JSON tells what it took. Standard library only, so that it
can be imported in every environment.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "claude-haiku-4-5"
MAX_TOKENS = 512
API_KEY = "bench"
FIRST_ROUND = 100
TEXT = "A note about measuring clients on loopback, of a usual length. " * 14
# ru_maxrss is in kilobytes, on macOS in bytes.
RSS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Work:
    """What a runner was asked for.

    `home` is the folder of what it keeps: empty at first, the same one when it shall go on after
    it was killed. `once` leaves out the first, unmeasured round.
    """

    lane: str
    variant: str
    url: str
    items: int
    in_flight: int
    batch_size: int
    home: Path
    once: bool


def asked() -> Work:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lane", choices=["realtime", "batch"], required=True)
    parser.add_argument("--variant", default="")
    parser.add_argument("--url", required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--once", action="store_true")
    return Work(**vars(parser.parse_args()))


def prompts(items: int, *, first: int) -> list[str]:
    """Return `items` prompts of about 1 KB, numbered from `first` on, so that no two are alike."""
    return [f"{number:07d} {TEXT}" for number in range(first, first + items)]


def params(prompt: str) -> dict[str, object]:
    """Return the request of a prompt as the Messages API takes it."""
    message = {"role": "user", "content": prompt}
    return {"model": MODEL, "max_tokens": MAX_TOKENS, "messages": [message]}


def used_cpu_s() -> float:
    """Return the CPU that this process and its ended children have used, in seconds."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


def measure(work: Work, run: Callable[[Work, list[str]], int]) -> None:
    """Let `run` answer two rounds of prompts and print what the second one took, as JSON.

    `run` returns how many prompts were answered. CPU is user and system time of the process and
    its children; the peak is of the process's whole life, imports included.
    """
    if not work.once:
        run(_in_folder(work, "first"), prompts(FIRST_ROUND, first=0))
    work = _in_folder(work, "measured")
    given = prompts(work.items, first=FIRST_ROUND)
    wall, cpu = time.perf_counter(), used_cpu_s()
    answered = run(work, given)
    wall, cpu = time.perf_counter() - wall, used_cpu_s() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_PER_MB
    found = {"items": work.items, "ok": answered, "wall_s": wall, "cpu_s": cpu, "peak_mb": peak}
    print(json.dumps(found), flush=True)


def _in_folder(work: Work, name: str) -> Work:
    home = work.home / name
    home.mkdir(exist_ok=True)
    return replace(work, home=home)
