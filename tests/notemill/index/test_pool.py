"""Work in several processes comes out as in one, whatever becomes of them."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from notemill.config import Exclusions
from notemill.index import Index
from notemill.index.notes import LEAST_FOR_POOL
from notemill.index.pool import mapped
from notemill.privacy import Privacy
from tests.notemill.vault.folders import open_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback
NOTES = LEAST_FOR_POOL + 100
EXCLUDED = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault of more notes than one process reads alone, some of them excluded or broken."""
    root = tmp_path_factory.mktemp("vault")
    for number in range(NOTES):
        away = "Secret/" if number % EXCLUDED == 0 else ""
        (root / f"{away}n{number}.md").parent.mkdir(exist_ok=True)
        head = "---\ntags: [a\n---\n" if number % 50 == 0 else "---\ntags: [garden/soil]\n---\n"
        words = f"Gardening {number} [[n{number // 2}]] {'hush' * (number % EXCLUDED == 0)}"
        (root / f"{away}n{number}.md").write_text(f"{head}# Note {number}\n\n{words}\n")
    return root


def look(root: Path, path: Path, *, processes: int) -> list[list[tuple[object, ...]]]:
    """Read a vault into a new file; return the rows of its tables."""
    vault = open_vault(root, path.parent)
    index = Index(path, processes=processes)
    privacy = Privacy(Exclusions(patterns=("Secret/**",)))
    with closing(index):
        index.refresh(vault, vault.scan(), with_contents=privacy.shows)
    with closing(sqlite3.connect(path)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return [db.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables]  # noqa: S608


def test_the_file_holds_the_same_rows_in_the_same_order(folder: Path, tmp_path: Path) -> None:
    """How many processes read the notes cannot be seen in what they found."""
    alone = look(folder, tmp_path / "one", processes=1)
    assert look(folder, tmp_path / "two", processes=2) == alone
    assert len(alone[0]) == NOTES
    assert len(alone[1]) == NOTES - len(range(0, NOTES, EXCLUDED))
    assert "hush" not in str(alone[1:])


def double(number: int) -> int:
    """Return twice a number."""
    return 2 * number


def die_at_five(number: int) -> int:
    """Return twice a number, but die at 5 in a process that was started for it."""
    if number == 5 and multiprocessing.parent_process() is not None:
        os._exit(1)
    return double(number)


@pytest.mark.parametrize("work", [double, die_at_five])
def test_results_come_in_order_also_where_a_process_dies(work: Callable[[int], int]) -> None:
    """What the dead one had, and all the rest, is done by who waits for it."""
    assert list(mapped(work, range(50), processes=2)) == [2 * number for number in range(50)]
    assert multiprocessing.active_children() == []


def test_tasks_are_taken_as_they_are_needed() -> None:
    """A long list of tasks is not held in memory at once."""
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield number

    with closing(mapped(double, tasks(), processes=2)) as results:
        assert next(results) == 0
        assert taken < 10
    assert multiprocessing.active_children() == []


def test_an_interrupt_leaves_no_process_and_keeps_what_was_read(
    folder: Path, tmp_path: Path
) -> None:
    """The next look goes on from there."""
    counts: list[int] = []

    @contextmanager
    def interrupting() -> Iterator[Callable[[int], None]]:
        def tell(more: int) -> None:
            counts.append(more)
            if len(counts) == 2:
                raise KeyboardInterrupt

        yield tell

    vault = open_vault(folder, tmp_path)
    index = Index(tmp_path / "derived", watch=interrupting, processes=2)
    with closing(index):
        with pytest.raises(KeyboardInterrupt):
            index.refresh(vault, vault.scan())
        assert multiprocessing.active_children() == []
        read = sum(counts)
        index.refresh(vault, vault.scan())
    assert sum(counts) == NOTES
    assert 0 < read < NOTES
