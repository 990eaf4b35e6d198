"""Creates that are too large for the provider, or for a proxy in front of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.doubles import Crash, ScriptedProvider
from tests.twolane.worker.scene import Scene, ask, assert_all_answered, assert_closed
from twolane import Lane
from twolane.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Sequence
    from pathlib import Path

    from twolane import Engine
    from twolane.core.types import BatchInfo

PAGE = RejectedError("413 api_error: <html>Request Entity Too Large</html>", status=413)


class Narrow(ScriptedProvider):
    """Takes creates up to `room` bytes; `sizes` are those that were posted."""

    def __init__(self, room: int) -> None:
        """Refuse what is larger."""
        super().__init__()
        self.room = room
        self.sizes: list[int] = []

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Take a batch, or refuse it for its size."""
        self.sizes.append(size_bytes)
        if size_bytes > self.room:
            raise PAGE
        return await super().create_batch(body, size_bytes, betas=betas)


def _scene(tmp_path: Path, provider: Narrow, **settings: object) -> Scene:
    scene = Scene(tmp_path, provider, **settings)
    provider.now = scene.clock.now
    return scene


def test_a_create_that_is_too_large_is_halved_and_posted_again(tmp_path: Path) -> None:
    """It was certainly refused: nothing was paid, and all of it goes in smaller ones."""
    narrow = Narrow(1_000)
    scene = _scene(tmp_path, narrow)
    report = scene.finish(ask(40), lane=Lane.BATCH)
    assert report.items.succeeded == 40
    assert_all_answered(scene, 40)
    assert max(narrow.billed.values()) == 1
    # Halved to where they fit, and never tried larger again.
    refused = [size for size in narrow.sizes if size > narrow.room]
    assert narrow.sizes[: len(refused)] == refused
    assert all(later <= earlier / 2 for earlier, later in pairwise(refused))


def test_an_item_that_is_too_large_by_itself_fails_with_its_words(tmp_path: Path) -> None:
    """All others go; the one fails once, with what was answered and what to do."""
    narrow = Narrow(2_000)
    scene = _scene(tmp_path, narrow)
    requests = ask(12)
    long = {**requests[5].params, "messages": [{"role": "user", "content": "q5 " * 2_000}]}
    requests[5] = replace(requests[5], params=long)
    report = scene.finish(requests, lane=Lane.BATCH)
    assert (report.items.succeeded, report.items.failed) == (11, 1)
    (failure,) = report.failures
    assert (failure.item, failure.kind) == ("n5.md", "request_too_large")
    assert "Request Entity Too Large" in failure.message
    assert "Shorten or split" in failure.message
    assert max(narrow.billed.values()) == 1


def test_an_item_above_the_learned_size_is_still_tried_alone(tmp_path: Path) -> None:
    """Half of what was refused may be less than what is taken."""
    narrow = Narrow(2_500)
    scene = _scene(tmp_path, narrow)
    requests = ask(6)
    long = {**requests[0].params, "messages": [{"role": "user", "content": "x" * 1_900 + " q0"}]}
    requests[0] = replace(requests[0], params=long)
    report = scene.finish(requests, lane=Lane.BATCH)
    assert report.items.succeeded == 6


def test_the_learned_size_is_kept_for_the_run(tmp_path: Path) -> None:
    """Another process does not begin with what was refused before."""
    narrow = Narrow(3_000)
    scene = _scene(tmp_path, narrow)
    narrow.create_script.extend(["ok", "crash_after"])

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(40), lane=Lane.BATCH)
        await run.drive()

    with pytest.raises(Crash):
        scene.run(work)
    before = len(narrow.sizes)
    assert any(size > narrow.room for size in narrow.sizes)
    scene.finish(ask(40))
    assert_all_answered(scene, 40)
    assert all(size <= narrow.room for size in narrow.sizes[before:])


def test_a_provider_that_takes_no_create_at_all_ends_the_run(tmp_path: Path) -> None:
    """Halving ends with single items, each failed once with the words."""
    narrow = Narrow(0)
    scene = _scene(tmp_path, narrow)

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(5), lane=Lane.BATCH)
        await run.drive()
        assert_closed(engine, run)

    scene.run(work)
    assert {one.error_kind for one in scene.outcomes()} == {"request_too_large"}
    assert len(narrow.sizes) < 20


def test_another_batch_size_counts_from_the_next_start_on(tmp_path: Path) -> None:
    """It is no part of what a run is: a resume may have another."""
    scene = Scene(tmp_path)
    scene.scripted.create_script.extend(["ok", "crash_after"])
    scene.settings = replace(scene.settings, batch_size=10)
    with pytest.raises(Crash):
        _drive(scene)
    scene.settings = replace(scene.settings, batch_size=3)
    scene.finish(ask(40))
    sizes = [len(batch.requests) for batch in scene.scripted.batches]
    assert sizes[:2] == [10, 10]
    assert set(sizes[2:]) <= {1, 2, 3}
    assert_all_answered(scene, 40)


def _drive(scene: Scene) -> None:
    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(40), lane=Lane.BATCH)
        await run.drive()

    scene.run(work)


def test_the_body_of_a_create_is_no_larger_than_it_was_measured(tmp_path: Path) -> None:
    """The bound that was learned holds for the whole body, frame and commas included."""
    narrow = Narrow(3_000)
    scene = _scene(tmp_path, narrow)
    scene.finish(ask(40), lane=Lane.BATCH)
    for batch in narrow.batches:
        assert len(orjson.dumps({"requests": batch.requests})) <= narrow.room
