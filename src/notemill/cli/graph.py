"""`notemill graph`: the notes of a vault by their links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.graph import Sort
from notemill.app.views import graph as views
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.show.graph import SHOWN_NOTES, show_rows
from twolane.front.console import print_json, result_console

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.graph import Graphing
    from twolane import Settings


async def show_graph(
    settings: Settings,
    *,
    vault: Path,
    note: str | None,
    depth: int,
    sort: str,
    exclude: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show a vault's notes by their links; return 0. Raises NotemillError."""
    async with await open_vault(vault, settings, TerminalFront(), exclude) as mill:
        focus = await mill.graph.named(note) if note else ""
        if as_json:
            await _print_picture(mill.graph, focus, depth)
            return 0
        found = await mill.graph.rows(focus, depth=depth, sort=Sort(sort), limit=SHOWN_NOTES)
    show_rows(found, result_console())
    return 0


async def _print_picture(graph: Graphing, focus: str, depth: int) -> None:
    print_json(views.picture(await (graph.near(focus, depth=depth) if focus else graph.whole())))
