"""What came with success: delivered, or failed once under its own name; nothing bought twice."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.twolane.worker.scene import ask
from tests.twolane.worker.wire import COST_NANO, LANES, Wired, ended, message, wired
from twolane import Lane

if TYPE_CHECKING:
    from pathlib import Path

    from tests.twolane.worker.scene import Scene
    from twolane import ItemOutcome

HALF = b"\\ud83d"
BRACKETS = b"[" * 3_000 + b"]" * 3_000


def with_text(text: bytes) -> bytes:
    """Return a message whose text is these bytes inside of quotes."""
    return orjson.dumps(message("TEXT")).replace(b"TEXT", text)


def with_member(member: bytes) -> bytes:
    """Return a message with a member of these bytes more."""
    return orjson.dumps(message("fine"))[:-1] + b"," + member + b"}"


def with_usage(usage: Any) -> bytes:  # noqa: ANN401
    """Return a message with these counts."""
    return orjson.dumps(message("fine", usage=usage))


DELIVERED = {
    "half an emoji": (with_text(b"x" + HALF), "x\ufffd"),
    "a whole one": (with_text(b"x\\ud83d\\ude00"), "x\U0001f600"),
    "not a number": (with_member(b'"score":NaN,"top":Infinity,"low":-Infinity'), "fine"),
    "too large a number": (with_member(b'"score":1e400,"n":' + b"9" * 6_000), "fine"),
    "thousands of brackets": (with_member(b'"deep":' + BRACKETS), "fine"),
    "a byte order mark": (b"\xef\xbb\xbf" + with_text(b"fine"), "fine"),
    "blanks around": (b"\r\n  " + with_text(b"fine") + b"\n\n\0", "fine"),
    "bytes behind": (with_text(b"fine") + b"\n{}garbage", "fine"),
    "no UTF-8": (with_text(b"caf\xe9"), "caf\ufffd"),
    "a line break in a text": (with_text(b"a\nb"), "a\nb"),
    "content null": (orjson.dumps(message(content=None)), ""),
    "content a text": (orjson.dumps(message(content="fine")), "fine"),
    "content empty": (orjson.dumps(message(content=[])), ""),
    "unknown blocks": (orjson.dumps(message(content=[
        {"type": "thinking", "thinking": "hm"}, {"type": "poem", "text": 3}, None, 7,
        {"type": "text"}, {"type": "text", "text": None}, {"type": "text", "text": "fine"},
    ])), "fine"),
    "no model": (orjson.dumps({k: v for k, v in message("fine").items() if k != "model"}), "fine"),
    "no type": (orjson.dumps({k: v for k, v in message("fine").items() if k != "type"}), "fine"),
    "a stop reason of its own": (orjson.dumps(message("fine", stop_reason={"a": 1})), "fine"),
}  # fmt: skip


ONLY_IN_REAL_TIME = {
    "a byte order mark", "blanks around", "bytes behind", "a line break in a text",
}  # fmt: skip
"""No line of results can have these inside."""


def outcome_of(scene: Scene, index: int) -> ItemOutcome:
    """Return what became of one item."""
    return scene.outcomes()[index]


@pytest.mark.parametrize(
    ("name", "lane"),
    [
        (name, lane)
        for name in DELIVERED
        for lane in LANES
        if lane is Lane.REALTIME or name not in ONLY_IN_REAL_TIME
    ],
)
def test_an_odd_answer_is_delivered_and_paid_once(tmp_path: Path, lane: Lane, name: str) -> None:
    """What a strict reader refuses is read all the same, and any reader can take what is kept."""
    raw, text = DELIVERED[name]
    scene, wire = wired(tmp_path, lambda question, _: raw if question == "q1" else None)
    report, stopped = ended(scene, ask(4, echo=False), lane=lane)
    assert stopped is None
    assert report.items.succeeded == 4
    assert set(wire.billed.values()) == {1}
    assert report.actual_nano == 4 * COST_NANO[lane]
    assert outcome_of(scene, 1).text == text
    orjson.loads(orjson.dumps(outcome_of(scene, 1).result))


def test_a_packed_answer_is_unpacked(tmp_path: Path) -> None:
    """Gzip that nobody asked for and no header names holds an answer like any other."""
    scene, wire = wired(tmp_path, lambda _, plain: gzip.compress(plain))
    report, _ = ended(scene, ask(2), lane=Lane.REALTIME)
    assert report.items.succeeded == 2
    assert set(wire.billed.values()) == {1}


UNREADABLE = {
    "cut off": orjson.dumps(message("fine"))[:-60],
    "bytes of another kind": b"\x8b\x03\x80" + bytes(range(256)),
    "another API's shape": b'{"choices":[{"text":"fine"}],"usage":{"total_tokens":15}}',
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_answer_fails_once_with_its_bytes(tmp_path: Path, name: str) -> None:
    """It was paid for, so it is booked at the worst case, kept, and not bought again."""
    raw = UNREADABLE[name]
    scene, wire = wired(tmp_path, lambda question, _: raw if question == "q1" else None)
    report, stopped = ended(scene, ask(3, echo=False), lane=Lane.REALTIME)
    assert stopped is None
    assert (report.items.succeeded, report.items.failed) == (2, 1)
    assert set(wire.billed.values()) == {1}
    (failure,) = report.failures
    assert (failure.kind, failure.retryable) == ("unreadable_reply", False)
    assert report.unpriced == {"usage": 1}
    one = outcome_of(scene, 1)
    assert one.attempts == 1
    assert one.cost_nano > COST_NANO[Lane.REALTIME]
    kept = one.result.get("raw", "").encode() or one.result["raw_base64"]
    assert kept
    if "raw" in one.result:
        assert kept == raw


def test_the_counts_of_an_unreadable_answer_are_booked(tmp_path: Path) -> None:
    """What can be read of its usage is what it cost."""
    cut = orjson.dumps(message("fine"))[:-1]
    scene, _ = wired(tmp_path, lambda *_: cut)
    report, _ = ended(scene, ask(1, echo=False), lane=Lane.REALTIME)
    assert report.failures[0].kind == "unreadable_reply"
    assert report.actual_nano == COST_NANO[Lane.REALTIME]
    assert report.unpriced == {}


UNCOUNTED: dict[str, Any] = {
    "null": {"input_tokens": None, "output_tokens": None},
    "none at all": None,
    "a list": [10, 5],
    "negative": {"input_tokens": -10, "output_tokens": 5},
    "huge": {"input_tokens": 10**18, "output_tokens": 5},
    "text": {"input_tokens": "many", "output_tokens": 5},
    "true": {"input_tokens": True, "output_tokens": 5},
    "no output": {"input_tokens": 10},
    "zeros": {"input_tokens": 0, "output_tokens": 0},
    "a cache of -1": {"input_tokens": 1, "output_tokens": 5, "cache_read_input_tokens": -1},
}
COUNTED: dict[str, Any] = {
    "floats": {"input_tokens": 10.0, "output_tokens": 5.0},
    "texts": {"input_tokens": "10", "output_tokens": "5"},
    "nulls beside": {
        "input_tokens": 10, "output_tokens": 5, "cache_creation": None, "server_tool_use": None,
        "cache_read_input_tokens": None, "service_tier": None, "new_next_year": {"a": [1]},
    },
}  # fmt: skip


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", UNCOUNTED)
def test_unknown_usage_is_booked_at_the_reserve_and_said(
    tmp_path: Path, lane: Lane, name: str
) -> None:
    """No answer is held back for its counts, and what it may have cost is in the report."""
    raw = with_usage(UNCOUNTED[name])
    scene, wire = wired(tmp_path, lambda question, _: raw if question == "q1" else None)
    report, stopped = ended(scene, ask(12, echo=False), lane=lane)
    assert stopped is None
    assert report.items.succeeded == 12
    assert set(wire.billed.values()) == {1}
    assert report.unpriced == {"usage": 1}
    plain = outcome_of(scene, 0).cost_nano
    assert outcome_of(scene, 1).cost_nano > 10 * plain


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", COUNTED)
def test_counts_in_another_notation_count(tmp_path: Path, lane: Lane, name: str) -> None:
    """A float without a fraction and a text of digits are the number they say."""
    scene, _ = wired(tmp_path, lambda *_: with_usage(COUNTED[name]))
    report, _ = ended(scene, ask(2, echo=False), lane=lane)
    assert report.actual_nano == 2 * COST_NANO[lane]
    assert report.unpriced == {}


# -- not the provider -----------------------------------------------------------------------------

PAGES = {
    "a login page": b"<!DOCTYPE html><html><head><title>Log in to HotelNet</title></head></html>",
    "an empty body": b"",
    "other JSON": b'{"status":"ok"}',
    "a word": b"upstream unavailable",
    "null": b"null",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_no_answer_bought_nothing_and_stops_the_run(
    tmp_path: Path, name: str
) -> None:
    """After a few tries the run stops with what it saw, and its items stay to be done."""
    scene, wire = wired(tmp_path, lambda *_: Wired(200, PAGES[name]), concurrency=4)
    report, stopped = ended(scene, ask(20, echo=False), lane=Lane.REALTIME)
    assert stopped is not None
    assert stopped.exit_code == 2
    assert "is not the API" in str(stopped)
    assert ("HotelNet" in str(stopped)) == (name == "a login page")
    assert report.actual_nano == 0
    assert report.items.open == 20
    # While one rests between its tries another may leave.
    assert sum(wire.calls.values()) <= 4 * 3 * 2
    wire.spoil = lambda *_: None
    assert ended(scene, ask(20, echo=False))[0].items.succeeded == 20


def test_a_page_for_one_request_fails_that_one(tmp_path: Path) -> None:
    """Where the others are answered, what is no answer speaks of this request alone."""
    page = Wired(200, PAGES["a login page"])
    scene, _ = wired(tmp_path, lambda question, _: page if question == "q1" else None)
    report, stopped = ended(scene, ask(60, echo=False), lane=Lane.REALTIME)
    assert stopped is None
    assert (report.items.succeeded, report.items.failed) == (59, 1)
    assert report.failures[0].kind == "not_the_provider"
    assert report.actual_nano == 59 * COST_NANO[Lane.REALTIME]


def test_an_error_that_came_with_success_is_what_its_type_says(tmp_path: Path) -> None:
    """An overloaded_error in an answer of 200 is waited out, and costs nothing."""
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    answers = [Wired(200, body)] * 3
    scene, wire = wired(tmp_path, lambda *_: answers.pop() if answers else None)
    report, _ = ended(scene, ask(1), lane=Lane.REALTIME)
    assert report.items.succeeded == 1
    assert wire.billed == {"q0": 1}
    assert report.actual_nano == COST_NANO[Lane.REALTIME]
    assert outcome_of(scene, 0).attempts == 1


def test_a_page_in_place_of_results_is_not_taken_for_them(tmp_path: Path) -> None:
    """No item counts as missing because a proxy answered; the run stops, and goes on later."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.answer_to["results"] = lambda: Wired(200, b"\n" + PAGES["a login page"])
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is not None
    assert stopped.exit_code == 2
    assert report.items.open == 5
    wire.answer_to.clear()
    report, stopped = ended(scene, ask(5))
    assert stopped is None
    assert report.items.succeeded == 5
    assert len(wire.batches) == 1


# -- lines of results -----------------------------------------------------------------------------


def test_results_that_begin_with_a_mark_lose_no_line(tmp_path: Path) -> None:
    """A byte order mark before the first result is dropped."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.before_results = b"\xef\xbb\xbf"
    report, _ = ended(scene, ask(5), lane=Lane.BATCH)
    assert report.items.succeeded == 5
    assert len(wire.batches) == 1


LINES = {
    "no JSON": b'{"custom_id":"LINE","result":{"type":"succeeded","message":{"content":[{"te',
    "no result": b'{"custom_id":"LINE"}',
    "a result that is a list": b'{"custom_id":"LINE","result":[]}',
    "a success without a message": b'{"custom_id":"LINE","result":{"type":"succeeded"}}',
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_cannot_be_read_is_its_items_unreadable_reply(
    tmp_path: Path, name: str
) -> None:
    """One line hides no other; where it names its request, that one fails once, bytes kept."""
    scene, wire = wired(tmp_path, lambda question, _: LINES[name] if question == "q1" else None)
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is None
    assert (report.items.succeeded, report.items.failed) == (4, 1)
    assert report.failures[0].kind == "unreadable_reply"
    assert not report.failures[0].retryable
    assert len(wire.batches) == 1
    one = outcome_of(scene, 1)
    assert one.custom_id in one.result["raw"]
    assert one.cost_nano > COST_NANO[Lane.BATCH]


def test_a_line_that_is_whole_the_next_time_is_no_unreadable_reply(tmp_path: Path) -> None:
    """Results are fetched again before a line counts as unreadable."""
    cut = [LINES["no JSON"]]
    scene, wire = wired(tmp_path, lambda q, _: cut.pop() if q == "q1" and cut else None)
    report, _ = ended(scene, ask(5), lane=Lane.BATCH)
    assert report.items.succeeded == 5
    assert len(wire.batches) == 1


def test_an_answer_that_may_be_in_a_nameless_line_is_not_bought_again(tmp_path: Path) -> None:
    """A line that lost its name was paid for: who misses an answer fails with it, once."""
    line = b'!{"cust\xff","result":{"type":"succeeded","message":{"content":"fine","usage":{'
    scene, wire = wired(tmp_path, lambda question, _: line if question == "q1" else None)
    report, _ = ended(scene, ask(5), lane=Lane.BATCH)
    assert (report.items.succeeded, report.items.failed) == (4, 1)
    assert report.failures[0].kind == "unreadable_reply"
    assert "may be in 1 line" in report.failures[0].message
    assert len(wire.batches) == 1


def test_a_result_of_an_unknown_type_fails_once_by_name(tmp_path: Path) -> None:
    """It may have been paid for, so it is booked, named and not asked again."""
    line = b'{"custom_id":"LINE","result":{"type":"deferred","until":"tomorrow"}}'
    scene, wire = wired(tmp_path, lambda question, _: line if question == "q1" else None)
    report, _ = ended(scene, ask(5), lane=Lane.BATCH)
    assert (report.items.succeeded, report.items.failed) == (4, 1)
    assert report.failures[0].kind == "unknown_result"
    assert "'deferred'" in report.failures[0].message
    assert len(wire.batches) == 1
    assert outcome_of(scene, 1).attempts == 1
    assert outcome_of(scene, 1).cost_nano > COST_NANO[Lane.BATCH]


@pytest.mark.parametrize("error", [b"null", b'"no"', b"{}", b'{"type":7,"message":["a"]}', b"[1]"])
def test_an_error_of_any_shape_is_its_items_alone(tmp_path: Path, error: bytes) -> None:
    """An error that names no type is tried again, and given up as any other of the provider."""
    line = b'{"custom_id":"LINE","result":{"type":"errored","error":%b}}' % error
    scene, _ = wired(tmp_path, lambda question, _: line if question == "q1" else None)
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is None
    assert (report.items.succeeded, report.items.failed) == (4, 1)


def test_a_lost_create_is_found_though_nothing_is_counted_before_the_end(tmp_path: Path) -> None:
    """Counts of 0 say nothing of a batch's size: it stays a candidate, and is not posted again."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.lose_creates, wire.batch_s, wire.counts_late = 1, 3_000.0, True
    wire.now = scene.clock.now
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is None
    assert report.items.succeeded == 5
    assert len(wire.batches) == 1
    assert set(wire.billed.values()) == {1}


@pytest.mark.parametrize("status", [408, 499, 504])
def test_a_create_that_a_gateway_gave_up_is_looked_for(tmp_path: Path, status: int) -> None:
    """Such a create may have been accepted: it is found in the list, and not posted again."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.lose_creates, wire.lost = 1, Wired(status, b"<html>gone</html>")
    report, stopped = ended(scene, ask(5), lane=Lane.BATCH)
    assert stopped is None
    assert report.items.succeeded == 5
    assert len(wire.batches) == 1


def test_bytes_that_are_no_text_are_told_by_their_number(tmp_path: Path) -> None:
    """What nobody could read is not shown, but counted."""
    scene, _ = wired(tmp_path, lambda *_: UNREADABLE["bytes of another kind"])
    report, _ = ended(scene, ask(1, echo=False), lane=Lane.REALTIME)
    assert "259 bytes that are not text" in report.failures[0].message


def test_a_page_that_forbids_or_is_too_large_has_the_kind_the_api_gives(tmp_path: Path) -> None:
    """The advice for a request above a proxy's limit is to shorten it."""
    page = Wired(413, b"<html><title>413 Request Entity Too Large</title></html>")
    scene, _ = wired(tmp_path, lambda q, _: page if q == "q1" else None)
    report, stopped = ended(scene, ask(3, echo=False), lane=Lane.REALTIME)
    assert stopped is None
    (failure,) = report.failures
    assert failure.kind == "request_too_large"
    assert "Shorten" in failure.message
