"""Which names of notes may be shown of a run over any vault, by its notes as they are now.

A run names its notes in the ledger, and a note may have been excluded since: in the settings, or by
its own properties or tags. Only the notes that are shown are looked at, and the vault need not be
open. In doubt a name is not shown.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.app.kinds import KIND_CURATE
from notemill.config import load_exclusions
from notemill.errors import NotemillError
from notemill.privacy import Privacy
from notemill.vault.disk import MAX_NOTE_BYTES
from notemill.vault.places import is_root
from notemill.vault.scan import scan_folder
from notemill.vault.stored import place_of
from notemill.workflows.links.judging import LINK_KIND
from twolane.files import read_small

if TYPE_CHECKING:
    from collections.abc import Collection

    from notemill.config import Exclusions
    from twolane import RunRow, Settings

OF_NOTES: Final = frozenset({KIND_CURATE, LINK_KIND})
"""The kinds of runs whose items are notes, under their names."""
MOST_VERDICTS: Final = 50_000
LISTING_KEPT_S: Final = 2.0
"""How long a folder's listing is used for names that are spelled otherwise on the disk."""

_privacy_of = lru_cache(maxsize=16)(Privacy)


class _Verdict(NamedTuple):
    """Whether a note was hidden when its file looked like this."""

    file: tuple[int, ...]
    exclusions: Exclusions
    hidden: bool


class ShownNames:
    """Judges names, for one thread; a note is read again only after its file has changed."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings that name the config file."""
        self._settings = settings
        self._verdicts: dict[tuple[Path, str], _Verdict] = {}
        self._listings: dict[Path, tuple[float, dict[str, str]]] = {}

    def hidden(self, run: RunRow, keys: Collection[str]) -> frozenset[str]:
        """Return those of a run's keys that may not be shown.

        What was excluded when the run began stays excluded. If the vault is not there, none of its
        names is shown. Raises UsageError, ConfigError if the exclusions cannot be read.
        """
        if run.kind not in OF_NOTES or not keys:
            return frozenset()
        kept = run.setting("exclude")
        at_first = map(str, kept) if isinstance(kept, list) else ()
        exclusions = load_exclusions(at_first, config=self._settings.config)
        root = Path(run.label)
        if not is_root(root) or not root.is_dir():
            return frozenset(keys)
        return frozenset(one for one in keys if self._is_hidden(root, one, exclusions))

    def _is_hidden(self, root: Path, key: str, exclusions: Exclusions) -> bool:
        privacy = _privacy_of(exclusions)
        if privacy.hides_path(key):
            return True
        try:
            full = self._find(root, key)
            if full is None:
                return False  # deleted or renamed; its path is not excluded
            stat = os.stat(full)  # noqa: PTH116  # it may hold bytes that are no text
            file = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            known = self._verdicts.get((root, key))
            if known is None or (known.file, known.exclusions) != (file, exclusions):
                raw = read_small(full, most_bytes=MAX_NOTE_BYTES)
                known = _Verdict(file, exclusions, bool(privacy.why_not_now(key, raw)))
                if len(self._verdicts) >= MOST_VERDICTS:
                    self._verdicts.clear()
                self._verdicts[root, key] = known
        except (NotemillError, OSError):
            return True
        return known.hidden

    def _find(self, root: Path, key: str) -> str | None:
        """Return the file of a note, None if there is none. Raises OutsideVaultError."""
        full = place_of(root, key, key)
        if os.path.lexists(full):
            return full
        if key.isascii() and "\\" not in key:
            return None
        path = self._listing(root).get(key)
        return None if path is None else place_of(root, path, key)

    def _listing(self, root: Path) -> dict[str, str]:
        """Return how a vault's notes are spelled on the disk."""
        now = time.monotonic()
        read_at, paths = self._listings.get(root, (-LISTING_KEPT_S, {}))
        if now - read_at >= LISTING_KEPT_S:
            paths = {one.key: one.path for one in scan_folder(root).notes}
            self._listings = {root: (now, paths)}
        return paths
