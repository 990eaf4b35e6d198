"""Forget a run: its proposals, the decisions on them, and the journal of its writes."""

from __future__ import annotations

import contextlib
from pathlib import Path

from filelock import Timeout

from notemill.errors import VaultLockedError
from notemill.stores.decisions import Decisions
from notemill.stores.drafts import Drafts
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.new_notes import NewNotes
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.curatelock import CURATE_LOCK
from notemill.vault.places import is_root
from notemill.vault.state_files import state_folder
from notemill.vault.writerlock import WRITER_LOCK
from twolane import private


def forget_kept(home: Path, label: str, run: str) -> None:
    """Delete the proposals of a run over the vault at `label`, and the journal of its writes.

    The vault itself is not touched and need no longer exist. Raises VaultLockedError if another
    process works on it, StoreError if a write of the run is open.
    """
    if not is_root(Path(label)):
        return
    state = state_folder(home, Path(label))
    if not (state / FILE).exists():
        return
    with contextlib.ExitStack() as held:
        for name in (CURATE_LOCK, WRITER_LOCK):
            lock = private.lock(state / name)
            try:
                held.enter_context(lock)
            except Timeout:
                raise VaultLockedError(
                    f"a process is working on {label}; wait for it, or stop it, and run the "
                    "command again"
                ) from None
        store = Store(state / FILE)
        held.callback(store.close)
        with store.erasing():
            for part in (StoredJournal, NewNotes, Review, LinkLedger, Decisions):
                part(store).forget(run)
            Drafts(store).forget(run)
