"""Commands as processes: interrupted, killed, on narrow consoles, and taken up again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.twolane.cli.served import (
    MODEL,
    PYTHON,
    Served,
    read_output,
    served,
    text_of,
    write_input,
)
from twolane.sim import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals"),
]

LONG_S = 20 * 3_600.0
"""So long a batch takes, over a minute of real time, unless a test skips it."""


@pytest.fixture
def service() -> Iterator[Served]:
    """A simulator of the test's own, with batches that end when the test says so."""
    with served(Pace(batch_s=(LONG_S, LONG_S), request_s=(100.0, 200.0))) as one:
        yield one


_started: list[Process] = []


@pytest.fixture(autouse=True)
def _nothing_runs_on() -> Iterator[None]:
    """End what a failed test has left."""
    _started.clear()
    yield
    for process in _started:
        process.kill()


class Process:
    """A command in a process of its own."""

    def __init__(self, service: Served, home: Path, *words: object, **more: str) -> None:
        """Start it."""
        _started.append(self)
        self._process = subprocess.Popen(  # noqa: S603  # this test's own command
            [*PYTHON, *map(str, words)],
            env={**service.environment(home), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it, if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def read_until(self, words: bytes) -> None:
        """Read what it says until a line has these words."""
        assert self._process.stderr is not None
        while words not in (line := self._process.stderr.readline()):
            assert line, "it ended without these words"

    def end(self, timeout_s: float = 20.0) -> tuple[int, bytes, bytes]:
        """Wait for its end; return (exit code, standard output, standard error)."""
        try:
            out, err = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, err = self._process.communicate()
            raise AssertionError(f"it does not end: {err!r}") from None
        return self._process.returncode, out, err


def _until(service: Served, endpoint: str, count: int) -> None:
    """Wait until the provider was called that often."""
    deadline = time.monotonic() + 20.0
    while service.sim.calls[endpoint] < count:
        assert time.monotonic() < deadline, f"only {service.sim.calls}"
        # A process is waited for, which no virtual clock can move.
        time.sleep(0.005)


CREATE, POLL, RESULTS, SEND = (
    "POST /v1/messages/batches",
    "GET /v1/messages/batches/{id}",
    "GET /v1/messages/batches/{id}/results",
    "POST /v1/messages",
)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return (input of 30 lines, output, home)."""
    return write_input(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl", tmp_path / "home"


def _finish(service: Served, files: tuple[Path, Path, Path], *words: str) -> dict[str, Any]:
    """Run the same command to its end; return its report."""
    source, output, home = files
    code, out, err = Process(service, home, "run", source, "-o", output, "--json", *words).end()
    assert code == 0, err
    assert [text_of(line) for line in read_output(output)] == [f"answer to q{n}" for n in range(30)]
    report: dict[str, Any] = orjson.loads(out)
    return report


def test_ctrl_c_stops_cleanly_says_how_to_go_on_and_the_resume_finishes(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """Exit code 4, a line that names `resume`, no batch posted twice."""
    source, output, home = files
    process = Process(service, home, "run", source, "-o", output, "--batch-size", "10", "--json")
    _until(service, CREATE, 3)
    process.send(signal.SIGINT)
    code, out, err = process.end()
    assert code == 4, err
    report = orjson.loads(out)
    assert report["state"] == "partial"
    assert f"twolane resume {report['run']}".encode() in err
    assert b"stopping" in err
    assert b"Traceback" not in err
    assert not output.exists()
    service.skip(LONG_S)
    assert _finish(service, files, "--batch-size", "10")["items"]["uncertain"] == 0
    assert service.sim.paid_twice() == 0


@pytest.mark.long
def test_ctrl_c_twice_stops_at_once(files: tuple[Path, Path, Path]) -> None:
    """The second signal does not wait for what is in flight; the run stays to be gone on with."""
    source, output, home = files
    with served(Pace(request_s=(LONG_S, LONG_S))) as service:
        process = Process(service, home, "run", source, "-o", output, "--lane", "realtime")
        _until(service, SEND, 1)
        process.send(signal.SIGINT)
        process.read_until(b"press again")
        process.send(signal.SIGINT)
        code, _, err = process.end(5.0)
        assert code == 4, err
        assert b"Traceback" not in err
        assert b"the same command again goes on" in err
        code, out, _ = Process(service, home, "runs", "--json").end()
        assert orjson.loads(out)["runs"][0]["state"] == "open"


@pytest.mark.long
def test_a_terminate_signal_stops_as_cleanly(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """What a service manager sends does what Ctrl-C does: calls in flight are booked."""
    source, output, home = files
    words = ["--lane", "realtime", "--concurrency", "4"]
    process = Process(service, home, "run", source, "-o", output, "--json", *words)
    _until(service, SEND, 6)
    process.send(signal.SIGTERM)
    code, out, err = process.end()
    assert code == 4, err
    assert 0 < orjson.loads(out)["items"]["succeeded"] < 30
    report = _finish(service, files, *words)
    assert report["items"]["uncertain"] == 0
    assert service.sim.paid_twice() == 0


def _open_batches(service: Served) -> int:
    batches = service.sim.batches()
    return sum(batch["processing_status"] != "ended" for batch in batches)


@pytest.mark.long
@pytest.mark.parametrize("calls", [(CREATE, 1), (POLL, 2)], ids=["create", "poll"])
def test_kill_9_in_the_batch_lane_pays_nothing_twice(
    service: Served, files: tuple[Path, Path, Path], calls: tuple[str, int]
) -> None:
    """A process killed while it posts or polls leaves all that the next one needs."""
    source, output, home = files
    process = Process(service, home, "run", source, "-o", output, "--batch-size", "10")
    _until(service, *calls)
    process.send(signal.SIGKILL)
    assert process.end()[0] == -signal.SIGKILL
    service.skip(LONG_S)
    resumed = Process(service, home, "run", source, "-o", output, "--batch-size", "10", "--json")
    # Whatever it still has to post takes as long again; once all has ended no time passes, or a
    # slow start would find its results expired.
    deadline = time.monotonic() + 60.0
    while len(service.sim.batches()) < 3 or _open_batches(service):
        assert time.monotonic() < deadline
        if _open_batches(service):
            service.skip(LONG_S)
        time.sleep(0.05)
    code, out, err = resumed.end()
    assert code == 0, err
    assert orjson.loads(out)["items"]["succeeded"] == 30
    assert orjson.loads(out)["items"]["uncertain"] == 0
    assert service.sim.paid_twice() == 0
    assert len(service.sim.batches()) == 3


def test_kill_9_while_collecting_pays_nothing_twice(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """A process killed among the results of a batch leaves the rest to the next one."""
    source, output, home = files
    process = Process(service, home, "run", source, "-o", output, "--batch-size", "10")
    _until(service, CREATE, 3)
    service.skip(LONG_S)
    _until(service, RESULTS, 2)
    process.send(signal.SIGKILL)
    assert process.end()[0] == -signal.SIGKILL
    report = _finish(service, files, "--batch-size", "10")
    assert report["items"]["uncertain"] == 0
    assert service.sim.paid_twice() == 0
    assert len(service.sim.batches()) == 3


@pytest.mark.long
def test_kill_9_in_real_time_asks_again_only_what_was_in_flight(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """What was answered and recorded is not asked again; what was in flight is listed."""
    source, output, home = files
    words = ["--lane", "realtime", "--concurrency", "4"]
    process = Process(service, home, "run", source, "-o", output, *words)
    _until(service, SEND, 14)
    process.send(signal.SIGKILL)
    process.end()
    report = _finish(service, files, *words)
    assert 0 < report["items"]["uncertain"] <= 8
    assert service.sim.paid_twice() <= report["items"]["uncertain"]
    assert service.sim.calls[SEND] <= 30 + report["items"]["uncertain"]


@pytest.mark.long
def test_a_second_process_on_a_run_is_told_who_works_on_it(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """While one works, the same command ends with 7 and its number; the first is not disturbed."""
    source, output, home = files
    first = Process(service, home, "run", source, "-o", output, "--json")
    _until(service, POLL, 1)
    code, _, err = Process(service, home, "run", source, "-o", output).end()
    assert code == 7
    assert f"process {first.pid} works on run".encode() in err
    service.skip(LONG_S)
    assert first.end()[0] == 0


@pytest.mark.long
def test_a_run_is_canceled_from_another_terminal(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """`twolane cancel` reaches the working process within seconds: exit code 4, batches ended."""
    source, output, home = files
    process = Process(service, home, "run", source, "-o", output, "--json")
    _until(service, POLL, 1)
    code, out, _ = Process(service, home, "runs", "--json").end()
    assert code == 0
    run = orjson.loads(out)["runs"][0]["run"]
    assert Process(service, home, "cancel", run).end()[0] == 0
    _until(service, "POST /v1/messages/batches/{id}/cancel", 1)
    service.skip(LONG_S)
    code, out, err = process.end()
    assert code == 4, err
    assert orjson.loads(out)["state"] == "canceled"
    assert orjson.loads(out)["items"]["canceled"] == 30


@pytest.mark.long
def test_a_narrow_console_prints_every_name(service: Served, tmp_path: Path) -> None:
    """On cp1252 emoji, right-to-left text and stray surrogates are shown as escapes."""
    source, output = tmp_path / "ein 🚀.jsonl", tmp_path / "aus é.jsonl"
    write_input(source, 1)
    line = orjson.loads(source.read_bytes())
    line["params"]["top_k"] = 1
    names = ["🚀 rocket.md", "שלום.md", "cafe\u0301.md", "日本語.md", "plain.md"]
    with source.open("wb") as out_file:
        half = orjson.dumps({**line, "custom_id": "X"}).replace(b'"X"', b'"\\ud83d"')
        out_file.write(half + b"\n")
        for name in names:
            out_file.write(orjson.dumps({**line, "custom_id": name}) + b"\n")
    process = Process(
        service, tmp_path / "home", "run", source, "-o", output, "--json", "--lane", "realtime",
        PYTHONIOENCODING="cp1252",
    )  # fmt: skip
    code, out, err = process.end()
    assert code == 3, err
    assert b"Traceback" not in err
    assert b"\\U0001f680 rocket.md" in err
    assert b"\\ud83d" in err
    assert [one["item"] for one in json.loads(out)["failures"]] == [
        "\ud83d",
        *names,
    ]


@pytest.mark.long
def test_the_served_simulator_is_a_command_of_its_own(tmp_path: Path) -> None:
    """`twolane sim` prints its address, and when SIGINT ends it, the bill of what it answered."""
    with served() as plain:
        environment = plain.environment(tmp_path / "home")
    simulator = subprocess.Popen(  # noqa: S603  # this test's own command
        [*PYTHON, "sim", "--port", "0", "--speed", "5000"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert simulator.stdout is not None
        url = simulator.stdout.readline().decode().strip()
        source = write_input(tmp_path / "in.jsonl", 3)
        ended = subprocess.run(  # noqa: S603  # this test's own command
            [*PYTHON, "run", str(source), "-o", str(tmp_path / "out.jsonl"), "--json"],
            env={**environment, "ANTHROPIC_BASE_URL": url},
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert orjson.loads(ended.stdout)["items"]["succeeded"] == 3
    finally:
        simulator.send_signal(signal.SIGINT)
        _, err = simulator.communicate(timeout=10)
    assert b"Traceback" not in err
    assert b"billed: 3 answers, 3 in batches and 0 in real time; 0 of them twice" in err


def test_two_processes_that_begin_at_once_begin_one_run(
    service: Served, files: tuple[Path, Path, Path]
) -> None:
    """The same command twice at the same moment, on a home that is new: nothing is paid twice."""
    source, output, home = files
    both = [Process(service, home, "run", source, "-o", output, "--json") for _ in range(2)]
    _until(service, POLL, 1)
    service.skip(LONG_S)
    ended = [process.end() for process in both]
    assert 0 in [code for code, _, _ in ended], ended
    for code, _, err in ended:
        # The other one came before the run was recorded, while it worked, or when it was done.
        assert code == 0 or (code == 7 and b"run the command again" in err), err
    _, out, _ = Process(service, home, "runs", "--json").end()
    assert len(orjson.loads(out)["runs"]) == 1
    assert service.sim.paid_twice() == 0
    assert Process(service, home, "check").end()[0] == 0


@pytest.mark.long
def test_while_a_process_works_others_read_decide_and_check(
    service: Served, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    """Reading and canceling an item work beside it; what would pull the run away is refused."""
    source, output, home = files
    first = Process(service, home, "run", source, "-o", output, "--json")
    _until(service, POLL, 1)

    def beside(*words: object) -> tuple[int, bytes, bytes]:
        return Process(service, home, *words).end()

    run = orjson.loads(beside("runs", "--json")[1])["runs"][0]["run"]
    so_far = tmp_path / "so far.jsonl"
    assert beside("check")[0] == 0
    assert beside("show", run)[0] == 0
    assert beside("show", run, "--item", "id-3")[0] == 0
    assert beside("export", run, "-o", so_far)[0] == 0
    assert len(read_output(so_far)) == 30
    for words in (["resume", run], ["forget", run, "--yes"], ["state", "export", tmp_path / "x"]):
        code, _, err = beside(*words)
        assert code == 7
        assert run.encode() in err
        assert b"Traceback" not in err
    code, _, err = beside("state", "export", tmp_path / "x")
    assert f"process {first.pid} works on run {run}".encode() in err
    assert beside("cancel", run, "--item", "id-3")[0] == 0
    deadline = time.monotonic() + 20.0
    while orjson.loads(beside("show", run, "--item", "id-3")[1])["state"] != "canceled":
        assert time.monotonic() < deadline
    service.skip(LONG_S)
    code, out, err = first.end()
    assert code == 4, err
    assert orjson.loads(out)["items"]["canceled"] == 1
    assert beside("check")[0] == 0


SCRIPT = """
import asyncio
from twolane import Engine, Request, load_settings

def ask(n: int) -> Request:
    messages = [{"role": "user", "content": f"q{n}"}]
    return Request(key=f"q{n}", params={"model": MODEL, "max_tokens": 99, "messages": messages})

async def main() -> None:
    async with Engine.open(load_settings()) as engine:
        async for outcome in await engine.start([ask(n) for n in range(6)]):
            print(outcome.key, outcome.text, flush=True)

asyncio.run(main())
"""
# A shell's background jobs, and all that they start, are told to ignore it.
HEARS_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_script_that_is_stopped_and_run_again_makes_one_run(
    service: Served, tmp_path: Path, number: signal.Signals
) -> None:
    """The README's lines, stopped while their batch is out, collect it when they run again."""
    program = tmp_path / "script.py"
    program.write_text(HEARS_CTRL_C + SCRIPT.replace("MODEL", repr(MODEL)))

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # this test's own script
            [sys.executable, str(program)],
            env=service.environment(tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    first = begin()
    try:
        _until(service, POLL, 1)
        beside = begin()
        _, err = beside.communicate(timeout=20)
        assert beside.returncode == 1
        assert b"LedgerLockedError" in err
    finally:
        first.send_signal(number)
        first.communicate(timeout=20)
    service.skip(LONG_S)
    for _ in range(2):
        again = begin()
        out, err = again.communicate(timeout=20)
        assert again.returncode == 0, err
        assert sorted(out.decode().splitlines()) == [f"q{n} answer to q{n}" for n in range(6)]
    assert service.sim.calls[CREATE] == 1
