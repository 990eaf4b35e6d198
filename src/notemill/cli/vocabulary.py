"""`notemill tags vocabulary`, `apply` and `adopt`: the tags as a nested list in a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.views import tags as views
from notemill.cli.curate import terms_of
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.tags import conclude
from notemill.tagging.taglist import write_entries
from twolane.front.consent import show_request
from twolane.front.console import exit_code, print_json, result_console

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Settings


async def arrange_tags(  # the command's flags
    settings: Settings,
    *,
    vault: Path,
    note: str | None,
    ask: bool,
    chunk: int,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    again: bool,
    dry_run: bool,
    exclude: tuple[str, ...],
    allow_unmatched: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Print a vocabulary, or add the new tags to its note; return the exit code.

    Raises NotemillError, TwolaneError.
    """
    terms = terms_of(lane, max_cost, by, by_strict=by_strict)
    front = TerminalFront(yes=yes)
    async with await open_vault(vault, settings, front, exclude, dry_run=dry_run) as mill:
        if not ask:
            proposed = await mill.vocabulary.propose(note, dry_run=dry_run)
        elif dry_run:
            proposed = await mill.vocabulary.plan(terms, note, chunk=chunk)
        else:
            proposed = await mill.vocabulary.ask(
                terms, note, chunk=chunk, again=again, allow_unmatched=allow_unmatched
            )
    if proposed.preview is not None:
        show_request(proposed.preview, front.console)
    if as_json:
        print_json(views.proposed(proposed))
    elif note is None and proposed.entries is not None:
        result_console().print_lines(write_entries(proposed.entries).removesuffix("\n"))
    return exit_code(proposed.reports[-1]) if proposed.reports else 0


async def apply_vocabulary(
    settings: Settings,
    *,
    vault: Path,
    note: str,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Change the vault's tags as its vocabulary says; return the exit code."""
    async with await open_vault(vault, settings, TerminalFront(yes=yes), exclude) as mill:
        changed = await mill.vocabulary.apply(note, dry_run=dry_run)
    return conclude(changed, views.changed, dry_run=dry_run, as_json=as_json)


async def adopt_note(settings: Settings, *, note: str, vault: Path, as_json: bool) -> int:
    """Adopt a note's list as the vault's vocabulary; return 0. Raises NotemillError."""
    async with await open_vault(vault, settings, TerminalFront()) as mill:
        vocabulary = await mill.vocabulary.adopt(note)
    if as_json:
        print_json(views.adopted(note, vocabulary))
    return 0
