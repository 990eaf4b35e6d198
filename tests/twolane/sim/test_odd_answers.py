"""Faults of answers and of what is on the way: bytes, counts, endings, fees, gateways."""

from __future__ import annotations

import orjson
import pytest

from tests.twolane.sim.client import BATCHES, Client, body, error, items, params
from twolane.core.types import Lane
from twolane.sim import Faults

MESSAGES = "/v1/messages"


def ended(faults: Faults, count: int = 100) -> tuple[Client, str]:
    """Return a client and the id of its ended batch."""
    client = Client(faults)
    batch_id = client.create(items(count))
    client.clock.advance(101)
    return client, batch_id


def test_a_gateway_that_gives_up_has_had_the_message_computed() -> None:
    """The answer is a 504 in HTML, and the message is on the bill."""
    client = Client(Faults(gateway_timeout=1.0))
    answer = client.call("POST", MESSAGES, params())
    assert (answer.status, answer.headers["content-type"]) == (504, "text/html")
    assert len(client.sim.billing) == 1
    assert client.create(items(2))


def test_a_login_page_comes_with_success_and_takes_nothing() -> None:
    """A page of 200 stands in the place of the answer, and nothing is billed."""
    client = Client(Faults(login_page=1.0))
    answer = client.call("POST", MESSAGES, params())
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")
    assert len(client.sim.billing) == 0


def test_a_firewall_forbids_the_same_messages_again_and_again() -> None:
    """Of many messages some are forbidden, whenever they come."""
    client = Client(Faults(forbidden=0.3))

    def statuses() -> list[int]:
        return [client.call("POST", MESSAGES, params(f"note {n}")).status for n in range(40)]

    first = statuses()
    assert set(first) == {200, 403}
    assert statuses() == first
    assert client.create(items(2))


def test_used_up_credit_is_an_invalid_request() -> None:
    """After so many requests each further one is refused with words alone."""
    client = Client(Faults(credit_after=1))
    client.get("POST", MESSAGES, params())
    for path, value in ((MESSAGES, params()), (BATCHES, {"requests": items(1)})):
        status, kind, text = error(client.call("POST", path, value))
        assert (status, kind) == (400, "invalid_request_error")
        assert "credit balance is too low" in text


def test_a_batch_may_count_nothing_before_it_ends() -> None:
    """All five counts are 0 until then, in creates, polls and lists."""
    client = Client(Faults(uncounted=1.0))
    created = client.get("POST", BATCHES, {"requests": items(3)})
    assert set(created["request_counts"].values()) == {0}
    assert set(client.batch(created["id"])["request_counts"].values()) == {0}
    client.clock.advance(101)
    assert client.batch(created["id"])["request_counts"]["succeeded"] == 3


def test_odd_bytes_are_what_strict_readers_refuse() -> None:
    """The message is there in either lane, and orjson takes no such answer."""
    client, batch_id = ended(Faults(odd_bytes=1.0))
    for raw in (
        body(client.call("POST", MESSAGES, params())),
        *client.results(batch_id).splitlines(),
    ):
        assert b'"stop_reason":"end_turn"' in raw
        with pytest.raises((orjson.JSONDecodeError, orjson.JSONEncodeError)):
            orjson.dumps(orjson.loads(raw))
    assert client.sim.log["odd_bytes"] > 100


def test_cut_bytes_were_paid_for() -> None:
    """An answer that ends early is no JSON, has its beginning, and is on the bill."""
    client, batch_id = ended(Faults(cut_bytes=1.0))
    raw = body(client.call("POST", MESSAGES, params()))
    assert raw.startswith(b'{"id":"msg_')
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(raw)
    line = client.results(batch_id).splitlines()[0]
    assert line.startswith(b'{"custom_id":"file_')
    assert len(client.sim.billing) == 101


def test_counts_that_are_null_are_still_billed() -> None:
    """The answer does not say what the bill does."""
    client = Client(Faults(no_usage=1.0))
    usage = client.get("POST", MESSAGES, params())["usage"]
    assert usage == {"input_tokens": None, "output_tokens": None}
    assert client.sim.billing.totals()[Lane.REALTIME].usage.input_tokens > 0


def test_searches_are_told_and_billed() -> None:
    """An answer says how often the web was searched for it, and so does the bill."""
    client, batch_id = ended(Faults(searched=1.0), 20)
    told = sum(
        line["result"]["message"]["usage"]["server_tool_use"]["web_search_requests"]
        for line in client.lines(batch_id)
    )
    assert 20 <= told <= 100
    assert client.sim.billing.totals()[Lane.BATCH].usage.web_searches == told


def test_a_pause_ends_a_reply_halfway() -> None:
    """It ends with pause_turn, and what was said is the beginning of the reply."""
    whole = Client().get("POST", MESSAGES, params())["content"][0]["text"]
    value = Client(Faults(paused=1.0)).get("POST", MESSAGES, params())
    assert value["stop_reason"] == "pause_turn"
    assert whole.startswith(value["content"][0]["text"])


def test_a_nameless_line_has_its_answer_and_not_its_id() -> None:
    """What is left of the line is no JSON, and names nobody."""
    client, batch_id = ended(Faults(nameless_line=0.2))
    lines = client.results(batch_id).splitlines()
    assert len(lines) == 100
    nameless = [line for line in lines if not line.startswith(b"{")]
    assert len(nameless) == client.sim.log["nameless_line"] > 0
    assert all(b'"content"' in line and b"custom_id" not in line for line in nameless)
