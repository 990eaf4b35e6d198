"""A vault of small notes with proposals for them, as a run would have made them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from notemill.app.mill import Mill
from notemill.config import Exclusions
from notemill.stores.new_notes import NewNote, NewNotes
from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.stores.queue import Queue
from notemill.stores.queue_rows import Filter
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.vault.note import parse, source_hash
from notemill.vault.state_files import state_folder
from tests.notemill.fronts import KeepingFront
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Values = tuple[ProposalKind, str]
BOTH: tuple[Values, ...] = (
    (ProposalKind.DESCRIPTION, "Said in one sentence."),
    (ProposalKind.TAG, "garden/soil"),
)
RUN = "curate-20260102-aaaaaaaa"


@contextlib.contextmanager
def store_of(home: Path, vault: Path) -> Iterator[Store]:
    """Open what is kept about a vault, as another process would."""
    store = Store(state_folder(home, vault) / FILE)
    try:
        yield store
    finally:
        store.close()


def propose(
    home: Path, vault: Path, notes: Mapping[str, Sequence[Values]], *, run: str = RUN
) -> None:
    """Let a run propose values for notes as they are; the vault is opened once before."""

    async def opened() -> None:
        settings = Settings(home=home, provider="offline")
        async with await Mill.open(vault, settings, KeepingFront(), exclusions=Exclusions()):
            pass

    asyncio.run(opened())
    with store_of(home, vault) as store:
        for note, values in notes.items():
            source = source_hash(parse((vault / note).read_bytes())[0])
            made = [NewProposal(kind, value) for kind, value in values]
            Review(store).store(run, [(note, source, made)], now=1.0)


def propose_note(home: Path, vault: Path, note: str, text: str, *values: Values) -> None:
    """Let an ingest propose a note that does not exist, with values for it."""
    made = tuple(NewProposal(kind, value) for kind, value in values)
    new = NewNote(
        note,
        note[:-3].rpartition("/")[2],
        text.encode(),
        "",
        "a file",
        (f"file:{note}",),
        "1",
        made,
    )
    with store_of(home, vault) as store:
        NewNotes(store).store("ingest-20260102-bbbbbbbb", [new], now=1.0)


def states(home: Path, vault: Path) -> dict[str, str]:
    """Return where each proposal stands, by its id, in their order."""
    with store_of(home, vault) as store:
        rows = sorted(Queue(store).all_of(Filter()), key=lambda one: (one.id[0], int(one.id[1:])))
        return {one.id: str(one.state) for one in rows}
