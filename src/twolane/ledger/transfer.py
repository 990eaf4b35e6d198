"""A whole state folder in one file, for a second computer, without working on a run twice.

Taken along is every SQLite file of the folder, each as of one moment: the ledger, and what
programs on top of the engine keep below it. Files named `index.sqlite3` are derived by convention
and left behind, like locks and bodies on their way. Runs with work left are handed over: they
cannot be worked on here any more, because both computers would pay for the same items.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sqlite3
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from twolane import private
from twolane.core.states import RunState
from twolane.errors import ConfigError, LedgerDamagedError, LedgerError, LedgerLockedError
from twolane.ledger.check import check
from twolane.ledger.ledger import Ledger
from twolane.ledger.runlock import LOCKS_FOLDER, SPOOL_FOLDER, run_lock, workshop
from twolane.ledger.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twolane.ledger.rows import RunRow

FORMAT = 1
MANIFEST = "manifest.json"
DERIVED = "index.sqlite3"
SUFFIX = ".sqlite3"
_WITH_WORK_LEFT = (RunState.OPEN, RunState.STOPPED)
_NOT_AN_EXPORT = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError, RuntimeError,
    NotImplementedError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """What an export or an import took along: `unfinished` are the ids of runs with work left."""

    runs: int
    unfinished: tuple[str, ...]
    kept: tuple[str, ...] = ()
    """Files that an import found in their place already, and left as they are."""


def export_state(ledger: Ledger, target: Path, *, now: float) -> Moved:
    """Write the state folder of `ledger` into the new file `target`, readable by its owner only.

    Runs with work left are handed over. The file appears under its name only when it is complete.
    Raises ConfigError where it exists or cannot be written, LedgerLockedError where a process
    works on a run; nothing is handed over then.
    """
    if target.exists():
        message = f"{target} exists; name another file"
        raise ConfigError(message)
    made = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    # A name may have stray bytes, which the ledger cannot store as they are.
    name = target.name.encode("utf-8", "backslashreplace").decode()
    mark = f"{name} ({made}, {secrets.token_hex(4)})"
    home = ledger.path.parent
    try:
        with contextlib.ExitStack() as held:
            for run in _unfinished(ledger):
                held.enter_context(run_lock(home / LOCKS_FOLDER, run.id))
            folder = held.enter_context(workshop(home))
            held.callback(_unmark_unless, target.exists, ledger, mark)
            unfinished = _hand_over(ledger, folder / ledger.path.name, mark, held)
            names = [ledger.path.name, *_copy_others(ledger.path, folder)]
            manifest = {"format": FORMAT, "mark": mark, "made_at": now, "files": names}
            _write(folder, manifest, target)
            return Moved(len(ledger.runs()), tuple(run.id for run in unfinished))
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}; nothing was handed over"
        raise ConfigError(message) from error


def _unfinished(ledger: Ledger) -> list[RunRow]:
    """Return the runs with work left that are worked on here."""
    return [
        run for run in ledger.runs() if run.state in _WITH_WORK_LEFT and run.handed_over is None
    ]


def _hand_over(ledger: Ledger, copy: Path, mark: str, held: contextlib.ExitStack) -> list[RunRow]:
    """Mark the unfinished runs and copy the ledger as it was right before; return the runs.

    Nobody can write in between: the copy has every run that is marked, unmarked.
    """
    locked = {run.id for run in _unfinished(ledger)}
    with ledger.store.transaction() as db:
        unfinished = _unfinished(ledger)
        if began := [run.id for run in unfinished if run.id not in locked]:
            message = f"run {began[0]} was begun meanwhile; wait for it and run the command again"
            raise LedgerLockedError(message)
        for run in unfinished:
            db.execute("UPDATE runs SET handed_over = ? WHERE run_no = ?", (mark, run.run_no))
        source = Store(ledger.path, read_only=True)
        held.callback(source.close)
        _copy(source.db, copy)
    return unfinished


def _unmark_unless(done: Any, ledger: Ledger, mark: str) -> None:  # noqa: ANN401
    if not done():
        with ledger.store.transaction() as db:
            db.execute("UPDATE runs SET handed_over = NULL WHERE handed_over = ?", (mark,))


def _copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database as of now. Raises LedgerError."""
    private.database(target)
    try:
        with contextlib.closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        message = f"a copy of {target.name} cannot be made: {error}; nothing was handed over"
        raise LedgerError(message) from error


def _copy_others(ledger: Path, folder: Path) -> Iterator[str]:
    """Copy what other programs keep beside the ledger; yield the names, below the state folder."""
    home = ledger.parent
    for path in sorted(home.rglob(f"*{SUFFIX}")):
        name = path.relative_to(home)
        if path == ledger or path.name == DERIVED or name.parts[0] == SPOOL_FOLDER:
            continue
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as source:
            _copy(source, folder / name)
        yield name.as_posix()


def _write(folder: Path, manifest: dict[str, Any], target: Path) -> None:
    """Pack copies into a file that appears whole, and is on disk when it does."""
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with private.new(part) as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
                pack.writestr(MANIFEST, json.dumps(manifest))
                for name in manifest["files"]:
                    pack.write(folder / name, name)
            out.flush()
            os.fsync(out.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def take_back(ledger: Ledger) -> tuple[str, ...]:
    """Let runs that were handed over be worked on here again; return their ids."""
    runs = tuple(run.id for run in ledger.runs() if run.handed_over is not None)
    with ledger.store.transaction() as db:
        db.execute("UPDATE runs SET handed_over = NULL WHERE handed_over IS NOT NULL")
    return runs


def import_state(source: Path, path: Path) -> Moved:
    """Put the state in the file `source` into the folder of the ledger at `path`.

    Checked before anything is put there; a ledger that is there is never touched. What other
    programs keep in the folder already stays as it is. Raises ConfigError where there is a
    ledger, or no such file, LedgerError where the file is damaged.
    """
    home = path.parent
    try:
        private.state_folder(home)
        with workshop(home) as folder:
            names = _unpack(source, folder, path)
            moved = _checked(folder / path.name, source)
            for name in names[1:]:
                _check_whole(folder / name, source)
            return Moved(moved.runs, moved.unfinished, _place(folder, names, path))
    except OSError as error:
        message = f"{source} cannot be imported into {home}: {error.strerror}"
        raise ConfigError(message) from error


def _unpack(source: Path, folder: Path, path: Path) -> list[str]:
    """Unpack an export into a folder; return its files, the ledger first."""
    try:
        with zipfile.ZipFile(source) as pack:
            manifest = json.loads(pack.read(MANIFEST))
            if manifest["format"] > FORMAT:
                message = f"{source} was written by a newer version; install that one"
                raise LedgerError(message)
            _refuse_second(path, source, str(manifest["mark"]))
            names = [_safe(name) for name in manifest["files"]]
            if names[:1] != [path.name]:
                raise ValueError(MANIFEST)  # told below, like all that is wrong
            for name in names:
                target = folder / name
                private.folder(target.parent)
                with pack.open(name) as packed, private.new(target) as out:
                    shutil.copyfileobj(packed, out)
    except _NOT_AN_EXPORT as error:
        message = (
            f"{source} is damaged, or no export of `twolane state export` ({error}); nothing was "
            "imported. Copy it again, or export again"
        )
        raise LedgerDamagedError(message) from error
    return names


def _safe(name: object) -> str:
    """Return the name of a packed file. Raises ValueError where it leads out of the folder."""
    path = PurePosixPath(str(name))
    if path.is_absolute() or ".." in path.parts or "\\" in str(name) or path.suffix != SUFFIX:
        message = f"a file named {name}"
        raise ValueError(message)
    return str(path)


def _refuse_second(path: Path, source: Path, mark: str) -> None:
    """See that there is no ledger yet. Raises ConfigError."""
    if not path.exists() or not path.stat().st_size:
        return
    message = (
        f"there is a ledger in {path.parent} already, and two cannot become one; move it away, or "
        "name another folder with --home"
    )
    with contextlib.suppress(LedgerError), contextlib.closing(Store(path, read_only=True)) as here:
        if here.db.execute("SELECT 1 FROM runs WHERE handed_over = ?", (mark,)).fetchone():
            message = (
                f"{source} comes from this very ledger; to go on with its runs here, take them "
                "back: twolane state take-back"
            )
    raise ConfigError(message)


def _checked(path: Path, source: Path) -> Moved:
    """Bring an unpacked ledger up to date and see that it is sound. Raises LedgerError."""
    ledger = Ledger(path)
    try:
        if findings := check(ledger):
            first = findings[0]
            message = (
                f"the ledger in {source} is not sound, nothing was imported: {first.invariant} is "
                f"broken by {', '.join(first.rows)}. Export it again after `twolane check` there"
            )
            raise LedgerDamagedError(message)
        return Moved(len(ledger.runs()), tuple(run.id for run in _unfinished(ledger)))
    finally:
        ledger.close()


def _check_whole(path: Path, source: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            answer = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        answer = error
    if answer != "ok":
        message = f"{path.name} in {source} is damaged ({answer}); nothing was imported"
        raise LedgerDamagedError(message)


def _place(folder: Path, names: list[str], path: Path) -> tuple[str, ...]:
    """Move files where they belong, the ledger last; return those that were there already.

    Until the ledger is there, the command can be given again.
    """
    kept = []
    for name in names[1:]:
        target = path.parent / name
        private.folder(target.parent)
        if target.exists():
            kept.append(name)
        else:
            (folder / name).rename(target)
    for suffix in ("-wal", "-shm"):
        # Of a ledger that is gone: it must not be taken for this one's.
        left_over = path.with_name(path.name + suffix)
        if left_over.exists():
            left_over.replace(path.with_name(f"{path.name}{suffix}.lost"))
    (folder / path.name).replace(path)
    return tuple(kept)
