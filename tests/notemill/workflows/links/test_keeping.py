"""What was found is kept as proposals: once, and instead of what is not found any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import NewPair, PairState
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.links.keeping import keep_pairs
from tests.notemill.workflows.kept import NOW, Kept, kept
from tests.notemill.workflows.links.linked import NOTES

if TYPE_CHECKING:
    from pathlib import Path

SEARCH = LinkSearch(5, 0.1)
SOIL = ("Compost.md", "Soil.md")
MULCH = ("Compost.md", "Mulch.md")


def keep(
    one: Kept, *pairs: tuple[str, str], run: str, search: LinkSearch = SEARCH, score: float = 0.5
) -> str:
    """Keep pairs as a look at the vault does; return their run."""
    found = [
        NewPair(a, b, score, {}, one.facts(a).source_hash, one.facts(b).source_hash)
        for a, b in pairs
    ]
    return keep_pairs(one.links, found, search, run=run, now=NOW)


def standing(one: Kept, state: PairState) -> set[tuple[str, str, str]]:
    """Return the pairs in a state, each with its run."""
    return {(pair.a, pair.b, pair.run) for pair in one.links.pairs(states=[state])}


def test_the_same_pairs_found_again_stay_proposals_of_the_run_that_found_them(
    tmp_path: Path,
) -> None:
    """Whatever their scores are by now; another form is another run."""
    with kept(tmp_path, NOTES) as one:
        assert keep(one, SOIL, run="link-1") == "link-1"
        assert keep(one, SOIL, run="link-2", score=0.4) == "link-1"
        assert standing(one, PairState.PROPOSED) == {(*SOIL, "link-1")}
        assert keep(one, SOIL, run="link-3", search=LinkSearch(4, 0.1)) == "link-3"
        assert standing(one, PairState.PROPOSED) == {(*SOIL, "link-3")}


def test_what_is_not_found_again_is_withdrawn(tmp_path: Path) -> None:
    """A pair that nobody has decided about does not wait for ever."""
    with kept(tmp_path, NOTES) as one:
        keep(one, SOIL, MULCH, run="link-1")
        assert keep(one, MULCH, run="link-2") == "link-2"
        assert standing(one, PairState.PROPOSED) == {(*MULCH, "link-2")}
        assert standing(one, PairState.WITHDRAWN) == {(*SOIL, "link-1")}


def test_pairs_that_were_not_looked_for_keep_waiting(tmp_path: Path) -> None:
    """A look at some notes says nothing of the others."""
    with kept(tmp_path, NOTES) as one:
        keep(one, SOIL, run="link-1")
        keep(one, MULCH, run="link-2", search=LinkSearch(5, 0.1, only="Mulch*"))
        assert standing(one, PairState.PROPOSED) == {(*SOIL, "link-1"), (*MULCH, "link-2")}
