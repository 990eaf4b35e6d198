"""`notemill tags review`, `accept` and `reject`: what is proposed, decided tag by tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.app.tagmill import Chosen, TagMill
from notemill.cli.adopting import see_vocabulary
from notemill.cli.diffs import print_diff
from notemill.cli.exclusions import see_exclusions
from notemill.cli.opening import open_mill
from notemill.cli.tagging import (
    new_run_id,
    plan_object,
    show_plan,
    show_written,
)
from notemill.errors import UsageError
from notemill.markup.tags import bare, tag_key
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
    from collections.abc import Sequence
    from pathlib import Path

    from notemill.tagging.changes import Change
    from notemill.workflows.tags.deciding import NewTag, ToDecide
    from notemill.workflows.tags.retagging import Retagging
    from twolane import Settings
    from twolane.front.console import Console

SHOWN_CHANGES = 30
SHOWN_NOTES = 3


async def review_changes(
    settings: Settings,
    *,
    vault: Path,
    tag: str | None,
    exclude: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show what waits for a decision, or what one change would do; return 0."""
    mill = open_mill(vault, settings, exclude)
    try:
        mills = TagMill(mill)
        see_exclusions(mill, mills.sight, note_console())
        see_vocabulary(mill, mills.sight, note_console())
        if tag is not None:
            _show_one(mills, tag, result_console())
            return 0
        waiting = mills.to_decide()
        place = mills.place.note if mills.sight.shows(mills.place.note) else ""
    finally:
        await mill.aclose()
    if as_json:
        print_json(_object(waiting))
    else:
        _show(waiting, place, result_console())
    return 0


def _show(waiting: ToDecide, place: str, console: Console) -> None:
    if not waiting.changes and not waiting.new_tags:
        console.print("nothing waits for a decision")
    if waiting.changes:
        count = len(waiting.changes)
        console.print(f"{count:,} change{'' if count == 1 else 's'} of tags, each by itself:")
        for one in waiting.changes[:SHOWN_CHANGES]:
            console.print(f"  {_change_line(one)}")
        if count > SHOWN_CHANGES:
            console.print(f"  … and {count - SHOWN_CHANGES:,} more; --json has all")
    if waiting.new_tags:
        listed = place or "the vocabulary"
        console.print(f"{len(waiting.new_tags):,} new tags, not in {shown(listed)}:")
        for new in waiting.new_tags[:SHOWN_CHANGES]:
            first = ", ".join(new.notes[:SHOWN_NOTES])
            more = ", …" if len(new.notes) > SHOWN_NOTES else ""
            line = f"  #{new.tag} for {counted(len(new.notes), 'note')}: {first}{more}"
            console.print(line)
        left = len(waiting.new_tags) - SHOWN_CHANGES
        if left > 0:
            console.print(f"  … and {left:,} more; --json has all")
    if waiting.turned_down:
        count = len(waiting.turned_down)
        console.print(f"{count:,} more that you turned down are not proposed")
    if waiting.changes or waiting.new_tags:
        console.print("look at one: notemill tags review --tag TAG")
        console.print("decide: notemill tags accept TAG…, notemill tags reject TAG…")


def _change_line(one: Change) -> str:
    into = f" → #{one.becomes}" if one.becomes else ""
    return shown(f"{one.kind}: #{one.tag}{into} ({counted(len(one.notes), 'note')}): {one.reason}")


def _show_one(mills: TagMill, tag: str, console: Console) -> None:
    """Show one change with the notes it touches, as diffs."""
    chosen = mills.chosen([tag], everything=False)
    for one in chosen.changes:
        console.print(_change_line(one))
    if chosen.changes:
        plan = _planned(mills, chosen.changes)
        show_plan(mills.mill, plan, console, most=len(plan.touched))
    for new in chosen.new_tags:
        console.print(f"new tag: #{shown(new.tag)} for {counted(len(new.notes), 'note')}")
        for key in new.notes:
            console.print(f"  {shown(key)}")


def _planned(mills: TagMill, changes: Sequence[Change]) -> Retagging:
    wanted = checked_changes({one.tag: one.becomes for one in changes})
    return plan_retagging(mills.mill.vault, mills.facts, wanted, privacy=mills.mill.privacy)


def _object(waiting: ToDecide) -> dict[str, Any]:
    return {
        "changes": [_change_object(one) for one in waiting.changes],
        "turned_down": [_change_object(one) for one in waiting.turned_down],
        "new_tags": [
            {"tag": one.tag, "notes": list(one.notes), "runs": list(one.runs)}
            for one in waiting.new_tags
        ],
    }


def _change_object(one: Change) -> dict[str, Any]:
    return {
        "tag": one.tag,
        "becomes": one.becomes,
        "kind": one.kind,
        "reason": one.reason,
        "notes": sorted(one.notes),
    }


async def accept_tags(
    settings: Settings,
    *,
    tags: tuple[str, ...],
    everything: bool,
    vault: Path,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Carry out what is proposed for tags, as one run; return the exit code.

    Raises NotemillError, WaitingError.
    """
    if bool(tags) == everything:
        raise UsageError("name the tags to accept, or give --all")
    console = note_console()
    mill = open_mill(vault, settings, exclude)
    try:
        with mill.working():
            mills = TagMill(mill)
            see_exclusions(mill, mills.sight, console)
            see_vocabulary(mill, mills.sight, console)
            chosen = mills.chosen(tags, everything=everything)
            plan = _planned(mills, chosen.changes)
            run, failures = "", []
            if chosen.changes:
                show_plan(mill, plan, console)
            _show_additions(mills, chosen.new_tags, console)
            if not dry_run and (plan.touched or chosen.new_tags):
                confirm(_question(plan, chosen), console, yes=yes, otherwise="nothing was changed")
                run = new_run_id()
                endings = write_retagging(
                    mill.vault, mill.review, plan, privacy=mill.privacy, run=run
                )
                failures = [(key, problem) for key, problem in endings if problem]
                mills.accept(chosen, run=run)
                _show_accepted(plan, chosen, run, failures, console)
    finally:
        await mill.aclose()
    if as_json:
        print_json(
            {**plan_object(plan, run, failures), "new_tags": [one.tag for one in chosen.new_tags]}
        )
    return EXIT_FAILED if failures or (plan.left_alone and not dry_run) else 0


def _question(plan: Retagging, chosen: Chosen) -> str:
    parts = [f"write this into {counted(len(plan.touched), 'note')}"] if plan.touched else []
    if chosen.new_tags:
        count = len(chosen.new_tags)
        parts.append(f"take {count:,} new tag{'' if count == 1 else 's'} into the vocabulary")
    return " and ".join(parts) + "?"


def _show_additions(mills: TagMill, news: Sequence[NewTag], console: Console) -> None:
    if not news:
        return
    if not (mills.place.listed and mills.gate.vocabulary):
        for one in news:
            console.print(f"new tag: #{shown(one.tag)}")
        return
    note = mills.place.note
    before = mills.mill.vault.read(note)
    print_diff(console, before, mills.listed(before, news), note)


def _show_accepted(
    plan: Retagging,
    chosen: Chosen,
    run: str,
    failures: list[tuple[str, str]],
    console: Console,
) -> None:
    if plan.touched:
        show_written(plan, run, failures, console)
    for new in chosen.new_tags:
        for by in new.runs:
            console.print(
                f"#{shown(new.tag)} is proposed for {counted(len(new.notes), 'note')}; write it with: "
                f"notemill apply {by}"
            )


async def reject_tags(
    settings: Settings,
    *,
    tags: tuple[str, ...],
    into: str | None,
    item: str | None,
    take_back: bool,
    vault: Path,
) -> int:
    """Turn down what is proposed for tags, for good; return 0. Raises NotemillError."""
    console = note_console()
    if not all(tag_key(bare(tag)) for tag in tags):
        raise UsageError("a tag is missing; name the tags as `notemill tags review` shows them")
    if into is not None and (item is not None or len(tags) > 1):
        raise UsageError("--into says what one tag shall not become, in the whole vault")
    mill = open_mill(vault, settings)
    try:
        mills = TagMill(mill)
        if item is not None and all(one.key != item for one in mills.facts):
            raise UsageError(f"there is no note {item}; name it by its path in the vault")
        if take_back:
            count = mills.take_back(tags)
            console.print(f"{counted(count, 'decision')} taken back; it may be proposed again")
        else:
            for line in mills.reject(tags, into=into, note=item or ""):
                console.print(line)
    finally:
        await mill.aclose()
    return 0
