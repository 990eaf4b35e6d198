"""The run that a person means, opened for the commands that are not through the door yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.mill import Mill
from notemill.config import load_exclusions

if TYPE_CHECKING:
    from notemill.app.runs import KnownRun
    from twolane import Run, Settings


async def open_asked(settings: Settings, found: KnownRun) -> tuple[Mill, Run]:
    """Open the vault of a run of the engine; what was excluded when it began stays so.

    Raises LedgerError, VaultError.
    """
    exclusions = load_exclusions(found.exclude, config=settings.config)
    mill = Mill(found.vault, settings, exclusions)
    try:
        return mill, await mill.engine.run(found.id)
    except BaseException:
        await mill.aclose()
        raise
