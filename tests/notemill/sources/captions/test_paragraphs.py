"""Paragraphs: what was said, readable, with nothing lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.captions.paragraphs import paragraphs
from notemill.sources.draft import Cue

WORDS = st.text(alphabet="abc é 中ค한。.>", min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def talks(draw: st.DrawFn) -> list[Cue]:
    """Return cues in order of time, with pauses, overlaps and several speakers."""
    start = 0.0
    cues = []
    for _ in range(draw(st.integers(0, 40))):
        start += draw(st.sampled_from([0.0, 0.2, 3.0, 11.0, 40.0]))
        end = start + draw(st.sampled_from([0.0, 2.5, 5.0]))
        cues.append(Cue(start, end, draw(WORDS), draw(st.sampled_from(["", "Ada", "Bo"]))))
    return cues


@settings(max_examples=150)
@given(talks(), st.sampled_from([(20.0, 45.0), (1.0, 1.0), (5.0, 300.0)]))
def test_every_cue_is_in_one_paragraph_word_for_word(
    cues: list[Cue], bounds: tuple[float, float]
) -> None:
    """The letters are those of the cues in order; times grow, but where two speak at once."""
    found = paragraphs(cues, least_s=bounds[0], most_s=bounds[1])
    assert [at for one in found for at in one.cues] == list(range(len(cues)))
    for one in found:
        said = [cues[at] for at in one.cues]
        assert one.text.replace(" ", "") == "".join(cue.text for cue in said).replace(" ", "")
        assert (one.start_s, {one.speaker}) == (said[0].start_s, {cue.speaker for cue in said})
    for before, after in pairwise(found):
        turned = before.speaker != after.speaker or after.text.startswith(">>")
        assert turned or int(before.start_s) < int(after.start_s)


def spoken(*pieces: str, every: float = 5.0, lasts: float = 5.0) -> list[Cue]:
    """Return a cue for each piece."""
    return [Cue(at * every, at * every + lasts, piece) for at, piece in enumerate(pieces)]


def test_a_paragraph_ends_with_a_sentence_between_its_bounds() -> None:
    """Not with the first sentence, and not within one where another is near."""
    cues = spoken("One.", "two", "three", "four", "five", "Six.", "seven", "eight", "nine", "ten")
    assert [one.text for one in paragraphs(cues, least_s=10, most_s=40)] == [
        "One. two three four five Six.",
        "seven eight nine ten",
    ]


def test_without_stops_it_ends_at_the_longest_pause() -> None:
    """Automatic captions have no sentences, but people breathe."""
    cues = spoken("a", "b", "c", "d", "e", "f", "g", "h", lasts=4.9)
    cues[3] = Cue(15.0, 17.0, "d")
    assert [one.text for one in paragraphs(cues, least_s=10, most_s=30)] == ["a b c d", "e f g h"]


def test_silence_and_another_speaker_end_a_paragraph_at_once() -> None:
    """A new speaker is one who is named, or one before whom captions write two arrows."""
    cues = [
        Cue(0, 2, "hello", "Ada"),
        Cue(2, 4, "hi", "Bo"),
        Cue(4, 6, "so", "Bo"),
        Cue(27, 28, "later", "Bo"),
        Cue(28, 29, ">> and then", "Bo"),
    ]
    assert [(one.start_s, one.speaker, one.text) for one in paragraphs(cues)] == [
        (0, "Ada", "hello"),
        (2, "Bo", "hi so"),
        (27, "Bo", "later"),
        (28, "Bo", ">> and then"),
    ]


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("今日は窯を", "開けます。", "早いです"), "今日は窯を開けます。早いです"),
        (("오늘은 가마를", "엽니다"), "오늘은 가마를 엽니다"),
        (("วันนี้", "เปิดเตา"), "วันนี้เปิดเตา"),
        (("said 窯", "in Japan", "窯です"), "said 窯 in Japan 窯です"),
    ],
)
def test_pieces_are_joined_as_their_script_is_written(pieces: tuple[str, ...], text: str) -> None:
    """Chinese, Japanese and Thai have no blanks between words, Korean has."""
    assert [one.text for one in paragraphs(spoken(*pieces))] == [text]


def test_bounds_that_cannot_be_met_are_refused() -> None:
    """A length of nothing would make a paragraph of each cue, and cost a look at all of them."""
    for least, most in ((0, 30), (-1, 30), (50, 30)):
        with pytest.raises(ValueError, match="paragraph"):
            paragraphs(spoken("a"), least_s=least, most_s=most)
