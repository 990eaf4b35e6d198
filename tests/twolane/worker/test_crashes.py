"""A process that dies at any commit: the next one goes on, and nothing is paid for twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doubles import Crash
from tests.thinning import thinned
from tests.twolane.worker.scene import Scene, ask, assert_all_answered, assert_closed
from twolane import Engine, Lane, Report, RunState
from twolane.errors import OverloadedError, RateLimitedError

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = 13
BATCH = 5


async def _drive(scene: Scene, engine: Engine, lane: Lane) -> None:
    run = await scene.begin(engine, ask(ITEMS), lane=lane)
    await run.drive()
    assert_closed(engine, run)


def _commits(scene: Scene, lane: Lane) -> int:
    """Return how many commits the whole run takes when nothing goes wrong."""
    scene.run(lambda engine: _drive(scene, engine, lane))
    assert scene.store is not None
    return scene.store.commits


def _crash_at(home: Path, lane: Lane, commit: int, *, after: bool) -> tuple[Scene, int]:
    """Let a process die at a commit and others finish; return the calls in flight at its end."""
    scene = Scene(home, batch_size=BATCH, concurrency=4)
    scene.scripted.latency_s = 1.0
    with pytest.raises(Crash):
        scene.run(lambda engine: _drive(scene, engine, lane), ends_at=commit, after=after)
    report = scene.finish(ask(ITEMS), lane=lane)
    assert report.state == RunState.DONE
    assert report.items.succeeded == ITEMS
    assert_all_answered(scene, ITEMS)
    return scene, report.items.uncertain


@pytest.mark.parametrize("after", thinned([True, False], every=2), ids=["after", "before"])
def test_batches_survive_a_crash_at_every_commit(tmp_path: Path, *, after: bool) -> None:
    """Whichever commit a process dies at, its batches are finished and paid for once."""
    commits = _commits(Scene(tmp_path / "whole", batch_size=BATCH), Lane.BATCH)
    assert commits > 15
    for commit in range(1, commits + 1):
        home = tmp_path / str(commit)
        scene, uncertain = _crash_at(home, Lane.BATCH, commit, after=after)
        assert len(scene.scripted.billed) == ITEMS
        assert max(scene.scripted.billed.values()) == 1, f"commit {commit}"
        assert uncertain == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_calls_survive_a_crash_at_every_commit(tmp_path: Path, *, after: bool) -> None:
    """Only calls in flight at a crash, and the answers of the last commit window, are uncertain."""
    commits = _commits(Scene(tmp_path / "whole", concurrency=4), Lane.REALTIME)
    assert commits > 5
    for commit in range(1, commits + 1):
        home = tmp_path / str(commit)
        scene, uncertain = _crash_at(home, Lane.REALTIME, commit, after=after)
        billed = scene.scripted.billed
        assert len(billed) == ITEMS
        assert sum(billed.values()) - ITEMS <= uncertain <= 2 * 4


def test_uncertain_calls_keep_their_reserve_as_spent(tmp_path: Path) -> None:
    """A call in flight at a crash counts with its worst case, besides the call that replaces it."""
    scene = Scene(tmp_path, concurrency=4)
    with pytest.raises(Crash):
        # The run's creation and the claim of the first four are durable, no answer is.
        scene.run(lambda engine: _drive(scene, engine, Lane.REALTIME), ends_at=3)

    async def reserved(engine: Engine) -> int:
        run = await engine.latest("scene")
        assert run is not None
        spent, out = engine.ledger.money(run.row)
        assert spent == 0
        return out

    at_crash = scene.run(reserved)
    assert at_crash > 0
    report = scene.finish(ask(ITEMS), lane=Lane.REALTIME)
    outcomes = scene.outcomes()
    assert report.items.uncertain == 4
    answers = report.actual_nano - at_crash
    assert 0 < answers < at_crash
    assert report.actual_nano == sum(one.cost_nano for one in outcomes)


def test_a_second_crash_in_the_resume_is_survived_as_well(tmp_path: Path) -> None:
    """Processes that die one after the other, each a commit later, still finish the run."""
    scene = Scene(tmp_path, batch_size=BATCH)
    for commit in range(1, 8):
        with pytest.raises(Crash):
            scene.run(lambda engine: _drive(scene, engine, Lane.BATCH), ends_at=commit)
    report = scene.finish(ask(ITEMS), lane=Lane.BATCH)
    assert report.items.succeeded == ITEMS
    assert max(scene.scripted.billed.values()) == 1


def test_a_crash_between_accepted_and_recorded_costs_nothing_twice(tmp_path: Path) -> None:
    """A batch that the provider took, and nobody wrote down, is found and used."""
    scene = Scene(tmp_path, batch_size=BATCH)
    scene.scripted.create_script.extend(["ok", "crash_after", "crash_after"])
    report = scene.finish(ask(ITEMS))
    assert report.items.succeeded == ITEMS
    assert len(scene.scripted.batches) == 3
    assert max(scene.scripted.billed.values()) == 1
    assert_all_answered(scene, ITEMS)


_STEPS = st.sampled_from(
    ["ok", "drop_before", "drop_after", "error_after", "crash_after", "overloaded", "limited"]
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(_STEPS, max_size=6),
    deaths=st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=3),
    foreign=st.booleans(),
    lag=st.integers(0, 3),
)
def test_no_mixture_of_lost_creates_and_crashes_pays_twice(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[str],
    deaths: list[tuple[int, bool]],
    foreign: bool,  # noqa: FBT001  # Hypothesis passes it by name
    lag: int,
) -> None:
    """Whatever becomes of the creates and wherever processes die, each item is billed once."""
    scene = Scene(tmp_path_factory.mktemp("mixture"), batch_size=BATCH)
    said = {
        "overloaded": OverloadedError("scripted", status=529, kind="overloaded_error"),
        "limited": RateLimitedError("scripted", status=429, kind="rate_limit_error"),
    }
    scene.scripted.create_script.extend(said.get(step, step) for step in steps)
    scene.scripted.lag = lag
    if foreign:
        scene.scripted.add_foreign(BATCH)
    for commit, after in deaths:
        try:
            scene.run(lambda engine: _drive(scene, engine, Lane.BATCH), ends_at=commit, after=after)
        except Crash:
            continue
        if foreign:
            scene.scripted.add_foreign(BATCH)
    report: Report = scene.finish(ask(ITEMS), lane=Lane.BATCH)
    assert report.items.succeeded == ITEMS
    billed = {k: n for k, n in scene.scripted.billed.items() if k.startswith("q")}
    assert set(billed.values()) == {1}
    assert len(billed) == ITEMS


def test_what_a_killed_process_left_on_disk_is_removed(tmp_path: Path) -> None:
    """Bodies on their way hold prompts: the next process on the run removes what was left."""
    scene = Scene(tmp_path, batch_size=BATCH)
    scene.scripted.create_script.append("crash_after")

    async def crash(engine: Engine) -> str:
        run = await scene.begin(engine, ask(ITEMS))
        with pytest.raises(Crash):
            await run.drive()
        return run.id

    async def look(engine: Engine) -> None:
        await asyncio.sleep(0)
        await _drive(scene, engine, Lane.BATCH)

    run_id = scene.run(crash, ends_at=4)
    left = tmp_path / "spool" / f"{run_id}-abcd.create.json"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"a prompt")
    scene.run(look)
    assert list(left.parent.iterdir()) == []
