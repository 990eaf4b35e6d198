"""How long a provider keeps the results of a batch, and from when that is worth a warning."""

from __future__ import annotations

import pytest

from twolane.core.expiry import DAY_S, is_expiring, results_expire_at
from twolane.errors import ConfigError
from twolane.front.consent import within_s


def test_results_are_kept_29_days_from_the_submission() -> None:
    """The time is what the provider documents."""
    assert results_expire_at(1_000.0) == 1_000.0 + 29 * 86_400


def test_the_last_week_is_worth_a_warning() -> None:
    """From day 22 on, and for ever after."""
    assert not is_expiring(0.0, 22 * DAY_S)
    assert is_expiring(0.0, 22 * DAY_S + 1)
    assert is_expiring(0.0, 40 * DAY_S)


def test_the_longest_deadline_leaves_a_day_to_fetch_the_results() -> None:
    """A run whose first results would be deleted before its deadline is refused."""
    assert within_s("28d", strict=False) == results_expire_at(0.0) - DAY_S
    with pytest.raises(ConfigError, match="--by"):
        within_s("28d1s", strict=False)
