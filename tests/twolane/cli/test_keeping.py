"""`twolane check`, `forget` and `state`: what they print, their exit codes, what they leave."""

from __future__ import annotations

import io
import os
import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.twolane.ledger.sound import make_sound
from twolane.cli import main
from twolane.core.expiry import DAY_S
from twolane.ledger import Ledger
from twolane.ledger.forgetting import let_go

if TYPE_CHECKING:
    from pathlib import Path


class Shell:
    """Runs commands in this process over the ledger in a folder."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: Any) -> None:  # noqa: ANN401
        """Set the environment of the commands."""
        self.home, self._patch, self._capture = home, patch, capture
        self.path = home / "ledger.sqlite3"
        self.out = self.err = ""
        patch.setenv("TWOLANE_HOME", str(home))
        patch.setenv("TWOLANE_CONFIG", os.devnull)

    def __call__(self, *words: object) -> int:
        """Run a command; return its exit code, and keep what it printed."""
        self._patch.setattr(sys, "argv", ["twolane", *map(str, words)])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self.out, self.err = self._capture.readouterr()
        return int(ended.value.code or 0)

    def change(self, statement: str) -> None:
        """Change the ledger behind its back."""
        db = sqlite3.connect(self.path)
        db.execute(statement)
        db.commit()
        db.close()


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell over a sound ledger with a run in every state."""
    home = tmp_path / "home"
    make_sound(home)
    return Shell(home, monkeypatch, capsys)


# -- check ----------------------------------------------------------------------------------------


def test_a_sound_ledger_ends_with_zero(shell: Shell) -> None:
    """The answer is one line, or one JSON object."""
    assert shell("check") == 0
    assert shell.out.startswith("sound: 4 runs in ")
    assert shell("check", "--json") == 0
    assert orjson.loads(shell.out) == {"ledger": str(shell.path), "sound": True, "findings": []}


def test_a_broken_invariant_ends_with_seven_its_rows_and_what_to_do(shell: Shell) -> None:
    """A person sees what does not hold, where, and the next step; a script gets the same."""
    shell.change("UPDATE items SET key = 'same' WHERE id < 4294967299")
    shell.change("UPDATE attempts SET outcome = 'odd thing' WHERE attempt_no = 1")
    assert shell("check") == 7
    assert "broken: an item belongs to a run, and its key stands once there" in shell.out
    assert "attempt 1 odd thing" in shell.out
    assert "restore it from a copy" in shell.err
    assert shell("check", "--json") == 7
    found = orjson.loads(shell.out)
    assert found["sound"] is False
    assert all(one["count"] and one["rows"] and one["advice"] for one in found["findings"])


def test_a_check_makes_no_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is none, that is an error and not an empty ledger that is sound."""
    shell = Shell(tmp_path / "nothing", monkeypatch, capsys)
    assert shell("check") == 7
    assert "there is no ledger at" in shell.err
    assert not shell.home.exists()


# -- forget ---------------------------------------------------------------------------------------


def test_forgetting_asks_first(shell: Shell) -> None:
    """Without a terminal and without --yes nothing is deleted, and the exit code is 8."""
    assert shell("forget", "done", "canceled") == 8
    assert "done: 4 items" in shell.err
    assert "run the command again with --yes" in shell.err
    assert shell("show", "done") == 0
    assert shell("forget", "done", "canceled", "--yes") == 0
    assert "2 runs forgotten" in shell.err
    assert shell("show", "done") == 2
    assert shell("check") == 0


def test_a_person_may_say_no(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked at a terminal is done only after a yes."""
    terminal = io.StringIO("n\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)
    assert shell("forget", "done") == 8
    assert "nothing was deleted" in shell.err
    assert shell("show", "done") == 0


def test_an_open_run_is_not_forgotten(shell: Shell) -> None:
    """The refusal says how to end the run, and nothing of the others is deleted."""
    assert shell("forget", "done", "open", "--yes") == 7
    assert "not finished; finish it (`resume open`), or cancel it" in shell.err
    assert shell("show", "done") == 0


def test_a_run_whose_bodies_were_let_go_says_so_everywhere(shell: Shell) -> None:
    """`show` tells since when, `export` refuses and writes no file."""
    ledger = Ledger(shell.path)
    let_go(ledger, keep_days=1, now=1.8e9)
    ledger.close()
    gone = "the requests and replies of run done were deleted on 2027-01-15"
    assert shell("show", "done") == 0
    assert gone in shell.err
    assert shell("show", "done", "--item", "k1") == 0
    item = orjson.loads(shell.out)
    assert (item["request"], item["result"]) == (None, None)
    assert item["gone"].startswith(gone)
    output = shell.home / "out.jsonl"
    assert shell("export", "done", "-o", output) == 7
    assert gone in shell.err
    assert not output.exists()
    assert shell("check") == 0


# -- state ----------------------------------------------------------------------------------------


def test_a_state_moves_by_two_commands(shell: Shell, tmp_path: Path) -> None:
    """Export, import elsewhere; here the open runs show where they went, and can be taken back."""
    file = tmp_path / "my.state"
    assert shell("state", "export", file) == 0
    assert "handed over: open" in shell.err
    assert shell("runs") == 0
    assert "open, handed over" in shell.out
    assert shell("show", "open") == 0
    assert "handed over with the export my.state (" in shell.err
    assert shell("cancel", "open") == 7
    assert "my.state" in shell.err
    assert "twolane state take-back" in shell.err
    assert shell("state", "import", file, "--home", tmp_path / "there") == 0
    assert "continue with: twolane resume open" in shell.err
    assert shell("runs", "--json", "--home", tmp_path / "there") == 0
    assert {run["handed_over"] for run in orjson.loads(shell.out)["runs"]} == {None}
    assert shell("state", "take-back") == 8
    assert "both computers pay for the same items" in shell.err
    assert shell("state", "take-back", "--yes") == 0
    assert "taken back: 2 runs" in shell.err
    assert shell("cancel", "open") == 0


def test_state_commands_refuse_with_what_to_do(shell: Shell, tmp_path: Path) -> None:
    """A missing file, a missing ledger and one that is there already each say so."""
    assert shell("state", "import", tmp_path / "none", "--home", tmp_path / "there") == 2
    assert "No such file" in shell.err
    assert shell("state", "export", tmp_path / "x", "--home", tmp_path / "there") == 7
    assert "there is no ledger" in shell.err
    assert shell("state", "export", tmp_path / "x") == 0
    assert shell("state", "import", tmp_path / "x") == 2
    assert "comes from this very ledger" in shell.err


def test_a_handed_over_run_may_be_forgotten_here(shell: Shell, tmp_path: Path) -> None:
    """Who moves for good can leave nothing behind."""
    assert shell("state", "export", tmp_path / "x") == 0
    assert shell("forget", "open", "stopped", "done", "canceled", "--yes") == 0
    assert shell("runs") == 0
    assert "no runs yet" in shell.out


# -- results that expire --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age_days", "warning"),
    [
        (21, ""),
        (23, "kept by the provider only until {}; fetch them before then with: resume open"),
        (30, "gone since {}; what was not fetched is asked again by: resume open"),
    ],
)
def test_runs_warns_before_results_expire(shell: Shell, age_days: int, warning: str) -> None:
    """Of each open batch that is older than 22 days it says until when, of which run, and how."""
    submitted_at = time.time() - age_days * DAY_S
    shell.change(f"UPDATE batches SET submitted_at = {submitted_at}")  # noqa: S608
    assert shell("runs", "--json") == 0
    assert shell("runs") == 0
    until = datetime.fromtimestamp(submitted_at + 29 * DAY_S, UTC).strftime("%Y-%m-%d %H:%M UTC")
    warnings = [line for line in shell.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == (2 if warning else 0)
    for line, batch in zip(warnings, ("msgbatch_dddd", "msgbatch_gggg"), strict=False):
        assert line == f"warning: the results of batch {batch} are {warning.format(until)}"
    shell.change("UPDATE runs SET handed_over = 'x' WHERE state = 'open'")
    assert shell("runs") == 0
    assert "warning" not in shell.err
