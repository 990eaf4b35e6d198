"""Figures for small charts, as places in a drawing: templates draw them, with a table beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.spending import MonthSpent

MOST_MONTHS: Final = 12
"""The most months in a chart: the newest."""
WIDTH: Final = 480
HEIGHT: Final = 120
_GAP: Final = 6
_WIDEST: Final = 56


@dataclass(frozen=True, slots=True)
class MonthBar:
    """A month's bar: its cost from the bottom, and above it what batches saved.

    Places and sizes are in the chart's units, with the origin at its upper left corner.
    """

    month: MonthSpent
    x: float
    width: float
    cost_y: float
    cost_height: float
    saved_y: float
    saved_height: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


def month_bars(months: Sequence[MonthSpent]) -> tuple[MonthBar, ...]:
    """Return the bars of the newest months, oldest first; none if nothing was spent or saved."""
    shown = months[-MOST_MONTHS:]
    most = max((one.cost_nano + max(0, one.saved_nano) for one in shown), default=0)
    if not most:
        return ()
    step = WIDTH / len(shown)
    width = min(step - _GAP, _WIDEST)
    bars = []
    for number, one in enumerate(shown):
        cost = round(one.cost_nano / most * HEIGHT, 1)
        saved = round(max(0, one.saved_nano) / most * HEIGHT, 1)
        x = round(number * step + (step - width) / 2, 1)
        top = round(HEIGHT - cost - saved, 1)
        bars.append(MonthBar(one, x, round(width, 1), round(HEIGHT - cost, 1), cost, top, saved))
    return tuple(bars)
