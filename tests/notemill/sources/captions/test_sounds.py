"""Sound marks: what is heard goes, what is said stays."""

# ruff: noqa: RUF001  # brackets of East Asian captions

from __future__ import annotations

import pytest

from notemill.sources.captions.sounds import without_sounds


@pytest.mark.parametrize(
    "mark",
    [
        "[Music]", "(applause)", "[Musik]", "[Musique]", "[Música]", "[Музыка]", "[音楽]", "（拍手）",
        "[음악]", "[موسيقى]", "[संगीत]", "♪", "♪♪ ♪", "[upbeat music playing]", "(audience laughing)",
        "- [Laughter]", "[Applaus]", "[Aplausos]", "(rires)", "[BLANK_AUDIO]", "*laughs*", "【笑い】",
        "[soft piano music]", "[Music] [Applause]", "(笑)", "...", "[Lachen und Applaus]", "[拍手と歓声]",
    ],
)  # fmt: skip
def test_a_mark_that_stands_alone_is_taken_out(mark: str) -> None:
    """In the languages that captions come in, whatever the brackets."""
    assert without_sounds(mark, automatic=False) in ("", "...")


@pytest.mark.parametrize(
    "text",
    [
        "[ __ ]", "[\u00a0__\u00a0]", "(and then he left)", "[I don't know]", "[inaudible]",
        "(inaudible) the kiln", "array[0] and f(x)", "I play music", "(I love music so much)",
        "the music (by Bach) was", "[in French] bonjour", "2 * 3 * 4", "(laughter is good for you)",
        "* music *", "she said [sic] that",
    ],
)  # fmt: skip
def test_what_may_be_speech_stays_as_it_is(text: str) -> None:
    """Brackets alone make no sound mark, and no word of a sentence is one."""
    assert without_sounds(text, automatic=False) == text


def test_within_a_line_only_the_mark_goes() -> None:
    """The words around it stand as if it had not been there; what is sung is said."""
    assert (
        without_sounds("so [laughs] we lit it (applause), and", automatic=False)
        == "so we lit it, and"
    )
    assert without_sounds("♪ row your boat ♪", automatic=False) == "row your boat"


def test_automatic_captions_have_nothing_else_in_square_brackets() -> None:
    """There, a mark in any language is one, but for a word that was bleeped."""
    assert without_sounds("[Nhạc]", automatic=True) == ""
    assert without_sounds("[sesler] tamam [ __ ]", automatic=True) == "tamam [ __ ]"
    assert without_sounds("[sesler] tamam", automatic=False) == "[sesler] tamam"
