"""`notemill resume` and `retry`: continue a run of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.kinds import KIND_INGEST
from notemill.app.runs import find_asked, open_run
from notemill.app.views.curation import stopped
from notemill.cli.curate import conclude
from notemill.cli.front import TerminalFront
from notemill.cli.ingest import conclude as conclude_ingest
from notemill.cli.link import conclude_resumed
from notemill.index.pool import all_cores
from notemill.workflows.links.judging import LINK_KIND
from twolane.front.consent import cap_of

if TYPE_CHECKING:
    from twolane import Settings


async def resume_run(
    settings: Settings,
    *,
    run_id: str,
    max_cost: str | None,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
    failed: bool = False,
    everything: bool = False,
) -> int:
    """Continue a run; return the exit code. Raises NotemillError, TwolaneError."""
    found = find_asked(settings, run_id)
    is_about_links = found.kind == LINK_KIND
    cap_nano = cap_of(max_cost)
    front = TerminalFront(yes=yes)
    async with await open_run(settings, found, front, processes=all_cores()) as mill:
        run = await mill.engine.run(found.id)
        if is_about_links:
            resumed = await mill.links.resume(
                run, cap_nano=cap_nano, failed=failed, everything=everything, apply=not review,
                allow_unmatched=allow_unmatched,
            )  # fmt: skip
            return conclude_resumed(resumed, front.console, as_json=as_json)
        if found.kind == KIND_INGEST:
            with front.reporting(stopped if as_json else None):
                ingested = await mill.ingesting.resume(
                    run, cap_nano=cap_nano, failed=failed, everything=everything,
                    apply=not review, allow_unmatched=allow_unmatched,
                )  # fmt: skip
            return conclude_ingest(ingested, front.console, review=review, as_json=as_json)
        with front.reporting(stopped if as_json else None):
            ended = await mill.curating.resume(
                run, cap_nano=cap_nano, failed=failed, everything=everything, apply=not review,
                allow_unmatched=allow_unmatched,
            )  # fmt: skip
    return conclude(ended, front.console, review=review, as_json=as_json)
