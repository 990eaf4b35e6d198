"""Money under a cap: the worst case of a request is set aside before it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twolane.core.money import format_usd, plain_usd

if TYPE_CHECKING:
    from twolane.core.types import Month

RUN_SPENT: Final = "not sent, the cap leaves no room; raise it and resume"
MONTH_SPENT: Final = (
    "not sent, the month's budget leaves no room; resume next month, or with a higher "
    "--month-budget"
)
"""Why an item was left out, as it stands in the ledger."""


def month_line(month: Month) -> str:
    """Return how a month stands under its budget, in words."""
    return (
        f"month {month.name}: {format_usd(month.spent_nano)} of {format_usd(month.cap_nano)} spent "
        f"or set aside, {format_usd(month.left_nano)} left"
    )


def month_object(month: Month) -> dict[str, str]:
    """Return how a month stands under its budget, as `--json` has it."""
    return {
        "month": month.name,
        "budget_usd": plain_usd(month.cap_nano),
        "spent_usd": plain_usd(month.spent_nano),
        "left_usd": plain_usd(month.left_nano),
    }


@dataclass(slots=True)
class Budget:
    """What a run may spend, has spent and has set aside; nano-dollars, `cap_nano` None: no cap.

    `month_cap_nano` and `month_nano` are the same of the ledger's month, with all its other runs:
    as it was when it was last looked at. The claim's own transaction decides.
    """

    cap_nano: int | None
    spent_nano: int = 0
    reserved_nano: int = 0
    month_cap_nano: int | None = None
    month_nano: int = 0

    def fits(self, reserve_nano: int) -> bool:
        """Tell whether a request with this worst case may leave."""
        return not self.why_not(reserve_nano)

    def why_not(self, reserve_nano: int) -> str:
        """Return why a request with this worst case may not leave, '' where it may.

        What is free may always leave a month's budget behind that others have spent.
        """
        used_nano = self.spent_nano + self.reserved_nano
        if self.cap_nano is not None and used_nano + reserve_nano > self.cap_nano:
            return RUN_SPENT
        month_cap_nano = self.month_cap_nano
        if month_cap_nano is None or not reserve_nano:
            return ""
        return MONTH_SPENT if self.month_nano + reserve_nano > month_cap_nano else ""

    def reserve(self, reserve_nano: int) -> None:
        """Set the worst case of a request aside."""
        self.reserved_nano += reserve_nano
        self.month_nano += reserve_nano

    def settle(self, reserve_nano: int, cost_nano: int) -> None:
        """Release what was set aside and book what it cost."""
        self.reserved_nano -= reserve_nano
        self.spent_nano += cost_nano
        self.month_nano += cost_nano - reserve_nano
