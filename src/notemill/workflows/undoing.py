"""Undo a run: restore the notes' bytes, and update the queue and the links to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import PairState
from notemill.vault.endings import Ending
from notemill.workflows.links.upkeep import look_after
from notemill.workflows.tags.retagging import sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from notemill.stores.links import LinkLedger
    from notemill.stores.review import Review
    from notemill.vault.files import NoteUndo, Vault
    from notemill.workflows.links.scene import Scene


def undo_run(
    vault: Vault,
    review: Review,
    links: LinkLedger,
    run: str,
    *,
    note: str | None,
    through: bool,
    look: Callable[[], Scene],
    now: Callable[[], float],
) -> list[NoteUndo]:
    """Restore the exact bytes that a run replaced, in all its notes or in one.

    `look` returns the scene once the bytes are restored. Raises VaultError.
    """

    def also(one: NoteUndo) -> None:
        # Tags in the text are the owner's words, but restoring them is not an edit by the owner.
        after = sources(vault, [one.key])
        review.rebase((key, before[key], new) for key, new in after.items() if key in before)
        review.forget_curated([(one.key, one.runs)], now=now())

    with vault.lock():
        before = sources(vault, vault.written_by(run))
        links.undoing(before)
        restored = vault.undo(run, key=note, through=through, also=also)
        review.changes_undone(run, now=now())
        if links.sides():
            look_after(look(), links, now=now())
        _withdraw(links, {one.key for one in restored if one.ending is Ending.REMOVED}, now())
    return restored


def _withdraw(links: LinkLedger, gone: set[str], now: float) -> None:
    """Withdraw the proposed pairs of notes that are no longer there."""
    waiting = links.pairs(states=(PairState.PROPOSED, PairState.ACCEPTED, PairState.UNDECIDED))
    ids = [one.id for one in waiting if one.a in gone or one.b in gone]
    links.decide(ids, PairState.WITHDRAWN, because="its note was taken back", now=now)
