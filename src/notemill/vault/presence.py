"""Which notes are in a vault's folder, and which are absent although nobody deleted them."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.vault.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_CLOUD: Final = "it is in the cloud and not on this disk; open it once, or keep it on this disk"
_COMING: Final = "it is being synchronised; wait until it is done"
# What stands for a note that is not here: its name is the group.
_STANDS_FOR: Final = (
    (re.compile(r"\.(.+\.md)\.icloud", re.IGNORECASE), _CLOUD),  # iCloud before macOS 14, iOS
    (re.compile(r"(.+\.md)\.cloud", re.IGNORECASE), _CLOUD),  # odrive
    (re.compile(r"(.+\.md)\.(?:nextcloud|owncloud)", re.IGNORECASE), _CLOUD),  # virtual files
    (re.compile(r"(?:\.syncthing\.|~syncthing~)(.+\.md)\.tmp", re.IGNORECASE), _COMING),
    (re.compile(r"\.(.+\.md)\.~[0-9a-f]+", re.IGNORECASE), _COMING),  # Nextcloud, ownCloud
    (re.compile(r"(.+\.md)\.(?:!sync|bts|rslsync)", re.IGNORECASE), _COMING),  # Resilio
)
_SF_DATALESS: Final = 0x4000_0000  # macOS, sys/stat.h: iCloud, Dropbox, Google Drive, OneDrive
# Windows: FILE_ATTRIBUTE_OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS
_OFFLINE: Final = 0x1000 | 0x4_0000 | 0x40_0000


def stands_for(name: str) -> tuple[str, str] | None:
    """Return the note that a placeholder file represents, by name, and why it is absent."""
    lowered = name.lower()
    if ".md" not in lowered or lowered.endswith(".md"):
        return None
    for pattern, why in _STANDS_FOR:
        if match := pattern.fullmatch(name):
            return match[1], why
    return None


def why_offline(info: os.stat_result) -> str:
    """Return why a file's bytes are not on this disk (reading would fetch them), '' if they are."""
    flags, attributes = getattr(info, "st_flags", 0), getattr(info, "st_file_attributes", 0)
    return _CLOUD if flags & _SF_DATALESS or attributes & _OFFLINE else ""


@dataclass(frozen=True, slots=True)
class Presence:
    """The contents of a vault's folder; all names are keys.

    `notes` are all Markdown files that a link could mean, skipped ones included; `elsewhere` the
    notes represented by placeholder files, and why; `folders` the readable folders, `empty` those
    with nothing in them, `closed` those that could not be read, and why.
    """

    notes: frozenset[str]
    elsewhere: Mapping[str, str]
    folders: frozenset[str]
    empty: frozenset[str]
    closed: Mapping[str, str]

    def away(self, known: Iterable[str]) -> dict[str, str]:
        """Return which of the notes `known` are absent but not deleted, and why.

        These are notes with a placeholder, and notes whose folder is missing, or is now empty
        although it held several, like the mount point of an absent drive. A note whose file is
        missing from any other folder is deleted.
        """
        missing = [key for key in known if key not in self.notes and not key.startswith("/")]
        emptied = Counter(_folder(key) for key in missing if _folder(key) in self.empty)
        found: dict[str, str] = {}
        for key in missing:
            folder = _folder(key)
            if why := self.elsewhere.get(key):
                found[key] = why
            elif lost := self._lost(folder):
                found[key] = lost
            elif emptied[folder] > 1:
                found[key] = f"its folder {folder} is empty; a drive may not be mounted there"
        return found

    def _lost(self, folder: str) -> str:
        """Return why a folder cannot be looked into, '' if it was."""
        parts = folder.split("/") if folder else []
        for count in range(1, len(parts) + 1):
            one = "/".join(parts[:count])
            if why := self.closed.get(one):
                return f"its folder {one} cannot be read ({why}); check its permissions"
            if one not in self.folders:
                return f"its folder {one} is missing; it may be on a drive that is not mounted"
        return ""


def presence(root: Path) -> Presence:
    """Scan a folder, without following links or entering dot folders."""
    notes: list[str] = []
    elsewhere: dict[str, str] = {}
    seen: list[str] = []
    empty: list[str] = []
    closed: dict[str, str] = {}
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:  # noqa: PTH118
                entries = list(listing)
            seen.append(key_of(folder))
            if not entries:
                empty.append(key_of(folder))
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if (other := stands_for(entry.name)) is not None:
                    elsewhere[key_of(path[: -len(entry.name)] + other[0])] = other[1]
                elif entry.name.startswith("."):
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.name[-3:].lower() == ".md":
                    notes.append(key_of(path))
        except OSError as error:
            closed[key_of(folder)] = error.strerror or str(error)
    here = frozenset(notes)
    return Presence(
        notes=here,
        elsewhere={key: why for key, why in elsewhere.items() if key not in here},
        folders=frozenset(seen),
        empty=frozenset(empty),
        closed=closed,
    )


def _folder(key: str) -> str:
    return key.rpartition("/")[0]
