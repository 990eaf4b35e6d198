"""A result reaches only the item it was made for, whatever the provider's results look like."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.twolane.worker.scene import Scene, ask, assert_all_answered
from twolane import Lane
from twolane.core.identity import parse_custom_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twolane import Engine

Lines = list[bytes]


def _swap_first_two(lines: Lines) -> Lines:
    """Give the first two ids each other's results."""
    one, two = orjson.loads(lines[0]), orjson.loads(lines[1])
    one["result"], two["result"] = two["result"], one["result"]
    return [orjson.dumps(one), orjson.dumps(two), *lines[2:]]


def _shuffled(lines: Lines) -> Lines:
    mixed = list(lines)
    random.Random(5).shuffle(mixed)  # noqa: S311
    return mixed


def test_answers_in_any_order_find_their_items(tmp_path: Path) -> None:
    """The order of result lines decides nothing."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.append(_shuffled)
    report = scene.finish(ask(40))
    assert report.items.succeeded == 40
    assert_all_answered(scene, 40)


def test_swapped_answers_are_quarantined_and_never_delivered(tmp_path: Path) -> None:
    """Answers under each other's ids fail the echo, are kept with their cost, and not delivered."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.append(_swap_first_two)
    report = scene.finish(ask(10))
    assert report.items.quarantined == 2
    assert report.items.succeeded == 8
    assert {one.kind for one in report.failures} == {"quarantined"}
    for outcome in scene.outcomes():
        if outcome.state == "quarantined":
            assert outcome.body is None
            assert outcome.text == ""
            assert outcome.cost_nano > 0
        else:
            assert f'q{outcome.index}"' in outcome.text
    assert max(scene.scripted.billed.values()) == 1


def test_a_quarantined_answer_stays_in_the_ledger_to_be_looked_at(tmp_path: Path) -> None:
    """What was paid for and cannot be proved to belong is kept word for word."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.append(_swap_first_two)
    scene.finish(ask(2))

    async def kept(engine: Engine) -> list[str]:
        rows = engine.ledger.store.db.execute("SELECT body FROM replies ORDER BY attempt_no")
        return [row[0].decode() for row in rows]

    first, second = scene.run(kept)
    assert "q1" in first
    assert "q0" in second


@pytest.mark.parametrize("lane", list(Lane))
def test_a_wrong_echo_is_quarantined_in_both_lanes(tmp_path: Path, lane: Lane) -> None:
    """A reply that repeats another note's token is quarantined and not asked for again."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda _: '{"note_ref": "aaaaaaaaaaaa", "text": "?"}'
    report = scene.finish(ask(3), lane=lane)
    assert report.items.quarantined == 3
    assert max(scene.scripted.billed.values()) == 1


def test_without_an_echo_the_id_alone_decides(tmp_path: Path) -> None:
    """Requests that ask for no echo are matched by their id and delivered."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.append(_shuffled)
    report = scene.finish(ask(12, echo=False))
    assert report.items.succeeded == 12
    assert [one.text for one in scene.outcomes()] == [f"q{index}" for index in range(12)]


def _restamped(change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    def changed(lines: Lines) -> Lines:
        values = [orjson.loads(line) for line in lines]
        return [orjson.dumps({**one, "custom_id": change(one["custom_id"])}) for one in values]

    return changed


@pytest.mark.parametrize(
    "change",
    [
        lambda custom_id: custom_id[:-4] + "zzzz",
        lambda custom_id: custom_id.replace("file_", "note_"),
        lambda custom_id: "file_99999_never_sent-" + custom_id[-4:],
        lambda custom_id: custom_id + "a",
        lambda custom_id: custom_id.replace("Note", "Nose"),
    ],
    ids=["other nonce", "other prefix", "never sent", "longer", "other name"],
)
def test_an_id_that_was_not_sent_in_this_batch_reaches_nobody(
    tmp_path: Path, change: Callable[[str], str]
) -> None:
    """A line counts only where its whole id is one of this batch's; the items are asked again."""
    scene = Scene(tmp_path, batch_size=4)
    scene.scripted.fetch_script.extend([_restamped(change)] * 3)
    report = scene.finish(ask(4))
    assert report.items.succeeded == 4
    assert_all_answered(scene, 4)
    # The answers under wrong ids are not used: every item was asked twice, and booked twice.
    assert [one.attempts for one in scene.outcomes()] == [2, 2, 2, 2]


def test_an_answer_without_an_id_reaches_nobody_and_is_not_bought_again(tmp_path: Path) -> None:
    """It may be the answer to any of its batch's items: those fail by name, each paid for once."""
    scene = Scene(tmp_path, batch_size=4)
    scene.scripted.fetch_script.extend([_restamped(lambda _: "")] * 3)
    report = scene.finish(ask(4))
    assert (report.items.succeeded, report.items.failed) == (0, 4)
    assert {one.kind for one in report.failures} == {"unreadable_reply"}
    assert [one.attempts for one in scene.outcomes()] == [1, 1, 1, 1]
    assert max(scene.scripted.billed.values()) == 1


def test_the_lines_of_another_batch_reach_nobody(tmp_path: Path) -> None:
    """Results of batch one served for batch two are strays; their own come at the next fetch."""
    scene = Scene(tmp_path, batch_size=4)
    first: Lines = []

    def keep(lines: Lines) -> Lines:
        first.extend(lines)
        return lines

    scene.scripted.fetch_script.extend([keep, lambda _: first])
    report = scene.finish(ask(8))
    assert report.items.succeeded == 8
    assert_all_answered(scene, 8)
    assert scene.scripted.fetches == 3
    assert max(scene.scripted.billed.values()) == 1


def test_a_second_line_for_an_item_changes_nothing(tmp_path: Path) -> None:
    """Of several lines with one id the first counts, and is booked once."""
    scene = Scene(tmp_path)
    plain = Scene(tmp_path / "plain")
    scene.scripted.fetch_script.append(lambda lines: [*lines, *lines])
    doubled, once = scene.finish(ask(6)), plain.finish(ask(6))
    assert doubled.items == once.items
    assert doubled.actual_nano == once.actual_nano
    assert_all_answered(scene, 6)


def test_lines_that_cannot_be_read_are_remarked_on_and_passed_over(tmp_path: Path) -> None:
    """Noise between result lines costs nothing and is written down with the batch."""
    scene = Scene(tmp_path)
    noise = [b"not json", b"[1]", b'{"type":"notice"}', b"", b'{"custom_id":"x","result":{}}']
    scene.scripted.fetch_script.append(lambda lines: [*noise, *lines])
    scene.finish(ask(6))
    assert_all_answered(scene, 6)

    async def remark(engine: Engine) -> str:
        run = (await engine.runs())[0]
        return engine.ledger.batches(run)[0].reason

    assert "cannot be read" in scene.run(remark)


def test_short_results_are_fetched_again(tmp_path: Path) -> None:
    """A result stream that ends early without an error is not believed."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([lambda lines: lines[:3], lambda _: []])
    report = scene.finish(ask(10))
    assert report.items.succeeded == 10
    assert scene.scripted.fetches == 3
    assert max(scene.scripted.billed.values()) == 1


def _without(text: bytes) -> Callable[[Lines], Lines]:
    return lambda lines: [line for line in lines if text not in line]


def test_a_missing_line_is_fetched_thrice_booked_and_resent_once(tmp_path: Path) -> None:
    """An item without a line counts with its reserve, and is asked once more."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([_without(b"q3")] * 3)
    report = scene.finish(ask(10), lane=Lane.BATCH)
    assert report.items.succeeded == 10
    assert scene.scripted.fetches == 4
    assert scene.scripted.billed == {f"q{n}": 1 + (n == 3) for n in range(10)}
    outcomes = scene.outcomes()
    assert outcomes[3].attempts == 2
    # The worst case of the lost answer is far above what an answer costs.
    assert outcomes[3].cost_nano > 10 * outcomes[4].cost_nano


def test_an_item_missing_twice_is_failed(tmp_path: Path) -> None:
    """What stays without a result is failed with its reason, and not paid for a third time."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([_without(b"q3")] * 6)
    report = scene.finish(ask(10), lane=Lane.BATCH)
    assert report.items.failed == 1
    assert [(one.item, one.kind) for one in report.failures] == [("n3.md", "missing")]
    assert report.failures[0].retryable
    assert scene.scripted.billed["q3"] == 2


def test_122_files_the_answer_of_file_100_never_lands_on_file_0(tmp_path: Path) -> None:
    """With two batches the index is global: file 100 is the first of its batch, not file 0."""
    scene = Scene(tmp_path)
    scene.finish(ask(122))
    sizes = [len(batch.requests) for batch in scene.scripted.batches]
    assert sizes == [100, 22]
    second = [parse_custom_id(one["custom_id"]) for one in scene.scripted.batches[1].requests]
    assert [parsed[0] for parsed in second if parsed] == list(range(100, 122))
    outcomes = scene.outcomes()
    assert outcomes[0].custom_id.startswith("file_00000_")
    assert outcomes[100].custom_id.startswith("file_00100_")
    assert_all_answered(scene, 122)


def test_782_items_travel_in_eight_batches_and_all_come_home(tmp_path: Path) -> None:
    """Ids are unique over all batches of a run, and every answer finds its file."""
    scene = Scene(tmp_path)
    scene.scripted.fetch_script.extend([_shuffled] * 8)
    report = scene.finish(ask(782))
    sizes = [len(batch.requests) for batch in scene.scripted.batches]
    assert sizes == [100] * 7 + [82]
    ids = [one["custom_id"] for batch in scene.scripted.batches for one in batch.requests]
    assert len(set(ids)) == 782
    assert report.lanes[Lane.BATCH].batches == 8
    assert_all_answered(scene, 782)


def test_every_attempt_has_ids_of_its_own(tmp_path: Path) -> None:
    """A resend carries another nonce, so that a late answer of the first try is told apart."""
    scene = Scene(tmp_path, batch_size=5)
    scene.scripted.fetch_script.extend([lambda _: []] * 3)
    scene.finish(ask(5))
    first, second = scene.scripted.batches
    ids: list[set[Any]] = [{one["custom_id"] for one in b.requests} for b in (first, second)]
    assert ids[0].isdisjoint(ids[1])
