"""What is kept about a run beside its vault, deleted from the disk."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from notemill.errors import VaultLockedError
from notemill.links import LINKS_FILE, LinkLedger
from notemill.review import REVIEW_FILE, Review
from notemill.vault.journal import Journal
from notemill.vault.places import state_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from twolane import Settings

_KEEPERS: Final[tuple[tuple[str, Callable[[Path], Review | LinkLedger]], ...]] = (
    (REVIEW_FILE, Review),
    (LINKS_FILE, LinkLedger),
)


def forget_kept(settings: Settings, label: str, run: str) -> None:
    """Delete the proposals of a run over the vault at `label`, and the journal of its writes.

    The vault itself is not touched and need not exist any more. Raises VaultLockedError where
    another process works on it, JournalError where a write of the run is open.
    """
    state = settings.home / "vaults" / state_name(Path(label))
    if not state.is_dir():
        return
    journals = sorted(state.glob("journal-*.sqlite3"))
    names = [
        "curate.lock",
        *(f"{one.stem.replace('journal', 'writer', 1)}.lock" for one in journals),
    ]
    with contextlib.ExitStack() as held:
        for name in names:
            lock = FileLock(state / name, timeout=0)
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
        for name, opened in _KEEPERS:
            if (state / name).exists():
                keeper = opened(state / name)
                held.callback(keeper.close)
                keeper.forget(run)
