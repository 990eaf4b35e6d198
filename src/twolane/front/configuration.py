"""The settings in force and the paths in use, as both command lines' `config` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twolane.front.streams import print_json, shown
from twolane.front.terminal import Table, result_console

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twolane.front.effects import Effect

_PATHS: Final = ("home", "config", "prices")


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
