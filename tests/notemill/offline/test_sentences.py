"""Sentence ends and cuts."""

# ruff: noqa: RUF001 - the texts are of many scripts

from __future__ import annotations

import pytest

from notemill.offline.sentences import shortened, split


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Meyer pays 3.5 dollars, e.g. on Mondays. He is old.", 2),
        ("Am 3. Oktober kam z. B. Frau Dr. Kurz. Es regnete.", 2),
        ("今天下雨。明天呢？晴天！", 3),
        ("他说“你好！”，然后走了。", 1),
        ("هل هو كبير؟ نعم هو كبير.", 2),
        ("यह पहला है। यह दूसरा है।", 2),
        ("Т.е. это метод, см. рис. 2 и др. источники. Конец.", 2),
        ("VS Code (since v. 1.79) can paste images. It is handy.", 2),
        ("no stop at all", 1),
        ("", 0),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, count: int) -> None:
    """Stops of any script end a sentence; abbreviations, ordinals and decimals do not."""
    sentences = split(text)
    assert len(sentences) == count
    assert "".join(sentences).replace(" ", "") == text.replace(" ", "")


def test_parentheses_go_before_a_sentence_is_cut() -> None:
    """An aside is dropped where that alone makes the sentence short enough."""
    core = "The method keeps every thought on a card of its own, and links the cards to others"
    aside = " (" + "which has been described at great length in several books " * 3 + ")"
    assert shortened(core + aside + ".") == core + "."


def test_without_a_clause_the_cut_is_shown() -> None:
    """A sentence without any clause is cut at a word and marked."""
    cut = shortened("word " * 100 + "end.")
    assert len(cut) <= 200
    assert cut.endswith("word…")
