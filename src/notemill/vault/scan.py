"""Finding the notes of a folder, with Obsidian's rules of what to leave out."""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.vault.select import Skipped, is_conflict_copy, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_NOTE_BYTES: Final = 67_108_864
"""A note is read and edited in memory; what is larger is no note that a person wrote."""


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A note as the folder lists it.

    `key` is its path in the vault with `/`, in NFC, as text that can be stored and printed;
    `path` the same as the folder lists it, which may hold surrogates for undecodable bytes.
    """

    key: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The notes, sorted by key, and what was left out and why."""

    notes: tuple[NoteFile, ...]
    skipped: tuple[Skipped, ...]


def key_of(path: str) -> str:
    """Return the key for a path: NFC; bytes that are no UTF-8 show as their escapes."""
    if path.isascii():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text)


def scan_folder(root: Path) -> Scan:
    """Look through a folder; what cannot be read is skipped with a reason, never an error."""
    walk = Walk(root)
    found: dict[str, NoteFile] = {}
    # A name already in its key's form comes before one that differs in Unicode form alone.
    for note in sorted(walk.notes(), key=lambda note: (note.key, note.key != note.path, note.path)):
        if note.key in found:
            reason = "its name differs from another note's in Unicode form alone; rename it"
            walk.skipped.append(Skipped(key_of(note.path), reason))
        else:
            found[note.key] = note
    return Scan(tuple(found.values()), tuple(walk.skipped))


def all_keys(root: Path) -> list[str]:
    """Return the keys of all Markdown files that a link could mean, those left out included."""
    found: list[str] = []
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:  # noqa: PTH118
                entries = [one for one in listing if not one.name.startswith(".")]
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.name[-3:].lower() == ".md":
                    found.append(key_of(path))
        except OSError:
            # The scan says what cannot be read; what is in there nobody can mean either.
            continue
    return sorted(found)


class Walk:
    """One pass over a folder; `skipped` fills while `notes` yields."""

    def __init__(self, root: Path) -> None:
        """Take the folder, and its own settings of what to leave out."""
        self._root = str(root)
        self._settings = read_settings(root)
        self.skipped: list[Skipped] = list(self._settings.problems)

    def notes(self) -> Iterator[NoteFile]:
        """Yield the notes, folder by folder. Links are not followed: their targets are notes too.

        A link may lead out of the vault or round in circles, and a write would replace it.
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
            for entry in entries:
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
                self._skip(path, "a link; only what lies in the vault itself is worked on")
            return None
        if not is_note or self._is_left_out(path, ""):
            return None
        if is_conflict_copy(entry.name):
            self._skip(path, "the other half of a synchronising conflict; merge it by hand")
            return None
        info = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            self._skip(path, "no ordinary file")
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

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(Skipped(key_of(path), reason))
