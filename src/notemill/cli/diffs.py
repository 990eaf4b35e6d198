"""A note's change as a diff: additions in green, removals in red, context kept short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.vault.linediff import diff
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from twolane.front.console import Console

CONTEXT_CHARS = 90
MOST_LINES = 1_000
"""The most lines for one note: more would take seconds to print, and nobody reads them."""
SHOWN_LINES = 40
"""Of a new note as many lines are shown as a screen has."""
MAX_LINE = 200
_STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def print_diff(console: Console, before: bytes, after: bytes, key: str) -> None:
    """Show what changes between two versions of a note; safe for any content and name."""
    text = diff(before, after, shown(key))
    # Not splitlines, which also splits at characters that do not end a note's lines.
    lines = text.split("\n") if text else []
    for line in lines[:MOST_LINES]:
        style = next((style for start, style in _STYLES if line.startswith(start)), "dim")
        if style == "dim" and len(line) > CONTEXT_CHARS:
            line = line[:CONTEXT_CHARS] + "…"  # noqa: PLW2901
        console.print_lines(line, style=style)
    if (left := len(lines) - MOST_LINES) > 0:
        console.print(f"… and {left:,} more lines", style="dim")


def print_beginning(console: Console, text: bytes, key: str) -> None:
    """Show the first lines of a note that does not exist yet; safe for any content and name."""
    lines = text.decode("utf-8", "replace").rstrip().splitlines()
    console.print(f"  {shown(key)}", style="bold")
    for line in lines[:SHOWN_LINES]:
        cut = f"{line[:MAX_LINE]}…" if len(line) > MAX_LINE else line
        console.print(f"  │ {shown(cut)}".rstrip())
    if len(lines) > SHOWN_LINES:
        console.print(f"  {counted(len(lines) - SHOWN_LINES, 'more line')}", style="dim")
