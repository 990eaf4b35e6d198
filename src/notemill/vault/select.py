"""Which files in a folder Obsidian sees as notes; pure except for `read_settings`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import VaultSettingsError
from notemill.vault.filters import FILE, Filters
from notemill.vault.keys import key_of
from notemill.vault.left_alone import LeftAlone
from notemill.vault.templates import NamedTemplates
from twolane.files import json_of, path_problem, read_json, read_small

if TYPE_CHECKING:
    from pathlib import Path

# As Dropbox, Obsidian Sync and Syncthing name them.
_CONFLICT_COPY = re.compile(
    r"\([^()]*conflicted copy[^()]*\)|\.sync-conflict-\d{8}-\d{6}", re.IGNORECASE
)
MAX_FILE_BYTES: Final = 4_194_304
"""Plugins keep megabytes with their settings; a larger file is a cache."""
MAX_ALL_BYTES: Final = 8_388_608
"""The total for all of them, smallest first: they are read before every command."""
_MAX_LOOKS: Final = 5_000
"""The most template paths that are looked for; no vault has more templates."""
_NO_PLUGIN: Final = ("app", "types", "workspace", "workspace-mobile", "workspaces")
"""Settings files that name notes but belong to no plugin."""


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """What the vault's settings leave out; `problems` are the settings that were not understood."""

    templates: NamedTemplates
    filters: Filters
    problems: tuple[LeftAlone, ...]

    def reason_for(self, path: str) -> str:
        """Return why a note or folder (ending in `/`) is left out, '' if it is not.

        Raises VaultSettingsError if that cannot be determined.
        """
        if reason := self.templates.reason_for(path):
            return reason
        return "among Obsidian's excluded files" if self.filters.fit(path) else ""


def is_conflict_copy(name: str) -> bool:
    """Tell whether a file's name is that of a sync service's conflict copy."""
    return _CONFLICT_COPY.search(name) is not None


def read_settings(root: Path) -> VaultSettings:
    """Read the templates and excluded files from `.obsidian`; without it there are none.

    Raises VaultSettingsError if the excluded files cannot be read.
    """
    filters = Filters(own_settings(root).get("userIgnoreFilters"))
    problems: list[LeftAlone] = []
    return VaultSettings(_templates(root, problems), filters, tuple(problems))


def own_settings(root: Path) -> dict[str, Any]:
    """Return Obsidian's settings of a vault. Raises VaultSettingsError."""
    try:
        value = read_json(root / FILE, most_bytes=MAX_FILE_BYTES)
    except OSError as error:
        # A link whose target is away were the settings yesterday.
        if isinstance(error, FileNotFoundError) and not (root / FILE).is_symlink():
            return {}
        why = error.strerror or str(error)
    else:
        if isinstance(value, dict):
            return value
        why = "it is not a JSON object"
    raise VaultSettingsError(
        f"{FILE} cannot be read, so the excluded notes are unknown: {why}; correct it, or "
        "remove it to exclude nothing"
    )


def _templates(root: Path, problems: list[LeftAlone]) -> NamedTemplates:
    """Return what the settings of all plugins, Obsidian's own included, name as templates.

    What cannot be read is added to `problems`.
    """
    looks = iter(range(_MAX_LOOKS))

    def exists(path: str) -> bool:
        if path_problem(path) or next(looks, None) is None:
            return False
        return any((root / name).is_file() for name in (path, f"{path}.md"))

    found = NamedTemplates()
    left_bytes = MAX_ALL_BYTES
    # A second folder of settings (`.obsidian-phone`) is one that another device is set to.
    files = [*root.glob(".obsidian*/*.json"), *root.glob(".obsidian*/plugins/*/data.json")]
    for file in sorted(files, key=lambda file: (_size_of(file), file)):
        plugin = file.stem if file.parent.parent == root else file.parent.name
        if plugin in _NO_PLUGIN:
            continue
        try:
            raw = read_small(file, most_bytes=min(MAX_FILE_BYTES, left_bytes))
            left_bytes -= len(raw)
            found.add(plugin, json_of(raw), exists)
        except OSError as error:
            reason = f"its templates are unknown: {error.strerror or error}"
            problems.append(LeftAlone(key_of(str(file.relative_to(root))), reason))
    return found


def _size_of(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
