"""Curations in recorded runs: what was asked about notes and their new tags, what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles import ScriptedProvider
from tests.notemill.workflows.notes import Desk, tree
from tests.recorded import scenario
from twolane import Lane

RECORDED = Path(__file__).parent / "recorded"


@pytest.mark.parametrize("name", ["bees"])
def test_a_recorded_run_asks_and_writes_what_it_did(name: str, tmp_path: Path) -> None:
    """New tags are put in order after each stage; the second carries those that stay."""
    told = scenario(RECORDED / f"{name}.json")
    desk = Desk(tmp_path, told.notes, ScriptedProvider(told.reply))
    desk.adopt("Tags.md")
    desk.changes["concurrency"] = 1
    ended = desk.curate(stages="2", lane=Lane.REALTIME, apply=True)
    assert ended.code == 0, ended.shown
    told.check(desk.requests, tree(desk.root))
