"""Moving a whole state folder to another computer in one file, without working on a run twice.

An export holds a consistent snapshot of every SQLite file in the folder: the ledger, and the state
of programs built on the engine. Files named `derived.sqlite3` can be rebuilt, by convention, and
are left behind, like locks and bodies in transit. Unfinished runs are handed over: they can no
longer be worked on here, because both computers would pay for the same items.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twolane import private
from twolane.core.states import RunState
from twolane.databases import ARRIVED, guarded, structure_problem
from twolane.errors import ConfigError, LedgerDamagedError, LedgerError, LedgerLockedError
from twolane.ledger.check import check
from twolane.ledger.ledger import Ledger
from twolane.ledger.rows import IMPORTED
from twolane.ledger.runlock import LOCKS_FOLDER, SPOOL_FOLDER, moving_lock, run_lock, workshop
from twolane.ledger.store import Store, marker_of
from twolane.ledger.unpacking import FORMAT, MANIFEST, SPARE_BYTES, SUFFIX, check_name, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twolane.ledger.rows import RunRow

DERIVED = "derived.sqlite3"
_WITH_WORK_LEFT = (RunState.OPEN, RunState.STOPPED)


@dataclass(frozen=True, slots=True)
class Moved:
    """The content of an export or import: `unfinished` are the ids of unfinished runs."""

    runs: int
    unfinished: tuple[str, ...]
    kept: tuple[str, ...] = ()
    """Files that an import found already there, and left unchanged."""


def export_state(ledger: Ledger, target: Path, *, now: float) -> Moved:
    """Write the state folder of `ledger` into the new file `target`, readable by its owner only.

    Unfinished runs are handed over. The file appears under its name only when it is complete.
    Raises ConfigError if it exists or cannot be written, LedgerLockedError if a process works on a
    run; then nothing is handed over.
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
        try:
            check_name(name.as_posix())
        except ValueError as error:
            message = f"{path} cannot be exported under its name ({error}); rename it"
            raise ConfigError(message) from error
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
    """Take handed-over runs back, so that they can be worked on here again; return their ids."""
    runs = tuple(run.id for run in ledger.runs() if run.handed_over is not None)
    with ledger.store.transaction() as db:
        db.execute("UPDATE runs SET handed_over = NULL WHERE handed_over IS NOT NULL")
    return runs


def import_state(source: Path, path: Path, *, spare_bytes: int = SPARE_BYTES) -> Moved:
    """Install the state in the file `source` in the folder of the ledger at `path`.

    Anybody may have written the file: all of it is checked before anything is installed, and if
    anything is wrong the folder stays unchanged. An existing ledger is never touched. Existing
    files of other programs stay as they are; imported ones are marked for their programs to check.
    An imported run writes no output until a person names its file again.

    `spare_bytes` is what the file may unpack to in addition to a multiple of its size. Raises
    ConfigError if there is already a ledger or no such file, LedgerError if the file is damaged.
    """
    home = path.parent
    try:
        with _traceless(home), workshop(home) as folder:
            export = unpack(
                source,
                folder,
                ledger=path.name,
                check=lambda export: _refuse_second(path, source, export.mark),
                spare_bytes=spare_bytes,
            )
            names = list(export.names)
            for name in names:
                _check_structure(folder / name, source, stamp=name != path.name)
            moved = _checked(folder / path.name, source)
            return Moved(moved.runs, moved.unfinished, _place(folder, names, path))
    except OSError as error:
        message = f"{source} cannot be imported into {home}: {error.strerror or error}"
        raise ConfigError(message) from error


@contextlib.contextmanager
def _traceless(home: Path) -> Iterator[None]:
    """Make a state folder for a block; where that fails, remove what was made for its sake."""
    places = [*reversed(home.parents), home, home / LOCKS_FOLDER, home / SPOOL_FOLDER]
    new = [one for one in places if not one.exists()]
    had_lock = moving_lock(home).exists()
    private.state_folder(home)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            if not had_lock:
                moving_lock(home).unlink(missing_ok=True)
            for one in reversed(new):
                one.rmdir()  # only an empty one
        raise


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


def _check_structure(path: Path, source: Path, *, stamp: bool) -> None:
    """See that a file is whole and nothing in it acts; `stamp` marks it as one that arrived."""
    try:
        with guarded(path) as db:
            why = structure_problem(db)
            if not why and stamp:
                if (answer := db.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
                    why = str(answer)
                db.execute(f"PRAGMA application_id = {ARRIVED}")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        why = str(error)
    if why:
        message = f"{path.name} in {source} is damaged ({why}); nothing was imported"
        raise LedgerDamagedError(message)


def _checked(path: Path, source: Path) -> Moved:
    """Bring an unpacked ledger up to date, see that it is sound, mark its runs as imported.

    Raises LedgerError.
    """
    try:
        ledger = Ledger(path)
    except LedgerDamagedError as error:
        message = f"the ledger in {source} is damaged; nothing was imported. Copy it again"
        raise LedgerDamagedError(message) from error
    try:
        if findings := check(ledger):
            first = findings[0]
            message = (
                f"the ledger in {source} is not sound, nothing was imported: {first.invariant} is "
                f"broken by {', '.join(first.rows)}. Export it again after `twolane check` there"
            )
            raise LedgerDamagedError(message)
        runs = ledger.runs()
        with ledger.store.transaction() as db:
            db.executemany(
                "UPDATE runs SET settings = ? WHERE run_no = ?",
                [
                    (json.dumps({**json.loads(run.settings), IMPORTED: True}), run.run_no)
                    for run in runs
                ],
            )
        return Moved(len(runs), tuple(run.id for run in _unfinished(ledger)))
    finally:
        ledger.close()
        marker_of(path).unlink(missing_ok=True)


def _place(folder: Path, names: list[str], path: Path) -> tuple[str, ...]:
    """Move files where they belong, the ledger last; return those that were there already.

    Where that fails, those that were moved are taken out again.
    """
    kept = []
    with contextlib.ExitStack() as back:
        for name in names[1:]:
            target = path.parent / name
            if os.path.lexists(target):
                kept.append(name)
                continue
            _make_way(target, back)
            (folder / name).rename(target)
            back.callback(target.unlink)
        _make_way(path, back)
        (folder / path.name).replace(path)
        back.pop_all()
    return tuple(kept)


def _make_way(target: Path, back: contextlib.ExitStack) -> None:
    """Make the folder of a file that is to come, and move away what is left of one that is gone."""
    for folder in [one for one in target.parents if not one.exists()][::-1]:
        private.folder(folder)
        back.callback(folder.rmdir)
    for suffix in ("-wal", "-shm"):
        # It must not be taken for this one's.
        left_over = target.with_name(target.name + suffix)
        if left_over.exists():
            lost = target.with_name(f"{target.name}{suffix}.lost")
            left_over.replace(lost)
            back.callback(lost.replace, left_over)
