"""Which of the vault's tags a prompt carries."""

from __future__ import annotations

import pytest

from notemill.workflows.curation.candidates import MAX_CANDIDATES, Candidates, tag_words


def test_the_spelling_used_most_stands_for_all() -> None:
    """Of spellings used equally often the first in order, so that runs agree."""
    candidates = Candidates.of([["Soup"], ["soup"], ["soup"], ["b"], ["B"]])
    assert candidates.counts == {"soup": 3, "B": 2}
    assert candidates.spelled(["SOUP", "b", "never", "soup"]) == ["soup", "B"]


def test_what_obsidian_takes_for_no_tag_is_not_told() -> None:
    """It may be a sentence of one note, and would stand in another note's prompt."""
    candidates = Candidates.of([["a secret sentence", "1984", "so\u200bil", "x" * 300, "fine"]])
    assert list(candidates.counts) == ["fine"]


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("ai/agentFrameworks", ("agent", "frameworks")),
        ("food/Crème-brûlée", ("creme", "brulee")),
        ("食/麻婆豆腐", ("麻婆豆腐",)),
        ("🔧", ()),
    ],
)
def test_a_tags_words_are_those_of_its_last_level(tag: str, words: tuple[str, ...]) -> None:
    """Without case and accents."""
    assert tag_words(tag) == words


def test_a_tag_in_a_script_without_spaces_fits_within_a_word() -> None:
    """Elsewhere a part of a word is no word."""
    candidates = Candidates.of([["食/豆腐", "food/rye"]])
    assert candidates.fitting("", "", "今天做麻婆豆腐") == ["食/豆腐"]
    assert candidates.fitting("", "", "ryegrass") == []


def test_a_tag_fits_by_the_stems_of_its_words() -> None:
    """In the note's own language: another form of a word is the same word."""
    candidates = Candidates.of([["hobby/gardening", "essen/suppe", "train"]])
    assert candidates.fitting("", "", "In spring the gardens of the town were open.") == [
        "hobby/gardening"
    ]
    german = "Die Suppen waren nicht für den Winter, und sie sind auch kalt gut."
    assert candidates.fitting("", "", german) == ["essen/suppe"]


def test_what_the_title_names_comes_before_what_the_text_mentions() -> None:
    """Neither a long name nor a rare one counts for more than its place."""
    candidates = Candidates.of([["soil"], ["soil"], ["compost-and-worms"]])
    text = "The soil is fed by compost and worms."
    assert candidates.fitting("Soil", "", text)[0] == "soil"
    assert candidates.fitting("Compost and worms", "", text)[0] == "compost-and-worms"


def test_what_is_near_a_note_takes_turns_with_what_it_names() -> None:
    """All of them enter, however many it names; what is frequent alone does not."""
    named = [f"n{n}/word{n}" for n in range(10)]
    text = " ".join(f"word{n}" for n in range(10))
    candidates = Candidates.of([*([tag] for tag in named), *[["often"]] * 9, ["rare"], ["linked"]])
    found = candidates.of_note("", "", text, near=[["rare"], ["linked", "n3/word3"]])
    assert found[:2] == ["rare", "linked"]
    assert set(named) <= set(found)
    assert found.count("n3/word3") == 1
    assert "often" not in found


def test_there_is_a_bound_to_the_candidates() -> None:
    """However many fit."""
    candidates = Candidates.of([[f"t/word{n}"] for n in range(200)])
    text = " ".join(f"word{n}" for n in range(200))
    assert len(candidates.of_note("", "", text)) == MAX_CANDIDATES
    assert len(candidates.of_note("", "", text, most=3)) == 3
