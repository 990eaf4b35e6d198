"""The command `twolane`: what it reads and writes, what it costs, and its exit codes."""

from __future__ import annotations

import sqlite3
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from filelock import FileLock

from tests.twolane.cli.served import MODEL, Served, read_output, served, text_of, write_input
from twolane.cli import main
from twolane.sim import NO_FAULTS, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback


class Shell:
    """Runs commands in this process, with a folder and a simulated provider of their own."""

    def __init__(
        self,
        folder: Path,
        service: Served,
        patch: pytest.MonkeyPatch,
        capture: Any,  # noqa: ANN401
    ) -> None:
        """Set the environment of the commands."""
        self.folder, self.sim = folder, service.sim
        self.home = folder / "home"
        self._patch, self._capture = patch, capture
        self.out = self.err = ""
        for name, value in service.environment(self.home).items():
            patch.setenv(name, value)

    def __call__(self, *words: object) -> int:
        """Run a command; return its exit code, and keep what it printed."""
        self._patch.setattr(sys, "argv", ["twolane", *map(str, words)])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self.out, self.err = self._capture.readouterr()
        return int(ended.value.code or 0)

    @property
    def report(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1
        value: dict[str, Any] = orjson.loads(self.out)
        return value

    def posts(self) -> int:
        """Return how many requests that cost money have reached the provider."""
        calls = self.sim.calls
        return calls["POST /v1/messages"] + calls["POST /v1/messages/batches"]


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    """One simulator for the module."""
    with served() as one:
        yield one


@pytest.fixture
def shell(
    tmp_path: Path,
    service: Served,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """A shell in a folder of its own."""
    return Shell(tmp_path, service, monkeypatch, capsys)


def test_a_file_is_answered_line_by_line_in_its_order(shell: Shell) -> None:
    """One line out for each line in, in input order, with lane, attempts, cost and result."""
    source = write_input(shell.folder / "in.jsonl", 5)
    output = shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--json") == 0
    lines = read_output(output)
    assert [line["index"] for line in lines] == [0, 1, 2, 3, 4]
    assert [line["custom_id"] for line in lines] == [f"id-{n}" for n in range(5)]
    assert [text_of(line) for line in lines] == [f"answer to q{n}" for n in range(5)]
    assert {line["lane"] for line in lines} == {"batch"}
    assert set(lines[0]) == {"index", "custom_id", "lane", "attempts", "cost_usd", "result"}
    report = shell.report
    assert report["state"] == "done"
    assert report["items"]["succeeded"] == 5
    assert report["lanes"]["batch"] == {
        "items": 5, "batches": 1, "cost_usd": report["cost"]["actual_usd"]
    }  # fmt: skip
    assert report["failures"] == []


def test_one_line_goes_in_real_time(shell: Shell) -> None:
    """A single request does not wait for a batch; one without an id has none in the output."""
    source = shell.folder / "in.jsonl"
    params = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": "q"}]}
    source.write_bytes(orjson.dumps({"params": params}))
    assert shell("run", source, "-o", shell.folder / "out.jsonl", "--json") == 0
    assert shell.report["lanes"]["realtime"]["items"] == 1
    assert read_output(shell.folder / "out.jsonl")[0]["custom_id"] is None


def test_the_same_command_again_reports_and_sends_nothing(shell: Shell) -> None:
    """Over a finished run the command writes its output again, at no cost."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--json") == 0
    first, written = shell.report, output.read_bytes()
    output.unlink()
    before = shell.posts()
    assert shell("run", source, "-o", output, "--json") == 0
    assert shell.posts() == before
    assert shell.report == first
    assert output.read_bytes() == written
    assert shell("run", source, "-o", output, "--again", "--json") == 0
    assert shell.posts() == before + 1
    assert shell.report["run"] != first["run"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--lane", "realtime"], "lane was 'auto' and is 'realtime'"),
        (["--max-cost", "3"], "max_cost was None and is '3'"),
    ],
)
def test_another_flag_is_refused_and_named(shell: Shell, words: list[str], named: str) -> None:
    """A command that differs from the run it would resume says in what, with exit code 2."""
    source, output = write_input(shell.folder / "in.jsonl", 2), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    before = shell.posts()
    assert shell("run", source, "-o", output, *words) == 2
    assert named in shell.err
    assert "--again" in shell.err
    assert shell.posts() == before


def test_another_batch_size_is_no_other_command(shell: Shell) -> None:
    """It changes how a run travels and not what it is: the same run goes on, or is reported."""
    source, output = write_input(shell.folder / "in.jsonl", 4), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--batch-size", 2, "--json") == 0
    before, first = shell.posts(), shell.report["run"]
    assert shell("run", source, "-o", output, "--batch-size", 3, "--json") == 0
    assert shell.report["run"] == first
    assert shell("resume", first, "--batch-size", 1, "--json") == 0
    assert shell.posts() == before


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9/v1", "leave /v1 off, it is added here"),
        ("127.0.0.1:9", "it must begin with https://"),
        ("http://127.0.0.1:1", "connection refused; check the network and ANTHROPIC_BASE_URL"),
    ],
)
@pytest.mark.parametrize("lane", ["realtime", "batch"])
def test_a_wrong_address_ends_with_2_and_what_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, lane: str, url: str, told: str
) -> None:
    """Nothing is counted against an item: with the right address the same command goes on."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    with monkeypatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", url)
        assert shell("run", source, "-o", output, "--lane", lane) == 2
    assert told in shell.err.replace("\n", " ")
    assert shell("run", source, "-o", output, "--lane", lane, "--json") == 0
    assert shell.report["items"]["succeeded"] == 3
    assert shell.report["items"]["uncertain"] == 0


def test_a_wait_that_a_run_ended_in_is_in_sight(shell: Shell) -> None:
    """A retry-after of a day: exit code 5, and until when, in the report and for other terminals."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    shell.sim.faults = Faults(rate_limited=1.0, retry_after_s=86_400.0 * shell.sim.speed)
    try:
        assert shell("run", source, "-o", output, "--lane", "realtime") == 5
    finally:
        shell.sim.faults = NO_FAULTS
    assert "waiting until" in shell.err
    assert shell("show", "last", "--json") == 0
    waiting = shell.report["waiting"]
    assert "would exceed your rate limit" in waiting["for"]
    assert datetime.fromisoformat(waiting["until"]) > datetime.now().astimezone()
    assert shell("resume", "last", "--json") == 0
    assert "waiting" not in shell.report


def test_a_changed_input_is_refused(shell: Shell) -> None:
    """The run is known by its input's bytes."""
    source, output = write_input(shell.folder / "in.jsonl", 2), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    write_input(source, 3)
    assert shell("run", source, "-o", output) == 2
    assert "the input has changed" in shell.err


GOOD = orjson.dumps(
    {
        "custom_id": "a",
        "params": {
            "model": MODEL,
            "max_tokens": 5,
            "messages": [{"role": "user", "content": "q"}],
        },
    }
)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (GOOD + b"\n{oops\n", "line 2: this is not JSON"),
        (GOOD + b"\n[1, 2]\n", 'line 2: a line must be an object with "params"'),
        (b"\n\n" + GOOD.replace(b'"a"', b'""'), "line 3: custom_id must be a string"),
        (GOOD.replace(b'"a"', b"7"), "line 1: custom_id must be a string"),
        (GOOD + b"\n" + GOOD, "duplicate id"),
        (GOOD.replace(MODEL.encode(), b""), "names no model"),
        (GOOD.replace(b'"max_tokens":5,', b""), "no max_tokens"),
        (GOOD.replace(MODEL.encode(), b"claude-haiku-99"), "claude-haiku-99"),
        (
            GOOD + b"\n" + GOOD.replace(b'"a"', b'"b"').replace(MODEL.encode(), b"claude-opus-5"),
            "a run has one model",
        ),
        (b'{"params": NaN}', "line 1: this is not JSON"),
        (GOOD.replace(b'"max', b'"stream":true,"max'), "line 1 (a): stream asks"),
        (
            GOOD + b"\n" + GOOD.replace(b'"a"', b'"b"').replace(b'"max', b'"n":2,"max'),
            "line 2 (b): n is",
        ),
        (GOOD.replace(b'"max', b'"betas":"x","max'), "line 1 (a): betas must be"),
        (
            GOOD.replace(
                b'"max',
                b'"output_config":{"format":{"type":"json_schema",'
                b'"schema":{"$ref":"http://127.0.0.1:9/a"}}},"max',
            ),
            "line 1 (a): output_config.format is not a JSON schema",
        ),
        (b"\xff\xfe", "line 1: this is not JSON"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(shell: Shell, data: bytes, named: str) -> None:
    """Bad input is a usage error that points at its place; nothing is sent or recorded."""
    source, output = shell.folder / "in.jsonl", shell.folder / "out.jsonl"
    source.write_bytes(data)
    before = shell.posts()
    assert shell("run", source, "-o", output) == 2
    assert named in shell.err.replace("\n", " ")
    assert not output.exists()
    assert shell.posts() == before
    assert shell("runs", "--json") == 0
    assert shell.report == {"runs": []}


def test_an_unknown_model_is_answered_with_near_ones(shell: Shell) -> None:
    """A typing error in a model's name is met with names that exist."""
    source = write_input(shell.folder / "in.jsonl", 1, model="claude-haiku-45")
    assert shell("run", source, "-o", shell.folder / "out.jsonl") == 2
    assert "claude-haiku-4-5" in shell.err


def test_a_byte_order_mark_and_blank_lines_are_no_fault(shell: Shell) -> None:
    """Files as some editors write them are read like any other."""
    source, output = shell.folder / "in.jsonl", shell.folder / "out.jsonl"
    source.write_bytes(b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n  \n" + GOOD.replace(b'"a"', b'"b"'))
    assert shell("run", source, "-o", output) == 0
    assert [line["custom_id"] for line in read_output(output)] == ["a", "b"]


def test_an_id_with_half_an_emoji_comes_back_as_it_was(shell: Shell) -> None:
    """A lone surrogate in an id, as file names can hold, goes through as its escape."""
    source, output = shell.folder / "in.jsonl", shell.folder / "out.jsonl"
    source.write_bytes(GOOD.replace(b'"a"', b'"\\ud83d half"') + b"\n" + GOOD)
    assert shell("run", source, "-o", output) == 0
    assert b'"\\ud83d half"' in output.read_bytes()
    assert output.read_bytes().count(b'"type": "succeeded"') == 1


def test_an_empty_input_gives_an_empty_output(shell: Shell) -> None:
    """Nothing to do is no error, now and again."""
    source, output = shell.folder / "in.jsonl", shell.folder / "out.jsonl"
    source.write_bytes(b"\n")
    for _ in range(2):
        assert shell("run", source, "-o", output, "--json") == 0
        assert output.read_bytes() == b""
        assert shell.report["items"]["total"] == 0


def test_places_that_cannot_be_written_are_told_before_anything_is_sent(shell: Shell) -> None:
    """No folder for the output, the input as the output, no input: exit code 2."""
    source = write_input(shell.folder / "in.jsonl", 2)
    before = shell.posts()
    assert shell("run", source, "-o", shell.folder / "none" / "out.jsonl") == 2
    assert "there is no folder" in shell.err
    assert shell("run", source, "-o", source) == 2
    assert "overwrite the input" in shell.err
    assert shell("run", shell.folder / "absent.jsonl", "-o", shell.folder / "o.jsonl") == 2
    assert "absent.jsonl" in shell.err
    assert shell("run", source) == 2
    assert shell.posts() == before


def test_without_a_key_the_command_says_what_to_set(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing key is a configuration error."""
    source = write_input(shell.folder / "in.jsonl", 2)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert shell("run", source, "-o", shell.folder / "out.jsonl") == 2
    assert "ANTHROPIC_API_KEY" in shell.err


@pytest.mark.parametrize(("key", "kind"), [("sk-bad", "401"), ("sk-broke", "402")])
def test_a_refused_key_ends_with_6_and_the_right_one_goes_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, key: str, kind: str
) -> None:
    """The run stands, reports and keeps everything; with a good key the same command finishes."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    assert shell("run", source, "-o", output, "--json") == 6
    assert kind in shell.err
    assert shell.report["state"] == "partial"
    assert shell.report["items"]["pending"] == 3
    assert not output.exists()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-any")
    assert shell("run", source, "-o", output, "--json") == 0
    assert shell.report["items"]["succeeded"] == 3


def test_a_dry_run_shows_and_sends_nothing(shell: Shell) -> None:
    """Lane, price and a request are shown; the provider hears nothing and no run is recorded."""
    source = write_input(shell.folder / "in.jsonl", 3)
    before = shell.posts()
    assert shell("run", source, "-o", shell.folder / "o.jsonl", "--dry-run", "--json") == 0
    assert shell.report["lane"] == "batch"
    assert "q0" in shell.err
    assert shell.posts() == before
    assert shell("runs", "--json") == 0
    assert shell.report == {"runs": []}


def test_a_dry_run_shows_betas_as_the_header_they_become(shell: Shell) -> None:
    """What is shown is what would be sent: the header, and a body without them."""
    source, output = shell.folder / "in.jsonl", shell.folder / "out.jsonl"
    source.write_bytes(GOOD.replace(b'"max', b'"betas":["x-2025-01-01","y"],"max'))
    assert shell("run", source, "-o", output, "--dry-run", "--json") == 0
    assert shell.report["betas"] == ["x-2025-01-01", "y"]
    assert "anthropic-beta: x-2025-01-01,y" in shell.err
    assert '"betas"' not in shell.err


def test_a_dry_run_needs_no_key_and_makes_no_ledger(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking at what would be sent asks for nothing that only sending needs."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    source = write_input(
        shell.folder / "in.jsonl", 3, system="Be short.", betas=["context-1m-2025-08-07"],
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )  # fmt: skip
    words = ["run", source, "-o", shell.folder / "o.jsonl", "--dry-run", "--json"]
    assert shell(*words, "--by", "2h") == 0
    request = shell.report["request"]
    assert request["headers"] == {"anthropic-beta": "context-1m-2025-08-07"}
    assert request["body"]["system"] == "Be short."
    assert request["body"]["output_config"]["format"]["schema"] == {"type": "object"}
    assert "betas" not in request["body"]
    for part in ("Be short.", "json_schema", "anthropic-beta: context-1m"):
        assert part in shell.err
    assert not shell.home.exists()
    price = ["price", "--items", 1, "--input-tokens", 1, "--output-tokens", 1]
    assert shell(*price, "--month-budget", "1") == 0
    assert not shell.home.exists()


def test_a_dry_run_changes_nothing_of_a_ledger_there_is(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read, for what it has measured, and not written."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    ledger = shell.home / "ledger.sqlite3"
    before = ledger.read_bytes()
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert shell("run", source, "-o", output, "--dry-run") == 0
    assert ledger.read_bytes() == before


def test_a_dear_run_waits_for_consent(shell: Shell) -> None:
    """Above the amount to confirm, and with nobody to ask, nothing is sent: exit code 8."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    before = shell.posts()
    assert shell("run", source, "-o", output, "--confirm-usd", "0") == 8
    assert "--yes" in shell.err
    assert shell.posts() == before
    assert shell("run", source, "-o", output, "--confirm-usd", "0", "--yes") == 0


def test_an_export_tells_what_was_not_asked_yet_from_what_never_will_be(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item without an ending is pending, one left out is skipped, one given up is canceled."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-bad")
    assert shell("run", source, "-o", output) == 6

    def exported() -> list[str]:
        assert shell("export", "last", "-o", output) == 0
        return [line["result"]["type"] for line in read_output(output)]

    assert exported() == ["pending"] * 3
    assert shell("cancel", "last", "--item", "id-1") == 0
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-any")
    assert shell("resume", "last") == 4
    assert exported() == ["succeeded", "canceled", "succeeded"]
    dear = write_input(shell.folder / "dear.jsonl", 15, max_tokens=2_000)
    assert shell("run", dear, "-o", output, "--max-cost", "0.0056", "--yes") == 5
    lines = read_output(output)
    assert {line["result"]["type"] for line in lines} == {"succeeded", "skipped"}
    assert all(
        "raise it and resume" in line["result"]["reason"]
        for line in lines
        if line["result"]["type"] == "skipped"
    )


def test_an_item_that_waits_for_its_next_try_is_pending(shell: Shell) -> None:
    """The error of an earlier try is not what became of the item."""
    source, output = write_input(shell.folder / "in.jsonl", 1), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    db = sqlite3.connect(shell.home / "ledger.sqlite3")
    db.execute("UPDATE items SET state = 'pending'")
    db.execute("UPDATE attempts SET outcome = 'errored', error_kind = 'overloaded_error'")
    db.execute("""UPDATE replies SET body = CAST('{"type":"errored"}' AS BLOB)""")
    db.commit()
    db.close()
    assert shell("export", "last", "-o", output) == 0
    assert read_output(output)[0]["result"] == {"type": "pending"}


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (["show", "nothing"], "unknown_run", 2),
        (["run", "absent.jsonl", "-o", "out.jsonl"], "input", 2),
        (["run", "absent.jsonl"], "missing_parameter", 2),
        (["nonsense"], "no_such_command", 2),
        (["runs", "--home", __file__], "ledger", 7),
        (["check"], "ledger", 7),
    ],
)
def test_an_error_is_one_object_too(shell: Shell, words: list[str], kind: str, code: int) -> None:
    """With --json standard output has the error's kind, words and exit code, and no more."""
    assert shell(*words, "--json") == code
    error = shell.report["error"]
    assert (error["kind"], error["exit"]) == (kind, code)
    assert " ".join(error["message"].split()) in " ".join(shell.err.split())
    assert set(shell.report) == {"error"}


def test_a_library_that_cannot_be_loaded_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback: which one it is, and how to get it back."""
    monkeypatch.setitem(sys.modules, "twolane.cli.pricing", None)
    words = ["price", "--items", 1, "--input-tokens", 1, "--output-tokens", 1, "--json"]
    assert shell(*words) == 2
    assert "a library is missing or cannot be loaded" in shell.err
    assert "pip install" in shell.report["error"]["message"]
    assert "Traceback" not in shell.err


def test_a_refused_run_reports_and_says_why_in_one_object(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report of a run that the provider refuses has the error in it."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-bad")
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--json") == 6
    assert shell.report["items"]["pending"] == 3
    assert shell.report["error"]["kind"] == "authentication"
    assert shell.report["error"]["exit"] == 6


def test_a_cap_stops_with_5_and_more_money_goes_on(shell: Shell) -> None:
    """What the cap leaves out is listed with its reason; a higher cap finishes the run."""
    source = write_input(shell.folder / "in.jsonl", 15, max_tokens=2_000)
    output = shell.folder / "out.jsonl"
    words = ["run", source, "-o", output, "--max-cost", "0.0056", "--yes", "--json"]
    assert shell(*words) == 5
    report = shell.report
    assert report["state"] == "stopped"
    assert report["items"]["skipped"] > 0
    assert float(report["cost"]["actual_usd"]) <= 0.0056
    assert {one["kind"] for one in report["failures"]} == {"budget"}
    assert len(read_output(output)) == 15
    assert "--max-cost" in shell.err
    before = shell.posts()
    assert shell(*words) == 5
    assert shell.posts() == before
    assert shell("resume", report["run"], "--max-cost", "9", "--json") == 0
    assert shell.report["items"]["succeeded"] == 15
    assert [text_of(line) for line in read_output(output)] == [f"answer to q{n}" for n in range(15)]


def test_a_months_budget_ends_with_5_and_more_goes_on(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds over all runs, is shown before and after, and a higher one finishes the run."""
    source = write_input(shell.folder / "in.jsonl", 15, max_tokens=2_000)
    output, other = shell.folder / "out.jsonl", shell.folder / "other.jsonl"
    monkeypatch.setenv("TWOLANE_MONTH_BUDGET", "0.0056")
    assert shell("run", source, "-o", output, "--dry-run", "--json") == 0
    assert shell.report["month"]["left_usd"] == "0.0056"
    assert shell("run", source, "-o", output, "--json") == 5
    report = shell.report
    assert report["items"]["skipped"] > 0
    assert float(report["month"]["spent_usd"]) <= 0.0056
    assert "the month's budget is below the estimate" in shell.err
    assert "--month-budget" in shell.err
    before = shell.posts()
    assert shell("run", source, "-o", other, "--month-budget", "0.000001", "--json") == 5
    assert shell.report["items"]["skipped"] == 15
    assert shell.posts() == before
    words = ["price", "--items", 1, "--input-tokens", 1, "--output-tokens", 1]
    assert shell(*words, "--json") == 0
    assert shell.report["month"]["spent_usd"] == report["month"]["spent_usd"]
    assert shell(*words) == 0
    assert "of $0.0056 spent or set aside" in shell.out
    assert shell("show", report["run"], "--json") == 0
    assert shell.report["month"]["budget_usd"] == "0.0056"
    assert shell("resume", report["run"], "--month-budget", "1", "--json") == 0
    assert shell.report["items"]["succeeded"] == 15
    monkeypatch.setenv("TWOLANE_MONTH_BUDGET", "lots")
    assert shell("resume", report["run"]) == 2


@pytest.mark.parametrize("amount", ["0", "-1", "lots", "nan", "inf"])
def test_a_cap_has_to_be_an_amount(shell: Shell, amount: str) -> None:
    """A cap that is no amount above zero is a usage error."""
    source = write_input(shell.folder / "in.jsonl", 1)
    assert shell("run", source, "-o", shell.folder / "o", "--max-cost", amount) == 2


def test_a_deadline_is_kept_and_told(shell: Shell) -> None:
    """`--by` is in the report, as a time and whether it held; the lane's reason names it."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--by", "1h30m", "--json") == 0
    deadline = shell.report["deadline"]
    assert (deadline["held"], deadline["batches_given_up"]) == (True, 0)
    assert datetime.fromisoformat(deadline["at"]).tzinfo is not None
    assert "late" in shell.err
    assert shell("show", shell.report["run"]) == 0
    assert "held" in shell.err


def test_a_deadline_too_short_for_a_batch_goes_in_real_time(shell: Shell) -> None:
    """Where a batch would hardly be through, nobody waits for it, and the reason says so."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--by", "90s", "--json") == 0
    assert shell.report["lanes"]["realtime"]["items"] == 3
    assert "the deadline leaves a batch" in shell.err


@pytest.mark.parametrize("by", ["", "soon", "0s", "45", "-5m", "1h 30m", "29d", "10m5h"])
def test_a_deadline_has_to_be_a_length_of_time(shell: Shell, by: str) -> None:
    """What is no time is refused with examples of what is."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, f"--by={by}") == 2
    assert "45m" in shell.err


def test_a_strict_deadline_needs_a_deadline(shell: Shell) -> None:
    """`--by-strict` alone is a mistake, not a setting."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--by-strict") == 2
    assert "--by" in shell.err


def test_a_deadline_whose_price_exceeds_the_cap_ends_with_5(shell: Shell) -> None:
    """All of it may have to go in real time: that price is named before anything is sent."""
    source, output = write_input(shell.folder / "in.jsonl", 30), shell.folder / "out.jsonl"
    before = shell.posts()
    words = ["--by", "45m", "--max-cost", "0.000001"]
    assert shell("run", source, "-o", output, *words) == 5
    assert "in real time, at about $" in shell.err
    assert shell.posts() == before


def test_failed_items_end_with_3_and_can_be_retried(shell: Shell) -> None:
    """Requests the provider refuses are listed with its words; `retry --failed` asks again."""
    source = write_input(shell.folder / "in.jsonl", 3)
    bad = source.read_bytes().splitlines()[0].replace(b'"id-0"', b'"bad"')
    source.write_bytes(
        source.read_bytes() + bad.replace(b'"max_tokens":50', b'"max_tokens":50,"top_k":1')
    )
    output = shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output, "--json") == 3
    report = shell.report
    assert report["items"]["failed"] == 1
    assert report["failures"][0]["item"] == "bad"
    assert report["failures"][0]["kind"] == "invalid_request_error"
    assert read_output(output)[3]["result"]["type"] == "errored"
    assert report["failures"][0]["retryable"] is False
    before = shell.posts()
    assert shell("retry", report["run"], "--failed", "--json") == 3
    assert "sent again: 0 items" in shell.err
    assert "1 item that would fail again" in shell.err
    assert "(invalid request: 1)" in shell.err
    assert shell.posts() == before
    assert shell("retry", report["run"], "--failed", "--all", "--json") == 3
    assert shell("show", report["run"], "--item", "bad") == 0
    assert orjson.loads(shell.out)["attempts"] == 2


def test_the_same_failure_is_shown_once_with_its_count(shell: Shell) -> None:
    """A person reads each reason once; `--json` has every item."""
    source = write_input(shell.folder / "in.jsonl", 30, top_k=1)
    output = shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 3
    shown = [line for line in shell.err.splitlines() if "invalid request" in line]
    assert len(shown) == 1
    assert "30 items: invalid request: " in shown[0]
    assert "(id-0, id-1, id-2 and 27 more)" in shown[0]
    assert shell("show", "last", "--json") == 0
    assert len(shell.report["failures"]) == 30


def test_runs_can_be_looked_at_and_exported_without_a_key(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`runs`, `show` and `export` read the ledger alone."""
    source = write_input(shell.folder / "in.jsonl", 2)
    assert shell("run", source, "-o", shell.folder / "out.jsonl", "--json") == 0
    run = shell.report["run"]
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert shell("runs", "--json") == 0
    assert [one["run"] for one in shell.report["runs"]] == [run]
    assert shell("runs") == 0
    assert shell("show", run, "--json") == 0
    assert shell.report["state"] == "done"
    assert shell("show", run) == 0
    assert "2 items: 2 succeeded" in shell.err
    assert shell("show", run, "--item", "nobody") == 2
    assert shell("show", "nonsense") == 2
    assert shell("export", run, "-o", shell.folder / "again.jsonl") == 0
    assert (shell.folder / "again.jsonl").read_bytes() == (shell.folder / "out.jsonl").read_bytes()


def test_an_item_that_is_not_there_is_answered_with_the_nearest(shell: Shell) -> None:
    """A slip in a key is a usage error that says which keys are like it."""
    source, output = write_input(shell.folder / "in.jsonl", 12), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    for command in ("show", "cancel"):
        assert shell(command, "last", "--item", "id-1o") == 2
        assert "the nearest: id-1" in shell.err
        assert shell(command, "last", "--item", "???") == 2
        assert "no item '???'" in shell.err


def test_what_has_ended_is_not_canceled_and_that_is_said(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wish that nobody could carry out is not left; what became of it is told instead."""
    source, output = write_input(shell.folder / "in.jsonl", 2), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    assert shell("cancel", "last") == 0
    assert "has ended: done; there is nothing to cancel" in shell.err
    assert shell("cancel", "last", "--item", "id-1") == 0
    assert "has ended: succeeded" in shell.err
    assert shell("resume", "last", "--json") == 0
    assert shell.report["state"] == "done"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-bad")
    assert shell("run", source, "-o", output, "--again") == 6
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-any")
    assert shell("cancel", "last") == 0
    assert "cancellation requested" in shell.err
    assert shell("resume", "last") == 4
    assert shell("cancel", "last") == 0
    assert "has ended: canceled" in shell.err


def test_runs_say_when_they_were_and_what_became_of_them(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest comes first, each with its dates, and with the counts of its items."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    assert shell("run", source, "-o", output) == 0
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-bad")
    assert shell("run", source, "-o", output, "--again") == 6
    assert shell("runs") == 0
    rows = [line for line in shell.out.splitlines() if "run-" in line]
    assert "3 to do" in rows[0]
    assert "open: " in rows[0]
    assert "3 succeeded" in rows[1]
    assert rows[1].count("UTC") == 2
    assert shell("runs", "--json") == 0
    newest, oldest = shell.report["runs"]
    assert newest["created_at"] > oldest["created_at"]
    assert (newest["items"]["pending"], newest["ended_at"]) == (3, None)
    assert (oldest["items"]["succeeded"], oldest["state"]) == (3, "done")
    assert oldest["ended_at"] >= oldest["created_at"]


def test_every_command_takes_last_and_the_beginning_of_an_id(shell: Shell) -> None:
    """A run need not be copied out: the newest has a word, and every other a beginning."""
    source, output = write_input(shell.folder / "in.jsonl", 2), shell.folder / "out.jsonl"
    runs = []
    for _ in range(2):
        assert shell("run", source, "-o", output, "--again", "--json") == 0
        runs.append(shell.report["run"])
    old, new = runs
    beginning = next(old[:end] for end in range(1, len(old)) if not new.startswith(old[:end]))
    for named, meant in (("last", new), (beginning, old)):
        for command in (["show"], ["resume"], ["retry", "--failed"]):
            assert shell(*command, named, "--json") == 0
            assert shell.report["run"] == meant
        assert shell("export", named, "-o", shell.folder / "again.jsonl") == 0
        assert shell("cancel", named) == 0
    assert shell("show", "run-") == 2
    assert old in shell.err
    assert new in shell.err
    assert shell("forget", beginning, "--yes") == 0
    assert shell("runs", "--json") == 0
    assert [one["run"] for one in shell.report["runs"]] == [new]
    assert shell("resume", old) == 2
    assert new in shell.err


def test_a_canceled_run_ends_with_4(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish left while nobody works is carried out by the next command, for good."""
    source, output = write_input(shell.folder / "in.jsonl", 3), shell.folder / "out.jsonl"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-bad")
    assert shell("run", source, "-o", output, "--json") == 6
    run = shell.report["run"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-any")
    assert shell("cancel", run, "--item", "id-1") == 0
    assert shell("cancel", run, "--item", "nobody") == 2
    assert shell("cancel", run) == 0
    before = shell.posts()
    assert shell("resume", run, "--json") == 4
    assert shell.report["state"] == "canceled"
    assert shell.report["items"]["canceled"] == 3
    assert shell.posts() == before
    assert {line["result"]["type"] for line in read_output(output)} == {"canceled"}


def test_a_run_another_process_works_on_is_left_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked run ends with exit code 7 and names who holds it."""
    source, output = write_input(shell.folder / "in.jsonl", 2), shell.folder / "out.jsonl"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-bad")
    assert shell("run", source, "-o", output, "--json") == 6
    run = shell.report["run"]
    lock = shell.home / "locks" / f"{run}.lock"
    with FileLock(lock):
        lock.with_suffix(".pid").write_text("4242")
        assert shell("run", source, "-o", output) == 7
    assert f"process 4242 works on run {run}" in shell.err


def test_a_ledger_that_cannot_be_used_ends_with_7(shell: Shell) -> None:
    """A damaged ledger, or a home that is no folder, is told in one line."""
    source = write_input(shell.folder / "in.jsonl", 2)
    shell.home.mkdir()
    (shell.home / "ledger.sqlite3").write_bytes(b"no database at all" * 100)
    assert shell("run", source, "-o", shell.folder / "o.jsonl") == 7
    assert "damaged" in shell.err
    assert "Traceback" not in shell.err
    (shell.folder / "file").write_text("")
    assert shell("runs", "--home", shell.folder / "file") == 7


def test_prices_are_compared_over_models_and_lanes(shell: Shell) -> None:
    """A batch costs half, a year is fifty-two weeks, and an unknown model is a usage error."""
    words = ["price", "--items", 1_000, "--input-tokens", 2_000, "--output-tokens", 100]
    assert shell(*words, "--model", MODEL, "--weekly", 1_000, "--json") == 0
    (one,) = shell.report["models"]
    assert one["realtime_usd"] == "2.5"
    assert one["batch_usd"] == "1.25"
    assert one["batch_recurring_usd"]["year"] == "65"
    assert shell(*words) == 0
    assert shell(*words, "--model", "nonsense") == 2


def test_unknown_faults_are_answered_with_the_known_ones(shell: Shell) -> None:
    """`twolane sim` names its presets."""
    assert shell("sim", "--faults", "nonsense") == 2
    assert "lost-creates" in shell.err
    assert shell("sim", "--speed", "0") == 2


def test_run_and_resume_warn_of_results_that_expire(shell: Shell) -> None:
    """Before anything else a command says of which run results will be lost, and how to fetch."""
    words = ("run", write_input(shell.folder / "in.jsonl", 3), "-o", shell.folder / "out.jsonl")
    assert shell(*words, "--json") == 0
    run = shell.report["run"]
    db = sqlite3.connect(shell.home / "ledger.sqlite3")
    db.execute("UPDATE batches SET state = 'submitted', submitted_at = submitted_at - 25 * 86400.0")
    db.commit()
    db.close()
    for again in (words, ("resume", run)):
        assert shell(*again) == 0
        assert "warning: the results of batch msgbatch_" in shell.err
        assert f"fetch them before then with: resume {run}" in shell.err


def test_over_a_run_whose_results_were_let_go_nothing_is_sent_or_overwritten(shell: Shell) -> None:
    """The same command reports what it cost, leaves the output, and asks anew only with --again."""
    output = shell.folder / "out.jsonl"
    words = ("run", write_input(shell.folder / "in.jsonl", 3), "-o", output)
    assert shell(*words, "--json") == 0
    written = output.read_bytes()
    db = sqlite3.connect(shell.home / "ledger.sqlite3")
    db.execute("UPDATE runs SET ended_at = ended_at - 3 * 86400.0")
    db.commit()
    db.close()
    other = write_input(shell.folder / "other.jsonl", 1)
    assert shell("run", other, "-o", shell.folder / "o", "--keep-days", "2") == 0
    posts = shell.posts()
    assert shell(*words) == 0
    assert "were deleted on" in shell.err
    assert "no output is written" in shell.err
    assert (output.read_bytes(), shell.posts()) == (written, posts)
    assert shell(*words, "--again") == 0
    assert shell.posts() == posts + 1


def test_a_budget_per_run_caps_a_run_without_a_cap(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 5 where it is used up; --max-cost stands above it."""
    source = write_input(shell.folder / "in.jsonl", 15, max_tokens=2_000)
    monkeypatch.setenv("TWOLANE_RUN_BUDGET", "0.0056")
    assert shell("run", source, "-o", shell.folder / "out.jsonl", "--yes", "--json") == 5
    assert shell.report["items"]["skipped"] > 0
    words = ["run", source, "-o", shell.folder / "other.jsonl", "--max-cost", "1", "--json"]
    assert shell(*words) == 0
    assert shell.report["items"]["succeeded"] == 15
