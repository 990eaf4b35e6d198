"""No answer of a server makes us faster than our own backoff, and none makes us wait for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.embedding.endpoint import pause_s
from tests.twolane.worker.scene import Scene, ask
from tests.twolane.worker.wire import Wired, wired
from tests.virtual_time import START
from twolane import Lane, Request, RunState
from twolane.core.blame import Met, own_pause_s
from twolane.core.cooldown import MAX_S, retry_after_s, sensible_s, wait_s
from twolane.core.pacing import Pacer
from twolane.core.retry import backoff_s
from twolane.core.types import Headroom, RateHeaders
from twolane.errors import LongWaitError, RateLimitedError, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twolane import Engine, Report

NAMES = ["retry-after", "retry-after-ms", "x-ratelimit-reset", "ratelimit-reset", "date"]
VALUES = [
    "0", "-0", "0.0", "0.001", "1e-9", "-1", "-5", "nan", "inf", "-inf", "1e308", "1e3", "9" * 400, "soon",
    "", " ", "0, 0", "1, 2, 3", "[0]", "null", "true", "0x10", "٣", "1_000", "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 15 Jan 2027 07:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "1ms", "0h0m0s", "h", "\0", "5" + "0" * 8_000,
]  # fmt: skip
HEADERS = st.dictionaries(
    st.sampled_from(NAMES),
    st.one_of(st.sampled_from(VALUES), st.text(max_size=12), st.floats().map(str), st.integers().map(str)),
)  # fmt: skip
JITTER = st.floats(0, 0.999)


@given(HEADERS, st.integers(1, 500), JITTER)
def test_a_header_only_ever_lengthens_a_wait(
    headers: Mapping[str, str], try_no: int, jitter: float
) -> None:
    """Whatever stands there, every kind of pause is our own at least, and a year at most."""
    asked_s = retry_after_s(headers, START)
    met = Met(own=try_no, alone=try_no)
    for own_s, waited_s in (
        (7.0, wait_s(7.0, asked_s, jitter=jitter)),
        (backoff_s(try_no, retry_after_s=None, jitter=jitter),
         backoff_s(try_no, retry_after_s=asked_s, jitter=jitter)),
        (own_pause_s(met, retry_after_s=None, jitter=jitter),
         own_pause_s(met, retry_after_s=asked_s, jitter=jitter)),
    ):  # fmt: skip
        assert own_s <= waited_s <= max(own_s, MAX_S + 1.0)


@pytest.mark.parametrize("asked", [0, -1, float("nan"), float("inf"), 1e308, True, "5", None, [5]])
def test_what_is_no_wait_is_not_asked_for(asked: Any) -> None:  # noqa: ANN401
    """Also where it comes as a number, from a provider of somebody else's making."""
    assert sensible_s(asked) is None
    assert wait_s(3.0, asked, jitter=0.5) == 3.0


@settings(max_examples=25)
@given(HEADERS, JITTER)
def test_a_storm_is_asked_ever_more_seldom(headers: Mapping[str, str], jitter: float) -> None:
    """An hour of refusals, each right after the pause, is a few hundred requests."""
    pacer, now_s, refusals = Pacer(32), 0.0, 0
    asked_s = retry_after_s(headers, START)
    while pacer.patient(now_s):
        now_s = max(now_s, pacer.cooldown_until_s) + 0.001
        pacer.refused(left_at_s=now_s, now_s=now_s, retry_after_s=asked_s, jitter=jitter)
        refusals += 1
    assert refusals < 300


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(-1, 2)), max_size=5), st.integers(0, 10**9)
)
def test_limits_a_minute_hold_a_call_back_for_minutes_at_most(
    limits: list[tuple[int, float]], tokens: int
) -> None:
    """However small a limit and however long a reply are said to be, a call waits two minutes."""
    pacer = Pacer(64)
    assert pacer.grant([tokens] * 64, 0.0) == 64
    for limit, share in limits:
        room = Headroom(limit, int(limit * share))
        pacer.answered(RateHeaders(room, room, room), 10**9, 1.0)
    assert pacer.wait_s(tokens, 1.0) <= 120.1
    pacer.grant([tokens], 200.0)
    assert pacer.wait_s(tokens, 200.0) <= 120.1


@given(st.floats(0, 30), st.one_of(st.none(), st.floats(0, 1e308)))
def test_a_service_for_vectors_makes_no_wait_shorter(own_s: float, asked_s: float | None) -> None:
    """Its pause is our own at least, and half a minute at most."""
    assert own_s <= pause_s(own_s, asked_s) <= 30.0


# -- whole runs -----------------------------------------------------------------------------------

_KINDS = {
    "create": "POST /v1/messages/batches", "list": "GET /v1/messages/batches?", "results": "/results",
    "poll": "GET /v1/messages/batches/",
}  # fmt: skip
REFUSALS = [
    (429, {"retry-after": "0"}), (529, {"retry-after-ms": "1"}), (429, {"retry-after": "-5"}),
    (500, {"retry-after": "nan", "x-should-retry": "true"}), (425, {"retry-after": "1e308"}),
    (101, {}), (205, {}), (304, {}), (302, {"location": "/v1/messages"}), (408, {"retry-after": "0"}),
    (400, {"x-should-retry": "true"}), (418, {}), (599, {"x-ratelimit-reset": "soon"}),
]  # fmt: skip


def _refusing(home: Path, which: str, answer: Wired) -> tuple[Scene, Counter[str]]:
    """Return a scene where every exchange of the kind `which` is answered with `answer`."""
    scene, wire = wired(home, lambda *_: None)
    asked: Counter[str] = Counter()
    wire.now, wire.batch_s = scene.clock.now, 30.0

    def refuse() -> Wired:
        asked[which] += 1
        return answer

    if which == "call":
        wire.spoil = lambda *_: refuse()
    else:
        wire.answer_to = {_KINDS[which]: refuse}
    return scene, asked


def _drive(
    scene: Scene,
    requests: list[Request],
    *,
    for_s: float,
    **start: Any,  # noqa: ANN401
) -> tuple[Report, Any, float]:
    """Drive for `for_s` at most; return the report, what stopped the run, and how long it took."""

    async def work(engine: Engine) -> tuple[Report, Any, float]:
        run = await scene.begin(engine, requests, **start)
        driving = asyncio.create_task(run.drive())
        began = scene.clock.now()
        await asyncio.wait([driving], timeout=for_s)
        took_s = scene.clock.now() - began
        run.stop()
        await asyncio.wait([driving])
        error = driving.exception()
        assert error is None or isinstance(error, TwolaneError)
        return await run.report(), error or driving.result(), took_s

    return scene.run(work)


@pytest.mark.parametrize(("status", "headers"), REFUSALS, ids=str)
def test_one_item_that_is_never_answered_takes_few_requests(
    tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    """It fails, or the run stops, within two hours and some hundred requests."""
    scene, asked = _refusing(tmp_path, "call", Wired(status, b"{}", headers))
    report, _, took_s = _drive(scene, ask(1, echo=False), for_s=9_000.0, lane=Lane.REALTIME)
    assert asked["call"] <= 300
    assert took_s < 8_000.0
    assert report.items.succeeded == 0


@pytest.mark.parametrize("which", ["create", "list", "poll", "results"])
@pytest.mark.parametrize(("status", "headers"), [REFUSALS[0], REFUSALS[1], REFUSALS[3]])
def test_a_batch_is_asked_for_at_our_own_pace(
    tmp_path: Path, which: str, status: int, headers: dict[str, str]
) -> None:
    """In a quarter of an hour of refusals each exchange happens some dozens of times."""
    scene, asked = _refusing(tmp_path, which, Wired(status, b"{}", headers))
    _drive(scene, ask(3, echo=False), for_s=900.0, lane=Lane.BATCH)
    assert 1 <= asked[which] <= 100


def test_a_long_wait_is_followed(tmp_path: Path) -> None:
    """What a provider asks for up to an hour is waited for, and then answered."""
    scene, wire = wired(tmp_path, lambda *_: None)
    refusals = iter(["1800", "59m", "600000ms"])
    busy = orjson.dumps({"error": {"type": "rate_limit_error", "message": "later"}})

    def spoil(_question: str, _plain: bytes) -> Wired | None:
        asked = next(refusals, None)
        return None if asked is None else Wired(429, busy, {"retry-after": asked})

    wire.spoil = spoil
    report, state, took_s = _drive(scene, ask(5, echo=False), for_s=20_000.0, lane=Lane.REALTIME)
    assert state is RunState.DONE
    assert report.items.succeeded == 5
    assert took_s > 1_800.0


@pytest.mark.parametrize("asked_s", [0.0, -3.0, float("nan"), float("inf"), 1e308])
def test_a_provider_of_ones_own_may_say_anything(tmp_path: Path, asked_s: float) -> None:
    """The numbers of an error are checked where they are used, not only where headers are read."""
    scene = Scene(tmp_path)
    busy = RateLimitedError("busy", status=429, kind="rate_limit_error", retry_after_s=asked_s)
    scene.scripted.send_script.extend([busy] * 3)
    report, state, took_s = _drive(scene, ask(1, echo=False), for_s=3_600.0, lane=Lane.REALTIME)
    assert state is RunState.DONE
    assert report.items.succeeded == 1
    assert 0.75 <= took_s < 60.0


def test_long_silence_ends_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that does not come back is asked for once a minute, and in the end a person is."""
    # A day takes a minute to play.
    monkeypatch.setattr("twolane.core.pacing.SILENCE_PATIENCE_S", 900.0)
    scene = Scene(tmp_path, concurrency=1)
    scene.scripted.send_script.extend(["ok", *["drop_before"] * 999])
    report, error, took_s = _drive(scene, ask(2, echo=False), for_s=3_000.0, lane=Lane.REALTIME)
    assert isinstance(error, LongWaitError)
    assert 900.0 <= took_s < 1_000.0
    assert len(scene.scripted.send_script) > 950
    assert (report.items.succeeded, report.items.pending) == (1, 1)
