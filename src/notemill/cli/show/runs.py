"""How runs look at a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from notemill.app.kinds import KIND_TAGS
from notemill.app.runs import RunsToForget
from twolane import format_usd
from twolane.front.console import Table, counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.events import Event
    from notemill.app.runs import RunList
    from twolane.front.console import Console


def show_runs(found: RunList, console: Console) -> None:
    """Show all runs in a table."""
    if not found.runs:
        console.print("no runs yet; start with: notemill curate VAULT")
        return
    columns = ("run", "begun", "vault", "state", "size", "cost")
    table = Table(columns, frozenset({"size", "cost"}))
    for one in found.runs:
        report = found.reports.get(one.id)
        table.add(
            one.id,
            datetime.fromtimestamp(one.at_s).astimezone().strftime("%Y-%m-%d %H:%M"),
            str(one.vault),
            one.became,
            counted(one.total, one.noun),
            format_usd(report.actual_nano if report else 0),
        )
    console.print_table(table)


def _to_forget(event: RunsToForget, console: Console) -> None:
    for run in event.runs:
        what = f"{run.total:,} {'requests about tags' if run.kind == KIND_TAGS else 'notes'}"
        if run.state is None:
            what = "tags or links"
        console.print(f"{run.id}: {what} of {shown(str(run.vault))}")


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    RunsToForget: _to_forget,
}
