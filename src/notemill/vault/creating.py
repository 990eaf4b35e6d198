"""Notes that do not exist yet: where one may be created, and how it is put there.

Nothing is ever overwritten. A name is taken by any file whose name differs in case or Unicode form
alone, whatever the file system says: the vault may be synchronised to one that takes them for the
same.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.errors import NoteExistsError, OutsideVaultError, WriteFailedError
from notemill.vault.disk import MAX_NOTE_BYTES
from notemill.vault.globs import folded
from notemill.vault.keys import key_of
from notemill.vault.presence import stands_for
from notemill.vault.stored import is_note_path, leads_through_link

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from notemill.vault.disk import Disk
    from notemill.vault.journal import Journal

MOST_NUMBERED: Final = 10_000
"""How many names are tried for a note whose name is taken."""
_MAX_NAME_BYTES: Final = 255
"""Of a file's name, on every common file system."""
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note is to be created: its path in the vault, and the names in its folder.

    `missing` folders have to be made for it, the topmost first.
    """

    path: str
    names: frozenset[str]
    missing: tuple[str, ...]


class NewFiles:
    """The files that are created in one vault."""

    def __init__(self, root: Path, disk: Disk, journal: Journal) -> None:
        """Create files below `root` by the steps of `disk`."""
        self._root = str(root)
        self._disk = disk
        self._journal = journal

    def place(self, key: str) -> Place:
        """Return where the note `key` may be created.

        Raises OutsideVaultError, NoteExistsError where its name or a folder's is taken, and
        WriteFailedError.
        """
        place = self._place(key)
        if (found := key_of(place.path)) != key:
            raise NoteExistsError(
                f"{key} was not written: the vault spells its folder as in {found}; use that name"
            )
        self._check_free(place, key)
        return place

    def free(self, key: str, also: Collection[str] = ()) -> str:
        """Return the first free name of `key`, `key 2`, …, in the vault's spelling of its folder.

        The names `also` are taken as well. Raises OutsideVaultError, NoteExistsError,
        WriteFailedError.
        """
        place = self._place(key)
        taken = set(map(_takes, place.names))
        others = {folded(one) for one in also}
        folder, slash, name = key_of(place.path).rpartition("/")
        stem, ending = name[:-3], name[-3:]
        for number in range(1, MOST_NUMBERED + 1):
            tail = f" {number}{ending}" if number > 1 else ending
            tried = f"{_cut(stem, _MAX_NAME_BYTES - len(tail))}{tail}"
            path = f"{folder}{slash}{tried}"
            if folded(tried) not in taken and folded(path) not in others:
                return path
        raise NoteExistsError(
            f"{key} and {MOST_NUMBERED:,} names like it are taken; choose another"
        )

    def put(self, place: Place, key: str, temporary: str, new: bytes) -> None:
        """Create a note with the bytes `new`, whole or not at all. Raises VaultError."""
        full = os.path.join(self._root, place.path)  # noqa: PTH118
        part = os.path.join(self._root, temporary)  # noqa: PTH118
        if len(new) > MAX_NOTE_BYTES:
            raise WriteFailedError(
                f"{key} was not written: notes have {MAX_NOTE_BYTES:,} bytes at most"
            )
        try:
            for folder in place.missing:
                self._make_folder(folder)
            self._disk.create(part, new, "")
            # The last look; a file of the very same name is seen by the step itself.
            self._check_free(self._place(key), key)
            self._disk.add(part, full)
        except FileExistsError as error:
            raise _taken(key, key) from error
        except OSError as error:
            raise WriteFailedError(_why(key, error)) from error
        finally:
            with contextlib.suppress(OSError):
                self._disk.remove(part)
        # Journaled: where the flush fails, an undo tells by the bytes.
        with contextlib.suppress(OSError):
            self._disk.sync_folder(os.path.dirname(full))  # noqa: PTH120

    def remove_folders(self, path: str) -> None:
        """Remove the folders that were made for notes and are empty now, from a note's path up."""
        while path := path.rpartition("/")[0]:
            if not self._journal.made(path):
                return
            try:
                self._disk.remove_folder(os.path.join(self._root, path))  # noqa: PTH118
            except FileNotFoundError:
                pass
            except OSError:
                return
            self._journal.unmade(path)

    def is_absent(self, path: str) -> bool:
        """Return whether a note that was to be created is not there, by a folder that is.

        A folder that is missing although it was there before may be on a drive that is away.
        """
        folder = path.rpartition("/")[0]
        there = os.path.isdir(os.path.join(self._root, folder))  # noqa: PTH112, PTH118
        return there or self._journal.made(folder)

    def _place(self, key: str) -> Place:
        """Find the folders of a note to be created. Raises OutsideVaultError, WriteFailedError."""
        if not _is_key(key):
            raise OutsideVaultError(
                f"{key!r:.200} cannot be the path of a note; name a Markdown file in the vault, "
                "nowhere hidden"
            )
        *folders, name = key.split("/")
        path = ""
        missing: list[str] = []
        names = frozenset[str]()
        for depth in range(len(folders) + 1):
            if not missing:
                names = self._names(path, key)
            if depth == len(folders):
                break
            listed = None if missing else _spelled(folders[depth], names)
            path = f"{path}/{listed or folders[depth]}" if path else listed or folders[depth]
            if listed is None:
                missing.append(path)
                names = frozenset()
        return Place(f"{path}/{name}" if path else name, names, tuple(missing))

    def _names(self, folder: str, key: str) -> frozenset[str]:
        full = os.path.normpath(os.path.join(self._root, folder))  # noqa: PTH118
        if leads_through_link(full):
            raise OutsideVaultError(
                f"{key} was not written: {folder or 'its folder'} is a link, and may lead out of "
                "the vault"
            )
        try:
            return frozenset(os.listdir(full))  # noqa: PTH208
        except OSError as error:
            raise WriteFailedError(_why(key, error)) from error

    def _check_free(self, place: Place, key: str) -> None:
        wanted = folded(key.rpartition("/")[2])
        for name in place.names:
            if _takes(name) == wanted:
                raise _taken(key, key_of(f"{place.path.rpartition('/')[0]}/{name}".lstrip("/")))

    def _make_folder(self, folder: str) -> None:
        full = os.path.join(self._root, folder)  # noqa: PTH118
        try:
            self._disk.make_folder(full)
        except FileExistsError:
            # Somebody made it meanwhile: it is theirs.
            self._journal.unmade(folder)
        else:
            with contextlib.suppress(OSError):
                self._disk.sync_folder(os.path.dirname(full))  # noqa: PTH120


def _is_key(key: str) -> bool:
    try:
        return (
            is_note_path(key)
            and ".." not in key.replace("\\", "/").split("/")
            and key_of(key) == key
        )
    except UnicodeEncodeError:
        return False


def _takes(name: str) -> str:
    """Return the name that a file takes, folded; what stands for a note that is away takes its."""
    if name.isascii() and name[-3:].lower() == ".md":
        return name.lower()  # most names, and nothing stands for another note by one of these
    stands = stands_for(name)
    return folded(key_of(stands[0] if stands else name))


def _spelled(folder: str, names: frozenset[str]) -> str | None:
    """Return a folder's name as the vault has it, None if it has none like it."""
    if folder in names:
        return folder
    wanted = folded(folder)
    alike = sorted(name for name in names if folded(key_of(name)) == wanted)
    return next((one for one in alike if key_of(one) == folder), alike[0] if alike else None)


def _cut(stem: str, most_bytes: int) -> str:
    return stem.encode()[:most_bytes].decode("utf-8", "ignore").rstrip()


def _taken(key: str, by: str) -> NoteExistsError:
    return NoteExistsError(
        f"{key} was not written: {by if by != key else 'a file of that name'} exists; choose "
        "another name"
    )


def _why(key: str, error: OSError) -> str:
    if error.errno in _NO_SPACE:
        return f"no space left to write {key}; free some and run the command again"
    return f"{key} cannot be written ({error.strerror}); check the permissions of its folder"
