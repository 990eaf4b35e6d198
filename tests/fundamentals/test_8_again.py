"""8. Run it again: the same work is one run, which goes on or is done, and is never paid twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fundamentals.shouting import question, settings, shout
from twolane import Engine, Lane, Request, RunState, TwolaneError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REQUESTS = [question(str(n), f"text {n}") for n in range(20)]


class Counted:
    """A responder that knows how often it was asked."""

    def __init__(self) -> None:
        """Begin at none."""
        self.asked = 0

    def __call__(self, params: Mapping[str, Any]) -> str:
        """Answer in capitals."""
        self.asked += 1
        return shout(params)


async def test_the_same_requests_are_answered_once(tmp_path: Path) -> None:
    """A script that runs twice gets the same answers, from the ledger the second time."""
    responder = Counted()
    texts = []
    for _ in range(2):
        async with Engine.open(settings(tmp_path), responder=responder) as engine:
            run = await engine.start(REQUESTS)
            texts.append(sorted([outcome.text async for outcome in run]))
    assert texts[0] == texts[1]
    assert responder.asked == 20


async def test_a_script_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """What was answered before it was stopped is not asked again."""
    responder = Counted()
    ids = set()
    for stop in (True, False):
        async with Engine.open(settings(tmp_path), responder=responder) as engine:
            run = await engine.start(REQUESTS, lane=Lane.REALTIME)
            ids.add(run.id)
            outcomes = []
            async for outcome in run:
                outcomes.append(outcome)
                if stop:
                    break
            run.stop()
    assert len(ids) == 1
    assert len(outcomes) == 20
    assert responder.asked == 20


async def test_a_name_finds_a_run_and_refuses_other_requests(tmp_path: Path) -> None:
    """The name stands for the work: changed requests under it are a mistake, and said to be."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        first = await engine.start(REQUESTS, name="titles")
        assert (await engine.start(REQUESTS, name="titles")).id == first.id
        for other in (REQUESTS[:-1], [*REQUESTS[:-1], question("19", "another text")]):
            with pytest.raises(TwolaneError, match=r"'titles' was started with other requests"):
                await engine.start(other, name="titles")
        anew = await engine.start(REQUESTS[:-1], name="titles", again=True)
        assert anew.id != first.id
        assert (await engine.start(REQUESTS[:-1], name="titles")).id == anew.id
        assert (await engine.start(REQUESTS, name="other")).id != first.id


async def test_another_order_or_another_question_is_another_run(tmp_path: Path) -> None:
    """Without a name the run is its requests, each with its key and its place."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        ids = {
            (await engine.start(requests)).id
            for requests in (
                REQUESTS,
                REQUESTS[::-1],
                [Request(key=f"k{one.key}", params=one.params) for one in REQUESTS],
                [Request(one.key, one.params, content_hash="edited") for one in REQUESTS],
            )
        }
        assert len(ids) == 4
        assert (await engine.start(list(REQUESTS), again=True)).id not in ids


async def test_a_higher_cap_goes_on_and_another_lane_is_refused(tmp_path: Path) -> None:
    """The run keeps what it was started with; its cap is the one given last."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start(REQUESTS, lane=Lane.REALTIME, cap_nano=1_000)
        more = await engine.start(REQUESTS, lane=Lane.REALTIME, cap_nano=2_000)
        assert (more.id, more.row.cap_nano) == (run.id, 2_000)
        assert (await engine.start(REQUESTS)).row.cap_nano == 2_000
        with pytest.raises(TwolaneError, match="for the lane realtime"):
            await engine.start(REQUESTS, lane=Lane.BATCH)


async def test_a_canceled_run_stays_canceled(tmp_path: Path) -> None:
    """What was given up comes back only when it is begun anew."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start(REQUESTS)
        await run.cancel()
        assert await run.drive() is RunState.CANCELED
        same = await engine.start(REQUESTS, cap_nano=10**9)
        assert same.id == run.id
        assert [outcome.state async for outcome in same] == ["canceled"] * 20
