"""Where vaults lie, as their state folders remember: an undo finds its vault from anywhere."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notemill.errors import VaultError
from notemill.vault.journal import Journal
from twolane import TwolaneError, private
from twolane.files import read_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.vault.journal import WrittenRun

_VAULTS: Final = "vaults"
_FILE: Final = "folder"
_MAX_PATH_BYTES: Final = 1 << 16  # no system has longer ones
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def state_folder(home: Path, folder: Path) -> Path:
    """Return where all about the vault in `folder` is kept: readable, unique by its whole path."""
    whole = str(folder.resolve())
    digest = hashlib.blake2b(whole.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    name = _UNSAFE.sub("-", folder.resolve().name).strip("-")[:40] or "vault"
    return home / _VAULTS / f"{name}-{digest}"


def claim(home: Path) -> None:
    """See that what is kept in `home` is private, of the vaults as well.

    Raises VaultError where it is another user's, or open to others.
    """
    try:
        private.state_folder(home, create=False)
        for folder in (home / _VAULTS).glob(f"*/{_FILE}"):
            private.tighten(home / _VAULTS)
            private.tighten_all(folder.parent)
    except TwolaneError as error:
        raise VaultError(str(error)) from error
    except OSError as error:
        message = (
            f"{home} cannot hold what is kept ({error.strerror}); name a folder with TWOLANE_HOME"
        )
        raise VaultError(message) from error


def remember(state: Path, root: Path) -> None:
    """Write down in a vault's state folder where the vault lies. Raises VaultError."""
    path, folder = state / _FILE, os.fsencode(root)
    try:
        if not path.exists() or read_small(path, most_bytes=_MAX_PATH_BYTES) != folder:
            # In one step: half a name would be another folder's.
            private.write(path, folder)
    except OSError as error:
        raise VaultError(f"{path} cannot be written ({error.strerror}); check rights") from error


def is_root(folder: Path) -> bool:
    """Tell whether a folder that was written down can be a vault's: whole, and without detours.

    Anything else would be looked for in the folder that a command happens to be run in.
    """
    text = str(folder)
    return folder.is_absolute() and os.path.normpath(text) == text and "\0" not in text


def known_vaults(home: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the vaults known in `home`, each with its state folder."""
    for file in sorted((home / _VAULTS).glob(f"*/{_FILE}")):
        with contextlib.suppress(OSError):
            root = Path(os.fsdecode(read_small(file, most_bytes=_MAX_PATH_BYTES)))
            if is_root(root):
                yield root, file.parent


def written_runs(home: Path) -> Iterator[tuple[Path, WrittenRun]]:
    """Yield all that was written into the vaults known in `home`: vault and run, newest first.

    A journal that cannot be used is passed over.
    """
    for root, state in known_vaults(home):
        for path in sorted(state.glob("journal-*.sqlite3")):
            with contextlib.suppress(VaultError), contextlib.closing(Journal(path)) as journal:
                yield from ((root, run) for run in journal.runs())
