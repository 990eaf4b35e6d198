"""`notemill tidy`: rewrite properties in Obsidian's form, kind by kind, after showing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.tidying import Tidied
from notemill.app.views.tidy import tidied
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.show.tidy import show_plan, show_survey
from notemill.vault.tidy import TidyKind
from twolane.front.console import EXIT_FAILED, print_json, result_console

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Settings


async def tidy_vault(
    settings: Settings,
    *,
    vault: Path,
    kinds: tuple[str, ...],
    only: str | None,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show what could be tidied, or tidy the chosen kinds; return the exit code.

    Raises NotemillError.
    """
    front = TerminalFront(yes=yes)
    chosen = tuple(map(TidyKind, kinds))
    async with await open_vault(vault, settings, front, exclude) as mill:
        if chosen and not dry_run:
            done = await mill.tidying.tidy(chosen, only=only)
        else:
            done = Tidied(await mill.tidying.look(chosen, only=only))
    if chosen and dry_run:
        show_plan(done.plan, front.console, most=len(done.plan.changed))
    elif not chosen and not as_json:
        show_survey(done.plan, result_console())
    if as_json:
        print_json(tidied(done))
    return EXIT_FAILED if done.failed else 0
