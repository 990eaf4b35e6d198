"""`notemill config`: the settings in force and the paths in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.app.paths import paths_of
from notemill.cli.flags import settings_of
from notemill.config import effects
from twolane.front.configuration import print_configuration
from twolane.front.effects import Effect, configured

if TYPE_CHECKING:
    from pathlib import Path


def show_config(*, vault: Path, as_json: bool, **flags: Any) -> None:  # noqa: ANN401
    """Print settings and paths. Raises ConfigError, UsageError."""
    engine, paths = configured(flags)
    settings = settings_of(flags)
    if settings.provider != engine["provider"].value:
        engine["provider"] = Effect(settings.provider, "default without a key")
    print_configuration(
        {**engine, **effects(settings.config)},
        {**paths, **paths_of(settings.home, vault)},
        as_json=as_json,
    )
