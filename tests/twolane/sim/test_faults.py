"""Each fault does its harm, says so in the log, and does no other."""

from __future__ import annotations

import orjson
import pytest

from tests.twolane.sim.client import BATCHES, Client, body, error, items, params, structured
from twolane.core.cooldown import retry_after_s
from twolane.sim import PRESETS, Faults, Pace
from twolane.sim.answers import Drop

MESSAGES = "/v1/messages"


def _ended(faults: Faults, count: int = 200) -> tuple[Client, str]:
    """Return a client and the id of its ended batch."""
    client = Client(faults)
    batch_id = client.create(items(count))
    client.clock.advance(101)
    return client, batch_id


@pytest.mark.parametrize(
    ("faults", "status", "kind", "retry_after"),
    [
        (Faults(rate_limited=1.0, retry_after_s=7.0), 429, "rate_limit_error", "7"),
        (Faults(overloaded=1.0), 529, "overloaded_error", None),
        (Faults(server_error=1.0), 500, "api_error", None),
        (Faults(spend_cap_after=0), 429, "rate_limit_error", None),
    ],
)
def test_refused_calls_have_the_api_s_shape(
    faults: Faults, status: int, kind: str, retry_after: str | None
) -> None:
    """A refusal has its status, its type and a retry-after where the API gives one."""
    client = Client(faults)
    answer = client.call("POST", MESSAGES, params())
    assert error(answer)[:2] == (status, kind)
    assert answer.headers.get("retry-after") == retry_after
    assert sum(client.sim.log.values()) == 1
    assert len(client.sim.billing) == 0


def test_a_spend_cap_names_itself() -> None:
    """When the spend limit is reached every further request gets a 429 that says so."""
    client = Client(Faults(spend_cap_after=3))
    client.get("POST", MESSAGES, params())
    assert client.create(items(2))
    for path, value in ((MESSAGES, params()), (BATCHES, {"requests": items(1)})):
        answer = client.call("POST", path, value)
        assert answer.status == 429
        assert b"enforced_spend_limit_reached" in body(answer)
    assert client.get("GET", BATCHES)["data"]


def test_a_proxy_answers_in_html() -> None:
    """A 502 of a proxy is not JSON."""
    client = Client(Faults(html_error=1.0))
    answer = client.call("POST", BATCHES, {"requests": items(1)})
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    client.sim.faults = Faults()
    assert client.get("GET", BATCHES)["data"] == []


def test_storms_come_and_go() -> None:
    """During a storm everything is 529, between storms nothing is."""
    client = Client(Faults(storm_period_s=100.0, storm_s=10.0))
    statuses = []
    for _ in range(40):
        statuses.append(client.call("GET", BATCHES).status)
        client.clock.advance(5)
    assert statuses.count(529) == client.sim.log["storm_s"] == 4
    assert statuses[:3] == [529, 529, 200]


def test_the_rate_limit_is_a_bucket() -> None:
    """A burst up to the limit passes, the next call waits as long as retry-after says."""
    client = Client(Faults(requests_per_min=60))
    answers = [client.call("POST", MESSAGES, params(f"{index}")) for index in range(61)]
    assert [answer.status for answer in answers] == [200] * 60 + [429]
    assert answers[0].headers["anthropic-ratelimit-requests-limit"] == "60"
    assert answers[-1].headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert answers[-1].headers["retry-after"] == "1"
    client.clock.advance(1)
    assert client.call("POST", MESSAGES, params("again")).status == 200


def test_tokens_are_limited_as_well() -> None:
    """Output beyond the tokens per minute is refused until the bucket is filled again."""
    client = Client(Faults(output_tokens_per_min=60))
    long = params("word " * 200, max_tokens=1_000)
    statuses = [client.call("POST", MESSAGES, long).status for _ in range(20)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    client.clock.advance(61)
    assert client.call("POST", MESSAGES, long).status == 200


def test_dropped_connections_say_what_was_taken() -> None:
    """What was dropped before it was taken left no trace, what was dropped after has."""
    for faults, drop, billed in (
        (Faults(refuse_connection=1.0), Drop.REFUSED, 0),
        (Faults(drop_before=1.0), Drop.BEFORE, 0),
        (Faults(drop_after=1.0), Drop.AFTER, 1),
    ):
        client = Client(faults)
        assert client.call("POST", MESSAGES, params()).drop is drop
        assert len(client.sim.billing) == billed
        assert sum(client.sim.log.values()) == 1


def test_lost_creates_exist() -> None:
    """A create whose answer is lost, or is a 500, has made a batch all the same."""
    client = Client(Faults(create_lost_first=1))
    assert client.call("POST", BATCHES, {"requests": items(1)}).drop is Drop.AFTER
    assert client.call("POST", BATCHES, {"requests": items(1)}).drop is None
    client.sim.faults = Faults(create_error=1.0)
    assert client.call("POST", BATCHES, {"requests": items(1)}).status == 500
    client.sim.faults = Faults(create_lost=1.0)
    assert client.call("POST", BATCHES, {"requests": items(1)}).drop is Drop.AFTER
    client.sim.faults = Faults()
    assert len(client.get("GET", BATCHES)["data"]) == 4
    assert client.sim.log == {"create_lost_first": 1, "create_error": 1, "create_lost": 1}


def test_a_refused_create_is_not_lost() -> None:
    """A create that the API refuses gets its refusal, lost creates or not."""
    client = Client(Faults(create_lost=1.0))
    answer = client.call("POST", BATCHES, {"requests": []})
    assert answer.drop is None
    assert error(answer)[0] == 400


def test_an_answer_of_a_proxy_is_not_lost() -> None:
    """What never reached the provider has no answer to lose."""
    client = Client(Faults(create_lost=1.0, drop_after=1.0, html_error=1.0))
    for path, value in ((BATCHES, {"requests": items(1)}), (MESSAGES, params())):
        answer = client.call("POST", path, value)
        assert (answer.status, answer.drop) == (502, None)


def test_slow_answers_take_their_time() -> None:
    """A slow answer comes after its usual latency and slow_s."""
    client = Client(Faults(slow=1.0, slow_s=90.0))
    assert client.call("POST", MESSAGES, params()).delay_s == 92.0


def test_a_fresh_batch_may_be_unknown() -> None:
    """For fresh_404_s a new id is not found, then it is."""
    client = Client(Faults(fresh_404_s=30.0))
    batch_id = client.create(items(1))
    assert error(client.call("GET", f"{BATCHES}/{batch_id}"))[0] == 404
    client.clock.advance(31)
    assert client.batch(batch_id)["id"] == batch_id


def test_the_list_may_lag() -> None:
    """For list_lag_s a new batch is missing in the list while its id is known."""
    client = Client(Faults(list_lag_s=30.0))
    batch_id = client.create(items(1))
    assert client.get("GET", BATCHES)["data"] == []
    assert client.batch(batch_id)["id"] == batch_id
    client.clock.advance(31)
    assert [one["id"] for one in client.get("GET", BATCHES)["data"]] == [batch_id]


def test_some_polls_fail() -> None:
    """At a rate of one half about half of the polls fail, the others answer."""
    for faults, status in ((Faults(poll_error=0.5), 500), (Faults(poll_404=0.5), 404)):
        client = Client(faults)
        batch_id = client.create(items(1))
        statuses = [client.call("GET", f"{BATCHES}/{batch_id}").status for _ in range(100)]
        assert set(statuses) == {200, status}
        assert 30 < statuses.count(status) < 70
        assert sum(client.sim.log.values()) == statuses.count(status)


def test_foreign_batches_look_like_ours() -> None:
    """Somebody else's batch of the same size is listed, with ids that were never sent."""
    client = Client(Faults(foreign=1.0))
    mine = client.create(items(3))
    listed = client.get("GET", BATCHES)["data"]
    assert len(listed) == 2
    assert {sum(one["request_counts"].values()) for one in listed} == {3}
    client.clock.advance(101)
    other = next(one["id"] for one in listed if one["id"] != mine)
    assert not client.types(other).keys() & client.types(mine).keys()
    assert len(client.sim.batches()) == 1
    assert len(client.sim.billing) == 3


def test_a_batch_may_be_deleted_by_somebody_else() -> None:
    """A batch that somebody deletes is gone when it has ended; it is billed all the same."""
    client, batch_id = _ended(Faults(deleted_by_other=1.0), 5)
    assert error(client.call("GET", f"{BATCHES}/{batch_id}"))[0] == 404
    assert client.get("GET", BATCHES)["data"] == []
    assert len(client.sim.billing) == 5
    assert client.sim.log == {"deleted_by_other": 1}


def test_counts_may_disagree() -> None:
    """The counts may claim one result more than the results have lines."""
    client, batch_id = _ended(Faults(miscount=1.0))
    assert client.batch(batch_id)["request_counts"]["succeeded"] == 201
    assert len(client.lines(batch_id)) == 200


def test_results_may_be_cut_inside_a_line() -> None:
    """The connection breaks in the middle of a line, and the next fetch may be whole."""
    client, batch_id = _ended(Faults(cut_in_line=1.0))
    answer = client.call("GET", f"{BATCHES}/{batch_id}/results")
    got = body(answer)
    assert answer.cut
    assert not got.endswith(b"\n")
    assert got.count(b"\n") < 200
    client.sim.faults = Faults()
    assert len(client.lines(batch_id)) == 200


def test_results_may_be_cut_between_lines() -> None:
    """The connection breaks behind a whole line, or the answer ends there as if complete."""
    for faults, cut in ((Faults(cut_at_line=1.0), True), (Faults(short=1.0), False)):
        client, batch_id = _ended(faults)
        answer = client.call("GET", f"{BATCHES}/{batch_id}/results")
        got = body(answer)
        assert answer.cut is cut
        assert got.endswith(b"\n")
        assert 0 < got.count(b"\n") < 200


def test_results_may_be_late() -> None:
    """The results of an ended batch may be not found at first."""
    client, batch_id = _ended(Faults(results_404=0.5))
    statuses = [client.call("GET", f"{BATCHES}/{batch_id}/results").status for _ in range(50)]
    assert set(statuses) == {200, 404}


def test_lines_may_be_odd() -> None:
    """Blank, unknown, unsent, doubled and missing lines appear as often as the log says."""
    client, batch_id = _ended(
        Faults(
            blank_line=0.1,
            unknown_line=0.1,
            unsent_line=0.1,
            duplicate_line=0.1,
            missing_line=0.1,
        )
    )
    sent = {one["custom_id"] for one in items(200)}
    lines = client.results(batch_id).split(b"\n")[:-1]
    values = [orjson.loads(line) for line in lines if line]
    ids = [one.get("custom_id") for one in values]
    log = client.sim.log
    assert lines.count(b"") == log["blank_line"] > 0
    assert ids.count(None) == log["unknown_line"] > 0
    assert sum(one is not None and one not in sent for one in ids) == log["unsent_line"] > 0
    assert len(sent - set(ids)) == log["missing_line"] > 0
    assert sum(ids.count(one) > 1 for one in sent) == log["duplicate_line"] > 0


def test_items_may_end_badly() -> None:
    """Errored, expired and unknown results are counted, not billed, and as many as logged."""
    client, batch_id = _ended(Faults(errored=0.1, expired=0.1, unknown_result=0.1))
    found = list(client.types(batch_id).values())
    counts, log = client.batch(batch_id)["request_counts"], client.sim.log
    assert found.count("expired") == counts["expired"] == log["expired"] > 0
    assert found.count("errored") == log["errored"] > 0
    assert found.count("postponed") == log["unknown_result"] > 0
    assert counts["errored"] == log["errored"] + log["unknown_result"]
    assert len(client.sim.billing) == found.count("succeeded") == counts["succeeded"]


def test_errored_items_have_the_kinds_asked_for() -> None:
    """The error types of errored items are those of errored_kinds."""
    client, batch_id = _ended(Faults(errored=1.0, errored_kinds=("api_error", "timeout_error")))
    kinds = {one["result"]["error"]["error"]["type"] for one in client.lines(batch_id)}
    assert kinds == {"api_error", "timeout_error"}


def test_answers_may_be_swapped() -> None:
    """Two items get each other's answer, under their own ids; nobody's answer is lost."""
    client = Client(Faults(swapped=0.2))
    requests = [
        {"custom_id": f"file_{index:05d}_note-abcd", "params": structured(f"ref{index}")}
        for index in range(200)
    ]
    batch_id = client.create(requests)
    client.clock.advance(101)
    wrong = 0
    refs = set()
    for line in client.lines(batch_id):
        reply = orjson.loads(line["result"]["message"]["content"][0]["text"])
        wrong += reply["note_ref"] != f"ref{int(line['custom_id'].split('_')[1])}"
        refs.add(reply["note_ref"])
    assert wrong == 2 * client.sim.log["swapped"] > 0
    assert len(refs) == 200


def test_only_answers_are_swapped() -> None:
    """Items without an answer are not swapped, and none gets an answer by it."""
    client, batch_id = _ended(Faults(errored=1.0, swapped=1.0))
    assert set(client.types(batch_id).values()) == {"errored"}
    assert client.sim.log["swapped"] == 0


def test_replies_may_be_wrong() -> None:
    """A reply may echo another token, be no JSON, miss its schema, be cut, or be refused."""
    for name, faults in (
        ("wrong_ref", Faults(wrong_ref=1.0)),
        ("not_json", Faults(not_json=1.0)),
        ("bad_schema", Faults(bad_schema=1.0)),
        ("cut_reply", Faults(cut_reply=1.0)),
        ("refused", Faults(refused=1.0)),
    ):
        client = Client(faults)
        message = client.get("POST", MESSAGES, structured("token"))
        text = "".join(block["text"] for block in message["content"])
        assert client.sim.log == {name: 1}
        if name in ("not_json", "cut_reply"):
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(text)
        elif name == "wrong_ref":
            assert orjson.loads(text)["note_ref"] == "nekot"
        elif name == "bad_schema":
            assert orjson.loads(text) == {"unexpected": True, "note_ref": "token"}
        assert (message["stop_details"] is not None) is (name == "refused")
        stop = {"refused": "refusal", "cut_reply": "max_tokens"}.get(name, "end_turn")
        assert message["stop_reason"] == stop


def test_a_repeated_request_draws_again() -> None:
    """The same body sent again and again meets a fault at its rate, not always or never."""
    client = Client(Faults(overloaded=0.5))
    statuses = [client.call("POST", MESSAGES, params()).status for _ in range(100)]
    assert 30 < statuses.count(529) < 70


def test_the_order_of_calls_does_not_change_the_draws() -> None:
    """What befalls a request depends on the seed and the request, not on what came before."""
    told = []
    for order in (range(50), reversed(range(50))):
        client = Client(Faults(overloaded=0.5), seed=3)
        found = {n: client.call("POST", MESSAGES, params(f"{n}")).status for n in order}
        told.append(sorted(found.items()))
    assert told[0] == told[1]


def test_queued_requests_are_limited() -> None:
    """A create that would queue too many is a 429; when the first has ended there is room."""
    client = Client(Faults(max_queued=10))
    client.create(items(6))
    answer = client.call("POST", BATCHES, {"requests": items(6)})
    assert error(answer)[:2] == (429, "rate_limit_error")
    assert "retry-after" in answer.headers
    client.clock.advance(101)
    assert client.create(items(6))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_lets_some_work_through(name: str) -> None:
    """Under every preset some requests succeed, and all but `none` do their harm."""
    client = Client(PRESETS[name], pace=Pace(batch_s=(5.0, 9.0), request_s=(1.0, 1.0)))
    fine = 0
    for index in range(400):
        answer = client.call("POST", MESSAGES, structured(f"ref{index}"))
        fine += answer.status == 200 and answer.drop is None
        client.clock.advance(1)
    for index in range(10):
        client.call("POST", BATCHES, {"requests": items(20 + index)})
        client.clock.advance(70)
    for batch in client.sim.batches():
        for _ in range(3):
            client.call("GET", f"{BATCHES}/{batch['id']}")
            body(client.call("GET", f"{BATCHES}/{batch['id']}/results"))
    client.call("GET", BATCHES)
    assert fine >= 50
    assert bool(client.sim.log) is (name != "none")


def test_a_request_that_is_never_taken_is_refused_however_often() -> None:
    """It is told by what it says: the others are answered all the while, and no pause is named."""
    client = Client(Faults(never_taken=0.3))
    asked = [params(f"question {number}") for number in range(20)]
    first = [client.call("POST", MESSAGES, one).status for one in asked]
    again = [client.call("POST", MESSAGES, one) for one in asked]
    assert set(first) == {200, 429}
    assert [one.status for one in again] == first
    assert not any("retry-after" in one.headers for one in again)


def test_a_proxy_takes_creates_up_to_its_limit() -> None:
    """A larger one gets the proxy's page, and made no batch."""
    client = Client(Faults(create_bytes=3_000))
    answer = client.call("POST", BATCHES, {"requests": items(60)})
    assert answer.status == 413
    assert b"<html>" in body(answer)
    assert client.create(items(2))
    assert len(client.sim.batches()) == 1


def test_a_proxy_may_answer_with_what_it_kept() -> None:
    """Another create gets the id of the first one, and nothing was taken."""
    client = Client(Faults(repeated_id=1.0))
    first = client.create(items(2))
    assert client.create(items(3)) == first
    assert len(client.sim.batches()) == 1


def test_redirects_lead_elsewhere() -> None:
    """Every call is sent to another host."""
    client = Client(Faults(redirects=True))
    answer = client.call("POST", MESSAGES, params())
    assert (answer.status, answer.headers["location"]) == (
        301,
        "https://elsewhere.example/v1/messages",
    )


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("seconds", {"retry-after": "5"}),
        ("ms", {"retry-after-ms": "5000"}),
        ("odd", {"retry-after": "in a while"}),
        ("hurry", {"retry-after-ms": "nan", "retry-after": "0"}),
        ("none", {}),
    ],
)
def test_a_pause_is_told_in_many_forms(form: str, told: dict[str, str]) -> None:
    """In seconds, in milliseconds, in words, as none, or not at all."""
    client = Client(Faults(rate_limited=1.0, retry_after_form=form))
    headers = client.call("POST", MESSAGES, params()).headers
    assert {name: value for name, value in headers.items() if "retry" in name} == told


def test_a_pause_told_as_a_date_goes_with_the_answers_own() -> None:
    """The two dates are as far apart as the pause is long."""
    client = Client(Faults(rate_limited=1.0, retry_after_form="date"))
    headers = client.call("POST", MESSAGES, params()).headers
    assert retry_after_s(headers, 0.0) == 5.0
