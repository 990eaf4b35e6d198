"""One schedule played out: engines live, die and come back on one virtual loop."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.twolane.chaos.mortal import Mortal, MortalLedger, MortalTransport, Witness, question_of
from tests.twolane.chaos.places import replaced
from tests.twolane.chaos.schedule import DAY_S, DiskFull, Life, Stop
from twolane import Engine, Request, RunState, Settings, Stage
from twolane.errors import (
    BudgetExceededError,
    ConfigError,
    LedgerFullError,
    LedgerLockedError,
    ProviderError,
)
from twolane.ledger import LEDGER_FILE, Ledger, ledger
from twolane.ledger.check import check
from twolane.providers.anthropic import AnthropicProvider
from twolane.sim import SimTransport, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.twolane.chaos.schedule import Schedule, Wish, Workload
    from twolane import Run

MODEL: Final = "claude-haiku-4-5"
URL: Final = "https://simulator.invalid"
LONGEST_LIFE_S: Final = 12 * DAY_S
"""Bound of one process, without its waiting for other items: five tries that expire, and more."""

MAX_HEALS: Final = 60
MAX_LOOKS: Final = 3_000_000
# A run that an error stopped is taken up again when the provider has had time to recover.
HEAL_PAUSE_S: Final = 1_800.0
# Rate limits and overloads stop a run only for as long as they last; after this many stops the
# limits that never end by themselves are lifted, as a person would.
PATIENCE: Final = 3
_MEMORY_DISK: Final = Path("/dev/shm")  # noqa: S108  # the folder made in it is private
_SYSTEM: Final = "You answer with the question. " * 160


@dataclass(slots=True)
class World:
    """Everything that outlives a process: the provider, the ledger's folder, and what was seen.

    By the tag of a run: `driven` are those a process works on right now, `began` says when its
    latest process did, `finished` in which state that left it.
    """

    schedule: Schedule
    home: Path
    simulator: Simulator
    witness: Witness
    driven: set[str] = field(default_factory=set)
    began: dict[str, float] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)

    def home_of(self, load: Workload) -> Path:
        """Return the folder of the ledger that a run is in."""
        return self.home / load.tag if load.elsewhere else self.home

    def engine(
        self, load: Workload, name: str, *, key: int = 0, process: Mortal | None = None
    ) -> Engine:
        """Open an engine on a run's ledger: as `process`, or as one that only looks and asks."""
        settings = Settings(
            home=self.home_of(load),
            poll_s=self.schedule.poll_s,
            concurrency=self.schedule.concurrency,
            reconcile_grace_s=self.schedule.grace_s,
            batch_size=load.batch_size,
        )
        process = process or Mortal(name, None, self.schedule.concurrency, self.witness)
        transport = MortalTransport(SimTransport(self.simulator), process)
        provider = AnthropicProvider(transport, api_key=f"sk-{key}", base_url=URL)
        store = partial(MortalLedger, process=process, watch=self.watch_caps)
        with replaced([(ledger, "Store", store)]):
            return Engine(
                settings, provider, executor=None, now=self.witness.now, seed=self._seed(name)
            )

    def _seed(self, name: str) -> int:
        digest = blake2b(f"{self.schedule.seed} {name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def watch_caps(self, db: Any) -> None:  # noqa: ANN401
        """See, in the transaction, that no run's spending and reserves pass its cap."""
        rows = db.execute(
            "SELECT r.id, r.cap_nano, (SELECT sum(CASE WHEN outcome IS NULL THEN reserve_nano"
            " ELSE cost_nano END) FROM attempts WHERE item >> 32 = r.run_no) AS used"
            " FROM runs r WHERE cap_nano IS NOT NULL AND used > cap_nano"
        )
        for run, cap, used in rows.fetchall():
            self.witness.complain(
                "cap", f"{run} may spend {cap} and has {used} spent and set aside"
            )

    def look_through(self, load: Workload, when: str) -> None:
        """See that the ledger's own check finds nothing."""
        with contextlib.closing(Ledger(self.home_of(load) / LEDGER_FILE)) as opened:
            for finding in check(opened):
                text = f"{when}: {finding.invariant}: {', '.join(finding.rows)}"
                self.witness.complain("check", text)


# -- what is asked ----------------------------------------------------------------------------


def requests_of(load: Workload) -> list[Request]:
    """Return the requests of a workload; the last word of each is its question."""
    properties = {"text": {"type": "string"}}
    if load.echo:
        properties = {"note_ref": {"type": "string"}, **properties}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    shared: dict[str, Any] = {"model": MODEL, "max_tokens": load.max_tokens}
    if load.schema:
        shared["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    if load.cached:
        shared["system"] = _SYSTEM
    return [
        Request(
            key=f"{load.tag}/{index}.md",
            name=f"Note ☂ {index}",
            params={**shared, "messages": [{"role": "user", "content": _content(load, index)}]},
            echo=load.echo,
            content_hash=f"hash {index}",
            need=index % 3 if load.ranked else 0,
        )
        for index in range(load.items)
    ]


def _content(load: Workload, index: int) -> str:
    return f"{'word ' * load.words}{question(load, index)}"


def question(load: Workload, index: int) -> str:
    """Return the question of an item; paired items share theirs."""
    return f"{load.tag}q{index // 2 * 2 if load.paired else index}"


def respond(params: Mapping[str, Any]) -> str | Mapping[str, Any]:
    """Answer a question with itself, and with the reference in front of it."""
    content = str(params["messages"][0]["content"])
    asked = question_of(content)
    if content.startswith("note_ref: "):
        return {"note_ref": content.partition("\n")[0].removeprefix("note_ref: "), "text": asked}
    return {"text": asked} if "output_config" in params else asked


# -- one process ------------------------------------------------------------------------------


async def live(world: World, load: Workload, life: Life, name: str) -> str:
    """Let one process work on the run of `load`; return how it ended."""
    process = Mortal(name, life.end, world.schedule.concurrency, world.witness)
    world.witness.note(name, f"begins, key {life.key}")
    world.began[load.tag] = world.witness.now()
    engine = world.engine(load, name, key=life.key, process=process)
    working = process.start(_work(world, load, engine, life))
    dying = asyncio.create_task(_wait_for_death(process, life))
    others = [
        asyncio.create_task(_wish(world, load, wish, f"{name}.wish{number}"))
        for number, wish in enumerate(life.wishes)
    ]
    if life.rival_s is not None:
        others.append(asyncio.create_task(_rival(world, load, life.rival_s, f"{name}.rival")))
    # Where there is money for one item at a time only, or creates are lost again and again, each
    # may have to wait for the batch before it.
    longest_s = LONGEST_LIFE_S + 3 * DAY_S * load.items
    done, _ = await asyncio.wait(
        (working, dying), timeout=longest_s, return_when=asyncio.FIRST_COMPLETED
    )
    if not done:
        days = longest_s / DAY_S
        world.witness.complain("liveness", f"{name} works on after {days:.0f} days")
    if working.done() and not process.dead and process.busy:
        world.witness.complain("closed", f"{name} is through, {process.busy} of its tasks are not")
    ending = "died" if process.dead or not done else _ending(world, name, working, load, life)
    process.dead = True
    world.driven.discard(load.tag)
    await process.bury()
    await _put_an_end_to([dying, *others])
    engine.ledger.close()
    world.witness.note(name, f"is over: {ending}")
    world.witness.met[f"process:{ending}"] += 1
    world.look_through(load, f"after {name}")
    return ending


async def _work(world: World, load: Workload, engine: Engine, life: Life) -> None:
    run = await engine.latest(load.tag)
    if run is None:
        run = await _start(load, engine)
    if isinstance(life.end, Stop):
        asyncio.get_running_loop().call_later(life.end.after_s, run.stop)
    world.driven.add(load.tag)
    try:
        for stage in range(len(load.stages)):
            await run.drive(stage)
            if run.row.state is not RunState.OPEN or run.interrupted:
                break
        else:
            await run.drive()
    finally:
        world.driven.discard(load.tag)
    world.finished[load.tag] = run.row.state


async def _start(load: Workload, engine: Engine) -> Run:
    requests = requests_of(load)
    stages = tuple(
        Stage(frozenset(range(before, plan.items)), plan.lane)
        for before, plan in zip(
            (0, *(plan.items for plan in load.stages)), load.stages, strict=False
        )
    )
    plan = engine.plan(requests, lane=load.lane)
    cap = deadline_at = None
    if load.cap_share is not None:
        worst = plan.prices.realtime.output * load.max_tokens * load.items // 1_000
        cap = int(worst * load.cap_share)
    if load.deadline is not None:
        # Where the cap does not pay for a deadline, the deadline goes.
        with contextlib.suppress(BudgetExceededError):
            by = engine.now() + load.deadline.within_s
            plan = engine.plan(requests, lane=load.lane, cap_nano=cap, deadline_at=by)
            deadline_at = by
    return await engine.start(
        requests,
        source=load.tag,
        lane=load.lane,
        cap_nano=cap,
        deadline_at=deadline_at,
        by_strict=load.deadline is not None and load.deadline.strict,
        stages=stages,
        cache=load.cached,
    )


async def _wait_for_death(process: Mortal, life: Life) -> None:
    after_s = getattr(life.end, "after_s", None)
    if after_s is not None and not isinstance(life.end, Stop):
        await asyncio.sleep(after_s)
        process.die(f"{after_s:.3f} s after it began")
    await process.died.wait()


def _ending(
    world: World, name: str, working: asyncio.Task[None], load: Workload, life: Life
) -> str:
    """Name how a process ended that nobody killed; complain where that is no way to end."""
    error = working.exception()
    if error is None:
        state = world.finished[load.tag]
        if state is RunState.OPEN and not isinstance(life.end, Stop):
            world.witness.complain("liveness", f"{name} went away and left work to do")
        return f"left {state}"
    expected = isinstance(error, ProviderError) and type(error).__name__ in _STOPS
    other_key = isinstance(error, ConfigError) and any(life.key for life in load.lives)
    full = isinstance(error, LedgerFullError) and isinstance(life.end, DiskFull)
    if not expected and not other_key and not full:
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        places = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in frames[::-1])
        world.witness.complain(
            "error", f"{name} ended with {type(error).__name__}: {error} at {places}"
        )
    return f"failed with {type(error).__name__}"


# What may stop a run: limits, overloads, networks that stay bad over all tries of a create, and
# what something on the way answers to everything.
_STOPS: Final = frozenset(
    {
        "ConnectionFailedError",
        "CreditError",
        "ForbiddenError",
        "GatewayTimeoutError",
        "LongWaitError",
        "NotTheProviderError",
        "OverloadedError",
        "RateLimitedError",
        "RepeatedBatchIdError",
        "SpendCapError",
        "TransientError",
        "UnreachableError",
    }
)


async def _wish(world: World, load: Workload, wish: Wish, name: str) -> None:
    """Cancel the run, or an item of it, from another process."""
    await asyncio.sleep(wish.after_s)
    engine = world.engine(load, name)
    try:
        run = await engine.latest(load.tag)
        if run is not None:
            key = None if wish.item is None else f"{load.tag}/{wish.item}.md"
            world.witness.note(name, f"cancels {key or 'the run'}")
            world.witness.met[f"wish:cancel {'an item' if key else 'a run'}"] += 1
            if not await run.cancel(key):
                world.witness.complain("wishes", f"{name}: there is no {key}")
    finally:
        engine.ledger.close()
    # A ledger may be checked while a run works on it.
    world.look_through(load, f"at {name}")


async def _rival(world: World, load: Workload, after_s: float, name: str) -> None:
    """Try to work on a run that another process works on."""
    await asyncio.sleep(after_s)
    if load.tag not in world.driven:
        return
    engine = world.engine(load, name)
    try:
        run = await engine.latest(load.tag)
        if run is not None and load.tag in world.driven:
            await run.drive()
            world.witness.complain("lock", f"{name} worked on a run as well")
    except LedgerLockedError:
        world.witness.note(name, "is locked out")
        world.witness.met["process:is locked out"] += 1
    finally:
        engine.ledger.close()


async def _put_an_end_to(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


# -- one schedule -----------------------------------------------------------------------------


async def story(world: World, load: Workload) -> None:
    """Play the lives of a workload, and then as many as it takes for the run to end."""
    for number, life in enumerate(load.lives):
        over = world.finished.get(load.tag) in (RunState.DONE, RunState.CANCELED)
        await live(world, load, life, f"{load.tag}{number}")
        await asyncio.sleep(life.pause_s)
        if over:
            break  # one process that finds nothing to do is enough
    raises, retries, stops, key = int(load.raise_cap), int(load.retry), 0, 0
    for number in range(len(load.lives), len(load.lives) + MAX_HEALS):
        name = f"{load.tag}{number}"
        ending = await live(world, load, Life(key=key), name)
        if ending.startswith("failed"):
            stops += 1
            if stops >= PATIENCE:
                world.simulator.faults = replace(
                    world.simulator.faults, spend_cap_after=None, credit_after=None, max_queued=None
                )
            key = 1 - key if ending.endswith("ConfigError") else key
            await asyncio.sleep(HEAL_PAUSE_S)
        elif ending == f"left {RunState.STOPPED}" and raises:
            raises -= 1
            await _by_hand(world, load, name, more_money=True)
        elif ending == f"left {RunState.DONE}" and retries:
            retries -= 1
            await _by_hand(world, load, name, more_money=False)
        elif ending != f"left {RunState.OPEN}":
            return
    world.witness.complain("liveness", f"{load.tag} does not end within {MAX_HEALS} resumes")


async def _by_hand(world: World, load: Workload, name: str, *, more_money: bool) -> None:
    """Lift the cap, or have what failed tried again."""
    engine = world.engine(load, f"{name}.hand")
    try:
        run = await engine.latest(load.tag)
        if run is not None and more_money:
            await run.set_cap(None)
        elif run is not None:
            await run.retry_failed()
    finally:
        engine.ledger.close()
