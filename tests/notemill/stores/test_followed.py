"""What is followed, and what became of each entry."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from notemill.errors import VaultError
from notemill.sources.listed import Listed, ListedEntry
from notemill.stores.followed import Followed, Following
from notemill.stores.store import FILE, Store
from twolane.databases import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS = "https://kiln.example/feed"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    with contextlib.closing(Store(tmp_path / FILE)) as made:
        yield made


def listed(*keys: str, title: str = "Kiln") -> Listed:
    """Return a list of entries with these keys, several of one entry separated by blanks."""
    entries = tuple(ListedEntry(tuple(one.split()), one) for one in keys)
    return Listed("feed", ADDRESS, title, entries)


def test_following_again_changes_the_title_alone(store: Store) -> None:
    """Entries stay as they are, until nobody follows."""
    following = Following(store)
    assert following.follow(listed("a", "b"), everything=False, now=1.0)
    assert not following.follow(listed("a", "b", "c", title="Oven"), everything=True, now=2.0)
    entry = Followed("feed", ADDRESS, "Oven", 1.0, 1.0, "", 2, 0)
    assert following.followed() == (entry,)
    following.looked([("feed", "away")], 5.0)
    assert following.followed() == (replace(entry, looked_at=5.0, problem="away"),)
    assert following.unfollow("feed")
    assert not following.unfollow("feed")
    assert following.followed() == ()
    assert store.rows("SELECT id FROM followed_entries") == []
    assert store.rows("SELECT key FROM followed_entry_keys") == []


def test_an_entry_is_known_by_any_of_its_keys(store: Store) -> None:
    """It learns the others, so that it is known when all of the first are gone."""
    following = Following(store)
    following.follow(listed("a b"), everything=False, now=1.0)
    assert following.take_in("feed", listed("b c").entries) == frozenset()
    assert following.take_in("feed", listed("c d").entries) == frozenset()
    assert following.take_in("feed", listed("e").entries) == {"e"}
    assert following.followed()[0].seen == 1


def test_an_entry_is_seen_wherever_it_is_listed(store: Store) -> None:
    """Its note is one, in however many lists it stands."""
    following = Following(store)
    following.follow(listed("a", "b"), everything=True, now=1.0)
    other = replace(listed("a x"), key="other", title="Other")
    following.follow(other, everything=True, now=2.0)
    following.see(["a"], 3.0)
    assert [(one.seen, one.new) for one in following.followed()] == [(1, 1), (1, 0)]


def test_an_imported_store_names_addresses_of_the_web_alone(tmp_path: Path) -> None:
    """A path in their place would be read every night, and sent."""
    with contextlib.closing(Store(tmp_path / FILE)) as store:
        Following(store).follow(listed("a"), everything=False, now=1.0)
        store.db.execute("UPDATE followed SET address = '/etc/hostname'")
        store.db.execute(f"PRAGMA application_id = {ARRIVED}")
    with pytest.raises(VaultError, match=r"followed\.address"):
        Store(tmp_path / FILE)
