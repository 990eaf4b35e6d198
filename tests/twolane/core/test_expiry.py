"""How long a provider keeps the results of a batch, and from when that is worth a warning."""

from __future__ import annotations

from twolane.core.expiry import DAY_S, is_expiring, results_expire_at


def test_results_are_kept_29_days_from_the_submission() -> None:
    """The time is what the provider documents."""
    assert results_expire_at(1_000.0) == 1_000.0 + 29 * 86_400


def test_the_last_week_is_worth_a_warning() -> None:
    """From day 22 on, and for ever after."""
    assert not is_expiring(0.0, 22 * DAY_S)
    assert is_expiring(0.0, 22 * DAY_S + 1)
    assert is_expiring(0.0, 40 * DAY_S)
