"""Transcripts as texts: with times they are captions, without any they stay written."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from notemill.errors import SourceError
from notemill.markup.masks import RegionKind
from notemill.markup.reading import Reading
from notemill.sources.captions.drafting import draft_of
from notemill.sources.captions.tracks import Track
from notemill.sources.draft import Chapter, Draft, SourceKind


def drafted(text: str, name: str = "talk.md") -> Draft:
    """Return the draft of a text file."""
    return draft_of({}, [Track(name, text.encode(), format=name.rpartition(".")[2])])


@pytest.mark.parametrize(
    "text",
    [
        "[00:00:05] we dig the clay\n[00:01:10] and let it rest\nfor a week",
        "(0:05) we dig the clay\n\n(1:10) and let it rest\n\nfor a week",
        "00:05 we dig the clay\n01:10 and let it rest for a week",
        "0:05\nwe dig the clay\n1:10\nand let it rest\nfor a week\n",
        "00:00:05 - we dig the clay\n00:01:10 - and let it rest for a week",
        "[00:05.000 - 00:09.500] we dig the clay\n[01:10.000 - 01:20.000] and let it rest for a week",
        "**[0:05]** we dig the clay\n\n**[1:10]** and let it rest for a week",
        "- 0:05 we dig the clay\n- 1:10 and let it rest for a week",
        "[00:05.00]we dig the clay\n[01:10.00]and let it rest for a week",
    ],
)
def test_a_line_that_begins_with_a_time_begins_a_piece(text: str) -> None:
    """In brackets, alone, in bold, in a list, as a range, or as lyrics have them."""
    for name in ("talk.md", "talk.txt"):
        draft = drafted(text, name)
        assert [(cue.start_s, cue.text) for cue in draft.cues] == [
            (5, "we dig the clay"),
            (70, "and let it rest for a week"),
        ]
        assert draft.blocks == ()


@pytest.mark.parametrize(
    "text",
    [
        "Ada Lind: 00:00:05\n\nHello.\nWelcome.\n\nBo van Aa: 00:01:10\n\nThanks, Ada.",
        "Ada Lind 0:05\nHello. Welcome.\n\nBo van Aa  1:10\nThanks, Ada.",
        "**Ada Lind:** 00:05\n\nHello. Welcome.\n\n**Bo van Aa:** 01:10\n\nThanks, Ada.",
        "Ada Lind (00:05): Hello. Welcome.\nBo van Aa (01:10): Thanks, Ada.",
        "Ada Lind [00:05]\nHello. Welcome.\nBo van Aa [01:10]\nThanks, Ada.",
    ],
)
def test_a_name_with_a_time_begins_what_that_person_says(text: str) -> None:
    """The name is the speaker, and no word of the speech."""
    assert [(cue.start_s, cue.speaker, cue.text) for cue in drafted(text).cues] == [
        (5, "Ada Lind", "Hello. Welcome."),
        (70, "Bo van Aa", "Thanks, Ada."),
    ]


def test_names_behind_times_are_speakers_if_they_come_again() -> None:
    """A word before a colon that comes once is a word."""
    draft = drafted(
        "[0:00] Ada: hello\n[0:09] Bo: hi\n[0:20] Ada: note: wet\n[0:30] Note: dry\nBo: so"
    )
    assert [(cue.start_s, cue.speaker, cue.text) for cue in draft.cues] == [
        (0, "Ada", "hello"),
        (9, "Bo", "hi"),
        (20, "Ada", "note: wet"),
        (30, "", "Note: dry"),
        (30, "Bo", "so"),
    ]


WITH_PROPERTIES = """---
title: 'Digging: clay'
speakers:
  - Ada Lind
  - "[[Bo]]"
date: 2023-04-05
media: https://youtu.be/Rk3fT8zWq1E?si=abc
language: en
---
# Digging: clay

## Where to dig

Ada Lind: 00:00:05

By the **river**, see [the map](https://example.org/map) and `site_1`.

How deep
--------

## Really

Ada Lind: 00:01:10

Two \\_feet\\_, <https://example.org/feet>.
"""


def test_a_talk_with_properties_and_headings_has_title_people_and_chapters() -> None:
    """Headings are chapters that begin with what stands below; links keep their address."""
    draft = drafted(WITH_PROPERTIES)
    assert (draft.kind, draft.keys) == (SourceKind.VIDEO, ("youtube:Rk3fT8zWq1E",))
    assert (draft.title, draft.authors) == ("Digging: clay", ("Ada Lind", "Bo"))
    assert (draft.published, draft.language) == ("2023-04-05", "en")
    assert draft.source == "https://www.youtube.com/watch?v=Rk3fT8zWq1E"
    assert draft.chapters == (Chapter("Where to dig", 5), Chapter("How deep \u2013 Really", 70))
    assert [cue.text for cue in draft.cues] == [
        "By the river, see the map (https://example.org/map) and site_1.",
        "Two _feet_, https://example.org/feet.",
    ]


def test_a_talk_within_a_longer_recording_is_not_that_recording() -> None:
    """Several talks name one video, each with its second: each has a key of its own."""
    draft = drafted(WITH_PROPERTIES.replace("?si=abc", "?t=2200"))
    assert draft.kind is SourceKind.TRANSCRIPT
    assert draft.keys[0].startswith("sha256:")
    assert draft.source == "https://www.youtube.com/watch?v=Rk3fT8zWq1E"


@pytest.mark.parametrize(
    "text",
    [
        "Start time: 6:09:50\nEnd time: 6:23:21\n\n" + "We talked about clay for a while. " * 300,
        "We met at 10:30 in the yard.\n\nAt 9:15 it had rained.\n\n12:00 was lunch.",
        "The ratio is 3:02 to one.\n\nIt was 4:30 when we left, and dark.",
    ],
)
def test_times_that_somebody_mentions_mark_nothing(text: str) -> None:
    """Then it is a text without times, and none is made up."""
    draft = drafted(text)
    assert (draft.cues, draft.duration_s) == ((), None)
    assert draft.blocks


def test_markdown_without_times_stays_markdown() -> None:
    """Blocks are parted at empty lines, and not within code."""
    text = "# A talk\n\n**Ada:** so\nit is\n\n```py\na = 1\n\nb = 2\n```\n\n* one\n* two\n"
    assert [one.markdown for one in drafted(text).blocks] == [
        "# A talk",
        "**Ada:** so\nit is",
        "```py\na = 1\n\nb = 2\n```",
        "* one\n* two",
    ]


HOSTILE = """A #tag and [[Secret]] and ![[x.png]] %%hidden%% <% tp.file.cursor() %>

```dataviewjs
dv.pages()
```

`= this.file` and `$= dv.current()` but `#code [[code]]` stays

<iframe src="https://example.org"></iframe>

A line with an id ^abc
"""


def test_nothing_in_a_stranger_s_markdown_acts() -> None:
    """No tag, link, embed, comment, template, query, block id or frame is left of it."""
    text = "\n\n".join(one.markdown for one in drafted(HOSTILE).blocks)
    reading = Reading(text)
    assert (reading.tags, reading.links) == ((), ())
    kinds = {one.kind for one in reading.regions}
    assert not kinds & {RegionKind.COMMENT, RegionKind.TEMPLATE, RegionKind.HTML}
    assert "```text dataviewjs" in text
    assert "`#code [[code]]`" in text
    assert "\\`= this.file\\`" in text
    assert "\\^abc" in text


def test_plain_text_is_escaped_and_parted() -> None:
    """Each turn is a block with its speaker, and a wall of text ends up in paragraphs."""
    draft = drafted("Ada: so #1 is\nthe *first*\nBo: yes\n\nAda: good\nBo: so", "talk.txt")
    assert [one.markdown for one in draft.blocks] == [
        "**Ada:** so #1 is the \\*first\\*",
        "**Bo:** yes",
        "**Ada:** good",
        "**Bo:** so",
    ]
    wall = drafted("This is one sentence of many. " * 400, "talk.txt")
    assert len(wall.blocks) > 10
    assert all(580 <= len(one.markdown) <= 1_800 for one in wall.blocks[:-1])
    assert all(len(one.markdown) < 3_000 for one in drafted("word " * 20_000, "talk.txt").blocks)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                "[0:01]",
                "Ada:",
                "0:05 ",
                "word",
                "\n",
                "\n\n",
                "# H",
                "a.b",
                "。",
                "窯",
                " ",
                "---",
                "`",
                "*",
            ]
        ),
        max_size=40,
    ).map("".join),
    st.sampled_from(["talk.md", "talk.txt"]),
)
def test_no_letter_of_a_text_is_lost(text: str, name: str) -> None:
    """Every letter that is no time is in a piece, a speaker or a chapter."""
    assume(not text.startswith("---"))  # properties are no text
    try:
        draft = drafted(text, name)
    except SourceError:
        assert not any(letter in text for letter in "wb窯")
        return
    told = [f"{cue.speaker}{cue.text}" for cue in draft.cues] + [
        one.title for one in draft.chapters
    ]
    told += [one.markdown for one in draft.blocks]
    for letter in ("w", "窯", "b", "H"):
        assert "".join(told).count(letter) >= text.count(letter)


def test_times_that_a_page_has_once_more_in_words_are_not_said() -> None:
    """Copied from YouTube's panel; a number that somebody says is none of them."""
    text = (
        "0:05\n5 seconds\nwe dig\n1:10\n1 minute, 10 seconds\nfor a week\n2:00\n5 seconds\nlater\n"
    )
    said = [(cue.start_s, cue.text) for cue in drafted(text, "panel.txt").cues]
    assert said == [(5.0, "we dig"), (70.0, "for a week"), (120.0, "5 seconds later")]
