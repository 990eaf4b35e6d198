"""Who may read what is kept: the state folder and all in it, however it came to be."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from notemill.cli import main as notemill
from tests.notemill.workflows.notes import many, write_notes
from tests.twolane.ledger.sound import make_sound
from twolane import private
from twolane.cli import main as twolane
from twolane.errors import LedgerError, StateFolderError
from twolane.ledger import Ledger
from twolane.ledger.runlock import run_lock, workshop
from twolane.providers.chat import Manner
from twolane.providers.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
root_only = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away"
)
SOMEBODY = 54_321


def modes(folder: Path) -> dict[str, int]:
    """Return the paths below a folder, and itself, that others may use or that have an odd mode."""
    found = {str(one): one for one in (folder, *folder.rglob("*"))}
    return {
        name: mode_of(one)
        for name, one in found.items()
        if mode_of(one) != (0o700 if one.is_dir() else 0o600)
    }


def mode_of(path: Path) -> int:
    """Return a path's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def loosen(folder: Path) -> None:
    """Let everybody read and write all that is kept."""
    for one in (folder, *folder.rglob("*")):
        one.chmod(0o777 if one.is_dir() else 0o666)


@pytest.fixture(params=[0, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """A process whose new files are for all, or for nobody."""
    before = os.umask(request.param)
    yield
    os.umask(before)


class Commands:
    """Runs commands in this process over one state folder and one vault."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        """Take them away from every setting of this machine."""
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
                patch.delenv(name)
        self.home, self.vault, self.patch = folder / "far" / "home", folder / "vault", patch
        write_notes(self.vault, many(3))
        patch.setenv("TWOLANE_CONFIG", os.devnull)

    def __call__(self, line: str, *words: object, home: Path | None = None) -> int:
        """Run a command; return its exit code."""
        tool, *rest = line.split()
        self.patch.setenv("TWOLANE_HOME", str(home or self.home))
        self.patch.setattr(sys, "argv", [tool, *rest, *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            (notemill if tool == "notemill" else twolane)()
        return int(ended.value.code or 0)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands, over a vault of three notes."""
    return Commands(tmp_path, monkeypatch)


def test_no_umask_opens_what_is_kept_or_locks_its_owner_out(
    run: Commands, umask: None, tmp_path: Path
) -> None:
    """Ledger, logs, locks, indexes, journals, copies and the folders between are their owner's."""
    del umask
    assert run("notemill curate --apply --yes", run.vault) == 0
    assert run("notemill undo last --yes") == 0
    with run_lock(run.home / "locks", "one"), workshop(run.home) as folder:
        private.write(folder / "body", b"a prompt")
        Remembered(run.home / "servers.json").keep("there", Manner())
        assert modes(run.home) == {}
    assert run("twolane state export", tmp_path / "state") == 0
    assert mode_of(tmp_path / "state") == 0o600
    assert run("twolane state import", tmp_path / "state", home=tmp_path / "there") == 0
    assert modes(tmp_path / "there") == {}
    assert modes(run.home.parent) == {}, "what had to be made above it"


@pytest.mark.parametrize("line", ["notemill runs", "notemill curate --yes --json", "notemill tags"])
def test_what_an_earlier_version_left_open_is_closed(run: Commands, line: str) -> None:
    """Any command tightens the folder and all that is kept in it, of all vaults."""
    assert run("notemill curate --yes", run.vault) == 0
    loosen(run.home)
    assert run(line, *([] if line.endswith("runs") else [run.vault])) == 0
    assert modes(run.home) == {}


@pytest.mark.parametrize("line", ["twolane runs", "twolane check", "twolane runs --json"])
def test_the_engine_alone_closes_what_is_its_own(run: Commands, line: str) -> None:
    """Its files and folders are tightened, a person's beside them are not touched."""
    make_sound(run.home)
    (run.home / "notes").mkdir()
    (run.home / "notes" / "script.sh").touch()
    with run_lock(run.home / "locks", "one"):
        loosen(run.home)
    (run.home / "notes" / "script.sh").chmod(0o755)
    assert run(line) == 0
    assert modes(run.home) == {
        str(run.home / "notes"): 0o777,
        str(run.home / "notes" / "script.sh"): 0o755,
    }


@root_only
@pytest.mark.parametrize("link", ["", "link"])
@pytest.mark.parametrize(
    "line", ["twolane runs", "twolane check", "notemill runs", "notemill curate --yes"]
)
def test_another_users_state_is_refused_with_the_command_that_mends_it(
    run: Commands, line: str, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even root works on it: what it wrote there, its owner could not use any more."""
    make_sound(run.home)
    os.chown(run.home, SOMEBODY, SOMEBODY)
    home = run.home
    if link:
        home = run.home.parent / link
        home.symlink_to(run.home)
    before = sorted(one.stat().st_mtime_ns for one in run.home.rglob("*"))
    words = [run.vault] if "curate" in line else []
    assert run(line, *words, home=home) == 7
    assert f"sudo chown -R root {run.home}" in capsys.readouterr().err
    assert sorted(one.stat().st_mtime_ns for one in run.home.rglob("*")) == before


@root_only
def test_what_others_put_into_an_open_folder_is_refused(run: Commands) -> None:
    """A lock or a link that is somebody else's is named, not used."""
    make_sound(run.home)
    planted = run.home / "locks"
    planted.mkdir()
    os.chown(planted, SOMEBODY, SOMEBODY)
    with pytest.raises(StateFolderError, match=str(planted)):
        Ledger(run.home / "ledger.sqlite3")
    planted.rmdir()
    planted = run.home / "servers.json"
    planted.symlink_to(run.vault / "note 0.md")
    os.lchown(planted, SOMEBODY, SOMEBODY)
    with pytest.raises(StateFolderError, match=str(planted)):
        Ledger(run.home / "ledger.sqlite3")


def test_a_folder_for_all_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    """What is like /tmp would be closed to everybody else."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(StateFolderError, match="name one of your own"):
        Ledger(shared / "ledger.sqlite3")
    assert mode_of(shared) == 0o1777
    assert list(shared.iterdir()) == []
    Ledger(shared / "mine" / "ledger.sqlite3").close()
    assert mode_of(shared / "mine") == 0o700


@pytest.mark.parametrize(
    "name", ["ledger.sqlite3", "ledger.sqlite3-wal", "servers.json", "locks/x"]
)
def test_what_is_no_file_is_refused_without_being_opened(tmp_path: Path, name: str) -> None:
    """A named pipe would wait for a writer for ever."""
    path = tmp_path / "home" / name
    private.folder(path.parent)
    os.mkfifo(path)
    with pytest.raises(LedgerError, match="neither a file nor a folder"):
        Ledger(tmp_path / "home" / "ledger.sqlite3")


def test_the_error_is_one_object_for_a_script(
    run: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` has it on standard output, with its exit code."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    capsys.readouterr()
    assert run("twolane runs --json", home=shared) == 7
    told = json.loads(capsys.readouterr().out)
    assert (told["error"]["kind"], told["error"]["exit"]) == ("state_folder", 7)


def test_private_files_are_whole_and_new(tmp_path: Path) -> None:
    """A small file is replaced in one step, and a new one is no other's."""
    private.write(tmp_path / "one", b"first")
    private.write(tmp_path / "one", b"second")
    assert (tmp_path / "one").read_bytes() == b"second"
    assert [one.name for one in tmp_path.iterdir()] == ["one"]
    with pytest.raises(FileExistsError):
        private.new(tmp_path / "one")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    with pytest.raises(OSError, match="link"):
        private.emptied(tmp_path / "link")
    assert (tmp_path / "one").read_bytes() == b"second"
