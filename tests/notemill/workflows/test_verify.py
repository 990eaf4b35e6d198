"""Between two stages: what came back is held against what was asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from notemill.workflows.verify import verify
from tests.doubles import ScriptedProvider
from tests.notemill.workflows.notes import Desk, curated, many

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.workflows.verify import Verdict
    from twolane import ItemOutcome, Report


def checked(
    folder: Path,
    change: Callable[[Report, list[ItemOutcome]], tuple[Report, list[ItemOutcome]]],
    provider: ScriptedProvider | None = None,
) -> Verdict:
    """Curate three notes, change what is told of them, and return the verdict."""
    desk = Desk(folder, many(3), provider or ScriptedProvider(curated))
    name = desk.curate().run

    async def job(mill: Mill) -> Verdict:
        run = await mill.engine.run(name)
        return verify(*change(await run.report(), list(run.outcomes())))

    return desk.through_the_door(job)


def test_what_came_back_as_asked_is_verified(tmp_path: Path) -> None:
    """Every result is looked at, and nothing is found."""
    verdict = checked(tmp_path, lambda report, outcomes: (report, outcomes))
    assert (verdict.checked, verdict.problems) == (3, ())


def _with(one: ItemOutcome, **members: object) -> ItemOutcome:
    return replace(one, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda report, outcomes: (
                replace(report, items=replace(report.items, total=5)),
                outcomes,
            ),
            "the counts add up to 3, not to 5",
        ),
        (
            lambda report, outcomes: (
                replace(report, items=replace(report.items, succeeded=2, quarantined=1)),
                outcomes,
            ),
            "1 answers belong to other notes and were not used",
        ),
        (
            lambda report, outcomes: (
                report,
                [_with(outcomes[0], custom_id=outcomes[1].custom_id), *outcomes[1:]],
            ),
            "n000.md: its result has the id file_00001_",
        ),
        (
            lambda report, outcomes: (
                report,
                [outcomes[0], _with(outcomes[1], body=outcomes[0].body), outcomes[2]],
            ),
            "n001.md and n000.md have the same reference",
        ),
    ],
    ids=["counts", "quarantine", "id", "reference"],
)
def test_what_does_not_add_up_is_named(
    tmp_path: Path,
    change: Callable[[Report, list[ItemOutcome]], tuple[Report, list[ItemOutcome]]],
    problem: str,
) -> None:
    """A count, an id or a reference that is another note's stops a rollout."""
    verdict = checked(tmp_path, change)
    assert any(one.startswith(problem) for one in verdict.problems), verdict.problems


def test_where_nothing_can_be_used_more_of_it_is_not_asked(tmp_path: Path) -> None:
    """A stage in which all has failed is not passed."""
    provider = ScriptedProvider(lambda _: json.dumps({"note_ref": "no"}))
    provider.refuse = lambda _: ("invalid_request_error", "no")
    verdict = checked(tmp_path, lambda report, outcomes: (report, outcomes), provider)
    assert verdict.problems == ("none of the 3 answers is usable",)
