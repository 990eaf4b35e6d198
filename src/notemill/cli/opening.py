"""How commands open a vault: with its exclusions, and showing that it is read."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from notemill.app.door import Mill as Door
from notemill.app.mill import Mill
from notemill.config import load_exclusions
from notemill.index.pool import all_cores
from twolane.front.console import note_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notemill.cli.front import TerminalFront
    from twolane import Settings

_QUIET_S = 1.0


def open_mill(
    folder: Path, settings: Settings, exclude: tuple[str, ...] = (), *, dry_run: bool = False
) -> Mill:
    """Open a vault, leaving out what `exclude` and the settings say. Raises VaultError."""
    exclusions = load_exclusions(exclude, config=settings.config)
    return Mill(
        folder,
        settings,
        exclusions,
        watch=_shown,
        rehearsal=dry_run,
        processes=all_cores(),
    )


async def open_vault(
    folder: Path,
    settings: Settings,
    front: TerminalFront,
    exclude: tuple[str, ...] = (),
    *,
    dry_run: bool = False,
) -> Door:
    """Open a vault, leaving out what `exclude` and the settings say. Raises VaultError."""
    return await Door.open(
        folder,
        settings,
        front,
        exclusions=load_exclusions(exclude, config=settings.config),
        rehearsal=dry_run,
        processes=all_cores(),
    )


@contextmanager
def _shown() -> Iterator[Callable[[int], None]]:
    """Show how many notes are read, where that takes long and somebody watches."""
    began, count = time.monotonic(), 0
    console = note_console()
    update: Callable[[str], None] | None = None

    def tell(more: int) -> None:
        nonlocal count, update
        count += more
        if time.monotonic() - began < _QUIET_S:
            return
        line = f"reading notes that are new or changed: {count:,}"
        if update is None:
            update = status.enter_context(console.status(line))
        update(line)

    with ExitStack() as status:
        yield tell
