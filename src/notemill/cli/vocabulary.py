"""`notemill tags vocabulary` and `apply`: the tags as a nested list in a note of the vault."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from notemill.app.tagmill import TagMill
from notemill.cli.adopting import say_news, see_vocabulary, take_over
from notemill.cli.arranging import Asked, ask_model
from notemill.cli.diffs import print_diff
from notemill.cli.exclusions import see_exclusions
from notemill.cli.opening import open_mill
from notemill.cli.tagging import change_tags, new_run_id
from notemill.errors import NoteNotFoundError, UsageError
from notemill.markup.tags import tag_key
from notemill.tagging.vocabulary import write_entries
from notemill.vault.note import bytes_hash
from notemill.workflows.curation.survey import CurateOptions
from notemill.workflows.tags.arrangement import keep_proposed, vocabulary_of, with_proposed
from notemill.workflows.tags.deciding import rejected_pairs
from twolane import Lane
from twolane.front.consent import cap_of, confirm, within_s
from twolane.front.console import note_console, print_json, report_object, result_console, shown

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.tagging.vocabulary import Entry
    from twolane import Settings


async def arrange_tags(  # the command's flags
    settings: Settings,
    *,
    vault: Path,
    note: str | None,
    ask: bool,
    chunk: int,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    again: bool,
    dry_run: bool,
    exclude: tuple[str, ...],
    allow_unmatched: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Print a vocabulary, or add what is new to its note; return the exit code.

    Raises NotemillError, TwolaneError.
    """
    console = note_console()
    options = CurateOptions(
        lane=None if lane == "auto" else Lane(lane),
        cap_nano=cap_of(max_cost),
        by_s=within_s(by, strict=by_strict),
        by_strict=by_strict,
    )
    mill = open_mill(vault, settings, exclude, dry_run=dry_run)
    try:
        with mill.working() if ask and not dry_run else contextlib.nullcontext():
            mills = TagMill(mill, note=note)
            sends = ask and mill.sends and not dry_run
            see_exclusions(mill, mills.sight, console, sends=sends, allow=allow_unmatched)
            if note is None:
                see_vocabulary(mill, mills.sight, console)
            else:
                read_note(mill, note)
            found = mills.found()
            asked = Asked(mills.proposed(found), (), 0)
            if ask:
                asked = await ask_model(
                    mills, found, options, console,
                    chunk=chunk, again=again, dry_run=dry_run, yes=yes,
                )  # fmt: skip
            run = ""
            if note is not None and asked.entries is not None and not dry_run:
                run = _proposed_into(mills, note, asked.entries, yes=yes)
    finally:
        await mill.aclose()
    if as_json:
        print_json(_object(run, asked))
    elif note is None and asked.entries is not None:
        result_console().print_lines(write_entries(asked.entries).removesuffix("\n"))
    return asked.code


def _proposed_into(mills: TagMill, note: str, entries: tuple[Entry, ...], *, yes: bool) -> str:
    """Add what is new to the vocabulary's note; return the run it can be undone by."""
    mill = mills.mill
    before = read_note(mill, note)
    say_news(mill, note, before)
    after = with_proposed(before, entries, mill.decisions.proposed())
    run = _written(mill, note, before, after, yes=yes)
    keep_proposed(mill.decisions, entries)
    take_over(mill, note, read_note(mill, note), agreed=bool(run), yes=yes)
    return run


def _object(run: str, asked: Asked) -> dict[str, Any]:
    return {
        "run": run,
        "asked": [report_object(report) for report in asked.reports],
        "vocabulary": [
            {"tag": one.tag, "aliases": list(one.aliases), "dropped": one.dropped,
             "reason": one.reason}
            for one in asked.entries or ()
        ],
    }  # fmt: skip


def _written(mill: Mill, note: str, before: bytes, after: bytes, *, yes: bool) -> str:
    """Write the note on consent; return the run it can be undone by, '' where nothing is new."""
    console = note_console()
    if after == before:
        console.print(f"nothing new for {shown(note)}")
        return ""
    print_diff(console, before, after, note)
    confirm(f"write this into {note}?", console, yes=yes, otherwise="nothing was changed")
    run = new_run_id()
    mill.vault.write(note, after, expected=bytes_hash(before), run=run)
    console.print(f"{shown(note)} written; undo with: notemill undo {run}")
    return run


def read_note(mill: Mill, note: str) -> bytes:
    """Return the vocabulary's note. Raises UsageError where there is none."""
    try:
        return mill.vault.read(note)
    except NoteNotFoundError as error:
        raise UsageError(
            f"there is no note {note} in {mill.vault.root}; make an empty one first"
        ) from error


async def apply_vocabulary(
    settings: Settings,
    *,
    vault: Path,
    note: str,
    exclude: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Change the vault's tags as its vocabulary says; return the exit code."""
    mill = open_mill(vault, settings, exclude)
    try:
        raw = read_note(mill, note)
        changes = vocabulary_of(raw, note).changes
        say_news(mill, note, raw)
        stay = [
            tag
            for tag, new in changes.items()
            if (tag_key(tag), tag_key(new or "")) in rejected_pairs(mill.decisions)
        ]
    finally:
        await mill.aclose()
    for tag in stay:
        line = f"#{tag} stays: you turned its change down (notemill tags accept {tag} takes it)"
        note_console().print(line)
        del changes[tag]
    return await change_tags(
        settings, changes, vault=vault, exclude=exclude, dry_run=dry_run, yes=yes,
        as_json=as_json,
        agreed=lambda mill, asked: take_over(mill, note, raw, agreed=asked, yes=yes),
    )  # fmt: skip
