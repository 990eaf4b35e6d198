"""Money under a cap: the worst case of a request is set aside before it leaves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """What a run may spend, has spent and has set aside; nano-dollars, `cap_nano` None: no cap."""

    cap_nano: int | None
    spent_nano: int = 0
    reserved_nano: int = 0

    def fits(self, reserve_nano: int) -> bool:
        """Tell whether a request with this worst case may leave."""
        if self.cap_nano is None:
            return True
        return self.spent_nano + self.reserved_nano + reserve_nano <= self.cap_nano

    def reserve(self, reserve_nano: int) -> None:
        """Set the worst case of a request aside."""
        self.reserved_nano += reserve_nano

    def settle(self, reserve_nano: int, cost_nano: int) -> None:
        """Release what was set aside and book what it cost."""
        self.reserved_nano -= reserve_nano
        self.spent_nano += cost_nano
