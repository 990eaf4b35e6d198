"""`notemill follow`: playlists, channels and feeds that are looked at for what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.views.ingest import followed_source
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.show.ingest import show_followed, show_now
from notemill.errors import UsageError
from twolane.front.console import EXIT_FAILED, print_json, shown

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Settings


async def follow_sources(
    settings: Settings,
    *,
    sources: tuple[str, ...],
    vault: Path,
    everything: bool,
    stop: bool,
    as_json: bool,
) -> int:
    """Follow sources, stop following them, or list those that are; return the exit code.

    Raises NotemillError, TwolaneError.
    """
    if stop and (everything or not sources):
        raise UsageError("--stop needs the sources to follow no longer, and no other flag")
    if everything and not sources:
        raise UsageError("--all goes with a source to follow: name its address")
    front = TerminalFront(yes=False)
    failed = False
    async with await open_vault(vault, settings, front, dry_run=True) as mill:
        if stop:
            found = await mill.following.stop(sources)
            for one in found:
                front.console.print(shown(f"no longer followed: {one.title}"))
        elif sources:
            now = await mill.following.follow(sources, everything=everything)
            show_now(now, front.console)
            found, failed = now.sources, bool(now.unread)
        else:
            found = await mill.following.followed()
            if not as_json:
                show_followed(found, front.console)
    if as_json:
        print_json([followed_source(one) for one in found])
    return EXIT_FAILED if failed else 0
