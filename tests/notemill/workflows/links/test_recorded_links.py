"""Links judged in recorded runs: what was asked, what was answered by hand, what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from notemill.stores.pairs import PairState
from tests.doubles import ScriptedProvider
from tests.notemill.workflows.links.test_judging import Linker, candidates_of
from tests.notemill.workflows.notes import tree
from tests.recorded import Scenario, scenario

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = Path(__file__).parent / "recorded"


def judging(told: Scenario) -> Callable[[dict[str, Any]], str]:
    """Answer as recorded: by the candidates' titles, since their ids follow their order."""

    def reply(params: dict[str, Any]) -> str:
        said = json.loads(told.reply(params))
        by_title = {one["title"]: one for one in said["links"]}
        said["links"] = [
            {**by_title[one["title"]], "id": one["id"]} for one in candidates_of(params)
        ]
        for one in said["links"]:
            del one["title"]
        return json.dumps(said)

    return reply


@pytest.mark.parametrize("name", ["boat"])
def test_a_recorded_run_asks_and_writes_what_it_did(name: str, tmp_path: Path) -> None:
    """All pairs are asked about with the prompts recorded, and the same notes are linked."""
    told = scenario(RECORDED / f"{name}.json")
    desk = Linker(tmp_path, told.notes, ScriptedProvider(judging(told)))
    assert desk.link(apply=True, top=len(told.notes), min_score=0.0) == 0
    assert desk.pairs(PairState.UNDECIDED) == {("Log/2021-05-09.md", "Repairs/Taking up.md")}
    told.check(desk.requests, tree(desk.root))
