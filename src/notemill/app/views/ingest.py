"""Results of ingests as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twolane.front.consent import plan_object
from twolane.front.console import report_object

if TYPE_CHECKING:
    from notemill.app.events import RunReported
    from notemill.app.ingest_events import IngestEnded
    from notemill.app.ingesting import IngestPlan
    from notemill.stores.followed import Followed


def ingest_plan(plan: IngestPlan) -> dict[str, Any]:
    """Return what an ingest would ask and cost, and the sources that cannot be read."""
    offer = {} if plan.offer is None else plan_object(plan.offer.plan, plan.preview)
    return {
        **offer,
        "notes": len(plan.kept),
        "unchanged": [one.note for one in plan.unchanged],
        "failures": [_failure(one.source, "unreadable", one.why) for one in plan.unread],
    }


def ingest_ended(ended: IngestEnded) -> dict[str, Any]:
    """Return the state of an ingest when the work on it ends; sources are items, too."""
    value = report_object(ended.report)
    value["items"]["total"] += len(ended.unread) + len(ended.unchanged) + len(ended.left)
    value["items"]["failed"] += len(ended.unread)
    value["items"]["skipped"] += len(ended.unchanged) + len(ended.left)
    value["failures"] += [
        _failure(one.source, "unreadable", one.why, retryable=one.waits) for one in ended.unread
    ]
    value["failures"] += [_failure(one.note, "left", one.why) for one in ended.left]
    value["notes"] = [
        {"note": one.note, "source": one.source, "title": one.title, "state": one.state}
        for one in ended.notes
    ]
    value["unchanged"] = [one.note for one in ended.unchanged]
    return value


def followed_source(one: Followed) -> dict[str, Any]:
    """Return a followed source; times are in seconds since the epoch, `looked_at` null for never."""
    return {
        "source": one.address,
        "title": one.title,
        "since": one.since,
        "looked_at": one.looked_at,
        "seen": one.seen,
        "new": one.new,
    }


def stopped(reported: RunReported) -> dict[str, Any]:
    """Return the state of a run that an error stopped."""
    return report_object(reported.report)


def _failure(item: str, kind: str, message: str, *, retryable: bool = False) -> dict[str, Any]:
    return {
        "item": item,
        "custom_id": "",
        "kind": kind,
        "message": message,
        "retryable": retryable,
    }
