"""How a writing by hand ended, as commands show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twolane.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


def show_endings(
    written: int, run: str, failures: Sequence[tuple[str, str]], console: Console
) -> None:
    """Say how many notes a run wrote, how that is undone, and what could not be written."""
    if written:
        console.print(
            f"{counted(written, 'note')} written; undo with: notemill undo {run}", markup=False
        )
    else:
        console.print("nothing was written", markup=False)
    for key, problem in failures:
        console.print(f"  {shown(trouble(key, problem))}", markup=False)


def trouble(key: str, problem: str) -> str:
    """Return what is wrong with a note in one line that names it once."""
    return problem if problem.startswith(f"{key} ") else f"{key}: {problem}"
