"""Runs of links: found by their id from anywhere, shown, and written."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from notemill.app import Mill
from notemill.cli.diffs import print_diff
from notemill.cli.judging import decide_left_over
from notemill.cli.link_showing import show_pairs, written_object
from notemill.cli.linking import pair_object, seen_pairs, write_run
from notemill.errors import NotemillError, UsageError
from notemill.links import FILE as LINKS_FILE
from notemill.links import LinkLedger, PairState
from notemill.vault.journal import WrittenRun
from notemill.vault.related import Form
from notemill.workflows.explaining import Explainer
from notemill.workflows.judging import LINK_KIND
from notemill.workflows.link_writing import LinkWriting
from twolane.console import EXIT_FAILED, note_console, print_json, result_console, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from notemill.links import LinkRun, Pair
    from twolane import Settings


def link_runs(home: Path) -> Iterator[tuple[Path, LinkRun, int]]:
    """Yield all runs of links in the vaults known in `home`, with how many pairs each has.

    A ledger of links that cannot be used is passed over.
    """
    for folder in sorted((home / "vaults").glob("*/folder")):
        path = folder.parent / LINKS_FILE
        if not path.exists():
            continue
        root = Path(os.fsdecode(folder.read_bytes()))
        with contextlib.suppress(NotemillError), contextlib.closing(LinkLedger(path)) as ledger:
            for run in ledger.runs():
                yield root, run, len(ledger.pairs(run=run.id))


def folder_of_links(home: Path, run: str) -> Path | None:
    """Return the vault of a run of links, None where there is no such run."""
    return next((root for root, one, _ in link_runs(home) if one.id == run), None)


def unwritten_links(home: Path, written: Collection[str]) -> Iterator[tuple[Path, WrittenRun]]:
    """Yield the runs of links that have written nothing yet, as such."""
    for root, run, pairs in link_runs(home):
        if run.id not in written and pairs:
            yield root, WrittenRun(run.id, 0, 0, run.at_s, run.at_s)


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
        pairs = _of_item(seen_pairs(mill, run_id, sight), run_id, item)
        explainer = Explainer(mill.vault, sight)
        if as_json:
            value = [{**pair_object(one, explainer), "state": one.state} for one in pairs]
            print_json({"run": run_id, "kind": LINK_KIND, "pairs": value})
            return 0
        out = result_console()
        waiting = [one for one in pairs if one.state is PairState.PROPOSED]
        show_pairs(waiting, explainer, frozenset(), out, limit=None)
        if item is not None:
            _show_diff(mill, run_id, waiting, item)
        for state in PairState:
            count = sum(one.state is state for one in pairs)
            if count:
                note_console().print(f"{count:,} {shown(state)}", markup=False)
    finally:
        await mill.aclose()
    return 0


def _of_item(pairs: list[Pair], run: str, item: str | None) -> list[Pair]:
    """Return the pairs of one note, all without one. Raises UsageError where it has none."""
    found = [one for one in pairs if item is None or item in (one.a, one.b)]
    if item is not None and not found:
        raise UsageError(f"run {run} has no pair of {item!r}; `notemill show {run}` lists them")
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
