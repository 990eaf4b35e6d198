"""An open vault: its notes, the data derived from them, and its store; for one thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.errors import ExternallyChangedError
from notemill.index import Index
from notemill.properties import ALL
from notemill.stores.allowed import Allowed
from notemill.stores.deciding import Deciding
from notemill.stores.decisions import Decisions
from notemill.stores.drafts import Drafts
from notemill.stores.followed import Following
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.new_notes import NewNotes
from notemill.stores.queue import Queue
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.files import Vault
from notemill.vault.places import claim, remember, vault_root
from notemill.vault.state_files import DERIVED_FILE, state_folder
from notemill.workflows.curation.sending import read_to_send
from notemill.workflows.links.scene import scene_of
from notemill.workflows.tags import gating

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notemill.index import NoteFacts
    from notemill.index.derived import Watch
    from notemill.privacy import Privacy, Sight, Unmatched
    from notemill.properties import Properties
    from notemill.tagging.gate import Gate
    from notemill.workflows.links.scene import Scene
    from notemill.workflows.tags.gating import Place


class OpenVault:
    """A vault with all data kept about it, to be used on the thread that opened it."""

    def __init__(
        self,
        folder: Path,
        *,
        home: Path,
        privacy: Privacy,
        clock: Callable[[], float],
        watch: Watch,
        processes: int,
        used: Properties = ALL,
    ) -> None:
        """Open the vault in `folder`; the data kept about it is in `home`.

        Only the properties `used` are proposed and written. `watch` follows the reading of notes, by
        up to `processes` processes if there are many. Raises VaultError saying what to do.
        """
        claim(home)
        self.privacy = privacy
        self.used = used
        self.clock = clock
        self.state = state_folder(home, folder)
        root = vault_root(folder)
        self.store = Store(self.state / FILE)
        self.vault = Vault(root, self.state, StoredJournal(self.store), clock=clock)
        self.root = self.vault.root
        remember(self.state, self.root)
        self.index = Index(self.state / DERIVED_FILE, watch=watch, processes=processes)
        self.contents = self.index.contents
        self.lessons = self.index.lessons
        self.layout = self.index.layout
        self.review = Review(self.store)
        self.queue = Queue(self.store)
        self.deciding = Deciding(self.store)
        self.links = LinkLedger(self.store)
        self.decisions = Decisions(self.store)
        self.allowed = Allowed(self.store)
        self.new_notes = NewNotes(self.store)
        self.drafts = Drafts(self.store)
        self.following = Following(self.store)

    def close(self) -> None:
        """Close everything."""
        self.index.close()
        self.store.close()

    def look(self, *, with_contents: bool = False) -> Sight:
        """Scan the vault: which notes are visible, and which are hidden.

        `with_contents` also reads the contents of new notes, if those are needed next.
        """
        wanted = self.privacy.shows if with_contents else None
        facts = self.index.refresh(self.vault, self.vault.scan(), with_contents=wanted)
        return self.privacy.sort(facts, self.vault.all_keys, self.new_notes.tags)

    def check_still(self, sight: Sight) -> None:
        """Check that no note was hidden since a look. Raises ExternallyChangedError."""
        if self.look().hidden.keys() - sight.hidden.keys():
            raise ExternallyChangedError(
                "a note was excluded while the vault was scanned; nothing was sent; run the "
                "command again"
            )

    def unmatched(self, sight: Sight) -> tuple[Unmatched, ...]:
        """Return the exclusions that match no note, except those allowed to."""
        self.allowed.end(sight.matched)
        allowed = self.allowed.entries()
        return tuple(one for one in sight.unmatched if one.entry not in allowed)

    def place(self, sight: Sight, *, named: str | None = None) -> Place:
        """Return where the vault's vocabulary is; see `gating.place_of`."""
        return gating.place_of(self.vault, sight.facts, self.decisions, named=named)

    def gate(self, place: Place | None = None) -> Gate:
        """Return the gate of tags that may be written, by the current vocabulary and decisions."""
        return gating.gate_of(self.vault, place or self.place(self.look()), self.decisions)

    def to_send(self, key: str) -> tuple[NoteFacts, str]:
        """Return a note's current facts and text, consistent with each other.

        Raises ExternallyChangedError if it is gone or may no longer leave the machine.
        """
        return read_to_send(self.vault, self.index, self.privacy, key)

    def scene(self) -> Scene:
        """Scan the vault for links. Raises VaultError."""
        return scene_of(
            self.vault,
            self.look(with_contents=True),
            self.links,
            privacy=self.privacy,
            why_not=self._why_no_link,
        )

    def _why_no_link(self, facts: NoteFacts) -> str:
        if facts.problem or self.privacy.hides(facts):
            return self.privacy.why_not(facts) or facts.problem
        if not self.vault.has_plain_name(facts.key):
            return "its name is not UTF-8, so no link can name it; rename it"
        return self.vault.why_not_writable(facts.key)
