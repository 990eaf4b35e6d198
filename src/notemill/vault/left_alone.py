"""What is left alone in a vault, and why: the one form that this has everywhere."""

from __future__ import annotations

from typing import NamedTuple


class LeftAlone(NamedTuple):
    """A note, file or folder, by its path in the vault, that is left as it is, and why."""

    key: str
    reason: str
