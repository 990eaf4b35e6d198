"""Drafts and answers as notes: properties, places, transcripts, templates of owners."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from notemill.errors import UsageError
from notemill.sources.draft import Block, Captions, Chapter, SourceKind
from notemill.vault.note import parse
from notemill.workflows.ingest.answer import Point, Quote
from notemill.workflows.ingest.rendering import (
    BY_PROGRAM,
    Layout,
    additions_of,
    clock,
    note_of,
    own_template,
    transcript_of,
)
from tests.notemill.workflows.ingest.drafts import ADDRESS, answered, article, asked, talk

HERE = Layout("2026-11-29", "Clippings/Oven.md", "Clippings/Oven.md")
POINT = Point("The kiln burns.", (1, 2))


def properties(note: bytes) -> dict[str, object]:
    """Return a note's frontmatter as another reader of YAML has it."""
    found: dict[str, object] = yaml.safe_load(note.decode().split("---\n")[1])
    return found


def test_properties_are_those_of_the_clipper_in_their_order() -> None:
    """What a curation fills in stands empty in its place; what is not known is left out."""
    note = note_of(asked(talk()), answered(), HERE)
    assert list(properties(note)) == [
        "title", "source", "author", "published", "created", "description", "tags", "duration",
        "language", "captions", "channel",
    ]  # fmt: skip
    assert properties(note)["author"] == ["[[Clay Hour]]"]
    assert properties(note)["duration"] == "5:00"
    assert "channel" not in properties(note_of(asked(article()), answered(), HERE))


@pytest.mark.parametrize("name", ["a|b", "a#b", "a^b", "[x]"])
def test_a_name_that_no_link_takes_is_plain(name: str) -> None:
    """An author is a wikilink only where the link leads to a note of that name."""
    note = note_of(asked(talk(authors=(name,))), answered(), HERE)
    assert properties(note)["author"] == [name]


@pytest.mark.parametrize(
    "title", ["a: b", '"quoted"', "---", "# no heading", "- x", "true", "1986", "@x", "a\u2028b"]
)
def test_any_title_is_yaml(title: str) -> None:
    """A title is text to every reader of YAML, whatever it is made of."""
    note = note_of(asked(talk(title=title)), answered(), HERE)
    assert properties(note)["title"] == title
    assert parse(note)[0].writable


def test_a_video_plays_and_every_place_leads_into_it() -> None:
    """Points, quotes, chapters and paragraphs name the second, twice: for the site and the player."""
    quote = Quote("Sentence number 2", 2)
    text = note_of(asked(talk()), answered(POINT, quotes=(quote,)), HERE).decode()
    assert f"![How an oven rests]({ADDRESS})" in text
    assert f"- The kiln burns. ([0:00]({ADDRESS}&t=0s#t=0), " in text
    assert (
        f"- [2:30]({ADDRESS}&t=150s#t=150) Resting \\& cooling" in text
        or "Resting & cooling" in text
    )
    assert "*(automatic captions)*" in text
    assert re.search(r"^\*\*\[2:30\].*\^t150$", text, re.MULTILINE)


def test_all_that_is_said_stands_below_its_chapter() -> None:
    """The transcript has every sentence once, in order, and a chapter begins its own paragraph."""
    text = note_of(asked(talk()), answered(), HERE).decode()
    assert re.findall(r"Sentence number (\d)", text) == [*"0123456789"]
    first, second = text.split("### ")[1:]
    assert first.startswith("Firing")
    assert second.startswith("Resting")
    assert "number 4" in first
    assert "number 5" in second


def test_captions_made_by_hand_are_not_said_to_mishear() -> None:
    """Who wrote the words down is told at the top, and beside quotes only where it was a program."""
    draft = talk(captions=Captions.MANUAL)
    text = note_of(asked(draft), answered(quotes=(Quote("Sentence", 1),)), HERE).decode()
    assert "Captions by hand" in text
    assert "automatic" not in text.lower()


def test_a_talk_without_address_leads_to_its_paragraphs() -> None:
    """Times are links to block ids of the note itself."""
    draft = talk(keys=("sha256:1",), source="talk.srt", kind=SourceKind.TRANSCRIPT)
    text = note_of(asked(draft), answered(POINT), HERE).decode()
    assert "([[#^t0|0:00]], " in text
    assert "![" not in text


def test_a_transcript_beside_its_note_is_linked_both_ways() -> None:
    """The note has no transcript, but leads into the other's paragraphs."""
    beside = replace(HERE, transcript="Clippings/Oven (transcript).md")
    draft = talk(keys=("sha256:1",), source="talk.srt")
    text = note_of(asked(draft), answered(POINT), beside).decode()
    assert "Transcript: [[Oven (transcript)]]" in text
    assert "[[Oven (transcript)#^t0|0:00]]" in text
    assert "Sentence number" not in text
    other = transcript_of(asked(draft), answered(), beside).decode()
    assert other.startswith("[[Oven]]")
    assert other.count("Sentence number") == 10


def test_without_a_transcript_times_are_words() -> None:
    """There is no block to lead to."""
    draft = talk(keys=("sha256:1",), source="talk.srt")
    text = note_of(asked(draft), answered(POINT), replace(HERE, transcript="")).decode()
    assert "(0:00, " in text
    assert "Sentence number" not in text


def test_a_written_text_is_as_it_was_read() -> None:
    """Blocks keep their bytes, and only those that a point rests on have an id."""
    text = note_of(asked(article()), answered(Point("Ash is fine.", (2, 3))), HERE).decode()
    assert (
        "\n\nAsh \\#1 is *fine*. ^p2\n\n- one\n- two\n\n^p3\n\n```\na\n\n\n\nb\n```\n\nThe end.\n"
        in text
    )
    assert "([[#^p2|¶ 2]], [[#^p3|¶ 3]])" in text


def test_headings_of_a_text_stand_below_its_own_heading() -> None:
    """All are lowered alike, so that the outline of the note is right."""
    texts = ("# Ash", "One.", "## Grey *ash*", "Two.", "###### Deep", "Three.")
    draft = article(blocks=tuple(map(Block, texts)))
    text = note_of(asked(draft), answered(), HERE).decode()
    found = re.findall(r"^(#+) (.*)$", text, re.MULTILINE)
    assert found == [("##", "Text"), ("###", "Ash"), ("####", "Grey *ash*"), ("######", "Deep")]
    lower = article(blocks=(Block("### Low"), Block("One.")))
    assert "\n\n### Low\n" in note_of(asked(lower), answered(), HERE).decode()


def test_pages_lead_into_the_document() -> None:
    """A document's pages are marked, and its points name them."""
    blocks = (Block("One.", 1), Block("Two.", 2), Block("More.", 2))
    draft = article(kind=SourceKind.DOCUMENT, source="ash.pdf", blocks=blocks)
    text = note_of(asked(draft), answered(Point("Two it is.", (2,))), HERE).decode()
    assert "- Two it is. ([[ash.pdf#page=2|Page 2]])" in text
    assert text.count("*[[ash.pdf#page=2|Page 2]]*") == 1


def test_words_of_a_source_mean_nothing_to_obsidian() -> None:
    """Tags, links and headings that somebody said are words in the note."""
    cue = replace(talk().cues[0], text="# Use #clay and [[Slip]] %%now%%")
    draft = talk(cues=(cue,), chapters=(Chapter("#raku [[x]]", 0.0),), title="[[T]] #t")
    note = parse(note_of(asked(draft), answered(Point("It is #fine.", (1,))), HERE))[0]
    assert not note.reading.tags
    assert not [one for one in note.reading.links if "Slip" in str(one) or str(one) == "x"]


def test_what_a_summary_made_up_is_marked() -> None:
    """A person sees which of its words the source does not have."""
    text = note_of(asked(talk()), answered(Point("It was 1847.", (1,), ("1847",))), HERE).decode()
    assert "It was 1847. *(not in the source: 1847)* (" in text


def test_a_summary_without_a_model_says_so() -> None:
    """The label stands above it, and nowhere where there is no summary."""
    layout = replace(HERE, label=BY_PROGRAM)
    assert f"*{BY_PROGRAM}*" in note_of(asked(talk()), answered(POINT), layout).decode()
    assert BY_PROGRAM not in note_of(asked(talk()), answered(), layout).decode()


def test_additions_are_the_note_without_its_properties() -> None:
    """They begin with a blank line, so that they stand apart from what is there."""
    whole = note_of(asked(talk()), answered(POINT), HERE).decode()
    added = additions_of(asked(talk()), answered(POINT), HERE)
    assert added.startswith("\n")
    assert whole.endswith(added)
    assert "title:" not in added


def test_an_owner_s_template_decides() -> None:
    """What it leaves out is not there, and it may show what notemill's own does not."""
    mine = "---\n{{ properties }}\n---\n# {{ title }}\n{% for one in points %}* {{ one }}\n{% endfor %}"
    text = note_of(asked(talk()), answered(POINT), replace(HERE, template=mine)).decode()
    assert "# How an oven rests\n* The kiln burns. (" in text
    assert "Transcript" not in text


@pytest.mark.parametrize(
    "template",
    ["{% for %}", "{{ 1 / 0 }}", "{{ ''.__class__.__mro__ }}", "{% include 'x' %}", "{{ x.y.z }}"],
)
def test_a_template_that_fails_is_named(template: str) -> None:
    """No template reaches Python or files, and none ends in a traceback."""
    with pytest.raises(UsageError, match="template"):
        note_of(asked(talk()), answered(), replace(HERE, template=template))


def test_the_own_template_ends_with_one_line_end() -> None:
    """No note ends in blank lines, whatever it holds."""
    assert own_template().endswith("\n")
    for draft in (talk(), article(), talk(cues=(), chapters=())):
        text = note_of(asked(draft), answered(), HERE).decode()
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (90, "1:30"), (3_600, "1:00:00"), (360_000, "100:00:00")]
)
def test_times_are_as_players_show_them(seconds: int, shown: str) -> None:
    """Hours only where there are some."""
    assert clock(seconds) == shown


@pytest.mark.parametrize("name", ["AC/DC", "Clay: the hour", "..", "What?", "a|b", 'The "Kiln"'])
def test_nobody_is_linked_whom_no_note_can_be_called(name: str) -> None:
    """A link to `AC/DC` would make a folder; the name itself stays as it is."""
    note = note_of(asked(talk(authors=(name, "Ada Venn"))), answered(), HERE)
    assert properties(note)["author"] == [name, "[[Ada Venn]]"]
