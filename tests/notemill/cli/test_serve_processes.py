"""`notemill serve` as a process: its link, its port, its browser, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, build_opener

import aiohttp
import pytest

from tests.notemill.workflows.notes import many, write_notes

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process"),
]

PROGRAM = "from notemill.cli import main; main()"
PATIENCE_S = 60
ENDS_WITHIN_S = 10
LOOPBACK = "127.0.0.1"
CURATING = ("curate", "--provider", "offline", "--yes", "--json")
WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


class Place:
    """A vault with a home of its own, and commands on it."""

    def __init__(self, folder: Path) -> None:
        """Make a vault of a few notes."""
        self.folder = folder
        self.vault = write_notes(folder / "vault", many(4))
        self.environment = {
            name: value for name, value in os.environ.items() if name not in WINDOWS
        } | {"TWOLANE_HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "config")}

    def start(self, *words: object, **environment: str) -> subprocess.Popen[str]:
        """Start `notemill` with these words."""
        return subprocess.Popen(  # noqa: S603  # this test's own command
            [sys.executable, "-c", PROGRAM, *map(str, words)],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def run(self, *words: object) -> tuple[int, str, str]:
        """Run `notemill` to its end; return its exit code and what it printed."""
        with self.start(*words) as command:
            out, err = command.communicate(timeout=PATIENCE_S)
            return command.returncode, out, err

    @contextlib.contextmanager
    def serving(self, *words: object, **environment: str) -> Iterator[Serving]:
        """Serve the vault at a free port; the block's end ends it, if it has not ended."""
        port = free_port()
        command = self.start("serve", self.vault, "--port", port, "--json", *words, **environment)
        with command:
            try:
                yield Serving(command, port)
            finally:
                command.terminate()


class Serving:
    """A process that serves."""

    def __init__(self, command: subprocess.Popen[str], port: int) -> None:
        """Wait for its first line."""
        self.command = command
        self.port = port
        assert command.stdout is not None
        self.line = command.stdout.readline()
        assert self.line, command.communicate(timeout=PATIENCE_S)
        self.told = json.loads(self.line)

    def end(self, how: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; return the exit code and what was printed after the first line."""
        self.command.send_signal(how)
        out, err = self.command.communicate(timeout=ENDS_WITHIN_S)
        return self.command.returncode, out, err


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault and its commands."""
    return Place(tmp_path)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server((LOOPBACK, 0)) as made:
        return int(made.getsockname()[1])


def opened(url: str, jar: CookieJar) -> int:
    """Open an address as a browser does; return the status."""
    try:
        with build_opener(HTTPCookieProcessor(jar)).open(url, timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def enters(url: str, jar: CookieJar | None = None) -> bool:
    """Return whether a link opens a session, for a browser without one."""
    jar = CookieJar() if jar is None else jar
    known = len(jar)
    return opened(url, jar) != 403 and len(jar) == known + 1


def is_in(served: Serving, jar: CookieJar) -> bool:
    """Return whether a server knows a browser."""
    status = opened(f"http://{LOOPBACK}:{served.port}/api/session", jar)
    assert status in (200, 401)
    return status == 200


def test_the_link_works_once_and_standard_output_has_one_object(place: Place) -> None:
    """With --json there is nothing else on it, whatever happens until the end."""
    with place.serving("--no-open") as served:
        assert set(served.told) == {"url", "port"}
        assert served.told["port"] == served.port
        url = served.told["url"]
        assert url.startswith(f"http://{LOOPBACK}:{served.port}/enter?token=")
        jar = CookieJar()
        assert enters(url, jar)
        assert is_in(served, jar)
        stranger = CookieJar()
        assert not enters(url, stranger)
        assert not is_in(served, stranger)
        assert served.end(signal.SIGTERM)[:2] == (0, "")


def test_another_command_prints_another_link(place: Place) -> None:
    """It works once as well, and other vaults' servers are not meant."""
    with place.serving("--no-open"):
        code, out, _ = place.run("serve", place.vault, "--url", "--json")
        assert code == 0
        url = json.loads(out)["url"]
        assert (enters(url), enters(url)) == (True, False)
        code, out, _ = place.run("serve", "--url")
        assert code == 0
        assert "/enter?token=" in out
        code, out, err = place.run("serve", place.folder, "--url")
        assert (code, out) == (2, "")
        assert "no such dashboard is running" in err


def test_ctrl_c_ends_it_with_pages_open(place: Place) -> None:
    """It ends within seconds and says no more than that; vault and port are free all along."""

    async def with_pages_open(served: Serving) -> tuple[int, str, str]:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as page:
            await page.get(served.told["url"])
            live = f"http://{LOOPBACK}:{served.port}/live"
            async with page.ws_connect(live) as review, page.ws_connect(live) as runs:
                assert (await asyncio.to_thread(place.run, *CURATING, place.vault))[0] == 0
                ended = asyncio.to_thread(served.end, signal.SIGINT)
                closed = asyncio.gather(_end_of(review), _end_of(runs))
                return (await asyncio.gather(ended, closed))[0]

    with place.serving("--no-open") as served:
        code, out, err = asyncio.run(with_pages_open(served))
        assert (code, out) == (4, "")
        assert "Traceback" not in err
        assert "Exception" not in err
        with socket.create_server((LOOPBACK, served.port)):
            pass
    assert place.run(*CURATING, place.vault, "--refresh")[0] == 0


async def _end_of(live: aiohttp.ClientWebSocketResponse) -> None:
    """Read a page's socket until the server has closed it."""
    async for _ in live:
        pass


@pytest.mark.parametrize(
    "again", [True, pytest.param(False, marks=pytest.mark.long)], ids=["again", "once"]
)
def test_work_that_does_not_stop_holds_nothing_up(place: Place, *, again: bool) -> None:
    """Ctrl-C once more ends the process at once; and without that it ends all the same."""
    words = [sys.executable, "-c", STUCK, str(place.folder), str(free_port())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as stuck:  # noqa: S603
        assert stuck.stdout is not None
        assert stuck.stdout.readline() == "ready\n"
        stuck.send_signal(signal.SIGINT)
        assert stuck.stdout.readline() == "ending\n"
        if again:
            stuck.send_signal(signal.SIGINT)
        assert stuck.stdout.read() == ("" if again else "closed\n")
        assert stuck.wait(ENDS_WITHIN_S) == (4 if again else 0)


STUCK = """
import asyncio, sys
from pathlib import Path
from notemill.web.serving import Server, bound
from notemill.web.sessions import Sessions

async def site(scope, receive, send):
    await asyncio.Event().wait()

async def ending():
    print("ending", flush=True)
    await asyncio.Event().wait()

async def closing():
    print("closed", flush=True)

async def main():
    port = int(sys.argv[2])
    listening = bound("127.0.0.1", port)
    server = Server(site, Sessions.open(Path(sys.argv[1]), None, port), listening)
    await server.run(lambda: print("ready", flush=True), ending, closing)

asyncio.run(main())
"""


def test_a_port_that_is_taken_is_named(place: Place) -> None:
    """The command ends with what to do; it prints no link to what somebody else serves."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        code, out, err = place.run("serve", place.vault, "--port", port)
    assert (code, out) == (2, "")
    assert f"port {port} is in use" in err
    assert "--port" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])  # noqa: S104  # refused
def test_it_is_not_served_to_others_by_accident(place: Place, host: str) -> None:
    """An address that others can reach needs a second flag, and all of them at once is refused."""
    code, out, err = place.run("serve", place.vault, "--host", host, "--port", free_port())
    assert (code, out) == (2, "")
    assert f"--host {host}" in err


def test_two_vaults_are_served_at_once(place: Place, tmp_path: Path) -> None:
    """One browser is in both, and each knows its own session alone."""
    other = Place(tmp_path / "other")
    with place.serving("--no-open") as one, other.serving("--no-open") as two:
        jar = CookieJar()
        for served in (one, two):
            assert enters(served.told["url"], jar)
        for served in (one, two):
            assert is_in(served, jar)
        names = {cookie.name: cookie for cookie in jar}
        jar.clear()
        jar.set_cookie(names[f"notemill_{one.port}"])
        assert not is_in(two, jar)


# -- the browser ----------------------------------------------------------------------------------


class Programs:
    """Browsers that only tell what they were started with, through a pipe."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Put them into a folder, which is all of the path."""
        folder.mkdir()
        self.pipe = folder / "started"
        os.mkfifo(self.pipe)
        self._end = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)
        for name in names:
            program = folder / name
            program.write_text(f'#!/bin/sh\necho "{name} $@" > "{self.pipe}"\n')
            program.chmod(0o755)
        self.path = str(folder)

    def started(self, within_s: float) -> str:
        """Return what a program was started with, '' if none is within this time."""
        ready, _, _ = select.select([self._end], [], [], within_s)
        return os.read(self._end, 65_536).decode() if ready else ""

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._end)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Text browsers, and the program that opens the one with windows."""
    names = ("lynx", "w3m", "elinks", "links", "www-browser", "x-www-browser", "xdg-open")
    made = Programs(tmp_path / "programs", *names)
    yield made
    made.close()


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":0", "BROWSER": "lynx"}])
def test_no_text_browser_takes_the_terminal(
    place: Place, programs: Programs, environment: dict[str, Any]
) -> None:
    """Without a display, or with a text browser as the one wanted, the link is only printed."""
    with place.serving(PATH=programs.path, TERM="xterm", **environment) as served:
        assert enters(served.told["url"])
        assert served.end(signal.SIGTERM)[:2] == (0, "")
    assert programs.started(0) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems open files by other programs")
def test_the_browser_is_led_to_the_link_by_a_file(place: Place, programs: Programs) -> None:
    """Its command line, which everybody on the machine can see, has no token in it."""
    with place.serving(PATH=programs.path, DISPLAY=":0") as served:
        name, address = programs.started(PATIENCE_S).split()
        assert name == "xdg-open"  # and no other one after it
        file = Path(address.removeprefix("file://"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        _, _, rest = file.read_text().partition("url=")
        url = rest.partition('"')[0]
        assert "token" not in address
        assert url != served.told["url"]
        assert (enters(url), enters(url)) == (True, False)
        served.end(signal.SIGTERM)
        assert not file.exists()


def test_a_browser_that_cannot_be_started_is_no_error(place: Place, tmp_path: Path) -> None:
    """The link is printed and works."""
    empty = str(tmp_path / "empty")
    with place.serving(PATH=empty, DISPLAY=":0", BROWSER="/nowhere/browser") as served:
        assert enters(served.told["url"])
        code, out, err = served.end(signal.SIGTERM)
    assert (code, out) == (0, "")
    assert "Traceback" not in err
