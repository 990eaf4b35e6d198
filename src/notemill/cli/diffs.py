"""A note's change, shown to a person: what goes in green and out in red, the rest kept short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from notemill.vault.linediff import diff
from twolane.console import shown

if TYPE_CHECKING:
    from rich.console import Console

CONTEXT_CHARS = 90
_STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def print_diff(console: Console, before: bytes, after: bytes, key: str) -> None:
    """Show what changes between two versions of a note; safe whatever is in it or its name."""
    for line in diff(before, after, key).splitlines():
        style = next((style for start, style in _STYLES if line.startswith(start)), "dim")
        text = shown(line)
        if style == "dim" and len(text) > CONTEXT_CHARS:
            text = text[:CONTEXT_CHARS] + "…"
        console.print(Text(text, style=style))
