"""Money has a cap: the worst case is set aside before a request leaves, and never exceeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twolane.worker.scene import MODEL, Scene, ask, assert_closed
from twolane import Lane, Request, RunState
from twolane.front.console import EXIT_BUDGET, exit_code
from twolane.ledger import reports

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Engine, Report

USD = 1_000_000_000


def _notes(count: int, *, max_tokens: int = 400) -> list[Request]:
    """Return requests as long as notes are: 1 to 8 kB, one in twenty 40 kB."""
    requests = []
    for index in range(count):
        size = 40_000 if index % 20 == 19 else 1_000 + (index * 997) % 7_000
        text = ("lorem ipsum " * (size // 12)) + f"q{index}"
        requests.append(
            Request(
                key=f"{index}.md",
                params={
                    "model": MODEL,
                    "max_tokens": max_tokens,
                    "messages": [{"role": "user", "content": text}],
                },
            )
        )
    return requests


def _short_answer(params: dict[str, Any]) -> str:
    return str(params["messages"][0]["content"][-300:])


@pytest.mark.long
@pytest.mark.parametrize("lane", list(Lane))
def test_3000_items_under_2_dollars_stop_just_below_the_cap(tmp_path: Path, lane: Lane) -> None:
    """The cap is used up to nine tenths and never exceeded; the rest is left out and listed."""
    # 3,000 such notes cost about 23 dollars in real time, 12 in batches.
    cap = 2 * USD
    scene = Scene(tmp_path)
    scene.scripted.reply = _short_answer
    requests = _notes(3_000)
    report = scene.finish(requests, lane=lane, cap_nano=cap)
    assert 0.9 * cap <= report.actual_nano <= cap
    assert report.state == RunState.STOPPED
    assert exit_code(report) == EXIT_BUDGET
    assert report.items.skipped > 0
    assert report.items.succeeded + report.items.skipped == 3_000
    assert len(report.failures) == report.items.skipped
    assert {one.kind for one in report.failures} == {"budget"}
    assert all(one.retryable for one in report.failures)
    _assert_sums(report, scene)

    raised = scene.run(lambda engine: _raise(engine, 40 * USD))
    assert raised.state == RunState.DONE
    assert raised.items.succeeded == 3_000
    assert max(scene.scripted.billed.values()) == 1
    _assert_sums(raised, scene)


async def _raise(engine: Engine, cap_nano: int) -> Report:
    run = (await engine.runs())[0]
    again = await engine.run(run.id)
    await again.set_cap(cap_nano)
    await again.drive()
    assert_closed(engine, again)
    return await again.report()


def _assert_sums(report: Report, scene: Scene) -> None:
    """See that the report, the items and the ledger's attempts tell the same cost."""

    async def spent(engine: Engine) -> int:
        return engine.ledger.money((await engine.runs())[0])[0]

    assert report.actual_nano == scene.run(spent)
    assert report.actual_nano == sum(one.cost_nano for one in scene.outcomes())
    assert report.actual_nano == sum(lane.cost_nano for lane in report.lanes.values())


def test_the_same_work_costs_exactly_half_as_a_batch(tmp_path: Path) -> None:
    """The batch lane bills half of every token, to the nano-dollar."""
    reports_of = {}
    for lane in Lane:
        scene = Scene(tmp_path / lane)
        reports_of[lane] = scene.finish(ask(50, words=30), lane=lane)
    batch, realtime = reports_of[Lane.BATCH], reports_of[Lane.REALTIME]
    assert 2 * batch.actual_nano == realtime.actual_nano
    assert batch.all_realtime_nano == realtime.actual_nano == realtime.all_realtime_nano


def test_a_giant_first_item_does_not_keep_the_others_out(tmp_path: Path) -> None:
    """What alone exceeds the cap is left out, and what fits goes."""
    scene = Scene(tmp_path)
    giant = Request(key="giant", params={**ask(1)[0].params, "max_tokens": 60_000}, need=9)
    requests = [giant, *ask(5)]
    report = scene.finish(requests, cap_nano=USD // 10)
    assert report.items.succeeded == 5
    assert [one.item for one in report.failures] == ["giant"]
    assert report.state == RunState.STOPPED


def test_the_neediest_go_first_where_the_cap_is_short(tmp_path: Path) -> None:
    """Under a cap the order of need decides who is paid for."""
    scene = Scene(tmp_path, concurrency=1)
    requests = [
        Request(key=one.key, params=one.params, need=index % 7)
        for index, one in enumerate(ask(70, echo=False))
    ]
    report = scene.finish(requests, lane=Lane.REALTIME, cap_nano=6_500_000)
    assert 0 < report.items.succeeded < 70
    outcomes = scene.outcomes()
    done = [requests[one.index].need for one in outcomes if one.state == "succeeded"]
    left = [requests[one.index].need for one in outcomes if one.state == "skipped"]
    assert min(done) >= max(left)


def test_a_cap_for_nothing_sends_nothing(tmp_path: Path) -> None:
    """With a cap below every worst case the run stops before the first request."""
    scene = Scene(tmp_path)
    report = scene.finish(ask(5), cap_nano=1)
    assert report.items.skipped == 5
    assert report.actual_nano == 0
    assert scene.scripted.batches == []


def test_uncertain_calls_count_against_the_cap(tmp_path: Path) -> None:
    """Dropped calls keep their worst case as spent, and the cap holds with them."""
    scene = Scene(tmp_path, concurrency=2)
    scene.scripted.send_script.extend(["drop_after"] * 8)
    cap = 52_000_000
    report = scene.finish(ask(40), lane=Lane.REALTIME, cap_nano=cap)
    assert report.items.uncertain == 8
    assert report.actual_nano <= cap
    assert report.items.skipped > 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(max_size=300), min_size=1, max_size=6),
    max_tokens=st.integers(1, 3_000),
    lane=st.sampled_from(list(Lane)),
    echo=st.booleans(),
)
def test_no_answer_costs_more_than_was_set_aside(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    max_tokens: int,
    lane: Lane,
    echo: bool,  # noqa: FBT001  # Hypothesis passes it by name
) -> None:
    """Whatever the sizes, the reserve is at least the cost: a token a byte, and all of the reply."""
    scene = Scene(tmp_path_factory.mktemp("sizes"))
    requests = [
        Request(
            key=str(index),
            params={
                "model": MODEL,
                "max_tokens": max_tokens,
                "messages": [{"role": "user", "content": text}],
            },
            echo=echo,
        )
        for index, text in enumerate(texts)
    ]
    scene.finish(requests, lane=lane)

    async def rows(engine: Engine) -> list[tuple[int, int]]:
        found = engine.ledger.store.db.execute("SELECT reserve_nano, cost_nano FROM attempts")
        return list(found.fetchall())

    for reserve, cost in scene.run(rows):
        assert 0 <= cost <= reserve


def test_a_cap_holds_over_resumes_and_raised_caps(tmp_path: Path) -> None:
    """What was spent before counts: three caps, each is kept, the last one is enough."""
    scene = Scene(tmp_path, batch_size=10)
    spent: list[int] = []
    for cap in (5_000_000, 8_000_000, USD):
        if not spent:
            report = scene.finish(ask(60), cap_nano=cap)
        else:
            report = scene.run(lambda engine, cap=cap: _raise(engine, cap))  # type: ignore[misc]
        assert report.actual_nano <= cap
        spent.append(report.actual_nano)
    assert spent == sorted(spent)
    assert report.state == RunState.DONE
    assert report.items.succeeded == 60
    assert max(scene.scripted.billed.values()) == 1


def test_the_same_cap_again_spends_nothing_more(tmp_path: Path) -> None:
    """Driving a run that the budget stopped sends nothing while the cap stays."""
    scene = Scene(tmp_path)
    first = scene.finish(ask(60), cap_nano=5_000_000)
    again = scene.finish(ask(60), cap_nano=5_000_000)
    assert again.state == RunState.STOPPED
    assert again.actual_nano == first.actual_nano
    assert again.items == first.items


def test_the_report_is_valid_json_with_exact_sums(tmp_path: Path) -> None:
    """Dollars in the report are exact decimal strings that add up."""
    from decimal import Decimal  # noqa: PLC0415

    from twolane.front.console import report_object  # noqa: PLC0415

    scene = Scene(tmp_path)
    report = scene.finish(ask(30))
    value = orjson.loads(orjson.dumps(report_object(report)))
    lanes = value["lanes"]
    total = Decimal(lanes["realtime"]["cost_usd"]) + Decimal(lanes["batch"]["cost_usd"])
    assert total == Decimal(value["cost"]["actual_usd"])
    saved = Decimal(value["cost"]["all_realtime_usd"]) - total
    assert saved == Decimal(value["cost"]["saved_usd"])
    assert sum(value["items"][name] for name in value["items"] if name != "total") == 30
    assert reports.BUDGET_REASON == "budget"
