"""The simulation's command: `make sim`, or `python -m tests.twolane.chaos`."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from tests.twolane.chaos.campaign import SHOWN_FAILURES, campaign, summary
from tests.twolane.chaos.mutations import MUTANTS, hunt
from tests.twolane.chaos.play import play
from tests.twolane.chaos.schedule import describe, draw_schedule

tell = partial(print, flush=True)


def main() -> int:
    """Play seeds, replay one, or hunt mutants; return 1 where an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.twolane.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="play all seeds below this one")
    parser.add_argument("--seed", type=int, help="replay one seed and print its trace")
    parser.add_argument("--jobs", type=int, default=1, help="processes to play with")
    parser.add_argument("--mutants", type=int, help="hunt the mutants, with so many seeds each")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return replay(chosen.seed)
    if chosen.mutants is not None:
        return mutants(chosen.mutants)
    total = campaign(chosen.seeds, jobs=chosen.jobs, tell=tell)
    for line in summary(total):
        tell(line)
    for seed in sorted(total.failed)[:SHOWN_FAILURES]:
        tell(f"make sim SEED={seed}    # {total.failed[seed]}")
    return 1 if total.failed else 0


def replay(seed: int) -> int:
    """Play one seed and show all of it."""
    schedule = draw_schedule(seed)
    tell(f"seed {seed}, faults: {describe(schedule.faults)}")
    tell(f"batches {schedule.pace.batch_s} s, calls {schedule.pace.request_s} s")
    for load in schedule.workloads:
        tell(load)
    played = play(schedule)
    for line in played.trace:
        tell(line)
    tell(f"trace {played.trace_hash}")
    for broken in played.broken:
        tell(f"BROKEN {broken}")
    return 1 if played.broken else 0


def mutants(seeds: int) -> int:
    """Print which mutant is caught after how many seeds, by which invariant."""
    tell(f"{'mutant':<20} {'seeds':>5}  caught by")
    escaped = 0
    for mutant in MUTANTS:
        caught = hunt(mutant, map(draw_schedule, range(seeds)))
        escaped += caught.count is None
        invariant = caught.by.partition(":")[0] or "nothing: it got away"
        tell(f"{mutant.name:<20} {caught.count or '-':>5}  {invariant:<12} {mutant.lacks}")
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
