"""What `notemill ingest` shows: one function per event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app import ingest_events as events
from notemill.cli.endings import show_troubles
from twolane import format_usd
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from notemill.app.events import Event
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
        (event.unchanged, f"{event.unchanged:,} in the vault already"),
        (event.unread, f"{event.unread:,} not read"),
    ]
    console.print(f"sources: {', '.join(words for count, words in parts if count) or 'none'}")
    show_troubles([(one.note, one.why) for one in event.left], console, lead="left alone: ")


def _long(event: events.LongSourcesToAsk, console: Console) -> None:
    console.print(
        f"{counted(event.sources, 'source')} too long for one request, asked about in "
        f"{counted(event.parts, 'part')} first: {format_usd(event.plan.estimated_nano)} of the price"
    )


RENDERERS: Final[dict[type[Event], Callable[[Any, Console], None]]] = {
    events.SourceBegun: _begun,
    events.SourceUnread: _unread,
    events.SourcesRead: _read,
    events.LongSourcesToAsk: _long,
}
