"""Terms: what two texts are compared by, in any language."""

# ruff: noqa: RUF001  # many languages have letters that look alike

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notemill.text.terms import Stems, language_of, terms


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat sat on the mat because it was there", "en"),
        ("Die Katze saß auf der Matte, weil sie dort war", "de"),
        ("Le chat était sur le tapis parce qu'il faisait froid dans la maison", "fr"),
        ("El gato estaba sobre la alfombra porque hacía frío en la casa", "es"),
        ("Кошка сидела на коврике, потому что было холодно", "ru"),
        ("操作系统如何管理和使用内存 macOS", "zh"),
        ("メモリの管理について説明します", "ja"),
        ("고양이가 매트 위에 앉아 있었다", "ko"),
        ("η γάτα κάθισε στο χαλί", "el"),
        ("جلست القطة على السجادة", "ar"),
        ("kubernetes ingress yaml", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_text_is_told_by_script_and_stop_words(text: str, language: str) -> None:
    """A text of names without grammar counts as English."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("running foxes", "run fox", "en"),
        ("Häuser", "haus", "de"),
        ("maisons", "maison", "fr"),
        ("лисицы", "лисица", "ru"),
        ("café", "CAFE", "en"),
        ("don’t-repeat", "repeat", "en"),
        ("dendron.topic.vaults", "Dendron topic: vault", "en"),
        ("two_words", "two words", "en"),
    ],
)
def test_words_that_say_the_same_meet(one: str, other: str, language: str) -> None:
    """Endings, accents, case and joints make no difference."""
    assert terms(one, language) == terms(other, language) != []


def test_text_without_spaces_is_compared_by_pairs_of_characters() -> None:
    """A word within a longer run is found by the pairs it is made of."""
    assert terms("内存管理", "zh") == ["内存", "存管", "管理"]
    assert set(terms("内存", "zh")) <= set(terms("操作系统的内存管理", "zh"))


def test_stop_words_and_single_letters_say_nothing() -> None:
    """What is left is what a text is about; a language's name keeps its signs."""
    assert terms("The A of the b, and C++ or C#", "en") == ["c++", "c#"]


def test_a_term_is_shown_as_the_word_it_was_met_as_first() -> None:
    """People read words, not stems."""
    surfaces: dict[str, dict[str, str]] = {}
    assert terms("Gardening in gardens", "en", Stems(surfaces)) == ["garden", "garden"]
    assert surfaces == {"en": {"garden": "Gardening"}}


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=200))
def test_plain_text_is_cut_like_any_other(text: str) -> None:
    """The quick way for ASCII finds what the way for all scripts finds."""
    assert terms(text, "en") == terms(text + " é", "en")[: len(terms(text, "en"))]


@given(st.lists(st.text(max_size=60), max_size=4), st.sampled_from(["en", "de", "ru", "zh"]))
@example(["don't a.b", "don't a.b. C++ c# é"], "en")
def test_words_met_before_have_the_same_terms(texts: list[str], language: str) -> None:
    """What stems remember of one text changes nothing about the next."""
    stems = Stems()
    for text in texts:
        assert terms(text, language, stems) == terms(text, language, Stems())


def test_a_plain_word_is_shown_rather_than_one_with_signs() -> None:
    """Of one text's words with the same term, the plain one is the shorter to read."""
    surfaces: dict[str, dict[str, str]] = {}
    terms("Mill's mills", "en", Stems(surfaces))
    assert surfaces == {"en": {"mill": "mills"}}


@given(st.text(max_size=100))
@example("\ufdfa")  # one character that stands for four words
def test_no_text_is_too_strange(text: str) -> None:
    """Every text has a language and terms, none of them empty or with a blank."""
    found = terms(text, language_of(text))
    assert all(one and " " not in one for one in found)


def test_a_stop_word_by_chance_tells_no_language() -> None:
    """One word of another language among forty says nothing of the text's."""
    words = ["kubernetes", "sono", *("ingress" for _ in range(40))]
    assert language_of(" ".join(words)) == "en"
    assert language_of("sono ingress kubernetes") == "it"
