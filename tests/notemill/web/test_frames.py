"""Whatever comes through the socket: it is ignored or the connection is closed, and others live on."""

from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.notemill.web.served import Served
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.loopback

HEARS_WITHIN_S = 20
NOT_TEXT, NOT_UTF8, TOO_LARGE, PROTOCOL = 1003, 1007, 1009, 1002
CUT = 1006
"""The reason is lost where the system resets a connection of which a part was never read."""
DEEP = "[" * 50_000
HUGE = json.dumps({"watch": {"run": "x" * 70_000}})
LONG = json.dumps({"watch": {"run": "x" * 60_000}})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over a vault of one note."""
    folder = tmp_path_factory.mktemp("frames")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWOLANE_CONFIG", os.devnull)
        vault = write_notes(folder / "vault", {"Soil.md": "Garden soil and worms.\n"})
        given_ = Settings(home=folder / "home", provider="offline")
        with Served(vault, folder / "home", settings=given_) as running:
            yield running


def cookie(served: Served) -> str:
    """Return the cookie of a new session."""
    return f"{served.sessions.cookie}={served.sessions.enter(served.sessions.token())}"


@contextmanager
def opened(served: Served) -> Iterator[ClientConnection]:
    """Open a page's socket, and take its first snapshot."""
    with connect(
        f"ws://127.0.0.1:{served.port}/live",
        additional_headers={"Cookie": cookie(served)},
        max_size=None,
    ) as page:
        assert heard(page)["type"] == "snapshot"
        yield page


def heard(page: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    message: dict[str, Any] = json.loads(page.recv(timeout=HEARS_WITHIN_S))
    return message


def answers(page: ClientConnection) -> bool:
    """Tell whether a page that asks for everything gets a snapshot; False if it was closed."""
    with suppress(ConnectionClosed):
        page.send('{"watch": null}')
        while heard(page)["type"] != "snapshot":
            pass
        return True
    assert page.close_code in (NOT_TEXT, NOT_UTF8, TOO_LARGE, PROTOCOL, CUT)
    return False


NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**19), 2**63, 1e308])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
WINDOWS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("run", "after", "skip", "limit", "states", "more"), VALUES),
)
SAID = st.fixed_dictionaries(
    {}, optional={"watch": VALUES | WINDOWS, "quiet": VALUES, "other": VALUES}
)
FRAMES = st.one_of(
    (VALUES | SAID).map(json.dumps),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    st.binary(max_size=50),
)


@pytest.fixture(scope="module")
def bystander(served: Served) -> Iterator[ClientConnection]:
    """A page of somebody else, open all the time."""
    with opened(served) as page:
        yield page


@settings(max_examples=40)
@given(st.lists(FRAMES, min_size=1, max_size=6))
@example([DEEP, DEEP, "[" * 4_000, '{"watch":' * 400 + "0" + "}" * 400])
@example([LONG])
@example([HUGE])
@example(['{"watch": {"run": "last", "limit": 1e400}}', '{"quiet": 1}', "", "\0"])
@example(['{"watch": {"run": "nobody", "after": "99999999999999999999"}}'])
def test_no_frame_harms_the_server(
    served: Served, bystander: ClientConnection, frames: list[str | bytes]
) -> None:
    """The page that sent it goes on or is closed with a reason; another page hears on."""
    with opened(served) as page:
        with suppress(ConnectionClosed):  # before all was sent
            for one in frames:
                page.send(one)
        if not answers(page):
            assert any(isinstance(one, bytes) or one == HUGE for one in frames)
    assert answers(bystander)


def test_pages_that_watch_a_run_that_is_none_hold_up_nobody(
    served: Served, bystander: ClientConnection
) -> None:
    """What they ask for is not there; the others hear of every run and item all the same."""
    with ExitStack() as stack:
        for _ in range(8):
            page = stack.enter_context(opened(served))
            page.send('{"watch": {"run": "nobody"}}')
            while heard(page)["type"] != "snapshot":
                pass
        options = {"stages": "none", "vocabulary": False}
        job = served.on_loop(lambda: served.desk.jobs.start("curate", options))
        told: set[tuple[str, str]] = set()
        while not job.run or not {("run", job.run), ("item", job.run)} <= told:
            message = heard(bystander)
            told.add((message["type"], str(message.get("run"))))


RAW = {
    "no mask": b"\x81\x02hi",
    "reserved bits": b"\xf1\x80\0\0\0\0",
    "an unknown opcode": b"\x83\x80\0\0\0\0",
    "half a character": b"\x81\x81\0\0\0\0\xff",
    "a length without end": b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
    "a fragmented ping": b"\x09\x80\0\0\0\0",
    "a continuation of nothing": b"\x80\x80\0\0\0\0",
    "no frame at all": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("frame", RAW.values(), ids=RAW)
def test_bytes_that_are_no_frame_end_their_connection(
    served: Served, bystander: ClientConnection, frame: bytes
) -> None:
    """The server closes it, whatever the protocol says of such bytes, and serves on."""
    with socket.create_connection(("127.0.0.1", served.port), HEARS_WITHIN_S) as raw:
        raw.sendall(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nCookie: {cookie(served)}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert raw.recv(65_536).startswith(b"HTTP/1.1 101")
        raw.sendall(frame)
        while raw.recv(65_536):
            pass
    assert answers(bystander)
