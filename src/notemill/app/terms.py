"""The terms of a run: provider, lane, cap and deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twolane import plain_usd

if TYPE_CHECKING:
    from twolane import Lane, Settings

OFFLINE: Final = "offline"
"""The built-in provider, which asks no model."""
_HOSTED: Final = "anthropic"
LINKS_A_NOTE: Final = 5
"""The most notemill links in a note: as many as a person reads."""
MOST_LINKS_A_NOTE: Final = 50
"""The most that may be asked for."""
LEAST_SCORE: Final = 0.65
"""The least score that is proposed: of the pairs above it, 8 of 10 are accepted (see docs/benchmarks.md)."""


@dataclass(frozen=True, slots=True)
class RunTerms:
    """The terms that a run was agreed to on.

    `lane` None lets the engine decide; `cap_nano` is in nano-dollars; `by_s` is the time in seconds
    until everything must be answered, met at any price (perhaps paying twice) if `by_strict`;
    `stages` are in the form that `workflows.stages` reads.
    """

    lane: Lane | None = None
    cap_nano: int | None = None
    by_s: int | None = None
    by_strict: bool = False
    stages: str = "auto"

    def deadline_at(self, now: float) -> float | None:
        """Return the deadline in seconds since the epoch, or None."""
        return None if self.by_s is None else now + self.by_s

    def kept(self) -> dict[str, object]:
        """Return the terms that must be unchanged on resume."""
        return {
            "lane": self.lane,
            "max_cost": None if self.cap_nano is None else plain_usd(self.cap_nano),
            "by": None if self.by_s is None else f"{self.by_s} s",
        }


FOLLOWED_WITHIN_S: Final = 20 * 3_600
"""The deadline for what is new of followed sources: before the next night looks again."""


def cheap(terms: RunTerms, only_lane: Lane | None) -> RunTerms:
    """Return the terms for what nobody waits for: by batches, even one request, and in one stage.

    What the terms say otherwise stands, and so does the one lane of a provider that has no other.
    """
    from twolane import Lane  # noqa: PLC0415  # most commands have no use for the engine's types

    return replace(
        terms,
        lane=terms.lane or (Lane.BATCH if only_lane is None else None),
        by_s=terms.by_s or FOLLOWED_WITHIN_S,
        stages="none" if terms.stages == "auto" else terms.stages,
    )


def offline_unless_keyed(settings: Settings, *, asked: bool) -> Settings:
    """Return the settings with notemill's choice of provider: its own, offline, without a key.

    `asked` if a flag named the provider, which is then kept; so is one from the environment or the
    config file that needs no key. A model that was named is none of the built-in provider's.
    """
    if asked or settings.has_key or settings.provider != _HOSTED:
        return settings
    return replace(settings, provider=OFFLINE, model=None)
