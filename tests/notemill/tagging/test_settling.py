"""A proposed vocabulary settled by program: legal, without doubles, and true to its owner's tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from notemill.markup.tags import MAX_LEVELS, is_legal_tag, paths_of, tag_key
from notemill.tagging.settling import MAX_TAGS, OwnTag, in_tree_order, own_tags, settled
from notemill.tagging.taglist import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

NOBODYS: dict[str, OwnTag] = {}


def own(**counts: int) -> dict[str, OwnTag]:
    """Return tags that a vault uses."""
    return {tag_key(tag): OwnTag(tag, count) for tag, count in counts.items()}


def tags(entries: Iterable[Entry]) -> list[str]:
    """Return the tags of entries."""
    return [one.tag for one in entries]


def test_what_cannot_be_a_tag_is_left_out_and_parents_are_added() -> None:
    """Spaces become joints, a fourth level goes, and a child stands below its parent."""
    said = [Entry(one) for one in ("#garden/soil types", "2024", "a/b/c/d", "", "x,y", "garden")]
    found = settled(said, NOBODYS)
    assert tags(found) == ["garden", "garden/soil-types", "a", "a/b", "a/b/c"]


def test_a_tag_stands_once_whatever_its_form() -> None:
    """Case, plural and joints make no second tag, nor does another parent."""
    said = [
        Entry("garden/plant", description="what grows"),
        Entry("Garden/Plants"),
        Entry("cooking/bread-baking"),
        Entry("cooking/bread_baking"),
        Entry("food/plant"),
        Entry("food"),
    ]
    found = {one.tag: one for one in settled(said, NOBODYS)}
    assert len([tag for tag in found if "plant" in tag.lower()]) == 1
    assert len([tag for tag in found if "baking" in tag]) == 1
    (plant,) = (one for tag, one in found.items() if "plant" in tag.lower())
    assert plant.description == "what grows"
    assert {"food/plant"} <= {*plant.aliases, plant.tag}


def test_an_aspect_under_three_parents_stays_under_each() -> None:
    """Equal names below three subjects are three tags."""
    said = [Entry(f"{one}/history") for one in ("art", "law", "music")]
    assert [tag for tag in tags(settled(said, NOBODYS)) if "/" in tag] == [
        "art/history", "law/history", "music/history"
    ]  # fmt: skip


def test_a_tag_of_the_vault_keeps_its_spelling_and_its_place() -> None:
    """Also as a level of another, and against a better name that was proposed for it."""
    used = own(Garten=5, ML=4, einmal=1)
    said = [
        Entry("garten/boden"),
        Entry("ai/machine-learning", ("ML",), description="models that learn"),
        Entry("once", ("einmal",)),
    ]
    found = {one.tag: one for one in settled(said, used)}
    assert "Garten/boden" in found
    assert found["ML"] == Entry("ML", ("ai/machine-learning",), description="models that learn")
    assert found["once"].aliases == ("einmal",)


def test_a_tag_that_three_notes_have_is_never_lost() -> None:
    """It is added where a proposal forgot it, and is no other tag's spelling."""
    found = {
        one.tag: one for one in settled([Entry("food", ("kept",))], own(kept=3, gone=2, food=3))
    }
    assert found.keys() == {"food", "kept"}
    assert found["food"].aliases == ()


def test_tags_are_counted_in_their_most_used_spelling() -> None:
    """Parents that only exist through their children have no notes."""
    found = own_tags([["Garden/soil"], ["garden/soil"], ["garden/soil"], []])
    assert found == {"garden": OwnTag("Garden", 0), "garden/soil": OwnTag("garden/soil", 3)}


words = st.sampled_from(["a", "b", "bs", "B", "c-d", "c_d", "日本", "é", "2024", "x y", ""])
paths = st.lists(words, min_size=1, max_size=4).map("/".join)
entries = st.builds(Entry, paths, st.lists(paths, max_size=3).map(tuple), description=st.just("d"))
counts = st.integers(0, 5)


@given(
    st.lists(entries, max_size=12), st.dictionaries(paths.filter(is_legal_tag), counts, max_size=6)
)
def test_whatever_is_proposed_a_vocabulary_holds(said: list[Entry], used: dict[str, int]) -> None:
    """Every tag is legal and there once, its parents stand before it, and spellings are nobody's."""
    mine = own_tags([tag] for tag, count in used.items() for _ in range(count))
    found = settled(said, mine)
    keys = [tag_key(one.tag) for one in found]
    assert len(keys) == len(set(keys)) <= MAX_TAGS + len(used) + 2 * len(said)
    before: set[str] = set()
    for one in found:
        assert is_legal_tag(one.tag)
        assert one.tag.count("/") < MAX_LEVELS
        above = filter(is_legal_tag, paths_of(one.tag)[:-1])
        assert set(map(tag_key, above)) <= before
        before.add(tag_key(one.tag))
    names = [*keys, *(tag_key(alias) for one in found for alias in one.aliases)]
    assert len(names) == len(set(names))
    held = {key for key, tag in mine.items() if tag.notes >= 3 and key.count("/") < MAX_LEVELS}
    assert held <= set(keys)
    assert in_tree_order(found) == found
