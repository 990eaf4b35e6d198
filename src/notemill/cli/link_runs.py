"""Runs of links: found by their id from anywhere, shown, and written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notemill.app.items import no_such_item
from notemill.app.mill import Mill
from notemill.cli.diffs import print_diff
from notemill.cli.judging import answers_of, decide_left_over
from notemill.cli.link_showing import show_pairs, show_undecided, show_uniform, written_object
from notemill.cli.linking import pair_object, seen_pairs, write_run
from notemill.stores.pairs import PairState
from notemill.vault.related import Form
from notemill.workflows.links.explaining import Explainer
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.links.writing import LinkWriting
from twolane.front.console import EXIT_FAILED, note_console, print_json, result_console, shown

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.stores.pairs import Pair
    from twolane import Settings


async def apply_links(
    settings: Settings, folder: Path, *, run_id: str, item: str | None, as_json: bool
) -> int:
    """Write a run's links into both notes of each pair; return the exit code."""
    mill = Mill(folder, settings)
    try:
        with mill.working():
            await decide_left_over(mill)
            _of_item(seen_pairs(mill, run_id, mill.look()), run_id, item)
            written = write_run(mill, run_id, note_console(), item=item)
            sight = mill.look()
    finally:
        await mill.aclose()
    if as_json:
        print_json({"run": run_id, "kind": LINK_KIND, **written_object(written, sight)})
    return EXIT_FAILED if written.problems or written.conflicts else 0


async def show_links(
    settings: Settings, folder: Path, *, run_id: str, item: str | None, as_json: bool
) -> int:
    """Show a run's pairs with their why, and what writing them would change; return 0."""
    mill = Mill(folder, settings)
    try:
        sight = mill.look()
        every = seen_pairs(mill, run_id, sight)
        pairs = _of_item(every, run_id, item)
        answers = await answers_of(mill, run_id, every)
        explainer = Explainer(mill.vault, sight)
        if as_json:
            value = [
                {**pair_object(one, explainer), "state": one.state, **answers.about(one)}
                for one in pairs
            ]
            print_json({"run": run_id, "kind": LINK_KIND, "pairs": value, **answers.uniform_object})
            return 0
        out = result_console()
        waiting = [one for one in pairs if one.state is PairState.PROPOSED]
        show_pairs(waiting, explainer, frozenset(), out, limit=None)
        show_undecided(pairs, out, limit=None)
        show_uniform(answers.uniform, out)
        if item is not None:
            _show_diff(mill, run_id, waiting, item)
        for state in PairState:
            count = sum(one.state is state for one in pairs)
            if count:
                note_console().print(f"{count:,} {shown(state)}")
    finally:
        await mill.aclose()
    return 0


def _of_item(pairs: list[Pair], run: str, item: str | None) -> list[Pair]:
    """Return the pairs of one note, all without one. Raises UsageError where it has none."""
    found = [one for one in pairs if item is None or item in (one.a, one.b)]
    if item is not None and not found:
        raise no_such_item(run, item, (key for one in pairs for key in (one.a, one.b)))
    return found


def _show_diff(mill: Mill, run: str, pairs: list[Pair], item: str) -> None:
    """Show what a run's pairs would change in one note."""
    known = mill.links.run(run)
    form = Form(known.settings["form"] if known else Form.PROPERTY)
    writing = LinkWriting(mill.scene(), mill.links, run, form, now=time.time)
    for plan in writing.plan(pairs, ()):
        if plan.key == item:
            raw = mill.vault.read(item)
            print_diff(result_console(), raw, plan.edited(raw), item)
