"""The stages of a run as the ledger has them, and the check between two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from notemill.app.kinds import OPEN_ITEMS
from notemill.app.ledger_lines import EXCLUDED, StageLine, StageState
from notemill.workflows.verify import verify
from twolane import ItemState, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notemill.app.shown_names import ShownNames
    from twolane import Reader, RunRow

THE_REST: Final = "all others"
MOST_CHECKED: Final = 2_000
"""Stages are samples: of more results, each with its text, the check waits for a command."""
_UNTOUCHED: Final = (ItemState.PENDING, ItemState.CANCELED, ItemState.SKIPPED)
_IN_FLIGHT: Final = (ItemState.RUNNING, ItemState.SUBMITTED)


def stage_lines(
    reader: Reader, row: RunRow, names: ShownNames, *, is_running: bool
) -> tuple[StageLine, ...]:
    """Return the stages of a run, empty if it has none."""
    purposes = _purposes(row)
    if not purposes:
        return ()
    counted = reader.stages(row)
    lines = []
    for number, purpose in enumerate(purposes):
        states = counted.get(number, {})
        later = [one for stage, one in counted.items() if stage > number]
        state = _state(
            states, later, is_last=number == len(purposes) - 1, is_running=is_running, run=row.state
        )
        line = StageLine(number + 1, purpose, sum(states.values()), states, state)
        lines.append(_checked(line, reader, row, names) if state is StageState.WAITS else line)
    return tuple(lines)


def _purposes(row: RunRow) -> list[str]:
    kept = row.setting("stages")
    if not isinstance(kept, list) or not kept:
        return []
    return [*(str(one[0]) for one in kept if isinstance(one, list) and one), THE_REST]


def _begun(states: Mapping[ItemState, int]) -> bool:
    return any(count for state, count in states.items() if state not in _UNTOUCHED)


def _state(
    states: Mapping[ItemState, int],
    later: Sequence[Mapping[ItemState, int]],
    *,
    is_last: bool,
    is_running: bool,
    run: RunState,
) -> StageState:
    if any(map(_begun, later)):
        return StageState.VERIFIED
    if not _begun(states):
        return StageState.TO_DO if run is not RunState.CANCELED else StageState.ENDED
    if any(states.get(one) for one in OPEN_ITEMS):
        at_work = is_running or any(states.get(one) for one in _IN_FLIGHT)
        return StageState.RUNNING if at_work else StageState.PAUSED
    if is_last or run in (RunState.DONE, RunState.CANCELED):
        return StageState.ENDED
    return StageState.WAITS


def _checked(line: StageLine, reader: Reader, row: RunRow, names: ShownNames) -> StageLine:
    """Check a stage that waits, as the run does before its next one."""
    report = reader.report(row, with_failures=False)
    if report.items.succeeded > MOST_CHECKED:
        return line
    outcomes = list(reader.outcomes(row, state=ItemState.SUCCEEDED))
    hidden = names.hidden(row, [one.key for one in outcomes])
    shown = (replace(one, key=EXCLUDED) if one.key in hidden else one for one in outcomes)
    try:
        verdict = verify(report, shown)
    except (ValueError, AttributeError):  # as a damaged ledger may hold
        return replace(line, state=StageState.UNVERIFIED, problems=("a result cannot be read",))
    state = StageState.UNVERIFIED if verdict.problems else StageState.WAITS
    return replace(line, state=state, checked=verdict.checked, problems=verdict.problems)
