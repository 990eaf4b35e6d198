"""Other spellings that a person adds: kept once, for one tag, and never in place of another."""

from __future__ import annotations

import pytest

from notemill.errors import UsageError
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.workflows.tags.spelling import new_spellings

VOCABULARY = Vocabulary(
    (
        Entry("food/soup", aliases=("broth",)),
        Entry("food/bread"),
        Entry("misc", dropped=True),
    )
)


def test_a_new_spelling_is_kept_with_its_tag_as_it_is_written() -> None:
    """The tag is named in any case; a spelling that it has already is nothing new."""
    found = new_spellings({"Stew": "Food/Soup", "broth": "food/soup"}, VOCABULARY, in_note=False)
    assert found == {"Stew": "food/soup"}


@pytest.mark.parametrize(
    ("name", "tag", "why"),
    [
        ("stew", "food/cake", "not in the vocabulary"),
        ("stew", "misc", "not in the vocabulary"),
        ("a b", "food/soup", "cannot be a tag"),
        ("Broth", "food/bread", "another spelling of #food/soup already"),
        ("misc", "food/bread", "has its own line"),
    ],
)
def test_what_cannot_be_a_spelling_says_why(name: str, tag: str, why: str) -> None:
    """A tag that is not there, a text that is no tag, and a name that is taken are refused."""
    with pytest.raises(UsageError, match=why):
        new_spellings({name: tag}, VOCABULARY, in_note=False)


def test_a_line_of_its_own_in_a_note_goes_first() -> None:
    """A tag in a list of a note cannot be another's spelling too; in the store it may become one."""
    with pytest.raises(UsageError, match="remove that line"):
        new_spellings({"food/bread": "food/soup"}, VOCABULARY, in_note=True)
    found = new_spellings({"food/bread": "food/soup"}, VOCABULARY, in_note=False)
    assert found == {"food/bread": "food/soup"}


def test_without_a_vocabulary_there_is_no_place_for_one() -> None:
    """The error names what does the same to the notes."""
    with pytest.raises(UsageError, match="tags merge"):
        new_spellings({"stew": "soup"}, None, in_note=False)
