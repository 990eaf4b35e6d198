"""What is taken of a model's answers: every tag once, in a list that can be read back."""

from __future__ import annotations

from dataclasses import replace

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
    below = [Entry(f"top/{name}", (name,)) for name in "abc"]

    def under(parent: str) -> list[Filed]:
        return [Filed(name, parent, ()) for name in "abc"]

    assert settled(under("nowhere"), *"abc", levels=("top",)) == [Entry(name) for name in "abc"]
    assert settled(under("top"), *"abc") == [Entry("top"), *below]
    assert settled(under("top"), *"abc", levels=("top",)) == [Entry("top"), *below]


def test_a_new_heading_has_three_tags_and_parts_none_of_their_kind() -> None:
    """With fewer it helps nobody; where one must keep its place the others stay with it."""
    filed = [Filed(name, "top", ()) for name in "abc"]
    filing = Filing(tuple(filed), (), ())
    assert settled(filed[:2], "a", "b") == [Entry("a"), Entry("b")]
    said = settle([Filing(tuple(filed[:1]), (), ())], cards("a"), ("top",), standing=("top",))
    assert list(said.entries) == [Entry("top"), Entry("top/a", ("a",))]
    used = replace(cards("a")[0], used=("query in Home: tag:#a",))
    said = settle([filing], [used, *cards("b", "c")], ())
    assert list(said.entries) == [Entry("a"), Entry("b"), Entry("c")]


def test_what_is_meant_elsewhere_keeps_its_name_and_place() -> None:
    """It is not filed, renamed or merged; others that say the same become its spellings."""
    used = replace(cards("film")[0], used=("query in Home: tag:#film",))
    asked = [used, *cards("movie", "art")]
    for filed in (
        Filed("movie", "art", ("film",)),
        Filed("cinema", "", ("movie", "film")),
        Filed("film", "art", ("movie",)),
    ):
        said = settle([Filing((filed,), (), ())], asked, ())
        assert set(said.entries) == {Entry("film", ("movie",)), Entry("art")}
    twice = [used, replace(cards("movie")[0], used=("page of that name",))]
    said = settle([Filing((Filed("film", "", ("movie",)),), (), ())], twice, ())
    assert set(said.entries) == {Entry("film"), Entry("movie")}
    assert said.kept == ("movie",)


def test_the_evidence_of_two_tags_can_speak_against_a_merge() -> None:
    """An import beside one's own notes, a word with a page and its other form without: both stay."""

    def merged(tag: Card, into: Card) -> bool:
        answer = Filing((Filed(into.name, "", (tag.name,)),), (), ())
        return len(settle([answer], [tag, into], ()).entries) == 1

    movie, film = cards("movie", "film")
    imported = replace(movie, notes=700, folders=(("Imports", 700),))
    assert not merged(replace(film, notes=7, folders=(("Mine", 7),)), imported)
    assert not merged(imported, replace(film, notes=7, folders=(("Mine", 7),)))
    assert merged(replace(film, notes=7, folders=(("Mine", 6), ("Imports", 1))), imported)
    assert merged(replace(film, notes=90, folders=(("Mine", 90),)), imported)
    doc, docs = cards("doc", "docs")
    assert merged(docs, doc)
    assert not merged(docs, replace(doc, named=True))
    assert merged(movie, replace(film, named=True))


def test_a_spelling_that_no_note_has_yet_is_not_left_over_by_a_refused_merge() -> None:
    """The tag then stays as the notes spell it; without an answer its better spelling is proposed."""
    tag = replace(cards("green-tea")[0], variants=("green tea",), respelled=True)
    answer = Filing((Filed("tea", "", ("green-tea",)),), (), ())
    said = settle([answer], [tag, *cards("tea")], ())
    assert (list(said.entries), said.kept) == ([Entry("tea")], ("green-tea",))
    said = settle([], [tag, *cards("tea")], ())
    assert set(said.entries) == {Entry("tea"), Entry("green-tea", ("green tea",))}


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
