"""Settings, parsed once: config file < environment < flags.

Only this module reads the config file. Everything outside the tables of programs built on the
engine is checked here, and each of those tables by its program: an unknown name, or a value of the
wrong type, is an error before anything else is read. If it were ignored, a misspelled exclusion
would send what it was meant to keep private.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import platformdirs

from twolane.core.addresses import is_here, is_proxy
from twolane.core.money import NANO_PER_USD
from twolane.core.naming import nearest
from twolane.core.redaction import passwords_in
from twolane.errors import ConfigError
from twolane.files import path_named, read_small, read_toml
from twolane.values import ENVIRONMENT, FORMS, KEYRING, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


DEFAULT_BASE_URL = "https://api.anthropic.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; each has a flag, an environment variable and a config file entry.

    `home` is the folder of the ledger; `config` the config file, if one was named; `poll_s` the
    interval between polls of a batch; `concurrency` the maximum number of real-time calls in
    flight; `reconcile_grace_s` how long an unanswered create may be missing from the provider's
    list; `confirm_usd` the estimate above which a person is asked; `keep_days` how long a run's
    requests and replies are kept after its end, None for ever; `month_budget` what all runs of the
    ledger may cost in a calendar month (UTC), None for no limit; `run_budget` what a run may cost
    that is given no cap of its own. `key_from` is where a key is looked for that neither a variable
    nor the config file has: KEYRING, or nowhere else.
    """

    home: Path
    config: Path | None = None
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
    month_budget: Decimal | None = None
    run_budget: Decimal | None = None
    key_from: str = ENVIRONMENT

    @property
    def month_cap_nano(self) -> int | None:
        """The month's budget in nano-dollars."""
        return None if self.month_budget is None else int(self.month_budget * NANO_PER_USD)

    @property
    def run_cap_nano(self) -> int | None:
        """The budget of a run without a cap of its own, in nano-dollars."""
        return None if self.run_budget is None else int(self.run_budget * NANO_PER_USD)

    @property
    def has_key(self) -> bool:
        """Whether requests can be paid for: with a key that is set, or one in the keyring."""
        return bool(self.api_key or self.auth_token) or self.key_from == KEYRING


def secrets_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return what must be neither stored nor shown: keys and proxy passwords."""
    proxies = [url for name, url in environment.items() if name.lower().endswith("_proxy")]
    keys = [one for one in (settings.api_key, settings.auth_token) if one]
    return (*keys, *(secret for url in proxies for secret in passwords_in(url)))


LOCAL = "local"
HOSTED_URL = "ANTHROPIC_BASE_URL"

# Setting: its environment variables, the first one set wins. Flags and config lines bear the
# setting's own name.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "home": ("TWOLANE_HOME", "NOTEMILL_HOME"),
    "config": ("TWOLANE_CONFIG",),
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
    "month_budget": ("TWOLANE_MONTH_BUDGET",),
    "run_budget": ("TWOLANE_RUN_BUDGET",),
    "key_from": ("TWOLANE_KEY_FROM",),
}
BY_DEFAULT: Final = "default"
FROM_FILE: Final = "config file"
TABLE: Final = "twolane"
"""The config file's table for the settings, which may also be above all tables."""
GUESTS: Final = ("notemill",)
"""Programs built on the engine, each with a table of its own that it checks itself."""
PREFIXES: Final = ("TWOLANE_", "NOTEMILL_")
_MAX_CERTIFICATE_BYTES: Final = 16_777_216
"""A system's whole certificate bundle is a few hundred thousand bytes."""
# So much of a variable's name has to be right for its prefix to be the slip.
_SLIP: Final = 0.9
_MOST_NAMED: Final = 3
"""The most unknown names that are listed: a file may have thousands."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The config file: `settings` are the engine's, `tables` those of programs built on it."""

    path: Path
    settings: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings in force, the config file, and the source of each non-default setting."""

    settings: Settings
    file: ConfigFile
    sources: Mapping[str, str]


def default_home() -> Path:
    """Return the platform's folder for state that is neither cache nor configuration."""
    return _usual(platformdirs.user_state_dir("notemill", appauthor=False))


def _usual(folder: str) -> Path:
    """Return the platform's folder for this person. Raises ConfigError if there is none."""
    path = _path_in(folder, "the folder of your settings")
    if not path.is_absolute():
        message = (
            f"there is no usual folder for your settings and runs: the environment makes it "
            f"{shortened(repr(folder))}; set HOME (and the XDG_… variables, where used) to whole paths, or "
            "name the folder with TWOLANE_HOME and the file with TWOLANE_CONFIG"
        )
        raise ConfigError(message)
    return path


def read_config(
    config: str | Path | None = None, environment: Mapping[str, str] = os.environ
) -> ConfigFile:
    """Read the config file: `config`, else TWOLANE_CONFIG, else the platform's default path.

    Only the default path may be absent. Raises ConfigError for an unknown name.
    """
    path, origin = _place(config, environment)
    try:
        values = read_toml(path)
    except FileNotFoundError:
        # A link whose target is away was a config file yesterday.
        if not origin and not path.is_symlink():
            return ConfigFile(path, {}, {})
        named = f"{path}, which {origin} names" if origin else path
        message = f"there is no config file {named}; create it, or name another"
        raise ConfigError(message) from None
    except OSError as error:
        message = f"the config file {path} cannot be read: {error.strerror or error}"
        raise ConfigError(message) from error
    return config_of(values, path)


def config_of(content: Mapping[str, Any], path: Path) -> ConfigFile:
    """Return what the content of the config file at `path` says. Raises ConfigError."""
    values = dict(content)
    tables = {name: _table(values.pop(name), name, path) for name in GUESTS if name in values}
    settings = _table(values.pop(TABLE, {}), TABLE, path)
    _check_sections(values, path)
    check_names(settings, _LINES, where=f"[{TABLE}] of the config file {path}")
    check_names(values, _LINES, where=f"the config file {path}, above its sections")
    if twice := sorted(settings.keys() & values.keys()):
        message = f"the config file {path} sets {', '.join(twice)} twice; remove one of them"
        raise ConfigError(message)
    return ConfigFile(path, {**values, **settings}, tables)


def config_path(
    config: str | Path | None = None, environment: Mapping[str, str] = os.environ
) -> Path:
    """Return where the config file is looked for. Raises ConfigError for what is no path."""
    return _place(config, environment)[0]


def _place(config: str | Path | None, environment: Mapping[str, str]) -> tuple[Path, str]:
    """Return where the config file has to be, and who says so, '' if nobody does."""
    if config is not None:
        return _path_in(config, "--config"), "--config"
    (variable,) = VARIABLES["config"]
    if named := environment.get(variable):
        return _path_in(named, variable), variable
    return _usual(platformdirs.user_config_dir("notemill", appauthor=False)) / "config.toml", ""


def _path_in(value: str | Path, origin: str) -> Path:
    """Return the path that `origin` names. Raises ConfigError if it cannot be one."""
    try:
        return path_named(str(value))
    except ValueError as error:
        raise ConfigError(f"{origin} cannot be {shortened(repr(str(value)))}: {error}") from None


def _table(value: object, name: str, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        message = f"in the config file {path}, {name} must be a section: [{name}]"
        raise ConfigError(message)
    return value


def _check_sections(values: Mapping[str, Any], path: Path) -> None:
    """Raise ConfigError for a table, or an array of tables, that belongs to nobody."""
    for name, value in values.items():
        is_section = isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(one, dict) for one in value)
        )
        if is_section and name not in _LINES:
            sections = [f"[{one}]" for one in (TABLE, *GUESTS)]
            near = nearest(name.lower(), (TABLE, *GUESTS), most=1)
            hint = f"did you mean [{near[0]}]?" if near else f"choose one of {', '.join(sections)}"
            message = f"the config file {path} has an unknown section [{shortened(name)}]; {hint}"
            raise ConfigError(message)


def check_names(found: Collection[str], known: Collection[str], *, where: str) -> None:
    """Raise ConfigError for settings that are not `known`, suggesting the nearest."""
    unknown = [name for name in found if name not in known]
    if not unknown:
        return
    hints = [f"{shortened(repr(name))}{_hint(name, known)}" for name in unknown[:_MOST_NAMED]]
    more = f" and {len(unknown) - _MOST_NAMED:,} more" if len(unknown) > _MOST_NAMED else ""
    message = (
        f"unknown {'setting' if len(unknown) == 1 else 'settings'} in {where}: "
        f"{', '.join(hints)}{more}; choose one of {', '.join(sorted(known))}"
    )
    raise ConfigError(message)


def _hint(name: str, known: Collection[str]) -> str:
    """Return what was meant by a name that is not known, '' if nothing comes near."""
    if near := nearest(name.lower(), known, most=1):
        return f" (did you mean {near[0]!r}?)"
    if name in _LINES:
        return " (it goes above all sections)"
    sections = " and ".join(f"[{one}]" for one in GUESTS)
    return f" (other settings go in {sections})" if known is _LINES else ""


def check_variables(environment: Mapping[str, str], known: Collection[str]) -> None:
    """Raise ConfigError for an environment variable that looks like a misspelling of one `known`.

    Only variables with our prefixes count; others belong to other programs. One with the prefix of
    another of ours is meant for that, unless all but the prefix is right, or nearly.
    """
    rests = {
        one.removeprefix(prefix): one
        for one in known
        for prefix in PREFIXES
        if one.startswith(prefix)
    }
    for name in environment:
        prefix = next((one for one in PREFIXES if name.startswith(one)), "")
        if name in known:
            continue
        if prefix:
            rest = name.removeprefix(prefix)
            own = [one for one, whole in rests.items() if whole.startswith(prefix)]
            near = nearest(rest, own, most=1) or nearest(rest, rests, most=1, least=_SLIP)
            meant = [rests[one] for one in near]
        else:
            meant = nearest(name.upper(), rests.values(), most=1, least=_SLIP)
        if meant:
            said = shortened(name)
            message = f"unknown environment variable {said}; did you mean {meant[0]}?"
            raise ConfigError(message)


def check_network(base_url: str, environment: Mapping[str, str] = os.environ) -> None:
    """Check that the environment's proxy and certificates can be used for an address.

    Raises ConfigError. The HTTP library reads certificates as soon as it is imported, and would
    wait for a pipe in their place.
    """
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if (named := environment.get(variable)) and (problem := _unfit(variable, named)):
            message = (
                f"{variable} cannot be {shortened(repr(named))}: {problem}; name the certificates' file "
                "or folder, or unset it"
            )
            raise ConfigError(message)
    scheme = base_url.partition("://")[0]
    for variable in () if is_here(base_url) else (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
        # A proxy's address may hold a password: it is not shown.
        if (named := environment.get(variable)) and not is_proxy(named):
            message = (
                f"{variable} is not a valid address; use one such as http://proxy.example:3128"
            )
            raise ConfigError(message)


def _unfit(variable: str, named: str) -> str:
    """Return why certificates cannot be read, '' if they can."""
    try:
        if variable == "SSL_CERT_FILE":
            read_small(named, most_bytes=_MAX_CERTIFICATE_BYTES)
        elif not Path(named).is_dir():
            return "it is not a folder"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Return the settings in force; None among the flags means "not given".

    Raises ConfigError naming the setting and the source of the bad value.
    """
    return effective_settings(flags, environment).settings


def effective_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
) -> Effective:
    """Return the settings in force like `load_settings`, with the source of each."""
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    check_variables(environment, [one for names in VARIABLES.values() for one in names])
    file = read_config(given.get("config"), environment)
    from_environment: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, variables in VARIABLES.items():
        for variable in variables:
            if environment.get(variable):
                from_environment[name] = environment[variable]
                origin[name] = variable
                break
    is_named = any("home" in said for said in (file.settings, from_environment, given))
    from_file = settings = _with(
        Settings(home=Path() if is_named else default_home()),
        file.settings,
        lambda name: f"in the config file {file.path}, {name}",
        texts=False,
    )
    settings = _with(settings, from_environment, lambda name: origin[name])
    settings = _with(settings, given, _flag)
    sources = {
        **dict.fromkeys(file.settings, FROM_FILE),
        **origin,
        **{name: _flag(name) for name in given},
    }
    if (
        settings.provider == LOCAL
        and origin.get("base_url") == HOSTED_URL
        and "base_url" not in given
        and not is_here(settings.base_url)
    ):
        # It says where Anthropic's models are: notes meant to stay here must not go there.
        settings = replace(settings, base_url=from_file.base_url)
        sources["base_url"] = FROM_FILE if "base_url" in file.settings else BY_DEFAULT
    return Effective(settings, file, sources)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _with(
    settings: Settings,
    values: Mapping[str, Any],
    origin: Callable[[str], str],
    *,
    texts: bool = True,
) -> Settings:
    """Return the settings with `values`; `texts` says that numbers may stand as texts."""
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        form = FORMS[name]
        try:
            parsed[name] = form.read(value, texts=texts)
        except ValueError as error:
            said = f"cannot be {form.shown(value)}: {error}"
            raise ConfigError(f"{origin(name)} {said}") from None
    return replace(settings, **parsed)


# What may stand in the file, which cannot say where it lies.
_LINES: Final = frozenset(FORMS) - {"config"}
