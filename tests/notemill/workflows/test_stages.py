"""Staged rollout: which notes come first, and never more stages than the vault needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.errors import UsageError
from notemill.index import NoteFacts, facts_of
from notemill.workflows.stages import plan_steps, spread
from twolane import Lane


def notes(count: int, folder: str = "F") -> list[NoteFacts]:
    """Return `count` notes of growing length."""
    return [facts_of(f"{folder}/n{n}.md", b"x" * n, size=n + 1, mtime_ns=0) for n in range(count)]


def sizes(spec: str, count: int, *, batch: int = 100, forced: Lane | None = None) -> list[int]:
    """Return how many notes have been tried after each stage before the last."""
    total = 0
    reached: list[int] = []
    for step in plan_steps(spec, notes(count), batch_size=batch, forced=forced):
        total += len(step.stage.items)
        reached.append(total)
    return reached


@pytest.mark.parametrize(
    ("spec", "count", "reached"),
    [
        ("auto", 1, []),
        ("auto", 3, []),
        ("auto", 4, [2]),
        ("auto", 5_000, [2]),
        ("none", 5_000, []),
        ("ladder", 2, []),
        ("ladder", 7, [2, 6]),
        ("ladder", 60, [2, 6, 52]),
        ("ladder", 1_000, [2, 6, 52, 72, 122]),
        ("2,6,52", 1_000, [2, 6, 52]),
        ("2,6,52", 52, [2, 6]),
        ("2,6,all", 10, [2, 6]),
        ("1", 2, [1]),
        ("700", 500, []),
    ],
)
def test_stages_are_those_asked_for_and_none_too_many(
    spec: str, count: int, reached: list[int]
) -> None:
    """A stage that would take all there is, is no stage of its own."""
    assert sizes(spec, count) == reached


def test_a_ladder_with_small_batches_never_goes_back() -> None:
    """Where the batch boundary lies below an earlier stage, that stage has shown it already."""
    assert sizes("ladder", 1_000, batch=10) == [2, 6, 52, 72]


@pytest.mark.parametrize("spec", ["", "0", "-1", "6,2", "2,2", "two", "2;6", "2,,6", "all", "1e9"])
def test_a_bad_spec_is_refused(spec: str) -> None:
    """What is no growing list of sizes is a usage error that shows what is."""
    with pytest.raises(UsageError, match="auto, none, ladder") as refused:
        sizes(spec, 100)
    assert refused.value.exit_code == 2


def test_where_the_batch_lane_is_forced_auto_needs_no_probe() -> None:
    """`--lane batch` goes at once, and a stage that is asked for goes in a batch as well."""
    assert sizes("auto", 100, forced=Lane.BATCH) == []
    steps = plan_steps("2,6", notes(100), batch_size=100, forced=Lane.BATCH)
    assert {step.stage.lane for step in steps} == {Lane.BATCH}


def test_the_probe_takes_notes_of_the_median_length() -> None:
    """Two typical notes in real time, not the shortest or the longest."""
    (step,) = plan_steps("auto", notes(101), batch_size=100, forced=None)
    assert step.stage.lane is Lane.REALTIME
    assert step.stage.items <= frozenset({48, 49, 50, 51, 52})


def test_the_odd_ones_are_the_shortest_the_longest_and_the_emoji() -> None:
    """The second stage is where trouble would show."""
    some = notes(50)
    some[20] = facts_of("F/🌶️ hot.md", b"x" * 20, size=21, mtime_ns=0)
    steps = plan_steps("2,6", some, batch_size=100, forced=None)
    assert {0, 49, 20} <= steps[1].stage.items


def test_a_stage_for_a_folder_takes_the_fullest_first() -> None:
    """Fifty notes of one folder are looked at together."""
    some = [*notes(30, "Small"), *notes(60, "Full")]
    steps = plan_steps("2,6,52", some, batch_size=100, forced=None)
    assert sum(some[index].folder == "Full" for index in steps[2].stage.items) >= 40


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=6, unique=True),
    st.integers(0, 200),
    st.integers(1, 150),
)
def test_no_note_is_in_two_stages_and_one_stage_is_always_left(
    wanted: list[int], count: int, batch: int
) -> None:
    """Whatever is asked for, stages are disjoint, grow as told, and leave a last one."""
    spec = ",".join(map(str, sorted(wanted)))
    taken: set[int] = set()
    for step in plan_steps(spec, notes(count), batch_size=batch, forced=None):
        assert not taken & step.stage.items
        assert step.stage.items <= set(range(count))
        taken |= step.stage.items
        assert len(taken) in wanted
    assert len(taken) < max(1, count)


def test_a_sample_is_spread_over_what_was_found() -> None:
    """Each comes from the midst of its part, and there are never more than are found."""
    assert spread(range(10), 2) == [2, 7]
    assert spread("abc", 5) == ["a", "b", "c"]
    assert spread("", 2) == []
