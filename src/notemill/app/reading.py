"""Notes as a person reads them: found by their id in the graph, hidden ones by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.errors import NoteNotFoundError
from notemill.vault.note import parse

if TYPE_CHECKING:
    from notemill.app.graph import Graphing, NoteCard
    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench


@dataclass(frozen=True, slots=True)
class NoteText:
    """A note's text without its properties, with what is known of the note."""

    card: NoteCard
    text: str


class Reading:
    """The service that shows single notes."""

    def __init__(self, bench: Workbench, graph: Graphing) -> None:
        """Show notes of the vault of `bench`, which `graph` knows by their ids."""
        self._bench = bench
        self._graph = graph

    async def note(self, note: str) -> NoteText:
        """Return the note with the id `note`. Raises NoteNotFoundError, VaultError."""
        card = await self._graph.card(note)
        key = card.row.note.key
        return NoteText(card, await self._bench.on(lambda opened: _text(opened, key)))


def _text(opened: OpenVault, key: str) -> str:
    raw = opened.vault.read(key)
    if opened.privacy.why_not_now(key, raw):  # excluded since the graph was read
        raise NoteNotFoundError
    return parse(raw)[0].body
