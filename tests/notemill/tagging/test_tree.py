"""The tags of a vault as a tree."""

from __future__ import annotations

from notemill.tagging.census import Census
from notemill.tagging.taglist import Entry
from notemill.tagging.tree import TagNode, tag_tree


def tree_of(notes: dict[str, list[str]], *entries: Entry) -> dict[str, TagNode]:
    """Return the tree of these notes and this vocabulary by the tags' keys, in its order."""
    return {one.key: one for one in tag_tree(Census.of(notes.items()), entries)}


def test_parents_come_before_their_children_and_count_their_notes() -> None:
    """A parent that no note has is there all the same, with the notes of its children once each."""
    found = tree_of({"a": ["food/soup", "food/bread"], "b": ["food/soup"], "c": ["food-old"]})
    assert list(found) == ["food", "food/bread", "food/soup", "food-old"]
    assert [(one.notes, one.below) for one in found.values()] == [(0, 2), (1, 1), (2, 2), (1, 1)]
    assert [(one.parent, one.level, one.leaf) for one in found.values()] == [
        ("", 1, "food"), ("food", 2, "bread"), ("food", 2, "soup"), ("", 1, "food-old"),
    ]  # fmt: skip


def test_the_vocabulary_names_a_tag_and_adds_those_that_no_note_has() -> None:
    """Its spelling is shown; a struck-out tag is not part of it, and no child makes it so."""
    found = tree_of(
        {"a": ["SOUP", "junk"]},
        Entry("Soup", ("broth",), description="hot and liquid"),
        Entry("tools/Spade"),
        Entry("junk", dropped=True),
    )
    assert list(found) == ["junk", "soup", "tools", "tools/spade"]
    soup = found["soup"]
    assert (soup.tag, soup.notes, soup.aliases) == ("Soup", 1, ("broth",))
    assert (soup.description, dict(soup.spellings)) == ("hot and liquid", {"SOUP": 1})
    assert [one.listed for one in found.values()] == [False, True, True, True]
    assert (found["tools/spade"].tag, found["tools"].below) == ("tools/Spade", 0)


def test_every_parent_is_in_the_tree_however_deep_or_odd_a_tag_is() -> None:
    """Also where a level is empty, or where there are more levels than are counted."""
    found = tree_of({"a": ["x//y", "/".join("abcdefghij" * 5)]})
    assert all(one.parent in found for one in found.values() if one.parent)
    assert all(one.leaf for one in found.values())
