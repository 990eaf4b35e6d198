"""What goes wrong at a provider, and what becomes of the run and its items."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles import Crash
from tests.twolane.worker.scene import Scene, ask, assert_all_answered, assert_closed
from twolane import Lane, Request, RunState
from twolane.errors import (
    AuthenticationError,
    ConnectionFailedError,
    CreditError,
    InputError,
    LedgerFullError,
    LedgerLockedError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    RejectedError,
    SpendCapError,
    TransientError,
    UnknownModelError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Engine, Report

DOWN = TransientError("scripted", status=500, kind="api_error")
NOT_FOUND = RejectedError("no such batch", status=404, kind="not_found_error")


# -- polls and results ------------------------------------------------------------------------


def test_polls_that_fail_never_end_a_run(tmp_path: Path) -> None:
    """A batch works on, and bills, while its polls fail: it is asked after again and again."""
    scene = Scene(tmp_path)
    unread = ProviderError("unread")
    cut = ConnectionFailedError("cut", sent=True)
    scene.scripted.poll_script.extend([DOWN, cut, unread, RateLimitedError(status=429)] * 10)
    scene.finish(ask(5))
    assert_all_answered(scene, 5)
    assert max(scene.scripted.billed.values()) == 1


def test_a_fresh_batch_that_is_not_found_is_waited_for(tmp_path: Path) -> None:
    """A 404 on a new batch's id is no loss: it may take minutes to show up."""
    scene = Scene(tmp_path)
    scene.scripted.poll_script.extend([NOT_FOUND] * 12)
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    assert max(scene.scripted.billed.values()) == 1


def test_a_batch_that_is_listed_is_not_lost(tmp_path: Path) -> None:
    """Hours of 404 do not make a batch lost while the list still names it."""
    scene = Scene(tmp_path)
    scene.scripted.poll_script.extend([NOT_FOUND] * 60)
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    assert max(scene.scripted.billed.values()) == 1


def test_a_batch_gone_for_an_hour_is_lost_booked_and_resent(tmp_path: Path) -> None:
    """An hour of 404 and a complete list without it: its reserve is booked, its items go again."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True

    async def work(engine: Engine) -> float:
        run = await scene.begin(engine, ask(5))
        driving = asyncio.create_task(run.drive())
        await asyncio.sleep(200)
        scene.scripted.batches.clear()
        scene.scripted.hold = False
        before = scene.clock.now()
        await driving
        assert_closed(engine, run)
        return scene.clock.now() - before

    assert scene.run(work) >= 3_600
    report = scene.finish(ask(5))
    assert report.items.succeeded == 5
    assert report.items.uncertain == 5
    assert {one.attempts for one in scene.outcomes()} == {2}


def test_errors_between_the_404s_do_not_begin_the_hour_anew(tmp_path: Path) -> None:
    """A poll that fails is no sign of life: only an answer is."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True

    async def work(engine: Engine) -> float:
        run = await scene.begin(engine, ask(5))
        driving = asyncio.create_task(run.drive())
        await asyncio.sleep(100)
        scene.scripted.batches.clear()
        scene.scripted.posted.clear()
        scene.scripted.hold = False
        scene.scripted.poll_script.extend([NOT_FOUND, DOWN] * 100)
        before = scene.clock.now()
        # What is given up goes out again as a new batch.
        await scene.scripted.posted.wait()
        scene.scripted.poll_script.clear()
        waited = scene.clock.now() - before
        await driving
        return waited

    assert 3_600 <= scene.run(work) < 2 * 3_600


def test_a_cut_result_stream_is_read_again(tmp_path: Path) -> None:
    """Results that break off are fetched anew until they are whole; nothing is booked twice."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([ConnectionFailedError("cut", sent=True)] * 5)
    report = scene.finish(ask(20))
    assert report.items.succeeded == 20
    assert scene.scripted.fetches == 6
    assert {one.attempts for one in scene.outcomes()} == {1}


def test_results_that_are_not_found_for_a_while_are_waited_for(tmp_path: Path) -> None:
    """Paid answers are not given up over a 404 of their results."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([NOT_FOUND] * 20)
    scene.finish(ask(5))
    assert_all_answered(scene, 5)
    assert max(scene.scripted.billed.values()) == 1


def test_results_gone_for_an_hour_are_booked_and_asked_again(tmp_path: Path) -> None:
    """Where results stay away, the items are booked with their reserve and resent."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([NOT_FOUND] * 121)
    report = scene.finish(ask(5))
    assert report.items.succeeded == 5
    assert {one.attempts for one in scene.outcomes()} == {2}


# -- real time --------------------------------------------------------------------------------


def test_overload_in_real_time_is_waited_out_in_the_same_attempt(tmp_path: Path) -> None:
    """Refusals that cost nothing are repeated without a new attempt."""
    scene = Scene(tmp_path)
    busy = OverloadedError("busy", status=529, kind="overloaded_error")
    scene.scripted.send_script.extend([busy, busy, "drop_before", busy, "ok"])
    report = scene.finish(ask(1))
    assert report.items.succeeded == 1
    assert scene.outcomes()[0].attempts == 1
    assert max(scene.scripted.billed.values()) == 1


def test_a_cooldown_holds_every_call_of_the_run(tmp_path: Path) -> None:
    """After a retry-after nothing leaves before it is over."""
    scene = Scene(tmp_path, concurrency=1)
    limited = RateLimitedError("later", status=429, kind="rate_limit_error", retry_after_s=45.0)
    scene.scripted.send_script.append(limited)
    before = scene.clock.now()
    scene.finish(ask(3), lane=Lane.REALTIME)
    assert scene.clock.now() - before >= 45
    assert_all_answered(scene, 3)


def test_a_stop_does_not_wait_for_a_cooldown(tmp_path: Path) -> None:
    """Calls that only wait to be sent are given up at once when the run is told to stop."""
    scene = Scene(tmp_path, concurrency=4)
    limited = RateLimitedError("later", status=429, kind="rate_limit_error", retry_after_s=1_000.0)
    scene.scripted.send_script.extend([limited] * 4)

    async def work(engine: Engine) -> RunState:
        run = await scene.begin(engine, ask(4), lane=Lane.REALTIME)
        asyncio.get_running_loop().call_later(2, run.stop)
        return await run.drive()

    before = scene.clock.now()
    assert scene.run(work) is RunState.OPEN
    assert scene.clock.now() - before < 10
    assert scene.scripted.sent == []
    report = scene.finish(ask(4))
    assert report.items.succeeded == 4
    assert report.items.uncertain == 0


def test_a_dropped_call_is_uncertain_and_sent_again(tmp_path: Path) -> None:
    """A call that left and got no answer keeps its reserve; the item gets another attempt."""
    scene = Scene(tmp_path)
    scene.scripted.send_script.append("drop_after")
    report = scene.finish(ask(1))
    assert report.items.succeeded == 1
    assert report.items.uncertain == 1
    assert scene.outcomes()[0].attempts == 2


def test_calls_that_always_drop_are_given_up(tmp_path: Path) -> None:
    """After five dropped calls an item is failed, with its reserves as spent."""
    scene = Scene(tmp_path)
    scene.scripted.send_script.extend(["drop_after"] * 5)
    report = scene.finish(ask(1))
    assert report.items.failed == 1
    assert report.items.uncertain == 5
    assert report.failures[0].kind == "connection"
    assert scene.scripted.billed["q0"] == 5


# -- the whole run refused --------------------------------------------------------------------


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize(
    "refusal",
    [
        AuthenticationError("invalid x-api-key", status=401, kind="authentication_error"),
        CreditError("credit is too low", status=402, kind="billing_error"),
    ],
    ids=["401", "402"],
)
def test_a_refused_run_stops_and_the_resume_finishes_it(
    tmp_path: Path, lane: Lane, refusal: ProviderError
) -> None:
    """Key and credit refuse the whole run: exit code 6, nothing booked, nothing lost."""
    scene = Scene(tmp_path, concurrency=2, batch_size=4)
    scene.scripted.send_script.extend(["ok", *[refusal] * 4])
    scene.scripted.create_script.extend(["ok", refusal])
    with pytest.raises(type(refusal)) as caught:
        scene.finish(ask(10), lane=lane)
    assert caught.value.exit_code == 6
    scene.scripted.send_script.clear()
    report = scene.finish(ask(10), lane=lane)
    assert report.state == RunState.DONE
    assert report.items.succeeded == 10
    assert report.items.uncertain == 0
    assert max(scene.scripted.billed.values()) == 1


def test_a_refused_run_can_go_on_in_the_same_process(tmp_path: Path) -> None:
    """After the fault is mended the same Run object drives on."""
    scene = Scene(tmp_path)
    refusal = AuthenticationError("no", status=401, kind="authentication_error")
    scene.scripted.create_script.append(refusal)

    async def work(engine: Engine) -> RunState:
        run = await scene.begin(engine, ask(5))
        with pytest.raises(AuthenticationError):
            await run.drive()
        return await run.drive()

    assert scene.run(work) is RunState.DONE
    assert_all_answered(scene, 5)


# -- single requests refused ------------------------------------------------------------------


@pytest.mark.parametrize("lane", list(Lane))
def test_an_invalid_request_fails_and_is_never_resent(tmp_path: Path, lane: Lane) -> None:
    """What the provider calls invalid is failed with its words, and asked once."""
    scene = Scene(tmp_path)
    asked: list[str] = []

    def refuse(params: dict[str, Any]) -> tuple[str, str] | None:
        question = params["messages"][0]["content"]
        asked.append(question)
        return ("invalid_request_error", "prompt is too long") if "q2" in question else None

    scene.scripted.refuse = refuse
    report = scene.finish(ask(4), lane=lane)
    assert (report.items.succeeded, report.items.failed) == (3, 1)
    failure = report.failures[0]
    assert (failure.item, failure.kind) == ("n2.md", "invalid_request_error")
    assert "prompt is too long" in failure.message
    assert sum("q2" in question for question in asked) == 1


SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}


def _ask_for_schema(count: int) -> list[Request]:
    """Return requests whose reply has to meet SCHEMA."""
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    return [
        Request(key=one.key, params={**one.params, "output_config": form})
        for one in ask(count, echo=False)
    ]


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("text", ["not json", '{"ok": 1}', "{}", "[]", ""])
def test_a_reply_that_misses_its_schema_gets_one_more_try(
    tmp_path: Path, lane: Lane, text: str
) -> None:
    """Two replies that are not in the form asked for, and the item is failed: no third is paid."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda _: text
    report = scene.finish(_ask_for_schema(2), lane=lane)
    assert report.items.failed == 2
    assert {one.kind for one in report.failures} == {"invalid_reply"}
    assert set(scene.scripted.billed.values()) == {2}
    for outcome in scene.outcomes():
        assert outcome.body is None
        assert outcome.attempts == 2


@pytest.mark.parametrize("lane", list(Lane))
def test_a_second_reply_that_meets_its_schema_counts(tmp_path: Path, lane: Lane) -> None:
    """The one more try is worth it: what then is right is delivered, both costs are booked."""
    scene = Scene(tmp_path)
    texts = iter(["no", '{"ok": true}'])
    scene.scripted.reply = lambda _: next(texts)
    report = scene.finish(_ask_for_schema(1), lane=lane)
    assert report.items.succeeded == 1
    outcome = scene.outcomes()[0]
    assert outcome.text == '{"ok": true}'
    assert outcome.attempts == 2
    assert outcome.cost_nano == report.actual_nano


@pytest.mark.parametrize("lane", list(Lane))
def test_the_model_is_shown_what_was_wrong_with_its_reply(tmp_path: Path, lane: Lane) -> None:
    """The one more try carries the reply that could not be used and the reason, after the request."""
    scene = Scene(tmp_path)
    asked: list[list[dict[str, str]]] = []

    def reply(params: dict[str, Any]) -> str:
        asked.append(params["messages"])
        return '{"ok": true}' if len(params["messages"]) > 1 else '{"ok": "yes"}'

    scene.scripted.reply = reply
    report = scene.finish(_ask_for_schema(1), lane=lane)
    assert report.items.succeeded == 1
    first, second = asked
    assert second[: len(first)] == first
    said, told = second[len(first) :]
    assert said == {"role": "assistant", "content": '{"ok": "yes"}'}
    assert told["role"] == "user"
    assert "ok must be boolean" in told["content"]


def test_a_repair_survives_a_fault_in_between_and_a_restart(tmp_path: Path) -> None:
    """An overload before the second try, or another process, does not make it a plain repetition."""
    scene = Scene(tmp_path)
    asked: list[int] = []

    def reply(params: dict[str, Any]) -> str:
        asked.append(len(params["messages"]))
        return "no"

    scene.scripted.reply = reply
    scene.scripted.refuse = lambda params: (
        ("overloaded_error", "busy") if len(params["messages"]) > 1 and len(asked) < 2 else None
    )
    requests = _ask_for_schema(2)

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, requests, lane=Lane.BATCH)
        await run.drive()

    with pytest.raises(Crash):
        scene.run(work, ends_at=8)
    scene.run(work, seed=1)
    assert sorted(asked) == [1, 1, 3, 3]


def test_a_spend_limit_ends_the_run_as_stopped_by_the_budget(tmp_path: Path) -> None:
    """The provider's own spend limit stops a run with exit code 5; with more money it goes on."""
    scene = Scene(tmp_path, concurrency=2)
    refusal = SpendCapError("limit reached", status=429, kind="rate_limit_error")
    scene.scripted.send_script.extend(["ok", refusal, refusal])

    async def work(engine: Engine) -> RunState:
        run = await scene.begin(engine, ask(6), lane=Lane.REALTIME)
        with pytest.raises(SpendCapError) as caught:
            await run.drive()
        assert caught.value.exit_code == 5
        return run.row.state

    assert scene.run(work) is RunState.STOPPED
    scene.scripted.send_script.clear()
    assert scene.finish(ask(6)).items.succeeded == 6
    assert set(scene.scripted.billed.values()) == {1}


def test_a_spend_limit_inside_a_batch_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    """Items that a batch refuses for the whole account stay to be done, and cost no try."""
    scene = Scene(tmp_path)
    refused = {"on": True}
    scene.scripted.refuse = lambda _: ("billing_error", "no credit left") if refused["on"] else None
    with pytest.raises(CreditError, match="no credit left"):
        scene.finish(ask(4))
    refused["on"] = False
    report = scene.finish(ask(4))
    assert report.items.succeeded == 4
    assert {outcome.attempts for outcome in scene.outcomes()} == {2}


def test_a_storm_of_half_an_hour_fails_no_item(tmp_path: Path) -> None:
    """Overload is everybody's trouble: it is waited out and counts against no item."""
    scene = Scene(tmp_path, concurrency=4)
    began = scene.clock.now()
    scene.scripted.refuse = lambda _: (
        ("overloaded_error", "storm") if scene.clock.now() - began < 1_800 else None
    )
    report = scene.finish(ask(12), lane=Lane.REALTIME)
    assert report.items.succeeded == 12
    assert report.items.uncertain == 0
    # Probed at half a minute at most, with one call at a time: no hammering.
    assert len(scene.scripted.sent) < 12 + 4 * 1_800 / 10
    assert scene.clock.now() - began < 1_800 + 120


def test_a_create_that_is_refused_for_now_is_posted_again_as_the_same_batch(
    tmp_path: Path,
) -> None:
    """A rate limit on creates costs neither attempts nor a new record, however often it comes."""
    scene = Scene(tmp_path, batch_size=5)
    busy = RateLimitedError("too many", status=429, kind="rate_limit_error", retry_after_s=20.0)
    scene.scripted.create_script.extend([busy] * 12)
    report = scene.finish(ask(5))
    assert report.items.succeeded == 5
    assert report.lanes[Lane.BATCH].batches == 1
    assert {outcome.attempts for outcome in scene.outcomes()} == {1}


def test_unfinished_batches_stay_under_the_providers_queue_limit(tmp_path: Path) -> None:
    """A further batch is posted only when the tier's queue has room for all of it."""
    scene = Scene(tmp_path, batch_size=10)
    limits = replace(scene.scripted.limits, max_queued=25)
    scene.scripted.limits = limits
    scene.scripted.hold = True
    running: list[int] = []

    def look() -> None:
        running.append(sum(len(one.requests) for one in scene.scripted.batches))
        scene.scripted.let_go()

    async def work(engine: Engine) -> Report:
        run = await scene.begin(engine, ask(60))
        asyncio.get_running_loop().call_later(3_600.0, look)
        await run.drive()
        return await run.report()

    assert scene.run(work).items.succeeded == 60
    assert running == [20]


# -- refused before anything is recorded ------------------------------------------------------


async def _start_only(engine: Engine, requests: list[Request]) -> None:
    await engine.start(requests)


def _refused(scene: Scene, requests: list[Request]) -> str:
    """Return the words a start is refused with, having seen that no run is left behind."""

    async def work(engine: Engine) -> str:
        with pytest.raises((InputError, UnknownModelError)) as caught:
            await engine.start(requests)
        assert caught.value.exit_code == 2
        assert await engine.runs() == []
        return str(caught.value)

    return scene.run(work)


def test_an_unknown_model_is_named_with_near_ones(tmp_path: Path) -> None:
    """A model without a known price is refused before anything is sent."""
    one = ask(1)[0]
    wrong = Request(key="a", params={**one.params, "model": "claude-haiku-55"})
    words = _refused(Scene(tmp_path), [wrong])
    assert "claude-haiku-55" in words
    assert "claude-haiku" in words.replace("claude-haiku-55", "")


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    """Ids have to be unique: the second one is pointed at."""
    one, two = ask(2)
    twice = Request(key=one.key, params=two.params)
    assert "n0.md" in _refused(Scene(tmp_path), [one, twice])


def test_a_request_above_the_providers_limit_is_named(tmp_path: Path) -> None:
    """A request that no batch and no call can carry is refused with its size."""
    scene = Scene(tmp_path)
    size = scene.scripted.limits.max_request_bytes
    long = ask(1)[0]
    params = {**long.params, "messages": [{"role": "user", "content": "x" * size}]}
    assert "n9" in _refused(scene, [Request(key="n9", params=params)])


def test_an_echo_without_a_place_for_its_line_is_refused(tmp_path: Path) -> None:
    """A request without a user message cannot carry the note_ref, and is named."""
    params = {**ask(1)[0].params, "messages": [{"role": "assistant", "content": "hm"}]}
    assert "n9" in _refused(Scene(tmp_path), [Request(key="n9", params=params, echo=True)])


def test_a_run_of_nothing_is_done_at_once(tmp_path: Path) -> None:
    """No items: nothing is sent, and the run is done, now and when it is taken up again."""
    scene = Scene(tmp_path)
    assert scene.finish([]).state == RunState.DONE
    again = scene.finish([])
    assert (again.state, again.items.total, again.actual_nano) == (RunState.DONE, 0, 0)
    assert scene.scripted.batches == []


# -- the ledger itself ------------------------------------------------------------------------


@pytest.mark.parametrize("lane", list(Lane))
def test_a_full_disk_at_any_commit_is_told_and_survived(tmp_path: Path, lane: Lane) -> None:
    """Whichever commit meets a full disk, the error is clear and the next process finishes."""
    full = LedgerFullError()
    whole = Scene(tmp_path / "whole", batch_size=4, concurrency=4)
    whole.finish(ask(6), lane=lane)
    assert whole.store is not None
    for commit in range(1, whole.store.commits + 1):
        scene = Scene(tmp_path / str(commit), batch_size=4, concurrency=4)
        with pytest.raises(LedgerFullError, match="No space") as caught:
            scene.run(
                lambda engine, scene=scene: _drive(scene, engine, lane),  # type: ignore[misc]
                ends_at=commit,
                fault=full,
            )
        assert caught.value.exit_code == 7
        report = scene.finish(ask(6), lane=lane)
        assert report.items.succeeded == 6
        if lane is Lane.BATCH:
            assert max(scene.scripted.billed.values()) == 1
        else:
            assert sum(scene.scripted.billed.values()) - 6 <= report.items.uncertain


async def _drive(scene: Scene, engine: Engine, lane: Lane) -> None:
    run = await scene.begin(engine, ask(6), lane=lane)
    await run.drive()


def test_two_processes_on_one_run_are_kept_apart(tmp_path: Path) -> None:
    """The second one is told which process works on the run, with exit code 7."""
    scene = Scene(tmp_path)
    scene.scripted.hold = True

    async def work(engine: Engine) -> None:
        first = await scene.begin(engine, ask(5))
        driving = asyncio.create_task(first.drive())
        await asyncio.sleep(5)
        second = await engine.run(first.id)
        with pytest.raises(LedgerLockedError, match=r"process \d+ works on run") as caught:
            await second.drive()
        assert caught.value.exit_code == 7
        with pytest.raises(LedgerLockedError):
            await second.set_cap(1)
        scene.scripted.hold = False
        assert await driving is RunState.DONE

    scene.run(work)
    assert max(scene.scripted.billed.values()) == 1
