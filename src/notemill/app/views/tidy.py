"""Results of tidying as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.app.views.tags import left_alone

if TYPE_CHECKING:
    from notemill.app.tidying import Tidied


def tidied(done: Tidied) -> dict[str, Any]:
    """Return what tidying would do, or did."""
    return {
        "run": done.run,
        "notes": [
            {
                "item": one.key,
                "changes": [{"kind": step.kind, "what": list(step.what)} for step in one.steps],
                "left": [{"kind": left.kind, "message": left.reason} for left in one.left],
            }
            for one in done.plan.notes
        ],
        "written": list(done.notes),
        "left_alone": left_alone(done.plan.untouched),
        "excluded": done.plan.hidden,
        "rejected": done.plan.rejected,
        "problems": left_alone(done.failed),
    }
