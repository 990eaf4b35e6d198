"""The queue of proposals as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.stores.deciding import editable_value
from notemill.stores.proposals import EDITABLE, ProposalState
from notemill.vault.worddiff import WordDiff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.app.accepted import AcceptedCounted
    from notemill.app.review_page import Detail, Listed, Listing
    from notemill.stores.deciding import Decided
    from notemill.stores.queue_rows import QueueRow

MAX_NAMED: Final = 50
"""The most edited notes that are named before writing; the others are counted."""


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


def listed(one: Listed) -> dict[str, Any]:
    """Return a proposal in a list; `edit` is what a person edits of it, null if nothing."""
    row = one.row
    return {
        **queue_row(row),
        "scope": row.scope,
        "edit": editable_value(row) if row.kind in EDITABLE else None,
        "group": one.group,
        "stale": one.is_stale,
    }


def listing(found: Listing) -> dict[str, Any]:
    """Return a page of the queue with its counts; `left_s` is what deciding the rest may take."""
    left = found.matching[ProposalState.PENDING]
    return {
        "items": [listed(one) for one in found.rows],
        "next": found.next or None,
        "counts": {str(state): count for state, count in found.counts.items()},
        "matching": {str(state): count for state, count in found.matching.items()},
        "kinds": {str(kind): count for kind, count in found.kinds.items()},
        "groups": dict(found.groups),
        "left_s": round(left * found.each_s, 1),
    }


def detail(found: Detail) -> dict[str, Any]:
    """Return a proposal with its notes: what it would change, line by line, or excerpts."""
    diff = found.diff or WordDiff(())
    return {
        "item": listed(found.listed),
        "lines": [
            {
                "old": line.old,
                "new": line.new,
                "pieces": [[piece.edit, piece.text] for piece in line.pieces],
            }
            for line in diff.lines
        ],
        "above": diff.above,
        "below": diff.below,
        "excerpts": [
            {"note": one.note, "lines": list(one.lines), "more": one.more, "problem": one.problem}
            for one in found.excerpts
        ],
        "notes": list(found.notes),
        "more_notes": found.more_notes,
        "problem": found.problem,
    }


def to_write(found: AcceptedCounted) -> dict[str, Any]:
    """Return what applying would write, by kind, and the edited notes that it would leave alone.

    `waiting` are accepted proposals for notes that are not accepted themselves yet.
    """
    return {
        "kinds": {str(kind): count for kind, count in found.counts.items()},
        "notes": found.notes,
        "changed": list(found.changed[:MAX_NAMED]),
        "more_changed": max(0, len(found.changed) - MAX_NAMED),
        "waiting": found.waiting,
    }
