"""Asks an ASGI application directly, with exactly the headers that a test gives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What came back; `headers` by lower-case name, the last of each."""

    status: int
    headers: dict[str, str]
    body: bytes


async def asked(
    site: ASGIApp,
    method: str,
    target: str,
    headers: Headers,
    body: Iterable[bytes] = (b"",),
    *,
    leaves: bool = False,
) -> Answer:
    """Return the answer to a request whose body comes in parts; who `leaves` does not wait for it."""
    path, _, query = target.partition("?")
    parts = list(body)
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    await site({**scope, **_common(path, headers)}, receive, send)
    start = sent[0]
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    whole = b"".join(one.get("body", b"") for one in sent[1:])
    return Answer(start["status"], told, whole)


async def connected(site: ASGIApp, path: str, headers: Headers) -> bool:
    """Return whether a WebSocket was accepted."""
    sent: list[Message] = []
    coming: list[Message] = [{"type": "websocket.connect"}]

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "websocket.disconnect", "code": 1001}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "query_string": b"", "subprotocols": []}
    await site({**scope, **_common(path, headers)}, receive, send)
    return bool(sent[0]["type"] == "websocket.accept")


def _common(path: str, headers: Headers) -> dict[str, Any]:
    return {
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http",
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "root_path": "",
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8765),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "state": {},
    }


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what is behind the guard: any path, with the body that was sent."""
    first = await receive()
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    body = bytes(first["body"])
    while first.get("more_body"):
        first = await receive()
        body += first["body"]
    headers = [
        (b"server", b"behind"),
        (b"content-type", b"text/plain"),
        (b"x-frame-options", b"no"),
    ]
    if scope["query_string"] == b"keep":
        headers.append((b"cache-control", b"max-age=9"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
