"""Kept lessons: found for the weights they add to, and lost without harm."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from notemill.index import Index

if TYPE_CHECKING:
    from pathlib import Path

LESSON = {"links": 1_200, "added": {"weights": {"names": 0.5}, "bias": -0.25}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a lesson is kept."""
    path = tmp_path / "derived.sqlite3"
    with closing(Index(path)) as index:
        index.lessons.keep("these", {"links": 1_000, "added": None})
        index.lessons.keep("these", LESSON)
    return path


def test_the_last_lesson_is_found_for_the_weights_that_it_adds_to(path: Path) -> None:
    """Other weights, as of another version, need a lesson of their own."""
    with closing(Index(path)) as index:
        assert index.lessons.find("these") == LESSON
        assert index.lessons.find("those") is None


def test_an_index_made_before_there_were_lessons_keeps_what_it_has(path: Path) -> None:
    """It gets a place for one; nothing is read again."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE lessons")
        db.execute("INSERT INTO contents VALUES ('hash', 'about', 'terms')")
    with closing(Index(path)) as index:
        assert index.lessons.find("these") is None
        index.lessons.keep("these", LESSON)
        assert index.contents.known() == {"hash"}
    with closing(Index(path)) as index:
        assert index.lessons.find("these") == LESSON


def test_a_damaged_lesson_is_none(path: Path) -> None:
    """What is no JSON is as if nothing had been kept."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE lessons SET lesson = '{'")
    with closing(Index(path)) as index:
        assert index.lessons.find("these") is None
