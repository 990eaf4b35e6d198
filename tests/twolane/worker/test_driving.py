"""Driving a run: iterated, stopped, staged, taken up again; listeners hear what is durable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.twolane.worker.scene import MODEL, Scene, ask, assert_all_answered, assert_closed
from twolane import Engine, Lane, Request, RunState, Settings, Stage
from twolane.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_iterating_gives_every_item_once(tmp_path: Path) -> None:
    """Succeeded, failed, skipped or canceled: each item of a run is handed out exactly once."""
    scene = Scene(tmp_path, batch_size=10)

    async def work(engine: Engine) -> list[int]:
        run = await scene.begin(engine, ask(60), cap_nano=5_000_000)
        await run.cancel("n3.md")
        return [outcome.index async for outcome in run]

    assert sorted(scene.run(work)) == list(range(60))


def test_iterating_again_gives_what_had_ended_before(tmp_path: Path) -> None:
    """A loop over a finished run costs nothing and gives all of it."""
    scene = Scene(tmp_path)
    scene.finish(ask(5))

    async def work(engine: Engine) -> list[int]:
        run = await scene.begin(engine, ask(5))
        return [outcome.index async for outcome in run]

    assert scene.run(work) == [0, 1, 2, 3, 4]
    assert max(scene.scripted.billed.values()) == 1


def test_a_broken_off_loop_can_be_begun_again(tmp_path: Path) -> None:
    """Leaving the loop stops the run cleanly; the next loop finishes it."""
    scene = Scene(tmp_path, concurrency=2)
    scene.scripted.latency_s = 1.0

    async def work(engine: Engine) -> list[int]:
        run = await scene.begin(engine, ask(12), lane=Lane.REALTIME)
        outcomes = aiter(run)
        await anext(outcomes)
        await outcomes.aclose()  # type: ignore[attr-defined]
        assert run.row.state is RunState.OPEN
        assert len(scene.scripted.sent) < 12
        return [outcome.index async for outcome in run]

    assert sorted(scene.run(work)) == list(range(12))
    assert max(scene.scripted.billed.values()) == 1


@pytest.mark.parametrize("lane", list(Lane))
def test_a_stop_is_clean_and_the_next_drive_finishes(tmp_path: Path, lane: Lane) -> None:
    """What is in flight is booked, nothing is uncertain, and the same Run object goes on."""
    scene = Scene(tmp_path, concurrency=2, batch_size=4)
    scene.scripted.latency_s = 10.0
    scene.scripted.hold = True

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(12), lane=lane)
        asyncio.get_running_loop().call_later(15, run.stop)
        assert await run.drive() is RunState.OPEN
        assert run.interrupted
        scene.scripted.hold = False
        assert await run.drive() is RunState.DONE
        assert_closed(engine, run)
        assert (await run.report()).items.uncertain == 0

    scene.run(work)
    assert_all_answered(scene, 12)
    assert max(scene.scripted.billed.values()) == 1


def test_stages_are_finished_one_after_the_other(tmp_path: Path) -> None:
    """A stage in real time first, then the rest as a batch; nothing of a later stage leaves."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await engine.start(
            ask(20), stages=[Stage(frozenset({3, 7}), Lane.REALTIME)], source="scene"
        )
        assert await run.drive(0) is RunState.OPEN
        assert sorted(scene.scripted.billed) == ["q3", "q7"]
        assert scene.scripted.batches == []
        assert await run.drive(0) is RunState.OPEN
        assert await run.drive() is RunState.DONE
        report = await run.report()
        assert report.lanes[Lane.REALTIME].items == 2
        assert report.lanes[Lane.BATCH].items == 18

    scene.run(work)
    assert_all_answered(scene, 20)
    assert max(scene.scripted.billed.values()) == 1


def test_failed_items_can_be_sent_again(tmp_path: Path) -> None:
    """A person may ask again for what failed; only that is sent."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda _: "not json"
    assert scene.finish(ask(3)).items.failed == 3
    fresh = Scene(tmp_path / "fresh").scripted
    scene.scripted.reply = fresh.reply

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(3))
        assert await run.retry_failed() == 3
        assert await run.drive() is RunState.DONE

    scene.run(work)
    assert_all_answered(scene, 3)
    assert {one.attempts for one in scene.outcomes()} == {3}


def test_a_success_whose_source_changed_becomes_a_conflict(tmp_path: Path) -> None:
    """A result that may not be used any more is told apart; what never succeeded is not moved."""
    scene = Scene(tmp_path)
    scene.scripted.refuse = lambda params: (
        ("invalid_request_error", "bad") if "q1" in params["messages"][0]["content"] else None
    )

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(3))
        await run.drive()
        assert await run.mark_conflict(0, "the note changed meanwhile")
        assert not await run.mark_conflict(1, "it failed")
        assert not await run.mark_conflict(0, "twice")
        report = await run.report()
        assert (report.items.conflict, report.items.failed, report.items.succeeded) == (1, 1, 1)
        assert [one.kind for one in report.failures] == ["conflict", "invalid_request_error"]

    scene.run(work)


def test_the_same_command_is_recognised_and_another_is_refused(tmp_path: Path) -> None:
    """The same source goes on; changed input or settings are refused, the difference named."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        settings = {"lane": "auto", "max_cost": None}
        assert await engine.unfinished("s", "hash", settings) is None
        run = await engine.start(ask(2), source="s", input_hash="hash", settings=settings)
        same = await engine.unfinished("s", "hash", settings)
        assert same is not None
        assert same.id == run.id
        with pytest.raises(ConfigError, match="lane was 'auto' and is 'batch'"):
            await engine.unfinished("s", "hash", {**settings, "lane": "batch"})
        with pytest.raises(ConfigError, match="the input has changed"):
            await engine.unfinished("s", "other", settings)
        with pytest.raises(ConfigError, match="no run nonsense"):
            await engine.run("nonsense")

    scene.run(work)


def test_listeners_hear_only_what_is_durable(tmp_path: Path) -> None:
    """When a listener is told of an ending, another connection can already read it."""
    scene = Scene(tmp_path, concurrency=4)
    heard: list[int] = []

    async def work(engine: Engine) -> None:
        other = scene.engine()
        run = await scene.begin(engine, ask(9), lane=Lane.REALTIME)

        def listen(endings: object) -> None:
            for one in endings:  # type: ignore[attr-defined]
                row = other.ledger.store.db.execute(
                    "SELECT state FROM items WHERE id = ?", (one.sent.item.id,)
                ).fetchone()
                assert row[0] == "succeeded"
                heard.append(one.sent.item.index)

        run.listeners.append(listen)
        await run.drive()
        other.ledger.close()

    scene.run(work)
    assert sorted(heard) == list(range(9))


def test_the_first_request_of_a_cached_prompt_goes_alone(tmp_path: Path) -> None:
    """One call writes the provider's cache before the others are sent to read it."""
    scene = Scene(tmp_path, concurrency=8)
    scene.scripted.latency_s = 5.0
    requests = [
        Request(key=one.key, params={**one.params, "system": "long " * 4_000}) for one in ask(9)
    ]
    in_flight: list[int] = []

    async def work(engine: Engine) -> None:
        run = await engine.start(requests, lane=Lane.REALTIME, cache=True)
        loop = asyncio.get_running_loop()
        for at_s in (2.0, 7.0):
            loop.call_later(at_s, lambda: in_flight.append(len(scene.scripted.sent)))
        await run.drive()

    scene.run(work)
    assert in_flight[0] == 1
    assert in_flight[1] >= 8
    first = scene.scripted.sent[0]["system"]
    assert first[0]["cache_control"] == {"type": "ephemeral", "ttl": "5m"}


def test_the_embedded_provider_answers_in_this_process(tmp_path: Path) -> None:
    """Offline, a function of the request's params answers; it costs nothing in either lane."""

    async def work() -> None:
        settings = Settings(home=tmp_path, provider="offline", poll_s=0.001)
        async with Engine.open(settings, responder=lambda _: "yes") as engine:
            params = {**ask(1)[0].params, "model": "extractive"}
            requests = [Request(key=str(n), params=params) for n in range(30)]
            run = await engine.start(requests)
            assert [one.text async for one in run] == ["yes"] * 30
            assert (await run.report()).actual_nano == 0

    asyncio.run(work())


def test_a_missing_key_is_a_configuration_error(tmp_path: Path) -> None:
    """Without a key nothing is opened, and the error says what to set."""
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY"):
        Engine.open(Settings(home=tmp_path))
    with pytest.raises(ConfigError, match="unknown provider"):
        Engine.open(Settings(home=tmp_path, provider="nobody"))
    assert MODEL.startswith("claude")
