"""The settings in force and the paths in use, as both command lines' `config` shows them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from twolane.config import Settings, effective_settings
from twolane.front.effects import BY_DEFAULT, NOT_SHOWN, Effect
from twolane.front.streams import print_json, shown
from twolane.front.terminal import Table, result_console
from twolane.ledger import LEDGER_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEYS: Final = frozenset(one.name for one in fields(Settings) if not one.repr)
_PATHS: Final = ("home", "config", "prices")


def configured(flags: Mapping[str, Any]) -> tuple[dict[str, Effect], dict[str, Path | None]]:
    """Return every setting and every path of the engine by name. Raises ConfigError."""
    found = effective_settings(flags)
    effects = {
        one.name: Effect(
            _plain(one.name, getattr(found.settings, one.name)),
            found.sources.get(one.name, BY_DEFAULT),
        )
        for one in fields(Settings)
    }
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


def print_configuration(
    effects: Mapping[str, Effect], paths: Mapping[str, Path | None], *, as_json: bool
) -> None:
    """Print settings and paths: one object, or a table with the paths in full below it."""
    if as_json:
        print_json(
            {
                "settings": {name: one._asdict() for name, one in effects.items()},
                "paths": {
                    name: None if path is None else str(path) for name, path in paths.items()
                },
            }
        )
        return
    table = Table(("setting", "value", "from"), frozenset(), lines=False)
    for name, one in effects.items():
        # Paths are long, and stand below.
        if name not in _PATHS:
            table.add(name, _said(one.value), one.source)
    out = result_console()
    out.print_table(table)
    out.print("")
    for name, path in paths.items():
        source = f" ({effects[name].source})" if name in effects else ""
        out.print(f"{name}: {'none' if path is None else shown(str(path))}{source}")


def _said(value: str | float | list[str] | None) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    return "-" if value in (None, "") else str(value)
