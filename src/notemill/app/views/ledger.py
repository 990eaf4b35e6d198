"""Runs of the ledger, their items and batches as JSON, the same for pages and the live channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twolane import plain_usd
from twolane.front.console import report_object

if TYPE_CHECKING:
    from notemill.app.ledger_lines import (
        BatchLine,
        Failures,
        ItemPage,
        RunDetail,
        RunLine,
        ShownItem,
        StageLine,
    )
    from twolane import Counts


def counts_view(counts: Counts) -> dict[str, int]:
    """Return items by state; all but `uncertain`, which counts attempts, add up to `total`."""
    return {
        "total": counts.total,
        "pending": counts.pending,
        "running": counts.running,
        "submitted": counts.submitted,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "canceled": counts.canceled,
        "skipped": counts.skipped,
        "conflict": counts.conflict,
        "quarantined": counts.quarantined,
        "uncertain": counts.uncertain,
    }


def run_line_view(line: RunLine) -> dict[str, Any]:
    """Return a run of a list. `counts` is null if no model was asked."""
    return {
        "run": line.id,
        "kind": line.kind,
        "label": line.label,
        "created_at": line.at,
        "ended_at": line.ended_at,
        "state": line.state,
        "became": line.became,
        "running": line.is_running,
        "total": line.total,
        "counts": None if line.counts is None else counts_view(line.counts),
        "cost_usd": plain_usd(line.spent_nano),
    }


def run_view(detail: RunDetail, failures: Failures | None) -> dict[str, Any]:
    """Return all about a run but its items; `failures` are None if no model was asked."""
    report = None if detail.report is None else report_object(detail.report)
    if report is not None:
        del report["failures"]  # they are grouped
    return {
        **run_line_view(detail.line),
        "provider": detail.provider,
        "model": detail.model,
        "reason": detail.reason,
        "decision": None if detail.report is None else detail.report.decision.reason,
        "max_cost_usd": None if detail.cap_nano is None else plain_usd(detail.cap_nano),
        "deadline_at": detail.deadline_at,
        "cancel_asked": detail.cancel_asked,
        "handed_over": detail.handed_over,
        "can": {
            "cancel": detail.can_cancel,
            "resume": detail.can_resume,
            "retry": detail.can_retry,
        },
        "retryable": detail.retryable,
        "left": dict(detail.left),
        "command": detail.command,
        "stages": [_stage(one) for one in detail.stages],
        "batches": [batch_view(one) for one in detail.batches],
        "failures": [] if failures is None else _failures(failures),
        "report": report,
    }


def _stage(line: StageLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "purpose": line.purpose,
        "total": line.total,
        "items": {str(state): count for state, count in line.states.items()},
        "state": line.state,
        "checked": line.checked,
        "problems": list(line.problems),
    }


def batch_view(line: BatchLine) -> dict[str, Any]:
    """Return a batch: nothing is known of its items until it ends."""
    return {
        "number": line.number,
        "batch": line.provider_id,
        "size": line.size,
        "state": line.state,
        "open": line.is_open,
        "reason": line.reason,
        "submitted_at": line.submitted_at,
        "ended_at": line.ended_at,
        "age_s": line.age_s,
        "expected_at": line.expected_at,
        "late_at": line.late_at,
        "expires_at": line.expires_at,
    }


def _failures(failures: Failures) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "message": one.message,
            "count": one.count,
            "items": list(one.keys),
            "retryable": one.retryable,
            "advice": one.advice,
        }
        for one in failures.groups
    ]


def item_view(item: ShownItem) -> dict[str, Any]:
    """Return an item; `cost_usd` is a decimal string, `seconds` null before it was sent."""
    return {
        "key": item.key,
        "lane": item.lane,
        "state": item.state,
        "attempts": item.attempts,
        "seconds": None if item.seconds is None else round(item.seconds, 3),
        "cost_usd": plain_usd(item.cost_nano),
        "reason": item.reason,
    }


def items_view(page: ItemPage) -> dict[str, Any]:
    """Return a page of items, and the cursor of the next one, null for the last."""
    return {"items": [item_view(one) for one in page.items], "next": page.next}
