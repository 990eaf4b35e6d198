"""Places in a picture: finite, no two alike, close where there is a link, and the same again."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.linking.layout import LEAST_APART, lay_out

Pairs = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], Pairs]:
    """Return notes and links of any kind: to itself, doubled, in both directions."""
    count = draw(st.integers(1, 40))
    place = st.integers(0, count - 1)
    names = [f"Note {number}.md" for number in range(count)]
    return names, draw(st.lists(st.tuples(place, place), max_size=80))


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance between two places."""
    return math.dist(one, other)


def communities(count: int, size: int) -> tuple[list[str], Pairs]:
    """Return groups of notes with many links within each, and one from each to the next."""
    chance = random.Random(5)  # noqa: S311  # a seeded example
    pairs: Pairs = []
    for first in range(0, count * size, size):
        pairs += [(first, first + step) for step in range(1, size)]
        pairs += [
            (first + chance.randrange(size), first + chance.randrange(size))
            for _ in range(3 * size)
        ]
        pairs.append((first, (first + size) % (count * size)))
    return [f"{number}.md" for number in range(count * size)], pairs


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_every_note_has_a_place_of_its_own(graph: tuple[list[str], Pairs]) -> None:
    """All places are finite, and no two notes lie at one, whatever is linked with what."""
    keys, pairs = graph
    places = lay_out(keys, pairs)
    assert len(places) == len(set(places)) == len(keys)
    assert all(math.isfinite(number) for place in places for number in place)


@settings(deadline=None, max_examples=30)
@given(graphs(), st.data())
def test_any_earlier_places_lead_to_a_picture(
    graph: tuple[list[str], Pairs], data: st.DataObject
) -> None:
    """Places that are all alike, no numbers or beyond all measure do no harm."""
    keys, pairs = graph
    number = st.floats() | st.just(0.0) | st.floats(-50, 50)
    known = data.draw(st.dictionaries(st.sampled_from(keys), st.tuples(number, number)))
    places = lay_out(keys, pairs, known)
    assert len(set(places)) == len(keys)
    assert all(math.isfinite(number) for place in places for number in place)


def test_no_notes_are_an_empty_picture() -> None:
    """There is nothing to place."""
    assert lay_out([], []) == []


def test_the_same_graph_gives_the_same_picture() -> None:
    """Also when links are given in another order or direction, or twice."""
    keys, pairs = communities(3, 8)
    again = [(b, a) for a, b in reversed(pairs)] + pairs + [(4, 4)]
    assert lay_out(keys, pairs) == lay_out(keys, again)


@pytest.mark.parametrize("size", [10, 90], ids=["exact", "on the grid"])
def test_linked_notes_lie_close(size: int) -> None:
    """Notes of one community are nearer to each other than to the rest, on the average."""
    keys, pairs = communities(6, size)
    places = lay_out(keys, pairs)
    chance = random.Random(7)  # noqa: S311  # a seeded sample
    some = [(chance.randrange(len(keys)), chance.randrange(len(keys))) for _ in range(4_000)]
    within = [apart(places[a], places[b]) for a, b in some if a // size == b // size and a != b]
    between = [apart(places[a], places[b]) for a, b in some if a // size != b // size]
    assert sum(within) / len(within) < 0.6 * sum(between) / len(between)


def test_linked_notes_do_not_cover_each_other() -> None:
    """A note with many neighbours leaves each of them its room."""
    keys = [f"{number}.md" for number in range(200)]
    places = lay_out(keys, [(0, number) for number in range(1, 200)])
    nearest = [min(apart(one, other) for other in places if other is not one) for one in places]
    assert min(nearest) > 0.8 * LEAST_APART


def test_notes_without_a_link_lie_around_the_others() -> None:
    """They are evenly spread outside of what is linked; alone they fill a disc."""
    keys, pairs = communities(3, 10)
    places = lay_out([*keys, *(f"alone {number}.md" for number in range(50))], pairs)
    linked, alone = places[: len(keys)], places[len(keys) :]
    assert min(math.hypot(*one) for one in alone) > max(math.hypot(*one) for one in linked)
    only = lay_out([f"{number}.md" for number in range(100)], [])
    assert max(math.hypot(*one) for one in only) < 40


@pytest.mark.parametrize("size", [10, 90], ids=["exact", "on the grid"])
def test_a_picture_stays_as_it_was_when_little_changes(size: int) -> None:
    """A new link and a new note move the others by a small part of the picture's width."""
    keys, pairs = communities(6, size)
    before = lay_out(keys, pairs)
    wide = max(math.hypot(*one) for one in before)
    known = dict(zip(keys, before, strict=True))
    after = lay_out([*keys, "New.md"], [*pairs, (3, len(keys)), (1, size + 2)], known)
    moved = [apart(one, other) for one, other in zip(before, after, strict=False)]
    assert sum(moved) / len(moved) < 0.06 * wide
    assert apart(after[-1], after[3]) < 0.5 * wide


def test_notes_without_a_link_stay_when_another_gets_one() -> None:
    """One that is linked now leaves its seat; no other gets up for it."""
    keys = [*communities(3, 10)[0], *(f"alone {number}.md" for number in range(30))]
    pairs = communities(3, 10)[1]
    before = dict(zip(keys, lay_out(keys, pairs), strict=True))
    after = dict(zip(keys, lay_out(keys, [*pairs, (0, 35)], before), strict=True))
    still = [key for key in keys if key.startswith("alone") and before[key] == after[key]]
    assert len(still) >= 25


@pytest.mark.long
def test_ten_thousand_notes_have_their_places() -> None:
    """A large vault with hubs, communities and notes without a link is laid out as a small one."""
    keys, pairs = communities(200, 40)
    pairs += [(0, number) for number in range(1, 1_500)]
    keys += [f"alone {number}.md" for number in range(2_000)]
    places = lay_out(keys, pairs)
    assert len(set(places)) == 10_000
    assert all(math.isfinite(number) for place in places for number in place)
