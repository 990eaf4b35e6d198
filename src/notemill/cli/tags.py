"""`notemill tags report`, `rename`, `merge`, `drop`, `review`, `accept` and `reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.app.views import tags as views
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.show import tags as showing
from notemill.errors import UsageError, WaitingForPersonError
from twolane.front.console import EXIT_FAILED, counted, print_json, result_console

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from notemill.app.tag_changes import TagsChanged
    from twolane import Settings


async def report_tags(
    settings: Settings, *, vault: Path, exclude: tuple[str, ...], as_json: bool
) -> int:
    """Show a vault's tags and their problems; return 0. Raises NotemillError."""
    async with await open_vault(vault, settings, TerminalFront(), exclude) as mill:
        report = await mill.tags.report()
    if as_json:
        print_json(views.report(report))
    else:
        showing.show_report(report, result_console())
    return 0


async def change_tags(
    settings: Settings,
    changes: Mapping[str, str | None],
    *,
    aliases: Mapping[str, str] | None = None,
    vault: Path,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Change tags in a vault; return the exit code. Raises NotemillError.

    `aliases` become other spellings of their tags.
    """
    async with await open_vault(vault, settings, TerminalFront(yes=yes), exclude) as mill:
        changed = await mill.tags.change(changes, aliases=aliases, dry_run=dry_run)
    return conclude(changed, views.changed, dry_run=dry_run, as_json=as_json)


def conclude(
    changed: TagsChanged,
    view: Callable[[TagsChanged], dict[str, Any]],
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Print the result of a change of tags, for scripts; return the exit code."""
    if as_json:
        print_json(view(changed))
    left = changed.plan.left_alone and not dry_run
    if changed.waiting:
        return WaitingForPersonError.exit_code
    return EXIT_FAILED if changed.failed or left else 0


async def review_tags(
    settings: Settings,
    *,
    vault: Path,
    tag: str | None,
    exclude: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show the pending decisions, or what one change would do; return 0."""
    async with await open_vault(vault, settings, TerminalFront(), exclude) as mill:
        if tag is not None:
            showing.show_proposed(await mill.tags.proposed(tag), result_console())
            return 0
        waiting = await mill.tags.waiting()
    if as_json:
        print_json(views.waiting(waiting.decide, waiting.usage))
    else:
        showing.show_waiting(waiting, result_console())
    return 0


async def accept_tags(
    settings: Settings,
    *,
    tags: tuple[str, ...],
    everything: bool,
    vault: Path,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Carry out the proposals for tags, as one run; return the exit code.

    Raises NotemillError.
    """
    if bool(tags) == everything:
        raise UsageError("name the tags to accept, or use --all")
    async with await open_vault(vault, settings, TerminalFront(yes=yes), exclude) as mill:
        changed = await mill.tags.accept(None if everything else tags, dry_run=dry_run)
    return conclude(changed, views.accepted, dry_run=dry_run, as_json=as_json)


async def reject_tags(
    settings: Settings,
    *,
    tags: tuple[str, ...],
    into: str | None,
    item: str | None,
    take_back: bool,
    vault: Path,
) -> int:
    """Reject the proposals for tags, for good; return 0. Raises NotemillError."""
    front = TerminalFront()
    async with await open_vault(vault, settings, front) as mill:
        if take_back:
            count = await mill.tags.take_back(tags)
            again = "undone; the tag may be proposed again"
            front.console.print(f"{counted(count, 'decision')} {again}")
            return 0
        for one in await mill.tags.reject(tags, into=into, note=item or ""):
            front.console.print(showing.rejected_line(one))
    return 0
