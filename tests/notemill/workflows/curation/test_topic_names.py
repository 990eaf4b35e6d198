"""Two forms of one name are one topic."""

from __future__ import annotations

import pytest

from notemill.workflows.curation.topic_names import KnownTopics, topic_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CAFE\u0301", "café"),
        ("Der Zauberberg", "zauberberg"),
        ("The Hague", "Hague"),
        ("raised beds", "Raised bed"),
        ("深度学习", "深度学习"),
    ],
)
def test_case_accents_article_and_plural_make_no_other_name(one: str, other: str) -> None:
    """What is left is the name."""
    assert topic_form(one) == topic_form(other)


@pytest.mark.parametrize(("one", "other"), [("Die", "Der"), ("a b", "b a"), ("C", "C++")])
def test_other_words_are_another_name(one: str, other: str) -> None:
    """An article that is all there is stays, too."""
    assert topic_form(one) != topic_form(other)


def test_a_topic_in_use_counts_before_a_title_and_the_most_used_first() -> None:
    """What the owner writes most often is how it is written."""
    known = KnownTopics(["Deep learning", "deep Learning", "deep Learning"], ["Deep Learning"])
    assert known.of("DEEP LEARNING") == "deep Learning"
    assert known.of("Learning") == "Learning"


def test_more_topics_come_behind_those_known() -> None:
    """What the vault has holds against what a run brings."""
    known = KnownTopics(["Canvas"])
    more = known.beside(["canvas", "the loom", "Loom", "Loom", "[[Loom 2]]"])
    assert [more.of(one) for one in ("CANVAS", "loom", "[[loom 2]]")] == [
        "Canvas",
        "Loom",
        "[[loom 2]]",
    ]
    assert known.of("loom") == "loom"


def test_neither_a_file_name_nor_a_number_is_a_name() -> None:
    """Small letters in a title are mostly a file's, and a date names no topic."""
    known = KnownTopics([], ["graph view", "2025-11-02", "Graph   Database"])
    assert [known.of(one) for one in ("Graph View", "2025-11-02", "graph databases")] == [
        "Graph View",
        "2025-11-02",
        "Graph Database",
    ]
