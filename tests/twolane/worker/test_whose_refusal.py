"""Whose refusal is it: one request's, everybody's, or the network's; and is it in sight."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles import ScriptedProvider
from tests.twolane.worker.scene import Scene, ask
from twolane import Lane, RunState
from twolane.errors import (
    ConnectionFailedError,
    EndpointError,
    LongWaitError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    TransientError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from twolane import Engine, Report, Run
    from twolane.core.types import Reply

LATENCY_S = 0.2
LIMITED = RateLimitedError("Usage credits are required", status=429, kind="rate_limit_error")
GONE = UnreachableError("no route to host")


class Moody(ScriptedProvider):
    """Answers a question with the error that `mood` gives for it; `asked` counts the calls."""

    def __init__(self, mood: Callable[[int], Exception | None]) -> None:
        """Take `mood`, which gets the number of the question."""
        super().__init__()
        self.mood = mood
        self.latency_s = LATENCY_S
        self.asked: Counter[int] = Counter()

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:
        """Answer, or raise."""
        number = int(body.rpartition(b"q")[2].partition(b'"')[0])
        self.asked[number] += 1
        error = self.mood(number)
        if error is not None:
            await asyncio.sleep(self.latency_s)
            raise error
        return await super().send(body, most_bytes=most_bytes, betas=betas)


def _scene(tmp_path: Path, mood: Callable[[int], Exception | None], **settings: Any) -> Scene:  # noqa: ANN401
    provider = Moody(mood)
    scene = Scene(tmp_path, provider, **settings)
    provider.now = scene.clock.now
    return scene


def _asked(scene: Scene) -> Counter[int]:
    assert isinstance(scene.provider, Moody)
    return scene.provider.asked


def _timed(scene: Scene, count: int) -> tuple[Report, float]:
    began = scene.clock.now()
    report = scene.finish(ask(count), lane=Lane.REALTIME)
    return report, scene.clock.now() - began


# -- one request's ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [LIMITED, OverloadedError("busy", status=529)])
@pytest.mark.parametrize("bad", [(0,), (100,), (199,), (3, 50, 51, 120)], ids=str)
def test_one_requests_refusal_holds_nobody_back(
    tmp_path: Path, error: ProviderError, bad: tuple[int, ...]
) -> None:
    """It goes behind the others and fails after its tries, with the provider's words."""
    scene = _scene(tmp_path, lambda number: error if number in bad else None)
    report, took_s = _timed(scene, 200)
    assert (report.items.succeeded, report.items.failed) == (200 - len(bad), len(bad))
    assert {one.item for one in report.failures} == {f"n{number}.md" for number in bad}
    assert all(str(error) in one.message for one in report.failures)
    assert took_s < 30
    assert all(_asked(scene)[number] <= 8 for number in bad)
    # The others were through long before: seconds, and not the minutes of common pauses.
    ended = sorted(
        settled for (settled,) in _rows(scene, "SELECT settled_at - sent_at FROM attempts")
    )
    assert ended[150] < 5


def _rows(scene: Scene, sql: str) -> list[tuple[Any, ...]]:
    async def work(engine: Engine) -> list[tuple[Any, ...]]:
        return engine.ledger.store.db.execute(sql).fetchall()

    return scene.run(work)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_many_refused_requests_leave_room_for_the_others(tmp_path: Path, concurrency: int) -> None:
    """One in ten is never taken, and few calls may be out: the others are not held back for long."""
    scene = _scene(
        tmp_path, lambda number: LIMITED if number % 10 == 3 else None, concurrency=concurrency
    )
    report, took_s = _timed(scene, 200)
    assert (report.items.succeeded, report.items.failed) == (180, 20)
    assert took_s < 180


@pytest.mark.parametrize(
    ("a_minute", "items", "concurrency"), [(3, 16, 16), (10, 40, 32), (5, 20, 1)]
)
def test_a_tight_limit_a_minute_fails_nobody(
    tmp_path: Path, a_minute: int, items: int, concurrency: int
) -> None:
    """Without a retry-after a limit is told from a request that is never taken by who recovers."""
    bucket = {"level": 3.0, "at": 0.0}

    def mood(_: int) -> Exception | None:
        now = scene.clock.now()
        bucket["level"] = min(a_minute, bucket["level"] + (now - bucket["at"]) * a_minute / 60)
        bucket["at"] = now
        if bucket["level"] < 1:
            return LIMITED
        bucket["level"] -= 1
        return None

    scene = _scene(tmp_path, mood, concurrency=concurrency)
    bucket["at"] = scene.clock.now()
    report, _ = _timed(scene, items)
    assert report.items.succeeded == items


@pytest.mark.parametrize(
    "error",
    [
        TransientError("Internal server error", status=500, kind="api_error"),
        TransientError("proxy", status=502, kind="api_error"),
        ConnectionFailedError("no answer within 600 s", sent=True),
    ],
    ids=["500", "502", "timeout"],
)
def test_one_requests_other_faults_hold_nobody_back(tmp_path: Path, error: ProviderError) -> None:
    """Its pauses are its own: with room for one call at a time the others go on."""
    scene = _scene(tmp_path, lambda number: error if number == 0 else None, concurrency=1)
    report, _ = _timed(scene, 60)
    assert (report.items.succeeded, report.items.failed) == (59, 1)
    done = _rows(
        scene,
        "SELECT max(settled_at) FROM attempts WHERE outcome = 'succeeded'"
        " UNION ALL SELECT min(sent_at) FROM attempts",
    )
    assert done[0][0] - done[1][0] < 60 * LATENCY_S + 15


def test_many_resting_calls_leave_room_for_the_others(tmp_path: Path) -> None:
    """A third of all items that always fail with 500 does not stop the rest."""
    broken = TransientError("Internal server error", status=500, kind="api_error")
    scene = _scene(tmp_path, lambda number: broken if number % 3 == 0 else None, concurrency=4)
    report, took_s = _timed(scene, 90)
    assert (report.items.succeeded, report.items.failed) == (60, 30)
    assert took_s < 1_500


def test_a_limit_that_all_meet_fails_nobody(tmp_path: Path) -> None:
    """Where newcomers are refused as well, it is load: a tight limit without a retry-after."""
    bucket = {"level": 3.0, "at": 0.0}

    def mood(_: int) -> Exception | None:
        now = scene.clock.now()
        bucket["level"] = min(3.0, bucket["level"] + (now - bucket["at"]) * 0.8)
        bucket["at"] = now
        if bucket["level"] < 1:
            return LIMITED
        bucket["level"] -= 1
        return None

    scene = _scene(tmp_path, mood)
    bucket["at"] = scene.clock.now()
    report, took_s = _timed(scene, 150)
    assert report.items.succeeded == 150
    assert took_s < 150 / 0.8 * 3


def test_a_storm_pauses_all_and_ends_the_run_after_an_hour(tmp_path: Path) -> None:
    """Nobody answered for an hour: the run stops with its items to do, and the resume finishes."""
    down = {"on": True}
    scene = _scene(tmp_path, lambda _: LIMITED if down["on"] else None)
    began = scene.clock.now()
    with pytest.raises(LongWaitError, match="nothing was answered for an hour") as caught:
        scene.finish(ask(40), lane=Lane.REALTIME)
    assert caught.value.exit_code == 5
    assert 3_600 <= scene.clock.now() - began < 3_700
    assert sum(_asked(scene).values()) < 1_000
    down["on"] = False
    report = scene.finish(ask(40))
    assert (report.items.succeeded, report.items.uncertain) == (40, 0)


def test_the_last_call_of_all_is_not_waited_for_as_long_as_a_storm(tmp_path: Path) -> None:
    """With nothing to compare it with, one that others were answered before fails in ten minutes."""
    scene = _scene(tmp_path, lambda number: LIMITED if number == 19 else None, concurrency=1)
    report, took_s = _timed(scene, 20)
    assert (report.items.succeeded, report.items.failed) == (19, 1)
    assert "Usage credits" in report.failures[0].message
    assert took_s < 700


def test_a_run_of_one_refused_item_ends(tmp_path: Path) -> None:
    """An hour of patience, and it fails: resuming it for ever would help nobody."""
    scene = _scene(tmp_path, lambda _: LIMITED)
    report, took_s = _timed(scene, 1)
    assert report.items.failed == 1
    assert 3_600 <= took_s < 3_700


# -- retry-after ------------------------------------------------------------------------------


def test_a_wait_of_a_day_for_one_call_stops_the_run_when_the_others_are_through(
    tmp_path: Path,
) -> None:
    """Nobody sleeps for a day: what else there is is done, and the item stays to be done."""
    day = RateLimitedError("later", status=429, kind="rate_limit_error", retry_after_s=86_400.0)
    days = iter([day])
    scene = _scene(tmp_path, lambda number: next(days, None) if number == 2 else None)
    began = scene.clock.now()
    with pytest.raises(LongWaitError, match=r"later; that is over at .*: resume the run then"):
        scene.finish(ask(40), lane=Lane.REALTIME)
    assert scene.clock.now() - began < 30
    states = Counter(one.state for one in scene.outcomes())
    assert states == {"succeeded": 39, "pending": 1}
    report = _report(scene)
    assert report.waiting is not None
    assert report.waiting.why == "later"
    assert report.waiting.until == pytest.approx(began + 86_400, abs=30)
    report = scene.finish(ask(40))
    assert (report.state, report.items.succeeded, report.waiting) == ("done", 40, None)


def _report(scene: Scene) -> Report:
    async def work(engine: Engine) -> Report:
        run = await engine.latest("scene")
        assert run is not None
        return await run.report()

    return scene.run(work)


def test_a_wait_of_a_day_for_all_stops_the_run_at_once(tmp_path: Path) -> None:
    """A few of them in a row, and nobody answered, are enough."""
    day = RateLimitedError("later", status=429, kind="rate_limit_error", retry_after_s=86_400.0)
    scene = _scene(tmp_path, lambda _: day)
    with pytest.raises(LongWaitError):
        scene.finish(ask(300), lane=Lane.REALTIME)
    assert sum(_asked(scene).values()) <= 16
    assert {one.state for one in scene.outcomes()} == {"pending"}


@pytest.mark.parametrize("script", ["create_script", "poll_script", "fetch_script"])
def test_a_wait_of_a_day_stops_the_batch_lane_as_well(tmp_path: Path, script: str) -> None:
    """Create, poll and results alike: the run stops, says until when, and goes on later."""
    day = RateLimitedError("later", status=429, kind="rate_limit_error", retry_after_s=86_400.0)
    scene = Scene(tmp_path)
    getattr(scene.scripted, script).append(day)
    began = scene.clock.now()
    with pytest.raises(LongWaitError, match="that is over at"):
        scene.finish(ask(5), lane=Lane.BATCH)
    assert scene.clock.now() - began < 200
    report = _report(scene)
    assert report.waiting is not None
    assert report.waiting.until == pytest.approx(began + 86_400, abs=200)
    assert scene.finish(ask(5)).items.succeeded == 5
    assert max(scene.scripted.billed.values()) == 1


@pytest.mark.parametrize("bad", [{0}, {0, 1}, {0, 1, 2, 3}], ids=str)
def test_one_at_a_time_what_is_never_taken_holds_no_place(tmp_path: Path, bad: set[int]) -> None:
    """Several such requests at the head of a run take turns, and the others are asked meanwhile."""
    scene = _scene(tmp_path, lambda number: LIMITED if number in bad else None, concurrency=1)
    report = scene.finish(ask(40), lane=Lane.REALTIME)
    assert (report.items.succeeded, report.items.failed) == (40 - len(bad), len(bad))
    assert sum(_asked(scene).values()) < 40 + 20 * len(bad)


# -- calls that never left --------------------------------------------------------------------


@pytest.mark.parametrize("lane", list(Lane))
def test_a_provider_that_was_never_reached_stops_the_run_at_once(
    tmp_path: Path, lane: Lane
) -> None:
    """An unknown host or a closed port is a wrong address until it has answered once."""
    scene = _scene(tmp_path, lambda _: GONE)
    scene.scripted.list_script.extend([GONE] * 3)
    began = scene.clock.now()
    with pytest.raises(UnreachableError, match="no route to host") as caught:
        _finish_at(scene, lane)
    assert caught.value.exit_code == 2
    assert scene.clock.now() - began < 5
    assert {one.state for one in scene.outcomes()} == {"pending"}


def _finish_at(scene: Scene, lane: Lane) -> Report:
    provider = scene.provider
    assert isinstance(provider, ScriptedProvider)
    provider.list_script.extend([GONE] * 3)
    return scene.finish(ask(12), lane=lane)


@pytest.mark.parametrize("lane", list(Lane))
def test_a_network_that_goes_away_for_hours_counts_against_nobody(
    tmp_path: Path, lane: Lane
) -> None:
    """Laptops lose their network: once answered, a run waits, with growing pauses."""
    away = {"from": 2.0, "to": 3 * 3_600.0}

    def mood(_: int) -> Exception | None:
        gone = away["from"] <= scene.clock.now() - began < away["to"]
        return GONE if gone else None

    scene = _scene(tmp_path, mood, batch_size=10)
    provider = scene.provider
    assert isinstance(provider, Moody)
    began = scene.clock.now()
    if lane is Lane.BATCH:
        provider.list_script.extend([None, *[GONE] * 200])
    report = scene.finish(ask(300 if lane is Lane.REALTIME else 30), lane=lane)
    assert report.items.failed == 0
    assert report.items.uncertain == 0
    assert {one.attempts for one in scene.outcomes()} == {1}
    if lane is Lane.REALTIME:
        assert sum(provider.asked.values()) - 300 < 3 * 3_600 / 30 + 60


def test_an_answer_in_an_earlier_life_counts_as_one(tmp_path: Path) -> None:
    """Who was reached before the process ended has a right address: the next one waits."""
    gone = {"until": 0.0}
    scene = _scene(tmp_path, lambda _: GONE if scene.clock.now() < gone["until"] else None)

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(100), lane=Lane.REALTIME)
        asyncio.get_running_loop().call_later(0.5, run.stop)
        await run.drive()

    scene.run(work)
    assert 0 < sum(one.state == "succeeded" for one in scene.outcomes()) < 100
    gone["until"] = scene.clock.now() + 600
    assert scene.finish(ask(100)).items.succeeded == 100


@pytest.mark.parametrize("lane", list(Lane))
def test_a_wrong_address_stops_the_run_whenever_it_shows(tmp_path: Path, lane: Lane) -> None:
    """What no waiting cures stops at once, counts against nobody, and is taken up later."""
    wrong = EndpointError("the certificate has expired", status=0)
    bad = {"on": True}
    scene = _scene(tmp_path, lambda number: wrong if bad["on"] and number > 3 else None)
    if lane is Lane.BATCH:
        scene.provider.list_script.append(wrong)  # type: ignore[attr-defined]
    with pytest.raises(EndpointError) as caught:
        scene.finish(ask(60), lane=lane)
    assert caught.value.exit_code == 2
    bad["on"] = False
    report = scene.finish(ask(60))
    assert (report.items.succeeded, report.items.uncertain) == (60, 0)


# -- in sight ---------------------------------------------------------------------------------


def _look_after(scene: Scene, lane: Lane, after_s: float) -> tuple[Any, Report]:
    """Return what is waited for in this process, and by the ledger, some time after the start."""
    seen: list[Any] = []

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(40), lane=lane)
        driving = asyncio.create_task(run.drive())
        await asyncio.sleep(after_s)
        seen.append((await run.progress()).waiting)
        seen.append(await _other(engine, run))
        run.stop()
        assert await driving is RunState.OPEN

    scene.run(work)
    return seen[0], seen[1]


async def _other(engine: Engine, run: Run) -> Report:
    """Return the report as another process sees it."""
    return await (await engine.run(run.id)).report()


def _queue_full(scene: Scene) -> None:
    scene.settings = replace(scene.settings, batch_size=10)
    scene.scripted.limits = replace(scene.scripted.limits, max_queued=25)
    scene.scripted.hold = True


@pytest.mark.parametrize(
    ("lane", "set_up", "why"),
    [
        (Lane.REALTIME, lambda scene: scene.provider.__setattr__("mood", lambda _: LIMITED), "Usage credits"),
        (Lane.BATCH, lambda scene: scene.scripted.poll_script.extend([GONE] * 9), "cannot be asked after: no route to host"),
        (Lane.BATCH, lambda scene: scene.scripted.fetch_script.extend([GONE] * 99), "no route to host"),
        (Lane.BATCH, lambda scene: scene.scripted.list_script.extend([None, *[GONE] * 99]), "no route"),
        (Lane.BATCH, lambda scene: scene.scripted.create_script.extend([LIMITED] * 99), "Usage credits"),
        (Lane.BATCH, lambda scene: scene.scripted.create_script.append("drop_before"), "whether batch .* was taken"),
        (Lane.BATCH, _queue_full, "queue is full"),
    ],
    ids=["calls", "poll", "results", "list", "create", "grace", "queue"],
)  # fmt: skip
def test_every_wait_is_in_sight(
    tmp_path: Path, lane: Lane, set_up: Callable[[Scene], None], why: str
) -> None:
    """What for and until when: in this process, in another one, and in the report of a stop."""
    scene = _scene(tmp_path, lambda _: None, batch_size=10)
    scene.scripted = scene.provider  # type: ignore[assignment]
    set_up(scene)
    waiting, other = _look_after(scene, lane, 100.0)
    assert waiting is not None
    assert other.waiting is not None
    assert re.search(why, waiting.why)
    assert re.search(why, other.waiting.why)
    if waiting.until is not None:
        assert waiting.until > scene.clock.now() - 200
    stopped = _report(scene)
    assert stopped.waiting is not None
    assert re.search(why, stopped.waiting.why)
