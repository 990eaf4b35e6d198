"""Terms: what two texts are compared by, in any language."""

# ruff: noqa: RUF001  # many languages have letters that look alike

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notemill.text.stopwords import LATIN, combined
from notemill.text.terms import Stems, language_of, terms
from notemill.text.words import fold


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
        ("Nakoupit na víkend: chléb, mléko a něco sladkého, protože přijede babička.", "cs"),
        ("Kočka seděla na rohoži, protože jí byla zima.", "cs"),
        ("Kot siedział na macie, ponieważ było mu zimno.", "pl"),
        ("Mačka sedela na rohožke, pretože jej bola zima a nič iné tam nebolo.", "sk"),
        ("Katten satt på mattan eftersom den var kall och inte kunde gå ut.", "sv"),
        ("Katten sad på måtten, fordi den frøs og ikke måtte komme ud af huset.", "da"),
        ("Macska ült a szőnyegen, mert nem volt más hely.", "hu"),
        ("Kissa istui matolla, koska oli kylmä ja se ei voinut mennä ulos.", "fi"),
        ("Pisica stătea pe covor pentru că era frig și nu putea să iasă.", "ro"),
        ("Coração de São João: não é mais um sítio só para você.", "pt"),
        ("кіт сидів на килимку, бо було холодно", "uk"),
        ("گربه روی فرش نشسته بود چون هوا سرد بود و گرم نمی‌شد", "fa"),
        ("kubernetes ingress yaml", ""),
        ("IMG 2031 png", ""),
        ("Milch Eier Brot", ""),
        ("die Oma", ""),
        ("会議、予算、確認", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_text_is_told_by_script_and_stop_words(text: str, language: str) -> None:
    """Of a few names without grammar no language is claimed, nor a sister language of a text's own."""
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
    assert language_of(" ".join(words)) == ""
    assert language_of("sono ingress kubernetes") == ""


@pytest.mark.parametrize("language", sorted(LATIN))
def test_stop_words_are_known_however_they_are_folded(language: str) -> None:
    """No word of a list is a term of a text in its language, accents or not."""
    raw = (files("notemill.text") / "stopwords.txt").read_text(encoding="utf-8")
    listed = next(line for line in raw.splitlines() if line.startswith(f"{language}: "))
    words = listed.partition(":")[2].split()
    assert terms(" ".join(words), language) == []
    assert combined((language,)).issuperset(map(fold, words))
