"""Progress is one line at any width, and leaves the screen as it was."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.types import Counts, Wait
from twolane.front.driving import gauge_of
from twolane.front.terminal import Console, Gauge
from twolane.run import Progress

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has other terminals")
if sys.platform != "win32":
    from tests.terminal import OnTerminal, Screen
    from tests.twolane.cli.served import PYTHON, served, write_input
    from twolane.sim import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTHS = [20, 40, 80, 200]
NAMES = st.text(max_size=80) | st.sampled_from(
    ["麻婆豆腐" * 9, "👩‍👩‍👧 family", "e\u0301" * 30, "\x1b[2J", "a\nb", "\u202eevil", "x" * 300]
)


@pytest.fixture(autouse=True, scope="module")
def _usual_terminal() -> Iterator[None]:
    """Let the tests run on a terminal as most are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        yield


def progress(**counts: int) -> Progress:
    """Return how a run of 200 items stands."""
    ended = sum(counts.values())
    return Progress(Counts(total=200, pending=200 - ended, **counts), (), 0, 12_000_000)


# -- one line -------------------------------------------------------------------------------------


@given(st.lists(NAMES, min_size=1, max_size=6), st.integers(2, 220), st.integers(0, 300))
def test_a_gauge_takes_one_line_whatever_it_says(parts: list[str], width: int, done: int) -> None:
    """Names of any script and length on a terminal of any width: one line, then none."""
    screen = Screen(width)
    console = Console(screen, width=width)
    with console.gauge() as show:
        for last in parts:
            show(Gauge(done, 300, [f"{done}/300", last, *parts]))
    assert max(map(len, screen.frames)) == 1
    assert screen.lines == []
    assert not screen.has_scrolled
    assert screen.is_clean


@given(NAMES, st.integers(4, 220))
def test_a_status_takes_one_line_whatever_it_says(name: str, width: int) -> None:
    """What shows while something goes on keeps to its line as well."""
    screen = Screen(width)
    with Console(screen, width=width).status(name) as show:
        show(f"reading {name}")
    assert max(map(len, screen.frames)) == 1
    assert (screen.lines, screen.is_clean) == ([], True)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_needed_most_is_what_a_narrow_line_has(width: int) -> None:
    """The count is there at every width, then the time left, the price, and where it all is."""
    screen = Screen(width)
    gauge = gauge_of(progress(succeeded=100, running=3), 60.0, is_free=False, now=0.0)
    with Console(screen, width=width).gauge() as show:
        show(gauge)
    (line,) = max(screen.frames, key=len)
    assert "100/200 items" in line
    assert ("about 1 min 00 s left" in line) == (width >= 40)
    assert ("$0.012 so far" in line) == (width >= 80)
    assert ("3 in real time" in line) == (width >= 200)


def test_counts_agree_with_their_nouns() -> None:
    """One is one, in a live line as in a plain one."""
    one = Progress(Counts(total=1, submitted=1), (), 0, 0)
    assert "0/1 item" in gauge_of(one, 1.0, is_free=False, now=0.0).parts
    many = "1 in 0 batches"
    assert many in gauge_of(one, 1.0, is_free=False, now=0.0).parts


def test_no_time_is_promised_for_items_in_batches() -> None:
    """Inside a batch nothing is known until it ends, however fast others were before."""
    held = Progress(Counts(total=24, submitted=22, succeeded=2), (), 4, 10)
    parts = gauge_of(held, 60.0, is_free=False, now=0.0).parts
    assert not any("left" in part for part in parts)


def test_free_work_shows_neither_lane_nor_price() -> None:
    """Where nothing is paid, how it is bought is of no interest."""
    free = Progress(Counts(total=9, running=7, succeeded=2), (), 4, 0)
    assert gauge_of(free, 2.0, is_free=True, now=0.0).parts == ["2/9 items", "about 7 s left"]


def test_what_is_waited_for_takes_the_place_of_the_time_left() -> None:
    """Nobody can tell how long it takes while nothing goes on."""
    waits = Progress(
        Counts(total=4, pending=2, succeeded=2), (), 0, 0, waiting=Wait("paused", None)
    )
    assert gauge_of(waits, 2.0, is_free=True, now=0.0).parts == ["2/4 items", "paused, waiting"]


def test_a_terminal_that_cannot_redraw_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no terminal, or a dumb one, gets lines instead of a line that changes."""
    assert Console(Screen(80)).can_redraw
    assert not Console(io.StringIO()).can_redraw
    monkeypatch.setenv("TERM", "dumb")
    assert not Console(Screen(80)).can_redraw


# -- a terminal -----------------------------------------------------------------------------------

LONG_S = 20 * 3_600.0


@pytest.mark.loopback
@pytest.mark.parametrize("width", WIDTHS)
def test_ctrl_c_leaves_a_clean_screen(tmp_path: Path, width: int) -> None:
    """On a real terminal: one line of progress; after Ctrl-C the cursor shows, nothing is left."""
    source, output = write_input(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl"
    with served(Pace(batch_s=(LONG_S, LONG_S))) as service:
        words = [*PYTHON, "run", str(source), "-o", str(output), "--batch-size", "10"]
        command = OnTerminal(words, service.environment(tmp_path / "home"), width)
        try:
            command.read_until(lambda: "/30 items" in command.screen.raw)
            command.type("\x03")
            assert command.end() == 4
        finally:
            command.kill()
    screen = command.screen
    most = max(screen.frames, key=lambda frame: sum("/30 items" in line for line in frame))
    assert sum("/30 items" in line for line in most) == 1, most
    assert not any("/30 items" in line for line in screen.lines)
    assert "^C" not in "".join(screen.lines)
    assert "stopping" in screen.raw
    assert screen.is_clean


@pytest.mark.long
@pytest.mark.loopback
def test_no_color_is_honored(tmp_path: Path) -> None:
    """With NO_COLOR set no escape sequence chooses a color, and progress shows all the same."""
    source, output = write_input(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl"
    colors = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")
    seen = {}
    for no_color in ("", "1"):
        with served(Pace(batch_s=(LONG_S, LONG_S))) as service:
            words = [*PYTHON, "run", str(source), "-o", str(output), "--again"]
            variables = {
                **service.environment(tmp_path / f"home{no_color}"), "NO_COLOR": no_color,
            }  # fmt: skip
            command = OnTerminal(words, variables, 80)
            command.read_until(lambda: "/30 items" in command.screen.raw)  # noqa: B023
            service.skip(LONG_S)
            assert command.end() == 0
        seen[no_color] = bool(colors.search(command.screen.raw))
    assert seen == {"": True, "1": False}
