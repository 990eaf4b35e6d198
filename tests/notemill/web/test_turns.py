"""The order of a page's steps: that of its keys, also where one overtakes another on its way."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.terms import OFFLINE
from notemill.stores.proposals import ProposalKind
from notemill.web import turns
from notemill.web.desk import Desk
from notemill.web.site import create_site
from tests.notemill.proposing import propose, states
from tests.notemill.web.asking import asked
from tests.notemill.workflows.notes import many, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path


@asynccontextmanager
async def stepping(tmp_path: Path) -> AsyncIterator[Callable[..., Coroutine[Any, Any, int]]]:
    """Return what takes a step of one page, over a vault with a tag proposed for each note."""
    vault = write_notes(tmp_path / "vault", many(3))
    await asyncio.to_thread(
        propose, tmp_path / "home", vault, {key: [(ProposalKind.TAG, "soil")] for key in many(3)}
    )
    desk = await Desk.open(vault, Settings(home=tmp_path / "home", provider=OFFLINE))
    site = create_site(desk)

    async def step(what: str, **body: object) -> int:
        """Return the status of its answer."""
        headers = [("content-type", "application/json")]
        sent = json.dumps({"by": "page", **body}).encode()
        return (await asked(site, "POST", f"/api/review/{what}", headers, [sent])).status

    try:
        yield step
    finally:
        await desk.aclose()


async def test_an_undo_that_overtakes_its_decision_waits_for_it(tmp_path: Path) -> None:
    """It takes back that decision, and not the one before, which another page may rely on."""
    async with stepping(tmp_path) as step:
        assert await step("decisions", ids=["p1"], decision="accept", turn=1) == 200
        early = asyncio.create_task(step("undo", turn=3, after=2))
        later = asyncio.create_task(
            step("decisions", ids=["p3"], decision="reject", turn=4, after=3)
        )
        await asyncio.sleep(0)
        assert await step("decisions", ids=["p2"], decision="accept", turn=2) == 200
        assert (await early, await later) == (200, 200)
    assert states(tmp_path / "home", tmp_path / "vault") == {
        "p1": "accepted", "p2": "pending", "p3": "rejected",
    }  # fmt: skip


async def test_what_follows_a_step_that_was_refused_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An undo of a decision that was never saved takes back no other one."""
    monkeypatch.setattr(turns, "WAITS_S", 0.05)
    async with stepping(tmp_path) as step:
        assert await step("decisions", ids=["p1"], decision="accept", turn=1) == 200
        assert await step("group", id="p2", decision="accept", count=7, turn=2) == 409
        assert await step("undo", turn=3, after=2) == 409
    assert states(tmp_path / "home", tmp_path / "vault")["p1"] == "accepted"


async def test_only_so_many_pages_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that took a turn longest ago is forgotten first."""
    monkeypatch.setattr(turns, "MOST_FRONTS", 2)
    monkeypatch.setattr(turns, "WAITS_S", 0.05)
    taken = turns.Turns()
    for front in ("first", "second", "first", "third"):
        async with taken.of(front, 1, 0):
            pass
    async with taken.of("first", 2, 1), taken.of("third", 2, 1):
        pass
    with pytest.raises(turns.OutOfTurnError):
        async with taken.of("second", 2, 1):
            pass
