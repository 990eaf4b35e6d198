"""Times: they grow and lie within the duration, and what is wrong with them is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.captions.drafting import draft_of
from notemill.sources.captions.tracks import Track

if TYPE_CHECKING:
    from notemill.sources.draft import Draft

SECONDS = st.sampled_from([0.0, 1.0, 1.5, 30.0, 61.0, 3600.0, 90000.0])


def srt(*cues: tuple[float, float, str]) -> bytes:
    """Return a SubRip file."""
    return "\n".join(
        f"{at}\n{clock(start)} --> {clock(end)}\n{text}\n"
        for at, (start, end, text) in enumerate(cues, 1)
    ).encode()


def clock(seconds: float) -> str:
    """Return seconds as SubRip has them."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{rest:03}"


def drafted(*cues: tuple[float, float, str], duration: float | None = None) -> Draft:
    """Return the draft of captions in a video of this duration."""
    return draft_of({"title": "t", "duration": duration}, [Track("t.srt", srt(*cues))])


@settings(max_examples=100)
@given(
    st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=12),
    st.sampled_from([None, 2.0, 100.0]),
)
def test_times_grow_and_end_with_the_recording(
    times: list[tuple[float, float]], duration: float | None
) -> None:
    """Overlapping, backwards, without length, beyond the end: no word is lost by it."""
    cues = [(start, end, f"w{at}") for at, (start, end) in enumerate(times)]
    draft = drafted(*cues, duration=duration)
    assert sorted(cue.text for cue in draft.cues) == sorted(text for _, _, text in cues)
    starts = [cue.start_s for cue in draft.cues]
    assert starts == sorted(starts)
    assert all(cue.start_s <= cue.end_s <= (duration or 10**9) for cue in draft.cues)
    assert all(
        one.end_s <= other.start_s or one.start_s == other.start_s
        for one, other in zip(draft.cues, draft.cues[1:], strict=False)
    )


def test_files_put_together_keep_their_order() -> None:
    """Each part is counted on from the one before, and the owner is told."""
    part = [(60.0 * at, 60.0 * at + 5, f"word{at}") for at in range(1, 8)]
    draft = drafted(*part, *part)
    assert [cue.text for cue in draft.cues] == [text for _, _, text in part] * 2
    assert draft.cues[7].start_s == 60 + 425
    assert any("begin anew once" in one for one in draft.notices)


def test_one_wrong_time_moves_nothing() -> None:
    """What is said there stays between what was said before and behind it, and the owner is told."""
    for wrong in (9000.0, 0.0):
        good = [(10.0 * at, 10.0 * at + 5, f"word{at}") for at in range(1, 30)]
        draft = drafted(*good[:9], (wrong, wrong + 1, "slip"), *good[9:])
        assert [cue.text for cue in draft.cues][8:11] == ["word9", "slip", "word10"]
        assert [cue.start_s for cue in draft.cues][8:11] == [90, 90, 100]
        assert any("1 caption has a time out of order" in one for one in draft.notices)


def test_captions_in_another_order_are_sorted() -> None:
    """As where signs of a film stand behind all that is said."""
    talk = [(10.0 * at, 10.0 * at + 5, f"word{at}") for at in range(50)]
    signs = [(10.0 * at + 6, 10.0 * at + 7, f"sign{at}") for at in (3, 4)]
    assert [cue.text for cue in drafted(*talk, *signs).cues][3:7] == [
        "word3",
        "sign3",
        "word4",
        "sign4",
    ]


def test_times_that_cannot_be_right_are_said() -> None:
    """All in the first seconds; only a part of the recording; beyond its end."""
    rushed = drafted(*[(at / 50, at / 50 + 0.02, "some five words are here") for at in range(60)])
    assert any("cannot be right" in one for one in rushed.notices)
    short = drafted((0, 5, "hello"), (5, 60, "and bye"), duration=3600)
    assert any("end at 1:00, the recording at 1:00:00" in one for one in short.notices)
    beyond = drafted((0, 5, "hello"), (400, 405, "and"), (500, 505, "bye"), duration=300)
    assert any("2 captions come after the recording's end at 5:00" in one for one in beyond.notices)
    whole = drafted((0, 5, "hello"), (250, 255, "a quiet film"), duration=300)
    assert not whole.notices
