"""Tracks that nobody should have written: an answer or a reason, and in linear time."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import SourceError
from notemill.sources.captions.drafting import draft_of
from notemill.sources.captions.paragraphs import paragraphs
from notemill.sources.captions.tracks import Track

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = st.sampled_from(
    [
        "WEBVTT\n", "\n", "\n\n", "00:01.000 --> 00:02.000\n", "00:00:03,5 --> ", "9:00:00 -->", "NOTE", "STYLE\n",
        "<v Ada>", "<", ">", "</v>", "<c>", "<00:00:01.000>", "&amp;", "&#x110000;", "&#0;", "{\\an8}", "[Music]",
        "(", "♪", "{", "}", "[", "]", '{"events":', '[{"segs":[{"utf8":"a"}]}]', '"', ":", "0:01", "[0:02] ", "Ada:",
        "<?xml ?>", "<tt>", "<p begin='1s'>", "<transcript>", "<text start='nan'>", "# H\n", "---\n", "```\n", "%%",
        "\ufeff", "\u202e", "\ud83d", "a", "窯", "start\tend\ttext\n", "1\t2\tx\n", "https://youtu.be/Rk3fT8zWq1E",
    ]
)  # fmt: skip


@settings(max_examples=400)
@given(
    st.lists(PIECES, max_size=25).map("".join),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    st.sampled_from(["vtt", "srt", "json3", "txt", "md", "ttml", ""]),
)
def test_any_text_is_a_draft_or_a_reason(text: str, encoding: str, ending: str) -> None:
    """Times grow and are finite, and something is said, or the track is named."""
    track = Track(f"a.{ending}", text.encode(encoding, "replace"), format=ending)
    try:
        draft = draft_of({}, [track])
    except SourceError as error:
        assert f"a.{ending}" in str(error)  # noqa: PT017  # most examples raise none
        return
    assert bool(draft.cues) != bool(draft.blocks)
    starts = [cue.start_s for cue in draft.cues]
    assert starts == sorted(starts)
    assert all(0 <= cue.start_s <= cue.end_s < 1e9 for cue in draft.cues)
    assert all(cue.text and cue.text == " ".join(cue.text.split()) for cue in draft.cues)
    assert sum(len(one.cues) for one in paragraphs(draft.cues)) == len(draft.cues)


@given(st.binary(max_size=300), st.sampled_from(["vtt", "srt", "json3", "txt", "md", "srv3"]))
def test_any_bytes_are_a_draft_or_a_reason(data: bytes, ending: str) -> None:
    """No exception but the one that says what is wrong."""
    try:
        draft_of({}, [Track("a", data, format=ending)])
    except SourceError as error:
        assert str(error).startswith("a")  # noqa: PT017


VTT = "WEBVTT\n\n" + "".join(
    f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}.000 --> {at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}.900\n"
    f"<v Ada>word{at} &amp; more\n\n"
    for at in range(60)
)


@pytest.mark.parametrize("ending", ["vtt", "srt"])
def test_a_file_that_breaks_off_is_read_to_where_it_does(ending: str) -> None:
    """At whatever byte: each whole caption before it is there."""
    whole = VTT.encode()
    for length in range(40, len(whole), 97):
        cut = whole[:length]
        draft = draft_of({}, [Track(f"a.{ending}", cut)])
        said = " ".join(cue.text for cue in draft.cues)
        assert all(f"word{at} " in said for at in range(cut.count(b"more")))


def _words(count: int) -> list[str]:
    draw = random.Random(5)  # noqa: S311  # no secret: the same words each time
    return [f"w{draw.randrange(5000)}" for _ in range(count)]


def _json3(count: int) -> bytes:
    events = [
        {
            "tStartMs": at * 1500,
            "dDurationMs": 3000,
            "segs": [{"utf8": word}, {"utf8": " and", "tOffsetMs": 9}],
        }
        for at, word in enumerate(_words(count // 2))
    ]
    return json.dumps({"events": events}).encode()


def _srt(count: int) -> bytes:
    return "\n".join(
        f"{at}\n{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02},000 --> {at // 3600:02}:{at // 60 % 60:02}:{at % 60:02},010\n{word}\n"
        for at, word in enumerate(_words(count))
    ).encode()


def _markdown(count: int) -> bytes:
    return "\n\n".join(
        f"Ada: {at // 60:02}:{at % 60:02}\n\n{word} *and* [more](https://example.org/{at})"
        for at, word in enumerate(_words(count // 3))
    ).encode()


def _same_time(count: int) -> bytes:
    return ("00:01.000 --> 00:02.000\n" + "row row\n" * 3 + "\n").encode() * (count // 6)


HUGE: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "json3": ("json3", _json3),
    "srt": ("srt", _srt),
    "markdown": ("md", _markdown),
    "one line": ("txt", lambda count: " ".join(_words(count)).encode()),
    "same time": ("vtt", _same_time),
    "opening tags": ("vtt", lambda count: b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<v a" * count),
    "emphasis": ("md", lambda count: b"[0:01] a\n[0:02] " + b"**a *b _c `d [e](" * count),
    "brackets": (
        "srt",
        lambda count: b"1\n00:00:01,000 --> 00:00:02,000\n" + b"[a (b *c {\\d" * count,
    ),
    "headings": ("md", lambda count: b"# a\n\n" * count + b"[0:01] a\n[0:02] b"),
    "times": ("txt", lambda count: b"0:01 " * count),
    "blank lines": (
        "vtt",
        lambda count: b"WEBVTT\n\n00:01.000 --> 00:02.000\nso\n" + b"\n" * count * 5,
    ),
    "spaces": ("md", lambda count: b"a 0:01" + b" " * count * 5 + b"x"),
    "colons": ("txt", lambda count: b"a:" * count),
}


@pytest.mark.parametrize("form", HUGE)
def test_the_longest_talks_take_a_time_in_proportion(form: str) -> None:
    """42,000 words take little more than twice as long as half of them."""
    ending, write = HUGE[form]
    took = []
    for count in (21_000, 42_000):
        data = write(count)
        begun = time.process_time()
        draft = draft_of({}, [Track("a", data, format=ending)])
        paragraphs(draft.cues)
        took.append(time.process_time() - begun)
    assert took[1] < 4 * took[0] + 0.5


def test_an_info_of_thousands_of_chapters_and_lines_is_read_in_time() -> None:
    """What a description holds is looked at once."""
    info = {
        "duration": 90_000,
        "description": "\n".join(
            f"{at // 60}:{at % 60:02} - part {at} {'(' * 30}" for at in range(60_000)
        ),
        "chapters": [{"start_time": 5, "title": "x" * 10_000}] * 20_000,
        "subtitles": {f"en-{at}": [] for at in range(50_000)},
    }
    begun = time.process_time()
    draft = draft_of(info, [Track("a", VTT.encode())])
    assert time.process_time() - begun < 1.0
    assert len(draft.chapters) == 1
