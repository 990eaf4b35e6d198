"""Captions that roll up: each spoken line once, whatever is done to them on the way."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from notemill.sources.captions.forms import spoken
from notemill.sources.captions.tracks import Track

LINES = st.lists(
    st.lists(st.sampled_from(["no", "the", "kiln", "is", "hot", "very"]), min_size=1, max_size=4),
    min_size=3,
    max_size=12,
)
Timed = list[tuple[float, float, list[str]]]


def clock(seconds: float, mark: str = ".") -> str:
    """Return seconds as captions write them."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{rest:03}"


def rolled(lines: list[list[str]], *, hold: bool = True) -> Timed:
    """Return lines as YouTube shows them: built below the one before, then held for 10 ms."""
    shown: Timed = []
    for at, words in enumerate(lines):
        start, end = 3.0 * at, 3.0 * at + 2.99
        above = " ".join(lines[at - 1]) if at else " "
        built = words[0] + "".join(
            f"<{clock(start + 0.3 * place)}><c> {word}</c>"
            for place, word in enumerate(words[1:], 1)
        )
        shown.append((start, end, [above, built]))
        if hold:
            shown.append((end, end + 0.01, [" ".join(words), " "]))
    return shown


def as_vtt(shown: Timed, *, stripped: bool = False) -> bytes:
    """Return captions as WebVTT; `stripped` without blanks at the ends of lines."""
    parts = ["WEBVTT\nKind: captions\nLanguage: en\n"]
    for start, end, lines in shown:
        head = f"{clock(start)} --> {clock(end)} align:start position:0%"
        parts.append(
            "\n".join([head, *(line.rstrip() if stripped else line for line in lines), ""])
        )
    return "\n".join(parts).encode()


def as_srt(shown: Timed) -> bytes:
    """Return captions as ffmpeg makes SubRip of them: no times within, no empty lines."""
    plain = [
        (start, end, [text for line in lines if (text := without_tags(line))])
        for start, end, lines in shown
    ]
    return "\n".join(
        f"{at}\n{clock(start, ',')} --> {clock(end, ',')}\n" + "\n".join(lines) + "\n"
        for at, (start, end, lines) in enumerate(plain, 1)
    ).encode()


def without_tags(line: str) -> str:
    """Return a line without what stands between angles."""
    kept = ""
    depth = 0
    for letter in line:
        depth += letter == "<"
        kept += letter if not depth else ""
        depth -= letter == ">"
    return kept.strip()


def said(data: bytes) -> list[str]:
    """Return the lines that are read of a track."""
    return [cue.text for cue in spoken(Track("a.en.vtt", data)).cues]


@settings(max_examples=150)
@given(LINES)
@example([["no"], ["no"], ["no"], ["kiln"]])
@example([["hot"], ["hot"], ["hot"], ["hot"]])
def test_each_line_is_read_once_and_what_is_said_twice_twice(lines: list[list[str]]) -> None:
    """As YouTube writes them, with blanks taken off, and converted to SubRip."""
    right = [" ".join(words) for words in lines]
    shown = rolled(lines)
    assert said(as_vtt(shown)) == right
    assert said(as_vtt(shown, stripped=True)) == right
    assert said(as_srt(shown)) == right


def test_rolling_captions_without_holds_are_told_by_their_lines() -> None:
    """A program that takes cues of 10 ms out leaves each line above the next all the same."""
    lines = [[f"line{at // 3}", "is", "said"] for at in range(12)]
    shown = rolled(lines, hold=False)
    assert said(as_vtt(shown)) == [" ".join(words) for words in lines]
    assert said(as_srt(shown)) == [" ".join(words) for words in lines]


def test_three_lines_that_roll_are_read_once() -> None:
    """As decoders of television write them: two old lines above the new one."""
    lines = [f"line {at} of it" for at in range(12)]
    shown: Timed = [(2.0 * at, 2.0 * at + 2, lines[max(0, at - 2) : at + 1]) for at in range(12)]
    assert said(as_srt(shown)) == lines


def test_captions_that_grow_by_a_word_are_read_when_they_are_whole() -> None:
    """As programs write them that listen to what is said now; a line said again is said again."""
    sentences = ["so we open the kiln", "so we open the kiln", "and nothing broke at all"]
    shown: Timed = []
    for words in map(str.split, sentences):
        for count in range(1, len(words) + 1):
            at = len(shown) * 1.0
            shown.append((at, at + 1, [" ".join(words[:count])]))
    assert said(as_srt(shown)) == sentences
    assert said(as_srt([(0, 1, ["so"]), (1, 2, ["so we"]), (2, 3, ["go"])])) == [
        "so",
        "so we",
        "go",
    ]


def test_the_times_are_those_at_which_a_line_is_first_shown() -> None:
    """The upper line of a caption began earlier."""
    cues = spoken(Track("a", as_vtt(rolled([["one", "two"], ["three"], ["four"]])))).cues
    assert [(cue.start_s, cue.end_s) for cue in cues] == [(0, 2.99), (3, 5.99), (6, 8.99)]


def test_a_refrain_is_no_rolling_caption() -> None:
    """Lines that come again, also right behind each other, are sung again."""
    shown: Timed = [
        (at * 3.0, at * 3.0 + 3, lines)
        for at, lines in enumerate(
            [["row row", "row your boat"], ["row row"], ["row row"], ["gently", "down"], ["gently"]]
        )
    ]
    assert said(as_srt(shown)) == [
        "row row row your boat",
        "row row",
        "row row",
        "gently down",
        "gently",
    ]


def test_one_caption_that_stands_in_a_file_twice_is_one() -> None:
    """Pieces of a stream that overlap repeat a caption with its times; said twice has two times."""
    shown: Timed = [(0, 2, ["so"]), (0, 2, ["so"]), (2, 4, ["so"])]
    assert said(as_srt(shown)) == ["so", "so"]


def test_ends_that_are_all_wrong_do_not_make_captions_roll() -> None:
    """Where every caption ends when it begins, a line that comes again is said again."""
    shown: Timed = [(at, at, [text]) for at, text in enumerate(["a", "b", "b", "c", "c", "d"])]
    assert said(as_srt(shown)) == ["a", "b", "b", "c", "c", "d"]
