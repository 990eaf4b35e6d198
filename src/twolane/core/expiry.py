"""How long a provider keeps the results of a batch."""

from __future__ import annotations

from typing import Final

DAY_S: Final = 86_400.0
# Anthropic keeps results for 29 days from a batch's creation (Message Batches documentation).
RESULTS_KEPT_S: Final = 29 * DAY_S
# A week is enough for a person to come back to a run that was left.
WARN_AFTER_S: Final = 22 * DAY_S


def results_expire_at(submitted_at: float) -> float:
    """Return until when the results of a batch submitted then can be fetched, in s of the epoch."""
    return submitted_at + RESULTS_KEPT_S


def is_expiring(submitted_at: float, now: float) -> bool:
    """Tell whether a batch's results expire within a week, or have expired."""
    return now - submitted_at > WARN_AFTER_S
