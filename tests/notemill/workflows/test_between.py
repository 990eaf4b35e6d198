"""What belongs together is kept together: a process that dies at any statement leaves no half."""

from __future__ import annotations

import shutil
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from notemill.config import Exclusions
from notemill.privacy import Privacy
from notemill.stores.deciding import Deciding
from notemill.stores.decisions import Decisions
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.proposals import Decision, NewProposal, ProposalKind
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.files import Vault
from notemill.vault.note import parse, source_hash
from notemill.workflows.curation.apply import apply_accepted
from notemill.workflows.tags.retagging import write_edits
from notemill.workflows.undoing import undo_run
from tests.doubles import Crash
from tests.thinning import thinned

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

OLD = b"---\ntags: [Soil]\n---\nWords about #soil.\n"
PRIVACY = Privacy(Exclusions())


class Dying:
    """A connection whose process dies before or after its n-th statement, and does no more."""

    def __init__(self, db: sqlite3.Connection, at: int, *, after: bool) -> None:
        """Die at statement number `at`, counted from 0."""
        self._db, self._at, self._after = db, at, after
        self.count = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Pass all that is no statement on."""
        return getattr(self._db, name)

    def execute(self, *arguments: Any) -> Any:  # noqa: ANN401
        """Do it, or die."""
        return self._do(self._db.execute, arguments)

    def executemany(self, *arguments: Any) -> Any:  # noqa: ANN401
        """Do it, or die."""
        return self._do(self._db.executemany, arguments)

    def _do(self, what: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
        self.count += 1
        if self.count > self._at + self._after:
            raise Crash
        done = what(*arguments)
        if self.count > self._at:
            raise Crash
        return done


class Place:
    """A vault of one note whose tag and description were accepted."""

    def __init__(self, folder: Path) -> None:
        """Take the vault in `folder`."""
        self.folder = folder
        self.root = folder / "vault"

    def fill(self) -> None:
        """Make it."""
        self.root.mkdir(parents=True)
        (self.root / "a.md").write_bytes(OLD)
        with self.opened() as (store, _):
            source = source_hash(parse(OLD)[0])
            made = [
                NewProposal(ProposalKind.TAG, "garden"),
                NewProposal(ProposalKind.DESCRIPTION, "About soil."),
            ]
            Review(store).store("r", [("a.md", source, made)], now=1.0)
            Deciding(store).decide_all(Filter(), Decision.ACCEPT, by="me", now=2.0)

    def copied(self, folder: Path) -> Place:
        """Return another like it."""
        shutil.copytree(self.folder, folder)
        return Place(folder)

    def opened(self, at: int | None = None, *, after: bool = False) -> Opened:
        """Open the vault as a process that dies at a statement."""
        return Opened(self, at, after=after)

    def stand(self) -> tuple[str, ...]:
        """Return what the store says: of the write, the proposals, the curation and its hash."""
        store = Store(self.folder / FILE)
        try:
            writes = [one.state.value for one in StoredJournal(store).of_run("w")]
            states = {one.state.value for one in Queue(store).all_of(Filter())}
            curated = sorted(Review(store).curated().values())
            return ",".join(writes), ",".join(sorted(states)), ",".join(curated)
        finally:
            store.close()


class Opened:
    """An open vault, closed as by the end of its process."""

    def __init__(self, place: Place, at: int | None, *, after: bool) -> None:
        """Open `place`."""
        self.store = Store(place.folder / FILE)
        journal = StoredJournal(self.store)
        self.vault = Vault(place.root, place.folder, journal, clock=lambda: 3.0)
        self._db = self.store.db
        if at is not None:
            self.store.db = Dying(self._db, at, after=after)  # type: ignore[assignment]

    def __enter__(self) -> tuple[Store, Vault]:
        """Return what works on it."""
        return self.store, self.vault

    def __exit__(self, *_: object) -> None:
        """Close the file: what was not committed is gone."""
        self._db.close()


def apply(store: Store, vault: Vault) -> None:
    """Write what was accepted."""
    with vault.lock():
        list(apply_accepted(vault, Review(store), "w", now=lambda: 4.0, privacy=PRIVACY))


def rename(store: Store, vault: Vault) -> None:
    """Rename a tag that stands in the text as well."""
    edits = [("a.md", lambda raw: raw.replace(b"#soil", b"#earth"))]
    list(write_edits(vault, Review(store), edits, privacy=PRIVACY, run="w"))


def undo(store: Store, vault: Vault) -> None:
    """Take the run back."""
    undo_run(
        vault, Review(store), LinkLedger(store), "w",
        note=None, through=False, look=lambda: pytest.fail("no links"), now=lambda: 5.0,
    )  # fmt: skip


def forget(store: Store, _: Vault) -> None:
    """Delete all that is kept of both runs."""
    with store.erasing():
        for part in (StoredJournal, Review, LinkLedger, Decisions):
            for run in ("r", "w"):
                part(store).forget(run)


OPEN = {"intended": "", "undoing": "done"}
"""What a write that is under way counts as."""


@pytest.mark.parametrize("after", thinned([True, False], every=2))
@pytest.mark.parametrize("work", [apply, rename, undo, forget])
def test_a_death_at_any_statement_leaves_all_of_it_or_nothing(
    tmp_path: Path, work: Callable[[Store, Vault], None], *, after: bool
) -> None:
    """Journal, proposals and curation are those before or those behind, and again ends it."""
    first = Place(tmp_path / "first")
    first.fill()
    if work in (undo, forget):
        with first.opened() as opened:
            apply(*opened)
    whole = first.copied(tmp_path / "whole")
    with whole.opened() as opened:
        work(*opened)
    before, behind = first.stand(), whole.stand()
    assert before != behind
    for at in count():
        place = first.copied(tmp_path / str(at))
        ended = False
        with place.opened(at, after=after) as opened:
            try:
                work(*opened)
                ended = True
            except Crash:
                pass
        write, *others = place.stand()
        assert (OPEN.get(write, write), *others) in (before, behind)
        with place.opened() as opened:
            work(*opened)
        # A tag that was renamed is not renamed again: what was read of the note is then looked at
        # anew, where the process died between the note and the one commit behind it.
        known = 2 if work is rename and write == "intended" else 3
        assert place.stand()[:known] == behind[:known]
        assert (place.root / "a.md").read_bytes() == (whole.root / "a.md").read_bytes()
        if ended:
            assert at > 5
            return
