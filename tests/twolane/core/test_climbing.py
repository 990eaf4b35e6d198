"""How many calls a server of one's own is given, by how fast it answers them."""

from __future__ import annotations

import heapq
from itertools import count

import pytest

from twolane.core.climbing import Climber


def _play(slots: int, *, answers: int, bound: int = 64, tokens: int = 100) -> list[int]:
    """Return the widths over the answers of a server with so many slots of one second each."""
    pacer = Climber(bound)
    now_s, widths, tie = 0.0, [], count()
    out: list[tuple[float, int]] = []
    free = [0.0] * slots
    for _ in range(answers):
        while len(out) < pacer.width:
            assert pacer.grant([10], now_s) == 1
            ends_s = max(now_s, heapq.heappop(free)) + 1.0
            heapq.heappush(free, ends_s)
            heapq.heappush(out, (ends_s, next(tie)))
        now_s, _ = heapq.heappop(out)
        pacer.back(10)
        pacer.answered(None, tokens, now_s)
        widths.append(pacer.width)
    return widths


@pytest.mark.parametrize("tokens", [100, 0])
def test_two_calls_at_first_and_more_while_the_server_keeps_up(tokens: int) -> None:
    """A server that answers many at once gets the calls it has room for, from two up."""
    widths = _play(16, answers=300, tokens=tokens)
    assert widths[0] == 2
    assert max(widths) >= 16
    assert sorted(widths)[len(widths) // 2] >= 8


def test_a_server_with_one_slot_keeps_its_two_calls() -> None:
    """Where further calls only wait, the number goes back, and is seldom tried again."""
    widths = _play(1, answers=300)
    assert widths[-1] == 2
    assert sum(width > 2 for width in widths) < len(widths) / 3


def test_the_bound_is_kept() -> None:
    """The setting's concurrency is never exceeded."""
    assert max(_play(64, answers=200, bound=5)) == 5


def test_a_full_server_gets_fewer() -> None:
    """A refusal halves the calls, and they are not doubled again at once."""
    pacer = Climber(64)
    pacer.window = 8.0
    pacer.refused(left_at_s=1.0, now_s=2.0, retry_after_s=None, jitter=0.0)
    assert pacer.width == 4
    for second in range(3, 12):
        pacer.answered(None, 10, float(second))
    assert pacer.width == 4
