"""Nothing behind the guard is reached by another page, another program, or without a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.web.guard import CONTENT_POLICY, MAX_BODY_BYTES, Guard
from notemill.web.sessions import Sessions
from tests.notemill.web.asking import asked, connected, echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.notemill.web.asking import Headers

PORT = 8765
HOST = ("Host", f"127.0.0.1:{PORT}")
CHANGE = ("X-Notemill", "1")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

FOREIGN_HOSTS = (
    "127.0.0.1",
    f"127.0.0.1:{PORT + 1}",
    f"127.0.0.1.:{PORT}",
    f"localhost.:{PORT}",
    f"127.0.0.1:{PORT}.evil.example",
    f"evil.example:{PORT}",
    f"localhost.evil.example:{PORT}",
    f"evil-localhost:{PORT}",
    f"127.0.0.1:{PORT}@evil.example",
    f"evil.example@127.0.0.1:{PORT}",
    f"user:pass@127.0.0.1:{PORT}",
    f"127.0.0.1:{PORT} ",
    f"127.0.0.1:0{PORT}",
    f"127.1:{PORT}",
    f"2130706433:{PORT}",
    f"0.0.0.0:{PORT}",
    f"::1:{PORT}",
    f"[::1]:{PORT}:{PORT}",
    f"127.0.0.1:{PORT},127.0.0.1:{PORT}",
    "",
)
FOREIGN_ORIGINS = (
    "null",
    "",
    "http://evil.example",
    f"http://evil.example:{PORT}",
    f"https://127.0.0.1:{PORT}",
    f"http://127.0.0.1:{PORT + 1}",
    "http://127.0.0.1",
    f"http://localhost:{PORT}",  # ours, but not the page that this is addressed to
    f"http://127.0.0.1:{PORT}.evil.example",
    f"http://127.0.0.1:{PORT}@evil.example",
    f"http://evil.example@127.0.0.1:{PORT}",
    f"http://127.0.0.1:{PORT}/",
    f"http://127.0.0.1:{PORT}#",
    f"http://127.0.0.1:{PORT}\t",
    f"http://127.0.0.1.:{PORT}",
    f"http://127.0.0.1:{PORT} http://127.0.0.1:{PORT}",
    f"//127.0.0.1:{PORT}",
    f"127.0.0.1:{PORT}",
    "http://[::1",
    "http://127.0.0.1:99999",
    "file://",
)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    """Return the sessions of a server."""
    return Sessions.open(tmp_path_factory.mktemp("home"), None, PORT)


@pytest.fixture(scope="module")
def guard(sessions: Sessions) -> Guard:
    """Return a guard, before a site that answers everything."""
    return Guard(echo, sessions)


@pytest.fixture(scope="module")
def cookie(sessions: Sessions) -> tuple[str, str]:
    """Return the cookie of a session in force."""
    return ("Cookie", f"notemill_{PORT}={sessions.enter(sessions.token())}")


async def _is_refused(guard: Guard, headers: Headers) -> bool:
    """Return whether requests of every method and a WebSocket are all refused."""
    for method in METHODS:
        answer = await asked(guard, method, "/", [*headers, CHANGE])
        if answer.status not in (400, 401, 403) or "behind" in answer.headers.get("server", ""):
            return False
    return not await connected(guard, "/live", headers)


# -- what is let through --------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_our_own_pages_are_let_through(
    guard: Guard, cookie: tuple[str, str], host: str
) -> None:
    """Requests and the socket of a page with a session reach the site, by each name it has."""
    own = [("Host", f"{host}:{PORT}"), cookie]
    page = [*own, ("Origin", f"http://{host}:{PORT}"), ("Sec-Fetch-Site", "same-origin")]
    for headers in (own, page, [*own, ("Sec-Fetch-Site", "none")]):
        assert (await asked(guard, "GET", "/review", headers)).status == 200
        assert await connected(guard, "/live", headers)
        changed = await asked(guard, "POST", "/api/x", [*headers, CHANGE], [b"one", b"", b"two"])
        assert changed.body == b"onetwo"


async def test_a_cookie_is_found_among_others(guard: Guard, cookie: tuple[str, str]) -> None:
    """Cookies of other ports, and a second one of the same name, shut nobody out."""
    among = f"notemill_8766=other; notemill_{PORT}=x; a=b;; {cookie[1]} ; =c"
    assert (await asked(guard, "GET", "/", [HOST, ("Cookie", among)])).status == 200


# -- what is not ----------------------------------------------------------------------------------


async def test_nothing_is_shown_without_a_session(
    guard: Guard, sessions: Sessions, cookie: tuple[str, str]
) -> None:
    """No cookie, another port's, a wrong or a half one, a token in its place: all are refused."""
    secret = cookie[1].partition("=")[2]
    assert await _is_refused(guard, [HOST])
    for wrong in (
        f"notemill_{PORT}=",
        f"notemill_{PORT}={secret[:-1]}",
        f"notemill_{PORT}={secret}x",
        f"notemill_{PORT}={sessions.token()}",
        f"notemill_{PORT + 1}={secret}",
        f"notemill={secret}",
        f"xnotemill_{PORT}={secret}",
        f"a=b,notemill_{PORT}={secret}",
        secret,
    ):
        assert await _is_refused(guard, [HOST, ("Cookie", wrong)])
    for path in ("/static/app.css", "/api/openapi.json", "/enter/", "//enter", "/ENTER"):
        assert (await asked(guard, "GET", path, [HOST])).status == 401


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_foreign_host_is_refused(guard: Guard, cookie: tuple[str, str], host: str) -> None:
    """A name that was led to this machine gets nothing, whatever else is right."""
    assert await _is_refused(guard, [("Host", host), cookie, ("Origin", f"http://{host}")])
    entering = await asked(guard, "GET", "/enter?token=x", [("Host", host), cookie])
    assert entering.status == 403


async def test_a_request_without_a_host_is_refused(guard: Guard, cookie: tuple[str, str]) -> None:
    """So is one with two, one of which is right."""
    assert await _is_refused(guard, [cookie])
    assert await _is_refused(guard, [HOST, ("Host", "evil.example"), cookie])
    assert await _is_refused(guard, [HOST, HOST, cookie])


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_a_foreign_origin_is_refused(
    guard: Guard, cookie: tuple[str, str], origin: str
) -> None:
    """A page of another origin gets nothing, also with our cookie."""
    assert await _is_refused(guard, [HOST, cookie, ("Origin", origin)])


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN", "none,none"])
async def test_a_page_of_another_site_or_port_is_refused(
    guard: Guard, cookie: tuple[str, str], site: str
) -> None:
    """Another port of this machine is the same site, and not our page."""
    assert await _is_refused(guard, [HOST, cookie, ("Sec-Fetch-Site", site)])


@pytest.mark.parametrize(
    ("name", "value"),
    [("Origin", f"http://127.0.0.1:{PORT}"), ("Sec-Fetch-Site", "same-origin"), ("Cookie", "")],
)
async def test_a_repeated_header_is_refused(
    guard: Guard, cookie: tuple[str, str], name: str, value: str
) -> None:
    """What decides may not be given twice, even if both are right."""
    twice = [(name, value or cookie[1])] * 2
    assert await _is_refused(guard, [HOST, *((cookie,) if value else ()), *twice])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("host", "origin", "sec-fetch-site", "cookie", "x-notemill")),
            st.one_of(
                st.sampled_from((HOST[1], f"http://127.0.0.1:{PORT}", "null", "none", "1")),
                st.text(st.characters(max_codepoint=255), max_size=60),
            ),
        ),
        max_size=8,
    )
)
def test_no_mixture_of_headers_comes_in_without_a_session(
    guard: Guard, run: Callable[..., bool], headers: Headers
) -> None:
    """Whatever the headers are, nothing fails and nothing is let through."""
    assert run(_is_refused(guard, headers))


@pytest.fixture(scope="module")
def run() -> Callable[..., bool]:
    """Return what runs a coroutine that waits for nothing."""

    def finished(coroutine: object) -> bool:
        assert hasattr(coroutine, "send")
        try:
            coroutine.send(None)
        except StopIteration as ended:
            return bool(ended.value)
        raise AssertionError("it waits")

    return finished


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", ""])
async def test_other_methods_are_refused(
    guard: Guard, cookie: tuple[str, str], method: str
) -> None:
    """No other page is told what it might ask, and no unknown method gets to the site."""
    answer = await asked(guard, method, "/", [HOST, cookie, CHANGE])
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("header", [[], ["0"], ["true"], ["1", "1"]])
async def test_changes_need_a_header_that_no_form_sends(
    guard: Guard, cookie: tuple[str, str], method: str, header: list[str]
) -> None:
    """Without it, even our own cookie changes nothing."""
    given_ = [("X-Notemill", one) for one in header]
    answer = await asked(guard, method, "/api/x", [HOST, cookie, *given_])
    assert answer.status in (400, 403)
    assert orjson.loads(answer.body)["error"]["exit"] == 2


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_is_bounded(guard: Guard, cookie: tuple[str, str], *, told: bool) -> None:
    """One byte too many is refused, whether its length was given or not; the bound itself is not."""
    for size, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
        length = [("Content-Length", str(size))] if told else []
        body = [b"x" * (size // 2), b"x" * (size - size // 2)]
        answer = await asked(guard, "POST", "/api/x", [HOST, cookie, CHANGE, *length], body)
        assert answer.status == status
    odd = [("Content-Length", "9" * 5_000)]
    answer = await asked(guard, "POST", "/api/x", [HOST, cookie, CHANGE, *odd])
    assert answer.status == 413


async def test_an_odd_path_is_refused(guard: Guard, cookie: tuple[str, str]) -> None:
    """A whole address in place of a path, and a NUL, do not get to the site."""
    for path in ("http://evil.example/", "", "*", "/notes/a\0b"):
        assert (await asked(guard, "GET", path, [HOST, cookie])).status == 400


# -- the way in -----------------------------------------------------------------------------------


async def test_a_link_opens_a_session_once(guard: Guard, sessions: Sessions) -> None:
    """It sets a strict cookie for this port and leads to a clean address; again, it is refused."""
    target = f"/enter?token={sessions.token()}"
    answer = await asked(guard, "GET", target, [HOST, ("Sec-Fetch-Site", "none")])
    assert (answer.status, answer.headers["location"]) == (303, "/")
    pair, *marks = answer.headers["set-cookie"].split("; ")
    assert pair.startswith(f"notemill_{PORT}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(marks)
    assert answer.headers["cache-control"] == "no-store"
    assert (await asked(guard, "GET", "/", [HOST, ("Cookie", pair)])).status == 200
    again = await asked(guard, "GET", target, [HOST])
    assert again.status == 403
    assert "set-cookie" not in again.headers
    assert b"serve --url" in again.body


async def test_a_link_leads_on_in_a_browser_that_is_in(
    guard: Guard, cookie: tuple[str, str]
) -> None:
    """A used link, opened again, leads to the dashboard without another session."""
    answer = await asked(guard, "GET", "/enter?token=used", [HOST, cookie])
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers


async def test_a_link_may_stand_on_any_page(guard: Guard, sessions: Sessions) -> None:
    """A strict cookie is not sent where another page leads, so ours leads on."""
    opened: Headers = [
        HOST,
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ]
    answer = await asked(guard, "GET", f"/enter?token={sessions.token()}", opened)
    assert answer.status == 200
    assert "SameSite=Strict" in answer.headers["set-cookie"]
    assert b'http-equiv="refresh" content="0;url=/"' in answer.body
    assert (await asked(guard, "GET", "/", opened)).status in (401, 403)


@pytest.mark.parametrize(
    "headers",
    [
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
        [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"), ("Origin", "null")],
        [("Origin", "http://evil.example")],
        [("Origin", "null")],
        [("Sec-Purpose", "prefetch;prerender")],
        [("Purpose", "prefetch")],
    ],
)
async def test_a_link_is_opened_by_a_person(
    guard: Guard, sessions: Sessions, headers: Headers
) -> None:
    """What a page fetches, frames or reads ahead opens nothing, and does not use the link up."""
    target = f"/enter?token={sessions.token()}"
    assert (await asked(guard, "GET", target, [HOST, *headers])).status == 403
    for method in ("HEAD", "POST"):
        assert (await asked(guard, method, target, [HOST, CHANGE])).status == 405
    assert (await asked(guard, "GET", target, [HOST])).status == 303


@pytest.mark.parametrize("query", ["", "?token=", "?token=a&token=b", "?t=1", "?" + "a=1&" * 50])
async def test_an_incomplete_link_is_refused(guard: Guard, query: str) -> None:
    """It is told in a sentence, not as an error of the program."""
    assert (await asked(guard, "GET", f"/enter{query}", [HOST])).status == 403


# -- what every answer says -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/api/x", "/static/app.css", "/enter?token=x"])
@pytest.mark.parametrize("known", [True, False])
async def test_every_answer_has_the_same_strict_headers(
    guard: Guard, cookie: tuple[str, str], path: str, *, known: bool
) -> None:
    """Nothing is kept, framed, guessed at or told of, and no script runs but our files."""
    answer = await asked(guard, "GET", path, [HOST, *((cookie,) if known else ())])
    told = answer.headers
    assert told["cache-control"] == "no-store"
    assert told["referrer-policy"] == "same-origin"
    assert told["x-content-type-options"] == "nosniff"
    assert told["x-frame-options"] == "DENY"
    assert told["cross-origin-opener-policy"] == "same-origin"
    assert told["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in told
    policy = dict(part.split(" ", 1) for part in told["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in told["content-security-policy"]


async def test_only_files_of_ours_may_be_kept(guard: Guard, cookie: tuple[str, str]) -> None:
    """The site may let a browser keep its own files, never a page or what the API told."""
    kept = await asked(guard, "GET", "/static/app.css?keep", [HOST, cookie])
    assert kept.headers["cache-control"] == "max-age=9"
    for path in ("/?keep", "/api/x?keep", "/staticfiles?keep"):
        answer = await asked(guard, "GET", path, [HOST, cookie])
        assert answer.headers["cache-control"] == "no-store"


async def test_a_refusal_says_what_to_do(guard: Guard) -> None:
    """A person gets a page with the command, a program one JSON object; neither has a script."""
    page = await asked(guard, "GET", "/review", [HOST])
    assert page.status == 401
    assert b"<code>notemill serve --url</code>" in page.body
    assert b"<script" not in page.body
    answer = await asked(guard, "GET", "/api/runs", [HOST])
    assert orjson.loads(answer.body)["error"]["kind"] == "session"


def test_the_policy_lets_the_page_talk_to_its_server_alone() -> None:
    """No source in it is another machine's."""
    assert "http" not in CONTENT_POLICY
    assert "*" not in CONTENT_POLICY
