"""`notemill curate`: curate a vault, stage by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.terms import RunTerms
from notemill.app.views import curation as views
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.workflows.curation.survey import Selection
from notemill.workflows.stages import check_stages
from twolane import Lane
from twolane.front.consent import cap_of, show_request, within_s
from twolane.front.console import EXIT_FAILED, exit_code, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.curating import CurationEnded
    from notemill.app.mill import Mill
    from twolane import Settings
    from twolane.front.console import Console


async def curate_vault(
    settings: Settings,
    *,
    vault: Path,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    stages: str,
    limit: int | None,
    only: str | None,
    exclude: tuple[str, ...],
    refresh: bool,
    again: bool,
    no_vocabulary: bool,
    dry_run: bool,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
) -> int:
    """Curate a vault; return the exit code. Raises NotemillError, TwolaneError."""
    terms = terms_of(lane, max_cost, by, by_strict=by_strict, stages=stages)
    selection = Selection(only, limit, refresh)
    front = TerminalFront(yes=yes)
    async with await open_vault(vault, settings, front, exclude, dry_run=dry_run) as mill:
        if dry_run:
            return await rehearse(
                mill, selection, terms, front.console, vocabulary=not no_vocabulary, as_json=as_json
            )
        return await curate(
            mill, front, selection, terms,
            again=again, vocabulary=not no_vocabulary, apply=not review,
            allow_unmatched=allow_unmatched, as_json=as_json,
        )  # fmt: skip


async def curate(
    mill: Mill,
    front: TerminalFront,
    selection: Selection,
    terms: RunTerms,
    *,
    again: bool,
    apply: bool,
    allow_unmatched: bool = False,
    vocabulary: bool = True,
    as_json: bool,
) -> int:
    """Curate an open vault; return the exit code. Raises NotemillError, TwolaneError."""
    with front.reporting(views.stopped if as_json else None):
        ended = await mill.curating.curate(
            selection, terms, again=again, apply=apply, allow_unmatched=allow_unmatched,
            vocabulary=vocabulary,
        )  # fmt: skip
    return conclude(ended, front.console, review=not apply, as_json=as_json)


async def rehearse(
    mill: Mill,
    selection: Selection,
    terms: RunTerms,
    console: Console,
    *,
    vocabulary: bool = True,
    as_json: bool,
) -> int:
    """Show what would be asked and what it would cost; return 0. Raises VaultError, ConfigError."""
    plan = await mill.curating.plan(selection, terms, vocabulary=vocabulary)
    if plan.vocabulary_preview is not None:
        show_request(plan.vocabulary_preview, console)
    if plan.preview is not None:
        show_request(plan.preview, console)
    elif plan.offer is None:
        console.print("nothing to do: no note needs work")
    if as_json:
        print_json(views.curation_plan(plan))
    return 0


def conclude(ended: CurationEnded, console: Console, *, review: bool, as_json: bool) -> int:
    """Print the next steps for a curation's proposals; return the exit code."""
    if ended.run is None:
        console.print("nothing to do: no note needs work")
    elif review and ended.report.items.succeeded:
        console.print(f"decide on each proposal: notemill review {ended.run.id}")
        console.print(f"or write all additions: notemill apply {ended.run.id}")
    if as_json:
        print_json(views.curation_ended(ended))
    return exit_code(ended.report) or (0 if ended.complete else EXIT_FAILED)


def terms_of(
    lane: str, max_cost: str | None, by: str | None, *, by_strict: bool, stages: str = "auto"
) -> RunTerms:
    """Return the terms of a run from its flags. Raises ConfigError, UsageError."""
    check_stages(stages)
    return RunTerms(
        lane=None if lane == "auto" else Lane(lane),
        cap_nano=cap_of(max_cost),
        by_s=within_s(by, strict=by_strict),
        by_strict=by_strict,
        stages=stages,
    )
