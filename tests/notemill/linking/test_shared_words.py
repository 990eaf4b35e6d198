"""The words that two notes share, as a person would read them."""

# ruff: noqa: RUF001  # Chinese has its own comma

from __future__ import annotations

import pytest

from tests.notemill.linking.notes import proposed

OTHERS = {
    "税.md": "今天去税务局交了发票。",
    "发票.md": "发票要寄给税务局。",
    "Bread.md": "A dough of rye wants time.",
}


def words(one: str, other: str) -> tuple[str, ...]:
    """Return what is said of two notes among others."""
    found = proposed({"A1.md": one, "B2.md": other, **OTHERS})
    return next(pair.reason.words for pair in found if (pair.a, pair.b) == ("A1.md", "B2.md"))


def test_what_both_have_in_one_piece_is_shown_in_one_piece() -> None:
    """Overlapping pairs of characters are put together as far as both texts go."""
    said = words("我喜欢优质播客列表，常听。", "这里是优质播客列表和书单。")
    assert said[0] == "优质播客列表"


def test_a_piece_ends_where_one_of_the_two_goes_on_differently() -> None:
    """Nothing is shown that only one of the notes says."""
    said = words("生活大爆炸第一季很好看", "生活大爆炸第三季也好看")
    assert "生活大爆炸第" in said
    assert all(one in "生活大爆炸第一季很好看" and one in "生活大爆炸第三季也好看" for one in said)


def test_no_word_stands_within_another() -> None:
    """A part of what is shown is not shown again."""
    said = words("优质播客，优质播客列表，播客", "优质播客列表，播客，优质")
    assert not [(one, other) for one in said for other in said if one != other and one in other]


@pytest.mark.parametrize("count", [1, 6])
def test_words_with_spaces_stand_as_they_are_written(count: int) -> None:
    """Stems are shown as a word that was met, at most six of them."""
    text = "Sourdough starters fermented overnight with flour, water and patience in jars."
    said = words(text * count, text)
    assert len(said) == 6
    assert all(one in text for one in said)


def test_words_are_shown_in_the_language_of_one_of_the_notes() -> None:
    """A stem that two languages share is not shown as a word that neither note has."""
    spanish = "Las patentes del motor son de los inventores, y no hay otras patentes en la casa."
    english = "The patent of the engine is for the inventor, and there is no other patent here."
    notes = {"0 es.md": spanish, "A1.md": english, "B2.md": f"{english} More on it.", **OTHERS}
    found = proposed(notes)
    said = next(one.reason.words for one in found if (one.a, one.b) == ("A1.md", "B2.md"))
    assert "patent" in said
    assert "patentes" not in said
