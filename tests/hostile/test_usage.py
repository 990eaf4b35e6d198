"""What an answer says of its own cost: it neither breaks a ledger, nor empties a budget, nor hides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twolane.worker.scene import SOURCE, Scene, ask
from tests.twolane.worker.wire import COST_NANO, LANES, Wire, Wired, ended, message, wired
from twolane import Lane
from twolane.core.outside import MAX_TOKENS
from twolane.core.pricing import LanePrices, Rates, bill
from twolane.core.types import BEYOND_USAGE, UNKNOWN_USAGE, Reply, Usage
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.check import check
from twolane.providers.anthropic import AnthropicProvider
from twolane.providers.discovery import ServerInfo, Told, context_tokens
from twolane.providers.messages import read_answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twolane import Engine, Report

NO_COUNTS: list[Any] = [
    -1, -600, -(2**63), 2**63, 10**30, 10**400, 0.5, -0.5, 1e300, True, False, "", "ten", "-5", "1e3",
    "9" * 30, [], [10], {}, {"count": 10}, MAX_TOKENS + 1,
]  # fmt: skip
MEMBERS = [
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
]
HOSTILE: list[Any] = [
    None, [], "free", 0, -5, True, {},
    *({"input_tokens": 10, "output_tokens": 5, name: value} for name in MEMBERS for value in (-600, 10**30, "x", [1])),
    {"input_tokens": 10, "output_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": -9}},
    {"input_tokens": 10, "output_tokens": 5, "server_tool_use": {"web_search_requests": 10**30}},
    {"input_tokens": 10, "output_tokens": 5, "server_tool_use": {"web_search_requests": -1}},
    {"input_tokens": 10, "output_tokens": 5, "iterations": [{"type": "compaction", "input_tokens": -10**9}]},
    {"output_tokens": 5}, {"input_tokens": 10}, {"input_tokens": None, "output_tokens": None},
]  # fmt: skip
PRICES = LanePrices(Rates(1, 5, 2, 2, 1, web_search=10**10), Rates(1, 5, 2, 2, 1))


def _written(usage: Any) -> bytes:  # noqa: ANN401
    """Return a message with this usage, also with numbers that a strict writer refuses."""
    marks = {"input_tokens": 10, "output_tokens": 5}
    plain = orjson.dumps(message(usage=marks))
    return plain.replace(orjson.dumps(marks), _json(usage))


def _json(value: Any) -> bytes:  # noqa: ANN401
    """Return JSON with whole numbers of any size."""
    match value:
        case dict():
            inner = b",".join(orjson.dumps(key) + b":" + _json(one) for key, one in value.items())
            return b"{" + inner + b"}"
        case list():
            return b"[" + b",".join(map(_json, value)) + b"]"
        case int() if not isinstance(value, bool):
            return str(value).encode() if abs(value) < 10**1000 else b"1e999"
        case _:
            return orjson.dumps(value)


@pytest.mark.parametrize("lane", LANES)
def test_usage_that_cannot_be_is_booked_at_the_worst_case(tmp_path: Path, lane: Lane) -> None:
    """Every such answer is kept, costs what was set aside for it, and is named in the report."""
    scene, _ = wired(tmp_path, lambda question, _: _written(HOSTILE[int(question[1:])]))
    report, error = ended(scene, ask(len(HOSTILE), echo=False), lane=lane)
    assert error is None
    assert report.items.succeeded == len(HOSTILE)
    assert report.unpriced == {UNKNOWN_USAGE: len(HOSTILE)}
    assert all(cost == reserve > 0 for cost, reserve, _ in _costs(scene))


def _costs(scene: Scene) -> list[tuple[int, int, str]]:
    ledger = Ledger(scene.settings.home / LEDGER_FILE)
    rows = ledger.store.db.execute("SELECT cost_nano, reserve_nano, unpriced FROM attempts")
    found = [(int(cost), int(reserve), str(unpriced)) for cost, reserve, unpriced in rows]
    ledger.close()
    return found


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("cap", [None, 10**9])
def test_counts_beyond_the_request_empty_no_budget(
    tmp_path: Path, lane: Lane, cap: int | None
) -> None:
    """A request of some words cannot have cost a hundred dollars: it costs its worst case."""
    lie = {"input_tokens": 9_000_000, "output_tokens": 9_000_000}
    scene, _ = wired(tmp_path, lambda question, _: _written(lie) if question == "q0" else None)
    report, error = ended(scene, ask(4, echo=False), lane=lane, cap_nano=cap)
    assert error is None
    assert report.items.succeeded == 4
    assert report.unpriced == {BEYOND_USAGE: 1}
    booked = {unpriced: (cost, reserve) for cost, reserve, unpriced in _costs(scene)}
    assert booked[BEYOND_USAGE][0] == booked[BEYOND_USAGE][1]
    assert booked[""][0] == COST_NANO[lane]


def test_what_cannot_be_bounded_is_booked_as_counted(tmp_path: Path) -> None:
    """An image costs more than its request's bytes say: a real cost is never hidden."""
    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    content = [{"type": "text", "text": "q0"}, image]
    requests = ask(1, echo=False, max_tokens=10)
    requests[0].params["messages"][0]["content"] = content
    scene, wire = wired(tmp_path, lambda *_: None)
    counted = {"input_tokens": 90_000, "output_tokens": 5}
    wire.answer_to = {"POST /v1/messages": lambda: Wired(200, _written(counted))}
    report, _ = ended(scene, requests, lane=Lane.REALTIME)
    assert report.actual_nano == 90_000 * 1_000 + 5 * 5_000
    assert not report.unpriced


def test_searches_cost_their_fee_beside_the_tokens(tmp_path: Path) -> None:
    """A gateway may search by itself: its fee is no token that the request would have to allow."""
    usage = {"input_tokens": 10, "output_tokens": 5, "server_tool_use": {"web_search_requests": 3}}
    scene, _ = wired(tmp_path, lambda *_: _written(usage))
    report, _ = ended(scene, ask(1, echo=False), lane=Lane.REALTIME)
    assert report.actual_nano == COST_NANO[Lane.REALTIME] + 3 * 10_000_000
    assert not report.unpriced


COUNTS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, MAX_TOKENS), st.floats(), st.text(max_size=8),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip
USAGES = st.one_of(
    COUNTS,
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys([*MEMBERS, "service_tier", "speed"], COUNTS),
            "cache_creation": st.one_of(
                COUNTS, st.dictionaries(st.sampled_from(["ephemeral_1h_input_tokens", "x"]), COUNTS)
            ),
            "server_tool_use": st.one_of(
                COUNTS, st.dictionaries(st.sampled_from(["web_search_requests", "x"]), COUNTS)
            ),
            "iterations": st.lists(
                st.fixed_dictionaries({"type": st.sampled_from(["compaction", "message", 5])},
                                      optional={"input_tokens": COUNTS, "output_tokens": COUNTS}),
                max_size=2,
            ),
        },
    ),
)  # fmt: skip


@given(USAGES, st.booleans(), st.booleans())
def test_whatever_usage_is_a_bill_can_be_kept(
    usage: object,
    bounded: bool,  # noqa: FBT001
    capped: bool,  # noqa: FBT001
) -> None:
    """It is never negative, fits a ledger, and stays within the reserve where the request does."""
    answer = read_answer(_written(usage) if not isinstance(usage, float) else b'{"content":1}')
    assert isinstance(answer, Reply)
    paid = bill(answer, PRICES, Lane.REALTIME, 5_000, bounded=bounded, capped=capped)
    assert 0 <= paid.cost_nano < 2**63
    assert not capped or paid.cost_nano <= 5_000
    # A search costs 10,000,000.
    assert not bounded or paid.cost_nano - 10**7 * paid.usage.web_searches <= 5_000
    assert all(0 <= count <= MAX_TOKENS for count in paid.usage)


@pytest.mark.parametrize(
    "usage",
    [Usage(-600, 5), Usage(10**30, 5), Usage("ten", 5), Usage(None, 5), Usage(input_tokens=True), Usage(0.5, 5),  # type: ignore[arg-type]
     Usage(10, 5, web_searches=10**9), Usage(10, 5, cache_read_tokens=-(2**70))],
    ids=repr,
)  # fmt: skip
def test_a_provider_of_ones_own_may_count_anything(tmp_path: Path, usage: Usage) -> None:
    """The counts of a reply are checked where it is booked, not only where answers are read."""
    scene = Scene(tmp_path)
    send = scene.scripted.send

    async def lying(body: bytes, *, most_bytes: int, betas: Any = ()) -> Reply:  # noqa: ANN401
        return (await send(body, most_bytes=most_bytes, betas=betas))._replace(usage=usage)

    scene.scripted.send = lying  # type: ignore[method-assign]
    report: Report = scene.finish(ask(2, echo=False), lane=Lane.REALTIME)
    assert report.items.succeeded == 2
    assert report.unpriced == {UNKNOWN_USAGE: 2}
    assert all(cost == reserve for cost, reserve, _ in _costs(scene))


def test_check_tells_of_old_negative_costs(tmp_path: Path) -> None:
    """A ledger that an earlier version wrote a lie into is reported as that, and read to its end."""
    scene = Scene(tmp_path)
    scene.finish(ask(2, echo=False), lane=Lane.REALTIME)
    ledger = Ledger(scene.settings.home / LEDGER_FILE)
    with ledger.store.transaction() as db:
        db.execute("UPDATE attempts SET cost_nano = -600, realtime_nano = -600, input_tokens = -5")
    found = check(ledger)
    assert [one.count for one in found if "less than nothing" in one.invariant] == [2]
    ledger.close()

    async def look(engine: Engine) -> Report:
        run = await engine.latest(SOURCE)
        assert run is not None
        return await run.report()

    engine = scene.engine()
    assert scene.clock.run(look(engine)).actual_nano == -1_200
    engine.ledger.close()


RATES = ["0", "-1", "9" * 30, "1e3", "0.5", "many", "", " 5", "٣", "null", "5, 5"]


@pytest.mark.parametrize("value", RATES)
@pytest.mark.parametrize("part", ["limit", "remaining"])
def test_limits_that_are_none_are_passed_over(tmp_path: Path, value: str, part: str) -> None:
    """Headers of thirty digits, negative or in words neither stop nor slow a run."""
    told = {
        f"anthropic-ratelimit-{what}-{one}": value if one == part else "4000"
        for what in ("requests", "input-tokens", "output-tokens")
        for one in ("limit", "remaining")
    }
    told["anthropic-ratelimit-requests-reset"] = "9999-12-31T23:59:59Z"
    scene, wire = wired(tmp_path, lambda _, plain: Wired(200, plain, told))
    began = scene.clock.now()
    report, error = ended(scene, ask(40, echo=False), lane=Lane.REALTIME)
    assert (error, report.items.succeeded) == (None, 40)
    assert scene.clock.now() - began < 60.0
    assert sum(wire.calls.values()) == 40


@pytest.mark.parametrize("count", [-1, True, 10**30, "ten", None, [], 0.5])
async def test_a_count_of_tokens_that_is_none_is_refused(count: object) -> None:
    """The provider's own count prices a run: what is no number is no price."""
    wire = Wire(lambda *_: None)
    wire.answer_to = {"/count_tokens": lambda: Wired(200, b'{"input_tokens":%b}' % _json(count))}
    provider = AnthropicProvider(wire, api_key="sk-one", base_url="https://api.anthropic.com")
    with pytest.raises(Exception, match="counted no tokens"):
        await provider.count_tokens(orjson.dumps({"model": "m", "messages": []}))


@pytest.mark.parametrize("size", ["9" * 5_000, -5, True, "x", 10**30, 0, [4_096], None])
async def test_a_local_servers_context_is_a_size_or_unknown(size: object) -> None:
    """Whatever a server says of a model's context, it is a number of tokens or nothing."""

    async def get(_: str) -> Told:
        return Told(200, {"models": [{"name": "m", "context_length": size}]})

    async def post(_: str, __: Mapping[str, Any]) -> Told:
        return Told(
            200, {"parameters": f"num_ctx {size}", "model_info": {"a.context_length": size}}
        )

    found = ServerInfo("Ollama", ("m",), {})
    tokens = await context_tokens(found, "m", get, post)
    assert tokens is None or 0 < tokens <= MAX_TOKENS
