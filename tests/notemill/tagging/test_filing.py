"""What is taken of a model's answers: every tag once, in a list that can be read back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notemill.markup.tags import tag_key
from notemill.tagging.cards import Card, cards_of, chunked
from notemill.tagging.census import Census
from notemill.tagging.filing import Filed, Filing, levels_from, settle
from notemill.tagging.synonyms import Synonyms
from notemill.tagging.taglist import BEGIN, END, Entry, read_vocabulary, write_entries
from notemill.tagging.variants import find_merges
from notemill.vault.retag import TagChanges


def cards(*names: str) -> list[Card]:
    """Return a card for each tag."""
    return [Card(tag_key(name), name, 1, (), (), ()) for name in names]


def settled(filed: list[Filed], *names: str, levels: tuple[str, ...] = ()) -> list[Entry]:
    """Return the list that entries make of tags."""
    return list(settle([Filing(tuple(filed), (), ())], cards(*names), levels).entries)


def test_a_tag_that_moved_takes_what_is_filed_below_it_along() -> None:
    """A parent named by its old place, or merged away, is followed."""
    filed = [Filed("food", "life", ()), Filed("soup", "food", ()), Filed("life", "", ())]
    assert settled(filed, "food", "soup", "life") == [
        Entry("life"),
        Entry("life/food", ("food",)),
        Entry("life/food/soup", ("soup",)),
    ]
    filed = [Filed("meals", "", ("food",)), Filed("soup", "food", ())]
    assert Entry("meals/soup", ("soup",)) in settled(filed, "food", "soup")


def test_nothing_is_below_itself_or_too_deep() -> None:
    """Tags filed in a circle, or below a third level, stay where a tag can be."""
    filed = [Filed("a", "b", ()), Filed("b", "a", ()), Filed("d", "x/y/z", ())]
    made = settled(filed, "a", "b", "d")
    assert all(one.tag.count("/") <= 2 for one in made)
    assert Entry("d") in made


def test_a_parent_that_nobody_knows_is_not_taken() -> None:
    """Where headings were given only these, and entries of the answer, are parents."""
    assert settled([Filed("a", "nowhere", ())], "a", levels=("top",)) == [Entry("a")]
    assert settled([Filed("a", "mine", ())], "a") == [Entry("mine"), Entry("mine/a", ("a",))]
    assert settled([Filed("a", "top", ())], "a", levels=("top",)) == [
        Entry("top"),
        Entry("top/a", ("a",)),
    ]


def test_headings_are_legal_and_few() -> None:
    """What is no tag, too deep or there already is no heading."""
    names = ["food", "#food", "a/b", "a/b/c", "two words", "2024", *(f"t{n}" for n in range(99))]
    found = levels_from(names)
    assert found[:3] == ("food", "a/b", "t0")
    assert len(found) == 60


NAMES = ("a", "b", "a/b", "food", "Food/Soup", "soup", "c-d", "ü", "日本", "x/y/z")
ODD = ("", "/", "#a", "new", "two words", "2024", "x/y/z/w", "A", "food/", "~x~", "(a)", "soup/a")
some = st.sampled_from((*NAMES, *ODD))
filings = st.builds(
    Filing,
    st.lists(st.builds(Filed, some, some, st.lists(some, max_size=3).map(tuple)), max_size=8).map(
        tuple
    ),
    st.lists(st.tuples(some, st.sampled_from(("", "x", "a ~~b~~\n(c) \ud83d"))), max_size=3).map(
        tuple
    ),
    st.lists(st.tuples(some, some, st.booleans()), max_size=2).map(tuple),
)


@given(
    st.lists(filings, max_size=3),
    st.sets(st.sampled_from(NAMES), min_size=1),
    st.sampled_from([(), ("top", "food")]),
)
def test_whatever_is_answered_makes_a_list_with_every_tag_once(
    answers: list[Filing], names: set[str], levels: tuple[str, ...]
) -> None:
    """The list reads back without a problem; each tag has a place, is a spelling, or goes."""
    asked = cards(*sorted(names))
    said = settle(answers, asked, levels)
    text = f"{BEGIN}\n{write_entries(said.entries)}{END}\n"
    read = read_vocabulary(text.encode().decode())
    assert read.problems == ()
    assert {tag_key(one.tag) for one in read.entries} == {tag_key(one.tag) for one in said.entries}
    keys = [tag_key(name) for one in said.entries for name in (one.tag, *one.aliases)]
    assert len(keys) == len(set(keys))
    changes = TagChanges(read.changes)
    for card in asked:
        new = changes.of(card.name)
        assert card.key in keys or new is None or tag_key(new) in keys
    # Nothing stands in the list that nothing speaks for.
    spoken = {one.key for one in asked} | {
        tag_key(new) for one in asked if (new := changes.of(one.name)) is not None
    }
    for one in said.entries:
        above = any(tag_key(other.tag).startswith(f"{tag_key(one.tag)}/") for other in said.entries)
        assert one.aliases or tag_key(one.tag) in spoken or above


def test_what_belongs_together_is_asked_together() -> None:
    """Tags of one parent and pairs that may mean the same share a chunk; none is too large."""
    names = [f"t{n}" for n in range(40)] + [f"food/f{n}" for n in range(8)]
    made = cards(*names)
    chunks = chunked(made, [Synonyms("t0", "t39", 1.0, "")], most=10)
    assert sorted(card.name for chunk in chunks for card in chunk) == sorted(names)
    assert max(map(len, chunks)) <= 10
    where = {card.name: number for number, chunk in enumerate(chunks) for card in chunk}
    assert where["t0"] == where["t39"]


def test_a_variant_stands_on_its_tags_card() -> None:
    """Plurals and styles are not asked about; slips of a letter are, they may be words."""
    tags = {"1": ["soup"], "2": ["soup"], "3": ["soups"], "4": ["adoption"], "5": ["adaption"]}
    census = Census.of((f"{note}.md", its) for note, its in tags.items())
    found = cards_of(census, find_merges(census), leave_out={"adaption"})
    assert [(card.name, card.notes, card.variants) for card in found] == [
        ("soup", 3, ("soups",)),
        ("adoption", 1, ()),
    ]
