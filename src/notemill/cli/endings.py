"""How commands show the outcome of changes that a person made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twolane.front.console import Console

SHOWN_REASONS: Final = 8
SHOWN_NAMES: Final = 8
SHOWN_TROUBLES: Final = 20
_IN_LINE: Final = re.compile(r" in line [\d,]+")


def show_endings(
    written: int, run: str, failures: Sequence[tuple[str, str]], console: Console
) -> None:
    """Show how many notes a run wrote, how to undo it, and what could not be written."""
    if written:
        console.print(f"{counted(written, 'note')} written; undo with: notemill undo {run}")
    else:
        console.print("nothing was written")
    show_troubles(failures, console)


def show_troubles(troubles: Iterable[tuple[str, str]], console: Console, *, lead: str = "") -> None:
    """Show problems with notes: each problem once, whatever its line, with the notes that have it."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for key, problem in troubles:
        alike.setdefault(_IN_LINE.sub("", problem.replace(key, "")), []).append((key, problem))
    groups = list(alike.values())
    for group in groups[:SHOWN_TROUBLES]:
        key, problem = group[0]
        line = shown(trouble(key, problem))
        if len(group) > 1:
            same = _IN_LINE.sub("", problem.replace(key, "the note"))
            names = names_of([name for name, _ in group])
            line = f"{counted(len(group), 'note')}: {shown(same)}{names}"
        console.print(f"  {lead}{line}")
    if left := sum(map(len, groups[SHOWN_TROUBLES:])):
        console.print(f"  … and {left:,} more; --json has all")


def show_hidden(count: int, console: Console) -> None:
    """Show how many notes are left alone because they are excluded; they are not named."""
    if count:
        console.print(f"  left alone: {counted(count, 'excluded note')}")


def trouble(key: str, problem: str) -> str:
    """Return a note's problem as one line that names the note once."""
    return problem if problem.startswith(f"{key} ") else f"{key}: {problem}"


def show_not_seen(skipped: Iterable[tuple[str, str]], console: Console) -> None:
    """Show which paths were not read and why: counted by reason, named if there is one."""
    paths: dict[str, list[str]] = {}
    for path, reason in skipped:
        paths.setdefault(reason, []).append(path)
    for reason, its in sorted(paths.items(), key=lambda one: -len(one[1]))[:SHOWN_REASONS]:
        names = names_of(its[:1] if len(its) == 1 else ())
        console.print(f"  {len(its):,} not read: {shown(reason)}{names}")


def names_of(keys: Sequence[str]) -> str:
    """Return a few names in parentheses, '' for none."""
    if not keys:
        return ""
    more = len(keys) - SHOWN_NAMES
    names = ", ".join(map(shown, keys[:SHOWN_NAMES]))
    return f" ({names}{f' and {more:,} more' if more > 0 else ''})"
