"""A terminal: what a command's output looks like on a screen, and a command on one of its own."""

from __future__ import annotations

import codecs
import fcntl
import io
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROWS = 4
# Much is written at once: what shows before a line is erased again is looked at as well.
_STEPS = re.compile(r"(?=\r)|(?<=\n)")
LONGEST_S = 30.0
# A terminal sends signals to the processes of the session that it belongs to.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execvp(sys.argv[1], sys.argv[1:])"
)


class Screen(io.StringIO):
    """A stream that is a terminal of a width; what is written shows on a screen."""

    encoding = "utf-8"

    def __init__(self, columns: int, rows: int = ROWS) -> None:
        """Begin with an empty screen."""
        super().__init__()
        self._screen = pyte.HistoryScreen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self.raw = ""
        self.frames: list[list[str]] = []

    def isatty(self) -> bool:
        """Be a terminal."""
        return True

    def write(self, text: str) -> int:
        """Show a text, as a terminal driver hands it on."""
        self.show(text.replace("\n", "\r\n"))
        return len(text)

    def show(self, data: str) -> None:
        """Show what came from a terminal driver."""
        self.raw += data
        for piece in _STEPS.split(data):
            self._stream.feed(piece)
            self.frames.append(self.lines)

    @property
    def lines(self) -> list[str]:
        """The lines that show something."""
        shown = [str(line).rstrip() for line in self._screen.display]
        return [line for line in shown if line]

    @property
    def has_scrolled(self) -> bool:
        """Whether lines have left the screen at its top."""
        return bool(self._screen.history.top)

    @property
    def is_clean(self) -> bool:
        """Whether the cursor shows, at the beginning of a line."""
        return not self._screen.cursor.hidden and int(self._screen.cursor.x) == 0


class OnTerminal:
    """A command in a process with a terminal of its own."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], columns: int) -> None:
        """Start it."""
        self.screen = Screen(columns, rows=24)
        # The terminal says how wide it is.
        own = {name: value for name, value in environment.items() if name != "COLUMNS"}
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._terminal, inside = os.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._process = subprocess.Popen(  # noqa: S603  # a test's own command
            [sys.executable, "-c", _TAKE_TERMINAL, *words],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            env={**own, "TERM": "xterm-256color"},
        )
        os.close(inside)

    def type(self, text: str) -> None:
        """Type on its keyboard; character 3 is Ctrl-C."""
        os.write(self._terminal, text.encode())

    def read_until(self, holds: Callable[[], bool]) -> None:
        """Show what it prints until something holds, or fail."""
        deadline = time.monotonic() + LONGEST_S
        while not holds():
            assert time.monotonic() < deadline, self.screen.lines
            assert self._read(), self.screen.lines

    def read_line(self, text: str) -> None:
        """Show what it prints until the last line begins with a text, which is then new."""
        self.read_until(lambda: bool(self.screen.lines) and self.screen.lines[-1].startswith(text))

    @property
    def modes(self) -> list[object]:
        """How its terminal treats lines, echo and signals, as `termios` says it."""
        return list(termios.tcgetattr(self._terminal))

    def hang_up(self) -> int:
        """Close its terminal; return how the process ended within `LONGEST_S`."""
        os.close(self._terminal)
        self._terminal = -1
        return self._process.wait(LONGEST_S)

    def end(self) -> int:
        """Show what it prints to its end; return its exit code."""
        try:
            deadline = time.monotonic() + LONGEST_S
            while self._read():
                assert time.monotonic() < deadline, self.screen.lines
            return self._process.wait()
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, where it still runs, and put its terminal away."""
        self._process.kill()
        self._process.wait()
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def _read(self) -> bool:
        """Show what is there; False at the end."""
        if not select.select([self._terminal], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:  # Linux says so where the other end is closed
            return False
        self.screen.show(self._decoder.decode(data))
        return bool(data)
