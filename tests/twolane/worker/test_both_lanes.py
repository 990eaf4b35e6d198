"""One code path: the same replies mean the same in real time and in a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.doubles import echo_reply
from tests.twolane.worker.scene import Scene, ask
from twolane import Lane, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _broken(_params: dict[str, Any]) -> str:
    return "{"


def _no_token(_params: dict[str, Any]) -> str:
    return '{"text": "an answer without its token"}'


def _wrong_token(_params: dict[str, Any]) -> str:
    return '{"note_ref": "bbbbbbbbbbbb"}'


def _empty(_params: dict[str, Any]) -> str:
    return ""


def _every_other(params: dict[str, Any]) -> str:
    question = params["messages"][0]["content"]
    return echo_reply(params) if int(question.rsplit("q", 1)[1]) % 2 else _wrong_token(params)


def _invalid(params: dict[str, Any]) -> tuple[str, str] | None:
    question = params["messages"][0]["content"]
    return ("invalid_request_error", "bad") if question.endswith("3") else None


@pytest.mark.parametrize("echo", [True, False], ids=["echo", "plain"])
@pytest.mark.parametrize(
    "reply", [echo_reply, _broken, _no_token, _wrong_token, _empty, _every_other]
)
def test_the_same_replies_end_the_same_in_both_lanes(
    tmp_path: Path, reply: Callable[[dict[str, Any]], str], *, echo: bool
) -> None:
    """States, texts, kinds, attempts and reasons of every item agree between the lanes."""
    seen = {}
    for lane in Lane:
        scene = Scene(tmp_path / lane)
        scene.scripted.reply = reply
        scene.scripted.refuse = _invalid
        report = scene.finish(ask(10, echo=echo), lane=lane)
        seen[lane] = (
            report.items,
            [(f.item, f.kind, f.message, f.retryable) for f in report.failures],
            [
                (one.state, one.text, one.error_kind, one.attempts, one.message)
                for one in scene.outcomes()
            ],
        )
    assert seen[Lane.REALTIME] == seen[Lane.BATCH]


def test_the_same_request_is_sent_in_both_lanes(tmp_path: Path) -> None:
    """The body of a call and the params of a batch line are one and the same."""
    bodies: dict[Lane, list[dict[str, Any]]] = {}
    for lane in Lane:
        scene = Scene(tmp_path / lane)
        requests = [
            Request(key=one.key, params={**one.params, "system": f"be brief {index % 2}"})
            for index, one in enumerate(ask(6))
        ]
        scene.finish(requests, lane=lane)
        if lane is Lane.REALTIME:
            bodies[lane] = scene.scripted.sent
        else:
            bodies[lane] = [one["params"] for one in scene.scripted.batches[0].requests]
        assert bodies[lane] == [one.params for one in requests]
    assert orjson.dumps(bodies[Lane.REALTIME]) == orjson.dumps(bodies[Lane.BATCH])


def test_two_or_more_go_as_a_batch_and_one_goes_at_once(tmp_path: Path) -> None:
    """Without a wish the count decides the lane, and the reason is on record."""
    for count, lane in ((1, Lane.REALTIME), (2, Lane.BATCH), (3, Lane.BATCH)):
        scene = Scene(tmp_path / str(count))
        report = scene.finish(ask(count))
        assert report.decision.lane is lane
        assert report.decision.reason.startswith(f"{count} item")
        assert report.lanes[lane].items == count


WRAPPED = {
    "a fence": "```json\n{}\n```",
    "words before": "Here is the answer:\n\n{}",
    "words behind": "{}\n\nI hope this helps!",
    "a thought before": '<think>Shall it be {{"a": 1}}?</think>\n{}',
}


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("form", WRAPPED.values(), ids=WRAPPED)
def test_json_within_a_fence_or_words_is_the_reply(tmp_path: Path, form: str, lane: Lane) -> None:
    """It is paid for once, comes out as plain JSON, and the whole answer is kept beside it."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda params: form.format(echo_reply(params))
    report = scene.finish(ask(3), lane=lane)
    assert report.items.succeeded == 3
    for outcome in scene.outcomes():
        assert outcome.attempts == 1
        assert f'q{outcome.index}"' in orjson.loads(outcome.text)["text"] + '"'
        assert outcome.result["message"]["said"] == form.format(outcome.text)


def test_json_of_another_item_within_words_is_quarantined(tmp_path: Path) -> None:
    """What stands around a reply proves nothing about whose it is."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda params: f"Here it is: {_wrong_token(params)}"
    assert scene.finish(ask(2)).items.quarantined == 2


SAYS_SOMETHING = {
    "description": "it says nothing",
    "properties": {"text": {"pattern": r"\S"}},
}


@pytest.mark.parametrize("lane", list(Lane))
def test_a_reply_that_is_not_usable_is_asked_for_once_more(tmp_path: Path, lane: Lane) -> None:
    """The model is shown what was wrong; a second one ends the item, with the reason."""
    scene = Scene(tmp_path)

    def reply(params: dict[str, Any]) -> str:
        said = orjson.loads(echo_reply(params))
        hopeless = "q1" in params["messages"][0]["content"]
        empty = hopeless or len(params["messages"]) == 1
        return orjson.dumps({**said, **({"text": " "} if empty else {})}).decode()

    scene.scripted.reply = reply
    scene.finish(ask(2), lane=lane, usable=SAYS_SOMETHING)
    first, second = scene.outcomes()
    assert (first.state, first.attempts) == ("succeeded", 2)
    assert (second.state, second.attempts, second.error_kind) == ("failed", 2, "invalid_reply")
    assert second.message.startswith("it says nothing. Retry the item")
    sent = scene.scripted.sent or [
        one["params"] for batch in scene.scripted.batches for one in batch.requests
    ]
    asked_again = [one["messages"][-1]["content"] for one in sent if len(one["messages"]) > 1]
    assert len(asked_again) == 2
    assert all("cannot be used: it says nothing. Answer" in one for one in asked_again)
