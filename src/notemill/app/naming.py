"""The notes and tags that begin with a word, for shell completion; no vault is opened."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.index.names import note_names, tag_names
from notemill.vault.scan import Walk
from notemill.vault.state_files import state_folder

if TYPE_CHECKING:
    from pathlib import Path

MOST_NAMES: Final = 200
"""The most names returned: more than a screen holds do not help."""
MOST_LOOKED_AT: Final = 10_000
"""The most notes of a folder examined: a tenth of a second, while a shell waits."""


def notes_like(home: Path, vault: Path, begun: str) -> list[str]:
    """Return the notes whose paths begin with `begun`: from the derived file, else the folder."""
    found = note_names(state_folder(home, vault), begun, MOST_NAMES)
    if not found:
        keys = (note.key for note in islice(Walk(vault).notes(), MOST_LOOKED_AT))
        found = sorted(key for key in keys if key.startswith(begun))[:MOST_NAMES]
    return [one for one in found if one.isprintable()]


def tags_like(home: Path, vault: Path, begun: str) -> list[str]:
    """Return a vault's tags that begin with `begun`, without `#`; none before its first run."""
    found = tag_names(state_folder(home, vault), begun.removeprefix("#"), MOST_NAMES)
    return [one for one in found if one.isprintable()]
