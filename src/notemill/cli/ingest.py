"""`notemill ingest`: make notes of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.ingest_steps import as_configured
from notemill.app.views import ingest as views
from notemill.cli.curate import terms_of
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.config import load_ingest
from notemill.errors import UsageError
from twolane.front.console import EXIT_FAILED, counted, exit_code, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.ingest_events import IngestEnded
    from twolane import Settings
    from twolane.front.console import Console

NOTHING = "nothing to do: the vault has all of it"


async def ingest_sources(
    settings: Settings,
    *,
    sources: tuple[str, ...],
    vault: Path,
    folder: str | None,
    transcript: str | None,
    template: str | None,
    limit: int | None,
    followed: bool,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    stages: str,
    exclude: tuple[str, ...],
    again: bool,
    dry_run: bool,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
) -> int:
    """Make notes of sources; return the exit code. Raises NotemillError, TwolaneError."""
    terms = terms_of(lane, max_cost, by, by_strict=by_strict, stages=stages)
    if not (sources or followed):
        raise UsageError("name what to ingest: an address, or a file")
    if sources and followed:
        raise UsageError("--followed takes what is followed; name sources without it")
    flags = {"folder": folder, "transcript": transcript, "template": template}
    options = as_configured(load_ingest(flags, config=settings.config))
    front = TerminalFront(yes=yes)
    async with await open_vault(vault, settings, front, exclude, dry_run=dry_run) as mill:
        if dry_run:
            named = None if followed else sources
            plan = await mill.ingesting.plan(named, options, terms, limit=limit)
            if as_json:
                print_json(views.ingest_plan(plan))
            return 0
        with front.reporting(views.stopped if as_json else None):
            ended = await mill.ingesting.ingest(
                None if followed else sources, options, terms,
                limit=limit, again=again, apply=not review, allow_unmatched=allow_unmatched,
            )  # fmt: skip
    nothing = "nothing is new in what is followed" if followed else NOTHING
    return conclude(ended, front.console, nothing, review=review, as_json=as_json)


def conclude(
    ended: IngestEnded,
    console: Console,
    nothing: str = NOTHING,
    *,
    review: bool,
    as_json: bool,
) -> int:
    """Print what became of an ingest, `nothing` if so, and the next steps; return the exit code."""
    waiting = {one.run for one in ended.unchanged if one.run}
    if waiting:
        console.print("proposed before, and not written yet; decide on each: notemill review")
        for run in sorted(waiting):
            console.print(f"or write all of them: notemill apply {run}")
    elif ended.run is None and not ended.unread:
        console.print(nothing)
    if review and ended.notes and ended.run is not None:
        console.print(
            f"{counted(len(ended.notes), 'note')} proposed; decide on each: notemill review {ended.run.id}"
        )
        console.print(f"or write all of them: notemill apply {ended.run.id}")
    if as_json:
        print_json(views.ingest_ended(ended))
    failed = ended.unread or ended.left or not ended.complete
    return exit_code(ended.report) or (EXIT_FAILED if failed else 0)
