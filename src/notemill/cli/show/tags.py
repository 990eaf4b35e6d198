"""What `notemill tags` shows: one function per event, and per result of a service."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from notemill.app import tag_events as events
from notemill.app.editing import EditsWritten
from notemill.app.tags import ChangeRejected
from notemill.cli.endings import show_endings, show_hidden, trouble
from notemill.cli.show import vocabulary
from notemill.cli.show.curation import print_change
from notemill.cli.show.tag_usage import kept_places, show_usage
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notemill.app.events import Event, NoteChange
    from notemill.app.tags import ProposedChange, TagRejected, Waiting
    from notemill.tagging.changes import Change
    from notemill.tagging.junk import Junk
    from notemill.workflows.tags.deciding import NewTag
    from notemill.workflows.tags.findings import TagReport
    from notemill.workflows.tags.retagging import Retagging
    from twolane.front.console import Console

SHOWN_TAGS: Final = 20
SHOWN_WAITING: Final = 30
SHOWN_NOTES: Final = 3


# -- the report -----------------------------------------------------------------------------------


def show_report(found: TagReport, console: Console) -> None:
    """Show the most used tags, and possible improvements, kind by kind."""
    used = found.census.used
    tagged = len(frozenset().union(*(tag.notes for tag in used)))
    console.print(
        f"{counted(len(used), 'tag')} in {tagged:,} of {counted(found.census.notes, 'note')}"
        + (f"; {found.excluded:,} more are excluded" if found.excluded else "")
    )
    for tag in used[:SHOWN_TAGS]:
        console.print(f"  {len(tag.notes):6,}  #{shown(tag.name)}")
    _show_rest(len(used), console)
    if found.merges:
        _show_merges(found, console)
    _show_junk(
        found.droppable, "{} without a meaning; to remove one, `notemill tags drop TAG`:", console
    )
    hints = [one for one in found.junk if one.is_hint]
    _show_junk(hints, "{} that may have been pasted by accident; check them:", console)
    if found.synonyms:
        console.print()
        console.print(f"{counted(len(found.synonyms), 'pair')} that may mean the same; check them:")
        for pair in found.synonyms[:SHOWN_TAGS]:
            console.print(f"  #{pair.tag} and #{pair.other}: {pair.reason}")
        _show_rest(len(found.synonyms), console)
    if found.unread:
        console.print()
        console.print(
            f"{counted(len(found.unread), 'note')} whose tags in properties do not count, or "
            "cannot be read:"
        )
        for left in found.unread[:SHOWN_TAGS]:
            console.print(f"  {shown(trouble(left.key, left.reason))}")
        _show_rest(len(found.unread), console)


def _show_merges(found: TagReport, console: Console) -> None:
    console.print()
    console.print(f"{counted(len(found.merges), 'variant')}, to merge into the most used spelling:")
    for one in found.merges[:SHOWN_TAGS]:
        line = f"  #{one.tag} → #{one.into} ({counted(one.notes, 'note')}): {one.reason}"
        console.print(line)
    _show_rest(len(found.merges), console)
    first = found.merges[0]
    command = f"notemill tags rename {shlex.quote(first.tag)} {shlex.quote(first.into)}"
    console.print(f"  for example: {shown(command)}")


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


# -- what waits -----------------------------------------------------------------------------------


def show_waiting(waiting: Waiting, console: Console) -> None:
    """Show the pending decisions, and the commands that decide them."""
    decide = waiting.decide
    if not decide.changes and not decide.new_tags:
        console.print("no decisions are pending")
    if decide.changes:
        count = len(decide.changes)
        console.print(f"{count:,} tag change{'' if count == 1 else 's'}, to be decided one by one:")
        for one in decide.changes[:SHOWN_WAITING]:
            console.print(f"  {_change_line(one)}{kept_places(one, waiting.usage)}")
        if count > SHOWN_WAITING:
            console.print(f"  … and {count - SHOWN_WAITING:,} more; --json has all")
    if decide.new_tags:
        _show_new(decide.new_tags, waiting.place or "the vocabulary", console)
    if decide.accepted:
        waits = counted(len(decide.accepted), "change")
        console.print(f"{waits} that you accepted; write them with: notemill apply")
    if decide.turned_down:
        count = len(decide.turned_down)
        console.print(f"{count:,} more that you rejected are not proposed")
    if decide.changes or decide.new_tags:
        console.print("show one: notemill tags review --tag TAG")
        console.print("decide: notemill tags accept TAG…, notemill tags reject TAG…")


def _show_new(news: Sequence[NewTag], listed: str, console: Console) -> None:
    console.print(f"{len(news):,} new tags, not in {shown(listed)}:")
    for new in news[:SHOWN_WAITING]:
        first = ", ".join(new.notes[:SHOWN_NOTES])
        more = ", …" if len(new.notes) > SHOWN_NOTES else ""
        line = f"  #{new.tag} for {counted(len(new.notes), 'note')}: {first}{more}"
        console.print(line)
    if (left := len(news) - SHOWN_WAITING) > 0:
        console.print(f"  … and {left:,} more; --json has all")


def _change_line(one: Change) -> str:
    into = f" → #{one.becomes}" if one.becomes else ""
    return shown(f"{one.kind}: #{one.tag}{into} ({counted(len(one.notes), 'note')}): {one.reason}")


def show_proposed(proposed: ProposedChange, console: Console) -> None:
    """Show the proposals for a tag, with diffs of the notes it touches."""
    for one in proposed.chosen.changes:
        console.print(_change_line(one))
    if proposed.chosen.changes:
        _show_plan(proposed.plan, proposed.changes, console)
    for new in proposed.chosen.new_tags:
        console.print(f"new tag: #{shown(new.tag)} for {counted(len(new.notes), 'note')}")
        for key in new.notes:
            console.print(f"  {shown(key)}")


def rejected_line(one: ChangeRejected | TagRejected) -> str:
    """Return one line about what was rejected."""
    if isinstance(one, ChangeRejected):
        stays = f"#{one.tag} stays"
        return f"{stays}: it does not become #{one.into}" if one.into else stays
    if one.note:
        return f"#{one.tag} is not proposed for {one.note} again ({one.waited} waited)"
    return f"#{one.tag} is not proposed again ({one.waited} notes had it proposed)"


# -- changes --------------------------------------------------------------------------------------


def _planned(event: events.RetaggingPlanned, console: Console) -> None:
    _show_plan(event.plan, event.changes, console)


def _show_plan(plan: Retagging, changes: Sequence[NoteChange], console: Console) -> None:
    """Show what each tag becomes, diffs of some notes, and what is left alone."""
    _show_becomes(plan.becomes, "", console)
    _show_becomes(plan.listed, "in the vocabulary: ", console)
    for name, tag in plan.spellings.items():
        console.print(f"in the vocabulary: #{shown(name)} is another spelling of #{shown(tag)}")
    for tag, count in plan.joined.items():
        console.print(
            f"#{shown(tag)} already exists, in {counted(count, 'note')}; the two are merged"
        )
    show_usage(plan, console)
    for change in changes:
        print_change(change, console)
    for note in plan.touched[len(changes) :]:
        console.print(f"  {shown(note.key)}")
    for left in plan.left_alone:
        console.print(f"  left alone: {shown(trouble(left.key, left.reason))}")
    show_hidden(plan.hidden, console)


def _show_becomes(changes: Mapping[str, str | None], where: str, console: Console) -> None:
    for tag, new in list(changes.items())[:SHOWN_TAGS]:
        console.print(f"{where}#{shown(tag)} {f'→ #{shown(new)}' if new else 'goes'}")
    if len(changes) > SHOWN_TAGS:
        console.print(f"  … and {len(changes) - SHOWN_TAGS:,} more tags")


def _waiting(event: events.ChangesWait, console: Console) -> None:
    tags = ", ".join(f"#{tag}" for tag in event.tags[:SHOWN_TAGS])
    console.print(
        f"{shown(tags)} stays: change those places first, or decide without --yes in a terminal"
    )


def _written(event: EditsWritten, console: Console) -> None:
    show_endings(len(event.notes), event.run, event.failed, console)


def _vocabulary_changed(event: events.VocabularyChanged, console: Console) -> None:
    tags = counted(event.tags, "tag")
    console.print(f"vocabulary: {tags} changed; undo with: notemill undo {event.run}")


def _vocabulary_restored(_: events.VocabularyRestored, console: Console) -> None:
    console.print("the vocabulary is as it was before")


def _new_planned(event: events.NewTagsPlanned, console: Console) -> None:
    if event.change is not None:
        print_change(event.change, console)
        return
    for one in event.new_tags:
        console.print(f"new tag: #{shown(one.tag)}")


def _new_accepted(event: events.NewTagsAccepted, console: Console) -> None:
    for new in event.new_tags:
        for by in new.runs:
            console.print(
                f"#{shown(new.tag)} is proposed for {counted(len(new.notes), 'note')}; write it with: "
                f"notemill apply {by}"
            )


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    **vocabulary.RENDERERS,
    EditsWritten: _written,
    events.RetaggingPlanned: _planned,
    events.ChangesWait: _waiting,
    events.VocabularyChanged: _vocabulary_changed,
    events.VocabularyRestored: _vocabulary_restored,
    events.NewTagsPlanned: _new_planned,
    events.NewTagsAccepted: _new_accepted,
}
