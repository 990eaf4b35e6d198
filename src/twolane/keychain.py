"""A key in the system's keyring: macOS's Keychain, Windows' Credential Manager, a Secret Service.

The library `keyring` is an extra, and imported only where a key is wanted from there.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from twolane.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SERVICE: Final = "notemill"
"""Under this name, and the provider's as the user, a key stands in the keyring."""
_LIBRARY: Final = "the system keyring needs the library keyring: pip install 'notemill[keyring]'"


def key_of(provider: str) -> str:
    """Return the key of a provider, '' if the keyring has none. Raises ConfigError."""
    with _asking() as keyring:
        return keyring.get_password(SERVICE, provider) or ""


def keep_key(provider: str, key: str) -> None:
    """Put a provider's key into the keyring, in place of an earlier one. Raises ConfigError."""
    with _asking() as keyring:
        keyring.set_password(SERVICE, provider, key)
        if keyring.get_password(SERVICE, provider) != key:
            raise ConfigError("the system keyring did not keep the key; nothing was changed")


def forget_key(provider: str) -> None:
    """Remove a provider's key from the keyring, if it is there. Raises ConfigError."""
    with _asking() as keyring:
        if keyring.get_password(SERVICE, provider) is not None:
            keyring.delete_password(SERVICE, provider)


@contextlib.contextmanager
def _asking() -> Iterator[ModuleType]:
    """Yield the library; whatever the system's keyring refuses is a ConfigError."""
    try:
        import keyring  # noqa: PLC0415  # an extra
        from keyring.errors import InitError, KeyringError, NoKeyringError  # noqa: PLC0415
    except ImportError:
        raise ConfigError(_LIBRARY) from None
    try:
        yield keyring
    except (NoKeyringError, InitError):
        message = "there is no system keyring here; set ANTHROPIC_API_KEY instead"
        raise ConfigError(message) from None
    except KeyringError as error:
        # What a backend says names no key, and may say how to unlock it.
        said = str(error) or type(error).__name__
        message = f"the system keyring refuses ({said}); unlock it and try again"
        raise ConfigError(message) from None
