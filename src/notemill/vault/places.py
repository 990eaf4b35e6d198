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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.vault.journal import WrittenRun

_VAULTS: Final = "vaults"
_FILE: Final = "folder"
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
    except (TwolaneError, OSError) as error:
        raise VaultError(str(error)) from error


def remember(state: Path, root: Path) -> None:
    """Write down in a vault's state folder where the vault lies. Raises VaultError."""
    path, folder = state / _FILE, os.fsencode(root)
    try:
        if not path.exists() or path.read_bytes() != folder:
            # In one step: half a name would be another folder's.
            private.write(path, folder)
    except OSError as error:
        raise VaultError(f"{path} cannot be written ({error.strerror}); check rights") from error


def known_vaults(home: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the vaults known in `home`, each with its state folder."""
    for folder in sorted((home / _VAULTS).glob(f"*/{_FILE}")):
        yield Path(os.fsdecode(folder.read_bytes())), folder.parent


def written_runs(home: Path) -> Iterator[tuple[Path, WrittenRun]]:
    """Yield all that was written into the vaults known in `home`: vault and run, newest first.

    A journal that cannot be used is passed over.
    """
    for root, state in known_vaults(home):
        for path in sorted(state.glob("journal-*.sqlite3")):
            with contextlib.suppress(VaultError), contextlib.closing(Journal(path)) as journal:
                yield from ((root, run) for run in journal.runs())
