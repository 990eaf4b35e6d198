"""The API key in the system's keyring: used where settings say so, and never shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.keyrings import MemoryKeyring, keyring_in_memory
from twolane import ConfigError, Settings, forget_key, keep_key
from twolane.config import secrets_of
from twolane.keychain import SERVICE
from twolane.services import HOSTED, open_provider, with_key
from twolane.values import KEYRING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "sk-ant-of-a-keyring-0123456789"
PLACE = (SERVICE, HOSTED)


@pytest.fixture
def memory_keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """Return the keyring of this computer, in memory."""
    return keyring_in_memory(monkeypatch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that look for the key in the keyring."""
    return Settings(home=tmp_path, key_from=KEYRING)


def test_a_key_of_the_keyring_is_used(settings: Settings, memory_keyring: MemoryKeyring) -> None:
    """It pays like one of the environment, and is as secret."""
    keep_key(HOSTED, KEY)
    assert memory_keyring.kept == {PLACE: KEY}
    found = with_key(settings)
    assert found.api_key == KEY
    assert KEY in secrets_of(found)
    assert KEY not in repr(found)
    assert settings.has_key


def test_a_key_that_is_set_stands_above(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    """The keyring is not even asked: it may be locked."""
    memory_keyring.locked = True
    settings = Settings(home=tmp_path, key_from=KEYRING, api_key="sk-of-the-environment")
    assert with_key(settings) is settings


def test_without_that_setting_nothing_is_asked(
    tmp_path: Path, memory_keyring: MemoryKeyring
) -> None:
    """A key in the keyring alone is none."""
    memory_keyring.kept[PLACE] = KEY
    assert not Settings(home=tmp_path).has_key
    with pytest.raises(ConfigError, match="no API key is set"):
        open_provider(Settings(home=tmp_path), None)


def test_a_keyring_without_the_key_is_told(
    settings: Settings, memory_keyring: MemoryKeyring
) -> None:
    """Forgotten, or never kept: it says how to add one."""
    keep_key(HOSTED, KEY)
    forget_key(HOSTED)
    forget_key(HOSTED)
    assert memory_keyring.kept == {}
    with pytest.raises(ConfigError, match="notemill config key set"):
        open_provider(settings, None)


def test_a_rehearsal_asks_no_keyring(settings: Settings, memory_keyring: MemoryKeyring) -> None:
    """A price needs no key, so nothing has to be unlocked for it."""
    memory_keyring.locked = True
    with pytest.raises(ConfigError):
        open_provider(settings, None)
    assert open_provider(settings, None, rehearsal=True).name == HOSTED


@pytest.mark.parametrize("act", [lambda: keep_key(HOSTED, KEY), lambda: forget_key(HOSTED)])
def test_a_locked_keyring_is_told(act: Callable[[], None], memory_keyring: MemoryKeyring) -> None:
    """In the keyring's words, without the key."""
    memory_keyring.locked = True
    with pytest.raises(ConfigError, match=r"the collection is locked.*unlock it") as refused:
        act()
    assert KEY not in str(refused.value)


def test_a_key_that_was_not_kept_is_told(memory_keyring: MemoryKeyring) -> None:
    """Some keyrings take everything and keep nothing."""
    memory_keyring.forgetful = True
    with pytest.raises(ConfigError, match="did not keep the key"):
        keep_key(HOSTED, KEY)


def test_without_the_library_it_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"pip install 'notemill\[keyring\]'"):
        open_provider(settings, None)
