"""What the stores of all known vaults know about runs, read again once a store was written to."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.app.runs import kept_runs
from notemill.stores.store import FILE
from notemill.vault.places import known_vaults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notemill.app.runs import KeptRuns

READ_SHARE: Final = 10
"""How many times as long as reading took a store is left alone."""
_GRAIN_NS: Final = 100_000_000
"""A file written less than this before it was looked at may change without a new time."""


class _Seen(NamedTuple):
    """A store's file and its log as they were: number, size and time of each."""

    files: tuple[tuple[int, int, int], ...]

    @property
    def is_settled(self) -> bool:
        """Whether a later write would certainly be seen."""
        now = time.time_ns()
        return all(not 0 <= now - mtime_ns <= _GRAIN_NS for _, _, mtime_ns in self.files)


class _Read(NamedTuple):
    """What a store knew at an instant of the performance counter, and how long reading took.

    `seen` is None if a later write might not show.
    """

    seen: _Seen | None
    runs: KeptRuns | None
    at_s: float
    took_s: float


class KeptStores:
    """Reads the stores of the vaults in one home, for one thread."""

    def __init__(self, home: Path) -> None:
        """Take the folder that holds the vaults' state."""
        self._home = home
        self._known: dict[Path, _Read] = {}
        self.is_behind = False
        """Whether a store was written to since, and is read the next time."""

    def seen(self) -> tuple[_Seen, ...]:
        """Return a value that differs after a store read before was written to."""
        return tuple(_look(file) for file in self._known)

    def runs(self) -> Iterator[KeptRuns]:
        """Yield what each store knows; one that cannot be read is left out.

        A large store that is written to all the time, as while a person reviews, is read for a
        tenth of the time at most.
        """
        roots = {state / FILE: root for root, state in known_vaults(self._home)}
        self._known = {file: one for file, one in self._known.items() if file in roots}
        self.is_behind = False
        for file, root in roots.items():
            known = self._known.get(file)
            seen = _look(file)
            if known is None or known.seen != seen:
                now = time.perf_counter()
                if known is not None and now < known.at_s + READ_SHARE * known.took_s:
                    self.is_behind = True
                else:
                    runs = kept_runs(root, file)
                    end = time.perf_counter()
                    known = _Read(seen if seen.is_settled else None, runs, end, end - now)
                    self._known[file] = known
            self.is_behind |= known.seen is None
            if known.runs is not None:
                yield known.runs


def _look(file: Path) -> _Seen:
    found = []
    for one in (file, file.with_name(f"{file.name}-wal")):
        try:
            stat = os.stat(one)  # noqa: PTH116  # called often
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((0, 0, 0))
    return _Seen(tuple(found))
