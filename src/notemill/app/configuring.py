"""Settings: what is in force and why, and changes of the config file.

No vault is needed for any of it. What is changed holds for work that begins afterwards.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from notemill import config as own
from notemill.app.terms import offline_unless_keyed
from notemill.errors import UsageError
from twolane import (
    PROVIDERS,
    ConfigError,
    change_config,
    check_address,
    config_path,
    forget_key,
    keep_key,
    load_settings,
    nearest,
    read_config,
    why_not_changeable,
)
from twolane.front.effects import FROM_FILE, NOT_SHOWN, Effect, configured
from twolane.values import FORMS, KEYRING, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from twolane import Settings

KEYS: Final = ("api_key", "auth_token", "embedding_key")
"""Settings that are never shown, nor set by their value."""
ENGINE: Final = "twolane"
SETTABLE: Final = tuple(
    name for name in (*FORMS, *own.FORMS) if name not in (*KEYS, "config", "key_from")
)
"""Settings that a value can be given to."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in force: its value, None if it has none, and where it comes from.

    `filed` is what the config file says, None if nothing. `overrides` names the variable or the
    flag that stands above the file, '' if none does: a change of the file has no effect then.
    """

    name: str
    value: str | float | list[str] | None
    source: str
    filed: str | None
    overrides: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings by name, where the config file is, and why it cannot be changed ('' if it can).

    `key` says in words where the API key comes from, or that there is none.
    """

    settings: Mapping[str, Setting]
    file: Path
    locked: str
    key: str
    exclusions: tuple[tuple[str, str], ...]


class Configuring:
    """The settings of this computer, under the flags and variables of this process."""

    def __init__(
        self,
        given: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Take the flags that the process was `given`, None among them meaning "not given"."""
        self._given = dict(given or {})
        self._environment = environment
        self._path = config_path(self._config, environment)

    def settings(self) -> Settings:
        """Return the engine's settings in force now. Raises ConfigError, UsageError."""
        settings = load_settings(self._given, self._environment)
        own.check_settings(settings.config, self._environment)
        return offline_unless_keyed(settings, asked=self._given.get("provider") is not None)

    def version(self) -> tuple[object, ...]:
        """Return what differs after anybody has changed the config file; it costs microseconds."""
        path = self._path
        try:
            info = path.stat()
        except OSError as error:
            return path, error.errno
        return path, info.st_ino, info.st_mtime_ns, info.st_size

    def now(self) -> Configuration:
        """Return what is in force now. Raises ConfigError, UsageError for a faulty file."""
        effects, paths = configured(self._given, self._environment)
        settings = self.settings()
        if settings.provider != effects["provider"].value:
            effects["provider"] = Effect(settings.provider, "default without a key")
        effects |= own.effects(self._config, self._environment)
        file = read_config(self._config, self._environment)
        filed = {**file.settings, **file.tables.get(own.TABLE, {})}
        path = paths["config"] or file.path
        return Configuration(
            {name: _setting(name, one, filed) for name, one in effects.items()},
            path,
            why_not_changeable(path),
            _key_in_words(settings, effects["api_key"], effects["auth_token"]),
            tuple(own.sourced_exclusions((), self._environment, self._config)),
        )

    def change(self, values: Mapping[str, str | None]) -> Configuration:
        """Set settings in the config file, and remove those that are None.

        All of them are changed, or none. Raises UsageError for a name or value that is not allowed,
        ConfigError if the file cannot be changed.
        """
        read_config(self._config, self._environment)  # a fault in the file is the first to mend
        changes = {_place(name): _parsed(name, value) for name, value in values.items()}
        if "base_url" in values or "provider" in values:
            engine = {name: value for name, value in values.items() if name in FORMS}
            check_address(load_settings({**self._given, **engine}, self._environment))
        change_config(changes, config=self._config, environment=self._environment)
        return self.now()

    def exclude(self, add: Iterable[str] = (), remove: Collection[str] = ()) -> Configuration:
        """Add exclusions to the config file's list, and remove others from it.

        An exclusion to `remove` is given as it was written. Raises UsageError for one that names
        nothing, or is not in the file; ConfigError if the file cannot be changed.
        """
        file = read_config(self._config, self._environment)
        entries = own.sourced_exclusions((), self._environment, self._config)
        listed = [entry for entry, source in entries if source == FROM_FILE]
        for one in remove:
            if one.strip() not in listed:
                raise UsageError(_not_listed(one, dict(entries), file.path))
        wanted = [one for one in listed if one not in {gone.strip() for gone in remove}]
        for one in add:
            entry = own.exclusion(one, "the exclusion")
            if entry not in wanted:
                wanted.append(entry)
        if len(wanted) > own.MAX_EXCLUSIONS:
            raise UsageError(f"at most {own.MAX_EXCLUSIONS:,} exclusions are allowed; name folders")
        if wanted != listed:
            change_config(
                {(own.TABLE, "exclude"): wanted or None},
                config=self._config,
                environment=self._environment,
            )
        return self.now()

    def keep_key(self, key: str) -> Configuration:
        """Put an API key into the system's keyring, from where it is taken from now on.

        Raises UsageError if it cannot be one, ConfigError if the keyring or the config file refuses.
        """
        try:
            value = FORMS["api_key"].read(key)
        except ValueError as error:
            raise UsageError(f"that is no API key: {error}") from None
        if problem := self.now().locked:
            raise ConfigError(f"{problem}, so the key was not kept: nothing would use it")
        keep_key(PROVIDERS[0], value)
        return self._key_from(KEYRING)

    def forget_key(self) -> Configuration:
        """Remove the API key from the keyring, and look for it there no longer.

        Raises ConfigError if the keyring or the config file refuses.
        """
        self.now()
        forget_key(PROVIDERS[0])
        return self._key_from(None)

    def _key_from(self, place: str | None) -> Configuration:
        change_config(
            {(ENGINE, "key_from"): place}, config=self._config, environment=self._environment
        )
        return self.now()

    @property
    def _config(self) -> Path | None:
        return self._given.get("config")


def _setting(name: str, effect: Effect, filed: Mapping[str, object]) -> Setting:
    said = filed.get(name)
    is_above = effect.source.startswith("--") or effect.source.isupper()
    return Setting(
        name,
        effect.value,
        effect.source,
        None if said is None or name in KEYS else str(said),
        effect.source if is_above else "",
    )


def _key_in_words(settings: Settings, key: Effect, token: Effect) -> str:
    """Return where the API key comes from; no character of it is in that."""
    for one in (key, token):
        if one.value == NOT_SHOWN:
            place = (
                "the config file" if one.source == FROM_FILE else f"the environment {one.source}"
            )
            return f"set in {place}"
    return "in the keyring" if settings.key_from == KEYRING else "not set"


def _place(name: str) -> tuple[str, str]:
    """Return the table of a setting, and its name. Raises UsageError if it cannot be set."""
    if name in SETTABLE:
        return own.TABLE if name in own.FORMS else ENGINE, name
    if name in KEYS:
        what = "a key is not given as a value: it would stand in the shell's history; use "
        how = "notemill config key set" if name == "api_key" else "its environment variable"
        raise UsageError(f"{what}{how}")
    if name == "exclude":
        raise UsageError("exclusions are added and removed one by one: notemill config exclude")
    if name == "key_from":
        raise UsageError("this follows from `notemill config key set` and `key forget`")
    near = nearest(name.lower(), SETTABLE, most=1)
    hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(sorted(SETTABLE))}"
    raise UsageError(f"there is no setting {shortened(repr(name))} to change; {hint}")


def _parsed(name: str, text: str | None) -> str | int | Decimal | None:
    """Return a value as the config file has it. Raises UsageError saying what is allowed."""
    if text is None:
        return None
    form = FORMS.get(name) or own.FORMS[name]
    try:
        value = form.read(text, texts=True)
    except ValueError as error:
        raise UsageError(f"{name} cannot be {form.shown(text)}: {error}") from None
    if name == "provider" and value not in PROVIDERS:
        said = shortened(repr(value))
        raise UsageError(f"provider cannot be {said}: it must be one of {', '.join(PROVIDERS)}")
    if isinstance(value, float):
        return Decimal(str(value))
    return value if isinstance(value, int | Decimal) else str(value)


def _not_listed(entry: str, sources: Mapping[str, str], path: Path) -> str:
    said = shortened(repr(entry))
    if source := sources.get(entry.strip()):
        return f"{said} is excluded by {source}, and not in {path}; change it there"
    near = nearest(entry, sources, most=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{said} is not among the exclusions in {path}{hint}"
