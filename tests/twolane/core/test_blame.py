"""Whose fault a refusal is, by what happens to the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twolane.core.blame import (
    MAX_OWN_REFUSALS,
    MAX_OWN_REFUSALS_OF_MANY,
    Blame,
    Met,
    Whose,
    own_pause_s,
)


def _answer(blame: Blame, at_s: float, *, met: Met | None = None) -> None:
    blame.answered(met or Met(), left_at_s=at_s, now_s=at_s + 0.5)


def test_the_first_refusal_is_load() -> None:
    """One word of a provider says nothing of whom it means."""
    assert Blame().whose(Met(), left_at_s=0.0, now_s=1.0) is Whose.LOAD


def test_a_refusal_while_others_are_answered_is_its_own() -> None:
    """Those that left with it or behind it were let through."""
    blame, met = Blame(), Met()
    blame.whose(met, left_at_s=0.0, now_s=1.0)
    _answer(blame, 0.0)
    assert blame.whose(met, left_at_s=2.0, now_s=3.0) is Whose.OWN


def test_where_nobody_is_answered_it_stays_load() -> None:
    """A storm is a storm, however often one call is refused in it."""
    blame, met = Blame(), Met()
    _answer(blame, 0.0)
    for second in range(1, 30):
        assert blame.whose(met, left_at_s=second, now_s=second + 0.5) is Whose.LOAD


def test_where_newcomers_are_refused_as_well_it_is_unclear() -> None:
    """A limit that all share lets some through and refuses others: it counts against nobody."""
    blame, met = Blame(), Met()
    blame.whose(met, left_at_s=0.0, now_s=1.0)
    _answer(blame, 1.0)
    blame.whose(Met(), left_at_s=1.5, now_s=2.0)
    assert blame.whose(met, left_at_s=2.5, now_s=3.0) is Whose.UNCLEAR
    assert met.own == 0


def test_where_a_refused_one_was_let_through_it_is_unclear() -> None:
    """What was refused and then answered was no request that is never taken."""
    blame, met, other = Blame(), Met(), Met()
    blame.whose(other, left_at_s=0.0, now_s=0.5)
    blame.whose(met, left_at_s=0.0, now_s=0.5)
    _answer(blame, 1.0, met=other)
    assert blame.whose(met, left_at_s=2.0, now_s=2.5) is Whose.UNCLEAR


def test_a_few_are_hopeless_sooner_than_many() -> None:
    """Where many were refused, a limit a minute gets its minute."""
    few, many = Blame(), Blame()
    for blame, others in ((few, 1), (many, 40)):
        for one in range(others):
            met = Met()
            blame.whose(met, left_at_s=0.0, now_s=0.1)
            _answer(blame, float(one))
            blame.whose(met, left_at_s=float(one), now_s=one + 0.2)
        for second in range(20):
            _answer(blame, 50.0 + second)
    assert few.hopeless(Met(own=MAX_OWN_REFUSALS))
    assert not many.hopeless(Met(own=MAX_OWN_REFUSALS))
    assert many.hopeless(Met(own=MAX_OWN_REFUSALS_OF_MANY))


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 0.999))
def test_a_call_rests_for_a_while_and_not_for_ever(own: int, alone: int, jitter: float) -> None:
    """At least a quarter of a second, at most half a minute."""
    pause_s = own_pause_s(Met(own=own, alone=alone), retry_after_s=None, jitter=jitter)
    assert 0.25 <= pause_s <= 30.0
    longer_s = own_pause_s(Met(own=own, alone=alone), retry_after_s=37.0, jitter=jitter)
    assert 37.0 <= longer_s <= 38.0
