"""The whole engine against the simulator on a virtual clock, under every kind of fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles import Crash
from tests.thinning import thinned
from tests.twolane.worker.scene import MODEL, Scene, assert_closed
from twolane import Lane, Request, RunState
from twolane.core.pricing import cost_nano
from twolane.providers.anthropic import AnthropicProvider
from twolane.sim import PRESETS, Faults, Pace, SimTransport, Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twolane import Engine, Report

URL = "https://simulator.invalid"
SCHEMA = {
    "type": "object",
    "properties": {"note_ref": {"type": "string"}, "text": {"type": "string"}},
    "required": ["note_ref", "text"],
    "additionalProperties": False,
}


def _echo(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with the token and the question."""
    head, _, question = params["messages"][0]["content"].partition("\n")
    return {"note_ref": head.removeprefix("note_ref: "), "text": question}


def _notes(count: int) -> list[Request]:
    return [
        Request(
            key=f"{index}.md",
            name=f"Note {index}",
            params={
                "model": MODEL,
                "max_tokens": 500,
                "messages": [{"role": "user", "content": f"q{index}"}],
                "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            },
            echo=True,
            content_hash=str(index),
        )
        for index in range(count)
    ]


def _scene(
    home: Path,
    faults: Faults,
    *,
    seed: int,
    pace: Pace | None = None,
    **settings: Any,  # noqa: ANN401
) -> tuple[Scene, Simulator]:
    scene = Scene(home, **settings)
    sim = Simulator(
        now=scene.clock.now, seed=seed, faults=faults, responder=_echo, pace=pace or Pace()
    )
    scene.provider = AnthropicProvider(SimTransport(sim), api_key="sk-any", base_url=URL)
    return scene, sim


def _booked(scene: Scene) -> tuple[int, int]:
    """Return what the ledger books for answers, and how many attempts are booked by reserve."""

    async def read(engine: Engine) -> tuple[int, int]:
        row = engine.ledger.store.db.execute(
            "SELECT coalesce(sum(CASE WHEN unknown THEN 0 ELSE cost_nano END), 0),"
            " coalesce(sum(unknown), 0) FROM (SELECT cost_nano,"
            " outcome IN ('uncertain', 'missing') OR unpriced LIKE '%usage%' AS unknown"
            " FROM attempts WHERE outcome IS NOT NULL)"
        ).fetchone()
        return int(row[0]), int(row[1])

    return scene.run(read)


def _bill(scene: Scene, sim: Simulator) -> int:
    """Return what the simulator's bill comes to, at the price book's rates."""

    async def prices(engine: Engine) -> int:
        known = engine.known_prices()[MODEL]
        return sum(cost_nano(charge.usage, known.rates(charge.lane)) for charge in sim.billing)

    return scene.run(prices)


def _assert_own_answers(scene: Scene, report: Report, count: int) -> None:
    """See that all have ended and that whoever has an answer has its own."""
    assert report.items.open == 0
    assert report.items.total == count
    for outcome in scene.outcomes():
        if outcome.state == "succeeded":
            assert f'"q{outcome.index}"' in outcome.text
        else:
            assert outcome.body is None or "succeeded" not in outcome.body.decode()[:20]


@pytest.mark.parametrize("seed", thinned([1, 2], every=2))
@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize(
    "preset",
    ["none", "rate-limits", "overload", "flaky-network", "bad-results", "lost-creates", "swapped"],
)
def test_every_fault_is_survived_and_no_batch_is_paid_twice(
    tmp_path: Path, preset: str, lane: Lane, seed: int
) -> None:
    """Every item ends, with its own answer or a reason; the bill and the ledger agree."""
    scene, sim = _scene(tmp_path, PRESETS[preset], seed=seed, batch_size=20)
    report = scene.finish(_notes(60), lane=lane)
    assert report.state == RunState.DONE
    _assert_own_answers(scene, report, 60)
    booked, by_reserve = _booked(scene)
    bill = _bill(scene, sim)
    if preset in ("none", "rate-limits", "overload"):
        assert report.items.succeeded == 60
    if not by_reserve:
        assert booked == bill
        # A reply that is not in the form asked for is asked again, and a swapped one is not.
        assert sim.paid_twice() == 0
    assert report.actual_nano >= bill
    assert sim.paid_twice() <= by_reserve


@pytest.mark.parametrize("seed", range(6))
def test_lost_creates_are_never_paid_twice(tmp_path: Path, seed: int) -> None:
    """Creates whose answer is lost, lists that lag, foreign batches: each item is billed once."""
    faults = replace(PRESETS["lost-creates"], create_lost=0.6)
    scene, sim = _scene(tmp_path, faults, seed=seed, batch_size=10)
    report = scene.finish(_notes(50), lane=Lane.BATCH)
    assert report.items.succeeded == 50
    assert sim.paid_twice() == 0
    assert _booked(scene) == (_bill(scene, sim), 0)


def test_swapped_answers_reach_nobody(tmp_path: Path) -> None:
    """Of many answers under each other's ids every one is caught by its echo."""
    scene, sim = _scene(tmp_path, Faults(swapped=0.3), seed=3, batch_size=50)
    report = scene.finish(_notes(200), lane=Lane.BATCH)
    assert sim.log["swapped"] > 10
    assert report.items.quarantined == 2 * sim.log["swapped"]
    _assert_own_answers(scene, report, 200)
    assert sim.paid_twice() == 0


def test_782_files_through_eight_slow_batches(tmp_path: Path) -> None:
    """782 notes, batches of 5 to 15 minutes, deaths on the way: all answered, each paid once."""
    pace = Pace(batch_s=(300.0, 900.0))
    scene, sim = _scene(tmp_path, Faults(fresh_404_s=60.0), seed=7, pace=pace)
    notes = _notes(782)
    before = scene.clock.now()

    async def drive(engine: Engine) -> None:
        run = await scene.begin(engine, notes)
        await run.drive()
        assert_closed(engine, run)

    for commit in (3, 9, 14, 11, 7):
        with pytest.raises(Crash):
            scene.run(drive, ends_at=commit)
        scene.clock.advance(120.0)
    report = scene.finish(notes)
    assert report.items.succeeded == 782
    assert report.lanes[Lane.BATCH].batches == 8
    assert 300 <= scene.clock.now() - before <= 2 * 3_600
    _assert_own_answers(scene, report, 782)
    assert sim.paid_twice() == 0
    assert _booked(scene) == (_bill(scene, sim), 0)


def test_batches_run_side_by_side(tmp_path: Path) -> None:
    """Eight batches of a quarter of an hour take about a quarter of an hour, not two."""
    scene, _ = _scene(tmp_path, Faults(), seed=1, pace=Pace(batch_s=(900.0, 900.0)))
    before = scene.clock.now()
    report = scene.finish(_notes(400))
    assert report.items.succeeded == 400
    assert scene.clock.now() - before < 1_400


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"spend-cap"}))
@pytest.mark.parametrize("seed", thinned([11, 12], every=2))
def test_processes_that_die_under_faults_lose_nothing(
    tmp_path: Path, preset: str, seed: int
) -> None:
    """Under any preset, with processes dying again and again, every item ends in one state."""
    scene, sim = _scene(tmp_path, PRESETS[preset], seed=seed, batch_size=8)
    notes = _notes(30)

    async def drive(engine: Engine) -> None:
        run = await scene.begin(engine, notes)
        await run.drive()

    for commit in (2, 5, 8, 13, 6):
        try:
            scene.run(drive, seed=seed, ends_at=commit, after=bool(commit % 2))
        except Crash:
            scene.clock.advance(30.0)
    report = scene.finish(notes)
    assert report.state == RunState.DONE
    _assert_own_answers(scene, report, 30)
    booked, by_reserve = _booked(scene)
    assert booked <= _bill(scene, sim) <= report.actual_nano
    assert by_reserve or booked == _bill(scene, sim)


def test_a_spend_cap_stops_the_run_and_the_resume_finishes(tmp_path: Path) -> None:
    """A spend limit at the provider ends the run with exit code 5; without it the run goes on."""
    from twolane.errors import SpendCapError  # noqa: PLC0415

    scene, sim = _scene(tmp_path, PRESETS["spend-cap"], seed=1, batch_size=20)
    with pytest.raises(SpendCapError) as caught:
        scene.finish(_notes(120))
    assert caught.value.exit_code == 5
    sim.faults = Faults()
    report = scene.finish(_notes(120))
    assert report.items.succeeded == 120
    assert sim.paid_twice() == 0


def test_a_run_waits_for_the_limits_a_minute_instead_of_ending(tmp_path: Path) -> None:
    """With nothing in flight and no request left this minute, the run is not over."""
    scene, sim = _scene(tmp_path, Faults(requests_per_min=5), seed=1, concurrency=4)

    async def work(engine: Engine) -> RunState:
        run = await scene.begin(engine, _notes(23), lane=Lane.REALTIME)
        return await run.drive()

    began = scene.clock.now()
    assert scene.run(work) is RunState.DONE
    assert 3 * 60.0 <= scene.clock.now() - began < 10 * 60.0
    assert len(sim.billing) == 23
