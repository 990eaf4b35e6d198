"""How much a reply may take: answers without end, packed ones, slow ones, and what they hold."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import tracemalloc
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.provider import (
    BATCHES,
    GZIP,
    Answer,
    Asked,
    Hostile,
    HostileTransport,
    Pause,
    bomb,
    dripping,
    endless,
    line,
    members,
    message,
    said,
    serving,
)
from tests.twolane.worker.scene import Scene, ask
from tests.twolane.worker.wire import LANES, ended
from tests.virtual_time import run_virtual
from twolane import Lane
from twolane.bodies import KEPT_BYTES, Unpacker, unpacked, whole
from twolane.core.bounds import (
    AROUND_BYTES,
    BYTES_PER_TOKEN,
    MAX_REPLY_BYTES,
    REFUSAL_BYTES,
    SLACK_BYTES,
    reply_bytes,
    result_bounds,
)
from twolane.core.types import Reply
from twolane.errors import ConnectionFailedError, ProviderError, ReplyTooLargeError
from twolane.providers import anthropic
from twolane.providers.anthropic import AnthropicProvider
from twolane.providers.http import HttpTransport
from twolane.providers.lenient import MAX_VALUES, parse
from twolane.providers.local import LocalProvider
from twolane.providers.messages import read_answer
from twolane.providers.remembered import Remembered
from twolane.worker.collect import MAX_BROKEN_FETCHES
from twolane.worker.spool import spooled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from twolane import ItemOutcome

MB = 1 << 20
MOST = reply_bytes(1_000, brings_in=False)
# What a client may take beyond a bound: what lies in buffers on the way.
ON_THE_WAY = 2 * MB
QUESTION = orjson.dumps(ask(1)[0].params)
BEGUN = b'{"type":"message","content":[{"type":"text","text":"'


def hostile(home: Path, answer: Callable[[Asked], Answer | None]) -> tuple[Scene, Hostile]:
    """Return a scene whose provider is the real one before a malicious service."""
    provider = Hostile(answer)
    service = AnthropicProvider(
        HostileTransport(provider), api_key="sk-one", base_url="https://hostile.example"
    )
    scene = Scene(home, service)
    return scene, provider


def to(
    path: str, answer: Callable[[], Answer], *, only: str = ""
) -> Callable[[Asked], Answer | None]:
    """Put an answer in the place of those to a path's end, of bodies that hold `only`."""

    def put(asked: Asked) -> Answer | None:
        return answer() if asked.path.endswith(path) and only.encode() in asked.body else None

    return put


def states(scene: Scene) -> list[tuple[str, str]]:
    """Return each item's state and kind of error."""
    return [(str(one.state), one.error_kind) for one in scene.outcomes()]


def failed_alone(scene: Scene, kind: str) -> ItemOutcome:
    """See that item 1 of three failed as `kind` and the others succeeded; return its outcome."""
    assert states(scene) == [("succeeded", ""), ("failed", kind), ("succeeded", "")]
    return scene.outcomes()[1]


# -- one reply ------------------------------------------------------------------------------------

WITHOUT_END: dict[str, Callable[[], Answer]] = {
    "a text": lambda: Answer(endless(b"a" * 1_000, BEGUN)),
    "brackets": lambda: Answer(endless(b"[[]," * 1_000)),
    "zeros": lambda: Answer(endless(b"\0" * 1_000)),
    "a length of an exabyte": lambda: Answer(
        endless(b"a" * 1_000), headers=(("content-length", str(1 << 60)),), chunked=False
    ),
    "gzip": lambda: Answer(bomb(64 * MB, BEGUN), headers=(GZIP,)),
    "deflate": lambda: Answer(
        zlib.compress(BEGUN + b"a" * 8 * MB), headers=(("content-encoding", "deflate"),)
    ),
    "gzip in capitals": lambda: Answer(bomb(64 * MB), headers=(("Content-Encoding", "X-GZIP"),)),
    "gzip that is none": lambda: Answer(endless(b"{" + b"a" * 1_000), headers=(GZIP,)),
    "empty parts": lambda: Answer(members(), headers=(GZIP,)),
    "parts of a byte": lambda: Answer(members(b"a"), headers=(GZIP,)),
}


@pytest.mark.parametrize("name", WITHOUT_END)
def test_an_answer_without_end_fails_its_item_by_name(tmp_path: Path, name: str) -> None:
    """It is read to its bound, booked at its reserve, not asked for again, and hinders no other."""
    scene, provider = hostile(tmp_path, to("/messages", WITHOUT_END[name], only="q1"))
    report = scene.finish(ask(3, echo=False), lane=Lane.REALTIME)
    outcome = failed_alone(scene, "reply_too_large")
    assert outcome.attempts == 1
    assert outcome.cost_nano > scene.outcomes()[0].cost_nano
    assert report.unpriced == {"usage": 1}
    # A byte may take six in JSON.
    assert len(outcome.body or b"") < 7 * KEPT_BYTES
    assert provider.written["/v1/messages"] < MOST + ON_THE_WAY


@pytest.mark.loopback
@pytest.mark.parametrize("name", ["a text", "gzip", "parts of a byte"])
def test_the_bound_holds_over_a_socket(name: str) -> None:
    """No more than the bound is ever in memory, whatever the answer was packed into."""
    provider = Hostile(to("/messages", WITHOUT_END[name]))

    async def send(url: str) -> None:
        service = AnthropicProvider(HttpTransport(url), api_key="k", base_url=url)
        with pytest.raises(ReplyTooLargeError):
            await service.send(QUESTION, most_bytes=MB)
        await service.aclose()

    with serving(provider) as url:
        tracemalloc.start()
        asyncio.run(send(url))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8 * MB


@pytest.mark.parametrize("endpoint", ["/v1/chat/completions", "/v1/messages"])
async def test_a_local_server_is_read_to_the_same_bound(tmp_path: Path, endpoint: str) -> None:
    """Whatever form it speaks, an answer without end is none of it."""
    begun = b'{"choices":[{"message":{"content":"'

    def put(asked: Asked) -> Answer | None:
        if asked.path == endpoint:
            return Answer(bomb(64 * MB, begun), headers=(GZIP,))
        return Answer(b"", 404) if asked.path.endswith("/completions") else None

    provider = Hostile(put)
    service = LocalProvider(
        lambda _: HostileTransport(provider),
        base_url="http://127.0.0.1:8080",
        remembered=Remembered(tmp_path / "servers.json"),
    )
    with pytest.raises(ReplyTooLargeError):
        await service.send(QUESTION, most_bytes=MB)


def test_what_a_server_tool_finds_has_room_in_a_reply(tmp_path: Path) -> None:
    """Pages that a search has brought in are no tokens of the model's, and are delivered."""
    found = {"type": "web_search_tool_result", "content": [{"encrypted_content": "x" * 8 * MB}]}
    text = {"type": "text", "text": "fine"}
    plain = orjson.dumps(message(content=[found, text]))
    scene, _ = hostile(tmp_path, to("/messages", lambda: said(plain)))
    requests = ask(1, echo=False)
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    searching = [replace(one, params={**one.params, "tools": tools}) for one in requests]
    scene.finish(searching, lane=Lane.REALTIME)
    assert [one.text for one in scene.outcomes()] == ["fine"]


HEADS = {
    "headers": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200_000 + b"\r\n",
    "a long header": b"HTTP/1.1 200 OK\r\nx: " + b"y" * MB + b"\r\n\r\n",
    "a long status": b"HTTP/1.1 200 " + b"O" * MB + b"\r\n\r\n",
    "no header": b"HTTP/1.1 200 OK\r\nx y\0\x01\r\n\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "no chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",
    "trailers": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
    + b"x: y\r\n" * 200_000,
}


@pytest.mark.loopback
@pytest.mark.parametrize("name", HEADS)
def test_a_head_of_any_kind_is_an_error_of_the_provider(name: str) -> None:
    """Headers without number or form end in an error that has a kind, never in another."""
    provider = Hostile(to("/messages", lambda: Answer(raw=HEADS[name])))

    async def send(url: str) -> None:
        service = AnthropicProvider(HttpTransport(url), api_key="k", base_url=url)
        with pytest.raises(ProviderError) as caught:
            await service.send(QUESTION, most_bytes=MB)
        assert len(str(caught.value)) < 1_000
        await service.aclose()

    with serving(provider) as url:
        asyncio.run(send(url))


@pytest.mark.parametrize("status", [400, 413, 500])
@pytest.mark.parametrize("packed", [False, True])
def test_a_refusal_without_end_is_what_its_status_says(status: int, *, packed: bool) -> None:
    """Of a refusal its beginning is read: it is no answer, and was not paid for."""
    body = bomb(64 * MB, b"no ") if packed else endless(b"no " * 1_000)
    provider = Hostile(lambda _: Answer(body, status, (GZIP,) if packed else ()))
    service = AnthropicProvider(HostileTransport(provider), api_key="k", base_url="x")

    async def send() -> None:
        with pytest.raises(ProviderError) as caught:
            await service.send(QUESTION, most_bytes=MB)
        assert caught.value.status == status
        assert not caught.value.maybe_paid

    asyncio.run(send())
    assert provider.written["/v1/messages"] < REFUSAL_BYTES + ON_THE_WAY


def test_of_what_is_kept_of_an_answer_without_end_no_key_is_part(tmp_path: Path) -> None:
    """A key that is sent back in it is taken out, also where it is cut in two by the end."""
    key = b"sk-one"
    scene, _ = hostile(tmp_path, to("/messages", lambda: Answer(endless(key + b" a "), 200)))
    scene.finish(ask(1, echo=False), lane=Lane.REALTIME)
    body = scene.outcomes()[0].body or b""
    assert len(body) > KEPT_BYTES // 2
    assert key not in body
    assert not re.search(rb"sk-?o?n?\W*\Z", body)


def test_a_large_honest_answer_is_delivered(tmp_path: Path) -> None:
    """Three megabytes beside few tokens, packed or not, are an answer like any other."""
    text = "word " * 600_000
    plain = orjson.dumps(message(text))
    answers = iter([said(plain), Answer(gzip.compress(plain), headers=(GZIP,))])
    scene, _ = hostile(tmp_path, to("/messages", lambda: next(answers)))
    scene.finish(ask(2, echo=False, max_tokens=64), lane=Lane.REALTIME)
    assert [one.text for one in scene.outcomes()] == [text, text]


@given(max_tokens=st.integers(1, 10**12), brings_in=st.booleans())
def test_the_longest_tokens_there_are_fit_the_bound(max_tokens: int, *, brings_in: bool) -> None:
    """Whatever is allowed is room for that many tokens of 128 characters, up to a ceiling."""
    most = reply_bytes(max_tokens, brings_in=brings_in)
    assert min(AROUND_BYTES + 2 * 128 * max_tokens, MAX_REPLY_BYTES) <= most <= MAX_REPLY_BYTES
    assert BYTES_PER_TOKEN == 2 * 128


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(0, 500))
def test_a_body_is_whole_or_too_large(pieces: list[bytes], most: int) -> None:
    """However a packed body is cut into pieces, it comes out as it was, or the bound is told."""
    plain = b"".join(pieces)
    packed = b"".join(map(gzip.compress, pieces))

    async def cut() -> AsyncIterator[bytes]:
        for at in range(0, len(packed), 7):
            yield packed[at : at + 7]

    async def read() -> bytes:
        return await whole(unpacked(cut(), Unpacker("gzip")), most)

    if len(plain) <= most:
        assert asyncio.run(read()) == plain
        return
    with pytest.raises(ReplyTooLargeError) as caught:
        asyncio.run(read())
    assert plain.startswith(caught.value.beginning)
    assert len(caught.value.beginning) <= most


# -- time -----------------------------------------------------------------------------------------


def test_a_reply_that_drips_holds_its_item_for_a_bounded_time(tmp_path: Path) -> None:
    """A byte a minute is given up with the call's time; what may have been paid for is booked."""
    drip = to("/messages", lambda: Answer(dripping(b" ", 60.0)), only="q1")
    scene, provider = hostile(tmp_path, drip)
    scene.finish(ask(3, echo=False), lane=Lane.REALTIME)
    assert failed_alone(scene, "connection").attempts <= 5
    assert provider.written["/v1/messages"] < 1_000_000


def test_results_that_drip_are_given_up_and_the_run_is_resumed(tmp_path: Path) -> None:
    """Results that hardly come end the fetch, then the run; the next one reads them."""
    honest = False
    drip = to("/results", lambda: Answer(dripping(b"\n", 60.0)))
    scene, provider = hostile(tmp_path, lambda asked: None if honest else drip(asked))
    requests = ask(3, echo=False)
    report, stopped = ended(scene, requests, lane=Lane.BATCH)
    assert isinstance(stopped, ConnectionFailedError)
    assert "slowly" in str(stopped)
    assert report.items.submitted == 3
    assert provider.times("GET", f"{BATCHES}/msgbatch_0000/results") == MAX_BROKEN_FETCHES
    honest = True
    assert scene.finish(requests).items.succeeded == 3
    assert provider.times("POST", BATCHES) == 1


def test_slow_results_that_do_come_are_read() -> None:
    """A slow line is no reason to give up: what counts is that something comes."""
    piece, count = b'{"x":1}\n' * 9_000, 30

    def slow() -> Iterator[bytes | Pause]:
        for _ in range(count):
            yield piece
            yield Pause(anthropic.RESULTS_STALL_S * 0.9)

    provider = Hostile(lambda _: Answer(slow))
    service = AnthropicProvider(HostileTransport(provider), api_key="k", base_url="x")
    taken: list[bytes] = []

    class Sink:
        def write(self, data: bytes, /) -> None:
            taken.append(data)

    run_virtual(service.fetch_results("msgbatch_1", Sink()))
    assert sum(map(len, taken)) == count * len(piece)


# -- results of a batch ---------------------------------------------------------------------------


def results(lines: Callable[[Hostile], Any], home: Path) -> tuple[Scene, Hostile]:
    """Return a scene whose batches have the results that `lines` makes of the provider."""
    made: list[Hostile] = []
    put = to("/results", lambda: Answer(lines(made[0])))
    scene, provider = hostile(home, put)
    made.append(provider)
    return scene, provider


def spool_is_empty(scene: Scene) -> bool:
    """Tell whether nothing is left of what came as results."""
    return not [path for path in scene.settings.home.rglob("*.jsonl") if path.is_file()]


@pytest.mark.parametrize("cut", [b"\n", b""])
def test_a_line_that_is_too_long_is_its_items_alone(tmp_path: Path, cut: bytes) -> None:
    """The line is cut at its bound, and those before and behind it are read as they are."""

    def lines(provider: Hostile) -> bytes:
        first, second, third = provider.results("msgbatch_0000")
        long = second[:-4] + b" " * 2 * MOST + b"\n"
        # The last one may have no end.
        return first + third + long[:-1] if not cut else first + long + third

    scene, _ = results(lines, tmp_path)
    scene.finish(ask(3, echo=False), lane=Lane.BATCH)
    outcome = failed_alone(scene, "reply_too_large")
    assert len(outcome.body or b"") < 2 * KEPT_BYTES
    assert spool_is_empty(scene)


def test_a_line_may_be_long_for_one_item_and_not_for_another(tmp_path: Path) -> None:
    """The bound of a line is that of its own request."""
    requests = ask(3, echo=False)
    requests[1] = ask(2, echo=False, max_tokens=20_000)[1]

    def lines(provider: Hostile) -> bytes:
        ids = [one["custom_id"] for one in provider.batches["msgbatch_0000"]]
        text = "a" * (AROUND_BYTES + 2 * MB)
        long = {"type": "succeeded", "message": message(text)}
        return b"".join([line(ids[0]), line(ids[1], long), line(ids[2], long)])

    scene, _ = results(lines, tmp_path)
    scene.finish(requests, lane=Lane.BATCH)
    assert states(scene) == [("succeeded", ""), ("succeeded", ""), ("failed", "reply_too_large")]


ENDLESS_RESULTS = {
    "lines of others": lambda: endless(line("stranger") * 100),
    "the same line": lambda: endless(line("file_00000_x-aaaa") * 100),
    "blank lines": lambda: endless(b"\n" * 1_000),
    "one line": lambda: endless(b"a" * 1_000, b'{"custom_id":"'),
    "returns": lambda: endless(b"\r" * 1_000),
}


@pytest.mark.parametrize("name", ENDLESS_RESULTS)
def test_of_results_without_end_what_was_read_counts(tmp_path: Path, name: str) -> None:
    """The answers that came are delivered, the others named and booked, and nothing is fetched on."""

    def lines(provider: Hostile) -> Callable[[], Iterator[bytes]]:
        before = b"".join(provider.results("msgbatch_0000")[::2])
        rest = ENDLESS_RESULTS[name]()

        def pieces() -> Iterator[bytes]:
            yield before
            yield from rest()

        return pieces

    scene, provider = results(lines, tmp_path)
    report = scene.finish(ask(3, echo=False), lane=Lane.BATCH)
    assert failed_alone(scene, "results_too_large").attempts == 1
    assert report.unpriced == {"usage": 1}
    path = f"{BATCHES}/msgbatch_0000/results"
    assert provider.times("GET", path) == 1
    bounds = result_bounds([1_000] * 3, brings_in=False)
    assert provider.written[path] < bounds.total_bytes + ON_THE_WAY
    assert spool_is_empty(scene)


@settings(max_examples=60)
@given(
    lengths=st.lists(st.integers(0, 12), max_size=12),
    piece=st.integers(1, 40),
    most=st.integers(1, 10),
    last_ends=st.booleans(),
)
def test_a_spool_keeps_every_line_to_its_bound(
    tmp_path_factory: pytest.TempPathFactory,
    lengths: Sequence[int],
    piece: int,
    most: int,
    *,
    last_ends: bool,
) -> None:
    """However results are cut into pieces, lines within the bound are whole, and others one longer."""
    lines = [bytes([97 + place % 26]) * length for place, length in enumerate(lengths)]
    data = b"\n".join(lines) + (b"\n" if last_ends else b"")
    bounds = result_bounds([1] * 100, brings_in=False)._replace(line_bytes=most)
    path = tmp_path_factory.mktemp("spool") / "results.jsonl"
    with spooled(path, bounds) as spool:
        for at in range(0, len(data), piece):
            spool.write(data[at : at + piece])
    kept = path.read_bytes()
    assert kept == b"\n".join(one[: most + 1] for one in data.split(b"\n"))
    os.unlink(path)  # noqa: PTH108  # many examples, one folder


@given(tokens=st.lists(st.integers(1, 10**9), min_size=1, max_size=50), brings_in=st.booleans())
def test_results_have_room_for_one_reply_of_any_size(tokens: list[int], *, brings_in: bool) -> None:
    """The sum leaves room for the largest line beside the usual ones, and grows with the batch."""
    bounds = result_bounds(tokens, brings_in=brings_in)
    assert bounds.line_bytes == reply_bytes(max(tokens), brings_in=brings_in)
    assert bounds.total_bytes >= bounds.line_bytes
    assert bounds.total_bytes <= SLACK_BYTES + len(tokens) * MAX_REPLY_BYTES
    assert bounds.lines > 2 * len(tokens)


# -- what is asked beside -------------------------------------------------------------------------


def test_a_create_whose_answer_has_no_end_is_looked_for(tmp_path: Path) -> None:
    """It may have been taken: it is found in the list, and posted once."""

    def put(asked: Asked) -> Answer | None:
        create = asked.method == "POST" and asked.path == BATCHES
        return Answer(endless(b"a" * 1_000)) if create else None

    scene, provider = hostile(tmp_path, put)
    assert scene.finish(ask(3), lane=Lane.BATCH).items.succeeded == 3
    assert provider.times("POST", BATCHES) == 1
    assert provider.written[BATCHES] < 4 * MB


@pytest.mark.parametrize("path", ["/msgbatch_0000", "/batches"])
def test_a_poll_or_list_without_end_is_asked_again(tmp_path: Path, path: str) -> None:
    """What stands in the way of a poll once is gone the next time, and pays nothing twice."""
    left = [Answer(endless(b"[[]," * 1_000)), Answer(bomb(64 * MB), headers=(GZIP,))]

    def put(asked: Asked) -> Answer | None:
        spoiled = asked.method == "GET" and asked.path.endswith(path) and left
        return left.pop() if spoiled else None

    scene, provider = hostile(tmp_path, put)
    assert scene.finish(ask(3), lane=Lane.BATCH).items.succeeded == 3
    assert provider.times("POST", BATCHES) == 1


# -- what stands in it ----------------------------------------------------------------------------

ODD: dict[str, bytes] = {
    "many brackets": b'{"type":"message","content":' + b"[" * 10**5 + b"]" * 10**5 + b"}",
    "many lists": b'{"type":"message","content":[' + b"[]," * 10**5 + b"1]}",
    "many keys": b'{"type":"message","usage":{'
    + b",".join(b'"%d":1' % number for number in range(50_000))
    + b"}}",
    "too many values": b'{"type":"message","usage":[' + b"1," * MAX_VALUES + b"1]}",
    "a number of a million digits": b'{"type":"message","content":"ok","x":' + b"9" * 10**6 + b"}",
    "a fraction of a million digits": b'{"type":"message","content":"ok","x":0.' + b"9" * 10**6 + b"}",
    "infinity": b'{"type":"message","content":"ok","x":1e999999,"y":-1e999999,"z":NaN}',
    "the same key": b'{"type":"message","content":"no","content":"ok"}',
    "half an emoji": rb'{"type":"message","content":"ok","x":"\ud83d","\ud83d":1}',
    "zeros": b'\0\0{"type":"message","content":"ok"}\0\0',
    "a mark": b'\xef\xbb\xbf{"type":"message","content":"ok"}',
    "sixteen bits": '{"type":"message","content":"ok"}'.encode("utf-16"),
    "gzip within": gzip.compress(gzip.compress(b'{"type":"message","content":"ok"}')),
    "a bomb that is not told": gzip.compress(BEGUN + b"a" * 32 * MB),
    "strings for objects": b'{"type":"message","content":"ok","usage":"x","stop_reason":"' + b"x" * MB + b'"}',
    "other types": b'{"type":"message","content":[[[1]],null,{"type":[]},{"type":"text","text":7}],'
    b'"usage":[],"stop_reason":{"a":1},"model":["m"],"id":7}',
}  # fmt: skip


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", ODD)
def test_odd_content_hinders_no_other_item(tmp_path: Path, lane: Lane, name: str) -> None:
    """Whatever stands in an answer, it is read or unreadable, once, and the others are answered."""
    raw = ODD[name]

    def put(asked: Asked) -> Answer | None:
        if asked.path.endswith("/messages") and b'q1"' in asked.body:
            return said(raw)
        if asked.path.endswith("/results"):
            honest = provider.results("msgbatch_0000")
            own = provider.batches["msgbatch_0000"][1]["custom_id"].encode()
            plain = raw.replace(b"\n", b" ")
            honest[1] = b'{"custom_id":"%b","result":{"type":"succeeded","message":%b}}\n' % (
                own,
                plain,
            )
            return Answer(b"".join(honest))
        return None

    scene, provider = hostile(tmp_path, put)
    scene.finish(ask(3, echo=False), lane=lane)
    first, odd, last = scene.outcomes()
    assert (first.state, last.state) == ("succeeded", "succeeded")
    assert odd.attempts == 1
    assert odd.state == "succeeded" or odd.error_kind == "unreadable_reply"


def test_values_are_bounded_and_the_commas_of_a_text_are_none() -> None:
    """A text of many commas and brackets is a reply; as many values are none."""
    text = "[1,2]," * MAX_VALUES
    assert parse(orjson.dumps(message(text)))[0]["content"][0]["text"] == text
    for many in (b"[" + b"1," * MAX_VALUES + b"1]", b"[" + b"{}," * MAX_VALUES + b"{}]"):
        with pytest.raises(ValueError, match="too many"):
            parse(many)
    assert len(parse(b"[" + b"1," * (MAX_VALUES // 2) + b"1]")[0]) == MAX_VALUES // 2 + 1


@settings(max_examples=30)
@given(st.binary(max_size=60), st.sampled_from([b'"', b"\\", b'\\"', b'"\\']))
def test_reading_many_quotes_ends(junk: bytes, quote: bytes) -> None:
    """Strings that never end, escapes without a letter and their like are looked at once."""
    raw = b'{"type":"message","x":"' + junk + quote * 20_000
    answer = read_answer(raw)
    assert answer is None or not isinstance(answer, str)


def test_what_an_answer_names_itself_is_a_name_or_nothing() -> None:
    """Models, endings, errors and ids that steer a terminal, or never end, are left out or cut."""
    long = "\x1b[31m" + "x" * MB
    raw = orjson.dumps(message("ok", model=long, stop_reason=long, id=long))
    reply = read_answer(raw)
    assert isinstance(reply, Reply)
    assert reply.model == ""
    assert len(reply.stop_reason or "") <= 40
    assert (reply.stop_reason or "").isprintable()
    service = AnthropicProvider(
        HostileTransport(Hostile(lambda _: said({"error": {"type": long, "message": long}}, 400))),
        api_key="k",
        base_url="x",
    )

    async def send() -> None:
        with pytest.raises(ProviderError) as caught:
            await service.send(QUESTION, most_bytes=MB)
        assert len(caught.value.kind) <= 100
        assert caught.value.kind.isprintable()
        assert len(str(caught.value)) < 5_000

    asyncio.run(send())
