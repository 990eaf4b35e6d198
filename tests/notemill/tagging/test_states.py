"""Tags that stand for a state or kind of note, told by properties."""

from __future__ import annotations

from pathlib import Path

import pytest

from notemill.index import facts_of
from notemill.tagging.states import Told, state_tags

SHARED_VAULTS = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "vaults"
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


def test_a_list_of_tags_says_nothing_of_any() -> None:
    """A note with very many tags is none of those that a tag is judged by."""
    listed = [Told(f"Lists/{n}.md", [f"t{m}" for m in range(60)], ("due",)) for n in range(9)]
    assert state_tags([*OTHERS, *listed]) == frozenset()


@pytest.mark.parametrize(
    ("vault", "found"),
    [
        ("oldwinter-zh", {"复习回顾", "习惯养成", "微信读书笔记", "excalidraw"}),
        ("dendron", set()),
        ("kepano", set()),
    ],
)
def test_no_subject_of_a_real_vault_is_taken_for_a_state(vault: str, found: set[str]) -> None:
    """Found are the tags of reviews, of an import and of drawings."""
    root = SHARED_VAULTS / vault
    if not root.is_dir():
        pytest.skip("the shared vaults are not here")
    some = []
    for path in sorted(root.rglob("*.md")):
        facts = facts_of(path.relative_to(root).as_posix(), path.read_bytes(), size=0, mtime_ns=0)
        some.append(Told(facts.key, facts.all_tags, facts.properties))
    assert state_tags(some) == found
