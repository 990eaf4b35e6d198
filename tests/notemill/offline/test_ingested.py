"""Replies about sources without a model: their own sentences, and the numbers of their pieces."""

from __future__ import annotations

import json
from typing import Any

from notemill.offline import respond
from notemill.offline.ingested import numbered_pieces, plain, without_speakers
from notemill.sources.draft import Cue, SourceKind
from notemill.workflows.ingest.answer import read_answer
from notemill.workflows.ingest.asking import request_for
from tests.notemill.workflows.ingest.drafts import article, asked, talk

SAID = (
    "Hello and welcome, it is great that so many of you are here tonight.",
    "A kiln of brick holds its heat for two days, and the pots in it cool slowly and evenly.",
    "Thank you.",
    "The kiln of brick needs more wood than a kiln of fibre, but the heat of brick is even.",
    "Ash from the wood flies through the kiln of brick and makes a glaze where it lands on pots.",
)


def reply(**other: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the reply about a talk of two speakers."""
    cues = tuple(
        Cue(60.0 * n, 60.0 * n + 50, text, ("Ada Venn", "Jo")[n % 2]) for n, text in enumerate(SAID)
    )
    about = asked(talk(cues=cues, chapters=(), **other))
    params = request_for(about, [], name="talk", system="Rules.", model="offline")
    found: dict[str, Any] = json.loads(respond(params))
    assert read_answer(json.dumps(found), about).losses == ()
    return found


def test_a_talk_is_described_by_what_it_says_and_not_by_its_greeting() -> None:
    """Neither the names of the speakers nor their courtesies are what it holds."""
    said = reply()["description"]
    assert "kiln of brick" in said
    assert said in SAID
    assert reply(kind=SourceKind.EPISODE)["description"]


def test_points_are_sentences_of_the_pieces_that_they_name() -> None:
    """Each is found in its piece, word for word."""
    points = reply()["summary"]
    assert points
    for one in points:
        assert one["text"] in SAID[one["pieces"][0] - 1]


def test_names_before_a_colon_are_speakers_where_they_come_again() -> None:
    """What one piece begins with may be part of what it says."""
    pieces = ["Ada: One.", "Jo: Two.", "Ada: Three.", "Note: four.", "Jo: at 5: five."]
    assert without_speakers(pieces) == ["One.", "Two.", "Three.", "Note: four.", "at 5: five."]


def test_pieces_are_read_back_as_they_were_numbered() -> None:
    """A number within a piece begins no other, and blocks keep their lines."""
    body = "[1] one [2] not two\n[2] ```\n[9] code\n```\n[3] three"
    assert numbered_pieces(body) == ["one [2] not two", "```\n[9] code\n```", "three"]


def test_only_prose_is_quoted() -> None:
    """Headings, lists, tables, code and pictures are no sentences; marks within a text go."""
    for block in ("# Head", "- item", "| a |", "```\nx\n```", "![x](y)", "1. one"):
        assert plain(block) == ""
    assert plain("It is *fine* [here](https://a.example).") == "It is fine here."


def test_an_article_is_described_by_its_beginning() -> None:
    """There the first words do say what it is about."""
    about = asked(article())
    params = request_for(about, [], name="page", system="Rules.", model="offline")
    assert json.loads(respond(params))["description"]
