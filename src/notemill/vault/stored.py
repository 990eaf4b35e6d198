"""Stored paths: whatever a journal says is checked each time before it is used.

A journal may come from another computer, and so from anybody. A note must be a Markdown file that
Obsidian shows, at a plain path below the vault; a temporary file must have a name that this module
gives and be beside its note. Any other stored path is neither read, written nor removed.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from typing import TYPE_CHECKING, Final

from notemill.errors import NoteNotFoundError, OutsideVaultError
from notemill.vault.keys import key_of

if TYPE_CHECKING:
    from pathlib import Path

_TEMPORARY: Final = ".notemill-"
_BESIDE: Final = re.compile(rf"{re.escape(_TEMPORARY)}[0-9a-f]{{16}}")
# What separates folders, or names a drive, on the system this runs on beside the slash.
_FOREIGN: Final = frozenset("\\:") if os.name == "nt" else frozenset()


def place_of(root: Path, path: str, key: str) -> str:
    """Return the path of the note `key`, which was stored as `path`.

    Raises OutsideVaultError if the path cannot be that note's or now leads through a link, and
    NoteNotFoundError if such a link is broken.
    """
    if not is_note_path(path) or key_of(path) != key_of(key):
        raise OutsideVaultError(
            f"the stored path of {key!r:.200} does not belong to that note ({path!r:.200}); "
            "it was not used"
        )
    full = os.path.normpath(os.path.join(root, path))  # noqa: PTH118
    # The note, or a folder above, may have been replaced by a link.
    if leads_through_link(full):
        if os.path.lexists(full):
            raise OutsideVaultError(f"{key} is a link now; only files in the vault itself are used")
        raise NoteNotFoundError(f"{key} is gone; it was renamed or deleted")
    return full


def leads_through_link(full: str) -> bool:
    """Tell whether a normalised path, or a folder above it, is a link."""
    if os.name == "nt":  # where other things than links lead elsewhere, too
        return os.path.realpath(full) != full
    end = 0
    while end < len(full):
        end = full.find("/", end + 1)
        end = len(full) if end < 0 else end
        try:
            if stat.S_ISLNK(os.lstat(full[:end]).st_mode):
                return True
        except OSError:  # it leads nowhere: whoever reads it finds out
            return False
    return False


def is_note_path(path: str) -> bool:
    """Tell whether a path can be a note's: relative, without detours, nowhere hidden."""
    return (
        path[-3:].lower() == ".md"
        and "\0" not in path
        and not _FOREIGN.intersection(path)
        and all(part and not part.startswith(".") for part in path.split("/"))
    )


def beside(path: str) -> str:
    """Return a new name in the same folder: a dot file, which nothing takes for a note."""
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{_TEMPORARY}{secrets.token_hex(8)}"


def is_beside(temporary: str, path: str) -> bool:
    """Tell whether `beside` could have returned `temporary` for `path`."""
    folder, _, name = temporary.rpartition("/")
    return folder == path.rpartition("/")[0] and _BESIDE.fullmatch(name) is not None
