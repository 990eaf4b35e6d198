"""The paths of a vault's state, in a module that imports nothing else."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

VAULTS: Final = "vaults"
"""The folder in the home folder that holds one folder for each vault."""
STORE_FILE: Final = "vault.sqlite3"
"""The file of `stores.store`."""
DERIVED_FILE: Final = "derived.sqlite3"
"""The file of `index.derived`."""

_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def state_folder(home: Path, folder: Path) -> Path:
    """Return the state folder of the vault at `folder`, with a readable name unique to its path."""
    whole = str(folder.resolve())
    digest = hashlib.blake2b(whole.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    name = _UNSAFE.sub("-", folder.resolve().name).strip("-")[:40] or "vault"
    return home / VAULTS / f"{name}-{digest}"
