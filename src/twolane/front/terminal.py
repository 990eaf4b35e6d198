"""The one place that prints for people: everything is plain text, and safe whatever is in it.

No other module uses rich. A text is taken literally, without markup or emoji codes, and what would
act on a console is shown as an escape (`twolane.front.streams.shown`), so that no caller can forget it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal

from twolane.front.streams import MAX_LINE_CHARS, shown, shown_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.table import Table as RichTable

PIPE_COLUMNS = 10_000
MAX_CELL_CHARS = 300


@dataclass(slots=True)
class Table:
    """Rows of plain texts under their columns; columns named in `right` are numbers."""

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
    """How far something is: `done` of `total`, a line about it, and rows of details."""

    done: int
    total: int
    line: str
    details: Sequence[tuple[str, str]] = ()


class Console:
    """A console that shows texts exactly as they are, and what is not harmless as escapes."""

    def __init__(
        self, file: IO[str] | None = None, *, stderr: bool = False, width: int | None = None
    ) -> None:
        """Print to `file`, or standard error, or standard output, as they are when printed to."""
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
        """Whether somebody watches, whatever the environment says of colours."""
        return self._rich.file.isatty()

    def print(self, line: str = "", *, style: str = "", aside: str = "", end: str = "\n") -> None:
        """Print one line: line ends in it are shown as escapes. `aside` is added, dimmed."""
        from rich.text import Text  # noqa: PLC0415

        text = Text(shown(line, MAX_LINE_CHARS), style=style)
        if aside:
            text.append(shown(aside), style="dim")
        self._rich.print(text, end=end)

    def print_lines(self, text: str, *, style: str = "") -> None:
        """Print a text whole, with its lines and tabs, such as a request or a note's change."""
        from rich.segment import Segment, Segments  # noqa: PLC0415

        # Not a Text, which would make spaces of tabs.
        segment = Segment(shown_lines(text), self._rich.get_style(style or "none"))
        self._rich.print(Segments([segment, Segment("\n")]), end="")

    def print_table(self, table: Table) -> None:
        """Print a table; a long cell is cut."""
        self._rich.print(_rich_table(table))

    @contextmanager
    def status(self, line: str = "") -> Iterator[Callable[[str], None]]:
        """Show a line while something goes on, where somebody watches; what is given replaces it."""
        from rich.text import Text  # noqa: PLC0415

        if not self.is_terminal:
            yield lambda _: None
            return
        with self._rich.status(Text(shown(line))) as status:
            yield lambda line: status.update(Text(shown(line)))

    @contextmanager
    def gauge(self) -> Iterator[Callable[[Gauge], None]]:
        """Show how far something is, over and over; nothing of it stays in the end."""
        from rich.live import Live  # noqa: PLC0415

        with Live(console=self._rich, refresh_per_second=8, transient=True) as live:
            yield lambda gauge: live.update(_rich_gauge(gauge))


def note_console() -> Console:
    """Return the console for everything that is not the result: standard error."""
    return Console(stderr=True)


def result_console() -> Console:
    """Return the console for what a command is asked for: standard output."""
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


def _rich_gauge(gauge: Gauge) -> RichTable:
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = RichTable.grid(padding=(0, 2))
    bar = ProgressBar(total=max(1, gauge.total), completed=gauge.done, width=40)
    grid.add_row(bar, Text(shown(gauge.line)))
    for left, right in gauge.details:
        grid.add_row(Text(shown(left)), Text(shown(right)))
    return grid
