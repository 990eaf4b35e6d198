"""What `notemill ingest` shows: one function per event."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from notemill.app import ingest_events as events
from notemill.cli.endings import show_troubles
from twolane import format_usd
from twolane.front.console import Table, counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.app.events import Event
    from notemill.app.following import FollowedNow
    from notemill.stores.followed import Followed
    from twolane.front.console import Console


def _begun(event: events.SourceBegun, console: Console) -> None:
    if event.of > 1:
        console.print(shown(f"reading {event.number:,} of {event.of:,}: {event.source}"))


def _unread(event: events.SourceUnread, console: Console) -> None:
    show_troubles([(event.unread.source, event.unread.why)], console, lead="not read: ")


def _read(event: events.SourcesRead, console: Console) -> None:
    """Show how many sources become notes, and what is there already."""
    parts = [
        (event.new, f"{counted(event.new, 'new note')}"),
        (event.enriched, f"{counted(event.enriched, 'note')} to add to"),
        (event.unchanged, f"{event.unchanged:,} known already"),
        (event.unread, f"{event.unread:,} not read"),
    ]
    console.print(f"sources: {', '.join(words for count, words in parts if count) or 'none'}")
    show_troubles([(one.note, one.why) for one in event.left], console, lead="left alone: ")


def _long(event: events.LongSourcesToAsk, console: Console) -> None:
    cost = event.plan.estimated_nano
    console.print(
        f"{counted(event.sources, 'source')} too long for one request, asked about in "
        f"{counted(event.parts, 'part')} first"
        f"{f': {format_usd(cost)} of the price' if cost else ''}"
    )


def show_followed(found: Sequence[Followed], console: Console) -> None:
    """Show what is followed in a table, and what could not be read when it was last looked at."""
    if not found:
        console.print("nothing is followed yet; begin with: notemill follow ADDRESS")
        return
    table = Table(("source", "since", "last look", "seen", "new"), frozenset({"seen", "new"}))
    for one in found:
        last = "never" if one.looked_at is None else _when(one.looked_at)
        table.add(one.title, _when(one.since), last, f"{one.seen:,}", f"{one.new:,}")
    console.print_table(table)
    troubles = [(one.title, one.problem) for one in found if one.problem]
    show_troubles(troubles, console, lead="not read: ")
    if any(one.new for one in found):
        console.print("take what is new: notemill ingest --followed")


def show_now(now: FollowedNow, console: Console) -> None:
    """Show which sources are followed from now on, and what that means for what is in them."""
    for one in now.sources:
        entries = f"{counted(one.seen, 'entry')} seen, {one.new:,} new"
        how = "is followed already" if one.key in now.known else "is followed from now on"
        console.print(shown(f"{one.title} {how}: {entries}"))
    show_troubles(now.notices, console, lead="")


def _when(at_s: float) -> str:
    return datetime.fromtimestamp(at_s).astimezone().strftime("%Y-%m-%d %H:%M")


RENDERERS: Final[dict[type[Event], Callable[[Any, Console], None]]] = {
    events.SourceBegun: _begun,
    events.SourceUnread: _unread,
    events.SourcesRead: _read,
    events.LongSourcesToAsk: _long,
}
