"""Refusals in every form they come in: whose they are, what they cost, and how the run goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.twolane.worker.scene import ask
from tests.twolane.worker.wire import COST_NANO, LANES, LOST, Wired, ended, message, wired
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twolane import Request

INVALID = "invalid_request_error"
LIMIT = "You have reached your specified API usage limits. You will regain access on 2027-02-01."
CREDIT = "Your credit balance is too low to access the Anthropic API."
NO_KEY = "This organization has been disabled."


def error(kind: str, text: str) -> bytes:
    """Return an error body of the API."""
    return orjson.dumps({"type": "error", "error": {"type": kind, "message": text}})


def refused(status: int, kind: str, text: str) -> Wired:
    """Return a whole answer that refuses a call."""
    return Wired(status, error(kind, text))


def refused_line(kind: str, text: str) -> bytes:
    """Return the line of a batch's results that refuses a request."""
    return b'{"custom_id":"LINE","result":{"type":"errored","error":%b}}' % error(kind, text)


def from_call(number: int, answer: Wired) -> Callable[[str, bytes], Wired | bytes | None]:
    """Return what answers `answer` from the call of that number on."""
    calls = 0

    def spoil(_question: str, _plain: bytes) -> Wired | None:
        nonlocal calls
        calls += 1
        return answer if calls >= number else None

    return spoil


ENDS_THE_RUN = {
    "a limit as 400": (refused(400, INVALID, LIMIT), 5),
    "a limit as 429": (
        refused(429, "rate_limit_error", "spend limit: enforced_spend_limit_reached"), 5,
    ),
    "a gateway's limit as 403": (Wired(403, b'{"error":{"message":"Key limit exceeded"}}'), 5),
    "a gateway's budget as 400": (
        Wired(400, b'{"error":{"message":"Budget has been exceeded! Current cost: 2, Max budget: '
              b'1","type":"budget_exceeded","code":400}}'), 5,
    ),
    "credit as 400": (refused(400, INVALID, CREDIT), 6),
    "credit as 402": (refused(402, "billing_error", "pay"), 6),
    "credit as 402 of a gateway": (
        Wired(402, b'{"error":{"message":"Insufficient credits","code":402}}'), 6,
    ),
    "quota as 429": (
        Wired(429, b'{"error":{"message":"You exceeded your current quota, please check your plan '
              b'and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}'), 6,
    ),
    "an organization as 400": (refused(400, INVALID, NO_KEY), 6),
    "a key as 401": (refused(401, "authentication_error", "invalid x-api-key"), 6),
    "a model as 404": (refused(404, "not_found_error", "model: claude-haiku-4-5"), 6),
    "a path as 404": (Wired(404, b"<html><title>404 Not Found</title></html>"), 2),
    "a path as 404 in JSON": (Wired(404, b'{"detail":"Not Found"}'), 2),
    "a redirect": (Wired(308, b"", {"location": "https://elsewhere.example/v1"}), 2),
    "a proxy's password": (Wired(407, b"Proxy Authentication Required"), 2),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS_THE_RUN)
def test_what_refuses_every_request_ends_the_run_midway(tmp_path: Path, name: str) -> None:
    """At most the calls in flight are made, no item fails, and the resume finishes the run."""
    answer, code = ENDS_THE_RUN[name]
    scene, wire = wired(tmp_path, from_call(41, answer), concurrency=8)
    report, stopped = ended(scene, ask(200, echo=False), lane=Lane.REALTIME)
    assert stopped is not None
    assert stopped.exit_code == code
    assert report.items.succeeded == 40
    assert (report.items.failed, report.items.open) == (0, 160)
    assert sum(wire.calls.values()) <= 40 + 8
    assert report.actual_nano == 40 * COST_NANO[Lane.REALTIME]
    wire.spoil = lambda *_: None
    report, stopped = ended(scene, ask(200, echo=False))
    assert stopped is None
    assert report.items.succeeded == 200
    assert set(wire.billed.values()) == {1}


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (INVALID, LIMIT, 5),
        (INVALID, CREDIT, 6),
        ("billing_error", "pay", 6),
        (INVALID, NO_KEY, 6),
        ("authentication_error", "invalid x-api-key", 6),
    ],
)
def test_the_same_words_per_line_of_a_batch_end_the_run(
    tmp_path: Path, kind: str, text: str, code: int
) -> None:
    """What was answered is kept, what was refused stays to be done and costs nothing."""
    line = refused_line(kind, text)
    scene, wire = wired(tmp_path, lambda q, _: line if q in ("q1", "q2") else None)
    report, stopped = ended(scene, ask(6, echo=False), lane=Lane.BATCH)
    assert stopped is not None
    assert stopped.exit_code == code
    assert (report.items.succeeded, report.items.failed, report.items.open) == (4, 0, 2)
    assert report.actual_nano == 4 * COST_NANO[Lane.BATCH]
    wire.spoil = lambda *_: None
    assert ended(scene, ask(6))[0].items.succeeded == 6


@pytest.mark.parametrize("lane", LANES)
def test_one_request_that_is_forbidden_fails_while_others_are_answered(
    tmp_path: Path, lane: Lane
) -> None:
    """A 403 for one of many, such as a firewall's, is that request's own fault."""
    text = "Request forbidden by administrative rules"
    answer = refused(403, "permission_error", text)
    if lane is Lane.REALTIME:
        scene, _ = wired(tmp_path, lambda q, _: answer if q == "q20" else None, concurrency=4)
    else:
        line = refused_line("permission_error", text)
        scene, _ = wired(tmp_path, lambda q, _: line if q == "q20" else None)
    report, stopped = ended(scene, ask(60, echo=False), lane=lane)
    assert stopped is None
    assert (report.items.succeeded, report.items.failed) == (59, 1)
    assert text in report.failures[0].message
    assert not report.failures[0].retryable


@pytest.mark.parametrize("lane", LANES)
def test_a_key_that_may_not_use_the_model_ends_the_run(tmp_path: Path, lane: Lane) -> None:
    """A 403 for all, from the first on, is no single request's fault."""
    text = "Your key may not use this model"
    answer = refused(403, "permission_error", text)
    line = refused_line("permission_error", text)
    scene, _ = wired(tmp_path, lambda *_: answer if lane is Lane.REALTIME else line)
    report, stopped = ended(scene, ask(60, echo=False), lane=lane)
    assert stopped is not None
    assert stopped.exit_code == 6
    assert (report.items.failed, report.items.open) == (0, 60)


# -- computed, perhaps ----------------------------------------------------------------------------

TIMED_OUT = {
    "504 of a gateway": LOST,
    "504 of the API": refused(504, "timeout_error", "Request timed out"),
    "524": Wired(524, b"<html><title>524: A timeout occurred</title></html>"),
    "408": Wired(408, b'{"error":{"message":"litellm.Timeout","code":"408"}}'),
    "499": Wired(499, b""),
    "502 of a gateway": Wired(502, b"<html><title>502 Bad Gateway</title></html>"),
    "520": Wired(520, b"<html><title>520: Web server returned an unknown error</title></html>"),
}


@pytest.mark.parametrize("name", TIMED_OUT)
def test_a_gateway_that_gives_up_is_booked_and_tried_five_times(tmp_path: Path, name: str) -> None:
    """Each try may have been paid for: it counts at its reserve, and the sixth is never made."""
    scene, wire = wired(tmp_path, lambda q, _: TIMED_OUT[name] if q == "q1" else None)
    report, stopped = ended(scene, ask(2, echo=False), lane=Lane.REALTIME)
    assert stopped is None
    assert (report.items.succeeded, report.items.failed) == (1, 1)
    assert wire.calls["q1"] == 5
    assert report.items.uncertain == 5
    assert str(TIMED_OUT[name].status) in report.failures[0].message
    assert report.failures[0].retryable
    assert report.actual_nano > 5 * COST_NANO[Lane.REALTIME]


def test_a_gateway_that_gives_up_once_is_booked_beside_the_answer(tmp_path: Path) -> None:
    """One 504 before an answer leaves two attempts on record, the first at its reserve."""
    answers = [LOST]
    scene, wire = wired(tmp_path, lambda *_: answers.pop() if answers else None)
    report, _ = ended(scene, ask(1, echo=False), lane=Lane.REALTIME)
    assert report.items.succeeded == 1
    assert report.items.uncertain == 1
    assert wire.calls["q0"] == 2
    assert scene.outcomes()[0].attempts == 2
    assert report.actual_nano > 2 * COST_NANO[Lane.REALTIME]


def test_a_gateway_that_is_down_for_40_s_fails_no_item(tmp_path: Path) -> None:
    """Errors that come at once are not answered with the next try at once."""
    scene, wire = wired(tmp_path, lambda *_: None, concurrency=4)
    wire.latency_s = 0.01
    down = TIMED_OUT["502 of a gateway"]
    wire.spoil = lambda *_: down if scene.clock.now() < start + 40 else None
    start = scene.clock.now()
    report, _ = ended(scene, ask(20, echo=False), lane=Lane.REALTIME)
    assert report.items.succeeded == 20


@pytest.mark.parametrize("status", [500, 529, 503, 521, 522])
def test_a_server_that_never_computed_costs_nothing(tmp_path: Path, status: int) -> None:
    """An error of the API, or of a gateway without its server, is free and tried again."""
    own = refused(status, "api_error", "Internal server error")
    page = Wired(status, b"<html><title>down</title></html>")
    answer = page if status in (521, 522) else own
    answers = [answer] * 6
    scene, _ = wired(tmp_path, lambda *_: answers.pop() if answers else None)
    report, _ = ended(scene, ask(1, echo=False), lane=Lane.REALTIME)
    assert report.items.succeeded == 1
    assert report.items.uncertain == 0
    assert report.actual_nano == COST_NANO[Lane.REALTIME]


# -- how a reply ended ----------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {"tags": {"type": "array"}},
    "required": ["tags"],
    "additionalProperties": False,
}
ENDINGS = {
    "refusal": message(content=[], stop_reason="refusal"),
    "max_tokens": message('{"tags": ["a", "b', stop_reason="max_tokens"),
    "model_context_window_exceeded": message('{"ta', stop_reason="model_context_window_exceeded"),
    "pause_turn": message("Let me look", stop_reason="pause_turn"),
    "tool_use": message(
        content=[{"type": "tool_use", "id": "t", "name": "f", "input": {}}], stop_reason="tool_use"
    ),
    "stop_sequence": message('{"tags": [', stop_reason="stop_sequence"),
    "something_new": message("", stop_reason="something_new"),
}


def with_schema(count: int) -> list[Request]:
    """Return requests whose replies have to meet a schema."""
    wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
    return [
        replace(one, params={**one.params, "output_config": wanted})
        for one in ask(count, echo=False)
    ]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ending_that_broke_the_form_is_named_and_not_asked_again(
    tmp_path: Path, lane: Lane, ending: str
) -> None:
    """A refusal or a reply that was cut off fails once, under its name, with advice that fits."""
    fine = orjson.dumps(message('{"tags": ["a"]}'))
    broken = orjson.dumps(ENDINGS[ending])
    scene, wire = wired(tmp_path, lambda q, _: broken if q == "q1" else fine)
    report, _ = ended(scene, with_schema(3), lane=lane)
    assert (report.items.succeeded, report.items.failed) == (2, 1)
    assert set(wire.billed.values()) == {1}
    (failure,) = report.failures
    assert failure.kind == (ending if ending != "something_new" else "other_ending")
    assert not failure.retryable
    assert report.endings == {ending: 1}
    assert scene.outcomes()[1].attempts == 1
    assert report.actual_nano == 3 * COST_NANO[lane]


@pytest.mark.parametrize("lane", LANES)
def test_every_ending_is_counted_where_no_form_was_asked_for(tmp_path: Path, lane: Lane) -> None:
    """Without a schema such answers are delivered, and the report counts how they ended."""
    names = list(ENDINGS)
    bodies = {f"q{place}": orjson.dumps(ENDINGS[name]) for place, name in enumerate(names)}
    scene, _ = wired(tmp_path, lambda q, _: bodies.get(q))
    report, _ = ended(scene, ask(9, echo=False), lane=lane)
    assert report.items.succeeded == 9
    assert report.endings == dict.fromkeys(sorted(names), 1)


def test_a_reply_in_form_counts_however_it_ended(tmp_path: Path) -> None:
    """A reply that is whole at max_tokens is a reply; the report still counts the ending."""
    whole = orjson.dumps(message('{"tags": ["a"]}', stop_reason="max_tokens"))
    scene, _ = wired(tmp_path, lambda *_: whole)
    report, _ = ended(scene, with_schema(1), lane=Lane.REALTIME)
    assert report.items.succeeded == 1
    assert report.endings == {"max_tokens": 1}


# -- fees -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
def test_searches_are_booked_at_their_fee_in_either_lane(tmp_path: Path, lane: Lane) -> None:
    """Ten dollars a thousand searches, and no discount for them in a batch."""
    usage = {
        "input_tokens": 10, "output_tokens": 5,
        "server_tool_use": {"web_search_requests": 5, "web_fetch_requests": 3},
    }  # fmt: skip
    searched = orjson.dumps(message("fine", usage=usage))
    scene, _ = wired(tmp_path, lambda *_: searched)
    report, _ = ended(scene, ask(2, echo=False), lane=lane)
    assert report.actual_nano == 2 * (COST_NANO[lane] + 50_000_000)
    assert report.unpriced == {}


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"server_tool_use": {"code_execution_requests": 2}}, "code_execution"),
        ({"server_tool_use": {"time_travel_requests": 1}}, "time_travel"),
        ({"service_tier": "priority"}, "service_tier priority"),
        ({"inference_geo": "us"}, "inference_geo us"),
        ({"speed": "fast"}, "speed fast"),
        ({"iterations": [{"type": "advisor_message", "input_tokens": 9}]}, "advisor_message"),
    ],
)
def test_what_has_no_known_price_is_said(
    tmp_path: Path, more: dict[str, object], named: str
) -> None:
    """The tokens are booked at the list price, and what was used beside them is named."""
    usage = {"input_tokens": 10, "output_tokens": 5, **more}
    scene, _ = wired(tmp_path, lambda *_: orjson.dumps(message("fine", usage=usage)))
    report, _ = ended(scene, ask(2, echo=False), lane=Lane.REALTIME)
    assert report.unpriced == {named: 2}
    assert report.actual_nano == 2 * COST_NANO[Lane.REALTIME]


def test_a_compacted_prompt_is_booked_with_what_compacting_took(tmp_path: Path) -> None:
    """An answer's own counts leave its compactions out, and those were billed."""
    usage = {
        "input_tokens": 8, "output_tokens": 3,
        "iterations": [
            {"type": "compaction", "input_tokens": 2, "output_tokens": 2},
            {"type": "message", "input_tokens": 8, "output_tokens": 3},
        ],
    }  # fmt: skip
    scene, _ = wired(tmp_path, lambda *_: orjson.dumps(message("fine", usage=usage)))
    report, _ = ended(scene, ask(1, echo=False), lane=Lane.REALTIME)
    assert report.actual_nano == COST_NANO[Lane.REALTIME]


def test_what_forbids_all_midway_ends_the_run(tmp_path: Path) -> None:
    """A 403 for every call from one on is the run's end after a few tries, and fails no item."""
    answer = refused(403, "permission_error", "Your key may not use this model")
    scene, wire = wired(tmp_path, from_call(41, answer), concurrency=8)
    report, stopped = ended(scene, ask(200, echo=False), lane=Lane.REALTIME)
    assert stopped is not None
    assert stopped.exit_code == 6
    assert (report.items.succeeded, report.items.failed) == (40, 0)
    # While one rests between its tries another may leave.
    assert sum(wire.calls.values()) <= 40 + 3 * 8 * 2
    wire.spoil = lambda *_: None
    assert ended(scene, ask(200, echo=False))[0].items.succeeded == 200


def test_the_last_request_of_a_run_can_be_the_one_that_is_forbidden(tmp_path: Path) -> None:
    """Refused with nobody left to be answered beside it, it stops the run once, and then fails."""
    answer = refused(403, "permission_error", "Request forbidden")
    scene, _ = wired(tmp_path, lambda q, _: answer if q == "q4" else None, concurrency=1)
    report, stopped = ended(scene, ask(5, echo=False), lane=Lane.REALTIME)
    assert stopped is not None
    assert (report.items.succeeded, report.items.open) == (4, 1)
    report, stopped = ended(scene, ask(5, echo=False))
    assert stopped is None
    assert report.failures[0].kind == "permission_error"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(400, INVALID, CREDIT), 6),
        (refused(400, INVALID, LIMIT), 5),
        (refused(401, "authentication_error", "invalid x-api-key"), 6),
        (Wired(404, b"<html><title>404 Not Found</title></html>"), 2),
    ],
)
def test_a_create_that_refuses_the_run_leaves_its_items_to_do(
    tmp_path: Path, answer: Wired, code: int
) -> None:
    """Nothing is posted again before the resume, which posts one batch."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.answer_to["POST /v1/messages/batches"] = lambda: answer
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is not None
    assert stopped.exit_code == code
    assert (report.items.failed, report.items.open, report.actual_nano) == (0, 5, 0)
    wire.answer_to.clear()
    assert ended(scene, ask(5))[0].items.succeeded == 5
    assert len(wire.batches) == 1


@pytest.mark.parametrize("page", [Wired(200, b"<html>login</html>"), Wired(200, b""), LOST])
def test_pages_in_place_of_polls_never_end_a_batch(tmp_path: Path, page: Wired) -> None:
    """The batch works on, and is asked after until the service itself answers."""
    scene, wire = wired(tmp_path, lambda *_: None)
    pages = [page] * 8
    poll = "GET /v1/messages/batches/msgbatch_0000"

    def answer() -> Wired:
        if len(pages) == 1:
            wire.answer_to.clear()
        return pages.pop()

    wire.answer_to[poll] = answer
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is None
    assert report.items.succeeded == 5
    assert len(wire.batches) == 1
