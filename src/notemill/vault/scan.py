"""Finding the notes of a folder, leaving out what Obsidian leaves out."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.vault.disk import MAX_NOTE_BYTES
from notemill.vault.keys import key_of
from notemill.vault.left_alone import LeftAlone
from notemill.vault.presence import stands_for, why_offline
from notemill.vault.select import is_conflict_copy, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CONFLICT: Final = "the other half of a synchronising conflict; merge it by hand"


class NoteFile(NamedTuple):
    """A note in a folder listing.

    `key` is its path in the vault with `/`, in NFC, safe to store and print; `path` is the same
    path as listed, which may hold surrogates for undecodable bytes.
    """

    key: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The notes, sorted by key, and what was left out and why."""

    notes: tuple[NoteFile, ...]
    skipped: tuple[LeftAlone, ...]


def left_out_of(root: Path) -> Callable[[str], str]:
    """Return what tells why a note at a path would be left out, '' if it would not.

    By the vault's settings as they are now. Raises VaultSettingsError.
    """
    settings = read_settings(root)

    def reason(key: str) -> str:
        *folders, name = key.split("/")
        for depth in range(1, len(folders) + 1):
            if why := settings.reason_for("/".join(folders[:depth]) + "/"):
                return why
        return settings.reason_for(key) or (_CONFLICT if is_conflict_copy(name) else "")

    return reason


def scan_folder(root: Path) -> Scan:
    """Scan a folder; what cannot be read is skipped with a reason and never raises."""
    walk = Walk(root)
    found: dict[str, NoteFile] = {}
    # A name already in its key's form comes before one that differs in Unicode form alone.
    for note in sorted(walk.notes(), key=lambda note: (note.key, note.key != note.path, note.path)):
        if note.key in found:
            reason = "its name differs from another note's only in Unicode form; rename it"
            walk.skipped.append(LeftAlone(key_of(note.path), reason))
        else:
            found[note.key] = note
    return Scan(tuple(found.values()), tuple(walk.skipped))


class Walk:
    """One pass over a folder; `skipped` fills while `notes` yields."""

    def __init__(self, root: Path) -> None:
        """Take the folder and the vault settings that say what to leave out."""
        self._root = str(root)
        self._settings = read_settings(root)
        self.skipped: list[LeftAlone] = list(self._settings.problems)
        self.away = 0
        """Notes among them that are not on this disk."""

    def notes(self) -> Iterator[NoteFile]:
        """Yield the notes, folder by folder, without following links.

        A link may lead out of the vault or in a circle, and a write would replace the link.
        """
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(os.path.join(self._root, folder)) as listing:  # noqa: PTH118
                    entries = list(listing)
            except OSError as error:
                self._skip(folder, f"cannot be read ({error.strerror}); check its rights")
                continue
            names = {entry.name for entry in entries}
            for entry in entries:
                if (other := stands_for(entry.name)) and other[0] not in names:
                    self._skip_away(f"{folder}/{other[0]}" if folder else other[0], other[1])
                if entry.name.startswith("."):
                    continue
                path = f"{folder}/{entry.name}" if folder else entry.name
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if not self._is_left_out(path, "/"):
                            folders.append(path)
                    elif note := self._note(entry, path):
                        yield note
                except OSError as error:
                    self._skip(path, f"cannot be read ({error.strerror}); check its rights")

    def _note(self, entry: os.DirEntry[str], path: str) -> NoteFile | None:
        is_note = entry.name[-3:].lower() == ".md"
        if entry.is_symlink():
            if is_note or entry.is_dir():
                self._skip(path, "a link; only files in the vault itself are used")
            return None
        if not is_note or self._is_left_out(path, ""):
            return None
        if is_conflict_copy(entry.name):
            self._skip(path, _CONFLICT)
            return None
        info = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            self._skip(path, "not a regular file")
            return None
        if why := why_offline(info):
            self._skip_away(path, why)
            return None
        if info.st_size > MAX_NOTE_BYTES:
            self._skip(path, f"larger than {MAX_NOTE_BYTES // 1_048_576} MiB")
            return None
        return NoteFile(key_of(path), path, info.st_size, info.st_mtime_ns)

    def _is_left_out(self, path: str, ending: str) -> bool:
        reason = self._settings.reason_for(key_of(path) + ending)
        if reason:
            self._skip(path, reason)
        return bool(reason)

    def _skip_away(self, path: str, reason: str) -> None:
        if not self._is_left_out(path, ""):
            self._skip(path, reason)
            self.away += 1

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(LeftAlone(key_of(path), reason))
