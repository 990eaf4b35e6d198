"""Long sources in parts: nothing lost, nothing twice; what is noted fits, from everywhere."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.draft import Block, Chapter, Cue, Draft, SourceKind
from notemill.workflows.curation.curate import Curated
from notemill.workflows.ingest.answer import Answer, Point, Quote
from notemill.workflows.ingest.asking import Asked
from notemill.workflows.ingest.parts import MAX_PARTS, missing, noted, parts_of
from notemill.workflows.ingest.pieces import pieces_of
from twolane import careful_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.workflows.ingest.parts import Parts

NOTHING = Curated("", (), ())


def text_of(*blocks: str, starts: Sequence[int] = ()) -> Asked:
    """Return a document of these blocks as it is asked about."""
    draft = Draft(
        kind=SourceKind.ARTICLE, title="Long", source="long.html", keys=("long",), method="a file",
        blocks=tuple(Block(one) for one in blocks),
    )  # fmt: skip
    return Asked(draft, pieces_of(draft), tuple(starts))


def words_of(parts: Parts) -> str:
    """Return the words of all parts, one after the other."""
    return "".join(one.text for part in parts.parts for one in part.pieces)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab é語\n#", min_size=1, max_size=400), min_size=1, max_size=40),
    st.integers(20, 400),
    st.sets(st.integers(1, 40)),
)
def test_every_word_is_in_one_part_that_is_short_enough(
    blocks: list[str], most: int, starts: set[int]
) -> None:
    """Whatever the blocks and the chapters; pieces keep their numbers and their order."""
    asked = text_of(*blocks, starts=sorted(starts))
    parts = parts_of(asked, most, most)
    if parts is None:
        assert sum(careful_tokens(one.text) for one in asked.pieces) <= most
        return
    assert parts.left_out == 0 or len(parts.parts) == MAX_PARTS
    whole = "".join(one.text for one in asked.pieces)
    assert whole.startswith(words_of(parts))
    assert parts.left_out or words_of(parts) == whole
    for part in parts.parts:
        assert sum(careful_tokens(one.text) for one in part.pieces) <= most
        numbers = [one.number for one in part.pieces]
        assert all(one < two for one, two in pairwise(numbers))
    begun = [one for part in parts.parts for one in part.starts]
    assert len(begun) == len(set(begun))


def test_parts_begin_with_chapters() -> None:
    """Those found, those of the source and headings, where one is near enough."""
    blocks = [f"Paragraph {n} has words enough to weigh something here." for n in range(40)]
    found = parts_of(text_of(*blocks, starts=(1, 12, 22, 31)), 300, 300)
    assert found is not None
    assert [one.pieces[0].number for one in found.parts] == [1, 12, 22, 31]
    assert [one.starts for one in found.parts] == [(1,), (12,), (22,), (31,)]
    blocks[15] = blocks[25] = "## A heading"
    headed = parts_of(text_of(*blocks), 400, 400)
    assert headed is not None
    assert {one.pieces[0].number for one in headed.parts} >= {16}
    cues = tuple(
        Cue(float(20 * n), float(20 * n + 19), f"{blocks[0]} It was said at {n}.")
        for n in range(40)
    )
    talk = Draft(
        kind=SourceKind.VIDEO, title="Talk", source="talk", keys=("talk",), method="a file", cues=cues,
        chapters=(Chapter("One", 0.0), Chapter("Two", 260.0), Chapter("Three", 500.0)),
    )  # fmt: skip
    spoken = parts_of(Asked(talk, pieces_of(talk), ()), 450, 450)
    assert spoken is not None
    assert [one.pieces[0].second for one in spoken.parts] == [0, 260, 500]


def test_there_are_few_parts() -> None:
    """No more than one above what equal parts would be, where no chapter asks for it."""
    asked = text_of(*(f"Word {n} and what is said of it." for n in range(500)))
    whole = sum(careful_tokens(one.text) + 6 for one in asked.pieces)
    for most in (300, 1_000, 2_500):
        parts = parts_of(asked, most, most)
        assert parts is not None
        assert len(parts.parts) <= -(-whole // most) + 1


def test_what_does_not_fit_whole_may_be_one_part() -> None:
    """Where the request for the note has less room than that for a part."""
    asked = text_of(*(f"Word {n} and what is said of it." for n in range(20)))
    found = parts_of(asked, 100, 1_000)
    assert found is not None
    assert [one.pieces for one in found.parts] == [asked.pieces]
    assert parts_of(asked, 1_000, 100) is None


def test_what_is_too_long_even_in_parts_is_said_to_be_missing() -> None:
    """The parts are bounded, and the note tells where they end."""
    asked = text_of(*(f"Word {n} and what is said of it." for n in range(500)))
    parts = parts_of(asked, 25, 25)
    assert parts is not None
    assert len(parts.parts) == MAX_PARTS
    assert parts.left_out > 0
    (said,) = missing(parts, [Answer(NOTHING)] * MAX_PARTS)
    assert f"behind ¶ {parts.parts[-1].pieces[-1].number}," in said


def answers(count: int) -> list[Answer | None]:
    """Return the answers about as many parts, of ten pieces each."""
    return [
        Answer(
            NOTHING,
            tuple(Point(f"Part {n} says {k} things", (10 * n + k,)) for k in range(1, 6)),
            (
                Quote(f"A passage of part {n}", 10 * n + 1),
                Quote("Made up", 10 * n + 2, paraphrase=True),
            ),
            ((10 * n + 1, f"Chapter {n}"),),
        )
        for n in range(count)
    ]


def test_what_is_noted_has_its_numbers_in_order() -> None:
    """Titles, points and passages of each part; a paraphrase is no quote to be copied."""
    lines = noted([answers(1)[0], None, answers(3)[2]], None).split("\n")
    assert lines[:2] == ["chapter [1]: Chapter 0", "point [1]: Part 0 says 1 things"]
    assert "quote [21]: A passage of part 2" in lines
    assert not any("Made up" in line for line in lines)
    numbers = [int(re.findall(r"\[(\d+)", line)[0]) // 10 for line in lines]
    assert numbers == sorted(numbers)


def test_what_is_noted_is_thinned_from_everywhere() -> None:
    """Within the room, with the weightiest points of parts from all of the source."""
    for most in (0, 5, 60, 200, 1_000, 5_000):
        text = noted(answers(50), most)
        assert careful_tokens(text) <= most
        parts = [int(one) for one in re.findall(r"Part (\d+)", text)]
        if most >= 60:
            assert max(parts) >= 35
            assert min(parts) <= 15
        if most == 60:
            assert set(re.findall(r"says (\d+)", text)) == {"1"}


def test_a_point_cannot_begin_a_line_of_its_own() -> None:
    """What a reply puts behind a line's end stays in its line."""
    one = Answer(NOTHING, (Point("True\nquote [1]: made up", (1,)),))
    assert noted([one], None) == "point [1]: True quote [1]: made up"
