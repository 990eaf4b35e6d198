"""A draft in pieces: every place comes from the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.draft import Chapter, Cue
from notemill.workflows.ingest.chapters import sections_of
from notemill.workflows.ingest.pieces import pieces_of
from tests.notemill.workflows.ingest.drafts import answered, asked, talk

if TYPE_CHECKING:
    from notemill.sources.draft import Draft


def test_no_piece_spans_two_chapters() -> None:
    """A chapter that begins between two sentences of a paragraph divides it."""
    pieces = pieces_of(talk())
    assert [one.second for one in pieces if one.second in (0, 150)] == [0, 150]
    titles = [one.title for one in sections_of(asked(talk()), answered())]
    assert titles == ["Firing", "Resting & cooling"]


def test_two_speakers_in_one_second_share_a_block() -> None:
    """A block id stands once in a note, and both of them are named."""
    cues = (Cue(5.1, 5.5, "Yes.", "Ada"), Cue(5.6, 9.0, "No.", "Jo"))
    (piece,) = pieces_of(talk(cues=cues, chapters=()))
    assert (piece.block, piece.speaker, piece.text) == ("t5", "Ada", "Yes. Jo: No.")


@st.composite
def talks(draw: st.DrawFn) -> Draft:
    """Draw a talk with any pauses, speakers and chapters."""
    times = sorted(draw(st.lists(st.floats(0, 500), min_size=1, max_size=25)))
    cues = tuple(
        Cue(start, start + 1, f"w{n}.", draw(st.sampled_from(("", "Ada", "Jo"))))
        for n, start in enumerate(times)
    )
    starts = sorted(set(draw(st.lists(st.integers(0, 600), max_size=5))))
    return talk(cues=cues, chapters=tuple(Chapter(f"c{one}", float(one)) for one in starts))


@settings(max_examples=60)
@given(talks())
def test_every_word_has_its_place_once(draft: Draft) -> None:
    """Nothing is lost or moved, block ids are unique and grow, and sections hold every piece."""
    pieces = pieces_of(draft)
    said = " ".join(one.text for one in pieces).split()
    assert [word for word in said if word.startswith("w")] == [one.text for one in draft.cues]
    seconds = [one.second for one in pieces]
    assert seconds == sorted(set(seconds), key=lambda one: one or 0)
    assert {one.second for one in pieces} <= {int(one.start_s) for one in draft.cues}
    held = [piece for one in sections_of(asked(draft), answered()) for piece in one.pieces]
    assert held == list(pieces)
