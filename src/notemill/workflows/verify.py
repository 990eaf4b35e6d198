"""The check between two stages: is each result provably the answer to its own request?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twolane import ItemState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twolane import ItemOutcome, Report


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a stage's check; without `problems` the run may continue."""

    checked: int
    problems: tuple[str, ...]


def verify(report: Report, outcomes: Iterable[ItemOutcome]) -> Verdict:
    """Check the counts of a run and every result so far.

    Independent of the engine's own checks: the counts add up, each result's id carries its item's
    index, and no two results carry the same reference. If all results so far have failed, the rest
    would fail as well.
    """
    items = report.items
    problems: list[str] = []
    ended = (
        items.succeeded + items.failed + items.canceled + items.skipped + items.conflict
        + items.quarantined
    )  # fmt: skip
    if ended + items.open != items.total:
        problems.append(f"the counts add up to {ended + items.open}, not to {items.total}")
    if items.quarantined:
        problems.append(f"{items.quarantined} answers belong to other notes and were not used")
    checked = 0
    seen: dict[str, str] = {}
    for outcome in outcomes:
        if outcome.state is not ItemState.SUCCEEDED:
            continue
        checked += 1
        if not outcome.custom_id.startswith(f"file_{outcome.index:05d}_"):
            problems.append(f"{outcome.key}: its result has the id {outcome.custom_id}")
        reference = str(json.loads(outcome.text).get("note_ref"))
        if reference in seen:
            problems.append(f"{outcome.key} and {seen[reference]} have the same reference")
        seen[reference] = outcome.key
    if items.failed and not checked:
        problems.append(f"none of the {items.failed:,} answers is usable")
    return Verdict(checked, tuple(problems))
