"""The guard around the whole site: nothing behind it is reached by another page or program.

Pure ASGI and outermost, so that it sees HTTP and WebSockets alike. It answers `/enter`, which turns
a token into a session; everything else, files included, needs a session. Whether a request comes
from our own page is decided by exact comparison of parsed values, each header at most once.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import orjson

from notemill.web.sessions import SESSION_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from notemill.web.sessions import Sessions

Header = tuple[bytes, bytes]

ENTER: Final = "/enter"
MAX_BODY_BYTES: Final = 2 * 1_024 * 1_024
"""Larger than any request of a page: 10,000 decisions at once are a quarter of it."""
FILES: Final = "/api/ingest/files/"
"""Where a file is put: it may be larger, and is not held in memory but read as it comes."""
MAX_FILE_BYTES: Final = 200_000_000
MOST_DIGITS: Final = 12
MOST_COOKIES: Final = 100
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
OWN_HEADER: Final = b"x-notemill"
"""A header that no form, image or link can send."""
OWN_SITES: Final = frozenset({"same-origin", "none", None})
"""Sec-Fetch-Site of our own pages, of an address that a person typed, and of other programs."""
HTTP_PORT: Final = 80

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.5rem 0}"
    "code{font:14px ui-monospace,monospace;white-space:nowrap;padding:.1em .3em;border-radius:4px;"
    "background:color-mix(in srgb,currentColor 10%,transparent)}"
)
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_PAGE_POLICY: Final = CONTENT_POLICY.replace(
    "style-src 'self'", f"style-src 'self' 'sha256-{_STYLE_HASH}'"
)
_OWN_HEADERS: Final[tuple[Header, ...]] = (
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY_NAME: Final = b"content-security-policy"
_NO_STORE: Final = (b"cache-control", b"no-store")
_REPLACED: Final = frozenset({_POLICY_NAME, b"server", *(name for name, _ in _OWN_HEADERS)})
_HTML: Final = (b"content-type", b"text/html; charset=utf-8")
_JSON: Final = (b"content-type", b"application/json")
_KEPT_FILES: Final = "/static/"
"""What the site itself may let a browser keep: its own files, the same for every vault."""

_NOT_LET_IN: Final = (
    "This page is not open to this browser",
    (
        "Open the link that <code>notemill serve</code> printed. It works once; "
        "<code>notemill serve --url</code> prints a new one."
    ),
)
_LED_HERE: Final = ("A link from another page", '<a href="/">Open the dashboard</a>')
"""The titles of the guard's pages, and what to do."""


class RefusedError(Exception):
    """A request that is not let through: its status, its kind for programs, a sentence."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Keep what the answer tells."""
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


class Origin(NamedTuple):
    """Where a page comes from."""

    scheme: str
    host: str
    port: int


class Guard:
    """Lets through what comes from the site's own pages, with a session."""

    def __init__(self, site: ASGIApp, sessions: Sessions) -> None:
        """Stand before `site`."""
        self._site = site
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; see ASGI."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._site(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            given = _Given(scope["headers"])
            if scope["path"] == ENTER:
                self._check_entry(given, scope["method"])
                await self._enter(scope, given, send)
                return
            self._check_request(scope["method"], scope["path"], given)
            if scope["method"] not in SAFE_METHODS:
                if scope["method"] == "PUT" and scope["path"].startswith(FILES):
                    _check_length(given, MAX_FILE_BYTES)
                else:
                    receive = await _read(given, receive)
        except RefusedError as refused:
            await _refuse(scope, refused, send)
            return
        await self._site(scope, receive, _with_headers(scope, send))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            given = _Given(scope["headers"])
            self._check_sender(given)
            self._check_session(given)
        except RefusedError:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # 403, before it is accepted
            return
        await self._site(scope, receive, send)

    # -- who asks -----------------------------------------------------------------------------

    def _check_request(self, method: str, path: str, given: _Given) -> None:
        """Check everything of a request but its body. Raises RefusedError."""
        if method not in METHODS:
            raise RefusedError(405, "method", "This method is not allowed.")
        self._check_sender(given)
        self._check_session(given)
        if not path.startswith("/") or "\0" in path:
            raise RefusedError(400, "address", "This is not an address of the dashboard.")
        if method not in SAFE_METHODS and given.one(OWN_HEADER) != "1":
            raise RefusedError(403, "header", "Changes need the header X-Notemill: 1.")

    def _own_origin(self, given: _Given) -> Origin:
        """Return the origin that a request is addressed to. Raises RefusedError if it is not ours."""
        named = given.one(b"host")
        for host in self._sessions.hosts:
            own = Origin("http", host, self._sessions.port)
            if named in _netlocs(own):
                return own
        raise RefusedError(403, "host", "This address is not the dashboard's.")

    def _check_sender(self, given: _Given) -> None:
        """Check that it is meant for us, and sent by no other page. Raises RefusedError."""
        own = self._own_origin(given)
        origin, site = given.one(b"origin"), given.one(b"sec-fetch-site")
        if (origin is not None and _origin(origin) != own) or site not in OWN_SITES:
            raise RefusedError(403, "origin", "Another page asked for this.")

    def _check_session(self, given: _Given) -> None:
        """Check that the request is of a session. Raises RefusedError."""
        if not any(self._sessions.knows(one) for one in given.cookies(self._sessions.cookie)):
            raise RefusedError(401, "session", "The dashboard does not know this browser.")

    def _check_entry(self, given: _Given, method: str) -> None:
        """Check that a person opens a link, wherever it stands. Raises RefusedError."""
        if method != "GET":
            raise RefusedError(405, "method", "This method is not allowed.")
        if "prefetch" in (given.one(b"sec-purpose") or given.one(b"purpose") or ""):
            raise RefusedError(403, "prefetch", "The link is valid once: it is not read ahead.")
        self._own_origin(given)
        if not _is_opened(given):
            self._check_sender(given)

    async def _enter(self, scope: Scope, given: _Given, send: Send) -> None:
        """Turn a token into a session, and lead to the address without it."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        headers: list[Header] = []
        if len(tokens := query.get("token", [])) != 1:
            raise RefusedError(403, "token", "This link is not complete.")
        if (secret := self._sessions.enter(tokens[0])) is not None:
            headers.append((b"set-cookie", self._cookie(secret)))
        else:
            try:
                self._check_session(given)  # the link again, in a browser that is in
            except RefusedError:
                raise RefusedError(
                    403, "token", "This link has been used, or is too old."
                ) from None
        if given.one(b"sec-fetch-site") in OWN_SITES:
            await _answer(send, 303, b"", [(b"location", b"/"), *headers])
        else:
            # A browser sends a strict cookie only to what our own page leads to.
            page = _page("The dashboard", '<p><a href="/">Open it</a></p>', at_once=True)
            await _answer(send, 200, page, [_HTML, *headers])

    def _cookie(self, secret: str) -> bytes:
        value = f"{self._sessions.cookie}={secret}; Path=/; HttpOnly; SameSite=Strict"
        return f"{value}; Max-Age={SESSION_S}".encode()


class _Given:
    """The headers of a request; what decides is given once or not at all."""

    def __init__(self, headers: Iterable[Header]) -> None:
        self._values: dict[bytes, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(name.lower(), []).append(value.decode("latin-1"))

    def one(self, name: bytes) -> str | None:
        """Return a header's value, None without it. Raises RefusedError if it is repeated."""
        values = self._values.get(name, ())
        if len(values) > 1:
            raise RefusedError(400, "headers", f"The header {name.decode()} is given twice.")
        return values[0] if values else None

    def cookies(self, name: str) -> list[str]:
        """Return the values of a cookie: another port's page may have set a second one."""
        parts = (self.one(b"cookie") or "").split(";", MOST_COOKIES)[:MOST_COOKIES]
        pairs = (part.strip().partition("=") for part in parts)
        return [value for key, _, value in pairs if key == name]


def _netlocs(own: Origin) -> tuple[str, ...]:
    host = f"[{own.host}]" if ":" in own.host else own.host
    return (f"{host}:{own.port}", *((host,) if own.port == HTTP_PORT else ()))


def _origin(text: str) -> Origin | None:
    """Return an Origin header's value as a tuple, None if it is not exactly an origin."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if host is None or "@" in text or text != f"{parts.scheme}://{parts.netloc}":
        return None
    return Origin(parts.scheme, host, HTTP_PORT if port is None else port)


def _is_opened(given: _Given) -> bool:
    """Return whether a browser opens a link in a tab, from whatever page: it can read nothing."""
    mode, destination = given.one(b"sec-fetch-mode"), given.one(b"sec-fetch-dest")
    return mode == "navigate" and destination == "document" and given.one(b"origin") is None


# -- bodies and answers ---------------------------------------------------------------------------


async def _read(given: _Given, receive: Receive) -> Receive:
    """Read a body within its bound, and return what gives it again. Raises RefusedError."""
    too_large = _check_length(given, MAX_BODY_BYTES)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return _once(message, receive)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise too_large
        more = message.get("more_body", False)
    return _once({"type": "http.request", "body": b"".join(parts), "more_body": False}, receive)


def _check_length(given: _Given, most: int) -> RefusedError:
    """Check how long a body says to be; return what to raise if it turns out longer, or raise it."""
    too_large = RefusedError(413, "size", f"This is larger than {most:,} bytes.")
    length = given.one(b"content-length") or "0"
    if len(length) > MOST_DIGITS or not length.isdecimal() or int(length) > most:
        raise too_large
    return too_large


def _once(message: Message, receive: Receive) -> Receive:
    """Return a `receive` that gives `message`, then what `receive` gives."""
    waiting = [message]

    async def given() -> Message:
        return waiting.pop() if waiting else await receive()

    return given


def _with_headers(scope: Scope, send: Send) -> Send:
    """Return a `send` that gives every answer of the site the guard's headers, in place of its own."""
    may_keep = scope["path"].startswith(_KEPT_FILES)

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [one for one in message["headers"] if one[0].lower() not in _REPLACED]
            if not may_keep or not any(name.lower() == _NO_STORE[0] for name, _ in kept):
                kept = [one for one in kept if one[0].lower() != _NO_STORE[0]]
                kept.append(_NO_STORE)
            policy = (_POLICY_NAME, CONTENT_POLICY.encode())
            message["headers"] = [*kept, policy, *_OWN_HEADERS]
        await send(message)

    return sent


async def _refuse(scope: Scope, refused: RefusedError, send: Send) -> None:
    """Answer a request that is not let through: a program in JSON, a person with a page."""
    if scope["path"].startswith("/api"):
        error = {"kind": refused.kind, "message": refused.message, "exit": 2}
        body, kind = orjson.dumps({"error": error}), _JSON
    else:
        title, text = _LED_HERE if refused.kind == "origin" else _NOT_LET_IN
        body, kind = _page(title, f"<p>{escape(refused.message)}</p><p>{text}</p>"), _HTML
    await _answer(send, refused.status, body, [kind, *_allowed(refused)])


def _allowed(refused: RefusedError) -> list[Header]:
    return [(b"allow", ", ".join(METHODS).encode())] if refused.kind == "method" else []


def _page(title: str, text: str, *, at_once: bool = False) -> bytes:
    refresh = '<meta http-equiv="refresh" content="0;url=/">' if at_once else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>notemill: {title}</title>'
        f'<meta name="viewport" content="width=device-width">{refresh}<style>{_STYLE}</style>'
        f"<main><h1>{title}</h1>{text}</main></html>"
    ).encode()


async def _answer(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    """Send an answer of the guard's own; its pages have their style with them."""
    length = (b"content-length", str(len(body)).encode())
    own = ((_POLICY_NAME, _PAGE_POLICY.encode()), _NO_STORE, *_OWN_HEADERS, length)
    start = {"type": "http.response.start", "status": status, "headers": [*headers, *own]}
    await send(start)
    await send({"type": "http.response.body", "body": body})
