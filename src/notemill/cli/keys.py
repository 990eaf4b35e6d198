"""Read single keys from a terminal, and restore the terminal however the work ends.

A paste is one key of its own, never a series of letters; a letter with Alt or Ctrl is not a letter.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from prompt_toolkit.input import create_input
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import create_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prompt_toolkit.key_binding import KeyPress

PASTE_CHARS: Final = 4
"""So many letters in one read are a paste: nobody types that fast."""
PASTE_S: Final = 0.1
"""How soon the next part of a paste follows, in seconds."""
ESCAPE_S: Final = 0.1
"""How long the rest of a key's escape sequence may take to arrive, in seconds."""


class Key(StrEnum):
    """A key that is not a letter."""

    CANCEL = "ctrl-c"
    END = "ctrl-d"
    SUSPEND = "ctrl-z"
    OTHER = "other"


_NAMED: Final = {
    Keys.ControlC: Key.CANCEL,
    Keys.ControlD: Key.END,
    Keys.ControlZ: Key.SUSPEND,
}


class Keyboard:
    """The terminal's keys, one at a time."""

    def __init__(self) -> None:
        """Use standard input and output, which have to be a terminal."""
        self._input = create_input()
        self._output = create_output()
        self._held = ExitStack()
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._flush: asyncio.TimerHandle | None = None
        self._pasted_until = 0.0
        self.is_gone = False
        """Whether the terminal was closed: nothing can be shown any more."""

    def __enter__(self) -> Self:
        """Switch the terminal to raw mode: keys are read as they come and not echoed."""
        loop = asyncio.get_running_loop()
        try:
            self._held.enter_context(self._input.raw_mode())
            self._output.enable_bracketed_paste()
            self._output.flush()
            self._held.callback(self._leave)
            self._held.enter_context(self._input.attach(self._ready))
            if sys.platform != "win32":
                loop.add_signal_handler(signal.SIGTERM, self._keys.put_nowait, Key.END)
                self._held.callback(loop.remove_signal_handler, signal.SIGTERM)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the terminal."""
        self._held.close()

    def _leave(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
        self._output.disable_bracketed_paste()
        self._output.show_cursor()
        with suppress(OSError):  # a closed terminal needs none of it
            self._output.flush()

    async def next(self) -> str:
        """Return the next key: a letter, or a `Key`; `Key.END` also once nothing more can come."""
        return await self._keys.get()

    def release(self) -> None:
        """Restore the terminal for a while."""
        self._held.close()

    def take(self) -> None:
        """Switch to raw mode again; keys pressed meanwhile are dropped."""
        self.__enter__()
        while not self._keys.empty():
            self._keys.get_nowait()

    def suspend(self) -> None:
        """Suspend as Ctrl-Z does, with the terminal restored until the process continues.

        The whole process group stops, as with the terminal's own key: a program that started this
        one waits for it, and the shell for both.
        """
        if sys.platform == "win32":
            return
        self.release()
        os.kill(0, signal.SIGTSTP)
        self.take()

    def _ready(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
        presses = self._input.read_keys()
        self._put(presses)
        if self._input.closed or (not presses and not os.isatty(self._input.fileno())):
            # A closed terminal stays readable for ever.
            asyncio.get_running_loop().remove_reader(self._input.fileno())
            self.is_gone = True
            self._keys.put_nowait(Key.END)
            return
        self._flush = asyncio.get_running_loop().call_later(ESCAPE_S, self._flush_keys)

    def _flush_keys(self) -> None:
        self._put(self._input.flush_keys())

    def _put(self, presses: Sequence[KeyPress]) -> None:
        if not presses:
            return
        now = asyncio.get_running_loop().time()
        letters = sum(len(one.key) == 1 for one in presses)
        is_paste = now < self._pasted_until or letters >= PASTE_CHARS
        if is_paste:
            # A long paste comes in parts, the last of which may be short.
            self._pasted_until = now + PASTE_S
        for one in named(presses, is_paste=is_paste):
            self._keys.put_nowait(one)


def named(presses: Sequence[KeyPress], *, is_paste: bool = False) -> Iterator[str]:
    """Yield the keys of one read: a letter as itself, everything else as a `Key`.

    What follows Escape in the same read is Alt with a letter, or an unknown key, and never a
    letter; nor is any part of a paste.
    """
    if is_paste:
        yield Key.OTHER
    for one in presses:
        if one.key is Keys.Escape:
            yield Key.OTHER
            return
        if len(one.key) > 1:
            yield _NAMED.get(one.key, Key.OTHER)  # type: ignore[call-overload]
        elif not is_paste:
            yield one.key
