"""Tags that stand for a state or kind of note, told by properties."""

from __future__ import annotations

import pytest

from notemill.tagging.states import Told, state_tags

OTHERS = [Told(f"Garden/soil {n}.md", ["soil"], ("created",)) for n in range(30)]


def notes(
    count: int, *tags: str, properties: str = "created due", folder: str = "Mixed"
) -> list[Told]:
    """Return notes of these tags and properties."""
    return [Told(f"{folder}/{n}.md", tags, tuple(properties.split())) for n in range(count)]


@pytest.mark.parametrize(
    ("some", "found"),
    [
        (notes(9, "Review"), {"review"}),
        (notes(4, "review"), set()),
        ([*notes(9, "review"), *notes(2, "review", properties="created")], set()),
        ([*notes(9, "review"), *notes(2, "soil")], set()),
        (notes(9, "review", properties="created"), set()),
        (notes(9, "recipe", folder="Recipes"), set()),
        (notes(9, "done/复习回顾", folder="复习回顾"), set()),
        ([*notes(80, "review"), *notes(7, "habit")], {"review", "habit"}),
        ([*notes(80, "film"), *notes(7, "film", "western")], {"film"}),
    ],
    ids=[
        "all with it and no other",
        "too few",
        "not all of the tag",
        "others have it",
        "everybody has it",
        "their folder is named so",
        "their folder is named like the last level",
        "instead of the main tag",
        "beside the main tag",
    ],
)
def test_a_tag_that_stands_and_falls_with_a_property_is_a_state(
    some: list[Told], found: set[str]
) -> None:
    """Except where its notes are named after it: then it is what they are about."""
    assert state_tags([*OTHERS, *some]) == found
