"""What does not show is taken out, and no word or emoji with it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.markup.invisible import is_visible, visible, without_unknown
from notemill.markup.tags import is_tidy_tag

HIDDEN = [
    "\x00", "\x1b", "\x7f", "\x85", "\x9b", "\xad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4",
    "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e",
    "\u2060", "\u2061", "\u2064", "\u2066", "\u2069", "\u206f", "\u2800", "\u3164", "\ud800", "\udfff",
    "\ue000", "\uf8ff", "\ufdd0", "\ufe00", "\ufe0e", "\ufe0f", "\ufeff", "\uffa0", "\ufff9", "\ufffb",
    "\ufffc", "\uffff", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e007f", "\U000e0100",
    "\U000e01ef", "\U000f0000", "\U0010ffff",
]  # fmt: skip


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda char: f"U+{ord(char):04X}")
def test_what_does_not_show_is_taken_out_of_a_word(hidden: str) -> None:
    """Between letters, at the ends, and many at once; what divides words leaves a blank."""
    gap = visible(hidden)
    assert gap in ("", " ")
    assert visible(f"so{hidden}il") == f"so{gap}il"
    assert visible(f"{hidden}soil{hidden}{hidden}") == f"{gap}soil{gap}{gap}"
    assert not is_visible(f"so{hidden}il")
    assert not is_tidy_tag(f"so{hidden}il")


@pytest.mark.parametrize(
    "written",
    [
        "👩‍💻", "❤️‍🔥", "1️⃣ first", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👨‍👩‍👧‍👦", "🏳️‍🌈", "☎️", "©️", "🇩🇪", "👍🏽", "🏃🏽‍♀️", "🏴‍☠️",
        "می‌خواهم", "क्‍ष", "ശ്രീ അവന്‍", "ශ්‍රී", "葛󠄀城", "ᠰᠠᠢᠨ᠌ᠠ", "日本語、テキスト", "naïve Straße",
        "x → y ≤ z", "¿Qué?", "\N{COMBINING ACUTE ACCENT}e", "\U0001fae8", "한국어", "עברית",
        "ភាសា\u200bខ្មែរ", "ภาษา\u200bไทย",
    ],
)  # fmt: skip
def test_words_and_emoji_stay_as_they_are_written(written: str) -> None:
    """Joiners and selectors belong to them, in any script."""
    assert visible(written) == written
    assert is_visible(written)


def test_a_joiner_or_selector_stays_once_and_where_it_belongs() -> None:
    """A row of them behind an emoji carries bytes that nobody sees."""
    assert visible("😀\ufe0f\ufe0f\ufe01\U000e0100") == "😀\ufe0f"
    assert visible("😀\u200b\u200d😀") == "😀😀"
    assert visible("a\u200db\u200c") == "ab"
    assert visible("ไทย\u200b\u200bไทย\u200b") == "ไทยไทย"
    assert visible("می\u200c\u200c\u200cشد\u200c") == "می\u200cشد"
    assert visible("\U0001f3f4\U000e0061\U000e0062\U000e0063\U000e007f") == "\U0001f3f4"


def test_lines_and_tabs_stay_and_other_controls_are_blanks() -> None:
    """A text keeps its lines; an escape for a terminal keeps nothing."""
    assert visible("a\n\tb\x1b[31mc") == "a\n\tb [31mc"
    assert visible("ä\n\tb\x1b[31mc\u2028d") == "ä\n\tb [31mc d"


def test_characters_that_unicode_does_not_have_do_not_show() -> None:
    """But those to come do: newer emoji and Han characters."""
    assert not is_visible("a\u0378b\U0001fffe")
    assert without_unknown("a\u0378b\U0001fffe\U0001fafe") == "ab\U0001fafe"


@given(st.text(st.sampled_from([*HIDDEN, *"a1👩😀❤می葛क्\u20e3#\n "]), max_size=30))
def test_taking_out_twice_changes_nothing_more(text: str) -> None:
    """Nothing that was kept is left standing where it does not belong."""
    once = visible(text)
    assert visible(once) == once


def test_a_long_text_of_nothing_that_shows_takes_no_time() -> None:
    """Time grows with the length alone."""
    started = time.process_time()
    for char in ("\u200d", "\U000e0041", "😀\u200d", "\U0001f3f4\U000e0067\U000e0062\U000e0065"):
        visible(char * 100_000)
    assert time.process_time() - started < 10
