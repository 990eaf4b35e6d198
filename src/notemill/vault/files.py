"""The files of a vault: found, read, written and restored; the only code that touches notes."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from notemill.errors import (
    ExternallyChangedError,
    NoteNotFoundError,
    NoteUnreadableError,
    OutsideVaultError,
    StoreError,
    VaultError,
    WriteFailedError,
)
from notemill.vault.attributes import why_not_replaced
from notemill.vault.creating import NewFiles
from notemill.vault.disk import Disk
from notemill.vault.endings import Ending, NoteUndo, Recovered
from notemill.vault.globs import folded, matcher
from notemill.vault.journal import ABSENT, Intent, State, Write, WrittenRun
from notemill.vault.keys import key_of
from notemill.vault.note import bytes_hash
from notemill.vault.note_files import NoteFiles
from notemill.vault.places import readable
from notemill.vault.presence import Presence, presence
from notemill.vault.scan import NoteFile, left_out_of, scan_folder
from notemill.vault.stored import beside
from notemill.vault.writerlock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from notemill.vault.journal import Journal
    from notemill.vault.left_alone import LeftAlone

__all__ = ["Ending", "NoteFile", "NoteUndo", "Recovered", "Vault", "WrittenRun"]

_UNREADABLE: Final = "?"
"""In place of the hash of a note that cannot be read."""


class Vault:
    """A folder of Markdown notes, and the journal of what was written into it."""

    def __init__(
        self,
        root: Path,
        state_dir: Path,
        journal: Journal,
        *,
        clock: Callable[[], float],
        disk: Disk | None = None,
    ) -> None:
        """Open the folder that `vault_root` returned; locks are in `state_dir`, beside the journal.

        Use a vault only on the thread that opened its journal.
        """
        self.root = root
        self.skipped: tuple[LeftAlone, ...] = ()
        """What the last scan skipped, and why."""
        self.recovered: tuple[Recovered, ...] = ()
        """What crashes had left open and the lock's taking settled."""
        self._clock = clock
        self._journal = journal
        self._files = NoteFiles(root, disk or Disk())
        self._new = NewFiles(root, disk or Disk(), journal)
        self._writer = WriterLock(state_dir, root)
        self._paths: dict[str, str] = {}

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    # -- finding and reading ------------------------------------------------------------------

    def scan(self, only: str | None = None) -> list[NoteFile]:
        """Return the notes that Obsidian would show, sorted by key; see `skipped` for the rest.

        Skips dot folders, templates, excluded files, conflict copies, symbolic links and unreadable
        files. `only` is a glob such as `Projects/**`. Raises VaultError where the whole folder is
        away by now: that is no vault without notes.
        """
        found = scan_folder(self.root)
        if not found.notes:
            readable(self.root)
        self.skipped = found.skipped
        self._paths = {note.key: note.path for note in found.notes}
        if only is None:
            return list(found.notes)
        fits = matcher(only)
        return [note for note in found.notes if fits(folded(note.key))]

    def all_keys(self) -> list[str]:
        """Return the keys of all notes that a link could mean, even skipped and absent ones."""
        here = self.presence()
        return sorted((*here.notes, *here.elsewhere))

    def presence(self) -> Presence:
        """Find which notes are in the folder, skipped ones included, and which are elsewhere."""
        return presence(self.root)

    def why_away(self, key: str) -> str:
        """Return why a note's file is absent though nobody deleted it, '' if there is no reason."""
        return self.presence().away([key]).get(key, "")

    def has_plain_name(self, key: str) -> bool:
        """Tell whether a note's path is UTF-8. Raises NoteNotFoundError, OutsideVaultError."""
        return self._path(key).isascii() or not any(
            "\ud800" <= char <= "\udfff" for char in self._path(key)
        )

    def why_not_writable(self, key: str) -> str:
        """Return why a note cannot be written (permissions, hard link), '' if it can."""
        try:
            return why_not_replaced(self.path_of(key))
        except VaultError as error:
            return str(error)
        except OSError as error:
            return f"it cannot be read ({error.strerror}); check its permissions"

    def path_of(self, key: str) -> str:
        """Return a note's path. Raises NoteNotFoundError, OutsideVaultError."""
        return os.path.join(self.root, self._path(key))  # noqa: PTH118

    def read(self, key: str) -> bytes:
        """Return a note's bytes.

        Raises NoteNotFoundError, NoteUnreadableError, OutsideVaultError.
        """
        return self._files.read(self._path(key), key)

    def _path(self, key: str) -> str:
        """Return a note's path in the vault, as the folder lists it."""
        path = self._paths.get(key)
        if path is None:
            if "\0" in key or os.path.isabs(key) or ".." in key.replace("\\", "/").split("/"):  # noqa: PTH117
                raise OutsideVaultError(f"{key!r} leads out of the vault; name a note inside it")
            self.scan()
            path = self._paths.get(key_of(key))
        if path is None:
            raise NoteNotFoundError(
                f"there is no note {key} in {self.root}; it may have been renamed or deleted"
            )
        return path

    # -- writing ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the vault for writing, after settling what a crash left open.

        Reentrant. Hold it for one note, or for what belongs together: others wait, but not for
        long. Raises VaultLockedError, naming the process that holds the lock.
        """
        with self._writer.held(self._settle):
            yield

    def settle(self) -> None:
        """Settle what a crash left open. Raises VaultLockedError."""
        with self.lock():
            pass

    def _settle(self) -> None:
        self.recovered += tuple(self._recover())

    def write(
        self,
        key: str,
        new: bytes,
        *,
        expected: str,
        run: str,
        holds: Callable[[], bool] = lambda: True,
        also: Callable[[], object] = lambda: None,
    ) -> bool:
        """Replace a note if its bytes still have the hash `expected`; return whether it was replaced.

        It is left if `holds`, asked of the journal's file, returns False. Nobody else writes to that
        file between then and the end of the write, with which what `also` stores in it is committed.

        The write is journaled, written beside the note, flushed, and renamed into place: at every
        moment the note is whole, old or new. Raises ExternallyChangedError, and WriteFailedError if
        permissions or space are missing; the note is then unchanged.
        """
        with self.lock():
            path = self._path(key)
            before = self._files.check_unchanged(path, key, expected)
            if new == before:
                return True
            temporary = beside(path)
            after, now = bytes_hash(new), self._clock()
            return self._carry_out(
                Intent(run, key, path, temporary, before, expected, after, now),
                lambda: self._files.replace(path, key, temporary, new, expected),
                holds,
                also,
            )

    def create(
        self,
        key: str,
        new: bytes,
        *,
        run: str,
        holds: Callable[[], bool] = lambda: True,
        also: Callable[[], object] = lambda: None,
    ) -> bool:
        """Create a note, and the folders that it lacks; return whether it was created.

        `holds` and `also` are those of `write`. Nothing is overwritten, and at every moment the note
        is whole or not there. Raises NoteExistsError if the name is taken, OutsideVaultError, and
        WriteFailedError if permissions or space are missing; there is then no note.
        """
        with self.lock():
            place = self._new.place(key)
            temporary = beside(place.path)
            after, now = bytes_hash(new), self._clock()
            created = self._carry_out(
                Intent(run, key, place.path, temporary, b"", ABSENT, after, now, place.missing),
                lambda: self._new.put(place, key, temporary, new),
                holds,
                also,
            )
            if created:
                self._paths[key] = place.path
            return created

    def left_out(self) -> Callable[[str], str]:
        """Return what tells why a note with a key would be left out by scans, '' if it would not.

        Raises VaultSettingsError.
        """
        return left_out_of(self.root)

    def free_key(self, key: str, also: Collection[str] = ()) -> str:
        """Return the first key under which a note may be created: `key`, or it with a number.

        Its folder is spelled as in the vault; the keys `also` count as taken. Raises
        OutsideVaultError, NoteExistsError, WriteFailedError.
        """
        return self._new.free(key, also)

    def _carry_out(
        self,
        intent: Intent,
        act: Callable[[], None],
        holds: Callable[[], bool],
        also: Callable[[], object],
    ) -> bool:
        """Journal a write, carry it out by `act`, and return whether it was."""
        seq = self._journal.intend(intent)
        done = False
        try:
            with self._journal.transaction():
                if holds():
                    act()
                    done = True
                    self._journal.mark([seq], State.DONE)
                    also()
        except VaultError:
            # Where the note is written it is journaled as intended: the next lock settles it.
            if not done:
                self._withdraw(seq, intent)
                raise
        if not done:
            self._withdraw(seq, intent)
        return done

    def _withdraw(self, seq: int, intent: Intent) -> None:
        """Forget a write that did not reach its note, or leave that to the next lock."""
        with contextlib.suppress(StoreError):
            self._new.remove_folders(intent.path)
            self._journal.remove(seq)

    def _recover(self) -> Iterator[Recovered]:
        """Settle what a crash left open, by what the notes now are."""
        together: dict[tuple[str, str, str], list[Write]] = {}
        for write in self._journal.open_writes():
            together.setdefault((write.temporary, write.path, write.key), []).append(write)
        for (temporary, path, key), writes in together.items():
            oldest, newest = writes[0], writes[-1]
            now = self._left_by_crash(temporary, path, key)
            if now == ABSENT:
                self._new.remove_folders(path)
            state: State | None = State.UNCLEAR
            if now == newest.after_hash:
                state = State.DONE
            elif now == oldest.before_hash:
                state = State.UNDONE if newest.state is State.UNDOING else None
            if state is None:
                self._journal.remove(newest.seq)
            else:
                self._journal.mark([write.seq for write in writes], state)
            yield from (Recovered(write.key, write.run, state) for write in writes)

    def _left_by_crash(self, temporary: str, path: str, key: str) -> str:
        """Return a note's hash, ABSENT if it does not exist, after removing what lies beside it."""
        try:
            self._files.remove_left_over(temporary, path, key)
            return bytes_hash(self._files.read(path, key))
        except NoteNotFoundError:
            return ABSENT if self._new.is_absent(path) else _UNREADABLE
        except VaultError:
            return _UNREADABLE

    # -- undo ---------------------------------------------------------------------------------

    def runs(self) -> list[WrittenRun]:
        """Return the runs that wrote to the vault, newest first."""
        return self._journal.runs()

    def written_by(self, run: str) -> list[str]:
        """Return the notes that a run wrote to, sorted."""
        return sorted({write.key for write in self._journal.of_run(run)})

    def written_as(self, hash_: str) -> list[tuple[str, str]]:
        """Return each note that was written with bytes of a hash, and the run that wrote it."""
        return [(write.key, write.run) for write in self._journal.left(hash_)]

    def undo(
        self,
        run: str,
        *,
        key: str | None = None,
        through: bool = False,
        also: Callable[[NoteUndo], object] = lambda _: None,
    ) -> list[NoteUndo]:
        """Restore the bytes that a run's writes replaced, the latest write first.

        A note that the run created is removed, and so are folders that were made for it and are
        empty then.

        What `also` stores in the journal's file for a restored note is committed with it.

        A note that a later run wrote is left alone and that run is named, unless `through` also
        undoes the later runs' writes. A note edited since is left alone. Repeating an undo, even
        after a crash, changes nothing more. Raises VaultLockedError, StoreError.
        """
        with self.lock():
            oldest: dict[str, Write] = {}
            for write in self._journal.of_run(run):
                if key is None or write.key == key_of(key):
                    oldest[write.key] = write
            undone = [self._undo_note(write, also, through=through) for write in oldest.values()]
            missing = [one.key for one in undone if one.ending is Ending.MISSING]
            away = self.presence().away(missing) if missing else {}
            return [replace(one, problem=away.get(one.key, one.problem)) for one in undone]

    def _undo_note(
        self, oldest: Write, also: Callable[[NoteUndo], object], *, through: bool
    ) -> NoteUndo:
        key, run = oldest.key, oldest.run
        chain = self._journal.standing(key, oldest.seq)
        own = [write for write in chain if write.run == run]
        if not own:
            return self._undone([], NoteUndo(key, Ending.ALREADY, (run,)), also)
        chain = [write for write in chain if write.seq >= own[-1].seq]
        runs = tuple(dict.fromkeys(write.run for write in chain))
        later = tuple(one for one in runs if one != run)
        if later and not through:
            problem = (
                f"{', '.join(later)} wrote to it later; undo those first, or all together with "
                "--through"
            )
            return NoteUndo(key, Ending.BLOCKED, later, problem)
        try:
            return self._restore(key, chain, runs, also)
        except NoteNotFoundError:
            problem = "it was renamed or deleted"
            return NoteUndo(key, Ending.MISSING, runs, problem)
        except ExternallyChangedError as error:
            return NoteUndo(key, Ending.EDITED, runs, str(error))
        except (WriteFailedError, NoteUnreadableError, OutsideVaultError) as error:
            return NoteUndo(key, Ending.FAILED, runs, str(error))

    def _undone(
        self,
        seqs: Sequence[int],
        done: NoteUndo,
        also: Callable[[NoteUndo], object],
        *,
        path: str = "",
    ) -> NoteUndo:
        """Keep that a note's bytes are what they were, and what follows from it, in one commit."""
        with self._journal.transaction():
            self._journal.mark(seqs, State.UNDONE)
            if path:
                self._new.remove_folders(path)
            also(done)
        return done

    def _restore(
        self,
        key: str,
        chain: list[Write],
        runs: tuple[str, ...],
        also: Callable[[NoteUndo], object],
    ) -> NoteUndo:
        """Take a chain of writes to one note back, newest first, all or nothing."""
        newest, oldest = chain[0], chain[-1]
        seqs = [write.seq for write in chain]
        now = bytes_hash(self._files.read(newest.path, key))
        if now == oldest.before_hash:
            return self._undone(seqs, NoteUndo(key, Ending.ALREADY, runs), also)
        # Between two writes somebody may have edited: what they wrote must not go with them.
        edited = any(late.before_hash != early.after_hash for late, early in pairwise(chain))
        if now != newest.after_hash or edited:
            return NoteUndo(key, Ending.EDITED, runs, "it was edited since; revert it by hand")
        temporary = beside(newest.path)
        if oldest.creates:
            ending, path = Ending.REMOVED, newest.path
            act = partial(self._files.remove, path, key, now)
        else:
            ending, path, before = Ending.RESTORED, "", self._journal.before(oldest)
            act = partial(self._files.replace, newest.path, key, temporary, before, now)
        self._journal.mark(seqs, State.UNDOING, temporary=temporary)
        try:
            act()
        except VaultError:
            self._journal.mark(seqs, State.DONE)
            raise
        return self._undone(seqs, NoteUndo(key, ending, runs), also, path=path)
