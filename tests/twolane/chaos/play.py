"""A schedule played from its first process to its verdict."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from tests.twolane.chaos.mortal import Witness, owned_task
from tests.twolane.chaos.places import replaced
from tests.twolane.chaos.process import World, respond, story
from tests.twolane.chaos.verdict import judge
from tests.virtual_time import START, VirtualLoop
from twolane.sim import Simulator
from twolane.worker import batches, collect, loop, reconcile

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.twolane.chaos.schedule import Schedule

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
        if self._looks == MAX_LOOKS:  # and not again: what is left has to be put away
            raise EndlessError(f"{MAX_LOOKS:,} looks at the clock")
        return super().time()


async def _play(world: World) -> None:
    running = asyncio.get_running_loop()
    running.set_task_factory(cast("Any", owned_task))
    # Tasks of dead processes end with whatever they met; nobody asks them any more.
    running.set_exception_handler(lambda *_: None)
    await asyncio.gather(*(story(world, load) for load in world.schedule.workloads))


# Where the engine takes many in one step, and no schedule has that many. A list is complete only
# when all its pages are: with many of them, each failing now and then, it hardly ever would be.
_GRAINS: Final = (
    (batches, "RENDER_ROWS", 1),
    (collect, "CHUNK_LINES", 1),
    (loop, "LOOK_ROWS", 1),
    (reconcile, "PAGE_LIMIT", 4),
)


def _scaled(schedule: Schedule) -> AbstractContextManager[None]:
    """Bring the engine's constants down to the size of a schedule.

    Looks for the wishes of others, one each second, are most of what a day of waiting costs; and
    what goes in steps of hundreds would always go in one.
    """
    scaled: list[tuple[Any, str, float]] = [(loop, "WISH_POLL_S", schedule.look_s)]
    if schedule.grain is not None:
        scaled += [(module, name, schedule.grain * times) for module, name, times in _GRAINS]
    return replaced(scaled)


def play(schedule: Schedule) -> Played:
    """Play a schedule to its end, in a folder of its own, and judge it."""
    folder = str(_MEMORY_DISK) if _MEMORY_DISK.is_dir() else None
    home = Path(tempfile.mkdtemp(prefix="twolane-sim-", dir=folder))
    clock: CountingLoop | None = None

    def new_loop() -> CountingLoop:
        nonlocal clock
        clock = CountingLoop()
        return clock

    def now() -> float:
        return START + (clock.time() if clock else 0.0)

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
        with _scaled(schedule), asyncio.Runner(loop_factory=new_loop) as runner:
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
