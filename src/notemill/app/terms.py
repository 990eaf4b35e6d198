"""The terms of a run: who answers, where it may go, what it may cost, and until when it has to be through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twolane import plain_usd

if TYPE_CHECKING:
    from twolane import Lane, Settings

OFFLINE: Final = "offline"
"""The provider in here, which asks no model."""
_HOSTED: Final = "anthropic"


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What was agreed to beforehand.

    `lane` None lets the engine decide; `cap_nano` is in nano-dollars; `by_s` a length of time in
    seconds after which all has to be answered, kept at any price (and maybe paid for twice) where
    `by_strict`; `stages` as `workflows.stages` reads them.
    """

    lane: Lane | None = None
    cap_nano: int | None = None
    by_s: int | None = None
    by_strict: bool = False
    stages: str = "auto"

    def deadline_at(self, now: float) -> float | None:
        """Return when all has to be answered, in seconds since the epoch; None for no deadline."""
        return None if self.by_s is None else now + self.by_s

    def kept(self) -> dict[str, object]:
        """Return what a resume has to find unchanged."""
        return {
            "lane": self.lane,
            "max_cost": None if self.cap_nano is None else plain_usd(self.cap_nano),
            "by": None if self.by_s is None else f"{self.by_s} s",
        }


def offline_unless_keyed(settings: Settings, *, asked: bool) -> Settings:
    """Return the settings with the provider notemill uses: without a key its own, offline.

    `asked` says that the provider was named by hand, and is taken at its word; so is one that
    environment or config file name and that is no service with a key.
    """
    if asked or settings.api_key or settings.auth_token or settings.provider != _HOSTED:
        return settings
    return replace(settings, provider=OFFLINE)
