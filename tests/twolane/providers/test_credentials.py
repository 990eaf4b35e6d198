"""What a request bears to say who asks."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import web

from twolane import Engine, Request, load_settings
from twolane.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.loopback

MODEL = "claude-haiku-4-5"
ANSWER = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
    "content": [{"type": "text", "text": "yes"}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}  # fmt: skip


@asynccontextmanager
async def _listening(seen: list[Mapping[str, str]]) -> AsyncIterator[str]:
    """Yield the address of a server that notes the headers of requests and answers them."""

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers)
        return web.Response(body=orjson.dumps(ANSWER), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _no_config(folder: Path) -> str:
    """Return the path of a config file that says nothing."""
    path = folder / "config.toml"
    path.touch()
    return str(path)


async def _headers(home: Path, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers of one call that is made with the credentials of an environment."""
    seen: list[Mapping[str, str]] = []
    async with _listening(seen) as url:
        where = {"TWOLANE_CONFIG": _no_config(home), "ANTHROPIC_BASE_URL": url}
        settings = load_settings({"home": home}, {**where, **environment})
        async with Engine.open(settings) as engine:
            params = {
                "model": MODEL,
                "max_tokens": 5,
                "messages": [{"role": "user", "content": "?"}],
            }
            run = await engine.start([Request("one", params)])
            assert [one.text async for one in run] == ["yes"]
    assert len(seen) == 1
    return seen[0]


async def test_a_token_goes_out_as_a_bearer(tmp_path: Path) -> None:
    """ANTHROPIC_AUTH_TOKEN alone is enough, and goes out as gateways take it."""
    headers = await _headers(tmp_path, {"ANTHROPIC_AUTH_TOKEN": "token-1"})
    assert headers["authorization"] == "Bearer token-1"
    assert "x-api-key" not in headers


async def test_a_key_goes_before_a_token(tmp_path: Path) -> None:
    """Where the environment has both, the key goes out, as the official SDK has it."""
    headers = await _headers(
        tmp_path, {"ANTHROPIC_AUTH_TOKEN": "token-1", "ANTHROPIC_API_KEY": "key-1"}
    )
    assert headers["x-api-key"] == "key-1"
    assert "authorization" not in headers


def test_without_either_nothing_is_opened(tmp_path: Path) -> None:
    """An engine for a service with keys does not open without one, and says what to set."""
    settings = load_settings({"home": tmp_path}, {"TWOLANE_CONFIG": _no_config(tmp_path)})
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY"):
        Engine.open(settings)
