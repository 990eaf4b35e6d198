"""Curations in recorded runs: what was asked about notes and their new tags, what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notemill.workflows.curation.reply_text import MANY, PARENT
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


def test_a_vocabulary_comes_first_and_the_notes_are_tagged_by_it(tmp_path: Path) -> None:
    """One run proposes it, takes it, tags by it in two stages, and orders what they bring beside."""
    told = scenario(RECORDED / "choir.json")
    desk = Desk(tmp_path, told.notes, ScriptedProvider(told.reply))
    desk.changes["concurrency"] = 1
    ended = desk.curate(stages="2", lane=Lane.REALTIME, apply=True, vocabulary=True)
    assert ended.code == 0, ended.shown
    told.check(desk.requests, tree(desk.root))
    desk.through_the_door(lambda mill: mill.applying.undo(ended.run))
    assert tree(desk.root) == {key: text.encode() for key, text in told.notes.items()}


def test_replies_in_other_spellings_are_written_as_the_owner_files(tmp_path: Path) -> None:
    """Each in a fence and with words before it; the one that says nothing is asked for again."""
    told = scenario(RECORDED / "quince.json")

    def reply(params: dict[str, Any]) -> str:
        return f"Here it is:\n\n```json\n{told.reply(params)}\n```\n"

    desk = Desk(tmp_path, told.notes, ScriptedProvider(reply))
    desk.adopt("Tags.md")
    desk.changes["concurrency"] = 1
    ended = desk.curate(lane=Lane.REALTIME, apply=True)
    assert ended.code == 0, ended.shown
    assert PARENT in ended.shown
    assert MANY in ended.shown
    told.check(desk.requests, tree(desk.root))
