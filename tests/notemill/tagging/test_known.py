"""A tag that differs from one that is there only in its spelling is that tag."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.tagging.known import KnownTags

KNOWN = KnownTags(
    ["garden/soil", "Garden/tools", "food", "Machine-Learning", "news", "餐/豆腐", "a/basics", "b/basics"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("GARDEN/Soil", "garden/soil"),
        ("garden/tool", "Garden/tools"),
        ("gardens/soils", "garden/soil"),
        ("gardens/ponds", "garden/ponds"),
        ("gardens", "garden"),
        ("foods", "food"),
        ("machinelearning/trees", "Machine-Learning/trees"),
        ("餐/豆腐", "餐/豆腐"),
    ],
)
def test_case_joints_and_number_make_no_other_tag(said: str, meant: str) -> None:
    """Level by level, and what is new below a known tag takes its spelling."""
    assert KNOWN.of(said) == meant


@pytest.mark.parametrize("said", ["new", "food/rye", "tool/garden", "soils/garden"])
def test_another_word_is_another_tag(said: str) -> None:
    """Words whose longer form means something else, and levels in another order, stay as they are."""
    assert KNOWN.of(said) == said


def test_a_last_level_alone_is_the_tag_that_it_ends() -> None:
    """A model leaves out the levels above; where two tags end so it is neither."""
    assert KNOWN.of("tools") == "Garden/tools"
    assert KNOWN.of("basics") == "basics"


def test_a_spelling_that_is_there_stays() -> None:
    """Where both numbers are tags of the vault, each is itself."""
    known = KnownTags(["bike", "bikes"])
    assert [known.of(tag) for tag in ("bike", "bikes", "Bikes")] == ["bike", "bikes", "bikes"]


@given(st.lists(st.from_regex(r"[A-Za-z]{1,6}(/[A-Za-z]{1,6}){0,2}", fullmatch=True), max_size=9))
def test_what_is_known_is_found_as_itself(tags: list[str]) -> None:
    """Whatever else is there; a second spelling of it as the first."""
    known = KnownTags(tags)
    for tag in tags:
        assert known.of(known.of(tag)) == known.of(tag)
        assert known.of(tag).lower() == tag.lower()
