"""Finding a model server on this machine, with its models and their context size.

Only descriptions are requested (`GET /v1/models` and the like); no request of a run is sent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from twolane.core.addresses import is_here
from twolane.core.outside import MAX_TOKENS, name, whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# The ports that the servers take unless they are told another.
USUAL_PORTS: Final[Mapping[int, str]] = {
    11434: "Ollama",
    1234: "LM Studio",
    8080: "llama.cpp",
    8000: "vLLM",
}
# https://docs.ollama.com/context-length: what a model gets with less than 24 GB of video memory.
OLLAMA_CONTEXT_TOKENS: Final = 4_096
_OWNERS: Final[Mapping[str, str]] = {
    "llamacpp": "llama.cpp",
    "library": "Ollama",
    "vllm": "vLLM",
    "organization_owner": "LM Studio",
}
_NO_CHAT = re.compile(r"embed|rerank|whisper", re.IGNORECASE)
_NUM_CTX = re.compile(r"^num_ctx[ \t]+(\d{1,9})$", re.MULTILINE | re.ASCII)
MAX_MODELS: Final = 10_000


class Told(NamedTuple):
    """A server's answer about itself: the status, and its JSON object if it is one."""

    status: int
    value: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server's description: its name and version, and its models, which may be loading."""

    server: str
    models: tuple[str, ...]
    listed: Mapping[str, Mapping[str, Any]]
    version: str = ""
    loading: bool = False


def goes_to(base_url: str, server: str, model: str) -> str:
    """Return where requests go besides this machine, '' for nowhere."""
    if not is_here(base_url):
        return urlsplit(base_url).hostname or base_url
    # https://docs.ollama.com/cloud: a name's tag says that a model runs there.
    return "Ollama's cloud" if server == "Ollama" and model.endswith("cloud") else ""


async def look(get: Callable[[str], Awaitable[Told]]) -> ServerInfo | None:
    """Return a server's description, None if it is not a model server."""
    told = await get("/v1/models")
    if told.status == 503:  # noqa: PLR2004  # llama.cpp, while it loads
        return ServerInfo("", (), {}, loading=True)
    value = told.value or {}
    entries = value.get("data")
    if not isinstance(entries, list):
        return None
    listed = {
        model: one
        for one in entries[:MAX_MODELS]
        if isinstance(one, Mapping) and (model := name(one.get("id")))
    }
    chatting = tuple(name for name in listed if not _NO_CHAT.search(name)) or tuple(listed)
    owners = {one for entry in listed.values() if isinstance(one := entry.get("owned_by"), str)}
    server = next((server for owner, server in _OWNERS.items() if owner in owners), "")
    version = ""
    if server == "llama.cpp":
        version = _text(await get("/props"), "build_info")
    elif server == "Ollama" or (not server and not listed):
        version = _text(await get("/api/version"), "version")
        server = "Ollama" if version else server
    elif server == "vLLM":
        version = _text(await get("/version"), "version")
    return ServerInfo(server, chatting, listed, version)


def _text(told: Told, member: str) -> str:
    return name((told.value or {}).get(member)) or ""


async def context_tokens(
    found: ServerInfo,
    model: str,
    get: Callable[[str], Awaitable[Told]],
    post: Callable[[str, Mapping[str, Any]], Awaitable[Told]],
) -> int | None:
    """Return the limit of prompt and reply together, in tokens, None if unknown.

    The loaded context counts, not the one the model was trained for: a longer prompt is refused, or
    silently cut by Ollama.
    """
    if found.server == "Ollama":
        return await _ollama_context(model, get, post)
    if found.server == "llama.cpp" and (size := _slot_context((await get("/props")).value)):
        return size
    if found.server in ("LM Studio", ""):
        for one in _list((await get("/api/v0/models")).value, "data"):
            if one.get("id") == model:
                loaded = _size(one.get("loaded_context_length"))
                return loaded or _size(one.get("max_context_length"))
    entry = found.listed.get(model, {})
    meta = entry.get("meta")
    sizes = [
        entry.get("max_model_len"),
        meta.get("n_ctx") if isinstance(meta, Mapping) else None,
        entry.get("context_length"),
        entry.get("max_context_length"),
        meta.get("n_ctx_train") if isinstance(meta, Mapping) else None,
    ]
    return next(filter(None, map(_size, sizes)), None)


async def _ollama_context(
    model: str,
    get: Callable[[str], Awaitable[Told]],
    post: Callable[[str, Mapping[str, Any]], Awaitable[Told]],
) -> int | None:
    for one in _list((await get("/api/ps")).value, "models"):
        if model in (one.get("name"), one.get("model")) and (
            size := _size(one.get("context_length"))
        ):
            return size
    shown = (await post("/api/show", {"model": model})).value or {}
    parameters = shown.get("parameters")
    if isinstance(parameters, str) and (match := _NUM_CTX.search(parameters)):
        return _size(match[1])
    info = shown.get("model_info")
    trained = [
        size
        for member, value in (info.items() if isinstance(info, Mapping) else ())
        if member.endswith(".context_length") and (size := _size(value))
    ]
    return min([*trained, OLLAMA_CONTEXT_TOKENS])


def _slot_context(props: Mapping[str, Any] | None) -> int | None:
    settings = (props or {}).get("default_generation_settings")
    return _size(settings.get("n_ctx")) if isinstance(settings, Mapping) else None


def _list(value: Mapping[str, Any] | None, member: str) -> list[Mapping[str, Any]]:
    entries = (value or {}).get(member)
    return [one for one in entries if isinstance(one, Mapping)] if isinstance(entries, list) else []


def _size(value: object) -> int | None:
    return whole(value, least=1, most=MAX_TOKENS)


async def answering(
    get_at: Callable[[str, str], Awaitable[Told]],
) -> list[tuple[str, ServerInfo]]:
    """Return the addresses at the usual ports where a model server answers, in order."""
    urls = [f"http://127.0.0.1:{port}" for port in USUAL_PORTS]

    async def ask(url: str) -> ServerInfo | None:
        return await look(lambda path: get_at(url, path))

    found = await asyncio.gather(*map(ask, urls))
    return [(url, one) for url, one in zip(urls, found, strict=True) if one is not None]
