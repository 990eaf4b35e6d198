"""A line of the console that is wider than its terminal, with its further lines indented."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.front.terminal import Console

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has other terminals")
if sys.platform != "win32":
    from tests.terminal import Screen

TAG, SAYS = "    12  garden", " - what grows outside, and the tools that it takes to make it grow"


def test_words_go_to_further_lines_below_each_other() -> None:
    """No word is broken, and none begins left of where the text hangs."""
    screen = Screen(40)
    Console(screen, width=40).print(TAG, aside=SAYS, hang=8)
    assert screen.lines == [
        "    12  garden - what grows outside, and",
        "        the tools that it takes to make",
        "        it grow",
    ]


def test_a_pipe_gets_one_line() -> None:
    """What reads it knows nothing of widths."""
    out = io.StringIO()
    Console(out, width=40).print(TAG, aside=SAYS, hang=8)
    assert out.getvalue() == f"{TAG}{SAYS}\n"


@given(st.text(max_size=120), st.integers(1, 120), st.integers(0, 30))
def test_nothing_is_lost_at_any_width(text: str, width: int, hang: int) -> None:
    """All words of any script are there, and no line is too wide for a terminal of some width."""
    screen = Screen(width, rows=200)
    Console(screen, width=width).print("n", aside=text, hang=hang)
    plain = io.StringIO()
    Console(plain, width=width).print("n", aside=text)
    assert "".join(screen.raw.split()).replace("\x1b[2m", "").replace("\x1b[0m", "") == "".join(
        plain.getvalue().split()
    )
