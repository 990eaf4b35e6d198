"""Beside other tools: the same work, the same stand-in of the API, one tool after the other.

Every tool is installed into an environment of its own, with the pins of `NAME.txt`, below a cache
folder, and takes its turn in a fresh process with a bare environment and an empty home. In each
turn all tools follow the floor (aiohttp alone), and what they are of the floor's throughput is
taken within that turn; the table has the medians. A tool that cannot be installed or run is named
with the reason. Tools that need much longer get a smaller number of items, which the table states.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.stub import apart, cpu_s  # this script is run by its path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".peers"
LATENCY_MS = {"realtime": 50.0, "batch": 0.0}
NEWEST_MINOR = 14
TURN_TIMEOUT_S = 600
# All that a tool sees of the environment: no keys, no proxies, no settings of its own.
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Tool:
    """A row: `runner` and `pins` name files beside this one; without pins this environment is used.

    `share` is the part of the items that it gets, `minor` the oldest Python 3 that it runs on.
    """

    title: str
    runner: str
    lanes: tuple[str, ...]
    variant: str = ""
    pins: str | None = None
    package: str | None = None
    share: float = 1.0
    minor: int = 11


FLOOR = Tool("raw aiohttp (the floor)", "aiohttp", ("realtime", "batch"))
SDK = "anthropic SDK"
TOOLS = (
    FLOOR,
    Tool("twolane", "twolane", ("realtime", "batch")),
    Tool("flexllm", "flexllm", ("realtime",), pins="flexllm", package="flexllm"),
    Tool(
        "flexllm, with its checkpoint", "flexllm", ("realtime",), "checkpoint", "flexllm", "flexllm"
    ),
    Tool(
        "async-batch-llm around raw aiohttp", "async_batch_llm", ("realtime",), "aiohttp",
        "async_batch_llm", "async-batch-llm", 0.5,
    ),
    Tool(
        "async-batch-llm", "async_batch_llm", ("realtime",), "",
        "async_batch_llm", "async-batch-llm", 0.25,
    ),
    Tool(
        f"{SDK}, aiohttp transport", "anthropic", ("realtime",), "aiohttp",
        "anthropic", "anthropic", 0.5,
    ),
    Tool(f"{SDK}, default transport", "anthropic", ("realtime",), "", "anthropic", "anthropic", 0.25),
    Tool(f"{SDK}, by hand", "anthropic", ("batch",), "", "anthropic", "anthropic"),
    Tool(
        "bespokelabs-curator", "curator", ("realtime", "batch"), "",
        "curator", "bespokelabs-curator", 0.25,
    ),
    Tool("batchata", "batchata", ("batch",), "", "batchata", "batchata", 0.2, minor=12),
)  # fmt: skip


class UnavailableError(Exception):
    """A tool cannot be installed or run; the message is the reason, for the table."""


def pinned(tool: Tool) -> str:
    """Return the version of the tool that its pins name, '' where it has none."""
    if tool.pins is None:
        return ""
    lines = (HERE / f"{tool.pins}.txt").read_text().splitlines()
    return next(line.split("==")[1] for line in lines if line.startswith(f"{tool.package}=="))


def base_python(minor: int) -> str:
    """Return an interpreter of at least Python 3.`minor`. Raises UnavailableError."""
    if sys.version_info >= (3, minor):
        return sys.executable
    for newer in range(minor, NEWEST_MINOR + 1):
        found = shutil.which(f"python3.{newer}")
        # A version manager's stand-in may be found and yet refuse to start.
        if found and not subprocess.run([found, "-V"], capture_output=True, check=False).returncode:  # noqa: S603
            return found
    raise UnavailableError(f"needs Python 3.{minor}, which is not on the PATH")


def environment(tool: Tool, cache: Path) -> str:
    """Return the tool's interpreter, installed first where needed. Raises UnavailableError."""
    if tool.pins is None:
        return sys.executable
    pins = HERE / f"{tool.pins}.txt"
    folder, log = cache / tool.pins, cache / f"{tool.pins}.log"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / ".installed"
    state = hashlib.sha256(pins.read_bytes()).hexdigest()
    if done.is_file() and done.read_text() == state:
        return str(python)
    base = base_python(tool.minor)
    cache.mkdir(parents=True, exist_ok=True)
    print(f"installing {tool.pins}", file=sys.stderr)
    commands = (
        [base, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(pins)],
    )
    with log.open("wb") as out:
        for command in commands:
            if subprocess.run(command, stdout=out, stderr=out, check=False).returncode:  # noqa: S603
                raise UnavailableError(
                    f"could not be installed, see {log.name} in the cache folder"
                )
    done.write_text(state)
    return str(python)


def bare(tool: Tool, home: str) -> dict[str, str]:
    """Return the environment that a tool runs in; `home` is for all that it leaves behind."""
    own = ("PYTHONPATH",) if tool.pins is None else ()
    kept = {name: os.environ[name] for name in KEPT_VARIABLES + own if name in os.environ}
    return {**kept, "HOME": home, "TMPDIR": home}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one tool took in one turn; `stub` is the part of a core that the stub used meanwhile."""

    items: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    stub: float


@dataclass(frozen=True, slots=True)
class Given:
    """What all tools of a lane are given."""

    lane: str
    url: str
    items: int
    in_flight: int
    batch_size: int


def result_of(out: bytes) -> dict[str, float]:
    """Return the result that a runner wrote: the last line, for a tool may have written more."""
    result: dict[str, float] = json.loads(out.splitlines()[-1])
    return result


def take_turn(tool: Tool, python: str, given: Given) -> Turn:
    """Let a tool do the work in a fresh process. Raises UnavailableError."""
    items = round(given.items * tool.share)
    with tempfile.TemporaryDirectory() as home:
        command = [python, str(HERE / f"run_{tool.runner}.py"), "--home", home]
        command += ["--lane", given.lane, "--variant", tool.variant, "--url", given.url]
        command += ["--items", str(items), "--in-flight", str(given.in_flight)]
        command += ["--batch-size", str(given.batch_size)]
        stub = cpu_s(given.url)
        try:
            done = subprocess.run(  # noqa: S603  # a runner beside this file
                command,
                capture_output=True,
                env=bare(tool, home),
                timeout=TURN_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"{items:,} items took over {TURN_TIMEOUT_S} s") from error
        stub = cpu_s(given.url) - stub
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise UnavailableError(f"failed: {''.join(last)[:200]}")
    found = result_of(done.stdout)
    if found["ok"] != items:
        raise UnavailableError(f"answered {found['ok']:,} of {items:,} prompts")
    # The stub has little to do outside of the measured part: a round of 100.
    return Turn(items, found["wall_s"], found["cpu_s"], found["peak_mb"], stub / found["wall_s"])


def compare(given: Given, tools: list[Tool], turns: int, cache: Path) -> None:
    """Let the tools take turns and print their table."""
    ready: dict[Tool, str] = {}
    missing: dict[Tool, str] = {}
    for tool in tools:
        try:
            ready[tool] = environment(tool, cache)
        except UnavailableError as error:
            missing[tool] = str(error)
    taken: dict[Tool, list[Turn]] = {tool: [] for tool in ready}
    for number in range(turns):
        for tool in [tool for tool in ready if tool not in missing]:
            print(f"{given.lane}, turn {number + 1}: {tool.title}", file=sys.stderr)
            try:
                taken[tool].append(take_turn(tool, ready[tool], given))
            except UnavailableError as error:
                missing[tool] = str(error)
    show(given, tools, taken, missing)


def show(
    given: Given, tools: list[Tool], taken: dict[Tool, list[Turn]], missing: dict[Tool, str]
) -> None:
    """Print the table of a lane, as Markdown."""
    cells = realtime_cells if given.lane == "realtime" else batch_cells
    head = REALTIME_HEAD if given.lane == "realtime" else BATCH_HEAD
    print(f"\n| tool | version | items | {' | '.join(head)} |")
    print("|---" * (len(head) + 3) + "|")
    for tool in tools:
        start = f"| {tool.title} | {pinned(tool) or '-'} |"
        if tool in missing:
            print(f"{start} - | {missing[tool]} {'| ' * (len(head) - 1)}|")
            continue
        own = taken[tool]
        print(f"{start} {own[0].items:,} | {' | '.join(cells(own, taken[FLOOR]))} |")


REALTIME_HEAD = ("items/s", "share of the floor", "CPU ms per item", "peak MB", "stub's CPU")
BATCH_HEAD = ("CPU ms per item", "wall ms per item", "peak MB")


def realtime_cells(own: list[Turn], floor: list[Turn]) -> list[str]:
    """Return the medians of a tool's turns in real time, one cell for each of its columns."""
    rates = [turn.items / turn.wall_s for turn in own]
    floors = [turn.items / turn.wall_s for turn in floor]
    share = statistics.median(a / b for a, b in zip(rates, floors, strict=True))
    stub = statistics.median(turn.stub for turn in own)
    return [f"{statistics.median(rates):,.0f}", f"{share:.2f}", *_cost(own), f"{stub:.0%}"]


def batch_cells(own: list[Turn], _: list[Turn]) -> list[str]:
    """Return the medians of a tool's turns in batches, one cell for each of its columns."""
    cpu, peak = _cost(own)
    wall = statistics.median(turn.wall_s * 1000 / turn.items for turn in own)
    return [cpu, f"{wall:.3f}", peak]


def _cost(own: list[Turn]) -> tuple[str, str]:
    cpu_ms = statistics.median(turn.cpu_s * 1000 / turn.items for turn in own)
    return f"{cpu_ms:.3f}", f"{statistics.median(turn.peak_mb for turn in own):.0f}"


def main() -> None:
    """Compare the asked tools in the asked lanes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", nargs="+", choices=LATENCY_MS, default=list(LATENCY_MS))
    runners = sorted({tool.runner for tool in TOOLS} - {FLOOR.runner})
    parser.add_argument("--tools", nargs="+", choices=runners, default=runners)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--items", type=int, default=4_000, help="in real time")
    parser.add_argument("--batch-items", type=int, default=10_000, help="in batches")
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=1_000)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the tools are installed")
    arguments = parser.parse_args()
    for lane in arguments.lanes:
        items = arguments.items if lane == "realtime" else arguments.batch_items
        asked = {FLOOR.runner, *arguments.tools}
        tools = [tool for tool in TOOLS if lane in tool.lanes and tool.runner in asked]
        with apart(latency_ms=LATENCY_MS[lane]) as url:
            given = Given(lane, url, items, arguments.in_flight, arguments.batch_size)
            compare(given, tools, arguments.turns, arguments.cache.resolve())


if __name__ == "__main__":
    main()
