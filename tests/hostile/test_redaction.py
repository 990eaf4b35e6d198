"""A provider that repeats the key: nothing of it is kept, shown or raised."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import sqlite3
import sys
import traceback
import zlib
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from notemill.embedding.endpoint import Endpoint
from notemill.errors import EmbeddingError
from tests.hostile.provider import (
    Answer,
    Asked,
    Hostile,
    HostileTransport,
    batch,
    completion,
    line,
    message,
    said,
    serving,
)
from tests.twolane.worker.scene import Scene, ask
from twolane import Lane, TwolaneError
from twolane.cli import main
from twolane.config import secrets_of
from twolane.core.redaction import REMOVED
from twolane.formats.jsonl import write_results
from twolane.providers.anthropic import AnthropicProvider
from twolane.providers.local import LocalProvider
from twolane.providers.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twolane.providers.base import Provider

KEY = "sk-ant-api03-AbCdEf0123456789_-xyzXYZ987654321qwertyuiopASDFGHJKL-AA"
PACKED = base64.b64encode(f"me:{KEY}".encode()).decode()
ESCAPED = "".join(f"\\u{ord(one):04x}" for one in KEY)
SIGNS = [KEY[13:25], KEY[-12:], PACKED[8:40], ESCAPED[:24]]


def echo(asked: Asked) -> str:
    """Return a text with the key in it, as a proxy repeats what it was sent."""
    return f"you sent {json.dumps(dict(asked.headers))}, in short {KEY}, or Basic {PACKED}"


def _escaped(asked: Asked) -> Answer:
    raw = json.dumps(message("THE KEY", id="THE KEY")).replace("THE KEY", ESCAPED)
    return said(raw.encode(), request_id=f"req_{len(asked.body)}{KEY}")


def _error(status: int) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        error = {"type": KEY, "message": echo(asked)}
        return said({"type": "error", "error": error}, status, request_id=KEY, x_echo=PACKED)

    return answer


ANSWERS: dict[str, Callable[[Asked], Answer]] = {
    "the text of an answer": lambda asked: said(message(echo(asked)), request_id=KEY),
    "members of an answer": lambda _: said(message(id=KEY, stop_reason=KEY, model=KEY, more={KEY: [KEY]})),
    "escapes of JSON": _escaped,
    "gzip without a word": lambda asked: said(gzip.compress(json.dumps(message(echo(asked))).encode())),
    "an answer cut off": lambda _: said(json.dumps(message(f"{KEY} {PACKED}")).encode()[:-60]),
    "an error with success": _error(200),
    "an error 400": _error(400),
    "an error 401": _error(401),
    "an error 404": _error(404),
    "an error 413": _error(413),
    "a page": lambda asked: Answer(f"<title>{KEY}</title>{echo(asked)}".encode(), headers=(("content-type", KEY),)),
    "a page with an error": lambda asked: Answer(f"<html>{echo(asked)}".encode(), 403),
    "a redirect": lambda _: Answer(b"", 302, (("location", f"http://elsewhere.example/{KEY}"),)),
    "bytes that are no text": lambda _: said(b"\xff\xfe" + KEY.encode() + b"\x00" + PACKED.encode()),
}  # fmt: skip


def everything(folder: Path) -> Iterator[bytes]:
    """Yield what is in a folder: names and bytes of files, values of databases, unpacked."""
    for path in folder.rglob("*"):
        yield path.name.encode()
        if not path.is_file():
            continue
        raw = path.read_bytes()
        yield raw
        if not raw.startswith(b"SQLite format 3\0"):
            continue
        database = sqlite3.connect(path)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608  # its own names
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
                    if isinstance(value, bytes) and value[:1] == b"\x78":
                        yield zlib.decompress(value)
        database.close()


def holds_no_key(*texts: bytes) -> None:
    """See that nothing of the key is in any text."""
    for text in texts:
        for sign in SIGNS:
            assert sign.encode() not in text, text[:2_000]


def anthropic(hostile: Hostile) -> AnthropicProvider:
    """Return the hosted provider with a key, before a malicious service."""
    return AnthropicProvider(
        HostileTransport(hostile), api_key=KEY, base_url="http://hostile.example"
    )


def run(folder: Path, provider: Provider, lane: Lane) -> tuple[str, bytes]:
    """Answer two requests; return what was raised, and all that is kept, reported and exported."""
    scene, raised = Scene(folder, provider, reconcile_grace_s=1.0), ""
    told = ""
    try:
        told = repr(scene.finish(ask(2), lane=lane))
    except TwolaneError as error:
        raised = f"{error!r} {vars(error)}"
    out = folder / "out.jsonl"
    lines = []
    for one in scene.outcomes():
        told += repr(one)
        lines.append(one)
    from twolane.formats.channels import open_output  # noqa: PLC0415

    write_results(lines, "run", open_output(out))
    return raised, told.encode()


@pytest.mark.parametrize("kind", ANSWERS)
def test_nothing_of_a_key_is_kept_in_real_time(tmp_path: Path, kind: str) -> None:
    """Whatever repeats it: an answer, its members, headers, an error of any status, a page."""
    hostile = Hostile(lambda asked: ANSWERS[kind](asked) if asked.path == "/v1/messages" else None)
    raised, told = run(tmp_path, anthropic(hostile), Lane.REALTIME)
    holds_no_key(raised.encode(), told, *everything(tmp_path))
    if kind != "bytes that are no text":  # of which none are shown
        assert any(
            REMOVED.encode() in one for one in (raised.encode(), told, *everything(tmp_path))
        )


def _results(asked: Asked, hostile: Hostile) -> Answer | None:
    if not asked.path.endswith("/results"):
        return None
    told = [json.loads(one)["custom_id"] for one in hostile.results(asked.path.split("/")[4])]
    envelope = {"type": "error", "error": {"type": KEY, "message": echo(asked)}, "request_id": KEY}
    kept = message(echo(asked), id=KEY)
    lines = [line(one, {"type": "errored", "error": envelope}) for one in told[:1]]
    lines += [line(one, {"type": "succeeded", "message": kept}, also=KEY) for one in told[1:]]
    body = b"".join(lines) + line(KEY) + KEY.encode() + b"\n"
    return Answer(lambda: (body[at : at + 7] for at in range(0, len(body), 7)))


def test_nothing_of_a_key_is_kept_of_results(tmp_path: Path) -> None:
    """Also where the pieces that come cut it: in answers, errors, ids, and lines that are none."""
    hostile = Hostile()
    hostile.answer = lambda asked: _results(asked, hostile)
    raised, told = run(tmp_path, anthropic(hostile), Lane.BATCH)
    holds_no_key(raised.encode(), told, *everything(tmp_path))
    assert REMOVED.encode() in told


def test_a_batch_that_bears_the_key_as_its_id_is_none(tmp_path: Path) -> None:
    """Its id is not kept, and no address is made of it."""
    named = batch(f"msgbatch_{KEY}", 2)
    hostile = Hostile(
        lambda asked: (
            said(named) if (asked.method, asked.path[-8:]) == ("POST", "/batches") else None
        )
    )
    raised, told = run(tmp_path, anthropic(hostile), Lane.BATCH)
    holds_no_key(raised.encode(), told, *everything(tmp_path))
    assert not any("key" in asked.path or KEY in asked.path for asked in hostile.asked)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_nothing_of_a_token_is_kept_of_a_local_server(tmp_path: Path, status: int) -> None:
    """Neither of an answer, nor of an error, nor of what it says of itself."""

    def answer(asked: Asked) -> Answer | None:
        if asked.path == "/v1/models":
            return said({"data": [{"id": "small", "owned_by": KEY}, {"id": KEY}]}, x_echo=KEY)
        if asked.path == "/v1/chat/completions" and status == 200:
            return said(completion(echo(asked), id=KEY, model=KEY))
        if asked.path == "/v1/chat/completions":
            return said({"error": {"message": echo(asked), "code": KEY}}, status)
        return None

    hostile = Hostile(answer)
    provider = LocalProvider(
        lambda _: HostileTransport(hostile),
        base_url="http://localhost:8000",
        auth_token=KEY,
        model="small",
        remembered=Remembered(tmp_path / "remembered.json"),
    )
    told = [repr(await provider.connect())]
    body = orjson.dumps(ask(1)[0].params)
    try:
        told.append(repr(await provider.send(body, most_bytes=1 << 20)))
    except TwolaneError as error:
        told.append(f"{error!r} {vars(error)}")
    holds_no_key("".join(told).encode(), *everything(tmp_path))
    assert REMOVED in told[-1]


@pytest.mark.loopback
@pytest.mark.parametrize("status", [200, 400, 401])
def test_no_command_prints_a_key(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    status: int,
) -> None:
    """Over a socket, with all that is printed, reported, exported and written."""
    kind = "the text of an answer" if status == 200 else f"an error {status}"
    hostile = Hostile(lambda asked: ANSWERS[kind](asked) if asked.path == "/v1/messages" else None)
    for name in os.environ:
        if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TWOLANE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWOLANE_CONFIG", os.devnull)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    requests = "".join(json.dumps({"params": dict(one.params)}) + "\n" for one in ask(2))
    (tmp_path / "in.jsonl").write_text(requests)

    def command(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["twolane", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    with serving(hostile) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        out = tmp_path / "out.jsonl"
        code = command("run", tmp_path / "in.jsonl", "-o", out, "--lane", "realtime", "--yes")
        assert code == {200: 0, 400: 3, 401: 6}[status]
        for words in (
            ["show", "last"], ["show", "last", "--json"], ["show", "last", "--item", "#1"], ["runs"],
            ["runs", "--json"], ["export", "last", "-o", "-"], ["state", "export", tmp_path / "moved"],
        ):  # fmt: skip
            assert command(*words) in (0, 3)
    printed = "".join(capfd.readouterr())
    holds_no_key(printed.encode(), *everything(tmp_path))
    assert REMOVED in printed


@pytest.mark.loopback
@pytest.mark.parametrize("status", [200, 401, 404])
def test_an_embedding_service_that_repeats_its_key_is_told_without_it(status: int) -> None:
    """Neither the error nor what it came from holds anything of it."""
    answer = said({"error": {"message": f"no {KEY} {PACKED}"}}, status)
    with serving(Hostile(lambda _: answer)) as url:
        endpoint = Endpoint("small", f"{url}/v1", KEY, first_wait_s=0)
        with pytest.raises(EmbeddingError) as raised:
            endpoint.embed(["a text"])
    told = "".join(traceback.format_exception(raised.value))
    holds_no_key(told.encode())
    assert (REMOVED in told) == (status != 200)


def test_an_error_that_nobody_expects_is_told_without_the_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback at the end, and the object of `--json`, name neither key nor password."""
    import click  # noqa: PLC0415

    from twolane.front.command import json_flag, settings_of  # noqa: PLC0415
    from twolane.front.command_line import run_command_line  # noqa: PLC0415
    from twolane.front.groups import Commands  # noqa: PLC0415

    @click.group(cls=Commands)
    def cli() -> None:
        """Do something."""

    @cli.command()
    @json_flag
    def fail(**_: Any) -> None:  # noqa: ANN401
        settings_of({})
        raise ZeroDivisionError(f"{KEY} {PACKED} hunter2-hunter2")

    monkeypatch.setenv("TWOLANE_CONFIG", os.devnull)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2-hunter2@proxy.example:3128")
    monkeypatch.setattr(sys, "argv", ["twolane", "fail", "--json"])
    with pytest.raises(SystemExit):
        run_command_line(cli)
    out, err = capsys.readouterr()
    holds_no_key(out.encode(), err.encode())
    assert "hunter2-hunter2" not in out + err
    assert json.loads(out)["error"]["message"].startswith(f"ZeroDivisionError: {REMOVED}")


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    """Written out for a log, or named to be hidden."""
    from twolane import Settings  # noqa: PLC0415

    settings = Settings(home=tmp_path, api_key=KEY, auth_token=f"{KEY}2")
    holds_no_key(repr(settings).encode())
    proxies = {"HTTPS_PROXY": "http://me:hunter2-hunter2@proxy", "no_proxy": "localhost"}
    assert {KEY, f"{KEY}2", "hunter2-hunter2"} <= set(secrets_of(settings, proxies))


def test_the_answer_that_is_kept_can_still_be_read(tmp_path: Path) -> None:
    """Where the key stood in it something else stands; the rest is the answer."""
    hostile = Hostile(
        lambda asked: (
            said(message(f"the key {KEY} is yours")) if asked.path == "/v1/messages" else None
        )
    )
    scene = Scene(tmp_path, anthropic(hostile))
    scene.finish(ask(1, echo=False), lane=Lane.REALTIME)
    (outcome,) = scene.outcomes()
    assert outcome.text == f"the key {REMOVED} is yours"
    assert io.BytesIO(outcome.body or b"").read(1) == b"{"
