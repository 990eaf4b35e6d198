"""Links for a whole vault: what is proposed, what is left out, and how it hangs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.index import Index
from notemill.workflows.links.finding import LinkSearch, cohesion_of, find_pairs, read_notes
from tests.notemill.workflows.kept import Kept, kept
from tests.notemill.workflows.links.linked import NOTES, proposed, write

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.links.finding import Findings

TRAINS = {
    "Trains.md": "Night trains from Vienna to Rome run daily with sleeper carriages.\n",
    "Empty.md": "",
    "Broken.md": "---\ntags: [a\n---\nSoil, worms and leaves.\n",
}


def found(one: Kept, folder: Path, *, top: int = 5, only: str | None = None) -> Findings:
    """Look for links, by words alone."""
    index = Index(folder / "derived.sqlite3")
    try:
        read = read_notes(one.scene(), one.links, index.contents)
        return find_pairs(read, one.links, LinkSearch(top, 0.05, only=only))
    finally:
        index.close()


def ends(findings: Findings) -> set[tuple[str, str]]:
    """Return the notes of the pairs."""
    return {(pair.a, pair.b) for pair in findings.pairs}


def test_notes_of_one_subject_are_paired_and_nothing_is_kept(tmp_path: Path) -> None:
    """What is broken or empty is in no pair, and named with its reason."""
    with kept(tmp_path, NOTES | TRAINS) as one:
        findings = found(one, tmp_path)
        assert ("Compost.md", "Soil.md") in ends(findings)
        assert not any("Trains.md" in pair for pair in ends(findings))
        left = {left.key: left.reason for left in findings.left_out}
        assert left["Empty.md"] == "without text"
        assert "frontmatter" in left["Broken.md"]
        assert findings.before.orphans == findings.before.components
        assert findings.after.orphans < findings.before.orphans
        assert one.links.pairs() == []


def test_the_same_notes_get_the_same_pairs_when_they_are_linked(tmp_path: Path) -> None:
    """Links that notemill wrote are no reason for or against a pair; only new ones are returned."""
    with kept(tmp_path, NOTES) as one:
        first = ends(found(one, tmp_path))
        proposed(one, ("Compost.md", "Soil.md"))
        write(one)
        assert ends(found(one, tmp_path)) == first - {("Compost.md", "Soil.md")}


def test_only_pairs_with_a_note_asked_for_are_returned(tmp_path: Path) -> None:
    """And no note gets more links than `top`."""
    with kept(tmp_path, NOTES) as one:
        some = ends(found(one, tmp_path, only="Mul*"))
        assert some
        assert all("Mulch.md" in pair for pair in some)
        assert len(found(one, tmp_path, top=1).pairs) == 1


def test_a_vaults_cohesion_is_counted() -> None:
    """Notes without a link, and parts that no link joins."""
    cohesion = cohesion_of("abcde", [("a", "b"), ("b", "c")])
    assert (cohesion.notes, cohesion.orphans, cohesion.components) == (5, 2, 3)
