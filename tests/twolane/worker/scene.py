"""A ledger's folder, a provider and a virtual clock, which outlive the engines that use them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tests.doubles import Crash, MortalStore, ScriptedProvider
from tests.virtual_time import VirtualClock
from twolane import Engine, Report, Request, RunState, Settings
from twolane.ledger import LEDGER_FILE, Ledger, reports
from twolane.ledger.check import check

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from twolane import ItemOutcome, Run
    from twolane.providers.base import Provider

T = TypeVar("T")

MODEL = "claude-haiku-4-5"
SOURCE = "scene"
MAX_RESUMES = 50
# No run takes this long; one that would wait for ever fails its test instead.
LONGEST_S = 12 * 3_600.0


def ask(count: int, *, echo: bool = True, max_tokens: int = 1_000, words: int = 0) -> list[Request]:
    """Return `count` requests; the question of number 7 ends in `q7`."""
    return [
        Request(
            key=f"n{index}.md",
            name=f"Note ☂ {index}",
            params={
                "model": MODEL,
                "max_tokens": max_tokens,
                "messages": [{"role": "user", "content": f"{'word ' * words}q{index}"}],
            },
            echo=echo,
            content_hash=f"hash {index}",
        )
        for index in range(count)
    ]


class Scene:
    """Opens engines on one ledger and one provider, one after the other."""

    def __init__(
        self,
        home: Path,
        provider: Provider | None = None,
        **settings: Any,  # noqa: ANN401
    ) -> None:
        """Keep the ledger in `home`; `settings` are those of twolane."""
        self.clock = VirtualClock()
        self.scripted = ScriptedProvider()
        self.scripted.now = self.clock.now
        self.provider: Provider = provider or self.scripted
        self.settings = replace(Settings(home=home), **settings)
        self.seen: list[str] = []
        self.store: MortalStore | None = None

    def engine(self, *, seed: int = 0, **mortal: Any) -> Engine:  # noqa: ANN401
        """Open an engine; `mortal` says how its process ends, as for MortalStore."""
        engine = Engine(self.settings, self.provider, executor=None, now=self.clock.now, seed=seed)
        engine.ledger.close()
        self.store = engine.ledger.store = MortalStore(engine.ledger.path, **mortal)
        return engine

    def run(
        self,
        work: Callable[[Engine], Awaitable[T]],
        *,
        seed: int = 0,
        **mortal: Any,  # noqa: ANN401
    ) -> T:
        """Run `work` with an engine of its own, as one process, and close it."""
        engine = self.engine(seed=seed, **mortal)

        async def process() -> T:
            async with asyncio.timeout(LONGEST_S):
                return await work(engine)

        try:
            return self.clock.run(process())
        finally:
            engine.ledger.close()
            self.check()

    def check(self) -> None:
        """See that the ledger is sound, however the process ended that wrote it."""
        ledger = Ledger(self.settings.home / LEDGER_FILE)
        assert check(ledger) == []
        ledger.close()

    async def begin(self, engine: Engine, requests: Sequence[Request], **start: Any) -> Run:  # noqa: ANN401
        """Return the scene's run, started where there is none, its counts watched."""
        run = await engine.latest(SOURCE)
        if run is None:
            run = await engine.start(requests, source=SOURCE, **start)
        watch(engine, run, len(requests))
        return run

    def finish(self, requests: Sequence[Request], **start: Any) -> Report:  # noqa: ANN401
        """Answer `requests`, taking the run up again after every crash; return its report."""

        async def work(engine: Engine) -> Report:
            run = await self.begin(engine, requests, **start)
            await run.drive()
            return await run.report()

        for seed in range(MAX_RESUMES):
            try:
                return self.run(work, seed=seed)
            except Crash:
                continue
        raise AssertionError("the run does not end")

    def outcomes(self) -> list[ItemOutcome]:
        """Return what became of the items of the scene's run, in input order."""

        async def work(engine: Engine) -> list[ItemOutcome]:
            run = await engine.latest(SOURCE)
            assert run is not None
            return list(run.outcomes())

        return self.run(work)


def watch(engine: Engine, run: Run, total: int) -> None:
    """Have it checked at every commit of endings that nothing vanishes and the cap holds."""

    def check(_: object) -> None:
        counts = reports.counts(engine.ledger, run.row)
        ended = (
            counts.succeeded + counts.failed + counts.canceled + counts.skipped
            + counts.conflict + counts.quarantined
        )  # fmt: skip
        assert counts.total == total
        assert counts.open + ended == total
        spent, reserved = engine.ledger.money(run.row)
        assert spent >= 0
        assert reserved >= 0
        if run.row.cap_nano is not None:
            assert spent + reserved <= run.row.cap_nano

    run.listeners.append(check)


def assert_all_answered(scene: Scene, count: int) -> None:
    """See that every item has its own answer."""
    outcomes = scene.outcomes()
    assert len(outcomes) == count
    for outcome in outcomes:
        assert outcome.state == "succeeded", outcome
        assert f'q{outcome.index}"' in outcome.text, outcome


def assert_closed(engine: Engine, run: Run) -> None:
    """See that a closed run has only ended items, closed batches and settled attempts."""
    assert run.row.state is not RunState.OPEN
    assert reports.counts(engine.ledger, run.row).open == 0
    assert engine.ledger.batches(run.row, open_only=True) == []
    _, reserved = engine.ledger.money(run.row)
    assert reserved == 0
