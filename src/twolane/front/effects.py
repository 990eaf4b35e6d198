"""Settings as shown: the value of each in force, and its source."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twolane.config import BY_DEFAULT as BY_DEFAULT  # noqa: PLC0414  # for command lines on top
from twolane.config import FROM_FILE as FROM_FILE  # noqa: PLC0414  # see above
from twolane.config import Settings, effective_settings
from twolane.ledger import LEDGER_FILE
from twolane.values import KEYRING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOT_SHOWN: Final = "set, not shown"
"""Shown in place of a key."""
IN_KEYRING: Final = "taken from the system keyring"
"""Shown in place of a key that is only looked up where it is needed."""
_KEYS: Final = frozenset(one.name for one in fields(Settings) if not one.repr)


class Effect(NamedTuple):
    """The value of a setting in force, None if it has none, and its source."""

    value: str | float | list[str] | None
    source: str


def configured(
    flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> tuple[dict[str, Effect], dict[str, Path | None]]:
    """Return every setting and every path of the engine by name. Raises ConfigError."""
    found = effective_settings(flags, environment)
    effects = {
        one.name: Effect(
            _plain(one.name, getattr(found.settings, one.name)),
            found.sources.get(one.name, BY_DEFAULT),
        )
        for one in fields(Settings)
    }
    if not found.settings.api_key and found.settings.key_from == KEYRING:
        effects["api_key"] = Effect(IN_KEYRING, effects["key_from"].source)
    home = found.settings.home
    return effects, {
        "config": found.file.path,
        "home": home,
        "ledger": home / LEDGER_FILE,
        "prices": found.settings.prices,
    }


def _plain(name: str, value: object) -> str | float | None:
    if value is not None and name in _KEYS:
        return NOT_SHOWN
    return value if value is None or isinstance(value, (int, float)) else str(value)
