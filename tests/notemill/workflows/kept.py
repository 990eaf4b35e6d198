"""A vault and what is kept of it, open in this process: what workflows are given."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.config import Exclusions
from notemill.index import facts_of
from notemill.privacy import Privacy
from notemill.stores.decisions import Decisions
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.files import Vault
from notemill.vault.state_files import state_folder
from notemill.workflows.links.scene import scene_of
from tests.notemill.workflows.notes import write_notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.workflows.links.scene import Scene

NOW = 1_800_000_000.0


@dataclass
class Kept:
    """The notes of a vault, its stores, and what is excluded of it."""

    home: Path
    vault: Vault
    store: Store
    privacy: Privacy

    def __post_init__(self) -> None:
        """Open the parts of the store."""
        self.review = Review(self.store)
        self.links = LinkLedger(self.store)
        self.decisions = Decisions(self.store)

    def facts(self, key: str) -> NoteFacts:
        """Return what is known of a note as it is now."""
        raw = self.vault.read(key)
        return facts_of(key, raw, size=len(raw), mtime_ns=0)

    def sight(self) -> Sight:
        """Return which notes may be seen."""
        keys = [file.key for file in self.vault.scan()]
        return self.privacy.sort(map(self.facts, keys), lambda: keys)

    def scene(self) -> Scene:
        """Return the vault as links see it; what is broken is not to be written to."""
        return scene_of(
            self.vault,
            self.sight(),
            self.links,
            privacy=self.privacy,
            why_not=lambda facts: facts.problem,
        )

    def text(self, key: str) -> str:
        """Return a note's text."""
        return self.vault.read(key).decode("utf-8")

    def edit(self, key: str, text: str) -> None:
        """Write a note as its owner does."""
        (self.vault.root / key).write_text(text, "utf-8")


@contextlib.contextmanager
def kept(
    folder: Path, notes: Mapping[str, str | bytes], *, hidden: tuple[str, ...] = ()
) -> Iterator[Kept]:
    """Open a vault of these notes; `hidden` are patterns of what is excluded."""
    root = write_notes(folder / "vault", notes)
    state = state_folder(folder / "home", root)
    store = Store(state / FILE)
    vault = Vault(root, state, StoredJournal(store), clock=lambda: NOW)
    try:
        yield Kept(folder / "home", vault, store, Privacy(Exclusions(hidden)))
    finally:
        store.close()
