"""What a text may hold without end, and what is made of it beyond its bound."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.markup.tags import MAX_ANY_TAG_CHARS, MAX_DEPTH, is_tag, paths_of
from notemill.tagging.census import Census
from notemill.text.normal import normal
from notemill.vault.note import inline_tags, parse

MARKS = "\u0300\u0316\u0345"
SCRIPTS = st.text("ae中가한नि\u1100\u1161é\U0001f468\u200d\u093c" + MARKS, max_size=200)


@given(SCRIPTS, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_texts_that_people_write_have_the_normal_form_of_unicode(text: str, form: str) -> None:
    """Where no letter carries more marks than any language writes, nothing is parted."""
    words = [word for word in text.split("a") if len(word) <= 30]
    told = "a".join(words)
    assert normal(form, told) == unicodedata.normalize(form, told)  # type: ignore[arg-type]


def test_a_million_marks_on_one_letter_are_parted() -> None:
    """Sorting them together would take an hour."""
    text = normal("NFC", "a" + MARKS * 300_000)
    runs = [len(run) for run in text.split("\u034f")]
    assert max(runs) <= 62
    assert text.replace("\u034f", "").count("\u0316") == 300_000


@pytest.mark.parametrize("size", [MAX_ANY_TAG_CHARS, MAX_ANY_TAG_CHARS + 1])
def test_a_tag_without_end_is_none(size: int) -> None:
    """In a text it stays text."""
    name = "a" * size
    assert is_tag(name) is (size == MAX_ANY_TAG_CHARS)
    found = inline_tags(parse(f"#{name} #b".encode())[0])
    assert [tag.name for tag in found] == ([name, "b"] if size == MAX_ANY_TAG_CHARS else ["b"])


def test_a_tag_of_many_levels_lies_in_few() -> None:
    """Each tag above one is nearly as long as the tag itself: 100,000 of them fill the memory."""
    tag = "/".join(["a"] * 100_000)
    above = paths_of(tag)
    assert (len(above), above[0], above[-1]) == (MAX_DEPTH + 1, "a", tag)
    census = Census.of([("n.md", [tag, "a/a"])])
    assert census.tags["a/a"].below == {"n.md"}
    assert paths_of("a/b/c") == ["a", "a/b", "a/b/c"]
