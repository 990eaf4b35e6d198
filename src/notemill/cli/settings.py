"""`notemill config set`, `unset` and `key`: changes of settings."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Any, Final

from notemill.app.configuring import Configuring
from notemill.errors import UsageError
from twolane.front.console import note_console, print_json, shown

if TYPE_CHECKING:
    from notemill.app.configuring import Configuration

_MAX_KEY_LINE: Final = 8_192
"""Longer than any key: no more is read from standard input."""


def change_setting(name: str, value: str | None, *, as_json: bool, **flags: Any) -> None:  # noqa: ANN401
    """Set a setting in the config file, or remove it from there. Raises UsageError, ConfigError."""
    configuration = Configuring(flags).change({name: value})
    setting = configuration.settings[name]
    console = note_console()
    if value is None:
        console.print(f"{name} is no longer set in {shown(str(configuration.file))}")
    else:
        console.print(f"{name} is set in {shown(str(configuration.file))}")
    if setting.overrides:
        console.print(
            f"but {setting.overrides} stands above the config file: {name} stays "
            f"{shown(str(setting.value))} until you unset it"
        )
    elif value is None:
        value = "none" if setting.value is None else str(setting.value)
        console.print(f"in force: {shown(value)} ({setting.source})")
    if as_json:
        print_json(
            {
                "name": name,
                "value": setting.value,
                "source": setting.source,
                "config": str(configuration.file),
            }
        )


def ask_for_key(**flags: Any) -> None:  # noqa: ANN401
    """Read a key and put it into the keyring. Raises UsageError, ConfigError."""
    configuring = Configuring(flags)
    configuring.now()  # a file that cannot be used is told before anybody types a key
    if sys.stdin.isatty():
        key = getpass.getpass("API key (it does not show): ")
    else:
        key = sys.stdin.readline(_MAX_KEY_LINE)
    if not key.strip():
        raise UsageError("no key was given; nothing was changed")
    _tell_key(configuring.keep_key(key))


def forget_key(**flags: Any) -> None:  # noqa: ANN401
    """Remove the key from the keyring. Raises ConfigError."""
    _tell_key(Configuring(flags).forget_key())


def _tell_key(configuration: Configuration) -> None:
    note_console().print(f"API key: {configuration.key}")
