"""Lists, polls, results and cancellations without end: every loop ends, and says which it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.twolane.worker.scene import SOURCE, ask
from tests.twolane.worker.wire import Wired, wired
from twolane import Lane, RunState
from twolane.core.expiry import BATCH_LIFE_S, LONGEST_LIFE_S, OVERDUE_S, overdue_at
from twolane.errors import InvalidReplyError, LongWaitError, NotTheProviderError, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.twolane.worker.scene import Scene
    from tests.twolane.worker.wire import Wire
    from twolane import Engine, Report

DAY_S = 86_400.0
HOUR_S = 3_600.0


@pytest.fixture(autouse=True)
def _long_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let days be played in a moment: nobody else wishes anything of these runs."""
    monkeypatch.setattr("twolane.worker.loop.WISH_POLL_S", HOUR_S)
    monkeypatch.setattr("tests.twolane.worker.scene.LONGEST_S", 40 * DAY_S)


def _drive(scene: Scene, items: int = 3) -> tuple[Report, Any, float]:
    """Drive a batch run to where it stops; return its report, what stopped it, and how late."""

    async def work(engine: Engine) -> tuple[Report, Any, float]:
        run = await scene.begin(engine, ask(items, echo=False), lane=Lane.BATCH)
        began = scene.clock.now()
        stopped: RunState | TwolaneError
        try:
            stopped = await run.drive()
        except TwolaneError as error:
            stopped = error
        return await run.report(), stopped, scene.clock.now() - began

    return scene.run(work)


def _counted(wire: Wire, part: str, answer: Callable[[], Wired]) -> Counter[str]:
    """Have every exchange whose name holds `part` answered, and count them."""
    asked: Counter[str] = Counter()

    def answered() -> Wired:
        asked[part] += 1
        return answer()

    wire.answer_to = {**wire.answer_to, part: answered}
    return asked


def _ok(value: object) -> Wired:
    return Wired(200, orjson.dumps(value))


def _batch(number: int, size: int = 3, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "id": f"msgbatch_other_{number}", "processing_status": "in_progress",
        "request_counts": {"processing": size}, "created_at": "2027-01-15T08:00:00Z", **more,
    }  # fmt: skip


# -- lists ----------------------------------------------------------------------------------------

LIST, POLL, RESULTS = "GET /v1/messages/batches?", "GET /v1/messages/batches/", "/results"


def _endless(kind: str) -> Callable[[], Wired]:
    numbers = count()

    def page() -> Wired:
        number = next(numbers)
        match kind:
            case "new cursors":
                return _ok({"data": [_batch(number, 9)], "has_more": True, "last_id": f"c{number}"})
            case "the same cursor":
                return _ok({"data": [_batch(number, 9)], "has_more": True, "last_id": "c"})
            case "two cursors":
                return _ok({"data": [], "has_more": True, "last_id": f"c{number % 2}"})
            case "empty pages":
                return _ok({"data": [], "has_more": True, "last_id": f"c{number}"})
            case "no cursor":
                return _ok({"data": [], "has_more": True, "last_id": None})
            case "many that may be ours":
                data = [_batch(one) for one in range(1_500)]
                return _ok({"data": data, "has_more": True, "last_id": f"c{number}"})
            case _:
                return _ok({"data": "none", "has_more": True})

    return page


ENDLESS = [
    "new cursors", "the same cursor", "two cursors", "empty pages", "no cursor",
    "many that may be ours", "no list",
]  # fmt: skip


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_list_without_end_proves_nothing_and_ends_the_run(tmp_path: Path, kind: str) -> None:
    """An unknown create is not sent again, and the list is asked for some hundred times at most."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now, wire.lose_creates = scene.clock.now, 1
    asked: Counter[str] = Counter()

    def after_the_create() -> Wired:
        asked["first"] += 1
        return _ok({"data": [], "has_more": False}) if asked["first"] == 1 else endless()

    endless = _endless(kind)
    lists = _counted(wire, LIST, after_the_create)
    report, error, took_s = _drive(scene)
    assert isinstance(error, InvalidReplyError)
    assert "list" in str(error)
    assert lists[LIST] <= 160
    assert took_s < HOUR_S
    assert (len(wire.batches), report.items.submitted) == (1, 3)


def test_a_list_without_end_does_not_lose_a_batch(tmp_path: Path) -> None:
    """A batch that the provider denies is lost only where a whole list has no such batch."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    none = Wired(404, b'{"error":{"type":"not_found_error","message":"no such batch"}}')
    polls = _counted(wire, POLL, lambda: none)
    asked = count()
    endless = _endless("new cursors")
    lists = _counted(wire, LIST, lambda: _ok({"data": []}) if next(asked) == 0 else endless())
    report, error, _ = _drive(scene)
    assert isinstance(error, InvalidReplyError)
    assert (polls[POLL] < 60, lists[LIST] <= 160) == (True, True)
    assert (len(wire.batches), report.items.submitted) == (1, 3)


# -- polls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59Z", None, "0001-01-01T00:00:00Z", 5])
def test_a_batch_that_never_ends_is_left_to_a_person(tmp_path: Path, expires_at: object) -> None:
    """Hours after it should have ended the run stops; a later one asks once, and a cancel ends it."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now, wire.batch_s = scene.clock.now, 400 * DAY_S
    wire.odd = lambda _: {"expires_at": expires_at}
    polls = _counted(wire, POLL, lambda: _ok(wire.batch("msgbatch_0000")))
    report, error, took_s = _drive(scene)
    assert isinstance(error, LongWaitError)
    assert "msgbatch_0000 does not end" in str(error)
    assert 0 <= took_s - BATCH_LIFE_S - OVERDUE_S < 400.0
    assert polls[POLL] < 500
    assert report.items.submitted == 3
    polls.clear()
    assert isinstance(_drive(scene)[1], LongWaitError)
    assert polls[POLL] == 1
    _counted(wire, "/cancel", lambda: _ok(wire.batch("msgbatch_0000")))
    assert _canceled(scene) is RunState.CANCELED
    assert polls[POLL] < 40


def _canceled(scene: Scene) -> RunState:
    async def work(engine: Engine) -> RunState:
        run = await engine.latest(SOURCE)
        assert run is not None
        await run.cancel()
        return await run.drive()

    return scene.run(work)


def test_a_batch_without_results_is_lost_when_none_are_kept(tmp_path: Path) -> None:
    """A month later a batch that is said to work on has no results any more: it is sent again."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now, wire.batch_s = scene.clock.now, 29.5 * DAY_S
    assert isinstance(_drive(scene)[1], LongWaitError)
    scene.clock.advance(28 * DAY_S)
    report, state, _ = _drive(scene)
    assert state is RunState.DONE
    assert (report.items.succeeded, report.items.uncertain) == (3, 3)


@pytest.mark.parametrize("days", [0.5, 1.5, 6.9])
def test_a_longer_life_is_believed_for_a_week(days: float) -> None:
    """A gateway may give a batch some days; nobody shortens its life, or makes it endless."""
    life_s = overdue_at(0.0, days * DAY_S) - OVERDUE_S
    assert life_s == max(BATCH_LIFE_S, days * DAY_S)
    assert overdue_at(0.0, 8 * DAY_S) == overdue_at(0.0, None) == overdue_at(0.0, -(10.0**9))
    assert life_s <= LONGEST_LIFE_S


@pytest.mark.parametrize(
    ("body", "error", "most"),
    [(b"[]", NotTheProviderError, 10), (b"<html>log in</html>", NotTheProviderError, 10),
     (b"null", NotTheProviderError, 10), (b"{}", InvalidReplyError, 3), (b'{"id":5}', InvalidReplyError, 3),
     (b'{"id":"../../x","processing_status":"ended"}', InvalidReplyError, 3)],
)  # fmt: skip
def test_polls_that_no_provider_answers_end(
    tmp_path: Path, body: bytes, error: type[TwolaneError], most: int
) -> None:
    """A page is looked at for some minutes, what cannot be read three times."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    polls = _counted(wire, POLL, lambda: Wired(200, body))
    report, stopped, _ = _drive(scene)
    assert isinstance(stopped, error)
    assert polls[POLL] == most
    assert report.items.submitted == 3
    wire.answer_to = {}
    assert _drive(scene)[1] is RunState.DONE


@pytest.mark.parametrize("part", [POLL, RESULTS])
def test_a_day_of_errors_ends_a_run(tmp_path: Path, part: str) -> None:
    """Neither a poll nor the results are asked for for ever; nothing is lost, or sent again."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    asked = _counted(wire, part, lambda: Wired(500, b"{}"))
    report, error, took_s = _drive(scene)
    assert isinstance(error, LongWaitError)
    assert DAY_S <= took_s < DAY_S + HOUR_S
    assert asked[part] < 500
    assert report.items.submitted == 3
    wire.answer_to = {}
    report, state, _ = _drive(scene)
    assert (state, report.items.succeeded, len(wire.batches)) == (RunState.DONE, 3, 1)


def test_a_day_of_full_queues_ends_a_run(tmp_path: Path) -> None:
    """A create that is refused for a day stops the run with its items to do."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    busy = Wired(429, b'{"error":{"type":"rate_limit_error","message":"queue full"}}')
    creates = _counted(wire, "POST /v1/messages/batches", lambda: busy)
    report, error, took_s = _drive(scene)
    assert isinstance(error, LongWaitError)
    assert DAY_S <= took_s < DAY_S + HOUR_S
    assert creates["POST /v1/messages/batches"] < 400
    assert report.items.pending == 3


@pytest.mark.parametrize("body", [b"", b"\n\n\n", b'{"custom_id":"x"}\n' * 50, b"{}\n" * 50])
def test_results_that_stay_empty_are_fetched_three_times(tmp_path: Path, body: bytes) -> None:
    """What three whole fetches do not bring is missing, and asked for once more by itself."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    fetches = _counted(wire, RESULTS, lambda: Wired(200, body))
    report, state, _ = _drive(scene)
    assert state is RunState.DONE
    assert report.items.failed == 3
    assert fetches[RESULTS] <= 6


def test_a_batch_that_goes_back_is_told_by_its_results(tmp_path: Path) -> None:
    """Ended, and then again at work: it has ended once, and its results are waited for an hour."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    looks = count()
    wire.odd = lambda _: {"processing_status": "ended" if next(looks) % 2 else "in_progress"}
    none = Wired(404, b'{"error":{"type":"not_found_error","message":"not ended"}}')
    fetches = _counted(wire, RESULTS, lambda: none)
    report, state, took_s = _drive(scene)
    assert state is RunState.DONE
    assert fetches[RESULTS] < 300
    assert took_s < 3 * HOUR_S
    assert report.items.failed == 3


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_cancellation_that_never_takes_ends(tmp_path: Path, status: int) -> None:
    """A batch that was to be canceled and never ends counts as paid for, and the run as canceled."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now, wire.batch_s = scene.clock.now, 400 * DAY_S
    cancels = _counted(
        wire, "/cancel", lambda: Wired(status, orjson.dumps(_batch(0, id="msgbatch_0000")))
    )

    async def work(engine: Engine) -> tuple[RunState, Report]:
        run = await scene.begin(engine, ask(3, echo=False), lane=Lane.BATCH)
        await run.cancel()
        driving = asyncio.create_task(run.drive())
        return await driving, await run.report()

    state, _ = scene.run(work)
    assert state is RunState.CANCELED
    assert cancels["/cancel"] < 500


def test_what_may_be_ours_and_never_ends_is_left_to_a_person(tmp_path: Path) -> None:
    """Of a create that nobody answered another batch of its size proves nothing: nothing is resent."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now, wire.lose_creates = scene.clock.now, 1
    asked = count()
    other = {"data": [_batch(1)], "has_more": False}
    lists = _counted(wire, LIST, lambda: _ok({"data": []}) if next(asked) == 0 else _ok(other))
    report, error, took_s = _drive(scene)
    assert isinstance(error, LongWaitError)
    assert "cannot be found out" in str(error)
    assert BATCH_LIFE_S + OVERDUE_S <= took_s < BATCH_LIFE_S + OVERDUE_S + HOUR_S
    assert lists[LIST] < 500
    assert (len(wire.batches), report.items.submitted) == (1, 3)


@pytest.mark.parametrize(
    "counts",
    [None, [], "three", 3, {"processing": -3}, {"succeeded": "3x"}, {"succeeded": "9" * 30},
     {"processing": True, "succeeded": 2.5}, {"errored": None}],
)  # fmt: skip
def test_a_batch_whose_counts_lie_is_told_by_its_results(tmp_path: Path, counts: object) -> None:
    """Counts that are none say nothing of its size: its own results say that it is ours."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now, wire.lose_creates = scene.clock.now, 1
    wire.odd = lambda _: {"request_counts": counts}
    report, state, _ = _drive(scene)
    assert (state, report.items.succeeded, len(wire.batches)) == (RunState.DONE, 3, 1)
