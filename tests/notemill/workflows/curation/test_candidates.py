"""Which of the vault's tags a prompt carries."""

from __future__ import annotations

import pytest

from notemill.workflows.curation.candidates import (
    FREQUENT,
    MAX_CANDIDATES,
    MAX_NAMED,
    Candidates,
    tag_words,
)


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


def test_suggestions_come_before_what_the_note_names() -> None:
    """A few that it names follow; without suggestions the most frequent fill up."""
    named = [f"n{n}/word{n}" for n in range(10)]
    text = " ".join(f"word{n}" for n in range(10))
    candidates = Candidates.of([*([tag] for tag in named), *[["often"]] * 9])
    found = candidates.of_note("", "", text, suggested=["often"])
    assert found[0] == "often"
    assert len(found) == 1 + MAX_NAMED
    without = candidates.of_note("", "", text)
    assert "often" in without
    assert len(without) <= MAX_CANDIDATES


def test_there_is_a_bound_to_the_candidates() -> None:
    """However many fit, the prompt has room for the most frequent."""
    tags = [[f"t/word{n}"] for n in range(200)]
    text = " ".join(f"word{n}" for n in range(200))
    assert len(Candidates.of(tags).fitting("", "", text)) == MAX_CANDIDATES - FREQUENT
