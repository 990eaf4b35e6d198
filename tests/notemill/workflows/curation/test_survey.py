"""What a look through the vault has found, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.terms import RunTerms
from notemill.vault.left_alone import LeftAlone
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.needs import Need
from notemill.workflows.curation.survey import Selection, Survey
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"a.md": "Apples.\n", "b.md": "---\ntags: [a\n---\nPears.\n", "c.md": "Cherries.\n"}


def test_every_note_that_was_seen_is_counted_once(tmp_path: Path) -> None:
    """What needs work, is left, has no text, is put off or is up to date adds up."""
    with kept(tmp_path, NOTES) as one:
        survey = Survey(
            seen=9,
            work=((one.facts("a.md"), Need("no tags", 4)),),
            skipped=(LeftAlone("b.md", "broken"),),
            without_text=("empty.md", "drawing.md"),
            candidates=Candidates.of([]),
            put_off=2,
            sight=one.sight(),
            not_seen=(),
        )
        assert survey.up_to_date == 9 - 1 - 1 - 2 - 2
        assert [facts.key for facts in survey.notes] == ["a.md"]
        assert [facts.key for facts in survey.taught] == ["a.md", "c.md"]


def test_nothing_asked_for_is_every_note_in_whichever_lane() -> None:
    """The defaults leave lane, money and time open."""
    terms, selection = RunTerms(), Selection()
    assert (terms.lane, terms.cap_nano, terms.by_s) == (None, None, None)
    assert (terms.stages, selection.limit, selection.only) == ("auto", None, None)
