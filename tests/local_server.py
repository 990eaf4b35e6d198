"""A server of a model, scripted: the manners of llama.cpp, Ollama, LM Studio and vLLM on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MODEL = "small-1b"
SCHEMA_MARK = "JSON Schema:\n"


@dataclass
class Manners:
    """What a server is like.

    `schemas` is enforced, ignored or refused; `wrap` what its model puts around a text; `loading`
    how many requests are answered with 503 first; `queue` how many may be in it at once;
    `context` its tokens, of four characters each; `system` whether the model's template takes a
    system prompt; `chat` whether it speaks chat completions or `/v1/messages` alone; `answers`
    what the next requests of a run are answered with: (status, body), or 'drop' for nothing.
    """

    kind: str = "llama.cpp"
    models: tuple[str, ...] = (MODEL,)
    schemas: str = "enforced"
    usage: bool = True
    wrap: Callable[[str], Mapping[str, Any]] = lambda text: {"content": text}
    finish: str | None = "stop"
    loading: int = 0
    queue: int = 1_000
    context: int = 4_096
    system: bool = True
    chat: bool = True
    listed: bool = True
    latency_s: float = 0.0
    says: Callable[[Mapping[str, Any]], str] | None = None
    answers: list[tuple[int, Any] | str] = field(default_factory=list)


def instance(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return a value that meets a schema, as a model that is held to it writes one."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: instance(one) for name, one in schema["properties"].items()}
        case "array":
            return [instance(schema["items"])]
        case "boolean":
            return True
        case _:
            return "plain words"


_OWNERS = {
    "llama.cpp": "llamacpp",
    "Ollama": "library",
    "vLLM": "vllm",
    "LM Studio": "organization_owner",
}


class LocalServer:
    """Answers as `manners` say, and keeps what it was asked."""

    def __init__(self, manners: Manners) -> None:
        """Serve nothing yet."""
        self.manners = manners
        self.seen: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []
        self.looked: list[str] = []
        self.heads: list[Mapping[str, str]] = []
        self.url = ""
        self.inside = self.most_inside = 0
        self._runner: web.AppRunner | None = None

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of requests of runs: all but the probes."""
        return [body for _, _, body in self.seen if "What is the sea like?" not in str(body)]

    @property
    def probes(self) -> list[dict[str, Any]]:
        """The bodies of requests that found out the server's manner."""
        return [body for _, _, body in self.seen if "What is the sea like?" in str(body)]

    async def start(self, port: int = 0) -> None:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._route)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every connection."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def _route(self, request: web.Request) -> web.StreamResponse:
        self.heads.append(request.headers)
        if request.method == "GET":
            self.looked.append(request.path)
            return self._tell(request.path)
        body = orjson.loads(await request.read())
        if request.path == "/api/show" and self.manners.kind == "Ollama":
            info = {"llama.context_length": 131_072, "general.architecture": "llama"}
            return _json(
                200, {"parameters": f"num_ctx   {self.manners.context}", "model_info": info}
            )
        speaks = "/v1/chat/completions" if self.manners.chat else "/v1/messages"
        if request.path != speaks:
            return self._unknown()
        self.seen.append((request.path, request.headers, body))
        return await self._answer(request, body)

    def _unknown(self) -> web.Response:
        if self.manners.kind == "LM Studio":
            return _json(200, {"error": "Unexpected endpoint or method. (POST /v1/x)"})
        return _json(404, {"error": {"message": "File Not Found", "type": "not_found_error"}})

    def _tell(self, path: str) -> web.Response:
        one = self.manners
        if one.loading > 0:
            one.loading -= 1
            return _json(503, {"error": {"message": "Loading model", "type": "unavailable_error"}})
        if path == "/v1/models" and one.listed:
            own = {"max_model_len": one.context} if one.kind == "vLLM" else {}
            data = [
                {"id": name, "owned_by": _OWNERS.get(one.kind, "x"), **own} for name in one.models
            ]
            return _json(200, {"object": "list", "data": data})
        if path == "/props" and one.kind == "llama.cpp":
            settings = {"n_ctx": one.context}
            return _json(200, {"default_generation_settings": settings, "build_info": "b1"})
        if path == "/api/version" and one.kind == "Ollama":
            return _json(200, {"version": "0.14.0"})
        if path == "/api/ps" and one.kind == "Ollama":
            return _json(200, {"models": []})
        if path == "/api/v0/models" and one.kind == "LM Studio":
            data = [{"id": name, "loaded_context_length": one.context} for name in one.models]
            return _json(200, {"data": data})
        return self._unknown()

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        one = self.manners
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        try:
            if self.inside > one.queue:
                text = "server busy, please try again. maximum pending requests exceeded"
                return _json(503, {"error": {"message": text, "type": "api_error"}})
            await asyncio.sleep(one.latency_s)
            if one.answers and "What is the sea like?" not in str(body):
                step = one.answers.pop(0)
                if isinstance(step, str):
                    assert request.transport is not None
                    request.transport.abort()
                    return web.Response()
                return _json(*step)
            return self._reply(body)
        finally:
            self.inside -= 1

    def _reply(self, body: dict[str, Any]) -> web.Response:
        one = self.manners
        form = body.get("response_format")
        if form and one.schemas == "refused":
            return _json(400, {"error": "'response_format.type' must be 'text'"})
        if not one.system and any(turn["role"] == "system" for turn in body["messages"]):
            text = "Jinja Exception: System role not supported"
            return _json(500, {"error": {"code": 500, "message": text, "type": "server_error"}})
        prompt = str([body.get("system"), body["messages"]])
        tokens = len(prompt) // 4
        if tokens > one.context:
            return self._too_long(tokens)
        text = "The sea is calm, and I am a model."
        told = _told_schema(body)
        if form and one.schemas == "enforced":
            told = form["json_schema"]["schema"]
        if told is not None:
            text = orjson.dumps(instance(told)).decode()
        if one.says is not None and "What is the sea like?" not in prompt:
            text = one.says(body)
        if not one.chat:
            content = [{"type": "text", "text": one.wrap(text)["content"]}]
            return _json(200, {"content": content, "stop_reason": "end_turn", "type": "message"})
        usage = {"prompt_tokens": tokens, "completion_tokens": len(text) // 4}
        return _json(
            200,
            {
                "id": "chatcmpl-1",
                "model": body["model"],
                "choices": [{"message": one.wrap(text), "finish_reason": one.finish}],
                **({"usage": usage} if one.usage else {}),
            },
        )

    def _too_long(self, tokens: int) -> web.Response:
        limit = self.manners.context
        match self.manners.kind:
            case "llama.cpp":
                text = (
                    f"request ({tokens} tokens) exceeds the available context size ({limit} tokens)"
                )
                error = {"code": 400, "message": text, "type": "exceed_context_size_error"}
                return _json(400, {"error": {**error, "n_prompt_tokens": tokens, "n_ctx": limit}})
            case "LM Studio":
                text = f"Trying to keep the first {tokens} tokens when context the overflows."
                return _json(400, {"error": text})
            case _:
                text = (
                    f"This model's maximum context length is {limit} tokens. However, you requested"
                )
                value = {"object": "error", "message": text, "type": "BadRequestError", "code": 400}
                return _json(400, value)


def _told_schema(body: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the schema that stands in a prompt, None where there is none."""
    for text in [body.get("system"), *(turn["content"] for turn in body["messages"])]:
        if isinstance(text, str) and SCHEMA_MARK in text:
            return orjson.loads(text.partition(SCHEMA_MARK)[2].partition("\n")[0])
    return None


def _json(status: int, value: object) -> web.Response:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return web.Response(status=status, body=raw, content_type="application/json")


@contextlib.contextmanager
def serving(manners: Manners | None = None, *, port: int = 0) -> Iterator[LocalServer]:
    """Serve from a thread of its own until the block ends."""
    server = LocalServer(manners or Manners())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(port), loop).result(10)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
