"""`notemill tidy`: properties brought into the form Obsidian writes, kind by kind, shown first."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from notemill.cli.diffs import print_diff
from notemill.cli.endings import show_endings, show_hidden, show_not_seen, trouble
from notemill.cli.exclusions import see_exclusions
from notemill.cli.opening import open_mill
from notemill.cli.tagging import new_run_id
from notemill.vault.tidy import TidyKind
from notemill.workflows.tags.tidying import plan_tidying, write_tidying
from twolane.front.consent import confirm
from twolane.front.console import (
    EXIT_FAILED,
    counted,
    note_console,
    print_json,
    result_console,
    shown,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.tags.tidying import Tidying
    from twolane import Settings
    from twolane.front.console import Console

SHOWN_NOTES = 20
SHOWN_LEFT = 10
MEANINGS = {
    TidyKind.INLINE: "`key:: value` at the top of the text becomes a property",
    TidyKind.CASE: "`Title`, `Created` become lower case",
    TidyKind.PLURAL: "`tag`, `alias`, `cssclass` become `tags`, `aliases`, `cssclasses`",
    TidyKind.LISTS: "texts become lists in `tags`, `aliases`, `cssclasses`",
    TidyKind.DUPLICATES: "a tag that stands twice in a list stands there once",
    TidyKind.DATES: "dates that can mean one day alone become ISO 8601",
}


async def tidy_vault(
    settings: Settings,
    *,
    vault: Path,
    kinds: tuple[str, ...],
    only: str | None,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show what could be brought into form, or bring the chosen kinds there; return the exit code.

    Raises NotemillError, WaitingError.
    """
    console = note_console()
    chosen = [TidyKind(kind) for kind in kinds]
    mill = open_mill(vault, settings, exclude)
    try:
        with mill.working() if chosen and not dry_run else contextlib.nullcontext():
            sight = mill.look()
            see_exclusions(mill, sight, console)
            wanted = {file.key for file in mill.vault.scan(only)}
            plan = plan_tidying(
                mill.vault,
                [one for one in sight.facts if one.key in wanted],
                chosen or list(TidyKind),
                privacy=mill.privacy,
            )
            if not as_json:
                skipped = [one for one in mill.vault.skipped if sight.shows(one.key)]
                show_not_seen(skipped, console)
            run, failures = "", []
            if not chosen:
                if not as_json:
                    _show_survey(plan, result_console())
            else:
                _show_plan(plan, console, most=len(plan.changed) if dry_run else SHOWN_NOTES)
                if plan.changed and not dry_run:
                    question = f"write this into {counted(len(plan.changed), 'note')}?"
                    confirm(question, console, yes=yes, otherwise="nothing was changed")
                    run = new_run_id("tidy")
                    endings = write_tidying(
                        mill.vault, mill.review, plan, privacy=mill.privacy, run=run
                    )
                    failures = [(key, problem) for key, problem in endings if problem]
                    show_endings(len(plan.changed) - len(failures), run, failures, console)
    finally:
        await mill.aclose()
    if as_json:
        print_json(_object(plan, run, failures))
    return EXIT_FAILED if failures else 0


def _show_survey(plan: Tidying, console: Console) -> None:
    """Show in how many notes there is something of each kind, with an example of each."""
    for kind, count in plan.counts().items():
        console.print(f"{kind}: {counted(count, 'note')}; {MEANINGS[kind]}")
        steps = ((one.key, step) for one in plan.notes for step in one.steps)
        example = next(((key, step) for key, step in steps if step.kind is kind), None)
        if example is not None:
            key, step = example
            console.print(f"  as in {key}: {step.what[0]}")
    _show_left(plan, console)
    if plan.changed:
        console.print(
            "nothing was changed; look at a kind, and write it on consent, with: "
            "notemill tidy --kind KIND"
        )


def _show_plan(plan: Tidying, console: Console, *, most: int) -> None:
    """Show the changes note by note and kind by kind, and what is left as it is."""
    for one in plan.changed[:most]:
        for step in one.steps:
            console.print(f"{step.kind}: {one.key}: {'; '.join(step.what)}")
            print_diff(console, step.before, step.after, one.key)
    if len(plan.changed) > most:
        left = len(plan.changed) - most
        console.print(f"  … and {counted(left, 'note')} more; --dry-run shows all")
    _show_left(plan, console)
    if not plan.changed:
        console.print("there is nothing to change")


def _show_left(plan: Tidying, console: Console) -> None:
    left = [(one.key, reason) for one in plan.notes for reason in one.left]
    for key, reason in left[:SHOWN_LEFT]:
        console.print(f"  left: {key}: {reason.kind}: {reason.reason}")
    if len(left) > SHOWN_LEFT:
        console.print(f"  … and {len(left) - SHOWN_LEFT:,} more left; --json has all")
    show_hidden(plan.hidden, console)
    for alone in plan.untouched[:SHOWN_LEFT]:
        console.print(f"  left alone: {shown(trouble(alone.key, alone.reason))}")
    if len(plan.untouched) > SHOWN_LEFT:
        more = len(plan.untouched) - SHOWN_LEFT
        console.print(f"  … and {counted(more, 'note')} more left alone; --json has all")


def _object(plan: Tidying, run: str, failures: list[tuple[str, str]]) -> dict[str, Any]:
    failed = {key for key, _ in failures}
    written = [one.key for one in plan.changed if run and one.key not in failed]
    return {
        "run": run if written else "",
        "notes": [
            {
                "item": one.key,
                "changes": [{"kind": step.kind, "what": list(step.what)} for step in one.steps],
                "left": [{"kind": left.kind, "message": left.reason} for left in one.left],
            }
            for one in plan.notes
        ],
        "written": written,
        "left_alone": [{"item": one.key, "message": one.reason} for one in plan.untouched],
        "excluded": plan.hidden,
        "problems": [{"item": key, "message": problem} for key, problem in failures],
    }
