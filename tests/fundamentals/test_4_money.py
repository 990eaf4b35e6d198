"""4. Money: quoted before the run, capped while it runs, reported to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.doubles import ScriptedProvider
from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, ItemState, Request, RunState, format_usd, plain_usd

if TYPE_CHECKING:
    from pathlib import Path

USD = 1_000_000_000
"""A dollar in nano-dollars, the unit of money on the way."""


async def test_what_is_answered_in_this_process_is_free(tmp_path: Path) -> None:
    """A plan names the estimate in both lanes before anything is sent."""
    requests = [question(str(n), "hello") for n in range(5)]
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        plan = engine.plan(requests)
        assert (plan.quote.realtime_nano, plan.quote.batch_nano) == (0, 0)
        run = await engine.start(requests, plan=plan, cap_nano=USD)
        assert await run.drive() is RunState.DONE
        assert (await run.report()).actual_nano == 0


async def test_a_cap_is_a_hard_stop_and_can_be_raised(tmp_path: Path) -> None:
    """The worst case is set aside before a request leaves: what does not fit is left out."""
    # Answers in this process are free, so a scripted provider with a real model's prices stands in.
    provider = ScriptedProvider()
    requests = [
        Request(key=one.key, params={**one.params, "model": "claude-haiku-4-5"})
        for one in (question(str(n), f"text {n}") for n in range(10))
    ]
    async with Engine(settings(tmp_path), provider, executor=None) as engine:
        plan = engine.plan(requests)
        assert 2 * plan.quote.batch_nano == plan.quote.realtime_nano > 0

        cap_nano = USD // 1_200
        run = await engine.start(requests, cap_nano=cap_nano)
        assert await run.drive() is RunState.STOPPED
        report = await run.report()
        assert 0 < report.actual_nano <= cap_nano
        assert report.items.skipped > 0
        assert {failure.kind for failure in report.failures} == {"budget"}

        await run.set_cap(USD)
        assert await run.drive() is RunState.DONE
        assert all(outcome.state is ItemState.SUCCEEDED for outcome in run.outcomes())


def test_money_is_written_for_people_and_for_programs() -> None:
    """Nano-dollars become a short text for a person and an exact decimal for a program."""
    assert format_usd(1_800_000_000) == "$1.80"
    assert format_usd(12_340) == "$0.000012"
    assert Decimal(plain_usd(12_340)) == Decimal("0.00001234")
