"""Which merges would lose what a tag says."""

from __future__ import annotations

import pytest

from notemill.tagging.cards import Card
from notemill.tagging.filing import Filed, Filing, settle
from notemill.tagging.losing import loses_meaning
from notemill.tagging.taglist import Entry


@pytest.mark.parametrize(
    ("tag", "into"),
    [
        ("food/tea", "food"),
        ("cooking-tips", "cooking"),
        ("tools/lathe 3000", "tools/lathe"),
        ("green-tea", "food/tea"),
        ("读书笔记", "读书"),
        ("garden/soilTests", "soil"),
    ],
)
def test_a_narrower_tag_says_more(tag: str, into: str) -> None:
    """A child, one with a word more, and a longer word where words have no spaces."""
    assert loses_meaning(tag, into)
    assert not loses_meaning(into, tag)


@pytest.mark.parametrize(
    ("tag", "into"),
    [
        ("books", "book"),
        ("automobile", "car"),
        ("ml", "ai/machine-learning"),
        ("machine-learning-ml", "machine-learning"),
        ("study-notes", "notes/study"),
        ("to-do", "todo"),
        ("film/old", "movie"),
        ("Soil", "garden/soil"),
        ("categories", "category"),
    ],
)
def test_another_name_for_the_same_loses_nothing(tag: str, into: str) -> None:
    """Plurals, synonyms, abbreviations and a place in the order are no more words."""
    assert not loses_meaning(tag, into)


def test_a_merge_that_loses_meaning_is_not_made() -> None:
    """The narrower tag stays where it is, and is told apart from what was left out."""
    asked = [Card(name, name, 1, (), (), ()) for name in ("tea", "green-tea", "teas")]
    said = settle([Filing((Filed("tea", "", ("green-tea", "teas")),), (), ())], asked, ())
    assert said.entries == (Entry("tea", ("teas",)), Entry("green-tea"))
    assert (said.kept, said.missing) == (("green-tea",), ())


def test_what_something_finds_notes_by_is_not_dropped() -> None:
    """A query that names it would find nothing."""
    asked = [Card("tea", "tea", 1, (), (), (), ("query in Home: tag:#tea",))]
    said = settle([Filing((), (("tea", "says little"),), ())], asked, ())
    assert (said.entries, said.kept) == ((Entry("tea"),), ("tea",))
