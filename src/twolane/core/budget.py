"""Money under a cap: the worst case of a request is reserved before it is sent."""

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
"""The reason for a skipped item, as stored in the ledger."""


def month_line(month: Month) -> str:
    """Return the state of a month's budget, in words."""
    return (
        f"month {month.name}: {format_usd(month.spent_nano)} of {format_usd(month.cap_nano)} spent "
        f"or set aside, {format_usd(month.left_nano)} left"
    )


def month_object(month: Month) -> dict[str, str]:
    """Return the state of a month's budget, as in `--json`."""
    return {
        "month": month.name,
        "budget_usd": plain_usd(month.cap_nano),
        "spent_usd": plain_usd(month.spent_nano),
        "left_usd": plain_usd(month.left_nano),
    }


@dataclass(slots=True)
class Budget:
    """What a run may spend, has spent and has reserved, in nano-dollars; `cap_nano` None: no cap.

    `month_cap_nano` and `month_nano` are the same for the ledger's month, including all other runs,
    as last read. The claim's own transaction decides.
    """

    cap_nano: int | None
    spent_nano: int = 0
    reserved_nano: int = 0
    month_cap_nano: int | None = None
    month_nano: int = 0

    def fits(self, reserve_nano: int) -> bool:
        """Tell whether a request with this worst case may be sent."""
        return not self.why_not(reserve_nano)

    def why_not(self, reserve_nano: int) -> str:
        """Return why a request with this worst case may not be sent, '' if it may.

        A free request is never stopped by a month's budget that others have spent.
        """
        used_nano = self.spent_nano + self.reserved_nano
        if self.cap_nano is not None and used_nano + reserve_nano > self.cap_nano:
            return RUN_SPENT
        month_cap_nano = self.month_cap_nano
        if month_cap_nano is None or not reserve_nano:
            return ""
        return MONTH_SPENT if self.month_nano + reserve_nano > month_cap_nano else ""

    def reserve(self, reserve_nano: int) -> None:
        """Reserve the worst case of a request."""
        self.reserved_nano += reserve_nano
        self.month_nano += reserve_nano

    def settle(self, reserve_nano: int, cost_nano: int) -> None:
        """Release a reserve and book the actual cost."""
        self.reserved_nano -= reserve_nano
        self.spent_nano += cost_nano
        self.month_nano += cost_nano - reserve_nano
