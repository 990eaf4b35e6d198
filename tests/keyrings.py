"""A system keyring in memory, behind the real library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

if TYPE_CHECKING:
    import pytest


class MemoryKeyring(KeyringBackend):
    """Keeps keys in memory; `locked` refuses everything, `forgetful` keeps nothing."""

    priority = 1.0

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = self.forgetful = False

    def _check(self) -> None:
        if self.locked:
            raise KeyringLocked("the collection is locked")

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is kept."""
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self._check()
        if not self.forgetful:
            self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        self._check()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("there is none")


def keyring_in_memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """Put a keyring in memory in the place of the system's, for one test."""
    found = MemoryKeyring()
    monkeypatch.setattr("keyring.core._keyring_backend", found)
    assert keyring.get_keyring() is found
    return found
