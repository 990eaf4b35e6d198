"""Vault folders for tests, a disk that fails or dies at a chosen step, and a clock."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import notemill
from notemill.stores.journal import StoredJournal
from notemill.stores.store import FILE, Store
from notemill.vault.disk import Disk
from notemill.vault.files import Vault
from notemill.vault.note import bytes_hash
from notemill.vault.places import vault_root

if TYPE_CHECKING:
    from collections.abc import Callable

_DYING = """
import os, pathlib, sys
sys.path[:0] = [sys.argv[1]]
from notemill.stores.journal import StoredJournal
from notemill.stores.store import FILE, Store
from notemill.vault.disk import Disk
from notemill.vault.files import Vault
from notemill.vault.note import bytes_hash
step = sys.argv[4]
class Dying(Disk):
    pass
def die(*_):
    os._exit(9)
def then_die(self, *arguments):
    getattr(Disk, step.removeprefix("after "))(self, *arguments)
    die()
setattr(Dying, step.removeprefix("after "), then_die if step.startswith("after ") else die)
state = pathlib.Path(sys.argv[3])
journal = StoredJournal(Store(state / FILE))
vault = Vault(pathlib.Path(sys.argv[2]).resolve(), state, journal, clock=lambda: 1.0, disk=Dying())
"""


def killed_at(step: str, work: str, root: Path, state: Path) -> int:
    """Let a real process do `work` with `vault` until it dies at a step of its disk; return how."""
    sources = Path(notemill.__file__).parents[1]
    arguments = map(str, (sources, root, state, step))
    return subprocess.run(  # noqa: S603  # this interpreter, and the text above
        [sys.executable, "-c", _DYING + work, *arguments], check=False, timeout=60
    ).returncode


class Death(BaseException):
    """The process ends here, as by kill -9: nothing below may run, and nothing does."""


@dataclass
class ScriptedDisk(Disk):
    """The real disk, until the step named `fails`; then `fault` is raised there, each time.

    A dead process does nothing more: after `Death` no step has an effect.
    """

    fails: str = ""
    fault: BaseException = field(default_factory=lambda: OSError(errno.ENOSPC, "no space left"))
    dead: bool = False

    def _step(self, name: str) -> None:
        if self.dead:
            raise self.fault
        if name == self.fails:
            self.dead = isinstance(self.fault, Death)
            raise self.fault

    def read(self, path: str) -> bytes:
        """Read, or fail at `read`."""
        self._step("read")
        return super().read(path)

    def create(self, path: str, data: bytes, like: str) -> None:
        """Create, or fail at `create` before anything, at `half create` with half of it there."""
        self._step("create")
        if self.fails == "half create":
            super().create(path, data[: len(data) // 2], like)
        self._step("half create")
        super().create(path, data, like)

    def replace(self, temporary: str, path: str) -> None:
        """Rename, or fail at `replace`, or at `after replace` when it is done."""
        self._step("replace")
        super().replace(temporary, path)
        self._step("after replace")

    def add(self, temporary: str, path: str) -> None:
        """Name, or fail at `add`, at `half add` with both names there, or at `after add`."""
        self._step("add")
        if self.fails == "half add":
            Path(path).hardlink_to(temporary)
        self._step("half add")
        super().add(temporary, path)
        self._step("after add")

    def make_folder(self, path: str) -> None:
        """Make a folder, or fail at `make_folder`, or at `after make_folder` when it is there."""
        self._step("make_folder")
        super().make_folder(path)
        self._step("after make_folder")

    def remove_folder(self, path: str) -> None:
        """Remove a folder, or fail at `remove_folder`, or at `after remove_folder`."""
        self._step("remove_folder")
        super().remove_folder(path)
        self._step("after remove_folder")

    def sync_folder(self, folder: str) -> None:
        """Flush the folder, or fail at `sync_folder`."""
        self._step("sync_folder")
        super().sync_folder(folder)

    def remove(self, path: str) -> None:
        """Remove, or fail at `remove`, or at `after remove` of a file that was there."""
        self._step("remove")
        was_there = Path(path).exists()
        super().remove(path)
        if was_there:
            self._step("after remove")


class Ticking:
    """A clock that goes on by one second a look."""

    def __init__(self) -> None:
        """Begin at the epoch."""
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time, one second later than before."""
        self.now_s += 1.0
        return self.now_s


def make_vault(tmp_path: Path, files: dict[str, bytes], disk: Disk | None = None) -> Vault:
    """Write files into the folder `vault` and open it."""
    for name, raw in files.items():
        path = tmp_path / "vault" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return reopen(tmp_path, disk)


def reopen(tmp_path: Path, disk: Disk | None = None) -> Vault:
    """Open the folder `vault` as another process would."""
    state = tmp_path / "state"
    return open_vault(tmp_path / "vault", state, clock=Ticking(), disk=disk)


def open_vault(
    path: Path,
    state: Path,
    *,
    clock: Callable[[], float] = time.time,
    disk: Disk | None = None,
) -> Vault:
    """Open the vault in the folder `path` with its store in the folder `state`."""
    root = vault_root(path)
    return Vault(root, state, StoredJournal(Store(state / FILE)), clock=clock, disk=disk)


def write(vault: Vault, key: str, new: bytes, run: str = "r1") -> None:
    """Write a note over what it is now."""
    vault.write(key, new, expected=bytes_hash(vault.read(key)), run=run)


def folders_in(tmp_path: Path) -> list[str]:
    """Return every folder below the vault."""
    root = tmp_path / "vault"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir())


def names_in(tmp_path: Path) -> list[str]:
    """Return every file below the vault, temporary ones included."""
    root = tmp_path / "vault"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
