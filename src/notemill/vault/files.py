"""The files of a vault: found, read, written and restored; the only code that touches notes."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import json
import os
import re
import secrets
import stat
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from notemill.errors import (
    ExternallyChangedError,
    NoteNotFoundError,
    OutsideVaultError,
    VaultError,
    VaultLockedError,
    WriteFailedError,
)
from notemill.vault.journal import DONE, DROPPED, INTENDED, UNDONE, Journal
from notemill.vault.note import bytes_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notemill.vault.journal import Write

_CONFLICT_COPY = re.compile(r"\(conflicted copy[^)]*\)|\.sync-conflict-\d{8}-", re.IGNORECASE)
_TEMPORARY = ".notemill-"


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A note as the folder lists it. `key` is its path in the vault, with `/`, in NFC."""

    key: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class NoteUndo:
    """What became of one note in an undo; `problem` is '' where its bytes are back."""

    key: str
    restored: bool
    problem: str = ""


class Disk:
    """The few steps of an atomic write, apart so that each can fail in a test."""

    def create(self, path: str, data: bytes, mode: int) -> None:
        """Write a new file and flush it to the disk."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            os.fsync(file.fileno())

    def replace(self, temporary: str, path: str) -> None:
        """Put a file in another's place, in one step."""
        os.replace(temporary, path)  # noqa: PTH105  # paths are kept as the folder lists them

    def sync_folder(self, folder: str) -> None:
        """Flush a folder, so that a rename in it survives a power cut."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Vault:
    """A folder of Markdown notes, and the journal of what was written into it."""

    def __init__(self, root: Path, state_dir: Path, disk: Disk | None = None) -> None:
        """Take a folder that `open` has looked at."""
        self.root = root
        self._state_dir = state_dir
        self._disk = disk or Disk()
        self._journal = Journal(state_dir / "journal.sqlite3")
        self._paths: dict[str, str] = {}
        self._skips = _skips(root)
        self._recover()

    @classmethod
    def open(cls, path: Path, *, state_dir: Path, disk: Disk | None = None) -> Self:
        """Open the vault in the folder `path`; all that is kept about it goes to `state_dir`.

        Raises VaultError where there is no such folder, it is a file, or it cannot be read.
        """
        try:
            root = path.expanduser().resolve()
            if not root.exists():
                raise VaultError(f"there is no folder {path}; name the folder with your notes")
            if not root.is_dir():
                raise VaultError(f"{path} is a file; name the folder with your notes")
            with os.scandir(root):
                pass
        except OSError as error:
            message = f"the folder {path} cannot be read: {error.strerror}; check its rights"
            raise VaultError(message) from error
        vault = cls(root, state_dir, disk)
        if next(vault._walk(), None) is None:
            vault.close()
            raise VaultError(f"there are no Markdown notes in {path}; name the folder of a vault")
        return vault

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    # -- finding ------------------------------------------------------------------------------

    def scan(self, only: str | None = None) -> list[NoteFile]:
        """Return the notes, sorted by key, as Obsidian would see them.

        Left out: dot folders, templates, excluded files, conflict copies, links that leave the
        vault. `only` is a pattern as in `Projects/**`.
        """
        found = sorted(self._walk(), key=lambda file: (file.key, file.path))
        # Two names that differ only in their Unicode form have one key: the second keeps its own.
        files: dict[str, NoteFile] = {}
        for file in found:
            key = file.key if file.key not in files else _name(file.path, self.root)
            files[key] = NoteFile(key, file.path, file.size, file.mtime_ns)
        self._paths = {key: file.path for key, file in files.items()}
        if only is None:
            return list(files.values())
        return [file for file in files.values() if _matches(file.key, only)]

    def _walk(self) -> Iterator[NoteFile]:
        folders = [str(self.root)]
        while folders:
            folder = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if not self._skips(_name(entry.path, self.root) + "/"):
                            folders.append(entry.path)
                    elif entry.name.lower().endswith(".md") and (note := self._note(entry)):
                        yield note
                except OSError:
                    continue

    def _note(self, entry: os.DirEntry[str]) -> NoteFile | None:
        if _CONFLICT_COPY.search(entry.name):
            return None
        key = _name(entry.path, self.root)
        if self._skips(key):
            return None
        if entry.is_symlink():
            target = Path(entry.path).resolve()
            if not target.is_relative_to(self.root):
                return None
        if not entry.is_file():
            return None
        info = entry.stat()
        return NoteFile(
            unicodedata.normalize("NFC", key), entry.path, info.st_size, info.st_mtime_ns
        )

    # -- reading and writing ------------------------------------------------------------------

    def path_of(self, key: str) -> str:
        """Return where a note lies. Raises NoteNotFoundError, OutsideVaultError."""
        if key not in self._paths:
            self.scan()
        if key in self._paths:
            return self._paths[key]
        if not (self.root / key).resolve().is_relative_to(self.root):
            raise OutsideVaultError(f"{key} leads out of the vault; name a note inside it")
        raise NoteNotFoundError(f"there is no note {key} in {self.root}")

    def read(self, key: str) -> bytes:
        """Return a note's bytes. Raises NoteNotFoundError, VaultError."""
        return _read(self.path_of(key), key)

    def write(self, key: str, new: bytes, *, expected: str, run: str) -> None:
        """Replace a note, if its bytes still have the hash `expected`.

        Journaled first, then written beside the note, flushed, and renamed into its place: at
        every moment the note is whole, old or new. Raises ExternallyChangedError, and
        WriteFailedError where rights or space are missing; the note is then as it was.
        """
        path = self.path_of(key)
        before = _read(path, key)
        if bytes_hash(before) != expected:
            raise ExternallyChangedError(f"{key} was changed since it was read; it is left alone")
        seq = self._journal.intend(
            run=run,
            key=key,
            path=path,
            before=before,
            hashes=(expected, bytes_hash(new)),
            at=time.time(),
        )
        try:
            self._replace(path, key, new, expected)
        except (ExternallyChangedError, WriteFailedError):
            self._journal.mark(seq, DROPPED)
            raise
        self._journal.mark(seq, DONE)

    def _replace(self, path: str, key: str, new: bytes, expected: str) -> None:
        folder = os.path.dirname(path)  # noqa: PTH120  # paths are kept as the folder lists them
        temporary = f"{folder}/{_TEMPORARY}{secrets.token_hex(8)}"
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116
            self._disk.create(temporary, new, mode)
            # The last look, right before the step that cannot be taken back.
            if bytes_hash(_read(path, key)) != expected:
                raise ExternallyChangedError(f"{key} was changed while it was written; left alone")
            self._disk.replace(temporary, path)
            self._disk.sync_folder(folder)
        except OSError as error:
            # After the rename only the flush can fail; then the note is written, if not yet safe.
            if bytes_hash(_read(path, key)) == bytes_hash(new):
                return
            raise WriteFailedError(_why(key, error)) from error
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108

    def _recover(self) -> None:
        """Settle the writes that a crash left open, by what the notes now are."""
        for write in self._journal.writes(state=INTENDED):
            try:
                now = bytes_hash(_read(write.path, write.key))
            except VaultError:
                now = ""
            self._journal.mark(write.seq, DONE if now == write.after_hash else DROPPED)

    # -- undo ---------------------------------------------------------------------------------

    def undo(self, run: str, *, key: str | None = None, through: bool = False) -> list[NoteUndo]:
        """Restore the bytes that a run's writes replaced, newest first.

        Refuses where a later run wrote to one of the notes, naming it, unless `through` undoes
        that, too; leaves a note alone that was edited since. Raises VaultError.
        """
        own = [w for w in self._journal.writes(run=run, state=DONE) if key in (None, w.key)]
        if not own:
            return []
        oldest = {write.key: write.seq for write in own}
        chain = [
            write
            for write in self._journal.writes(state=DONE)
            if write.key in oldest and write.seq >= oldest[write.key]
        ]
        later = sorted({write.run for write in chain} - {run})
        if later and not through:
            raise VaultError(
                f"later runs wrote to the same notes: {', '.join(later)}; undo them first, or all "
                "together with --through"
            )
        return [
            self._restore(name, [write for write in chain if write.key == name])
            for name in sorted(oldest)
        ]

    def _restore(self, key: str, writes: list[Write]) -> NoteUndo:
        """Take the writes to one note back, the newest first."""
        for write in writes:
            try:
                now = bytes_hash(_read(write.path, key))
                # Restored already, and the process died before it was written down.
                if now != write.before_hash:
                    if now != write.after_hash:
                        return NoteUndo(key, restored=False, problem="it was edited since")
                    self._replace(write.path, key, write.before, write.after_hash)
            except (VaultError, ExternallyChangedError) as error:
                return NoteUndo(key, restored=False, problem=str(error))
            self._journal.mark(write.seq, UNDONE)
        return NoteUndo(key, restored=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only process that writes to the vault. Raises VaultLockedError."""
        path = self._state_dir / "write.lock"
        owner = path.with_suffix(".pid")
        lock = FileLock(path, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            who = owner.read_text() if owner.exists() else "unknown"
            raise VaultLockedError(
                f"process {who} writes to {self.root}; wait for it and run the command again"
            ) from None
        try:
            owner.write_text(str(os.getpid()))
            yield
        finally:
            owner.unlink(missing_ok=True)
            lock.release()


def _read(path: str, key: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError as error:
        raise NoteNotFoundError(f"{key} is gone; it was renamed or deleted") from error
    except OSError as error:
        raise VaultError(f"{key} cannot be read: {error.strerror}") from error


def _why(key: str, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"no space is left to write {key}; it is as it was. Free some and run again"
    return f"{key} cannot be written ({error.strerror}); it is as it was. Check its rights"


def _name(path: str, root: Path) -> str:
    relative = os.path.relpath(path, root)
    return relative.replace(os.sep, "/")


def _matches(key: str, pattern: str) -> bool:
    """Tell whether a key fits a pattern; `**` crosses folders, a folder's name stands for all."""
    if fnmatch.fnmatchcase(key, pattern.replace("**", "*")):
        return True
    return key.startswith(pattern.rstrip("/") + "/")


def _skips(root: Path) -> Callable[[str], bool]:
    """Return a check for what Obsidian's own settings of this vault leave out."""
    settings = root / ".obsidian"
    prefixes: list[str] = []
    patterns: list[re.Pattern[str]] = []
    for one in _json(settings / "app.json").get("userIgnoreFilters") or []:
        if isinstance(one, str) and len(one) > 1 and one.startswith("/") and one.endswith("/"):
            with contextlib.suppress(re.error):
                patterns.append(re.compile(one[1:-1]))
        elif isinstance(one, str) and one:
            prefixes.append(one)
    for file, name in (
        ("templates.json", "folder"),
        ("plugins/templater-obsidian/data.json", "templates_folder"),
    ):
        folder = _json(settings / file).get(name)
        if isinstance(folder, str) and folder.strip("/"):
            prefixes.append(folder.strip("/") + "/")

    def skips(key: str) -> bool:
        return any(key.startswith(one) for one in prefixes) or any(
            one.search(key) for one in patterns
        )

    return skips


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
