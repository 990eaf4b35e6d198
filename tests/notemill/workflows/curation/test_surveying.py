"""A vault's notes parted: what needs work, what is left alone, what has nothing to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.vault.left_alone import LeftAlone
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.needs import Need
from notemill.workflows.curation.surveying import survey_of
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.index import NoteFacts
    from notemill.workflows.curation.survey import Survey

NOTES = {
    "bad.md": "---\ntags: [a\n---\nText.\n",
    "empty.md": "",
    "few.md": "Few words.\n",
    "many.md": "Many more words.\n",
    "linked.md": "Words of a hard link.\n",
    "fine.md": "Nothing to do.\n",
    "Tags.md": "The list.\n",
    "Private/diary.md": "Secret.\n",
}
RANKS = {"few.md": 1, "many.md": 5, "linked.md": 3, "Tags.md": 5}


def need(facts: NoteFacts) -> Need | None:
    """Return how much a note needs work, as this test has it."""
    return Need("needed", RANKS[facts.key]) if facts.key in RANKS else None


def surveyed(folder: Path, **changes: Any) -> Survey:  # noqa: ANN401
    """Part the notes."""
    with kept(folder, NOTES, hidden=("Private",)) as one:
        asked: dict[str, Any] = {
            "need": need,
            "why_not_writable": lambda key: "a hard link" if key == "linked.md" else "",
            "wanted": None,
            "place": "Tags.md",
            "limit": None,
            "left_out": [LeftAlone("x.canvas", "no note"), LeftAlone("Private/y.png", "no note")],
        }
        return survey_of(one.sight(), Candidates.of([]), **(asked | changes))


def test_each_note_has_one_place(tmp_path: Path) -> None:
    """The vocabulary's own note needs nothing; nothing hidden is counted or named."""
    survey = surveyed(tmp_path)
    assert [facts.key for facts in survey.notes] == ["few.md", "many.md"]
    assert [one.key for one in survey.skipped] == ["bad.md", "linked.md"]
    assert survey.without_text == ("empty.md",)
    assert survey.seen == len(NOTES) - 1
    assert survey.up_to_date == 2
    assert [one.key for one in survey.not_seen] == ["x.canvas"]


def test_a_limit_takes_the_neediest_and_counts_the_others(tmp_path: Path) -> None:
    """What is put off is no note that needs nothing."""
    survey = surveyed(tmp_path, limit=1)
    assert [facts.key for facts in survey.notes] == ["many.md"]
    assert (survey.put_off, survey.up_to_date) == (1, 2)


def test_only_the_notes_asked_for_are_looked_at(tmp_path: Path) -> None:
    """All others are not counted at all."""
    survey = surveyed(tmp_path, wanted={"few.md", "bad.md"})
    assert survey.seen == 2
    assert [facts.key for facts in survey.notes] == ["few.md"]
