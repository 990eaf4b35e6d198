"""The one type for what is left alone in a vault, and why."""

from __future__ import annotations

from typing import NamedTuple


class LeftAlone(NamedTuple):
    """A note, file or folder, by its path in the vault, that is left unchanged, and the reason."""

    key: str
    reason: str
