"""A run that was imported: where it writes, and whom it asks, a person names again."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from tests.twolane.ledger.sound import T0, make_sound
from twolane.cli import main
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.transfer import export_state, import_state, take_back

if TYPE_CHECKING:
    from pathlib import Path


DONE = 3
"""What a run ends with that has failed items among those that are answered."""


class Shell:
    """Runs `twolane` in this process over a ledger that was imported, and one that was not."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        """Make a ledger whose runs all write to `victim`, and import a copy of it."""
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
                patch.delenv(name)
        patch.setenv("TWOLANE_CONFIG", os.devnull)
        patch.setenv("ANTHROPIC_API_KEY", "sk-ant-nothing")
        self.folder, self._patch, self._capture = folder, patch, capture
        self.here, self.there = folder / "here", folder / "there"
        self.victim = folder / "victim.md"
        self.victim.write_text("mine\n")
        make_sound(self.here)
        self.record(output=str(self.victim.resolve()))
        ledger = Ledger(self.here / LEDGER_FILE)
        export_state(ledger, folder / "state", now=T0)
        take_back(ledger)
        ledger.close()
        import_state(folder / "state", self.there / LEDGER_FILE)

    def record(self, **settings: object) -> None:
        """Write other settings into all runs of the ledger that was not imported."""
        with contextlib.closing(sqlite3.connect(self.here / LEDGER_FILE)) as db, db:
            db.execute("UPDATE runs SET settings = ?", (json.dumps(settings),))

    def __call__(self, home: Path, line: str, *words: object) -> int:
        """Run a command; return its exit code, and keep what it said."""
        self._patch.setenv("TWOLANE_HOME", str(home))
        self._patch.setattr(sys, "argv", ["twolane", *line.split(), *map(str, words)])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self.out, self.err = self._capture.readouterr()
        return int(ended.value.code or 0)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Both ledgers."""
    return Shell(tmp_path, monkeypatch, capsys)


LINES = ("resume done", "retry done --failed", "retry done --failed --all", "resume stopped")


@pytest.mark.parametrize("line", LINES)
def test_an_imported_run_writes_nowhere_before_its_output_is_named_again(
    shell: Shell, line: str
) -> None:
    """The command that names it is told, and nothing is sent or written before."""
    assert shell(shell.there, line) == 2
    assert shell.victim.read_text() == "mine\n"
    words = line.split()
    again = " ".join([words[0], *words[2:], words[1]])
    assert f"twolane {again} -o FILE" in " ".join(shell.err.split())


def test_to_take_runs_back_makes_no_imported_run_ones_own(shell: Shell) -> None:
    """A ledger can say of its runs that they were handed over; what it says is no mark of ours."""
    with contextlib.closing(sqlite3.connect(shell.there / LEDGER_FILE)) as db, db:
        db.execute("UPDATE runs SET handed_over = 'x' WHERE id = 'stopped'")
    assert shell(shell.there, "state take-back --yes") == 0
    assert shell(shell.there, "resume stopped") == 2
    assert shell.victim.read_text() == "mine\n"


def test_an_imported_run_writes_to_the_output_that_is_named(shell: Shell) -> None:
    """That is the person's word, each time anew."""
    named = shell.folder / "named.jsonl"
    assert shell(shell.there, "resume done -o", named) == DONE
    assert len(named.read_text().splitlines()) > 0
    assert shell.victim.read_text() == "mine\n"
    assert shell(shell.there, "resume done") == 2
    assert shell(shell.there, "export done -o", shell.folder / "other.jsonl") == 0


def test_a_run_of_ones_own_writes_where_it_was_told_to(shell: Shell) -> None:
    """Its output is on record, and a person wrote that."""
    assert shell(shell.here, "resume done") == DONE
    assert shell.victim.read_text().startswith('{"index":')


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_an_output_that_has_become_a_link_is_named_again(shell: Shell, what: str) -> None:
    """What a person named was a file; what it leads to now, they have not seen."""
    folder = shell.folder / "out"
    folder.mkdir()
    output = folder / "results.jsonl"
    shell.record(output=str(output))
    if what == "the file":
        output.symlink_to(shell.victim)
    else:
        folder.rmdir()
        (shell.folder / "elsewhere").mkdir()
        folder.symlink_to(shell.folder / "elsewhere")
    assert shell(shell.here, "resume done") == 2
    assert "-o FILE" in shell.err
    assert shell.victim.read_text() == "mine\n"
    assert shell(shell.here, "resume done -o", shell.folder / "named") == DONE


@pytest.mark.parametrize(
    "output", ["relative.jsonl", "../x", "a\0b", "", 5, None, ["x"], {"a": 1}, "~/x", "/nowhere/x"]
)
def test_no_recorded_output_is_a_traceback_or_a_file_of_this_folder(
    shell: Shell, output: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no run records is not written to."""
    monkeypatch.chdir(shell.folder)
    before = sorted(shell.folder.iterdir())
    shell.record(output=output)
    assert shell(shell.here, "resume done") in (DONE, 2)
    assert "Traceback" not in shell.err
    assert sorted(shell.folder.iterdir()) == before


def test_no_address_of_an_import_is_asked(shell: Shell) -> None:
    """A server is looked for where this computer looks, or a person says; not where a file says."""
    with contextlib.closing(sqlite3.connect(shell.there / LEDGER_FILE)) as db, db:
        db.execute("UPDATE runs SET base_url = 'http://stranger.example'")
    ledger = Ledger(shell.there / LEDGER_FILE)
    assert {run.begun_at for run in ledger.runs()} == {""}
    ledger.close()
    with contextlib.closing(sqlite3.connect(shell.here / LEDGER_FILE)) as db, db:
        db.execute("UPDATE runs SET base_url = 'http://localhost:1234'")
    ledger = Ledger(shell.here / LEDGER_FILE)
    assert {run.begun_at for run in ledger.runs()} == {"http://localhost:1234"}
    ledger.close()
