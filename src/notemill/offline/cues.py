"""The cues in prose that the offline reader goes by, from the list beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def cues() -> Mapping[str, frozenset[str]]:
    """Return every list of `cues.txt` by its name; its entries are casefolded."""
    text = (files(__package__) / "cues.txt").read_text(encoding="utf-8").casefold()
    named = (line.partition(":") for line in text.splitlines() if line and line[0] != "#")
    return {
        name: frozenset(
            part.strip() for part in (phrases.split("|") if "|" in phrases else phrases.split())
        )
        for name, _, phrases in named
    }
