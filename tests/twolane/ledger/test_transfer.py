"""A state folder that moves to another computer: whole, checked, and never worked on twice."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import stat
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.doubles import Crash
from tests.twolane.ledger.sound import T0, make_sound
from tests.twolane.ledger.test_ledger_machine import new_items, new_run
from tests.twolane.worker.scene import SOURCE, Scene, ask, assert_all_answered
from twolane import Engine, RunState
from twolane.errors import (
    ConfigError,
    HandedOverError,
    LedgerError,
    LedgerLockedError,
    TwolaneError,
)
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.check import check
from twolane.ledger.runlock import run_lock
from twolane.ledger.transfer import export_state, import_state, take_back
from twolane.ledger.unpacking import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

REVIEW = "vaults/notes-12ab/vault.sqlite3"


def keep_more(home: Path) -> None:
    """Keep beside the ledger what programs on top of the engine keep."""
    for name in (REVIEW, "vaults/notes-12ab/derived.sqlite3"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE proposals (value)")
        db.execute("INSERT INTO proposals VALUES ('a tag')")
        db.commit()
        db.close()


def exported(home: Path, target: Path) -> Path:
    """Export a sound state folder; return the file."""
    make_sound(home)
    keep_more(home)
    ledger = Ledger(home / LEDGER_FILE)
    export_state(ledger, target, now=T0)
    ledger.close()
    return target


def test_an_export_holds_what_is_not_derived_and_is_private(tmp_path: Path) -> None:
    """Ledger and proposals are in it, indexes and locks are not; only its owner may read it."""
    file = exported(tmp_path / "here", tmp_path / "state")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(zipfile.ZipFile(file).namelist()) == {MANIFEST, LEDGER_FILE, REVIEW}
    moved = import_state(file, tmp_path / "there" / LEDGER_FILE)
    assert (moved.runs, set(moved.unfinished)) == (4, {"open", "stopped"})
    there = Ledger(tmp_path / "there" / LEDGER_FILE)
    assert check(there) == []
    assert {run.handed_over for run in there.runs()} == {None}
    there.close()
    db = sqlite3.connect(tmp_path / "there" / REVIEW)
    assert db.execute("SELECT value FROM proposals").fetchall() == [("a tag",)]
    db.close()
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "there").rglob("*.sqlite3")} == {
        0o600
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == ["here", "state", "there"]


def test_an_open_run_goes_on_over_there_and_not_here(tmp_path: Path) -> None:
    """After the export the run is finished on the second computer; here it is refused."""
    here = Scene(tmp_path / "here", batch_size=5)

    async def begin(engine: Engine) -> None:
        run = await here.begin(engine, ask(13))
        await run.drive()

    with pytest.raises(Crash):
        here.run(begin, ends_at=8)
    ledger = Ledger(tmp_path / "here" / LEDGER_FILE)
    export_state(ledger, tmp_path / "laptop.state", now=T0)
    ledger.close()

    async def refused(engine: Engine) -> None:
        run = await engine.latest(SOURCE)
        assert run is not None
        for work in (run.drive(), run.set_cap(10**12), run.retry_failed(), run.cancel()):
            with pytest.raises(HandedOverError, match=r"laptop.state .*state take-back"):
                await work

    creates = here.scripted.creates
    here.run(refused)
    assert here.scripted.creates == creates
    import_state(tmp_path / "laptop.state", tmp_path / "there" / LEDGER_FILE)
    there = Scene(tmp_path / "there", here.scripted, batch_size=5)
    assert there.finish(ask(13)).state == RunState.DONE
    assert_all_answered(there, 13)
    assert max(here.scripted.billed.values()) == 1


def test_what_was_handed_over_can_be_taken_back(tmp_path: Path) -> None:
    """Where the export is not used, its runs go on here as if nothing had been."""
    file = exported(tmp_path / "here", tmp_path / "state")
    path = tmp_path / "here" / LEDGER_FILE
    ledger = Ledger(path)
    assert {run.id for run in ledger.runs() if run.handed_over} == {"open", "stopped"}
    with pytest.raises(ConfigError, match=r"comes from this very ledger.*state take-back"):
        import_state(file, path)
    assert set(take_back(ledger)) == {"open", "stopped"}
    assert {run.handed_over for run in ledger.runs()} == {None}
    assert check(ledger) == []
    ledger.close()


def test_a_second_export_does_not_hand_a_run_over_again(tmp_path: Path) -> None:
    """What was handed over before stays so, in the copy as well: it goes on in one place only."""
    exported(tmp_path / "here", tmp_path / "first")
    ledger = Ledger(tmp_path / "here" / LEDGER_FILE)
    assert export_state(ledger, tmp_path / "second", now=T0).unfinished == ()
    ledger.close()
    assert import_state(tmp_path / "second", tmp_path / "there" / LEDGER_FILE).unfinished == ()
    there = Ledger(tmp_path / "there" / LEDGER_FILE)
    assert all("first" in (run.handed_over or "first") for run in there.runs())
    assert there.run("open").handed_over is not None
    there.close()


def test_while_a_process_works_nothing_is_handed_over(tmp_path: Path) -> None:
    """A run that is worked on, or is begun while the export is made, makes it refuse."""
    path = make_sound(tmp_path / "here")
    ledger = Ledger(path)
    with (
        run_lock(tmp_path / "here" / "locks", "open"),
        pytest.raises(LedgerLockedError, match="works on run open"),
    ):
        export_state(ledger, tmp_path / "state", now=T0)
    assert not (tmp_path / "state").exists()
    assert {run.handed_over for run in ledger.runs()} == {None}
    ledger.close()


def test_an_export_that_cannot_be_written_hands_nothing_over(tmp_path: Path) -> None:
    """A file that is there already, or a folder that is not, leaves every run where it is."""
    ledger = Ledger(make_sound(tmp_path / "here"))
    (tmp_path / "state").write_text("mine")
    with pytest.raises(ConfigError, match="exists; name another file"):
        export_state(ledger, tmp_path / "state", now=T0)
    assert (tmp_path / "state").read_text() == "mine"
    with pytest.raises(ConfigError, match="nothing was handed over"):
        export_state(ledger, tmp_path / "no folder" / "state", now=T0)
    assert {run.handed_over for run in ledger.runs()} == {None}
    assert list((tmp_path / "here" / "spool").iterdir()) == []
    ledger.close()


def test_an_import_needs_a_folder_without_a_ledger(tmp_path: Path) -> None:
    """Two ledgers never become one, and the one that is there is not touched."""
    file = exported(tmp_path / "here", tmp_path / "state")
    path = tmp_path / "there" / LEDGER_FILE
    ledger = Ledger(path)
    ledger.create_run(new_run(), new_items(), 1.0)
    with pytest.raises(ConfigError, match="there is a ledger in"):
        import_state(file, path)
    assert [run.id for run in ledger.runs()] == ["run-1"]
    ledger.close()


def test_a_lost_ledger_is_restored_beside_what_is_still_there(tmp_path: Path) -> None:
    """An emptied ledger is replaced; proposals that were kept all along are newer, and stay."""
    file = exported(tmp_path / "here", tmp_path / "state")
    path = tmp_path / "here" / LEDGER_FILE
    path.write_bytes(b"")
    path.with_name(f"{LEDGER_FILE}-wal").write_bytes(b"of the one that is gone")
    moved = import_state(file, path)
    assert moved.kept == (REVIEW,)
    ledger = Ledger(path)
    assert len(ledger.runs()) == 4
    ledger.close()
    assert path.with_name(f"{LEDGER_FILE}-wal.lost").read_bytes() == b"of the one that is gone"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What an export is made of."""
    folder = tmp_path_factory.mktemp("export")
    return exported(folder / "here", folder / "state").read_bytes()


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_export_is_refused_and_nothing_is_put_anywhere(
    tmp_path: Path, export: bytes, seed: int
) -> None:
    """Cut or flipped anywhere, it is told, or everything in it is sound all the same."""
    data = bytearray(export)
    draw = random.Random(seed)  # noqa: S311
    if seed % 3:
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    else:
        data = data[: draw.randrange(len(data))]
    (tmp_path / "state").write_bytes(data)
    path = tmp_path / "there" / LEDGER_FILE
    told = ""
    try:
        import_state(tmp_path / "state", path)
    except TwolaneError as error:
        told = str(error)
    if told:
        assert str(tmp_path / "state") in told
        assert list(path.parent.rglob("*.sqlite3*")) == []
        return
    ledger = Ledger(path)
    assert check(ledger) == []
    assert len(ledger.runs()) == 4
    ledger.close()


def test_an_unsound_ledger_is_not_imported(tmp_path: Path) -> None:
    """What `check` finds in the copy is named, and the folder stays empty."""
    path = make_sound(tmp_path / "here")
    db = sqlite3.connect(path)
    db.execute("UPDATE attempts SET cost_nano = -5 WHERE attempt_no = 1")
    db.commit()
    db.close()
    ledger = Ledger(path)
    export_state(ledger, tmp_path / "state", now=T0)
    ledger.close()
    with pytest.raises(LedgerError, match=r"not sound.*nothing costs more.*broken by 1"):
        import_state(tmp_path / "state", tmp_path / "there" / LEDGER_FILE)
    assert list((tmp_path / "there").rglob("*.sqlite3*")) == []


@pytest.mark.parametrize(
    "name", ["../outside.sqlite3", "/etc/x.sqlite3", "a/../../x.sqlite3", "..\\x.sqlite3", "x.py"]
)
def test_a_packed_file_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    """A file that was made up to write elsewhere is refused."""
    exported(tmp_path / "here", tmp_path / "good")
    with zipfile.ZipFile(tmp_path / "good") as good, zipfile.ZipFile(tmp_path / "bad", "w") as bad:
        manifest = json.loads(good.read(MANIFEST))
        manifest["files"].append(name)
        bad.writestr(MANIFEST, json.dumps(manifest))
        bad.writestr(LEDGER_FILE, good.read(LEDGER_FILE))
        bad.writestr(name, b"no database")
    with pytest.raises(LedgerError, match="damaged, or no export"):
        import_state(tmp_path / "bad", tmp_path / "there" / LEDGER_FILE)
    assert list((tmp_path / "there").rglob("*.sqlite3*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_an_export_may_have_any_name(tmp_path: Path) -> None:
    """Emoji and stray bytes in the name of the file stop neither the export nor the refusal."""
    ledger = Ledger(make_sound(tmp_path / "here"))
    file = tmp_path / os.fsdecode("laptop 🚀 ".encode() + b"\xff.state")
    assert set(export_state(ledger, file, now=T0).unfinished) == {"open", "stopped"}
    assert (ledger.run("open").handed_over or "").startswith("laptop 🚀 \\udcff.state (")
    assert import_state(file, tmp_path / "there" / LEDGER_FILE).runs == 4
    ledger.close()


@pytest.mark.loopback
def test_a_process_that_dies_while_it_exports_leaves_runs_that_can_be_taken_back(
    tmp_path: Path,
) -> None:
    """Runs are handed over before the file has its name: a crash never leaves both."""
    path = make_sound(tmp_path / "here")
    code = (
        "import os, sys, zipfile; from pathlib import Path\n"
        "from twolane.ledger import Ledger; from twolane.ledger.transfer import export_state\n"
        "class Dying(zipfile.ZipFile):\n"
        "    def close(self): os._exit(9)\n"
        "zipfile.ZipFile = Dying\n"
        "export_state(Ledger(Path(sys.argv[1])), Path(sys.argv[2]), now=0.0)"
    )
    target = tmp_path / "state"
    died = subprocess.run(  # noqa: S603  # this test's own command
        [sys.executable, "-c", code, str(path), str(target)], check=False
    )
    assert died.returncode == 9
    assert not target.exists()
    ledger = Ledger(path)
    assert {run.id for run in ledger.runs() if run.handed_over} == {"open", "stopped"}
    assert set(take_back(ledger)) == {"open", "stopped"}
    assert check(ledger) == []
    assert list(path.parent.glob("spool/*/ledger.sqlite3"))
    export_state(ledger, target, now=T0)
    assert set(zipfile.ZipFile(target).namelist()) == {MANIFEST, LEDGER_FILE}
    ledger.close()
    assert list((tmp_path / "here" / "spool").iterdir()) == []
