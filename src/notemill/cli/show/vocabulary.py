"""What `notemill tags vocabulary`, `apply` and `adopt` show: one function per event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app import tag_events as events
from notemill.cli.diffs import print_diff
from notemill.cli.show.curation import SHOWN_CHANGES
from twolane.front.console import counted, print_report, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.events import Event
    from twolane.front.console import Console

SHOWN_NAMES: Final = 10


def _differs(event: events.ListDiffers, console: Console) -> None:
    for line in event.lines[:SHOWN_CHANGES]:
        console.print(f"  {line}")
    if len(event.lines) > SHOWN_CHANGES:
        console.print(f"  … and {len(event.lines) - SHOWN_CHANGES:,} more")


def _stay(event: events.ChangesStay, console: Console) -> None:
    for tag in event.tags:
        line = f"#{tag} stays: you rejected its change (to make it all the same: notemill tags accept {tag})"
        console.print(line)


def _adopted(event: events.VocabularyAdopted, console: Console) -> None:
    instead = f" instead of {event.before}" if event.before else ""
    console.print(f"{event.note} now holds the vocabulary{instead}")


def _list_planned(event: events.ListPlanned, console: Console) -> None:
    change = event.change
    if change.after == change.before:
        console.print(f"nothing new for {shown(change.note)}")
    else:
        print_diff(console, change.before, change.after, change.note)


def _list_written(event: events.ListWritten, console: Console) -> None:
    console.print(f"{shown(event.note)} written; undo with: notemill undo {event.run}")


def _arranged_here(_: events.ArrangedHere, console: Console) -> None:
    console.print(
        "provider: offline (tags are arranged by the notes they appear in; set ANTHROPIC_API_KEY to "
        "ask a model)"
    )


def _all_arranged(_: events.AllArranged, console: Console) -> None:
    console.print("every tag is already in its place; nothing to ask")


def _to_ask(event: events.TagsToAsk, console: Console) -> None:
    before = ", after one for the headings" if event.headings else ""
    console.print(f"{counted(event.tags, 'tag')} in {counted(event.requests, 'request')}{before}")


def _round_reported(event: events.RoundReported, console: Console) -> None:
    print_report(event.report, console)


def _unfinished(_: events.RoundUnfinished, console: Console) -> None:
    console.print("not finished; run the same command again to continue")


def _arranged(event: events.TagsArranged, console: Console) -> None:
    """Show what was dropped from the answers, and how to retry the failures."""
    for names, one, many in (
        (
            event.missing,
            "tag is missing from the answers and keeps its place",
            "tags are missing from the answers and keep their places",
        ),
        (
            event.kept,
            "tag stays: it says more than what it would become, or is in use",
            "tags stay: they say more than what they would become, or are in use",
        ),
        (
            event.refused,
            "name in the answers is no tag that was asked about, and is ignored",
            "names in the answers are not tags that were asked about, and are ignored",
        ),
    ):
        if names:
            what = one if len(names) == 1 else many
            first = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
            more = ", …" if len(names) > SHOWN_NAMES else ""
            console.print(f"{len(names):,} {what}: {first}{more}")
    if event.failed:
        console.print("run the same command again to ask about what failed")


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    events.ListDiffers: _differs,
    events.ChangesStay: _stay,
    events.VocabularyAdopted: _adopted,
    events.ListPlanned: _list_planned,
    events.ListWritten: _list_written,
    events.ArrangedHere: _arranged_here,
    events.AllArranged: _all_arranged,
    events.TagsToAsk: _to_ask,
    events.RoundReported: _round_reported,
    events.RoundUnfinished: _unfinished,
    events.TagsArranged: _arranged,
}
