"""`notemill` against a served provider, and as a process that is killed or has a narrow console."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.kinds import KIND_CURATE
from notemill.app.mill import Mill
from notemill.cli import main
from notemill.config import Exclusions
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import curated, many, tree, write_notes
from tests.twolane.cli.served import SPEED, Served
from twolane import Settings
from twolane.sim import Pace, SimServer, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback

PYTHON = [sys.executable, "-c", "from notemill.cli import main; main()"]
CREATE, SEND = "POST /v1/messages/batches", "POST /v1/messages"
# Longer than a test lasts, unless the test skips it.
LONG_S = 20 * 3_600.0
QUICK = Pace(batch_s=(60.0, 120.0))
SLOW = Pace(batch_s=(LONG_S, LONG_S), request_s=(100.0, 200.0))


@contextlib.contextmanager
def served(pace: Pace) -> Iterator[Served]:
    """Serve a simulator that curates, until the block ends."""
    skipped = [0.0]
    sim = Simulator(now=lambda: time.time() + skipped[0], pace=pace, responder=curated, speed=SPEED)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = SimServer(sim)

    async def stop() -> None:
        await server.stop()
        # What a killed client has left behind ends with the loop.
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    try:
        url = asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield Served(sim, url, skipped)
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Place:
    """A vault, and commands on it in this process or in one of their own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: Any) -> None:  # noqa: ANN401
        """Make a vault of twelve notes."""
        self.vault = write_notes(folder / "vault", many(12))
        self.home = folder / "home"
        self._patch, self._capture = patch, capture

    def run(
        self, service: Served, *words: object, key: str = "sk-any"
    ) -> tuple[int, dict[str, Any], str]:
        """Run a command in this process; return its exit code, its object, and what it said."""
        for name, value in service.environment(self.home).items():
            self._patch.setenv(name, value)
        self._patch.setenv("ANTHROPIC_API_KEY", key)
        self._patch.setattr(sys, "argv", ["notemill", *map(str, words), "--json"])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capture.readouterr()
        return int(ended.value.code or 0), json.loads(out) if out else {}, err

    def start(self, environment: dict[str, str], *words: object) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own."""
        return subprocess.Popen(  # noqa: S603  # this test's own command
            [*PYTHON, *map(str, words)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def described(self) -> int:
        """Return how many notes have their own description, once."""
        found = 0
        for name in many(12):
            text = (self.vault / name).read_text("utf-8")
            found += text.count(f"description: All about {name.removesuffix('.md')}.")
        return found


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    """A vault and its commands."""
    return Place(tmp_path, monkeypatch, capsys)


def curating(place: Place, lane: str, *options: object) -> tuple[object, ...]:
    """Return the command that curates all notes in a lane and writes them, unasked."""
    asked = ("--apply", "--yes", "--no-vocabulary", "--lane", lane)
    return ("curate", place.vault, *asked, *options)


@pytest.mark.long
@pytest.mark.parametrize("lane", ["realtime", "batch", "auto"])
def test_a_vault_is_curated_over_http_in_every_lane(place: Place, lane: str) -> None:
    """All notes get their own description, each is paid for once, and again costs nothing."""
    with served(QUICK) as service:
        words = curating(place, lane)
        code, report, err = place.run(service, *words)
        assert code == 0, err
        assert report["items"]["succeeded"] == place.described() == 12
        assert float(report["cost"]["actual_usd"]) > 0
        wanted = {"realtime": (12, 0), "batch": (0, 12), "auto": (2, 10)}[lane]
        lanes = report["lanes"]
        assert (lanes["realtime"]["items"], lanes["batch"]["items"]) == wanted
        billed = len(service.sim.billing)
        assert billed == 12
        code, report, _ = place.run(service, *words)
        assert (code, report["items"]["total"]) == (0, 0)
        assert len(service.sim.billing) == billed


@pytest.mark.long
def test_a_refused_key_ends_with_six_and_the_report(place: Place) -> None:
    """The run stays to be gone on with under a key that works; nothing was written."""
    before = tree(place.vault)
    with served(QUICK) as service:
        words = ("curate", place.vault, "--apply", "--yes", "--no-vocabulary")
        code, report, err = place.run(service, *words, key="sk-bad")
        assert code == 6
        assert report["items"]["total"] == report["items"]["pending"] == 12
        assert "error: " in err
        assert tree(place.vault) == before
        code, again, err = place.run(service, *words)
        assert code == 0, err
        assert again["run"] == report["run"]
        assert place.described() == 12


def until(service: Served, endpoint: str, count: int) -> None:
    """Wait until the provider was called that often."""
    deadline = time.monotonic() + 20.0
    while service.sim.calls[endpoint] < count:
        assert time.monotonic() < deadline, f"only {service.sim.calls}"
        # A process is waited for, which no virtual clock can move.
        time.sleep(0.005)


posix = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


@posix
def test_kill_9_while_batches_are_under_way_asks_nothing_twice(place: Place) -> None:
    """The same command again collects what was posted and writes all notes."""
    words = curating(place, "batch", "--batch-size", 4)
    with served(SLOW) as service:
        process = place.start(service.environment(place.home), *words)
        until(service, CREATE, 3)
        process.kill()
        process.communicate()
        assert place.described() == 0
        service.skip(LONG_S)
        code, report, err = place.run(service, *words)
        assert code == 0, err
        assert report["items"]["succeeded"] == place.described() == 12
        assert service.sim.paid_twice() == 0
        assert len(service.sim.batches()) == 3


@pytest.mark.long
@posix
def test_kill_9_in_real_time_pays_twice_at_most_for_what_it_names(place: Place) -> None:
    """Calls in flight at the kill are counted as uncertain; no other note is asked again."""
    words = curating(place, "realtime", "--concurrency", 3)
    with served(SLOW) as service:
        process = place.start(service.environment(place.home), *words, "--stages", "none")
        until(service, SEND, 6)
        process.kill()
        process.communicate()
        code, report, err = place.run(service, *words)
        assert code == 0, err
        assert report["items"]["succeeded"] == place.described() == 12
        assert service.sim.paid_twice() <= report["items"]["uncertain"] <= 12


@pytest.mark.long
@posix
def test_ctrl_c_stops_cleanly_and_the_same_command_finishes(place: Place) -> None:
    """Exit 4 with the report and the way to go on; nothing is asked twice."""
    words = curating(place, "batch")
    with served(SLOW) as service:
        process = place.start(service.environment(place.home), *words, "--json")
        until(service, "GET /v1/messages/batches/{id}", 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 4, err
        report = json.loads(out)
        assert report["state"] == "partial"
        assert f"notemill resume {report['run']}".encode() in err
        service.skip(LONG_S)
        code, _, said = place.run(service, *words)
        assert code == 0, said
        assert place.described() == 12
        assert service.sim.paid_twice() == 0


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_narrow_console_shows_escapes_and_the_work_goes_on(place: Place, encoding: str) -> None:
    """Emoji, other scripts and line breaks in names end no command on any console."""
    names = ["\U0001f336 hot.md", "日本語.md", "cafe\u0301.md", "\u202eodd.md", "[bold].md"]
    if sys.platform != "win32":
        names += ["line\nbreak.md", "[/x] \x1b[1m.md"]
    write_notes(place.vault, dict.fromkeys(names, "Words 🌶 and 豆腐.\n"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    environment = {
        **clean,
        "TWOLANE_HOME": str(place.home),
        "TWOLANE_CONFIG": os.devnull,
        "PYTHONIOENCODING": encoding,
        "PYTHONUTF8": "0",
    }
    words = ("curate", place.vault, "--stages", "2,6", "--yes", "--json", "--no-vocabulary")
    process = place.start(environment, *words)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["items"]["succeeded"] == len(names) + 12
    process = place.start(environment, "show", report["run"])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert b"\\U0001f336 hot.md" in out
    assert b"\x1b[1m" not in out


def test_two_curations_of_one_vault_at_once_are_one(tmp_path: Path) -> None:
    """The second is refused, naming the first, before anything is asked: nothing is paid twice."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "pears.md").write_text("The pears are late this year.\n", "utf-8")
    settings = Settings(home=tmp_path / "home", provider="offline")

    async def beside_another() -> subprocess.CompletedProcess[str]:
        opening = Mill.open(folder, settings, KeepingFront(), exclusions=Exclusions())
        async with await opening as mill, mill.working(KIND_CURATE):
            return subprocess.run(  # noqa: ASYNC221, S603  # our own command
                [*PYTHON, "curate", str(folder), "--yes", "--no-vocabulary"],
                env={**os.environ, "TWOLANE_HOME": str(settings.home)},
                capture_output=True,
                text=True,
                check=False,
            )

    ended = asyncio.run(beside_another())
    assert ended.returncode == 7
    assert f"process {os.getpid()} is working on" in ended.stderr
