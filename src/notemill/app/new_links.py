"""Links of new notes: looked for once, when all notes of a run are written.

A pair can only be made of notes that are there: what a link is called depends on the names in the
vault, and what a pair is bound to on the notes' bytes. So links are found once the new notes are
written, however many they are, in one search. A run that writes without asking links its new notes
with each other, and its undo takes that back. What would be written into a note that was there before
is a person's to decide: these links, and all of a run that asks, are proposed and wait in the queue as
if `notemill link` had found them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.app.link_events import LinksStudied, LinksWereWritten, NewLinksProposed, NotesCompared
from notemill.app.meaning import kept_vectors
from notemill.app.opened import OpenVault
from notemill.app.terms import LEAST_SCORE, LINKS_A_NOTE
from notemill.config import load_embedding
from notemill.errors import EmbeddingError
from notemill.properties import Property
from notemill.stores.pairs import LinkRun, PairState
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.workflows.links.finding import LinkSearch, find_pairs, read_notes
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.links.learning import learn, learned
from notemill.workflows.links.upkeep import look_after
from notemill.workflows.links.writing import LinkWriting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from notemill.app.workbench import Workbench
    from notemill.index import NoteFacts
    from notemill.linking.model import Weights
    from notemill.stores.pairs import NewPair
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.links.finding import Ranking
    from notemill.workflows.links.scene import Scene
    from notemill.workflows.links.upkeep import Upkeep

SEARCH: Final = LinkSearch(LINKS_A_NOTE, LEAST_SCORE)
"""What `notemill link` looks for unless it is told otherwise."""
OF_RUN: Final = "new_notes_of"
"""The setting of a search with the run whose new notes it was for."""


async def propose_new_links(bench: Workbench, notes: Collection[str], of: str) -> None:
    """Propose links between new `notes`, which the run `of` wrote, and the vault, and report them.

    Nothing where links are not used. Raises VaultError.
    """
    if notes and (found := await _proposed(bench, notes, of)) is not None:
        run, _, count = found
        if count:
            bench.front.tell(NewLinksProposed(run, count))


async def write_new_links(bench: Workbench, notes: Collection[str], run: str) -> None:
    """Write links between new `notes` as a part of `run`, propose their others, and report both.

    May be called again after a crash. Nothing where links are not used. Raises VaultError.
    """
    if not notes or (found := await _proposed(bench, notes, run)) is None:
        return
    proposed, scene, _ = found
    new = frozenset(notes)
    waiting = 0

    def planned(opened: OpenVault) -> LinkWriting:
        writing = LinkWriting(scene, opened.links, run, SEARCH.form, now=opened.clock)
        nonlocal waiting
        pairs = opened.links.pairs(run=proposed, states=[PairState.PROPOSED])
        among = [one for one in pairs if one.a in new and one.b in new]
        waiting = len(pairs) - len(among)
        writing.plan(among, ())
        return writing

    writing = await bench.on(planned)
    async for _ in bench.each(lambda _: writing.write()):
        pass
    sight = await bench.on(OpenVault.look)
    written = await bench.on(lambda _: writing.written.shown(sight))
    if written.notes or not written.is_whole:
        bench.front.tell(LinksWereWritten(run, written))
    if waiting:
        bench.front.tell(NewLinksProposed(proposed, waiting))


def new_notes_in(outcomes: Iterable[Applied]) -> tuple[str, ...]:
    """Return the notes that were created, of those that were written."""
    return tuple(
        one.note
        for one in outcomes
        if any(said.kind is ProposalKind.NOTE and not said.replaces for said in one.written)
    )


def created_in(opened: OpenVault, run: str) -> tuple[str, ...]:
    """Return the notes that a run created, in whatever process."""
    return tuple(
        one.note for one in opened.new_notes.of_run(run, ProposalState.APPLIED) if not one.replaces
    )


def lacks_links(opened: OpenVault, run: str) -> bool:
    """Return whether a run created notes whose links were never looked for, though links are used."""
    if Property.RELATED not in opened.used or not created_in(opened, run):
        return False
    return all(one.settings.get(OF_RUN) != run for one in opened.links.runs())


# -- the search -----------------------------------------------------------------------------------


def read_vault(opened: OpenVault) -> tuple[Ranking, Upkeep]:
    """Read the notes for ranking, and bring the ledger in line with them. Raises VaultError."""
    scene = opened.scene()
    upkeep = look_after(scene, opened.links, now=opened.clock())
    return read_notes(scene, opened.links, opened.contents), upkeep


async def taught_by(bench: Workbench, read: Ranking) -> Weights | None:
    """Return what the vault's links teach, and study them first where they have changed much."""
    lesson = await bench.on(lambda opened: learned(read, opened.lessons))
    if lesson is None:
        bench.front.tell(LinksStudied(read.links))
        try:
            lesson = await bench.on(lambda opened: learn(read, opened.lessons))
        finally:
            taught = lesson is not None and lesson.added is not None
            bench.front.tell(LinksStudied(read.links, done=True, taught=taught))
    return lesson.added


async def _proposed(
    bench: Workbench, notes: Collection[str], of: str
) -> tuple[str, Scene, int] | None:
    """Propose the links of new notes; return the run, the scene, and how many pairs.

    The search is recorded also where it finds nothing: it need not be made again.
    """
    if Property.RELATED not in bench.used:
        return None
    read, _ = await bench.on(read_vault)
    vectors = await bench.on(_vectors, bench, read.facts)
    taught = await taught_by(bench, read)
    bench.front.tell(NotesCompared())
    try:
        findings = await bench.on(
            lambda opened: find_pairs(
                read, opened.links, SEARCH,
                vectors=vectors, taught=taught, among=frozenset(notes),
            )
        )  # fmt: skip
    finally:
        bench.front.tell(NotesCompared(done=True))
    run = bench.new_run_id(LINK_KIND)
    await bench.on(_store, run, of, findings.pairs)
    return run, read.scene, len(findings.pairs)


def _store(opened: OpenVault, run: str, of: str, pairs: Collection[NewPair]) -> None:
    settings = {**SEARCH.settings(), OF_RUN: of}
    opened.links.propose(LinkRun(run, opened.clock(), settings), pairs)


def _vectors(
    opened: OpenVault, bench: Workbench, facts: tuple[NoteFacts, ...]
) -> NDArray[np.float32] | None:
    """Return the stored embeddings, None without them: a model that is gone fails no notes."""
    try:
        return kept_vectors(opened, load_embedding(config=bench.settings.config), facts)[0]
    except EmbeddingError:
        return None
