"""`notemill tags`: what tags a vault has; changes of them, shown first and written on consent."""

from __future__ import annotations

import secrets
import shlex
import time
from typing import TYPE_CHECKING, Any

from notemill.app.tagmill import TagMill
from notemill.cli.adopting import see_vocabulary
from notemill.cli.diffs import print_diff
from notemill.cli.endings import show_endings, show_hidden, trouble
from notemill.cli.exclusions import see_exclusions
from notemill.cli.opening import open_mill
from notemill.errors import UsageError
from notemill.workflows.tags.retagging import checked_changes, plan_retagging, write_retagging
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
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.tagging.junk import Junk
    from notemill.workflows.tags.findings import TagReview
    from notemill.workflows.tags.retagging import Retagging
    from twolane import Settings
    from twolane.front.console import Console

SHOWN_NOTES = 8
SHOWN_TAGS = 20


async def report_tags(
    settings: Settings, *, vault: Path, exclude: tuple[str, ...], as_json: bool
) -> int:
    """Show a vault's tags and what is wrong with them; return 0. Raises NotemillError."""
    mill = open_mill(vault, settings, exclude)
    try:
        mills = TagMill(mill)
        see_exclusions(mill, mills.sight, note_console())
        see_vocabulary(mill, mills.sight, note_console())
        review = mills.found()
    finally:
        await mill.aclose()
    if as_json:
        print_json(_review_object(review))
    else:
        _show_review(review, result_console())
    return 0


def _show_review(review: TagReview, console: Console) -> None:
    used = review.census.used
    tagged = len(frozenset().union(*(tag.notes for tag in used)))
    console.print(
        f"{counted(len(used), 'tag')} in {tagged:,} of {counted(review.census.notes, 'note')}"
        + (f"; {review.excluded:,} more are excluded" if review.excluded else "")
    )
    for tag in used[:SHOWN_TAGS]:
        console.print(f"  {len(tag.notes):6,}  #{shown(tag.name)}")
    _show_rest(len(used), console)
    if review.merges:
        console.print()
        console.print(f"{counted(len(review.merges), 'variant')}, to merge into what is used most:")
        for one in review.merges[:SHOWN_TAGS]:
            line = f"  #{one.tag} → #{one.into} ({counted(one.notes, 'note')}): {one.reason}"
            console.print(line)
        _show_rest(len(review.merges), console)
        first = review.merges[0]
        command = f"notemill tags rename {shlex.quote(first.tag)} {shlex.quote(first.into)}"
        console.print(f"  for example: {shown(command)}")
    _show_junk(review.droppable, "{} without a meaning; `notemill tags drop TAG`:", console)
    hints = [one for one in review.junk if one.is_hint]
    _show_junk(hints, "{} that may be an accident of pasting; judge yourself:", console)
    if review.synonyms:
        console.print()
        console.print(
            f"{counted(len(review.synonyms), 'pair')} that may mean the same; judge yourself:"
        )
        for pair in review.synonyms[:SHOWN_TAGS]:
            console.print(f"  #{pair.tag} and #{pair.other}: {pair.reason}")
        _show_rest(len(review.synonyms), console)
    if review.unread:
        console.print()
        console.print(
            f"{counted(len(review.unread), 'note')} whose properties hold tags that do not count, "
            "or cannot be read:"
        )
        for left in review.unread[:SHOWN_TAGS]:
            console.print(f"  {shown(trouble(left.key, left.reason))}")
        _show_rest(len(review.unread), console)


def _show_junk(junk: Sequence[Junk], head: str, console: Console) -> None:
    if not junk:
        return
    console.print()
    console.print(head.format(counted(len(junk), "tag")))
    for one in junk[:SHOWN_TAGS]:
        line = f"  #{one.tag} ({counted(one.notes, 'note')}): {one.reason}"
        console.print(line)
    _show_rest(len(junk), console)


def _show_rest(count: int, console: Console) -> None:
    if count > SHOWN_TAGS:
        console.print(f"  … and {count - SHOWN_TAGS:,} more; --json has all")


def _review_object(review: TagReview) -> dict[str, Any]:
    return {
        "notes": review.census.notes,
        "excluded": review.excluded,
        "tags": [
            {
                "tag": tag.name,
                "notes": len(tag.notes),
                "with_children": tag.count,
                "spellings": dict(tag.spellings),
            }
            for tag in review.census.used
        ],
        "merges": [
            {"tag": one.tag, "into": one.into, "kind": one.kind, "reason": one.reason,
             "notes": one.notes}
            for one in review.merges
        ],
        "junk": [
            {"tag": one.tag, "reason": one.reason, "notes": one.notes, "hint": one.is_hint}
            for one in review.junk
        ],
        "unread": [{"item": one.key, "message": one.reason} for one in review.unread],
        "synonyms": [
            {"tag": one.tag, "other": one.other, "score": one.score, "reason": one.reason}
            for one in review.synonyms
        ],
    }  # fmt: skip


async def change_tags(
    settings: Settings,
    changes: Mapping[str, str | None],
    *,
    vault: Path,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
    agreed: Callable[[Mill, bool], None] | None = None,
) -> int:
    """Change tags in a vault; return the exit code.

    `agreed` is called when a person has agreed, or (False) where there was nothing to ask, before
    anything is written; without it it is a mistake where no note has such a tag. Raises NotemillError, WaitingError.
    """
    console = note_console()
    wanted = checked_changes(changes)
    mill = open_mill(vault, settings, exclude)
    try:
        with mill.working():
            sight = mill.look()
            see_exclusions(mill, sight, console)
            plan = plan_retagging(mill.vault, sight.facts, wanted, privacy=mill.privacy)
            if not plan.is_known and agreed is None:
                named = ", ".join(f"#{old.strip().lstrip('#')}" for old in changes)
                raise UsageError(
                    f"no note has {named} to change; `notemill tags` lists the tags there are"
                )
            show_plan(mill, plan, console)
            run, failures = "", []
            if plan.touched and not dry_run:
                question = f"write this into {counted(len(plan.touched), 'note')}?"
                confirm(question, console, yes=yes, otherwise="nothing was changed")
            if agreed is not None and not dry_run:
                agreed(mill, bool(plan.touched))
            if plan.touched and not dry_run:
                run = new_run_id()
                endings = write_retagging(
                    mill.vault, mill.review, plan, privacy=mill.privacy, run=run
                )
                failures = [(key, problem) for key, problem in endings if problem]
                show_written(plan, run, failures, console)
    finally:
        await mill.aclose()
    if as_json:
        print_json(plan_object(plan, run, failures))
    return EXIT_FAILED if failures or (plan.left_alone and not dry_run) else 0


def new_run_id(kind: str = "tags") -> str:
    """Return a new name to journal changes by."""
    return f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def show_plan(mill: Mill, plan: Retagging, console: Console, *, most: int = SHOWN_NOTES) -> None:
    """Show what becomes of which tags, at most so many notes as diffs, and what stays as it is."""
    for tag, new in list(plan.becomes.items())[:SHOWN_TAGS]:
        console.print(f"#{shown(tag)} {f'→ #{shown(new)}' if new else 'goes'}")
    if len(plan.becomes) > SHOWN_TAGS:
        console.print(f"  … and {len(plan.becomes) - SHOWN_TAGS:,} more tags")
    for tag, count in plan.joined.items():
        console.print(
            f"#{shown(tag)} is there already, in {counted(count, 'note')}; the two become one"
        )
    for one in plan.touched[:most]:
        before = mill.vault.read(one.key)
        print_diff(console, before, one.edit.apply(before), one.key)
    for note in plan.touched[most:]:
        console.print(f"  {shown(note.key)}")
    for left in plan.left_alone:
        console.print(f"  left alone: {shown(trouble(left.key, left.reason))}")
    show_hidden(plan.hidden, console)


def show_written(
    plan: Retagging, run: str, failures: list[tuple[str, str]], console: Console
) -> None:
    """Say what was written, how it is undone, and what could not be."""
    show_endings(len(plan.touched) - len(failures), run, failures, console)


def plan_object(plan: Retagging, run: str, failures: list[tuple[str, str]]) -> dict[str, Any]:
    """Return what a change of tags does, or did, for scripts."""
    failed = {key for key, _ in failures}
    written = [one.key for one in plan.touched if run and one.key not in failed]
    return {
        "run": run if written else "",
        "tags": [{"tag": tag, "becomes": new} for tag, new in plan.becomes.items()],
        "notes": [one.key for one in plan.touched],
        "written": written,
        "left_alone": [{"item": one.key, "message": one.reason} for one in plan.left_alone],
        "excluded": plan.hidden,
        "problems": [{"item": key, "message": problem} for key, problem in failures],
    }
