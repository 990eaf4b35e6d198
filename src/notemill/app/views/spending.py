"""Money as JSON: dollars as exact decimal strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twolane import plain_usd

if TYPE_CHECKING:
    from notemill.app.spending import MoneySpent

MOST_RUNS: Final = 100
"""The most runs that are listed: the newest."""


def money(found: MoneySpent) -> dict[str, Any]:
    """Return what was spent and saved, by month and run, and where that leads."""
    projection = found.projection
    return {
        "spent_usd": plain_usd(found.cost_nano),
        "saved_usd": plain_usd(found.saved_nano),
        "months": [
            {
                "month": one.month,
                "spent_usd": plain_usd(one.cost_nano),
                "saved_usd": plain_usd(one.saved_nano),
                "reserved_usd": plain_usd(one.reserved_nano),
                "forgotten_usd": plain_usd(one.forgotten_nano),
            }
            for one in found.months
        ],
        "runs": [
            {
                "run": one.run,
                "kind": one.kind,
                "created_at": one.at_s,
                "spent_usd": plain_usd(one.cost_nano),
                "saved_usd": plain_usd(one.saved_nano),
            }
            for one in found.runs[:MOST_RUNS]
        ],
        "projection": projection
        and {
            "from_days": projection.days,
            "from_usd": plain_usd(projection.cost_nano),
            "week_usd": plain_usd(projection.week_nano),
            "month_usd": plain_usd(projection.month_nano),
            "year_usd": plain_usd(projection.year_nano),
        },
        "month_budget_usd": None if found.budget_nano is None else plain_usd(found.budget_nano),
        "month_left_usd": None if found.left_nano is None else plain_usd(found.left_nano),
    }
