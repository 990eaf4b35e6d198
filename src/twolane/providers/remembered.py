"""Findings about servers for the next process, in a small file beside the ledger."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane import private
from twolane.errors import StateFolderError
from twolane.files import read_small
from twolane.providers.chat import Endpoint, Manner, Schemas

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "servers.json"
MOST: Final = 200
_MOST_BYTES: Final = 1 << 20


class Remembered:
    """How each server wants to be asked for each of its models.

    A cache: if the file cannot be read or written, the findings are made again.
    """

    def __init__(self, path: Path) -> None:
        """Use the file at `path`."""
        self._path = path

    def get(self, place: str) -> Manner | None:
        """Return what is remembered of a server and model, None if nothing is."""
        value = self._read().get(place) or {}
        try:
            return Manner(
                Endpoint(value["endpoint"]), Schemas(value["schemas"]), bool(value["system"])
            )
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, place: str, manner: Manner) -> None:
        """Remember a finding; the oldest is dropped if there are too many."""
        values = self._read()
        values.pop(place, None)
        values[place] = manner._asdict()
        kept = dict(list(values.items())[-MOST:])
        with contextlib.suppress(OSError, StateFolderError):
            private.folder(self._path.parent)
            private.write(self._path, orjson.dumps(kept, option=orjson.OPT_INDENT_2))

    def _read(self) -> dict[str, Any]:
        try:
            value = orjson.loads(read_small(self._path, most_bytes=_MOST_BYTES))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}
