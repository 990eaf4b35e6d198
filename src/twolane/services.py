"""The provider that the settings name: the only place that knows them all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twolane.config import DEFAULT_BASE_URL, LOCAL, check_network, secrets_of
from twolane.core.addresses import problem_of
from twolane.errors import ConfigError
from twolane.keychain import key_of
from twolane.values import KEYRING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twolane.config import Settings
    from twolane.providers.base import Provider

HOSTED = "anthropic"
OFFLINE = "offline"
PROVIDERS = (HOSTED, LOCAL, OFFLINE)


def open_provider(
    settings: Settings,
    responder: Callable[[Mapping[str, Any]], str] | None,
    *,
    rehearsal: bool = False,
) -> Provider:
    """Return the provider that `settings` name; nothing is sent yet.

    `responder` answers requests inside this process if it is `offline`; a `rehearsal` needs no key.
    Raises ConfigError if there is no such provider, or its key is missing.
    """
    if settings.provider == HOSTED:
        return _anthropic(settings if rehearsal else with_key(settings))
    if settings.provider == LOCAL:
        return _local(settings)
    if settings.provider == OFFLINE and responder is not None:
        return _offline(responder)
    message = f"unknown provider {settings.provider}; choose one of {', '.join(PROVIDERS)}"
    raise ConfigError(message)


def check_address(settings: Settings) -> None:
    """Check that the provider's address can be one. Raises ConfigError saying what to do."""
    if settings.provider == HOSTED and (problem := problem_of(settings.base_url)):
        message = (
            f"the base URL {settings.base_url!r} (ANTHROPIC_BASE_URL) cannot be used: {problem}"
        )
        raise ConfigError(message)


def with_key(settings: Settings) -> Settings:
    """Return the settings with a key, from the keyring if it is there. Raises ConfigError."""
    if settings.api_key or settings.auth_token:
        return settings
    if settings.key_from != KEYRING:
        message = "no API key is set; set ANTHROPIC_API_KEY and run the command again"
        raise ConfigError(message)
    if key := key_of(settings.provider):
        return replace(settings, api_key=key)
    message = "the system keyring has no API key; add one: notemill config key set"
    raise ConfigError(message)


# Imported where they are used: only what a command needs is loaded, and aiohttp alone takes a
# third of a second.


def _anthropic(settings: Settings) -> Provider:
    from twolane.providers.anthropic import AnthropicProvider  # noqa: PLC0415

    check_address(settings)
    check_network(settings.base_url)
    from twolane.providers.http import HttpTransport  # noqa: PLC0415

    return AnthropicProvider(
        HttpTransport(settings.base_url),
        api_key=settings.api_key or "",
        auth_token=settings.auth_token or "",
        base_url=settings.base_url,
        secrets=secrets_of(settings),
    )


def _local(settings: Settings) -> Provider:
    check_network(settings.base_url)
    from twolane.providers.http import HttpTransport  # noqa: PLC0415
    from twolane.providers.local import LocalProvider  # noqa: PLC0415
    from twolane.providers.remembered import FILE, Remembered  # noqa: PLC0415

    return LocalProvider(
        HttpTransport,
        base_url=None if settings.base_url == DEFAULT_BASE_URL else settings.base_url,
        auth_token=settings.auth_token or "",
        model=settings.model,
        remembered=Remembered(settings.home / FILE),
        secrets=secrets_of(settings),
    )


def _offline(responder: Callable[[Mapping[str, Any]], str]) -> Provider:
    from twolane.providers.anthropic import AnthropicProvider  # noqa: PLC0415
    from twolane.sim import Pace, SimTransport, Simulator  # noqa: PLC0415

    at_once = Pace(batch_s=(0.0, 0.0), request_s=(0.0, 0.0), control_s=0.0)
    return AnthropicProvider(
        SimTransport(Simulator(responder=responder, pace=at_once)),
        api_key="offline",
        base_url="offline",
        name=OFFLINE,
        ephemeral=True,
    )
