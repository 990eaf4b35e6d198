"""How long a batch lives, and how long a provider keeps its results."""

from __future__ import annotations

from typing import Final

DAY_S: Final = 86_400.0
# Anthropic keeps results for 29 days from a batch's creation (Message Batches documentation).
RESULTS_KEPT_S: Final = 29 * DAY_S
LONGEST_DEADLINE_S: Final = RESULTS_KEPT_S - DAY_S
"""The longest deadline: it leaves a day to fetch the first batch's results."""
# "A batch expires after 24 hours" (Message Batches documentation).
BATCH_LIFE_S: Final = DAY_S
# Gateways may give one longer; above a week is a placeholder.
LONGEST_LIFE_S: Final = 7 * DAY_S
# Expiry is worked off in some minutes. Several hours late, something is wrong at the provider.
OVERDUE_S: Final = 6 * 3_600.0
# A week is enough for a person to come back to a run that was left.
WARN_AFTER_S: Final = RESULTS_KEPT_S - 7 * DAY_S


def results_expire_at(submitted_at: float) -> float:
    """Return when the results of a batch submitted then expire, in seconds since the epoch."""
    return submitted_at + RESULTS_KEPT_S


def overdue_at(submitted_at: float, expires_at: float | None) -> float:
    """Return when a batch counts as overdue, in seconds since the epoch.

    `expires_at` is the provider's own statement; it can lengthen a batch's life up to a week, but
    never shorten it.
    """
    said_s = BATCH_LIFE_S if expires_at is None else expires_at - submitted_at
    life_s = said_s if BATCH_LIFE_S < said_s <= LONGEST_LIFE_S else BATCH_LIFE_S
    return submitted_at + life_s + OVERDUE_S


def is_expiring(submitted_at: float, now: float) -> bool:
    """Tell whether a batch's results expire within a week, or have expired."""
    return now - submitted_at > WARN_AFTER_S
