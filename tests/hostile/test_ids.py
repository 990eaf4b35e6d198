"""Ids and names that a provider gives: what steers a URL, a file, a terminal or a ledger is none."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.provider import (
    BATCHES,
    Answer,
    Asked,
    Hostile,
    HostileTransport,
    batch,
    endless,
    message,
    said,
)
from tests.twolane.worker.scene import Scene, ask
from tests.twolane.worker.wire import ended
from tests.virtual_time import run_virtual
from twolane import Lane
from twolane.core.outside import MAX_ID_CHARS, identifier
from twolane.errors import ConfigError, InvalidReplyError, RejectedError
from twolane.ledger import LEDGER_FILE
from twolane.providers.anthropic import AnthropicProvider
from twolane.providers.base import SHOWN_MODELS, BatchPage
from twolane.providers.local import LocalProvider
from twolane.providers.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NO_IDS: dict[str, Any] = {
    "upwards": "../../x",
    "a dot segment": "..",
    "a slash": "msgbatch_1/results",
    "an escape": "%2e%2e%2fx",
    "a query": "msgbatch_1?x=1",
    "a fragment": "msgbatch_1#x",
    "nothing": "",
    "null": None,
    "zero": "msgbatch_\0",
    "a header": "msgbatch_1\r\nx-api-key: y",
    "a line": "msgbatch_1\n",
    "a blank": " msgbatch_1",
    "a number": 7,
    "a list": ["msgbatch_1"],
    "an object": {"id": "msgbatch_1"},
    "without end": "a" * 20_000,
    "too long": "a" * (MAX_ID_CHARS + 1),
    "letters that are none": "msgbatch_\u202e1",
    "half an emoji": "msgbatch_\ud83d",
    "colours": "\x1b[31mmsgbatch",
    "a backslash": "..\\x",
    "another host": "//evil.example/x",
}
# One of each kind, where every one costs a whole run.
FEW = ["upwards", "nothing", "null", "zero", "a header", "a list", "without end", "half an emoji"]
PATH = re.compile(r"/v1/messages(/batches(/[A-Za-z0-9_.:=~-]+(/results|/cancel)?)?)?")


def hostile(home: Path, answer: Callable[[Asked], Answer | None]) -> tuple[Scene, Hostile]:
    """Return a scene whose provider is the real one before a malicious service."""
    provider = Hostile(answer)
    service = AnthropicProvider(
        HostileTransport(provider), api_key="sk-one", base_url="https://hostile.example"
    )
    return Scene(home, service), provider


def service_of(answer: Callable[[Asked], Answer | None]) -> tuple[AnthropicProvider, Hostile]:
    """Return the real provider before a malicious service."""
    provider = Hostile(answer)
    return AnthropicProvider(HostileTransport(provider), api_key="k", base_url="x"), provider


def dumped(value: object) -> bytes:
    """Return JSON that holds what strict writers refuse."""
    return json.dumps(value).encode()


@pytest.mark.parametrize("name", NO_IDS)
def test_a_create_whose_id_is_none_is_looked_for(tmp_path: Path, name: str) -> None:
    """It counts as unanswered: found by its custom_ids, posted once, and the id goes nowhere."""

    def put(asked: Asked) -> Answer | None:
        if asked.method == "POST" and asked.path == BATCHES:
            return said(dumped(batch(NO_IDS[name], 3)))
        return None

    scene, provider = hostile(tmp_path, put)
    report = scene.finish(ask(3), lane=Lane.BATCH)
    assert report.items.succeeded == 3
    assert provider.times("POST", BATCHES) == 1
    assert all(PATH.fullmatch(one.path) for one in provider.asked)


@pytest.mark.parametrize("name", ["upwards", "null"])
def test_where_every_id_is_none_nothing_counts_as_absent(tmp_path: Path, name: str) -> None:
    """A list that does not tell its batches proves nothing: what was posted counts as paid."""

    def put(asked: Asked) -> Answer | None:
        shown = said(dumped(batch(NO_IDS[name], 3)))
        if asked.path != BATCHES:
            return None
        if asked.method == "POST":
            return shown if provider.times("POST", BATCHES) == 1 else None
        taken = list(provider.batches)[1:][::-1]
        data = [batch(one, 3) for one in taken] + [batch(NO_IDS[name], 3)] * bool(provider.batches)
        return said(dumped({"data": data, "has_more": False, "last_id": None}))

    scene, provider = hostile(tmp_path, put)
    report = scene.finish(ask(3), lane=Lane.BATCH)
    assert report.items.succeeded == 3
    assert report.items.uncertain == 3
    assert provider.times("POST", BATCHES) == 2


def test_a_batch_without_an_id_is_passed_over_in_a_list() -> None:
    """The others on the page are read, and how many cannot be is told."""
    data = [batch("msgbatch_2", 1), batch("../x", 1), 7, None, {}, batch("msgbatch_1", 1)]
    service, _ = service_of(lambda _: said({"data": data, "has_more": False}))
    page = run_virtual(service.list_batches(after_id=None, limit=10))
    assert [one.id for one in page.batches] == ["msgbatch_2", "msgbatch_1"]
    assert page.unreadable == 4


@pytest.mark.parametrize("name", NO_IDS)
def test_the_end_of_a_page_is_an_id_or_the_last_one_listed(name: str) -> None:
    """A cursor that is none is not sent back; where nothing else tells the rest, that is said."""
    page = {"data": [batch("msgbatch_1", 1)], "has_more": True, "last_id": NO_IDS[name]}
    answers = iter([page, {**page, "data": []}])
    service, _ = service_of(lambda _: said(dumped(next(answers))))
    found = run_virtual(service.list_batches(after_id=None, limit=1))
    assert found == BatchPage(found.batches, has_more=True, last_id="msgbatch_1")
    with pytest.raises(InvalidReplyError, match="more batches"):
        run_virtual(service.list_batches(after_id=None, limit=1))


@pytest.mark.parametrize("name", [one for one in NO_IDS if isinstance(NO_IDS[one], str)])
def test_an_id_of_a_ledger_from_elsewhere_is_no_path(name: str) -> None:
    """What a ledger holds as a batch's id is checked again before anything is asked with it."""
    service, provider = service_of(lambda _: None)
    for ask_with in (service.retrieve_batch, service.cancel_batch):
        with pytest.raises(RejectedError) as caught:
            run_virtual(ask_with(NO_IDS[name]))
        assert caught.value.status == 404
    assert provider.asked == []


def test_results_are_never_fetched_from_where_an_answer_points(tmp_path: Path) -> None:
    """Whatever `results_url` says, the results are asked for where the service is."""
    scene, provider = hostile(tmp_path, lambda _: None)
    assert scene.finish(ask(2), lane=Lane.BATCH).items.succeeded == 2
    assert {one.headers["x-api-key"] for one in provider.asked} == {"sk-one"}
    assert f"{BATCHES}/msgbatch_0000/results" in {one.path for one in provider.asked}


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("lane", list(Lane))
def test_other_ids_that_are_none_are_left_out(tmp_path: Path, lane: Lane, name: str) -> None:
    """Ids of requests and messages, and models, neither end a run nor come into its tables."""
    bad = NO_IDS[name]
    header = bad if isinstance(bad, str) and bad.isascii() and len(bad) < 1_000 else "../x"

    def put(asked: Asked) -> Answer | None:
        plain = dumped(message("ok", id=bad, model=bad))
        if asked.path.endswith("/messages"):
            return Answer(plain, headers=(("request-id", header),))
        if asked.path.endswith("/results"):
            ids = [one["custom_id"] for one in provider.batches["msgbatch_0000"]]
            error = {"type": "error", "error": {"type": "api_error", "message": "no"}}
            failed = {"type": "errored", "error": {**error, "request_id": bad}}
            kept = b'{"custom_id":"%b","result":{"type":"succeeded","message":%b}}\n'
            return Answer(dumped({"custom_id": ids[0], "result": failed}) + b"\n"
                          + kept % (ids[1].encode(), plain))  # fmt: skip
        return None

    scene, provider = hostile(tmp_path, put)
    ended(scene, ask(2, echo=False), lane=lane)
    with sqlite3.connect(scene.settings.home / LEDGER_FILE) as db:
        kept = db.execute("SELECT request_id FROM attempts WHERE request_id IS NOT NULL").fetchall()
    db.close()
    assert all(identifier(one) == one for (one,) in kept)


@pytest.mark.parametrize("name", FEW)
def test_a_line_whose_id_is_none_reaches_nobody(tmp_path: Path, name: str) -> None:
    """A result under an id that was never sent is a stray, whatever it looks like."""

    def put(asked: Asked) -> Answer | None:
        if not asked.path.endswith("/results"):
            return None
        lines = provider.results(asked.path.split("/")[-2])
        strange = {"custom_id": NO_IDS[name], "result": {"type": "succeeded", "message": message()}}
        return Answer(dumped(strange) + b"\n" + b"".join(lines))

    scene, provider = hostile(tmp_path, put)
    assert scene.finish(ask(2), lane=Lane.BATCH).items.succeeded == 2


@settings(max_examples=60)
@given(
    st.text(max_size=20)
    | st.text("./%\\?#&:~-_aZ0", max_size=12)
    | st.none()
    | st.integers()
    | st.lists(st.text(max_size=3), max_size=2)
)
def test_whatever_is_given_as_an_id_every_path_is_the_services(given_id: object) -> None:
    """A create is answered with any id: either it can be asked for as it is, or it is refused."""
    service, provider = service_of(
        lambda asked: said(dumped(batch(given_id, 1))) if asked.path == BATCHES else None
    )

    async def body() -> Any:  # noqa: ANN401
        yield b'{"requests":[]}'

    async def work() -> None:
        try:
            info = await service.create_batch(body(), 15)
        except InvalidReplyError:
            assert identifier(given_id) is None
            return
        assert info.id == given_id
        with contextlib.suppress(RejectedError):  # it is not there
            await service.retrieve_batch(info.id)

    run_virtual(work())
    assert all(PATH.fullmatch(unquote(one.path)) for one in provider.asked)


# -- a local server's models ----------------------------------------------------------------------


def local(home: Path, answer: Callable[[Asked], Answer | None]) -> tuple[LocalProvider, Hostile]:
    """Return the local provider before a malicious server."""
    provider = Hostile(answer)
    service = LocalProvider(
        lambda _: HostileTransport(provider),
        base_url="http://127.0.0.1:8080",
        remembered=Remembered(home / "servers.json"),
    )
    return service, provider


@pytest.mark.parametrize(
    "entries",
    [
        [{"id": "\x1b]0;x\x07"}, {"id": "good"}],
        [{"id": "a\u202eb"}, {"id": "good", "meta": {"n_ctx": 10**30}}],
        [{"id": ["x"]}, {"id": None}, 7, {"id": "good", "owned_by": ["vllm"]}],
        [{"id": "x" * 1_000}, {"id": "good", "max_model_len": -1}],
        [{"id": "good", "max_model_len": 1e300, "context_length": "9" * 5_000}],
    ],
)
async def test_a_model_whose_name_does_not_print_is_none(tmp_path: Path, entries: Any) -> None:  # noqa: ANN401
    """Of what a server lists the names are taken that can be shown, and sizes that can be."""
    listed = {"data": entries}
    service, _ = local(
        tmp_path, lambda asked: said(dumped(listed)) if asked.path == "/v1/models" else None
    )
    served = await service.connect()
    assert served.models == ("good",)
    assert served.context_tokens is None


async def test_of_models_without_number_the_first_are_shown(tmp_path: Path) -> None:
    """A list of a hundred thousand models ends in a message that can be read."""
    entries = [{"id": f"model-{number}"} for number in range(50_000)]
    service, _ = local(
        tmp_path, lambda asked: said({"data": entries}) if asked.path == "/v1/models" else None
    )
    served = await service.connect()
    with pytest.raises(ConfigError) as caught:
        served.the_model()
    assert f"model-{SHOWN_MODELS - 1} and" in str(caught.value)
    assert len(str(caught.value)) < 1_000


async def test_a_model_list_without_end_leaves_the_server_unlisted(tmp_path: Path) -> None:
    """What a server says of itself is read to a bound; the model that was named is asked."""
    service, provider = local(
        tmp_path,
        lambda asked: Answer(endless(b'{"data":[' * 100)) if asked.path == "/v1/models" else None,
    )
    served = await service.connect("mine")
    assert (served.model, served.models) == ("mine", ())
    assert provider.written["/v1/models"] < 20 * (1 << 20)
