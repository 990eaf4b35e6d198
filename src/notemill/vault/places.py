"""The locations of known vaults, kept in their state folders, so that undo works from anywhere."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notemill.errors import (
    EmptyVaultError,
    NotAFolderError,
    UnreadableVaultError,
    VaultError,
    VaultNotFoundError,
)
from notemill.vault.scan import Walk
from notemill.vault.state_files import VAULTS
from twolane import TwolaneError, private
from twolane.files import read_small

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE: Final = "folder"
_MAX_PATH_BYTES: Final = 1 << 16  # no system has longer ones


def vault_root(path: Path) -> Path:
    """Return the absolute path of the vault at `path`, with symbolic links resolved.

    Raises VaultError if the folder is missing, a file, unreadable or without notes.
    """
    root = readable(path)
    walk = Walk(root)
    if next(walk.notes(), None) is None:
        raise EmptyVaultError(
            f"none of the {walk.away:,} notes in {path} is on this disk; download them"
            if walk.away
            else f"there are no Markdown notes in {path}, or its own settings exclude them all; "
            "name the folder of a vault, or mount the drive that it is on"
        )
    return root


def readable(path: Path) -> Path:
    """Return the absolute path of a folder, with symbolic links resolved.

    Raises VaultError if it is missing, a file or unreadable.
    """
    try:
        root = path.expanduser().resolve()
        kind = os.stat(root).st_mode  # noqa: PTH116
        if stat.S_ISDIR(kind):
            with os.scandir(root):
                pass
    except FileNotFoundError as error:
        raise VaultNotFoundError(
            f"there is no folder {path}; name the folder with your notes, or mount the drive that "
            "it is on"
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableVaultError(
            f"the folder {path} cannot be read ({reason}); check its name and permissions"
        ) from error
    if not stat.S_ISDIR(kind):
        raise NotAFolderError(f"{path} is a file; name the folder with your notes")
    return root


def claim(home: Path) -> None:
    """Make sure that everything in `home` is private, the state of vaults included.

    Raises VaultError if it belongs to another user or is open to others.
    """
    try:
        private.state_folder(home, create=False)
        for folder in (home / VAULTS).glob(f"*/{_FILE}"):
            private.tighten(home / VAULTS)
            private.tighten_all(folder.parent)
    except TwolaneError as error:
        raise VaultError(str(error)) from error
    except OSError as error:
        message = (
            f"{home} cannot hold the state ({error.strerror}); name another folder with "
            "TWOLANE_HOME"
        )
        raise VaultError(message) from error


def remember(state: Path, root: Path) -> None:
    """Record a vault's location in its state folder. Raises VaultError."""
    path, folder = state / _FILE, os.fsencode(root)
    try:
        if not path.exists() or read_small(path, most_bytes=_MAX_PATH_BYTES) != folder:
            # In one step: half a name would be another folder's.
            private.write(path, folder)
    except OSError as error:
        raise VaultError(
            f"{path} cannot be written ({error.strerror}); check permissions"
        ) from error


def is_root(folder: Path) -> bool:
    """Tell whether a recorded path can be a vault's: absolute and normalised.

    A relative path would be resolved against whatever folder a command is run in.
    """
    text = str(folder)
    return folder.is_absolute() and os.path.normpath(text) == text and "\0" not in text


def known_vaults(home: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the vaults known in `home`, each with its state folder."""
    for file in sorted((home / VAULTS).glob(f"*/{_FILE}")):
        with contextlib.suppress(OSError):
            root = Path(os.fsdecode(read_small(file, most_bytes=_MAX_PATH_BYTES)))
            if is_root(root):
                yield root, file.parent
