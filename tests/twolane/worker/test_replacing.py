"""Requests that take the place of those a run began with, until they are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.doubles import Crash
from tests.twolane.worker.scene import MODEL, Scene, ask
from twolane import Engine, InputError, Lane, LedgerLockedError, Request, RunState, Stage

if TYPE_CHECKING:
    from pathlib import Path

FIRST = [Stage(frozenset({0, 1}), Lane.REALTIME)]


def other(index: int, question: str | None = None) -> Request:
    """Return another request for the item at `index`."""
    before = ask(index + 1)[index]
    asks = question or f"anew q{index}"
    return replace(
        before,
        params={**before.params, "messages": [{"role": "user", "content": asks}]},
        content_hash=f"another hash {index}",
    )


@pytest.mark.parametrize("lane", list(Lane))
def test_a_later_stage_asks_what_it_was_given_last(tmp_path: Path, lane: Lane) -> None:
    """What was sent stays as it was answered; the rest is sent anew, in either lane, and proven."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await engine.start(ask(5), stages=FIRST, source="scene", lane=lane)
        await run.drive(0)
        assert await run.replace([other(index) for index in range(5)]) == 3
        assert await run.drive() is RunState.DONE
        assert (await run.report()).items.succeeded == 5

    scene.run(work)
    asked = ["q0", "q1", "anew q2", "anew q3", "anew q4"]
    assert sorted(scene.scripted.billed) == sorted(asked)
    outcomes = scene.outcomes()
    assert all(said in one.text for said, one in zip(asked, outcomes, strict=True))
    hashes = [one.content_hash for one in outcomes]
    assert hashes == ["hash 0", "hash 1", *(f"another hash {index}" for index in (2, 3, 4))]


def test_what_was_tried_once_is_never_changed(tmp_path: Path) -> None:
    """A request that failed, and waits to be sent again, is the one that was paid for."""
    scene = Scene(tmp_path)
    reply, scene.scripted.reply = scene.scripted.reply, lambda _: "not json"

    async def work(engine: Engine) -> None:
        run = await engine.start(ask(2), source="scene")
        await run.drive()
        assert await run.retry_failed() == 2
        assert await run.replace([other(0), other(1)]) == 0
        scene.scripted.reply = reply
        assert await run.drive() is RunState.DONE

    scene.run(work)
    assert {one.text.rpartition("q")[2] for one in scene.outcomes()} == {'0"}', '1"}'}
    assert not any("anew" in one.text for one in scene.outcomes())


def test_a_larger_request_is_reserved_as_what_it_is(tmp_path: Path) -> None:
    """The cap counts the bytes that leave, not those that the run began with."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await engine.start(ask(2), source="scene", cap_nano=20_000_000)
        assert await run.replace([other(0, "word " * 100_000 + "q0")]) == 1
        assert await run.drive() is RunState.STOPPED
        assert (await run.report()).items.skipped == 1

    scene.run(work)
    assert list(scene.scripted.billed) == ["q1"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (replace(other(0), key="other.md"), "no item other.md"),
        (replace(other(0), params={**other(0).params, "system": "Be brief."}), "only the messages"),
        (replace(other(0), params={**other(0).params, "model": f"{MODEL}-x"}), "one model"),
        (other(0, " " * 40_000_000), "the provider takes"),
        (replace(other(0), params={**other(0).params, "messages": []}), "at least one message"),
    ],
)
def test_a_wrong_request_leaves_all_as_they_were(tmp_path: Path, wrong: Request, says: str) -> None:
    """All are replaced or none; the error names what is wrong."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await engine.start(ask(2), source="scene")
        with pytest.raises(InputError, match=says):
            await run.replace([other(1), wrong])
        await run.drive()

    scene.run(work)
    assert sorted(scene.scripted.billed) == ["q0", "q1"]


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_leaves_the_old_requests_or_the_new_ones(tmp_path: Path, *, after: bool) -> None:
    """A process that dies while it replaces them leaves no mixture, and a sound ledger."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(3))  # one commit
        await run.replace([other(index) for index in range(3)])

    with pytest.raises(Crash):
        scene.run(work, ends_at=2, after=after)
    scene.finish(ask(3))
    word = "anew " if after else ""
    assert sorted(scene.scripted.billed) == [f"{word}q{index}" for index in range(3)]


def test_nothing_is_replaced_while_another_works_on_the_run(tmp_path: Path) -> None:
    """The run's lock is held: what leaves is what the worker has read."""
    scene = Scene(tmp_path)
    refused: list[LedgerLockedError] = []

    async def work(engine: Engine) -> None:
        run = await engine.start(ask(2), source="scene", lane=Lane.REALTIME)
        again = await engine.run(run.id)

        async for _ in run:
            try:
                await again.replace([other(0), other(1)])
            except LedgerLockedError as error:
                refused.append(error)

    scene.run(work)
    assert refused
    assert sorted(scene.scripted.billed) == ["q0", "q1"]
