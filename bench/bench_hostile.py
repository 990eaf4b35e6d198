"""Hostile notes: the time of each command against the length of a note that repeats something.

Every cell is a process of its own, on a vault of three honest notes and one made by a pattern of
`tests/hostile/patterns.py`, at a quarter, a half and the whole of `--size`. What is shown is the CPU
time at the whole size, what it takes more than on the honest notes alone, and the exponent that fits
the three: 1 is linear, 2 quadratic. A command that passes `--limit` seconds is ended there and shown
as `over`. Commands that need another one's result (`show`, `undo`) get it beforehand, unmeasured.

    python bench/bench_hostile.py --only 'key::' --command tidy --size 1000000
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from notemill.cli import main as notemill
from tests.hostile import patterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HONEST: Final = {
    "one.md": "---\ntags: [garden/soil]\n---\n# Soil\n\nWorms turn leaves into soil. See [[two]].\n",
    "two.md": "# Compost\n\nA heap of leaves becomes compost within a year. #garden\n",
    "three.md": "Notes on bread: flour, water, salt and time.\n",
}
V: Final = "{vault}"
COMMANDS: Final[dict[str, tuple[list[list[str]], list[str]]]] = {
    "curate": ([], ["curate", V, "--yes", "--apply"]),
    "dry run": ([], ["curate", V, "--dry-run"]),
    "show": ([["curate", V, "--yes"]], ["show", "last"]),
    "undo": ([["curate", V, "--yes", "--apply"]], ["undo", "last", "--yes"]),
    "tags": ([], ["tags", V]),
    "vocabulary": ([], ["tags", "vocabulary", V, "--note", "Tags.md", "--yes"]),
    "rename": ([], ["tags", "rename", "a", "b", "--vault", V, "--yes"]),
    "drop": ([], ["tags", "drop", "a", "--vault", V, "--yes"]),
    "tidy": ([], ["tidy", V, *(f"--kind={one}" for one in ("inline", "case", "plural", "lists", "duplicates", "dates")), "--yes"]),
    "link": ([], ["link", V, "--apply", "--yes", "--min-score", "0", "--embedding", "off"]),
}  # fmt: skip
"""What is done before, and what is measured; `{vault}` is the vault's folder."""
MEMORY: Final = 3 << 30
LEAST_S: Final = 0.1
"""From less time no exponent can be told."""
CHOSEN: Final = (
    *("[", "a", " ", "\\n", "\\u0301", "🚀"), *("[[", "[[a]]", "](", "[a](b) ", "![[a]]", "[^1]"),
    *("**a", "_a_", "`a", "$a", "%%", "<!--", "<a ", "<div>\\n", "{{", "<% tp.a ", "http://a ", "&#"),
    *("#a ", "#a\\n", "#a/", "#a{} ", "#{} ", "key:: v\\n", "key::  \\n", "key{}:: v\\n", "tags:: a, b\\n"),
    *("- a\\n", "> a\\n", "> ```\\n", "~~~\\n", "| a\\n", "a\\n===\\n", "# a\\n", "    a\\n", "word{} ", "A{}. "),
    *("中文", "The a is b. ", "data:a/b,", "eyJ", "aB3", "<!-- notemill: related -->\\n"),
    *("<!-- notemill: tags -->\\n", "<!-- notemill: tags -->\\n- a\\n"),
)  # fmt: skip
"""The pieces of text that are measured where nothing is named; all properties are few enough."""


def chosen() -> list[str]:
    """Return the patterns that are measured where nothing is named."""
    texts = [f"text '{piece}'" for piece in CHOSEN]
    texts += [name for name in patterns.TEXTS if name.startswith(("runs", "nested", "stairs"))]
    texts += ["vocabulary", "no UTF-8"]
    blocks = [name for name in patterns.FRONTMATTERS if name.startswith(("properties", "depth"))]
    blocks += [name for name in patterns.FRONTMATTERS if name.startswith("tags: [")]
    return [name for name in (*texts, *blocks) if name in patterns.TEXTS or name in blocks]


def cpu_s(words: Sequence[str], place: Path, limit_s: int) -> float:
    """Run a command in a process of its own; return its CPU seconds, inf where it was ended."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        os.environ |= {"TWOLANE_HOME": str(place / "home"), "TWOLANE_CONFIG": os.devnull}
        sys.argv = ["notemill", *(str(place / "vault") if word == V else word for word in words)]
        code = 1
        try:
            notemill()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        return math.inf
    if os.WEXITSTATUS(status) == 1:
        raise SystemExit(f"notemill {' '.join(words)} ended with a fault")
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def scene(note: bytes | None) -> Iterator[Path]:
    """Yield a folder with a vault, and in it a note, for as long as it is needed."""
    place = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        (place / "vault").mkdir()
        for name, text in HONEST.items():
            (place / "vault" / name).write_text(text, encoding="utf-8")
        if note is not None:
            (place / "vault" / "note.md").write_bytes(note)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def measured(command: str, note: bytes | None, limit_s: int) -> float:
    """Return the CPU seconds of a command on a vault with a note."""
    before, words = COMMANDS[command]
    with scene(note) as place:
        for one in before:
            cpu_s(one, place, limit_s)
        return cpu_s(words, place, limit_s)


def exponent(times: Sequence[float]) -> float:
    """Return the exponent of times at n, 2n and 4n: the slope of a line through their logarithms."""
    logs = [math.log2(max(one, 1e-3)) for one in times]
    return (logs[-1] - logs[0]) / (len(logs) - 1)


def main() -> int:
    """Print the table; return 1 where a command passed the limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=1_000_000, help="bytes of the largest note")
    parser.add_argument("--limit", type=int, default=20, help="CPU seconds of a command")
    parser.add_argument("--only", action="append", help="patterns whose name holds this")
    parser.add_argument("--command", action="append", choices=list(COMMANDS))
    parser.add_argument("--whole", action="store_true", help="measure at the whole size alone")
    parser.add_argument("--above", type=float, default=0.0, help="show what takes as many seconds")
    options = parser.parse_args()
    names = [*patterns.TEXTS, *patterns.FRONTMATTERS] if options.only else chosen()
    names = [name for name in names if any(one in name for one in options.only or [""])]
    sizes = [options.size] if options.whole else [options.size // part for part in (4, 2, 1)]
    commands = options.command or list(COMMANDS)
    honest = {command: measured(command, None, options.limit) for command in commands}
    print("| pattern | command | CPU seconds | more | exponent |\n|---|---|---|---|---|")
    worst = 0.0
    for name in names:
        for command in commands:
            times: list[float] = []
            for size in sizes:
                times.append(measured(command, patterns.note(name, size), options.limit))
                if times[-1] == math.inf:
                    break
            worst = max(worst, times[-1])
            more = [max(one - honest[command], 0.0) for one in times]
            if times[-1] >= options.above:
                slope = f"{exponent(more):.2f}" if more[-1] > LEAST_S and len(more) > 1 else "-"
                shown = "over" if times[-1] == math.inf else f"{times[-1]:.2f}"
                print(f"| {name} | {command} | {shown} | {more[-1]:.2f} | {slope} |", flush=True)
    return int(worst > options.limit)


if __name__ == "__main__":
    sys.exit(main())
