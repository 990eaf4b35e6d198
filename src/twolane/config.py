"""Settings, parsed once: config file < environment < flags."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from twolane.core.addresses import is_here
from twolane.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


DEFAULT_BASE_URL = "https://api.anthropic.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person can set; each has a flag, an environment variable, a config line.

    `home` is the folder of the ledger; `poll_s` how often a batch is asked after; `concurrency`
    the upper bound of real-time calls in flight; `reconcile_grace_s` how long an unknown create
    may hide in the provider's list; `confirm_usd` the estimate above which a person is asked;
    `keep_days` how long requests and replies of a run are kept after its end, None for ever.
    """

    home: Path
    provider: str = "anthropic"
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)
    base_url: str = DEFAULT_BASE_URL
    poll_s: float = 30.0
    concurrency: int = 32
    reconcile_grace_s: float = 600.0
    batch_size: int | None = None
    prices: Path | None = None
    confirm_usd: Decimal = Decimal(1)
    keep_days: int | None = None


LOCAL = "local"
HOSTED_URL = "ANTHROPIC_BASE_URL"

# Setting: its environment variables, the first one set wins. Flags and config lines bear the
# setting's own name.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "home": ("TWOLANE_HOME", "NOTEMILL_HOME"),
    "provider": ("TWOLANE_PROVIDER",),
    "model": ("TWOLANE_MODEL",),
    "api_key": ("ANTHROPIC_API_KEY",),
    "auth_token": ("ANTHROPIC_AUTH_TOKEN",),
    "base_url": ("TWOLANE_BASE_URL", HOSTED_URL),
    "poll_s": ("TWOLANE_POLL_S",),
    "concurrency": ("TWOLANE_CONCURRENCY",),
    "reconcile_grace_s": ("TWOLANE_RECONCILE_GRACE_S",),
    "batch_size": ("TWOLANE_BATCH_SIZE",),
    "prices": ("TWOLANE_PRICES",),
    "confirm_usd": ("TWOLANE_CONFIRM_USD",),
    "keep_days": ("TWOLANE_KEEP_DAYS",),
}


def default_home() -> Path:
    """Return the platform's folder for state that is neither cache nor configuration."""
    return Path(platformdirs.user_state_dir("notemill", appauthor=False))


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the config file is looked for: TWOLANE_CONFIG, else the platform's place."""
    named = environment.get("TWOLANE_CONFIG")
    if named:
        return Path(named)
    return Path(platformdirs.user_config_dir("notemill", appauthor=False)) / "config.toml"


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings in force; None among the flags means "not given".

    Raises ConfigError naming the setting and where its bad value came from.
    """
    settings = Settings(home=default_home())
    path = config_file(environment)
    settings = _with(settings, _file_values(path), lambda name: f"{path}: {name}")
    from_environment: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, variables in VARIABLES.items():
        for variable in variables:
            if environment.get(variable):
                from_environment[name] = environment[variable]
                origin[name] = variable
                break
    from_file = settings
    settings = _with(settings, from_environment, lambda name: origin[name])
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    settings = _with(settings, given, lambda name: "--" + name.replace("_", "-"))
    if (
        settings.provider == LOCAL
        and origin.get("base_url") == HOSTED_URL
        and "base_url" not in given
        and not is_here(settings.base_url)
    ):
        # It says where Anthropic's models are: notes meant to stay here must not go there.
        return replace(settings, base_url=from_file.base_url)
    return settings


def _file_values(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"the config file {path} cannot be read: {error}"
        raise ConfigError(message) from error
    # A table belongs to a program on top of the engine, by its own name.
    values = {name: value for name, value in values.items() if not isinstance(value, dict)}
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(set(values) - known):
        message = (
            f"the config file {path} names a setting there is not: {', '.join(unknown)}; "
            f"known are {', '.join(sorted(known))}"
        )
        raise ConfigError(message)
    return values


def _with(settings: Settings, values: Mapping[str, Any], origin: Callable[[str], str]) -> Settings:
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        try:
            parsed[name] = _PARSERS[name](value)
        except (ValueError, InvalidOperation, TypeError) as error:
            message = f"{origin(name)} cannot be {value!r}: {error}"
            raise ConfigError(message) from error
    return replace(settings, **parsed)


def _positive_int(value: str | int) -> int:
    number = int(value)
    if number < 1:
        message = "it has to be a whole number from 1 up"
        raise ValueError(message)
    return number


def _positive_s(value: str | float) -> float:
    number = float(value)
    if not 0 < number < float("inf"):
        message = "it has to be a number of seconds above 0"
        raise ValueError(message)
    return number


def _usd(value: str | float | Decimal) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite() or number < 0:
        message = "it has to be an amount in dollars, 0 or more"
        raise ValueError(message)
    return number


def _text(value: str) -> str:
    text = str(value).strip()
    if not text:
        message = "it is empty"
        raise ValueError(message)
    return text


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "home": lambda value: Path(value).expanduser(),
    "provider": _text,
    "model": _text,
    "api_key": _text,
    "auth_token": _text,
    "base_url": lambda value: _text(value).rstrip("/"),
    "poll_s": _positive_s,
    "concurrency": _positive_int,
    "reconcile_grace_s": _positive_s,
    "batch_size": _positive_int,
    "prices": lambda value: Path(value).expanduser(),
    "confirm_usd": _usd,
    "keep_days": _positive_int,
}
