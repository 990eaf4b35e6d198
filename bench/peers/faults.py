"""Beside other tools: how many items are paid twice when a batch run meets a fault.

The provider is the simulator of this project, in a process of its own: it bills what it takes and
does what the fault says. A tool that ends without all answers, or is killed, is started again with
the same folder and the same prompts, as its pages say for going on. The bill is the judge.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.compare import (
    CACHE,
    FLOOR,
    TOOLS,
    Tool,
    UnavailableError,
    bare,
    environment,
    result_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twolane.sim.answers import Answer, Call

HERE = Path(__file__).resolve().parent
START_TIMEOUT_S = 120.0
STARTS = 3
HOLD_S = 60.0
BATCH_S = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong once: `lost` creates, or the tool is killed while a call is held back.

    `held` is the kind of the call whose answer is held back, and the how-manieth of its kind.
    """

    title: str
    lost: int = 0
    held: tuple[str, int] | None = None


FAULTS = {
    "lost-create": Fault("a create is accepted, its answer lost", lost=1),
    "killed-creating": Fault("kill -9 between accepted and recorded", held=("create", 1)),
    "killed-collecting": Fault("kill -9 while collecting", held=("results", 2)),
}


def serve(fault: Fault) -> None:
    """Serve the simulator until standard input is closed; each line of it asks for the bill."""
    from twolane.sim import Faults, Pace, SimServer, Simulator  # noqa: PLC0415  # only here

    class Watched(Simulator):
        seen = 0

        def handle(self, call: Call) -> Answer:
            answer = super().handle(call)
            creates = call.method == "POST" and call.path.endswith("/batches")
            kind = "create" if creates else call.path.rpartition("/")[2]
            if fault.held is not None and kind == fault.held[0] and answer.status == 200:  # noqa: PLR2004
                self.seen += 1
                if self.seen == fault.held[1]:
                    answer.delay_s = HOLD_S
                    print("held", flush=True)
            return answer

    async def run() -> None:
        pace = Pace(batch_s=(BATCH_S, BATCH_S), control_s=0.0)
        simulator = Watched(pace=pace, faults=Faults(create_lost_first=fault.lost))
        server = SimServer(simulator)
        print(await server.start(), flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            await asyncio.sleep(2 * BATCH_S)  # so that whatever was created has ended
            # No two prompts are alike, and a tool may give the same one another id.
            print(sum(times - 1 for times in simulator.billing.times().values()), flush=True)
        await server.stop()

    asyncio.run(run())


@contextmanager
def simulator(name: str) -> Iterator[subprocess.Popen[str]]:
    """Run `serve` in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--serve", name]
    with subprocess.Popen(  # noqa: S603  # this very file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> str:
    """Return the next line that the simulator's process writes."""
    assert process.stdout is not None  # noqa: S101  # asked for above
    return process.stdout.readline().strip()


def play(tool: Tool, python: str, name: str, items: int, batch_size: int) -> str:
    """Let a tool meet a fault and return what came of it, as a cell of the table."""
    with simulator(name) as provider, tempfile.TemporaryDirectory() as home:
        url = told(provider)
        command = [python, str(HERE / f"run_{tool.runner}.py"), "--home", home, "--once"]
        command += ["--lane", "batch", "--url", url, "--items", str(items)]
        command += ["--in-flight", "200", "--batch-size", str(batch_size)]
        variables = bare(tool, home)
        if FAULTS[name].held:
            with subprocess.Popen(  # noqa: S603  # a runner beside this file
                command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as killed:
                told(provider)
                killed.kill()
        answered, starts = 0, 0
        while answered < items and starts < STARTS:
            starts += 1
            answered = started(command, variables)
        assert provider.stdin is not None  # noqa: S101  # asked for in `simulator`
        provider.stdin.write("bill\n")
        provider.stdin.flush()
        twice = told(provider)
    cell = f"{int(twice):,}"
    if starts > 1:
        cell += f", after {starts} starts"
    if answered < items:
        cell += f", {items - answered:,} without an answer"
    return cell


def started(command: list[str], variables: dict[str, str]) -> int:
    """Start a tool, wait for its end and return how many answers it has."""
    try:
        done = subprocess.run(  # noqa: S603  # a runner beside this file
            command, capture_output=True, env=variables, timeout=START_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return 0
    return int(result_of(done.stdout)["ok"]) if done.returncode == 0 else 0


def main() -> None:
    """Let the asked tools meet the asked faults and print the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=FAULTS, help=argparse.SUPPRESS)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    able = {tool.runner: tool for tool in TOOLS if "batch" in tool.lanes and tool is not FLOOR}
    parser.add_argument("--tools", nargs="+", choices=able, default=list(able))
    parser.add_argument("--items", type=int, default=1_200)
    parser.add_argument("--batch-size", type=int, default=300)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the tools are installed")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(FAULTS[arguments.serve])
        return
    tools = [able[runner] for runner in arguments.tools]
    print(f"| {' | '.join(['fault', *(tool.title for tool in tools)])} |")
    print("|---" * (len(tools) + 1) + "|")
    for name in arguments.faults:
        cells = [FAULTS[name].title]
        for tool in tools:
            try:
                python = environment(tool, arguments.cache.resolve())
                cells.append(play(tool, python, name, arguments.items, arguments.batch_size))
            except UnavailableError as error:
                cells.append(str(error))
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
