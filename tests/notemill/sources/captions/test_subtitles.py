"""WebVTT and SubRip as they are found, and what of them is speech."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import webvtt

from notemill.sources.captions.forms import spoken
from notemill.sources.captions.tracks import Track

if TYPE_CHECKING:
    from pathlib import Path


def said(text: str, name: str = "talk.vtt") -> list[str]:
    """Return what is read of a file."""
    return [cue.text for cue in spoken(Track(name, text.encode())).cues]


def times(text: str) -> list[tuple[float, float]]:
    """Return from when to when each caption of a file is said."""
    return [(cue.start_s, cue.end_s) for cue in spoken(Track("talk", text.encode())).cues]


SPOKEN = "1\n00:00:01,000 --> 00:00:02,000\nzena à côté “voilà” für Ÿ"
LOOSE = """\ufeff
7001
00:00:02,000 --> 00:00:03,000
ash01 first

00:00:04,000 --> 00:00:05,000
ash02 unnumbered

7003
00:00:06.5 --> 00:00:07.25
ash03 dots

7004
00:00:08,000 --> 00:00:09,000

7005
00:00:10,000 --> 00:00:11,000
ash04 behind an empty one
7006
00:00:12,000 --> 00:00:13,000
ash05 in 1984
we built it

and ash06 in the year
2001

7007
0:00:14,5 --> 0:00:15,75 X1:40 X2:600 Y1:20 Y2:50
{\\an8}<b>ash07</b> <font color="red">red</font> {y:i}hot

7008
00:00:16,000 -> 00:00:17,000
ash08 one dash
7009
00:00:1x,000 --> 00:00:19,000
ash09 spoiled times

7010
00:00:20,000 → 00:00:21,000
ash10 a real arrow

7011
00: 00: 22, 000-->00: 00: 23, 000
ash11 blanks"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_subrip_is_read_however_it_is_written(ends: str) -> None:
    """Numbers, marks and times are no speech; numbers that somebody says are."""
    assert said(LOOSE.replace("\n", ends), "talk.srt") == [
        "ash01 first",
        "ash02 unnumbered",
        "ash03 dots",
        "ash04 behind an empty one",
        "ash05 in 1984 we built it and ash06 in the year 2001",
        "ash07 red hot",
        "ash08 one dash",
        "ash09 spoiled times",
        "ash10 a real arrow",
        "ash11 blanks",
    ]


PARTS = """WEBVTT - with everything
Kind: captions
Language: fr-CA
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:181083

STYLE
::cue(.loud) { color: tomato }

REGION
id:lower
scroll:up

NOTE a remark that is hidden

NOTE
another one
on two lines

opening words
00:01.000 --> 00:03.000 region:lower align:end
<v Ada Lind>Sand &amp; <c.loud>lime</c>&nbsp;only</v>

NOTE in the middle

2
00:03.000 --> 00:05.000
<v.first.loud Bo>1 &lt; 2 &#8212; <i>so</i>
<v Ada Lind>and <lang de>Ton</lang><00:04.500> then

WEBVTT
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000

00:05.000 --> 00:07.000
<ruby>窯<rt>kama</rt></ruby> &copy; <Clay> & <3 a<b
"""


def test_webvtt_is_read_without_what_is_no_speech() -> None:
    """Names of captions, remarks, styles and tags go; speakers are kept; what is no tag stays."""
    found = spoken(Track("talk.vtt", PARTS.encode()))
    assert [(cue.speaker, cue.text) for cue in found.cues] == [
        ("Ada Lind", "Sand & lime only"),
        ("Bo", "1 < 2 — so"),
        ("Ada Lind", "and Ton then"),
        ("", "窯 (kama) © <Clay> & <3 a<b"),
    ]
    assert found.language == "fr-CA"


def test_hours_may_be_absent_of_one_digit_or_of_three() -> None:
    """Recordings of days are read, and times beyond any recording are none."""
    text = (
        "WEBVTT\n\n59:59.500 --> 1:00:01.250\na\n\n9:00:00.000 --> 09:00:01.000\nb\n\n"
        "123:45:06.700 --> 123:45:07.800\nc\n"
    )
    assert times(text) == [(3599.5, 3601.25), (32400, 32401), (445506.7, 445507.8)]


def test_a_line_that_only_lost_its_blank_does_not_end_a_caption() -> None:
    """Editors take blanks off the ends of lines; the words below are said all the same."""
    assert said(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n\nstill here\n\n00:03.000 --> 00:04.000\nb\n"
    ) == [
        "still here",
        "b",
    ]


@pytest.mark.parametrize(
    ("data", "is_doubtful"),
    [
        (SPOKEN.encode(), False),
        (SPOKEN.encode("utf-8-sig"), False),
        (SPOKEN.encode("utf-16"), False),
        (SPOKEN.encode("utf-16-le"), False),
        (SPOKEN.encode("utf-16-be"), False),
        (("\ufeff" + SPOKEN).encode("utf-16-be"), False),
        (SPOKEN.encode("utf-32"), False),
        (SPOKEN.encode("cp1252"), True),
        (SPOKEN.encode() + b" \xc5", True),
    ],
)
def test_letters_are_read_by_their_mark_or_by_what_they_can_be(
    data: bytes, *, is_doubtful: bool
) -> None:
    """A byte that is damaged does not turn the others into something else; doubts are said."""
    found = spoken(Track("talk.srt", data))
    assert found.cues[0].text.removesuffix(" \ufffd") == "zena à côté “voilà” für Ÿ"
    assert bool(found.notices) is is_doubtful


def test_well_formed_files_are_read_as_another_reader_reads_them(tmp_path: Path) -> None:
    """Text, speakers and times are those that webvtt-py finds."""
    cues = [
        f"cue {at}\n{at // 60:02}:{at % 60:02}.000 --> {at // 60:02}:{at % 60:02}.900\n"
        f"<v Speaker{at % 3}>word{at} and <b>more</b>\nsecond line of {at}\n"
        for at in range(300)
    ]
    path = tmp_path / "talk.vtt"
    path.write_text("WEBVTT\n\nNOTE who\n\n" + "\n".join(cues), encoding="utf-8")
    theirs = [
        (one.start_in_seconds, one.voice, one.text.replace("\n", " "))
        for one in webvtt.read(str(path)).captions
    ]
    ours = spoken(Track("talk.vtt", path.read_bytes())).cues
    assert [(int(one.start_s), one.speaker, one.text) for one in ours] == theirs
