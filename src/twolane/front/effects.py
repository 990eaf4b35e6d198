"""A setting as shown: its value in force and its source."""

from __future__ import annotations

from typing import Final, NamedTuple

from twolane.config import BY_DEFAULT as BY_DEFAULT  # noqa: PLC0414  # for command lines on top
from twolane.config import FROM_FILE as FROM_FILE  # noqa: PLC0414  # see above

NOT_SHOWN: Final = "set, not shown"
"""Shown in place of a key."""


class Effect(NamedTuple):
    """The value of a setting in force, None if it has none, and its source."""

    value: str | float | list[str] | None
    source: str
