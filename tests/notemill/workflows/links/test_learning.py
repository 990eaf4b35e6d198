"""What a vault's links taught is kept until they have changed much."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from notemill.index import Index
from notemill.linking.model import Weights, fingerprint
from notemill.linking.teaching import Lesson
from notemill.workflows.links.finding import read_notes
from notemill.workflows.links.learning import learn, learned
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

TAUGHT = Lesson(1_000, Weights({"names": 0.5}, -0.25))


def listing(count: int) -> str:
    """Return a note that links to so many notes that are not there."""
    return " ".join(f"[[Note {number}]]" for number in range(count)) + "\n"


def test_a_lesson_is_kept_until_a_fifth_of_the_links_has_changed(tmp_path: Path) -> None:
    """Few links teach nothing, and are not studied."""
    with closing(Index(tmp_path / "derived.sqlite3")) as index:
        for count, kept_links, expected in (
            (0, 0, Lesson(0, None)),
            (1_100, 0, None),
            (1_100, 1_000, TAUGHT),
            (1_300, 1_000, None),
        ):
            if kept_links:
                index.lessons.keep(fingerprint(), TAUGHT.as_json())
            with kept(tmp_path / str(count), {"List.md": listing(count)}) as one:
                read = read_notes(one.scene(), one.links, index.contents)
                assert learned(read, index.lessons) == expected


def test_that_nothing_was_learned_is_kept_too(tmp_path: Path) -> None:
    """Links to notes that are not there join nothing."""
    with (
        kept(tmp_path, {"List.md": listing(1_100)}) as one,
        closing(Index(tmp_path / "derived.sqlite3")) as index,
    ):
        read = read_notes(one.scene(), one.links, index.contents)
        assert learn(read, index.lessons) == Lesson(1_100, None)
        assert learned(read, index.lessons) == Lesson(1_100, None)
