"""The one place that prints for people: everything is plain text and safe to print.

No other module uses rich. Texts are literal, without markup or emoji codes, and characters that
would control a console are escaped (`twolane.front.streams.shown`), so that no caller can forget
it.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal

from twolane.front.streams import MAX_LINE_CHARS, shown, shown_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console as RichConsole
    from rich.console import ConsoleOptions, RenderableType, RenderResult
    from rich.progress_bar import ProgressBar
    from rich.spinner import Spinner
    from rich.table import Table as RichTable

PIPE_COLUMNS = 10_000
ECHO_CELLS = 2
BAR_CELLS = 20
WIDE_CELLS = 60
"""A line with less room than this gives all of it to its words."""
MAX_CELL_CHARS = 300


@dataclass(slots=True)
class Table:
    """Rows of plain texts under their columns; those named in `right` are right-aligned numbers."""

    columns: Sequence[str]
    right: frozenset[str] = frozenset()
    title: str = ""
    caption: str = ""
    lines: bool = False
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row: one text for each column."""
        self.rows.append(cells)


@dataclass(frozen=True, slots=True)
class Gauge:
    """Progress: `done` of `total`, with details, the most important first."""

    done: int
    total: int
    parts: Sequence[str]


class Console:
    """A console that shows texts literally, with harmful characters escaped."""

    def __init__(
        self, file: IO[str] | None = None, *, stderr: bool = False, width: int | None = None
    ) -> None:
        """Print to `file`, or to the current standard error or standard output."""
        from rich.console import Console as RichConsole  # noqa: PLC0415  # a tenth of a second

        self._rich = RichConsole(
            file=file,
            stderr=stderr,
            width=width,
            markup=False,
            emoji=False,
            highlight=False,
            soft_wrap=True,
        )

    @property
    def is_terminal(self) -> bool:
        """Whether this is a terminal, whatever the environment says about colours."""
        return self._rich.file.isatty()

    @property
    def can_redraw(self) -> bool:
        """Whether a line can be redrawn in place: not in a file or on a dumb terminal."""
        return self.is_terminal and not self._rich.is_dumb_terminal

    def print(
        self, line: str = "", *, style: str = "", aside: str = "", end: str = "\n", hang: int = 0
    ) -> None:
        """Print one line: line ends in it are shown as escapes. `aside` is added, dimmed.

        If it is wider than a terminal, words go to further lines, which begin at cell `hang`
        unless that is 0.
        """
        from rich.text import Text  # noqa: PLC0415

        text = Text(shown(line, MAX_LINE_CHARS), style=style)
        if aside:
            text.append(shown(aside), style="dim")
        if hang and self.is_terminal and (room := self._rich.width - hang) >= WIDE_CELLS // 2:
            first, rest = text.divide([hang])
            lines = rest.wrap(self._rich, room)
            text = first + lines[0]
            for further in lines[1:]:
                text.append("\n" + " " * hang).append_text(further)
        self._rich.print(text, end=end)

    def clear_line(self) -> None:
        """Remove the line printed last, if it was not ended."""
        from rich.control import Control  # noqa: PLC0415
        from rich.segment import ControlType  # noqa: PLC0415

        self._rich.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))

    def print_lines(self, text: str, *, style: str = "") -> None:
        """Print a whole text, with its lines and tabs, such as a request or a note's diff."""
        from rich.segment import Segment, Segments  # noqa: PLC0415

        # Not a Text, which would make spaces of tabs.
        segment = Segment(shown_lines(text), self._rich.get_style(style or "none"))
        self._rich.print(Segments([segment, Segment("\n")]), end="")

    def print_table(self, table: Table) -> None:
        """Print a table; a long cell is cut."""
        self._rich.print(_rich_table(table))

    @contextmanager
    def paged(self) -> Iterator[Console]:
        """Send the block's output through the system's pager, if this is a terminal.

        The pager is `less` unless PAGER says otherwise; output that fits the screen is just
        printed.
        """
        if not self.is_terminal:
            yield self
            return
        # As git does: colours pass, and what fits the screen stays there.
        os.environ.setdefault("LESS", "-FRX")
        with self._rich.pager(styles=True):
            yield self

    @contextmanager
    def status(self, line: str = "") -> Iterator[Callable[[str], None]]:
        """Show a status line on a terminal during the block; the yielded function replaces it."""
        if not self.can_redraw:
            yield lambda _: None
            return
        from rich.spinner import Spinner  # noqa: PLC0415

        spinner = Spinner("dots")
        with self._live() as show:
            show(_OneLine([line], spinner))
            yield lambda line: show(_OneLine([line], spinner))

    @contextmanager
    def gauge(self) -> Iterator[Callable[[Gauge], None]]:
        """Show changing progress during the block; nothing of it stays afterwards."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415

        with self._live() as show:
            yield lambda gauge: show(
                _OneLine(gauge.parts, ProgressBar(max(1, gauge.total), gauge.done, width=BAR_CELLS))
            )

    @contextmanager
    def _live(self) -> Iterator[Callable[[_OneLine], None]]:
        from rich.live import Live  # noqa: PLC0415

        with Live(console=self._rich, refresh_per_second=8, transient=True) as live:
            yield live.update


def note_console() -> Console:
    """Return the console for everything but the result: standard error."""
    return Console(stderr=True)


def result_console() -> Console:
    """Return the console for a command's result: standard output."""
    # A pipe has no width: what is cut there to fit 80 columns is lost.
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if is_terminal else PIPE_COLUMNS)


def _rich_table(table: Table) -> RichTable:
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = RichTable(
        title=Text(shown(table.title), style="italic") if table.title else None,
        title_justify="left",
        caption=Text(shown(table.caption)) if table.caption else None,
        caption_justify="left",
        header_style="bold",
    )
    if not table.lines:
        made.box = None
    for place, column in enumerate(table.columns):
        justify: Literal["left", "right"] = "right" if column in table.right else "left"
        # The first names the row, and is what a person copies.
        made.add_column(Text(shown(column)), justify=justify, no_wrap=place == 0)
    for row in table.rows:
        made.add_row(*(Text(shown(cell, MAX_CELL_CHARS)) for cell in row))
    return made


class _OneLine:
    """Words behind a bar or a spinner, on one line whatever the width, which may change."""

    def __init__(self, parts: Sequence[str], ahead: ProgressBar | Spinner) -> None:
        """Show as many `parts`, from the first, as there is room for; the first one is cut."""
        self._parts = parts
        self._ahead = ahead

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        """Yield the line, with room for the `^C` that a terminal itself writes behind it."""
        from rich.table import Table as RichTable  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        width = max(1, options.max_width - ECHO_CELLS - 1)
        grid = RichTable.grid(padding=(0, 1, 0, 0))
        cells: list[RenderableType] = []
        if width >= WIDE_CELLS:
            cells.append(self._ahead)
            width -= console.measure(self._ahead, options=options).maximum + 1
        line, *others = map(shown, self._parts)
        for part in others:
            longer = f"{line}, {part}"
            if Text(longer).cell_len > width:
                break
            line = longer
        text = Text(line, no_wrap=True, overflow="ellipsis")
        text.truncate(width, overflow="ellipsis")
        grid.add_row(*cells, text)
        yield grid
