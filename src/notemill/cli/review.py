"""`notemill review`, `accept` and `reject`: decide proposals one by one, or by their ids."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Any

from notemill.app import runs
from notemill.app.reviewing import Wanted
from notemill.app.views import queue as views
from notemill.app.views.curation import new_tags
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.proposals import KINDS
from notemill.cli.show.invented import show_invented
from notemill.errors import UsageError, WaitingForPersonError
from notemill.index.pool import all_cores
from notemill.stores.queue_rows import Order
from twolane.front.console import EXIT_FAILED, counted, print_json, shown

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.stores.proposals import Decision
    from notemill.stores.queue_rows import QueueRow
    from twolane import Settings


async def review_proposals(
    settings: Settings,
    *,
    run_id: str | None,
    by: str,
    kind: tuple[str, ...],
    only: str | None,
    vault: Path,
    as_json: bool,
) -> int:
    """Show the pending proposals one by one and take decisions; return the exit code.

    Raises WaitingForPersonError without a terminal.
    """
    if not as_json and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise WaitingForPersonError(
            "there is no terminal to review in; list the proposals with `notemill review "
            "--json` and decide with `notemill accept ID…` or `notemill reject ID…`"
        )
    found = runs.find_run(settings, run_id) if run_id else None
    kinds = tuple(one for name in kind for one in KINDS[name]) or None
    wanted = Wanted(kinds=kinds, run=found.id if found else None, only=only)
    front = TerminalFront()
    if found is not None:
        mill = await runs.open_run(settings, found, front, processes=all_cores())
    else:
        mill = await open_vault(vault, settings, front)
    async with mill:
        await mill.reviewing.look_for(kinds or ())
        if as_json:
            print_json(await _listed(mill, wanted, Order(by)))
            return 0
        from notemill.cli.review_session import ReviewSession  # noqa: PLC0415  # the terminal's keys

        for run, invented in (await mill.reviewing.invented(wanted)).items():
            front.console.print(f"run {run}")
            show_invented(invented, front.console)
        return await ReviewSession(mill.reviewing, wanted, Order(by)).go()


async def _listed(mill: Mill, wanted: Wanted, order: Order) -> dict[str, Any]:
    """Return all pending proposals as JSON."""
    rows: list[QueueRow] = []
    after = ""
    while True:
        page = await mill.reviewing.page(wanted, order=order, after=after, limit=1_000)
        rows += page.rows
        if not (after := page.next):
            break
    counts = await mill.reviewing.counts(wanted)
    listed = views.queue_page(rows, "", {str(state): count for state, count in counts.items()})
    invented = await mill.reviewing.invented(wanted)
    return listed | {"runs": {run: new_tags(one) for run, one in invented.items()}}


async def decide_proposals(
    settings: Settings,
    *,
    ids: tuple[str, ...],
    decision: Decision,
    value: str | None = None,
    vault: Path,
    as_json: bool,
) -> int:
    """Decide proposals by their ids; return the exit code.

    Raises UsageError if there is no such proposal, or the value cannot be written.
    """
    front = TerminalFront()
    if value is not None and len(ids) > 1:
        raise UsageError("--value applies to one proposal; name a single ID")
    async with await open_vault(vault, settings, front) as mill:
        found = await mill.reviewing.decide(
            ids, decision, by=f"command-{secrets.token_hex(4)}", value=value
        )
    if found.missing and not (found.changed or found.unchanged):
        raise UsageError(
            f"there is no proposal {', '.join(found.missing)}; `notemill review --json` lists them"
        )
    otherwise = [one for one in found.unchanged if one.state is not decision.state]
    front.console.print(f"{decision.state}: {counted(len(found.changed), 'proposal')}")
    for one in otherwise:
        front.console.print(f"  {one.id} is already {one.state}: {shown(one.value)}")
    for id_ in found.missing:
        front.console.print(f"  {shown(id_)}: there is no such proposal")
    if as_json:
        print_json(views.decided(found))
    return EXIT_FAILED if otherwise or found.missing else 0
