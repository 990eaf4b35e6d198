"""Runs of `twolane run`, continued from a front: the engine drives them, no vault is involved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.events import AskedAgain, RunBegan, RunReported
from notemill.app.kinds import ASIDES
from notemill.app.runs import KINDS
from notemill.errors import UsageError

if TYPE_CHECKING:
    from notemill.app.events import Front
    from twolane import Engine, Report


async def go_on(
    engine: Engine,
    named: str,
    front: Front,
    *,
    cap_nano: int | None = None,
    failed: bool = False,
    everything: bool = False,
) -> Report:
    """Continue a run that is not notemill's, and return its report.

    `cap_nano` is a new cap, None to keep the one it has; `failed` sends what failed again, except
    what would fail the same way, unless `everything`. Its results stay in the ledger; `twolane
    export` writes them. Raises UsageError for a run of notemill, and what the engine raises.
    """
    run = await engine.run(named)
    if run.row.kind in KINDS or run.row.kind in ASIDES:
        raise UsageError(
            f"run {run.id} belongs to a vault; `notemill resume {run.id}` continues it"
        )
    if cap_nano is not None:
        await run.set_cap(cap_nano)
    if failed:
        count = await run.retry_failed(everything=everything)
        front.tell(AskedAgain(count, {} if everything else await run.always_failing()))
    front.tell(RunBegan(run.id))
    async with front.following(run):
        await run.drive()
    report = await run.report()
    front.tell(RunReported(report, run.row.state))
    return report
