"""The queue of proposals as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.stores.deciding import Decided
    from notemill.stores.queue_rows import QueueRow


def queue_row(row: QueueRow) -> dict[str, Any]:
    """Return a proposal of the queue."""
    return {
        "id": row.id,
        "kind": row.kind,
        "note": row.notes[0] if row.notes else "",
        "notes": list(row.notes),
        "value": row.value,
        "replaces": row.replaces,
        "why": row.why,
        "confidence": row.confidence,
        "run": row.run,
        "state": row.state,
    }


def queue_page(rows: Iterable[QueueRow], after: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return proposals, the cursor of the next page, and how many are in each state."""
    return {
        "items": [queue_row(one) for one in rows],
        "next": after or None,
        "counts": dict(counts),
    }


def decided(found: Decided) -> dict[str, Any]:
    """Return the outcome of a decision."""
    return {
        "changed": [queue_row(one) for one in found.changed],
        "unchanged": [queue_row(one) for one in found.unchanged],
        "missing": list(found.missing),
    }
