"""A batch from create to archive, on a virtual clock."""

from __future__ import annotations

import orjson

from tests.twolane.sim.client import BATCHES, Client, error, items
from twolane.sim import Pace

DAY_S = 86_400.0


def test_a_new_batch_has_everything_in_processing() -> None:
    """A batch begins in progress, expires a day later and names no results."""
    client = Client()
    batch = client.get("POST", BATCHES, {"requests": items(3)})
    assert batch["type"] == "message_batch"
    assert batch["processing_status"] == "in_progress"
    assert batch["request_counts"] == {
        "processing": 3,
        "succeeded": 0,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    assert batch["created_at"][:10] != batch["expires_at"][:10]
    assert batch["created_at"][10:] == batch["expires_at"][10:]
    names = ("ended_at", "archived_at", "cancel_initiated_at", "results_url")
    assert [batch[name] for name in names] == [None] * 4


def test_counts_are_frozen_until_the_whole_batch_ends() -> None:
    """Just before its end every item is still in processing, just after it none is."""
    client = Client()
    batch_id = client.create(items(20))
    client.clock.advance(99.9)
    assert client.batch(batch_id)["request_counts"]["processing"] == 20
    client.clock.advance(0.2)
    ended = client.batch(batch_id)
    assert ended["processing_status"] == "ended"
    assert ended["request_counts"]["processing"] == 0
    assert ended["request_counts"]["succeeded"] == 20
    assert ended["results_url"].endswith(f"/v1/messages/batches/{batch_id}/results")
    assert ended["results_url"].startswith("http://")


def test_results_come_only_after_the_end() -> None:
    """Before the end the results are not found, afterwards each item has its line."""
    client = Client()
    batch_id = client.create(items(5))
    early = client.call("GET", f"{BATCHES}/{batch_id}/results")
    assert error(early)[:2] == (404, "not_found_error")
    client.clock.advance(101)
    assert client.types(batch_id) == {
        f"file_{index:05d}_note-abcd": "succeeded" for index in range(5)
    }


def test_results_are_shuffled_by_the_seed() -> None:
    """Results are in another order than the requests, and in the same order at every fetch."""
    client = Client()
    for size in (50, 600):
        batch_id = client.create(items(size))
        client.clock.advance(101)
        order = [one["custom_id"] for one in client.lines(batch_id)]
        assert sorted(order) == [one["custom_id"] for one in items(size)]
        assert order != sorted(order)
        assert order == [one["custom_id"] for one in client.lines(batch_id)]


def test_invalid_params_show_as_errored_at_the_end() -> None:
    """An item with wrong parameters does not fail the create but ends as an invalid request."""
    client = Client()
    requests = [*items(2), {"custom_id": "no-tokens", "params": {"model": "claude-x"}}]
    requests.append({"custom_id": "streamed", "params": items(1, stream=True)[0]["params"]})
    requests.append({"custom_id": "zero", "params": items(1)[0]["params"] | {"max_tokens": 0}})
    requests.append({"custom_id": "unknown", "params": items(1)[0]["params"] | {"model": "gpt"}})
    batch_id = client.create(requests)
    client.clock.advance(101)
    assert client.batch(batch_id)["request_counts"]["errored"] == 4
    found = {one["custom_id"]: one["result"] for one in client.lines(batch_id)}
    for name, word in (
        ("no-tokens", "max_tokens"),
        ("streamed", "stream"),
        ("zero", "max_tokens"),
        ("unknown", "gpt"),
    ):
        assert found[name]["type"] == "errored"
        assert found[name]["error"]["type"] == "error"
        assert found[name]["error"]["error"]["type"] == "invalid_request_error"
        assert word in found[name]["error"]["error"]["message"]


def test_a_cancel_keeps_what_is_done_and_in_flight() -> None:
    """After a cancel the batch is canceling, then ends with partial results."""
    client = Client()
    batch_id = client.create(items(200))
    client.clock.advance(50)
    canceling = client.get("POST", f"{BATCHES}/{batch_id}/cancel")
    assert canceling["processing_status"] == "canceling"
    assert canceling["cancel_initiated_at"] is not None
    assert canceling["request_counts"]["processing"] == 200
    client.clock.advance(2.1)
    ended = client.batch(batch_id)
    assert ended["processing_status"] == "ended"
    counts = ended["request_counts"]
    assert counts["succeeded"] + counts["canceled"] == 200
    assert 60 <= counts["succeeded"] <= 140
    types = list(client.types(batch_id).values())
    assert types.count("succeeded") == counts["succeeded"]
    assert types.count("canceled") == counts["canceled"]


def test_more_succeed_than_were_done_when_the_cancel_came() -> None:
    """Items begun before the cancel and not finished yet still succeed."""
    slow = Pace(batch_s=(100.0, 100.0), request_s=(30.0, 30.0), control_s=0.0)
    quick = Pace(batch_s=(100.0, 100.0), request_s=(0.0, 0.0), control_s=0.0)
    succeeded = []
    for pace in (quick, slow):
        client = Client(pace=pace)
        batch_id = client.create(items(200))
        client.clock.advance(40)
        client.get("POST", f"{BATCHES}/{batch_id}/cancel")
        client.clock.advance(31)
        succeeded.append(client.batch(batch_id)["request_counts"]["succeeded"])
    assert succeeded[1] > succeeded[0]


def test_a_second_cancel_changes_nothing() -> None:
    """Canceling twice gives the same batch; canceling an ended one is refused."""
    client = Client()
    batch_id = client.create(items(3))
    first = client.get("POST", f"{BATCHES}/{batch_id}/cancel")
    client.clock.advance(1)
    assert client.get("POST", f"{BATCHES}/{batch_id}/cancel") == first
    client.clock.advance(2)
    late = client.call("POST", f"{BATCHES}/{batch_id}/cancel")
    assert error(late)[:2] == (400, "invalid_request_error")


def test_what_is_unfinished_after_a_day_expires() -> None:
    """A batch that would take longer ends after 24 hours; the rest is expired, not billed."""
    client = Client(pace=Pace(batch_s=(2 * DAY_S, 2 * DAY_S), request_s=(1.0, 1.0)))
    batch_id = client.create(items(100))
    client.clock.advance(DAY_S - 1)
    assert client.batch(batch_id)["processing_status"] == "in_progress"
    client.clock.advance(2)
    ended = client.batch(batch_id)
    counts = ended["request_counts"]
    assert ended["processing_status"] == "ended"
    assert ended["ended_at"] == ended["expires_at"]
    assert counts["expired"] + counts["succeeded"] == 100
    assert 20 <= counts["expired"] <= 80
    assert list(client.types(batch_id).values()).count("expired") == counts["expired"]
    assert len(client.sim.billing) == counts["succeeded"]


def test_results_are_gone_after_29_days() -> None:
    """29 days after its creation a batch is archived: still known, its results are not."""
    client = Client()
    batch_id = client.create(items(1))
    client.clock.advance(29 * DAY_S - 1)
    assert client.batch(batch_id)["archived_at"] is None
    assert client.types(batch_id)
    client.clock.advance(2)
    assert client.batch(batch_id)["archived_at"] is not None
    late = client.call("GET", f"{BATCHES}/{batch_id}/results")
    assert error(late)[:2] == (404, "not_found_error")


def test_only_ended_batches_can_be_deleted() -> None:
    """Deleting is refused while a batch runs; a deleted batch is unknown and unlisted."""
    client = Client()
    batch_id = client.create(items(1))
    assert error(client.call("DELETE", f"{BATCHES}/{batch_id}"))[0] == 400
    client.clock.advance(101)
    gone = client.get("DELETE", f"{BATCHES}/{batch_id}")
    assert gone == {"id": batch_id, "type": "message_batch_deleted"}
    assert error(client.call("GET", f"{BATCHES}/{batch_id}"))[0] == 404
    assert client.get("GET", BATCHES)["data"] == []


def test_the_list_is_paged_newest_first() -> None:
    """Pages of 20 lead from the newest batch to the oldest, and back with before_id."""
    client = Client()
    made = []
    for _ in range(45):
        made.append(client.create(items(1)))
        client.clock.advance(1)
    newest_first = made[::-1]
    seen: list[str] = []
    query: dict[str, str] = {}
    for size, more in ((20, True), (20, True), (5, False)):
        page = client.get("GET", BATCHES, query=query)
        ids = [one["id"] for one in page["data"]]
        assert (len(ids), page["has_more"]) == (size, more)
        assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1])
        seen += ids
        query = {"after_id": ids[-1]}
    assert seen == newest_first
    back = client.get("GET", BATCHES, query={"before_id": newest_first[10], "limit": "4"})
    assert [one["id"] for one in back["data"]] == newest_first[6:10]
    assert back["has_more"] is True
    top = client.get("GET", BATCHES, query={"before_id": newest_first[3], "limit": "4"})
    assert [one["id"] for one in top["data"]] == newest_first[:3]
    assert top["has_more"] is False
    exact = client.get("GET", BATCHES, query={"before_id": newest_first[4], "limit": "4"})
    assert [one["id"] for one in exact["data"]] == newest_first[:4]
    assert exact["has_more"] is False


def test_an_empty_list_has_no_ids() -> None:
    """A workspace without batches has an empty page."""
    assert Client().get("GET", BATCHES) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


def test_wrong_pages_are_refused() -> None:
    """A limit outside 1 to 1000, an unknown cursor or two cursors are invalid."""
    client = Client()
    batch_id = client.create(items(1))
    for query in (
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "many"},
        {"after_id": "msgbatch_nowhere"},
        {"after_id": batch_id, "before_id": batch_id},
    ):
        answer = client.call("GET", BATCHES, query=query)
        assert error(answer)[:2] == (400, "invalid_request_error")
    assert len(client.get("GET", BATCHES, query={"limit": "1000"})["data"]) == 1


def test_batches_of_another_key_are_invisible() -> None:
    """Every key has a workspace of its own, in the list and by id."""
    client = Client()
    batch_id = client.create(items(1))
    client.clock.advance(101)
    for method, path in (
        ("GET", f"{BATCHES}/{batch_id}"),
        ("GET", f"{BATCHES}/{batch_id}/results"),
        ("POST", f"{BATCHES}/{batch_id}/cancel"),
        ("DELETE", f"{BATCHES}/{batch_id}"),
    ):
        assert error(client.call(method, path, key="sk-two"))[0] == 404
    assert client.get("GET", BATCHES, key="sk-two")["data"] == []
    assert client.types(batch_id)


def test_time_can_run_faster() -> None:
    """With speed 50 a batch of 100 simulated seconds ends after two of the clock's."""
    client = Client()
    client.sim.speed = 50.0
    batch_id = client.create(items(1))
    client.clock.advance(1.9)
    assert client.batch(batch_id)["processing_status"] == "in_progress"
    client.clock.advance(0.2)
    assert client.batch(batch_id)["processing_status"] == "ended"


def test_the_same_seed_gives_the_same_history() -> None:
    """Two simulators of one seed answer byte for byte alike, one of another seed does not."""
    told = []
    for seed in (7, 7, 8):
        client = Client(seed=seed)
        batch_id = client.create(items(30))
        client.clock.advance(101)
        told.append(orjson.dumps(client.batch(batch_id)) + client.results(batch_id))
    assert told[0] == told[1]
    assert told[0] != told[2]
