"""Private state: the only code that creates the state folder and the files in it.

Folders are 0700 and files 0600 whatever the umask, and existing ones are tightened. A folder or
file that another user owns, or that others could still write to, is refused. Windows has no such
modes: there a folder inherits the permissions of its parent.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from filelock import FileLock

from twolane.errors import StateFolderError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_ROOT: Final = 0  # may set up a link for a user
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_BINARY: Final = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
# What SQLite keeps beside a database: made with its mode, but left as they are once they are there.
_BESIDE: Final = ("-wal", "-shm", "-journal")
# What the engine keeps in the state folder. Only these are looked through: a person may name a
# folder that has other things in it.
_FILES: Final = ("ledger.sqlite3", "servers.json")
_FOLDERS: Final = ("locks", "spool")


def state_folder(home: Path, *, create: bool = True) -> None:
    """Make a state folder and the engine's files in it private; `create` creates it if absent.

    Without `create` an absent folder stays absent, and a read-only one is accepted as it is. Raises
    StateFolderError, OSError.
    """
    if create:
        folder(home)
    elif not os.access(home, os.W_OK):
        return
    else:
        tighten(home)
    with os.scandir(home) as entries:
        for entry in entries:
            # What another process has just removed needs nothing.
            with contextlib.suppress(FileNotFoundError):
                if entry.name in _FOLDERS:
                    tighten_all(Path(entry.path))
                elif entry.name.startswith(_FILES):
                    tighten(Path(entry.path))


def folder(path: Path) -> None:
    """Create a folder and its missing parents, or tighten the existing one.

    Raises StateFolderError, and OSError if it cannot be created.
    """
    for missing in reversed(list(_absent(path))):
        with contextlib.suppress(FileExistsError):  # another process was first
            missing.mkdir(mode=FOLDER_MODE)
            missing.chmod(FOLDER_MODE)  # whatever the umask took away
    if not path.is_dir():
        raise FileExistsError(f"{path} is not a folder")
    tighten(path)


def _absent(path: Path) -> Iterator[Path]:
    """Yield the folders that have to be made for `path` to be there, the innermost first."""
    for one in (path, *path.parents):
        if os.path.lexists(one):
            return
        yield one


def file(path: Path) -> None:
    """Create an empty file, or tighten the existing one. Raises StateFolderError, OSError."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        tighten(path)
        handle = os.open(path, os.O_RDWR)  # raises where it may not be written
    else:
        _set_mode(handle)
    os.close(handle)


def database(path: Path) -> None:
    """Create an empty file for SQLite, or tighten the existing one and its companion files.

    SQLite does not create it, so that others cannot read it at any moment. Raises StateFolderError,
    OSError.
    """
    folder(path.parent)
    file(path)
    for suffix in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            tighten(path.with_name(path.name + suffix))


def emptied(path: Path) -> BinaryIO:
    """Open a new or truncated file for writing. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_FOLLOW | _BINARY
    handle = os.open(path, flags, FILE_MODE)
    _set_mode(handle)
    return os.fdopen(handle, "wb")


def new(path: Path) -> BinaryIO:
    """Open a file for writing that must not exist yet. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, FILE_MODE)
    _set_mode(handle)
    return os.fdopen(handle, "wb")


def write(path: Path, data: bytes) -> None:
    """Write a small file atomically. Raises OSError."""
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with new(part) as out:
            out.write(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def lock(path: Path, *, thread_local: bool = True) -> FileLock:
    """Return a file lock that is released when its process dies; acquiring it does not wait.

    Raises StateFolderError.
    """
    with contextlib.suppress(FileNotFoundError):
        tighten(path)
    return FileLock(path, timeout=0, mode=FILE_MODE, thread_local=thread_local)


def _set_mode(handle: int) -> None:
    if sys.platform != "win32":
        os.fchmod(handle, FILE_MODE)  # whatever the umask took away, or an earlier file allowed


def tighten_all(path: Path) -> None:
    """Tighten a folder and everything in it. Raises StateFolderError, OSError."""
    for at, _, names in os.walk(path):
        tighten(Path(at))
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # as above
                tighten(Path(at, name))


def tighten(path: Path) -> None:
    """Remove all permissions on a file or folder from everybody but its owner.

    Raises StateFolderError if another user owns it, if others can still write to it, or if it is
    neither a regular file nor a folder; OSError if it is absent.
    """
    if sys.platform == "win32":
        return
    me = os.geteuid()
    if (owner := path.lstat().st_uid) not in (me, _ROOT):
        raise _foreign(path, owner)
    info = path.stat()
    if info.st_uid != me:
        raise _foreign(path, info.st_uid)
    if not stat.S_ISDIR(info.st_mode) and not stat.S_ISREG(info.st_mode):
        message = f"{path} is neither a file nor a folder; move it away"
        raise StateFolderError(message)
    allowed = FOLDER_MODE if stat.S_ISDIR(info.st_mode) else FILE_MODE
    mode = stat.S_IMODE(info.st_mode)
    if not mode & ~allowed:
        return
    if mode & stat.S_ISVTX or os.path.samestat(info, os.stat(path.anchor or "/")):  # noqa: PTH116
        message = f"{path} is a folder for all; name one of your own (--home, TWOLANE_HOME)"
        raise StateFolderError(message)
    # Refused on a medium that cannot be written, without effect on a disk that keeps no modes.
    with contextlib.suppress(OSError):
        path.chmod(mode & allowed)
    if path.stat().st_mode & _OTHERS_WRITE:
        raise _open_to_others(path)


def _foreign(path: Path, owner: int) -> StateFolderError:
    real = _quoted(path)
    me = os.geteuid() if sys.platform != "win32" else 0
    return StateFolderError(
        f"{path} belongs to user {_name(owner)}, and you are {_name(me)}; run the command as "
        f"{_name(owner)}, or take it over: sudo chown -R {_name(me)} {real}"
    )


def _open_to_others(path: Path) -> StateFolderError:
    real = _quoted(path)
    return StateFolderError(
        f"others can write to {path}, and its rights cannot be changed from here; run: chmod -R "
        f"go-rwx {real} - or keep the state on a disk that has rights (--home, TWOLANE_HOME)"
    )


def _quoted(path: Path) -> str:
    """Return a path as a shell takes it."""
    from shlex import quote  # noqa: PLC0415  # for an error alone

    return quote(str(path.resolve()))


def _name(uid: int) -> str:
    """Return a user's name, the number where there is none."""
    try:
        import pwd  # noqa: PLC0415  # not on Windows

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)
