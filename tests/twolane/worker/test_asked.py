"""What requests ask for beside their messages: forms of their own, betas, a lane that takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.doubles import Crash
from tests.twolane.worker.scene import Scene, ask
from twolane import Lane, Request
from twolane.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Engine


def _with(request: Request, **params: Any) -> Request:  # noqa: ANN401
    return replace(request, params={**request.params, **params})


def _form(kind: str) -> dict[str, Any]:
    return {"format": {"type": "json_schema", "schema": {"type": kind}}}


def _start(scene: Scene, requests: list[Request], lane: Lane | None = None) -> None:
    async def work(engine: Engine) -> None:
        await engine.start(requests, lane=lane)

    scene.run(work)


def _runs(scene: Scene) -> int:
    async def work(engine: Engine) -> int:
        return len(await engine.runs())

    return scene.run(work)


@pytest.mark.parametrize("lane", list(Lane))
def test_each_reply_is_held_against_its_own_schema(tmp_path: Path, lane: Lane) -> None:
    """Where schemas differ from line to line, every line's own counts, in either lane."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda _: "[]"
    plain, array, other = ask(3, echo=False)
    requests = [
        plain,
        _with(array, output_config=_form("array")),
        _with(other, output_config=_form("object")),
    ]
    report = scene.finish(requests, lane=lane)
    assert [one.state for one in scene.outcomes()] == ["succeeded", "succeeded", "failed"]
    assert "must be object" in report.failures[0].message


def test_another_process_knows_the_schemas_of_a_batch(tmp_path: Path) -> None:
    """What a process collects that did not send it is held against the same schemas."""
    scene = Scene(tmp_path)
    scene.scripted.reply = lambda _: "[]"
    scene.scripted.create_script.append("crash_after")
    first, second = ask(2, echo=False)
    requests = [
        _with(first, output_config=_form("array")),
        _with(second, output_config=_form("object")),
    ]
    with pytest.raises(Crash):
        _drive(scene, requests)
    scene.finish(requests)
    assert [one.state for one in scene.outcomes()] == ["succeeded", "failed"]


def _drive(scene: Scene, requests: list[Request]) -> None:
    async def work(engine: Engine) -> None:
        run = await scene.begin(engine, requests, lane=Lane.BATCH)
        await run.drive()

    scene.run(work)


@pytest.mark.parametrize("lane", list(Lane))
def test_betas_go_out_as_a_header_and_not_in_the_body(tmp_path: Path, lane: Lane) -> None:
    """The list in params is what the SDK calls betas: a header of the call, or of the create."""
    scene = Scene(tmp_path)
    requests = [_with(one, betas=["files-api-2025-04-14", "b"]) for one in ask(3)]
    scene.finish(requests, lane=lane)
    assert set(scene.scripted.betas) == {("files-api-2025-04-14", "b")}
    bodies = scene.scripted.sent or [one["params"] for one in scene.scripted.batches[0].requests]
    assert len(bodies) == 3
    assert not any("betas" in body for body in bodies)


def test_what_no_batch_takes_is_refused_before_the_run_is_recorded(tmp_path: Path) -> None:
    """It goes in real time where that is asked for; otherwise nothing is recorded or sent."""
    scene = Scene(tmp_path)
    first, second = ask(2)
    requests = [first, _with(second, speed="fast")]
    with pytest.raises(InputError, match=r"item 1 \(n1\.md\): speed is not taken in batches"):
        _start(scene, requests)
    assert _runs(scene) == 0
    assert scene.finish(requests, lane=Lane.REALTIME).items.succeeded == 2


@pytest.mark.parametrize("params", [{"stream": True}, {"output_config": _form("colour")}])
def test_a_request_that_cannot_work_leaves_no_run_behind(
    tmp_path: Path, params: dict[str, Any]
) -> None:
    """From Python as well, the last of many is found before anything is recorded."""
    scene = Scene(tmp_path)
    *good, last = ask(20)
    with pytest.raises(InputError, match=r"item 19 \(n19\.md\)"):
        _start(scene, [*good, _with(last, **params)])
    assert _runs(scene) == 0
    assert scene.scripted.creates == 0


@pytest.mark.loopback
async def test_no_schema_makes_anybody_fetch_an_address(tmp_path: Path) -> None:
    """A $ref to a server that is there is refused, and the server never hears of it."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"type": "string"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    scene = Scene(tmp_path)
    engine = scene.engine()
    (one,) = ask(1)
    for schema in (
        {"$ref": f"{base}/a.json"},
        {"anyOf": [{"$id": f"{base}/b.json", "$ref": "c.json"}]},
        {"$id": f"{base}/d.json", "items": {"$ref": "e.json"}},
        {"$ref": "#/properties/a", "properties": {"a": {"$ref": f"{base}/f.json"}}},
    ):
        form = {"format": {"type": "json_schema", "schema": schema}}
        with pytest.raises(InputError, match="names another document"):
            engine.plan([_with(one, output_config=form)])
    await runner.cleanup()
    engine.ledger.close()
    assert asked == []
