"""Schedules written by hand: what the simulation once found, and what each safeguard is for.

A seed stands for the same schedule only as long as the way schedules are drawn stays the same;
these stay what they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.twolane.chaos.schedule import (
    DAY_S,
    AtCommit,
    AtExchange,
    AtTime,
    Deadline,
    DiskFull,
    Life,
    Phase,
    Schedule,
    StagePlan,
    Stop,
    Wish,
    Workload,
)
from twolane import Lane
from twolane.sim import Faults, Pace

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD: Final = Workload(tag="a", items=6, batch_size=3, lane=Lane.BATCH, lives=(), echo=True)


def _story(*lives: Life, load: Workload = _LOAD, faults: Faults | None = None) -> Schedule:
    return Schedule(
        seed=1,
        workloads=(replace(load, lives=lives),),
        faults=faults or Faults(),
        pace=Pace(batch_s=(20.0, 90.0)),
        concurrency=3,
    )


STORIES: Final[Mapping[str, Schedule]] = {
    "a stop comes while a cancellation is on its way": _story(
        Life(Stop(3.0), wishes=(Wish(1.0, None),))
    ),
    "the disk is full while batches are taken up": _story(
        Life(AtCommit(6, after=True)), Life(DiskFull(1), pause_s=5.0)
    ),
    "the disk fills up in the middle of everything": _story(Life(DiskFull(9))),
    "the results that could tell of an unknown create are gone": _story(
        Life(AtExchange(2, Phase.TAKEN), pause_s=30 * DAY_S)
    ),
    "the results of an unknown create name nobody": _story(
        faults=Faults(create_lost_first=1, missing_line=1.0)
    ),
    "results are gone before they were fetched": _story(Life(AtCommit(6, after=True), 30 * DAY_S)),
    "calls are canceled while they wait to be sent again": _story(
        Life(wishes=tuple(Wish(0.2 * place, place) for place in range(1, 6))),
        load=replace(_LOAD, lane=Lane.REALTIME),
        faults=Faults(overloaded=0.8),
    ),
    "a budget stops the first of two stages": _story(
        load=replace(_LOAD, cap_share=0.01, stages=(StagePlan(1, Lane.REALTIME),), raise_cap=True)
    ),
    "a process dies while late batches are given up": replace(
        _story(
            Life(AtCommit(12, after=True), 1.0),
            load=replace(_LOAD, deadline=Deadline(1_800.0, strict=True)),
        ),
        pace=Pace(batch_s=(9_000.0, 9_000.0), request_s=(100.0, 200.0)),
    ),
    "a process dies between a cancellation and its record": replace(
        _story(
            Life(AtExchange(1, Phase.TAKEN, "/cancel"), 5.0),
            load=replace(_LOAD, deadline=Deadline(1_800.0, strict=False)),
        ),
        pace=Pace(batch_s=(9_000.0, 9_000.0), request_s=(0.8, 4.0)),
    ),
    "late batches are given up in time": replace(
        _story(load=replace(_LOAD, deadline=Deadline(1_800.0, strict=False))),
        pace=Pace(batch_s=(9_000.0, 9_000.0), request_s=(0.8, 4.0)),
    ),
    "a cancellation takes long, and nobody races it": replace(
        _story(load=replace(_LOAD, items=18, deadline=Deadline(600.0, strict=False))),
        pace=Pace(batch_s=(1_500.0, 1_500.0), request_s=(300.0, 400.0)),
    ),
    "a ledger is checked in the middle of a race": replace(
        _story(
            Life(wishes=tuple(Wish(20.0 * place, 17) for place in range(10, 60))),
            load=replace(_LOAD, items=18, deadline=Deadline(600.0, strict=True)),
        ),
        pace=Pace(batch_s=(1_500.0, 1_500.0), request_s=(300.0, 400.0)),
    ),
    "a process dies in a race, and the next one stops before the batch has ended": replace(
        _story(
            Life(AtTime(700.0), 1.0),
            Life(Stop(5.0)),
            load=replace(_LOAD, items=18, deadline=Deadline(600.0, strict=True)),
        ),
        pace=Pace(batch_s=(1_500.0, 1_500.0), request_s=(300.0, 400.0)),
    ),
    "a create is lost, and its batch is late in the list": _story(
        faults=Faults(create_lost_first=1, list_lag_s=200.0)
    ),
    "a process dies when the provider has a batch that nobody wrote down": _story(
        Life(AtExchange(2, Phase.TAKEN))
    ),
    "processes die with calls on their way": _story(
        Life(AtExchange(4, Phase.TAKEN)),
        Life(AtExchange(3, Phase.READING)),
        load=replace(_LOAD, lane=Lane.REALTIME),
    ),
    "answers come under each other's ids": _story(faults=Faults(swapped=1.0)),
    "results end early, and some fail": _story(
        faults=Faults(short=0.7, errored=0.5, errored_kinds=("overloaded_error",))
    ),
    "there is money for two at a time": _story(
        load=replace(_LOAD, lane=Lane.REALTIME, cap_share=0.5)
    ),
    "another key is used while batches are open": _story(
        Life(AtCommit(6, after=True)), Life(key=1)
    ),
}
