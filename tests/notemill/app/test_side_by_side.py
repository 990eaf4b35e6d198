"""Two processes that write what runs propose into one vault, while a third decides."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import notemill
from notemill.app.mill import Mill
from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.config import Exclusions
from notemill.index import description_of
from notemill.stores.proposals import Decision, ProposalKind, ProposalState
from notemill.vault.note import parse
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from notemill.stores.queue_rows import QueueRow
    from twolane import Run

FEW, MANY = 12, 32
KILLED_AFTER = 4
SOURCES = str(Path(notemill.__file__).parents[1])
TESTS = str(Path(__file__).parents[3])


async def opened(folder: Path) -> Mill:
    """Open the vault below a folder, as one process."""
    settings = Settings(home=folder / "home", provider="offline")
    return await Mill.open(folder / "vault", settings, KeepingFront(), exclusions=Exclusions())


async def newest(mill: Mill) -> Run:
    """Return the newest curation."""
    run = await mill.engine.latest(mill.source_of("curate"))
    assert run is not None
    return run


async def curated(folder: Path, count: int) -> None:
    """Make a vault of notes, and a run with proposals for all of them."""
    words = ("compost", "mulch", "soil", "worms", "leaves", "garden", "water", "seeds", "roots")
    notes = {
        f"n{number:03d}.md": f"Note {number} is about {words[number % 9]} and {words[number % 7]}.\n"
        for number in range(count)
    }
    write_notes(folder / "vault", notes)
    async with await opened(folder) as mill:
        await mill.curating.curate(Selection(), RunTerms(stages="none"))


async def test_two_processes_apply_one_run(tmp_path: Path) -> None:
    """Neither is refused, every note is written once, and one undo takes all of it back."""
    await curated(tmp_path, FEW)
    before = tree(tmp_path / "vault")
    async with await opened(tmp_path) as one, await opened(tmp_path) as other:
        run = await newest(one)
        done = await asyncio.gather(
            one.applying.apply(run, replacing=False),
            other.applying.apply(await newest(other), replacing=False),
        )
        assert all(ended.complete for ended in done)
        written = [note.note for ended in done for note in ended.notes if note.written]
        assert sorted(written) == sorted(before)
        assert await one.applying.written(run.id) == tuple(sorted(before))
        undone = await other.applying.undo(run.id)
        assert all(note.restored for note in undone)
    assert tree(tmp_path / "vault") == before


def is_in(path: Path, row: QueueRow) -> bool:
    """Tell whether what a row proposes stands in its note."""
    note, _ = parse(path.read_bytes())
    if row.kind is ProposalKind.DESCRIPTION:
        return description_of(note) == row.value
    return row.value in (note.list_of("topics") if row.kind is ProposalKind.TOPIC else note.tags)


_APPLY = """
import asyncio, pathlib, sys
sys.path[:0] = sys.argv[2:]
from tests.notemill.app.test_side_by_side import apply
asyncio.run(apply(pathlib.Path(sys.argv[1])))
"""


async def apply(folder: Path) -> None:
    """Write the newest run's proposals, once told to."""
    async with await opened(folder) as mill:
        run = await newest(mill)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        await mill.applying.apply(run, replacing=False)


@pytest.mark.loopback
async def test_what_a_person_rejects_while_processes_apply_is_in_no_note(tmp_path: Path) -> None:
    """Two of them write, one is killed in its midst; each row says what its note has."""
    await curated(tmp_path, MANY)
    before = tree(tmp_path / "vault")
    processes = [
        subprocess.Popen(  # noqa: S603, ASYNC220  # this interpreter, and the text above
            [sys.executable, "-c", _APPLY, str(tmp_path), SOURCES, TESTS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    async with await opened(tmp_path) as mill:
        run = await newest(mill)
        rows = (await mill.reviewing.page(Wanted(), limit=1_000)).rows
        random.Random(7).shuffle(order := list(rows))  # noqa: S311  # the same order every time
        for one in processes:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        for one in processes:
            assert one.stdin
            one.stdin.write("\n")
            one.stdin.flush()
        for number, row in enumerate(order[::8]):
            await mill.reviewing.decide([row.id], Decision.REJECT, by="me")
            if number == KILLED_AFTER:
                processes[0].kill()
        for one in processes:
            one.communicate()
        assert processes[1].returncode == 0
        await mill.applying.apply(run, replacing=False)
        rows = (await mill.reviewing.page(Wanted(states=None), limit=1_000)).rows
        stands: dict[ProposalState, set[bool]] = {}
        for row in rows:
            stands.setdefault(row.state, set()).add(is_in(tmp_path / "vault" / row.notes[0], row))
        assert stands == {ProposalState.APPLIED: {True}, ProposalState.REJECTED: {False}}
        assert all(note.restored for note in await mill.applying.undo(run.id))
    assert tree(tmp_path / "vault") == before
