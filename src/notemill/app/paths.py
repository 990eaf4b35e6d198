"""Where the data about a vault is kept, without opening the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.vault.state_files import DERIVED_FILE, STORE_FILE, state_folder

if TYPE_CHECKING:
    from pathlib import Path


def paths_of(home: Path, vault: Path) -> dict[str, Path | None]:
    """Return the paths of a vault by name; None for a file that does not exist yet."""
    state = state_folder(home, vault)
    files = {"store": state / STORE_FILE, "derived": state / DERIVED_FILE}
    return {
        "vault": vault.resolve(),
        "state": state,
        **{name: path if path.exists() else None for name, path in files.items()},
    }
