"""A run forgotten: its proposals, what was decided on them, and the journal of its writes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from filelock import Timeout

from notemill.errors import VaultLockedError
from notemill.stores.decisions import FILE as DECISIONS_FILE
from notemill.stores.decisions import Decisions
from notemill.stores.links import FILE as LINKS_FILE
from notemill.stores.links import LinkLedger
from notemill.stores.review import FILE as REVIEW_FILE
from notemill.stores.review import Review
from notemill.vault.journal import Journal
from notemill.vault.places import is_root, state_folder
from twolane import private

_STORES: Final[dict[str, type[Review | LinkLedger | Decisions]]] = {
    REVIEW_FILE: Review,
    LINKS_FILE: LinkLedger,
    DECISIONS_FILE: Decisions,
}


def forget_kept(home: Path, label: str, run: str) -> None:
    """Delete the proposals of a run over the vault at `label`, and the journal of its writes.

    The vault itself is not touched and need not exist any more. Raises VaultLockedError where
    another process works on it, JournalError where a write of the run is open.
    """
    if not is_root(Path(label)):
        return
    state = state_folder(home, Path(label))
    if not state.is_dir():
        return
    journals = sorted(state.glob("journal-*.sqlite3"))
    names = [
        "curate.lock",
        *(f"{one.stem.replace('journal', 'writer', 1)}.lock" for one in journals),
    ]
    with contextlib.ExitStack() as held:
        for name in names:
            lock = private.lock(state / name)
            try:
                held.enter_context(lock)
            except Timeout:
                raise VaultLockedError(
                    f"a process works on {label}; wait for it, or stop it, and run the command again"
                ) from None
        for path in journals:
            journal = Journal(path)
            held.callback(journal.close)
            journal.forget(run)
        for name, store in _STORES.items():
            if (state / name).exists():
                kept = store(state / name)
                held.callback(kept.close)
                kept.forget(run)
