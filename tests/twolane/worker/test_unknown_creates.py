"""A create whose answer never came is found out about before anything is sent again."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.doubles import Crash, ScriptedProvider
from tests.twolane.worker.scene import Scene, ask, assert_all_answered, assert_closed
from twolane import Lane, RunState
from twolane.errors import (
    AuthenticationError,
    ConfigError,
    ConnectionFailedError,
    OverloadedError,
    RateLimitedError,
    RejectedError,
    RepeatedBatchIdError,
    TransientError,
)
from twolane.ledger.check import check

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Sequence
    from pathlib import Path

    from twolane import Engine
    from twolane.core.types import BatchInfo


def _once(scene: Scene, items: int) -> None:
    """See that all items were answered, each paid for once."""
    assert_all_answered(scene, items)
    ours = [n for question, n in scene.scripted.billed.items() if question.startswith("q")]
    assert max(ours) == 1


@pytest.mark.parametrize("step", ["drop_after", "error_after"])
def test_an_accepted_create_without_an_answer_is_found(tmp_path: Path, step: str) -> None:
    """The batch is found in the list, proved by its ids, and used; nothing is posted again."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append(step)
    scene.finish(ask(10))
    assert len(scene.scripted.batches) == 2
    _once(scene, 10)


def test_a_create_that_never_arrived_is_sent_again_after_the_grace(tmp_path: Path) -> None:
    """Only when a complete list, begun after the grace, has no candidate is anything resent."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_before")
    before = scene.clock.now()
    report = scene.finish(ask(5))
    assert report.items.succeeded == 5
    assert scene.clock.now() - before >= scene.settings.reconcile_grace_s
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


def test_a_create_that_never_left_is_sent_again_at_once(tmp_path: Path) -> None:
    """A refused connection is no unknown create."""
    scene = Scene(tmp_path)
    scene.scripted.create_script.append(ConnectionFailedError("refused", sent=False))
    before = scene.clock.now()
    scene.finish(ask(5))
    assert scene.clock.now() - before < 60
    _once(scene, 5)


def test_a_batch_that_is_late_in_the_list_is_waited_for(tmp_path: Path) -> None:
    """A list that does not show the batch yet proves nothing within the grace."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.lag = 10
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


def test_a_foreign_batch_of_the_same_size_is_left_alone(tmp_path: Path) -> None:
    """Somebody else's batch is told by its ids: neither taken for ours, nor canceled."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_before")

    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, ask(5))
        await run.drive()
        assert_closed(engine, run)

    # It appears between the look at the newest batch and the lookup afterwards.
    post = scene.scripted.create_batch

    async def with_company(*args: object, **more: object) -> object:
        if len(scene.scripted.batches) == 0:
            scene.scripted.add_foreign(5)
        return await post(*args, **more)  # type: ignore[arg-type]

    scene.scripted.create_batch = with_company  # type: ignore[method-assign, assignment]
    scene.run(work)
    assert [batch.status for batch in scene.scripted.batches] == ["ended", "ended"]
    # Nothing was booked for an answer that somebody else's batch could not have.
    assert scene.finish(ask(5)).actual_nano == Scene(tmp_path / "plain").finish(ask(5)).actual_nano
    _once(scene, 5)


def test_a_strange_first_line_does_not_disown_a_batch(tmp_path: Path) -> None:
    """One id with our nonce anywhere in the results proves the batch ours."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    stray = orjson.dumps({"custom_id": "file_99999_never_sent-zzzz", "result": {"type": "expired"}})
    scene.scripted.fetch_script.append(lambda lines: [b"noise", stray, *lines])
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


def test_short_results_do_not_disown_a_batch(tmp_path: Path) -> None:
    """Results that come short, and do not name us, are fetched again before they decide."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.fetch_script.append(lambda _: [])
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


@pytest.mark.parametrize(
    "change",
    [lambda _: [], lambda lines: [b'{"custom_id":"",' + line.partition(b",")[2] for line in lines]],
    ids=["no lines", "no names"],
)
def test_results_that_name_nobody_disown_nothing(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Where no result of the only candidate names anybody, what it may cost is booked."""
    scene = Scene(tmp_path, batch_size=5, reconcile_grace_s=60.0, poll_s=30.0)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.fetch_script.extend([change] * 3)
    report = scene.finish(ask(5), lane=Lane.BATCH)
    assert report.items.succeeded == 5
    assert report.items.uncertain == 5
    assert sum(scene.scripted.billed.values()) == 10

    async def sound(engine: Engine) -> None:
        await asyncio.sleep(0)
        assert check(engine.ledger) == []

    scene.run(sound)


def test_an_unreachable_list_decides_nothing(tmp_path: Path) -> None:
    """While the list cannot be read there is no proof, and nothing is sent."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    down = TransientError("scripted", status=500, kind="api_error")
    # The first list is the look before the create.
    scene.scripted.list_script.extend([None, *[down] * 40])
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


def test_a_key_that_is_refused_while_looking_stops_the_run(tmp_path: Path) -> None:
    """A revoked key does not leave a run looking for its batch for ever."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    refused = AuthenticationError("revoked", status=401, kind="authentication_error")
    scene.scripted.list_script.extend([None, refused])
    with pytest.raises(AuthenticationError):
        scene.finish(ask(5))
    scene.finish(ask(5))
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


def test_an_unknown_create_is_found_by_the_next_process(tmp_path: Path) -> None:
    """A process that dies while a batch is unknown leaves all that the next one needs."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.hold = True

    async def a_while(engine: Engine) -> None:
        run = await scene.begin(engine, ask(10))
        asyncio.get_running_loop().call_later(100, run.stop)
        assert await run.drive() is RunState.OPEN

    scene.run(a_while)
    assert len(scene.scripted.batches) == 1
    scene.scripted.hold = False
    scene.finish(ask(10))
    _once(scene, 10)


def test_no_create_goes_out_while_another_is_unknown(tmp_path: Path) -> None:
    """Creates wait for an unknown one, so that each unknown stays recognisable."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.lag = 6
    seen: list[int] = []
    listing = scene.scripted.list_batches

    async def count(**page: object) -> object:
        seen.append(len(scene.scripted.batches))
        return await listing(**page)  # type: ignore[arg-type]

    scene.scripted.list_batches = count  # type: ignore[method-assign, assignment]
    scene.finish(ask(20))
    assert seen[:6] == [0, 1, 1, 1, 1, 1]
    assert len(scene.scripted.batches) == 4
    _once(scene, 20)


@pytest.mark.parametrize(
    "fault",
    [
        RateLimitedError("slow down", status=429, kind="rate_limit_error", retry_after_s=20.0),
        RateLimitedError("slow down", status=429, kind="rate_limit_error"),
    ],
    ids=["retry-after", "without"],
)
def test_a_429_on_a_create_is_waited_out(tmp_path: Path, fault: RateLimitedError) -> None:
    """A rate limit refuses a create for certain: it goes out again after the pause."""
    scene = Scene(tmp_path)
    scene.scripted.create_script.extend([fault, fault])
    before = scene.clock.now()
    scene.finish(ask(5))
    assert scene.clock.now() - before >= 2 * (fault.retry_after_s or 0.0)
    assert len(scene.scripted.batches) == 1
    _once(scene, 5)


def test_a_529_on_a_create_is_an_unknown_create(tmp_path: Path) -> None:
    """Only a 4xx says that a create was not taken: an overload may have come too late."""
    scene = Scene(tmp_path)
    scene.scripted.create_script.append(OverloadedError("busy", status=529))
    before = scene.clock.now()
    scene.finish(ask(5))
    assert scene.clock.now() - before >= scene.settings.reconcile_grace_s
    _once(scene, 5)


def test_a_create_refused_as_a_whole_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    """A 400 on a create raises the provider's words; the items stay pending, nothing is booked."""
    scene = Scene(tmp_path)
    scene.scripted.create_script.append(
        RejectedError("requests.0: bad", status=400, kind="invalid_request_error")
    )
    with pytest.raises(RejectedError, match=r"requests\.0"):
        scene.finish(ask(5))
    report = scene.finish(ask(5))
    assert report.items.succeeded == 5
    _once(scene, 5)


def _other_workspace(scene: Scene) -> None:
    scene.scripted.key_fingerprint = hashlib.blake2b(b"other", digest_size=8).hexdigest()


@pytest.mark.parametrize("step", ["crash_after", "ok"])
def test_another_workspace_does_not_pay_for_open_batches_again(tmp_path: Path, step: str) -> None:
    """With a key that does not see the batches of before, the run stops and says so."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append(step)
    with pytest.raises(Crash):
        scene.run(lambda engine: _only_drive(scene, engine), ends_at=4)
    batches, scene.scripted.batches = scene.scripted.batches, []
    mine = scene.scripted.key_fingerprint
    _other_workspace(scene)
    with pytest.raises(ConfigError, match="another key"):
        scene.finish(ask(5))
    assert scene.scripted.batches == []
    scene.scripted.key_fingerprint, scene.scripted.batches = mine, batches
    scene.finish(ask(5))
    _once(scene, 5)


async def _only_drive(scene: Scene, engine: Engine) -> None:
    run = await scene.begin(engine, ask(5))
    await run.drive()


def test_another_key_of_the_same_workspace_goes_on(tmp_path: Path) -> None:
    """A new key that sees a batch of before is in the same workspace."""
    scene = Scene(tmp_path, batch_size=5)
    with pytest.raises(Crash):
        scene.run(lambda engine: _only_drive(scene, engine), ends_at=5)
    _other_workspace(scene)
    report = scene.finish(ask(5), lane=Lane.BATCH)
    assert report.items.succeeded == 5
    _once(scene, 5)


def _orphaned(home: Path) -> Scene:
    """Return a scene whose first batch stays out of the list for longer than the grace."""
    scene = Scene(home, batch_size=5, poll_s=300.0)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.lag = 4
    return scene


def test_a_batch_that_turns_up_after_it_was_given_up_is_booked(tmp_path: Path) -> None:
    """What an orphan cost is in the ledger and in the report; its items keep their own answers."""
    scene = _orphaned(tmp_path)
    report = scene.finish(ask(5))
    assert report.items.succeeded == 5
    assert len(scene.scripted.batches) == 2
    assert (report.orphans.batches, report.orphans.answers) == (1, 5)
    assert report.orphans.cost_nano * 2 == report.actual_nano
    assert_all_answered(scene, 5)


def test_an_orphan_is_booked_by_the_next_run_if_not_before(tmp_path: Path) -> None:
    """The watch goes on over all runs of the ledger with the same key and model."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_after")
    scene.scripted.hidden.add("msgbatch_0001")
    assert scene.finish(ask(5)).orphans.batches == 0
    scene.scripted.hidden.clear()

    async def another(engine: Engine) -> None:
        first = (await engine.runs())[0]
        await (await engine.start(ask(3))).drive()
        report = await (await engine.run(first.id)).report()
        assert report.orphans.answers == 5
        assert check(engine.ledger) == []

    scene.run(another, seed=7)


def test_a_foreign_batch_is_never_booked_as_an_orphan(tmp_path: Path) -> None:
    """Somebody else's batch of the same size, posted meanwhile, costs them and not us."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.create_script.append("drop_before")
    scene.scripted.add_foreign(5)
    report = scene.finish(ask(5))
    assert report.orphans.batches == 0
    assert report.items.succeeded == 5


class Repeating(ScriptedProvider):
    """Answers creates as long as `repeats` with the id of the first one, and may not take them."""

    repeats = True
    takes = True

    async def create_batch(
        self, body: AsyncIterable[bytes], size_bytes: int, *, betas: Sequence[str] = ()
    ) -> BatchInfo:
        """Take a batch, and say that it is the first."""
        first = self.batches[0].id if self.batches and self.repeats else None
        info = await super().create_batch(body, size_bytes, betas=betas)
        if first is not None and not self.takes:
            self.batches.pop()
        return info if first is None else replace(info, id=first)


@pytest.mark.parametrize("takes", [True, False], ids=["taken", "a proxy's kept answer"])
def test_an_id_that_another_batch_has_ends_the_run_and_loses_nothing(
    tmp_path: Path, *, takes: bool
) -> None:
    """It is named as what it is, and the batch looked for before anything is posted again."""
    provider = Repeating()
    provider.takes = takes
    scene = Scene(tmp_path, provider, batch_size=5)
    provider.now = scene.clock.now
    with pytest.raises(RepeatedBatchIdError, match="msgbatch_0001, which another batch has"):
        scene.finish(ask(10))
    provider.repeats = False
    scene.finish(ask(10))
    assert_all_answered(scene, 10)
    assert max(provider.billed.values()) == 1
    assert len(provider.batches) == 2
