"""Kept places of the graph's notes: found again, and lost without harm."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from notemill.index import Index

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {"Garden/Soil.md": (1.5, -2.0), "Ключ.md": (0.0, 3.25)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a graph's places are kept."""
    path = tmp_path / "derived.sqlite3"
    with closing(Index(path)) as index:
        index.layout.keep("this", {"Old.md": (0.0, 0.0)})
        index.layout.keep("that", PLACES)
    return path


def test_the_last_places_are_found_with_their_graph(path: Path) -> None:
    """One graph is kept, not all there ever were."""
    with closing(Index(path)) as index:
        assert index.layout.last() == ("that", PLACES)


def test_an_index_made_before_there_was_a_graph_keeps_what_it_has(path: Path) -> None:
    """It gets a place for the layout; nothing is read again."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE layout")
        db.execute("INSERT INTO contents VALUES ('hash', 'about', 'terms')")
    with closing(Index(path)) as index:
        assert index.layout.last() == ("", {})
        assert index.contents.known() == {"hash"}


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"A.md": [1]}', '{"A.md": [null, 2]}', "7"])
def test_damaged_places_are_none(path: Path, text: str) -> None:
    """What is not two numbers for each note is as if nothing had been kept."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE layout SET places = ?", (text,))
    with closing(Index(path)) as index:
        assert index.layout.last() == ("", {})
