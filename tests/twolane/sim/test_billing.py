"""The simulator's bill: what was charged, in which lane, and what was charged twice."""

from __future__ import annotations

from typing import Any

from tests.twolane.sim.client import BATCHES, Client, items, params
from twolane.core.types import Lane
from twolane.sim import Faults

MESSAGES = "/v1/messages"


def test_the_bill_adds_up() -> None:
    """Requests and tokens of each lane are the sums of the replies' own usage."""
    client = Client()
    usage = client.get("POST", MESSAGES, params())["usage"]
    batch_id = client.create(items(10))
    client.clock.advance(101)
    totals = client.sim.billing.totals()
    lines = [one["result"]["message"]["usage"] for one in client.lines(batch_id)]
    assert totals[Lane.REALTIME].requests == 1
    assert totals[Lane.REALTIME].usage.input_tokens == usage["input_tokens"]
    assert totals[Lane.BATCH].requests == 10
    assert totals[Lane.BATCH].usage.output_tokens == sum(one["output_tokens"] for one in lines)
    assert totals[Lane.BATCH].usage.input_tokens == sum(one["input_tokens"] for one in lines)


def test_a_batch_is_charged_once_and_when_it_ends() -> None:
    """An open batch costs nothing yet, and asking for the bill twice changes nothing."""
    client = Client()
    batch_id = client.create(items(4))
    assert len(client.sim.billing) == 0
    client.clock.advance(101)
    assert len(client.sim.billing) == len(client.sim.billing) == 4
    assert {charge.batch_id for charge in client.sim.billing} == {batch_id}


def test_canceled_items_are_free() -> None:
    """Of a canceled batch only what succeeded is charged."""
    client = Client()
    batch_id = client.create(items(100))
    client.clock.advance(30)
    client.get("POST", f"{BATCHES}/{batch_id}/cancel")
    client.clock.advance(10)
    counts = client.batch(batch_id)["request_counts"]
    assert counts["canceled"] > 0
    assert len(client.sim.billing) == counts["succeeded"]


def test_one_request_in_both_lanes_is_paid_twice() -> None:
    """The same body answered in a batch and in real time counts as one repeat."""
    client = Client()
    client.create(items(3))
    client.clock.advance(101)
    assert client.sim.paid_twice() == 0
    client.get("POST", MESSAGES, items(3)[1]["params"])
    assert client.sim.paid_twice() == 1


def test_the_lanes_different_cache_marks_make_no_difference() -> None:
    """A body that differs in the lifetime of its cache mark, or in streaming, is the same."""

    def marked(mark: dict[str, str]) -> dict[str, Any]:
        return params(system=[{"type": "text", "text": "Be brief.", "cache_control": mark}])

    client = Client()
    client.get("POST", MESSAGES, marked({"type": "ephemeral"}))
    client.create(
        [{"custom_id": "a", "params": marked({"type": "ephemeral", "ttl": "1h"})}],
    )
    client.call("POST", MESSAGES, marked({"type": "ephemeral", "ttl": "5m"}) | {"stream": True})
    assert client.sim.paid_twice() == 2


def test_an_open_duplicate_counts_unless_it_is_left_out() -> None:
    """A lost batch that was sent again is going to cost twice, though neither has ended."""
    client = Client()
    client.create(items(5))
    client.create(items(5))
    assert client.sim.paid_twice() == 5
    assert client.sim.paid_twice(open_too=False) == 0


def test_equal_bodies_of_different_items_are_not_repeats() -> None:
    """Two items that ask the same are two; the same item under a new nonce is a repeat."""
    client = Client()
    same = params("Always the same")
    first = [{"custom_id": f"file_{n:05d}_x-aaaa", "params": same} for n in range(3)]
    client.create(first)
    assert client.sim.paid_twice() == 0
    client.create([{"custom_id": "file_00001_x-bbbb", "params": same}])
    assert client.sim.paid_twice() == 1


def test_what_failed_may_be_sent_again() -> None:
    """Errored and expired items cost nothing, so sending them again is no repeat."""
    client = Client(Faults(errored=0.5, expired=0.5))
    client.create(items(50))
    client.clock.advance(101)
    client.sim.faults = Faults()
    client.create(items(50))
    client.clock.advance(101)
    succeeded_first = len(client.sim.billing) - 50
    assert succeeded_first < 30
    assert client.sim.paid_twice() == succeeded_first
