"""A schedule played from its first process to its verdict."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from tests.simulation.mortal import Witness, owned_task
from tests.simulation.process import World, respond, story
from tests.simulation.verdict import judge
from tests.virtual_time import START, VirtualLoop
from twolane.sim import Simulator
from twolane.worker import loop as worker_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.schedule import Schedule

MAX_LOOKS: Final = 3_000_000
_MEMORY_DISK: Final = Path("/dev/shm")  # noqa: S108  # the folder made in it is private


@dataclass(frozen=True, slots=True)
class Played:
    """A schedule that was played: its trace, what was wrong if anything was, and what it met."""

    schedule: Schedule
    trace: tuple[str, ...]
    broken: tuple[str, ...]
    met: Counter[str]

    @property
    def trace_hash(self) -> str:
        """The hash of the trace: 16 hex digits."""
        return blake2b("\n".join(self.trace).encode(), digest_size=8).hexdigest()


class EndlessError(RuntimeError):
    """The schedule goes on and on without the clock getting anywhere."""


class CountingLoop(VirtualLoop):
    """A virtual loop that gives up on whatever spins."""

    def __init__(self) -> None:
        """Start at 0."""
        self._looks = 0
        super().__init__()

    def time(self) -> float:
        """Return the virtual time. Raises EndlessError at the three-millionth look at it."""
        self._looks += 1
        if self._looks > MAX_LOOKS:
            raise EndlessError(f"{MAX_LOOKS:,} looks at the clock")
        return super().time()


async def _play(world: World) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(cast("Any", owned_task))
    # Tasks of dead processes end with whatever they met; nobody asks them any more.
    loop.set_exception_handler(lambda *_: None)
    await asyncio.gather(*(story(world, load) for load in world.schedule.workloads))


@contextlib.contextmanager
def _fewer_looks(look_s: float) -> Iterator[None]:
    """Have workers look for the wishes of others less often than each second.

    Those looks are most of what a day of waiting costs.
    """
    usual = worker_loop.WISH_POLL_S
    worker_loop.WISH_POLL_S = look_s
    try:
        yield
    finally:
        worker_loop.WISH_POLL_S = usual


def play(schedule: Schedule) -> Played:
    """Play a schedule to its end, in a folder of its own, and judge it."""
    folder = str(_MEMORY_DISK) if _MEMORY_DISK.is_dir() else None
    home = Path(tempfile.mkdtemp(prefix="twolane-sim-", dir=folder))
    loop: CountingLoop | None = None

    def new_loop() -> CountingLoop:
        nonlocal loop
        loop = CountingLoop()
        return loop

    def now() -> float:
        return START + (loop.time() if loop else 0.0)

    witness = Witness(now)
    simulator = Simulator(
        now=now,
        seed=schedule.seed,
        pace=schedule.pace,
        faults=schedule.faults,
        responder=respond,
    )
    world = World(schedule, home, simulator, witness)
    try:
        with _fewer_looks(schedule.look_s), asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_play(world))
        judge(world)
    except Exception as error:  # noqa: BLE001  # whatever it is, it belongs to this seed
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        places = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames[::-1])
        witness.complain("error", f"{type(error).__name__}: {error} at {places}")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    met = witness.met + Counter({f"fault:{name}": n for name, n in simulator.log.items()})
    return Played(schedule, tuple(witness.lines), tuple(witness.broken), met)
