"""Runs and their proposals as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from notemill.app.views.curation import losses, new_tags
from notemill.app.views.tags import entries
from twolane import plain_usd
from twolane.front.console import report_object

if TYPE_CHECKING:
    from notemill.app.accepted import AcceptedWritten
    from notemill.app.applying import RunShown
    from notemill.app.runs import KnownRun, RunList
    from twolane import Report


def run_list(found: RunList) -> dict[str, Any]:
    """Return all runs, newest first."""
    return {"runs": [_run(one, found.reports.get(one.id)) for one in found.runs]}


def _run(run: KnownRun, report: Report | None) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind,
        "vault": str(run.vault),
        "created_at": run.at_s,
        "state": report.state if report else run.became,
        "became": run.became,
        "total": run.total,
        "cost_usd": plain_usd(report.actual_nano if report else 0),
    }


def run_shown(shown: RunShown, became: str) -> dict[str, Any]:
    """Return a curation's report and proposals; `became` is its outcome."""
    return {
        **report_object(shown.report),
        "became": became,
        "summary": asdict(shown.pending),
        "proposals": [
            {
                "note": one.note,
                "kind": one.kind,
                "value": one.value,
                "replaces": one.replaces,
                "state": one.state,
            }
            for one in shown.proposals
        ],
        "dropped": losses(shown.losses),
        **new_tags(shown.invented),
        "vocabulary": entries(shown.vocabulary),
    }


def accepted_written(written: AcceptedWritten) -> dict[str, Any]:
    """Return the outcome of writing accepted proposals."""
    return {
        "run": written.run,
        "written": list(written.notes),
        "problems": [{"item": one.key, "message": one.reason} for one in written.failed],
        "excluded": written.hidden,
    }
