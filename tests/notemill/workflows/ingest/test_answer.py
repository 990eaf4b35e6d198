"""Replies about a source, held against it: places, quotes, numbers and names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from notemill.sources.draft import Captions, Draft, SourceKind
from notemill.workflows.ingest.answer import (
    NOWHERE,
    UNKNOWN,
    Answer,
    Quote,
    exact_passage,
    read_answer,
)
from notemill.workflows.ingest.asking import Asked
from notemill.workflows.ingest.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXTS = (
    "Good morning. Today Ada Venn fires the small kiln at 980 degrees.",
    "It takes four hours, and then the oven rests until the clay is cool.",
    "In 1847 the old kiln of Linne burned down, and nobody built it again.",
)


def asked(texts: Sequence[str] = TEXTS, starts: Sequence[int] = ()) -> Asked:
    """Return a talk of these paragraphs, one a minute."""
    pieces = tuple(
        Piece(number, text, f"t{60 * number}", 60 * number) for number, text in enumerate(texts, 1)
    )
    draft = Draft(
        SourceKind.VIDEO, ("youtube:aB3dE5gH7jK",), "", "A talk", "a file",
        captions=Captions.AUTOMATIC,
    )  # fmt: skip
    return Asked(draft, pieces, tuple(starts))


def answer(about: Asked | None = None, **said: Any) -> Answer:  # noqa: ANN401
    """Return what is read of a reply that says this."""
    whole: Mapping[str, Any] = {
        "note_ref": "x", "description": "A kiln.", "tags": [], "topics": [],
        "summary": [], "quotes": [], "chapters": [], **said,
    }  # fmt: skip
    return read_answer(json.dumps(whole), about or asked())


def reasons(found: Answer) -> list[tuple[str, str]]:
    """Return the losses of an answer."""
    return [(one.field, one.reason) for one in found.losses]


def test_a_point_keeps_the_pieces_that_there_are() -> None:
    """Numbers that no piece has are left out, and so is a point that rests on nothing."""
    found = answer(
        summary=[
            {"text": "The kiln is fired at 980 degrees.", "pieces": [1, 99, 2]},
            {"text": "It rains.", "pieces": [0, 4, -1]},
        ]
    )
    assert [(one.text, one.pieces) for one in found.points] == [
        ("The kiln is fired at 980 degrees.", (1, 2))
    ]
    assert reasons(found) == [("summary", UNKNOWN)]


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [
        ("It was in 1847 that the kiln burned.", ()),
        ("It was in 1874 that the kiln burned.", ("1874",)),
        ("The kiln of Linne belonged to Ada Venn.", ()),
        ("The kiln of Linz belonged to Ada Venn.", ("Linz",)),
        ("The kiln is fired at 9,80 degrees.", ()),
    ],
)
def test_what_a_point_names_and_the_source_does_not_is_told(
    text: str, unsaid: tuple[str, ...]
) -> None:
    """Numbers and names that occur nowhere in the source are named."""
    (point,) = answer(summary=[{"text": text, "pieces": [3]}]).points
    assert point.unsaid == unsaid


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        (
            "It takes four hours, and then the oven rests",
            "It takes four hours, and then the oven rests",
        ),
        (
            "it takes FOUR hours — and then the oven rests!",
            "It takes four hours, and then the oven rests",
        ),
        ("until the clay is cool", "until the clay is cool."),
    ],
)
def test_a_quote_is_in_the_words_of_the_source(said: str, quote: str) -> None:
    """Case, space and punctuation are the source's, whatever the reply makes of them."""
    assert answer(quotes=[{"text": said, "piece": 2}]).quotes == (Quote(quote, 2),)


def test_a_quote_of_the_piece_beside_is_found_there() -> None:
    """A number that is off by one leads to the piece that holds the words."""
    (quote,) = answer(quotes=[{"text": "nobody built it again", "piece": 2}]).quotes
    assert (quote.piece, quote.paraphrase) == (3, False)


def test_a_near_miss_is_a_paraphrase_and_an_invention_is_left_out() -> None:
    """What is nearly said is shown as what it is; what is not said at all is not shown."""
    found = answer(
        quotes=[
            {
                "text": "It takes about four hours, then the oven rests until clay is cool",
                "piece": 2,
            },
            {"text": "The moon is made of blue cheese, they say", "piece": 1},
        ]
    )
    assert [(one.piece, one.paraphrase) for one in found.quotes] == [(2, True)]
    assert ("quotes", NOWHERE) in reasons(found)


def test_titles_are_of_the_chapters_that_there_are() -> None:
    """A title for another piece, and one that repeats, are left out."""
    about = asked(starts=(1, 3))
    found = answer(
        about,
        chapters=[
            {"title": "Firing", "piece": 1},
            {"title": "Nowhere", "piece": 2},
            {"title": "firing", "piece": 3},
        ],
    )
    assert found.titles == ((1, "Firing"),)


def test_what_a_reply_smuggles_in_is_no_markup_and_no_address() -> None:
    """Addresses that the source does not have become plain words."""
    (point,) = answer(
        summary=[{"text": "See [this](https://evil.example/x) about kilns.", "pieces": [1]}]
    ).points
    assert "evil.example" not in point.text


def test_a_passage_is_found_in_any_script() -> None:
    """Letters are compared, whatever stands between them."""
    assert exact_passage("歩き 続ける", "道を歩き続ける。") == "歩き続ける。"
    assert exact_passage("STRASSE", "Die Straße ist lang") == "Straße"
    assert exact_passage("!?", "anything") == ""
