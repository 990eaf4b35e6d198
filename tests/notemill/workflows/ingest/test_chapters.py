"""The chapters of a talk: the source's own, else those that its words tell."""

from __future__ import annotations

from notemill.sources.draft import Chapter
from notemill.workflows.ingest.chapters import sections_of, starts_of
from notemill.workflows.ingest.pieces import pieces_of
from tests.notemill.workflows.ingest.drafts import answered, article, asked, talk


def test_what_comes_before_the_first_chapter_has_no_title() -> None:
    """It is not lost, and not part of another chapter."""
    late = talk(chapters=(Chapter("Firing", 60.0),))
    first, second = sections_of(asked(late), answered())
    assert (first.title, second.title) == ("", "Firing")
    assert first.pieces
    assert second.pieces[0].second == 60


def test_a_chapter_without_a_word_keeps_its_second() -> None:
    """A pause of the talk is a chapter of the video all the same."""
    empty = talk(chapters=(Chapter("Firing", 0.0), Chapter("Music", 300.0)))
    assert [(one.title, one.second, bool(one.pieces)) for one in sections_of(asked(empty), answered())] == [
        ("Firing", 0, True), ("Music", 300, False),
    ]  # fmt: skip


def test_chapters_that_were_found_begin_where_a_title_says_so() -> None:
    """One that nobody titled is part of the one before."""
    about = asked(talk(chapters=()))
    last = about.pieces[-1].number
    found = sections_of(
        about.__class__(about.draft, about.pieces, (1, last)), answered(titles=((1, "All"),))
    )
    assert [(one.title, len(one.pieces)) for one in found] == [("All", len(about.pieces))]


def test_written_texts_and_short_talks_get_no_chapters() -> None:
    """A text has headings, and of a minute nobody needs chapters."""
    for draft in (article(), talk(chapters=())):
        assert not starts_of(draft, pieces_of(draft))
