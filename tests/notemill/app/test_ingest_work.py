"""Ingest as work of a page: planned by reading, begun without reading again, files that go."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from notemill.app.ingest_events import SourceBegun, SourceUnread
from notemill.app.ingest_memory import HELD_S, OTHERS_HELD_S
from notemill.app.mill import Mill
from notemill.app.work import work_of
from notemill.app.work_asked import Ingest
from notemill.config import Exclusions
from notemill.errors import UsageError
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BATCH = "0123456789abcdef" * 2
NOWHERE = "https://127.0.0.1/page"
"""An address that is refused before anything is sent to it."""
VIDEO = "Wd7tK2pLm9Q"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Begin now: files that are dropped have the time of their system."""
        self.now = time.time()

    def __call__(self) -> float:
        """Return the moment that it shows."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the vault."""
    return Clock()


@pytest.fixture
async def mill(tmp_path: Path, clock: Clock) -> AsyncIterator[Mill]:
    """An open vault of one note; its front says yes."""
    root = write_notes(tmp_path / "vault", {"Home.md": "# Home\n\nWhere things begin.\n"})
    settings = Settings(home=tmp_path / "home", provider="offline")
    async with await Mill.open(
        root, settings, KeepingFront(), exclusions=Exclusions(), clock=clock
    ) as mill:
        yield mill


def begun(mill: Mill) -> list[str]:
    """Return what has been read so far, by name."""
    front = mill.front
    assert isinstance(front, KeepingFront)
    return [one.source for one in front.events if isinstance(one, SourceBegun)]


def drop(mill: Mill, name: str, text: str) -> None:
    """Drop a file into the batch."""
    data = text.encode()
    coming = mill.dropped.begin(BATCH, name, len(data))
    coming.write(data)
    coming.keep()
    coming.close()


def drop_talk(mill: Mill) -> None:
    """Drop captions with what tells of their video."""
    lines = "".join(
        f"\n00:0{n}:00.000 --> 00:0{n}:50.000\nThe glaze of step {n} is ash, and chalk beside it.\n"
        for n in range(6)
    )
    drop(mill, f"Glaze [{VIDEO}].en.vtt", f"WEBVTT\n{lines}")
    info = {"id": VIDEO, "title": "Glaze", "duration": 360, "language": "en"}
    drop(mill, f"Glaze [{VIDEO}].info.json", json.dumps(info))


def drop_page(mill: Mill, name: str = "Drying.html") -> None:
    """Drop a saved article."""
    text = "".join(f"<p>A wall of {n} mm dries slowly, the rim before it.</p>" for n in range(9))
    drop(mill, name, f"<html><body><article><h1>Drying</h1>{text}</article></body></html>")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "name what to ingest"),
        ({"sources": []}, "name what to ingest"),
        ({"sources": ["/etc/passwd"]}, "is no address"),
        ({"sources": ["notes.txt"]}, "is no address"),
        ({"sources": ["file:///etc/passwd"]}, "is no address"),
        ({"sources": ["https://www.youtube.com/account"]}, "no video, playlist or channel"),
        ({"sources": [NOWHERE], "transcript": "elsewhere"}, "transcript must be one of"),
        ({"sources": [NOWHERE], "template": "a"}, "no option 'template'"),
    ],
)
def test_a_page_names_addresses_and_nothing_of_this_machine(
    options: dict[str, object], said: str
) -> None:
    """A path is none of its sources, and what is not known is refused."""
    with pytest.raises(UsageError, match=said):
        work_of("ingest", options)


def test_options_become_terms_and_a_way_of_making_notes() -> None:
    """As for other work; a page's sources are a run of their own unless it says otherwise."""
    given = {"sources": [NOWHERE], "folder": "In", "transcript": "beside", "max_cost_usd": "1"}
    work = work_of("ingest", given)
    assert isinstance(work, Ingest)
    assert work.making == {"folder": "In", "transcript": "beside"}
    assert (work.terms.cap_nano, work.again) == (1_000_000_000, True)


async def test_what_was_read_for_the_price_is_not_read_again(mill: Mill) -> None:
    """The run has all of it, also what could not be read; then the files are gone."""
    drop_talk(mill)
    drop_page(mill)
    work = work_of("ingest", {"sources": [NOWHERE], "dropped": BATCH})
    plan = await work.plan(mill)
    assert [(one.became, one.title) for one in plan.sources] == [
        ("unread", NOWHERE), ("new", "Drying"), ("new", "Glaze"),
    ]  # fmt: skip
    assert (plan.items, plan.sources[2].words) == (2, "video, 6:00")
    read = begun(mill)
    assert len(read) == 3
    before = tree(mill.root)
    ended = await work.run(mill)
    assert begun(mill) == read
    assert (ended.whole, [one.key for one in ended.left]) == (False, [NOWHERE])
    assert ended.words == "Sources: 2 made into notes, 1 not read."
    assert ended.found >= 2
    assert tree(mill.root) == before
    assert mill.dropped.files(BATCH) == ()
    front = mill.front
    assert isinstance(front, KeepingFront)
    assert sum(isinstance(one, SourceUnread) for one in front.events) == 2


async def test_only_what_was_added_is_read_for_the_next_price(mill: Mill, clock: Clock) -> None:
    """What failed is tried again after a while, and what stands for a note much later."""
    drop_talk(mill)
    work = work_of("ingest", {"sources": [NOWHERE], "dropped": BATCH})
    await work.plan(mill)
    drop_page(mill)
    await work.plan(mill)
    assert len(begun(mill)) == 3
    clock.now += OTHERS_HELD_S
    await work.plan(mill)
    assert begun(mill)[3:] == [NOWHERE]
    clock.now += HELD_S
    await work.plan(mill)
    assert len(begun(mill)) == 7


async def test_a_draft_that_went_is_read_anew(mill: Mill) -> None:
    """A run that took it, or a damaged store, is no reason to make a note of nothing."""
    drop_page(mill)
    work = work_of("ingest", {"dropped": BATCH})
    await work.plan(mill)
    kept = await mill.on(lambda opened: list(opened.drafts.kept("waiting")))
    await mill.on(lambda opened: opened.drafts.drop("waiting", kept))
    ended = await work.run(mill)
    assert len(begun(mill)) == 2
    assert ended.words == "Sources: 1 made into notes."


async def test_a_dropped_list_reaches_no_file_that_was_not_dropped(
    mill: Mill, tmp_path: Path
) -> None:
    """Whoever wrote it may name what came with it, and addresses."""
    secret = tmp_path / "secret.html"
    secret.write_text("<p>mine</p>")
    drop_page(mill, "one.html")
    drop(mill, "list.txt", f"one.html\n{secret}\n")
    plan = await work_of("ingest", {"dropped": BATCH}).plan(mill)
    assert [one.became for one in plan.sources] == ["unread", "new"]
    assert "did not come with it" in plan.sources[0].words
    drop(mill, "list.txt", f"one.html\n{NOWHERE}\n")
    plan = await work_of("ingest", {"dropped": BATCH}).plan(mill)
    assert [one.title for one in plan.sources] == [NOWHERE, "Drying"]


async def test_nothing_to_make_costs_nothing_and_says_so(mill: Mill) -> None:
    """What the vault has is told with its note; files that are gone are asked for."""
    drop_page(mill)
    work = work_of("ingest", {"dropped": BATCH, "apply": True})
    await work.run(mill)
    with pytest.raises(UsageError, match="drop them again"):
        await work.plan(mill)
    drop_page(mill)
    plan = await work.plan(mill)
    assert [(one.became, one.words) for one in plan.sources] == [("there", "Clippings/Drying.md")]
    assert (plan.items, plan.price_nano, plan.stages) == (0, 0, ())
    ended = await work.run(mill)
    assert (ended.run, ended.words) == ("", "Sources: 1 known already.")
