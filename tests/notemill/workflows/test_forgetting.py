"""A run forgotten: nothing of it is left in the vault's store, and nothing of others goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.errors import VaultLockedError
from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.stores.store import FILE
from notemill.vault.note import bytes_hash
from notemill.vault.state_files import state_folder
from notemill.workflows.forgetting import forget_kept
from tests.notemill.workflows.kept import NOW, Kept, kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"a.md": "Apples.\n", "b.md": "Pears.\n"}


def _proposed(one: Kept, run: str, key: str, value: str) -> None:
    new = [NewProposal(ProposalKind.DESCRIPTION, value)]
    one.review.store(run, [(key, one.facts(key).source_hash, new)], now=NOW)
    with one.vault.lock():
        raw = one.vault.read(key)
        one.vault.write(key, raw + value.encode(), expected=bytes_hash(raw), run=run)


def test_proposals_and_the_journal_go_and_other_runs_stay(tmp_path: Path) -> None:
    """What a run proposed and replaced is in no byte of the file; another run can be undone."""
    with kept(tmp_path, NOTES) as one:
        _proposed(one, "r1", "a.md", "A secret of apples.")
        _proposed(one, "r2", "b.md", "Of pears.")
        label = str(one.vault.root)
    forget_kept(tmp_path / "home", label, "r1")
    state = state_folder(tmp_path / "home", tmp_path / "vault")
    raw = b"".join(path.read_bytes() for path in state.glob(f"{FILE}*"))
    assert b"A secret of apples." not in raw
    with kept(tmp_path, {}) as one:
        assert one.review.proposals("r1") == []
        assert [proposal.value for proposal in one.review.proposals("r2")] == ["Of pears."]
        with one.vault.lock():
            assert [undo.restored for undo in one.vault.undo("r2")] == [True]


def test_a_vault_that_a_process_works_on_keeps_its_runs(tmp_path: Path) -> None:
    """The lock on writing holds for forgetting; the message says what to do."""
    with kept(tmp_path, NOTES) as one:
        _proposed(one, "r1", "a.md", "Apples again.")
        with (
            one.vault.lock(),
            pytest.raises(VaultLockedError, match="wait for it, or stop it"),
        ):
            forget_kept(tmp_path / "home", str(one.vault.root), "r1")
        assert one.review.proposals("r1")


def test_what_was_never_kept_is_nothing_to_forget(tmp_path: Path) -> None:
    """A vault without a store, and a label that is no folder, end well and make no file."""
    forget_kept(tmp_path / "home", str(tmp_path), "r1")
    forget_kept(tmp_path / "home", "https://example.com/batch", "r1")
    assert not list(tmp_path.rglob(FILE))
