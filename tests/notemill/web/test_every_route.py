"""What holds for every route of the site and every file it serves, whoever adds one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute

import notemill.web
from notemill.app.terms import OFFLINE
from notemill.web.desk import Desk
from notemill.web.guard import Guard
from notemill.web.own_files import own_files
from notemill.web.sessions import Sessions
from notemill.web.site import application, create_site
from tests.notemill.web.asking import asked, connected
from tests.notemill.web.served import sample_vault
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from tests.notemill.web.asking import Headers

PORT = 8765
HOST = ("Host", f"127.0.0.1:{PORT}")
CHANGE = ("X-Notemill", "1")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
FOREIGN: dict[str, Headers] = {
    "no host": [],
    "another host": [("Host", f"evil.example:{PORT}")],
    "another port": [("Host", f"127.0.0.1:{PORT + 1}")],
    "a host twice": [HOST, HOST],
    "another origin": [HOST, ("Origin", "http://evil.example")],
    "no origin": [HOST, ("Origin", "null")],
    "another port's page": [HOST, ("Origin", f"http://127.0.0.1:{PORT + 1}")],
    "an origin twice": [HOST, *[("Origin", f"http://127.0.0.1:{PORT}")] * 2],
    "another site": [HOST, ("Sec-Fetch-Site", "cross-site")],
    "the same site": [HOST, ("Sec-Fetch-Site", "same-site")],
}
ODD_NAMES = (
    "..",
    "../../../../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..\\..\\windows\\win.ini",
    "//server/share/file",
    "\\\\server\\share\\file",
    "/etc/passwd",
    "C:\\Users",
    "file:///etc/passwd",
    "<img src=x onerror=alert(1)>",
    "'\"--;",
    "\ufeff\u202e",
    "x" * 5_000,
)
ESCAPED = re.compile(r"<img src=x", re.IGNORECASE)
HERE = notemill.web.__path__[0]


class Walked(NamedTuple):
    """A site behind its guard, the cookie of a session, and what has reached the site."""

    guard: Guard
    site: FastAPI
    cookie: tuple[str, str]
    reached: list[str]


@pytest.fixture
async def walked(tmp_path: Path) -> AsyncIterator[Walked]:
    """Open the sample vault's site; keep the address of every request that gets to it."""
    settings = Settings(home=tmp_path / "home", provider=OFFLINE)
    desk = await Desk.open(sample_vault(tmp_path), settings)
    site = create_site(desk)
    reached: list[str] = []

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await site(scope, receive, send)

    sessions = Sessions.open(tmp_path / "home", None, PORT)
    secret = sessions.enter(sessions.token())
    yield Walked(
        Guard(counting, sessions), application(), ("Cookie", f"notemill_{PORT}={secret}"), reached
    )
    sessions.close()
    await desk.aclose()


def _paths(site: FastAPI) -> Iterator[tuple[str, bool]]:
    """Yield the path of every route, with its parameters, and whether it is a socket's."""
    for one in iter_route_contexts(site.routes):
        route = one.original_route
        if one.path is not None:
            yield one.path, isinstance(route, WebSocketRoute)


def _filled(path: str, name: str = "x") -> str:
    return re.sub(r"\{[^}]*\}", lambda _: name, path)


async def test_every_route_is_refused_to_strangers(walked: Walked) -> None:
    """Nobody without a session, and no other page with one, reaches a page, the API or a socket."""
    paths = list(_paths(walked.site))
    files = f"{own_files().address}/{{place:path}}"
    assert {("/live", True), (files, False), ("/api/openapi.json", False)} <= {*paths}
    strangers = {**{what: [*given, walked.cookie] for what, given in FOREIGN.items()}}
    strangers["no session"] = [HOST]
    for path, is_socket in paths:
        target = _filled(path)
        for what, headers in strangers.items():
            assert not await connected(walked.guard, target, headers), (target, what)
            for method in () if is_socket else METHODS:
                answer = await asked(walked.guard, method, target, [*headers, CHANGE])
                assert answer.status in (400, 401, 403), (method, target, what)
    assert walked.reached == []


async def test_no_change_is_made_without_its_header(walked: Walked) -> None:
    """A form of our own site could not change anything either."""
    for path, is_socket in _paths(walked.site):
        for method in () if is_socket else ("POST", "PUT", "PATCH", "DELETE"):
            answer = await asked(walked.guard, method, _filled(path), [HOST, walked.cookie])
            assert answer.status == 403, (method, path)
    assert walked.reached == []


async def test_every_page_and_answer_is_reached_with_a_session(walked: Walked) -> None:
    """The refusals above are the guard's, not an address that is wrong; and nothing fails."""
    for path, is_socket in _paths(walked.site):
        if not is_socket:
            answer = await asked(walked.guard, "GET", _filled(path), [HOST, walked.cookie])
            assert answer.status < 500, path
            assert walked.reached.pop() == _filled(path)


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_name_in_an_address_is_a_name(walked: Walked, name: str) -> None:
    """What is no id of ours leads to nothing: no file, no error of the program, no element."""
    for path, is_socket in _paths(walked.site):
        if is_socket or "{" not in path:
            continue
        answer = await asked(walked.guard, "GET", _filled(path, name), [HOST, walked.cookie])
        assert answer.status in (400, 404, 405, 422), (path, name)
        assert b"root:" not in answer.body
        if "html" in answer.headers["content-type"]:
            assert not ESCAPED.search(answer.body.decode()), path


@pytest.mark.parametrize("name", [*ODD_NAMES, "../guard.py", "js/../../guard.py", "..%2fguard.py"])
async def test_only_the_site_s_own_files_are_served(walked: Walked, name: str) -> None:
    """No way leads out of their folder."""
    own = own_files().address
    for target in (f"{own}/{name}", f"{own}/js/{name}", f"{own}//{name}", f"/static/{name}"):
        answer = await asked(walked.guard, "GET", target, [HOST, walked.cookie])
        assert answer.status in (400, 404, 405), target
        assert b"root:" not in answer.body
        assert b"class Guard" not in answer.body


async def test_a_browser_keeps_our_files_until_any_of_them_changes(walked: Walked) -> None:
    """Their address tells one version from another, and what it names is what was there then."""
    own, content = own_files().address, own_files().contents["js/page.js"]
    page = await asked(walked.guard, "GET", "/runs", [HOST, walked.cookie])
    assert f'src="{own}/js/page.js"' in page.body.decode()
    answer = await asked(walked.guard, "GET", f"{own}/js/page.js", [HOST, walked.cookie])
    assert answer.body == content == (Path(HERE) / "static/js/page.js").read_bytes()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    for before in (f"{own[:-1]}x/js/page.js", "/static/js/page.js"):
        answer = await asked(walked.guard, "GET", before, [HOST, walked.cookie])
        assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")


async def test_the_api_description_is_the_site_s_own(walked: Walked) -> None:
    """It lists no page; and no page of another's making, which would load scripts, shows it."""
    for path in ("/docs", "/redoc", "/openapi.json"):
        answer = await asked(walked.guard, "GET", path, [HOST, walked.cookie])
        assert answer.status == 404
    described = walked.site.openapi()["paths"]
    assert all(path.startswith("/api/") for path in described)


# -- what is served -------------------------------------------------------------------------------

ALLOWED_SCRIPT = re.compile(
    r'<script(?: type="module"| defer)* src="\{\{ static \}\}/[^"]+"></script>'
)
DATA_SCRIPT = re.compile(r'<script type="application/json" id="[\w-]+">')
HANDLER = re.compile(r"<[^>]*\son\w+\s*=", re.IGNORECASE)
STYLED = re.compile(r"<style|<[^>]*\sstyle\s*=", re.IGNORECASE)
UNSAFE_SCRIPT = re.compile(
    r"\b(?:innerHTML|outerHTML)\s*\+?=(?!=)|\b(?:insertAdjacentHTML|document\.write|eval|"
    r"new Function|createContextualFragment|DOMParser|setHTMLUnsafe|srcdoc|unsafeHTML)\b"
)


def _files(pattern: str) -> Iterator[Path]:
    for file in Path(HERE).rglob(pattern):
        if "vendor" not in file.parts:
            yield file


def test_templates_have_no_script_handler_or_style_of_their_own() -> None:
    """The policy would stop them; scripts are files, and data is JSON."""
    found = list(_files("*.html"))
    assert found
    for file in found:
        text = file.read_text("utf-8")
        allowed = len(ALLOWED_SCRIPT.findall(text)) + len(DATA_SCRIPT.findall(text))
        assert text.count("<script") == allowed, file
        assert not HANDLER.search(text), file
        assert not STYLED.search(text), file
        assert "javascript:" not in text, file
        assert "|safe" not in text.replace(" ", ""), file


def test_scripts_make_no_element_from_text() -> None:
    """What notes are called and say reaches a page as text alone."""
    found = list(_files("*.js"))
    assert found
    for file in found:
        assert not UNSAFE_SCRIPT.search(file.read_text("utf-8")), file


def test_what_is_served_asks_nobody_else() -> None:
    """No page, style or script names another machine."""
    for pattern in ("*.html", "*.css", "*.js"):
        for file in _files(pattern):
            text = file.read_text("utf-8").replace("http://www.w3.org/", "")
            assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text), file
