"""What exclusions match, and that they are taken up by an open vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.config import exclusions_of
from notemill.errors import UsageError
from tests.notemill.fronts import offline_mill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.mill import Mill

NOTES: dict[str, str | bytes] = {
    "Private/Diary.md": "Dear diary.\n",
    "Private/Old/Diary.md": "Dear diary.\n",
    "Work/Plan.md": "---\ntags: [Secret/plan]\n---\nOf the firm.\n",
    "Work/Ignored.md": "---\nnotemill: ignore\n---\nNobody.\n",
    "Seen.md": "Bread wants flour.\n",
    "Work/sheet.pdf": b"%PDF-",
}


@pytest.fixture
async def mill(tmp_path: Path) -> AsyncIterator[Mill]:
    """An open vault without any exclusion."""
    async with offline_mill(tmp_path, NOTES) as mill:
        yield mill


@pytest.mark.parametrize(
    ("entry", "notes", "hint"),
    [
        ("Private", ["Private/Diary.md", "Private/Old/Diary.md"], ""),
        ("private/", ["Private/Diary.md", "Private/Old/Diary.md"], "written differently"),
        ("Diary", ["Private/Diary.md", "Private/Old/Diary.md"], ""),
        ("W*/Plan", ["Work/Plan.md"], ""),
        ("w?rk\\plan.md", ["Work/Plan.md"], "written differently"),
        ("Work", ["Work/Ignored.md", "Work/Plan.md"], ""),
        ("#Secret", ["Work/Plan.md"], ""),
        ("# secret", ["Work/Plan.md"], "written differently"),
        ("Pivate", [], "no note matches; did you mean Private?"),
        ("#secretplan", [], "no note matches; did you mean #Secret/plan?"),
        ("qqqq", [], "no note matches"),
    ],
)
async def test_a_pattern_tells_what_it_matches(
    mill: Mill, entry: str, notes: list[str], hint: str
) -> None:
    """Every note, whatever else hides it, and what is odd about the pattern."""
    (found,) = await mill.excluding.matches([entry])
    assert sorted(found.notes) == notes
    assert found.count == len(notes)
    assert found.hint.startswith(hint)
    assert bool(found.hint) == bool(hint)


async def test_what_is_named_is_bounded_and_counted(mill: Mill) -> None:
    """A pattern that matches everything names the first notes."""
    (found,) = await mill.excluding.matches(["*"], most=2)
    assert (found.count, len(found.notes)) == (5, 2)


async def test_several_are_told_apart(mill: Mill) -> None:
    """A note that two match is counted for both; none is in force by looking."""
    found = await mill.excluding.matches(["Private", "Diary", "#secret"])
    assert [(one.entry, one.count) for one in found] == [
        ("Private", 2),
        ("Diary", 2),
        ("#secret", 1),
    ]
    sight = await mill.on(lambda opened: opened.look())
    assert set(sight.hidden) == {"Work/Ignored.md"}


@pytest.mark.parametrize("entry", ["", "  ", "#", "/", "x" * 1_001])
async def test_what_names_nothing_is_refused(mill: Mill, entry: str) -> None:
    """It would exclude nothing, or everything."""
    with pytest.raises(UsageError):
        await mill.excluding.matches([entry])


async def test_an_open_vault_takes_up_more_exclusions(mill: Mill) -> None:
    """What is excluded now is hidden at once; what was, stays hidden."""
    await mill.excluding.also(exclusions_of(["Private"]))
    sight = await mill.on(lambda opened: opened.look())
    assert not sight.shows("Private/Diary.md")
    await mill.excluding.also(exclusions_of(["#secret"]))
    sight = await mill.on(lambda opened: opened.look())
    assert not sight.shows("Private/Diary.md")
    assert not sight.shows("Work/Plan.md")
    assert sight.shows("Seen.md")
