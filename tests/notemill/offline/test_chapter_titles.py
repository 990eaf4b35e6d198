"""Titles of chapters that have none."""

# ruff: noqa: RUF001 - the texts are of many scripts

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.offline.chapter_titles import chapter_titles
from notemill.text.words import fold

BREAD = [
    "We begin with the sourdough starter, and the starter needs flour and water every day.",
    "You feed the starter, you wait, and then the dough rises. A wet dough makes an open crumb.",
    "The oven has to be hot when the dough goes in, and the starter does the rest.",
]
BEES = [
    "A healthy hive has one queen. You open the hive in spring and look for the queen.",
    "If the queen is gone, the hive raises another one, and the swarm stays where it is.",
    "The hive is heavy in August, when the honey is ripe.",
]
BOATS = [
    "In the harbour the mast comes down. On an old boat the mast is made of spruce.",
    "We varnish the mast in winter, and in March the boat goes back into the harbour.",
]


def test_a_title_names_what_only_its_chapter_speaks_of() -> None:
    """Each chapter is named by the words that it says again and again and the others do not."""
    bread, bees, boats = chapter_titles([BREAD, BEES, BOATS])
    assert "starter" in bread
    assert "hive" in bees
    assert "mast" in boats


def test_a_title_is_made_of_phrases_of_its_chapter() -> None:
    """Nothing is invented: every phrase stands in the chapter, written as it is there."""
    for title, chapter in zip(
        chapter_titles([BREAD, BEES, BOATS]), (BREAD, BEES, BOATS), strict=True
    ):
        assert title
        assert all(phrase in " ".join(chapter) for phrase in title.split(", "))


def test_the_two_phrases_of_a_title_share_no_word() -> None:
    """Two phrases that overlap would say one thing twice."""
    texts = ["A wooden garden bench is here. Here is a garden tool shed."] * 4
    first, _, second = chapter_titles([texts, BEES])[0].partition(", ")
    assert first
    assert not set(first.split()) & set(second.split())


def test_names_keep_their_capitals() -> None:
    """A title writes a name as the talk does."""
    texts = [
        ["We met Ada Lovelace there.", "What Ada Lovelace wrote is short.", "So we read it."],
        BEES,
    ]
    assert "Ada Lovelace" in chapter_titles(texts)[0]


def test_no_two_titles_are_alike() -> None:
    """Chapters that say the same get other words, and none where there are no other words."""
    titles = [one for one in chapter_titles([BREAD, BREAD, BREAD, BEES, BREAD, BEES]) if one]
    assert len(set(map(fold, titles))) == len(titles)
    assert chapter_titles([["Bread."], ["Bread."]]) == ("Bread", "")


def test_fillers_and_grammar_name_nothing() -> None:
    """What a speaker says in between is in no title, however often it is said."""
    filled = [f"You know, actually, I mean, {text} Kind of, like, basically." for text in BREAD * 4]
    title = chapter_titles([filled, BEES])[0]
    assert "starter" in title
    assert not {"actually", "basically", "kind", "mean"}.intersection(title.split())


@pytest.mark.parametrize(
    ("chapters", "said"),
    [
        ([["蜂箱里有蜂后。蜂后产卵，蜂箱很重。", "春天打开蜂箱。"], ["面包要发酵。发酵的面团很软。", "烤面包。"]], "蜂箱"),
        ([["Улей полон мёда.", "Весной мы открываем улей. В улье матка."], ["Тесто поднимается.", "Тесто мягкое."]], "Улей"),
        ([["Der Bienenstock ist schwer.", "Im Bienenstock lebt die Königin."], ["Der Teig geht auf.", "Der Teig ruht."]], "Bienenstock"),
    ],
)  # fmt: skip
def test_titles_come_in_any_script(chapters: list[list[str]], said: str) -> None:
    """Chinese without spaces, Cyrillic and German are named by their own words."""
    assert fold(said)[:3] in fold(chapter_titles(chapters)[0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=200), max_size=6), max_size=6), st.sampled_from(["", "de"])
)
def test_any_text_gets_titles(chapters: list[list[str]], language: str) -> None:
    """Whatever is said, there is one short line for each chapter, and none twice."""
    titles = chapter_titles(chapters, language)
    assert len(titles) == len(chapters)
    assert all(len(one) <= 80 and one == " ".join(one.split()) for one in titles)
    named = [fold(one) for one in titles if one]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "中" * 60_000, "a b " * 50_000, "\x00\ud800", ". " * 90_000]
)
def test_hostile_chapters_are_read(text: str) -> None:
    """Endless words, no words and broken characters end in some title or none."""
    assert len(chapter_titles([[text], [text] * 3, BREAD])) == 3
