"""The whole engine, simulated: whatever goes wrong, every invariant holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.thinning import thinned
from tests.twolane.chaos.campaign import Tally, campaign, summary, tally
from tests.twolane.chaos.mutations import MUTANTS, Mutant, hunt
from tests.twolane.chaos.play import play
from tests.twolane.chaos.schedule import (
    AtCommit,
    AtExchange,
    Life,
    Phase,
    Schedule,
    Wish,
    Workload,
    draw_schedule,
)
from tests.twolane.chaos.stories import STORIES
from twolane import Lane
from twolane.sim import Faults, Pace

if TYPE_CHECKING:
    from tests.twolane.chaos.schedule import End

ROOT = Path(__file__).parents[3]
SEEDS = range(500)
PART = 25


@cache
def _part(first: int) -> Tally:
    """Play the seeds of one part, once for all tests."""
    return tally(range(first, first + PART))


@pytest.mark.parametrize("first", thinned(SEEDS[::PART], every=len(SEEDS)))
def test_no_schedule_breaks_an_invariant(first: int) -> None:
    """Whatever the provider does and wherever processes die, all invariants hold."""
    assert _part(first).failed == {}


@pytest.mark.parametrize("story", STORIES)
def test_what_was_found_once_stays_fixed(story: str) -> None:
    """What once broke an invariant breaks none any more."""
    assert play(STORIES[story]).broken == ()


def _small(lane: Lane, end: End) -> Schedule:
    """Return a small run in one lane, whose first process ends as told."""
    load = Workload(
        tag="a", items=7, batch_size=3, lane=lane, lives=(Life(end, pause_s=5.0),), echo=True
    )
    return Schedule(
        seed=1,
        workloads=(load,),
        pace=Pace(batch_s=(20.0, 90.0)),
        faults=Faults(overloaded=0.1, short=0.3, not_json=0.1),
        concurrency=3,
    )


def _reached(schedule: Schedule) -> bool:
    """Play a schedule, see that nothing breaks, and tell whether its first process died."""
    played = play(schedule)
    assert played.broken == (), schedule
    return any(" a0 dies " in line for line in played.trace)


@pytest.mark.long
@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_commit_breaks_nothing(lane: Lane, *, after: bool) -> None:
    """Whichever commit a process dies at, before it or behind it, all invariants hold."""
    number = 1
    while _reached(_small(lane, AtCommit(number, after=after))):
        number += 1
    assert number > 5


@pytest.mark.long
@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("phase", list(Phase))
def test_a_death_in_any_exchange_breaks_nothing(lane: Lane, phase: Phase) -> None:
    """Whichever call to the provider a process dies in, all invariants hold."""
    number = 1
    while _reached(_small(lane, AtExchange(number, phase))):
        number += 1
    assert number > 5


@pytest.mark.long
def test_the_same_seed_plays_the_same() -> None:
    """A seed names everything: played again, its trace is the same to the last line."""
    hashes: set[str] = set()
    for seed in range(20):
        first, second = play(draw_schedule(seed)), play(draw_schedule(seed))
        assert first.trace == second.trace
        assert first.trace_hash == second.trace_hash
        hashes.add(first.trace_hash)
    assert len(hashes) == 20


@pytest.mark.loopback
def test_a_seed_plays_the_same_in_another_process() -> None:
    """A failure can be replayed anywhere: nothing depends on a process's own hash seed."""
    schedule = draw_schedule(SEEDS.start)
    for hash_seed in ("1", "2"):
        done = subprocess.run(  # noqa: S603  # this interpreter and its own module
            [sys.executable, "-m", "tests.twolane.chaos", "--seed", str(schedule.seed)],
            capture_output=True,
            check=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert done.stdout.splitlines()[-1] == f"trace {play(schedule).trace_hash}"


@pytest.mark.long
def test_schedules_differ_and_meet_every_kind_of_end() -> None:
    """The seeds of this test reach every way in which processes and attempts end."""
    met = sum((_part(first).met for first in range(0, 200, PART)), Counter[str]())
    for name in (
        "process:dies AtCommit",
        "process:dies AtExchange",
        "process:dies AtTime",
        "process:is locked out",
        "run:done",
        "run:canceled",
        "run:stopped",
        "wish:cancel an item",
        "attempt:batch succeeded",
        "attempt:batch expired",
        "attempt:batch unsent",
        "attempt:realtime uncertain",
        "fault:create_lost",
        "fault:foreign",
    ):
        assert met[name] > 0, name


def test_canceling_everything_at_any_moment_breaks_nothing() -> None:
    """A run canceled by another process, early or late, closes with everything booked."""
    for moment in range(12):
        base = _small(Lane.BATCH, None)
        life = Life(wishes=(Wish(0.02 + moment * 0.05 + moment**2, None),))
        load = replace(base.workloads[0], lives=(life,))
        assert play(replace(base, workloads=(load,), look_s=1.0)).broken == ()


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_breaks_a_story(mutant: Mutant) -> None:
    """An engine that lacks one safeguard breaks an invariant in one of the stories."""
    assert hunt(mutant, STORIES.values()).count is not None, mutant.lacks


@pytest.mark.parametrize("mutant", thinned(MUTANTS[:5], every=5), ids=lambda mutant: mutant.name)
def test_the_gravest_mutants_are_caught_by_chance(mutant: Mutant) -> None:
    """Drawn schedules catch what would cost most within a few dozen seeds."""
    assert hunt(mutant, map(draw_schedule, range(100))).count is not None, mutant.lacks


def test_a_campaign_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeds that were played are not played again; the summary counts what was met."""
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    assert campaign(3, jobs=1, tell=told.append).seeds == 3
    total = campaign(5, jobs=1, tell=told.append)
    assert total.seeds == 2
    assert "5 of 5 seeds, 0 failed" in told[-1]
    assert any(line.startswith("run: ") for line in summary(total))
    assert campaign(5, jobs=1, tell=told.append).seeds == 0
    assert "were played before" in told[-1]
