"""How commands open a vault, with its exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.mill import Mill
from notemill.config import load_exclusions
from notemill.index.pool import all_cores

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.cli.front import TerminalFront
    from twolane import Settings


async def open_vault(
    folder: Path,
    settings: Settings,
    front: TerminalFront,
    exclude: tuple[str, ...] = (),
    *,
    dry_run: bool = False,
) -> Mill:
    """Open a vault with the exclusions of `exclude` and the settings. Raises VaultError."""
    return await Mill.open(
        folder,
        settings,
        front,
        exclusions=load_exclusions(exclude, config=settings.config),
        rehearsal=dry_run,
        processes=all_cores(),
    )
