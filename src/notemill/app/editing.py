"""Edits of many notes at once: agreed to first, then written note by note, as one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.app.events import AgreeToChange, Event, agreed
from notemill.vault.left_alone import LeftAlone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench


@dataclass(frozen=True, slots=True)
class EditsWritten(Event):
    """The notes that a run has written, and those that it could not, and why."""

    run: str
    notes: tuple[str, ...]
    failed: tuple[LeftAlone, ...]


def writing_into(count: int) -> str:
    """Return the question to ask before writing so many notes, without the question mark."""
    return f"write this into {count:,} note{'' if count == 1 else 's'}"


async def agree_to(bench: Workbench, what: str) -> None:
    """Get a person's agreement to a change. Raises WaitingForPersonError."""
    await agreed(bench.front, AgreeToChange(f"{what}?"))


async def write_edits(
    bench: Workbench, run: str, make: Callable[[OpenVault], Iterable[tuple[str, str]]]
) -> EditsWritten:
    """Write the edits of `make` note by note, and report them.

    `make` yields each note, and why it was not written, '' if it was. Raises VaultLockedError.
    """
    ended = [one async for one in bench.each(make)]
    written = EditsWritten(
        run,
        tuple(key for key, problem in ended if not problem),
        tuple(LeftAlone(key, problem) for key, problem in ended if problem),
    )
    bench.front.tell(written)
    return written
