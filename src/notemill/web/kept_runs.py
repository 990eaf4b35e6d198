"""Which runs a server was working on, kept in a file: a server that starts again takes them up."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Final

import orjson

from twolane.private import folder, write

if TYPE_CHECKING:
    from pathlib import Path

MOST: Final = 100
"""The most runs that are kept: more than anyone starts side by side."""


class KeptRuns:
    """The runs that a server of one vault works on, in `home`; readable by their owner only."""

    def __init__(self, home: Path, vault: Path | None) -> None:
        """Name the file by the vault, which may be None."""
        name = hashlib.sha256(str(vault or "").encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._path = home / "serving" / f"{name}.json"

    def read(self) -> tuple[str, ...]:
        """Return the runs; none if the file is absent or is not ours."""
        with contextlib.suppress(OSError, ValueError):
            found = orjson.loads(self._path.read_bytes())
            if isinstance(found, list):
                return tuple(one for one in found[:MOST] if isinstance(one, str))
        return ()

    def write(self, runs: tuple[str, ...]) -> None:
        """Keep the runs. A full disk loses only that they are taken up by themselves."""
        with contextlib.suppress(OSError):
            folder(self._path.parent)
            write(self._path, orjson.dumps(list(runs)[:MOST]))
