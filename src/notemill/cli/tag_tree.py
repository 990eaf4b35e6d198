"""`notemill tags tree`, `show`, `move` and `alias`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.views import tags as views
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.show import tag_tree as showing
from notemill.cli.tags import change_tags
from notemill.errors import UsageError
from notemill.tagging.changes import moved_below
from twolane.front.console import print_json, result_console

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Settings


async def show_tree(
    settings: Settings, *, vault: Path, exclude: tuple[str, ...], as_json: bool
) -> int:
    """Show a vault's tags as a tree; return 0. Raises NotemillError."""
    async with await open_vault(vault, settings, TerminalFront(), exclude) as mill:
        tree = await mill.tags.tree()
    if as_json:
        print_json(views.tree(tree))
    else:
        showing.show_tree(tree, result_console())
    return 0


async def show_tag(
    settings: Settings, *, tag: str, vault: Path, exclude: tuple[str, ...], as_json: bool
) -> int:
    """Show where a tag is used; return 0. Raises UsageError if it is used nowhere, NotemillError."""
    async with await open_vault(vault, settings, TerminalFront(), exclude) as mill:
        limit = None if as_json else showing.SHOWN_NOTES
        notes = await mill.tags.notes(tag, limit=limit)
        places = await mill.tags.places(tag)
    if not notes.total and not places:
        raise UsageError(f"#{notes.tag} is used nowhere; `notemill tags tree` shows all tags")
    if as_json:
        print_json({**views.notes_of(notes), **views.places_of(places)})
    else:
        showing.show_tag(notes, places, result_console())
    return 0


async def move_tags(
    settings: Settings,
    *,
    tags: tuple[str, ...],
    under: str | None,
    top: bool,
    vault: Path,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Move tags below another one, or to the top; return the exit code. Raises NotemillError."""
    if (under is not None) == top:
        raise UsageError("name the tag to move below with --under TAG, or use --top")
    changes = {tag: moved_below(tag, under or "") for tag in tags}
    return await change_tags(
        settings, changes,
        vault=vault, exclude=exclude, dry_run=dry_run, yes=yes, as_json=as_json,
    )  # fmt: skip


async def add_spellings(
    settings: Settings,
    *,
    tag: str,
    names: tuple[str, ...],
    vault: Path,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Add other spellings of a tag; return the exit code. Raises NotemillError."""
    return await change_tags(
        settings, {}, aliases=dict.fromkeys(names, tag),
        vault=vault, exclude=exclude, dry_run=dry_run, yes=yes, as_json=as_json,
    )  # fmt: skip
