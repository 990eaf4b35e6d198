"""Progress at a terminal during a command's own work, some of which Ctrl-C can skip."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from twolane.front.console import clock, time_left_s
from twolane.front.signals import handled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notemill.app.events import NotesRead
    from notemill.app.link_events import EmbeddingMade, LinksStudied, NotesCompared
    from twolane.front.console import Console

_READ_QUIETLY: Final = 200
"""Fewer new notes are read in a moment, and without a word."""


class WaitLine:
    """One line of progress, at a terminal only."""

    def __init__(self, console: Console) -> None:
        """Show it on `console`."""
        self._console = console
        self._stack = ExitStack()
        self._show: Callable[[str], None] | None = None
        self._began = 0.0

    def for_notes(self, event: NotesRead) -> None:
        """Show how many notes have been read, if that takes long."""
        if event.done:
            self._end()
        elif event.count > _READ_QUIETLY:
            self._line(f"reading new and changed notes: {event.count:,}")

    def for_embedding(self, event: EmbeddingMade) -> None:
        """Show how many notes are embedded; Ctrl-C at a terminal leaves the rest for later."""
        if event.ended:
            self._end()
            return
        if not event.total:
            self._began = time.monotonic()
            if self._console.is_terminal:
                self._stack.enter_context(_on_interrupt(event.skip))
            return
        elapsed_s = time.monotonic() - self._began
        left_s = time_left_s(event.done - event.kept, event.total - event.kept, elapsed_s)
        left = "" if left_s is None else f", about {clock(left_s)} left"
        self._line(
            f"computing embeddings for the next search: {event.done:,} of {event.total:,} notes"
            f"{left}; Ctrl-C leaves the rest for later"
        )

    def for_studying(self, event: LinksStudied) -> None:
        """Show that the vault's links are being studied, and how long that took."""
        if not event.done:
            self._began = time.monotonic()
            self._line("learning how this vault is linked")
            return
        self._end()
        if event.taught:
            self._console.print(
                f"learned from {event.links:,} links how this vault is linked "
                f"({time.monotonic() - self._began:.1f} s)"
            )

    def for_ranking(self, event: NotesCompared) -> None:
        """Show that notes are being compared."""
        if event.done:
            self._end()
        else:
            self._line("comparing the notes")

    def _line(self, line: str) -> None:
        if self._show is None:
            self._show = self._stack.enter_context(self._console.status(line))
        self._show(line)

    def _end(self) -> None:
        self._stack.close()
        self._show = None


@contextlib.contextmanager
def _on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C call `act` instead of ending the command."""
    loop = asyncio.get_running_loop()

    def on_signal(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(act)

    with handled(on_signal, signal.SIGINT):
        yield
