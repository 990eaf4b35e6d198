"""The graph: notes and links before and after, as pictures and as rows."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import NoteNotFoundError
from notemill.linking.layout import DIGITS, lay_out
from notemill.stores.proposals import ProposalState
from notemill.stores.queue_rows import Filter
from notemill.vault.globs import folded
from notemill.workflows.links.network import Network, Shown, Standing, network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.stores.queue_rows import QueueRow
    from notemill.workflows.links.network import GraphLink, GraphNote, Group
    from notemill.workflows.links.scene import Scene

MOST_NEAR: Final = 150
"""The most notes in the neighbourhood of one: more are not told apart."""
MOST_KEPT: Final = 32
"""The most neighbourhoods whose places are remembered: as many as a person goes back to."""
MOST_DRAWN: Final = 20_000
"""The most notes in a picture of the whole vault."""
MOST_DEPTH: Final = 3
MOST_FOUND: Final = 20
"""The most notes that a search returns."""
MOST_OF_NOTE: Final = 100
"""The most links, and the most proposals, that are listed of one note."""
WAITING: Final = (ProposalState.PENDING, ProposalState.ACCEPTED)


class Sort(StrEnum):
    """The column that rows are sorted by: the most links first, names and tags from A to Z."""

    NAME = "name"
    TAG = "tag"
    LINKS = "links"
    WRITTEN = "written"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class GraphRow:
    """A note with its links: those of its owner, those that notemill wrote, and those proposed."""

    note: GraphNote
    links: int
    written: int
    proposed: int

    @property
    def every(self) -> int:
        """How many links it has in all."""
        return self.links + self.written + self.proposed


@dataclass(frozen=True, slots=True)
class PlacedNote:
    """A note in a picture, in units of about its width; y grows upwards."""

    row: GraphRow
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Notes with their places, and the links between them by their indexes here.

    `focus` is the id of the note in the middle, '' for the whole vault; `left_out` the number of
    its notes that are too many to draw. `groups` are those of the vault. `box` is the frame that
    all notes fit in, before and after: its lowest and its highest x and y.
    """

    notes: tuple[PlacedNote, ...]
    links: tuple[GraphLink, ...]
    groups: tuple[Group, ...]
    shown: Shown
    focus: str = ""
    depth: int = 0
    left_out: int = 0
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class GraphRows:
    """Some rows of a table, how many it has in all, and what the whole vault has.

    `focus` is the note whose neighbours they are, None for all notes.
    """

    rows: tuple[GraphRow, ...]
    total: int
    notes: int
    links: Mapping[Standing, int]
    groups: tuple[Group, ...]
    focus: GraphNote | None = None


@dataclass(frozen=True, slots=True)
class NoteCard:
    """A note, its first links with how each stands, and its first proposals that wait."""

    row: GraphRow
    links: tuple[tuple[GraphNote, Standing], ...]
    proposals: tuple[QueueRow, ...]
    waiting: int


class Graphing:
    """The service that shows the notes of one vault as a graph."""

    def __init__(self, bench: Workbench) -> None:
        """Show the vault of `bench`."""
        self._bench = bench
        self._last, self._fingerprint = Network(), ""
        self._drawing = asyncio.Lock()

    async def network(self) -> Network:
        """Return the vault's graph as it is now. Raises VaultError.

        The first time all notes may have to be read, between which others get their turn.
        """
        if not self._fingerprint:
            async for _ in self._bench.each(_reading):
                pass
        return await self._bench.on(self._look)

    async def near(
        self,
        note: str = "",
        *,
        depth: int = 1,
        shown: Shown = Shown.AFTER,
        network: Network | None = None,
    ) -> Picture:
        """Return the neighbourhood of the note with the id `note`: those up to `depth` links away.

        '' takes the note with the most links. A note lies at the same place before and after.
        `network` None reads the vault first. Raises NoteNotFoundError, VaultError.
        """
        graph = network or await self.network()
        if not graph.notes:
            return Picture((), (), (), shown)
        depth = max(1, min(depth, MOST_DEPTH))
        place = graph.place_of(note) if note else graph.most_linked(1)[0]
        near = graph.around(place, depth, Shown.AFTER)
        drawn = near[:MOST_NEAR]
        links = graph.between(drawn, Shown.AFTER)
        keys = tuple(graph.notes[one].key for one in drawn)
        places = await asyncio.to_thread(_around, keys, tuple((one.a, one.b) for one in links))
        reached = set(graph.around(place, depth, shown))
        kept = [number for number, one in enumerate(drawn) if one in reached]
        return Picture(
            tuple(PlacedNote(row_of(graph, drawn[number]), *places[number]) for number in kept),
            graph.between([drawn[number] for number in kept], shown),
            graph.groups,
            shown,
            graph.notes[place].id,
            depth,
            len(reached) - len(kept),
            _box(places),
        )

    async def whole(self, *, shown: Shown = Shown.AFTER) -> Picture:
        """Return the whole vault, the notes with the most links if there are very many.

        Places are kept for the next time; what changed moves, the rest stays. Raises VaultError.
        """
        async with self._drawing:
            graph = await self.network()
            drawn = graph.most_linked(MOST_DRAWN)
            places = await self._places(graph, drawn)
        return Picture(
            tuple(
                PlacedNote(row_of(graph, one), *place)
                for one, place in zip(drawn, places, strict=True)
            ),
            graph.between(drawn, shown),
            graph.groups,
            shown,
            "",
            0,
            len(graph.notes) - len(drawn),
            _box(places),
        )

    async def _places(self, graph: Network, drawn: Sequence[int]) -> list[tuple[float, float]]:
        """Return the places of all notes drawn, laid out anew only if the graph has changed."""
        keys = [graph.notes[one].key for one in drawn]
        pairs = [(one.a, one.b) for one in graph.between(drawn, Shown.AFTER)]
        fingerprint = hashlib.blake2b(repr((keys, pairs)).encode()).hexdigest()
        last, known = await self._bench.on(lambda opened: opened.layout.last())
        if last == fingerprint and known.keys() == set(keys):
            return [known[key] for key in keys]
        places = await asyncio.to_thread(lay_out, keys, pairs, known)
        kept = dict(zip(keys, places, strict=True))
        await self._bench.on(lambda opened: opened.layout.keep(fingerprint, kept))
        return places

    async def rows(
        self,
        note: str = "",
        *,
        depth: int = 1,
        sort: Sort = Sort.LINKS,
        backwards: bool = False,
        skip: int = 0,
        limit: int = 50,
        network: Network | None = None,
    ) -> GraphRows:
        """Return rows of all notes, or of the neighbours of the one with the id `note`.

        `backwards` turns the order round; `network` is as in `near`. Raises NoteNotFoundError,
        VaultError.
        """
        graph = network or await self.network()
        focus = graph.place_of(note) if note else None
        depth = max(1, min(depth, MOST_DEPTH))
        found = (
            range(len(graph.notes)) if focus is None else graph.around(focus, depth, Shown.AFTER)
        )
        every = sorted((row_of(graph, one) for one in found), key=_name)
        every.sort(key=_KEYS[sort], reverse=backwards)
        return GraphRows(
            tuple(every[skip : skip + limit]),
            len(every),
            len(graph.notes),
            Counter(one.standing for one in graph.links),
            graph.groups,
            None if focus is None else graph.notes[focus],
        )

    async def search(self, text: str) -> tuple[GraphRow, ...]:
        """Return the notes whose name, path or tag has `text` in it, those it begins first."""
        graph = await self.network()
        wanted = folded(text.strip().lstrip("#"))
        if not wanted:
            return ()
        ranked: list[tuple[int, int, int]] = []
        for place, one in enumerate(graph.notes):
            title = folded(one.title)
            fits = (title.startswith(wanted), wanted in title, wanted in folded(one.key))
            tagged = any(wanted in folded(tag) for tag in one.tags)
            if any(fits) or tagged:
                rank = next((number for number, fit in enumerate(fits) if fit), len(fits))
                ranked.append((rank, -graph.degree(place), place))
        return tuple(row_of(graph, place) for _, _, place in sorted(ranked)[:MOST_FOUND])

    async def card(self, note: str, *, network: Network | None = None) -> NoteCard:
        """Return what is known of the note with the id `note`; `network` is as in `near`.

        Raises NoteNotFoundError, VaultError.
        """
        graph = network or await self.network()
        place = graph.place_of(note)
        key = graph.notes[place].key
        wanted = Filter(states=WAITING, note=key, shows=graph.has)
        proposals = await self._bench.on(lambda opened: list(opened.queue.all_of(wanted)))
        links = sorted(graph.neighbours(place), key=lambda one: (graph.notes[one[0]].title, one[0]))
        return NoteCard(
            row_of(graph, place),
            tuple((graph.notes[other], standing) for other, standing in links[:MOST_OF_NOTE]),
            tuple(proposals[:MOST_OF_NOTE]),
            len(proposals),
        )

    async def named(self, name: str) -> str:
        """Return the id of a note that a person names by its path, or as a link would.

        Raises NoteNotFoundError, VaultError.
        """
        key = await self._bench.on(lambda opened: _named(opened.scene(), name))
        graph = await self.network()
        found = next((one.id for one in graph.notes if one.key == key), "")
        if not found:
            raise NoteNotFoundError(f"there is no note {name!r}; give its path in the vault")
        return found

    def _look(self, opened: OpenVault) -> Network:
        """Return the graph; what was read last time is used again while nothing has changed."""
        scene = opened.scene()
        facts = [(one.key, one.bytes_hash) for one in scene.sight.seen]
        seen = repr((facts, sorted(scene.files), sorted(scene.away), opened.store.version()))
        fingerprint = hashlib.blake2b(seen.encode("utf-8", "surrogatepass")).hexdigest()
        if fingerprint != self._fingerprint:
            links = opened.contents.links(opened.vault, scene.sight.seen)
            proposed = [one for state in WAITING for one in opened.review.tags(state)]
            self._last = network_of(scene, opened.links, links, proposed)
            self._fingerprint = fingerprint
        return self._last


def row_of(graph: Network, place: int) -> GraphRow:
    """Return the note at a place of the graph, with its links counted."""
    counts = graph.counted(place)
    proposed = counts[Standing.PROPOSED] + counts[Standing.ACCEPTED]
    return GraphRow(graph.notes[place], counts[Standing.OWN], counts[Standing.WRITTEN], proposed)


@lru_cache(maxsize=MOST_KEPT)
def _around(keys: tuple[str, ...], pairs: tuple[tuple[int, int], ...]) -> list[tuple[float, float]]:
    """Return the places of notes with the first of them at the origin."""
    places = lay_out(keys, pairs)
    left, up = places[0]
    return [(round(x - left, DIGITS), round(y - up, DIGITS)) for x, y in places]


def _box(places: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Return the lowest and the highest x and y of places."""
    right, up = zip(*places, strict=True) if places else ((0.0,), (0.0,))
    return min(right), min(up), max(right), max(up)


def _reading(opened: OpenVault) -> Iterator[int]:
    return opened.contents.read_in_parts(opened.vault, opened.look().seen)


def _named(scene: Scene, name: str) -> str | None:
    wanted = name.strip().removeprefix("[[").removesuffix("]]")
    if wanted in scene.facts:
        return wanted
    return scene.names.resolve(wanted.removesuffix(".md"), source="") if wanted else None


def _name(row: GraphRow) -> tuple[str, str]:
    return folded(row.note.title), row.note.key


def _tag(row: GraphRow) -> tuple[bool, str]:
    tags = (*row.note.tags, *row.note.proposed_tags)
    return not tags, folded(tags[0]) if tags else ""


_KEYS: Final[Mapping[Sort, Callable[[GraphRow], Any]]] = {
    Sort.NAME: _name,
    Sort.TAG: _tag,
    Sort.LINKS: lambda row: -row.links,
    Sort.WRITTEN: lambda row: -row.written,
    Sort.PROPOSED: lambda row: -row.proposed,
}
