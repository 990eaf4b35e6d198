"""What an ingest reports while it reads sources, and what it ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.app.events import Event

if TYPE_CHECKING:
    from twolane import Plan, Report, Run, RunState


@dataclass(frozen=True, slots=True)
class Unread:
    """A source that no note could be made of, and why; `waits` if it is worth another try later.

    Of an entry of a list, `listed` is the list as it was named, and `key` the entry's; without a key
    it was the list or its host, and nothing is said of the entry.
    """

    source: str
    why: str
    waits: bool = False
    listed: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A source whose note has all of it already, and that note.

    `run` has proposed the note, which is not written yet; '' if it is there.
    """

    source: str
    note: str
    run: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Left(Unchanged):
    """A source that has changed, and whose note is left as it is, and why."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceBegun(Event):
    """Reading the source of this number begins; `of` is how many there are, as far as is known."""

    number: int
    of: int
    source: str


@dataclass(frozen=True, slots=True)
class SourceUnread(Event):
    """A source could not be read."""

    unread: Unread


@dataclass(frozen=True, slots=True)
class SourcesRead(Event):
    """All sources were read: how many become notes, are in the vault unchanged, or are left."""

    new: int
    enriched: int
    unchanged: int
    left: tuple[Left, ...]
    unread: int


@dataclass(frozen=True, slots=True)
class LongSourcesToAsk(Event):
    """So many sources are long, and asked about in parts first; `plan` is its part of the price."""

    sources: int
    parts: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class MadeNote:
    """A note that an ingest proposes or has written; `state` is that of its proposal."""

    note: str
    source: str
    title: str
    state: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestEnded:
    """The state of an ingest when the work on it ends.

    `run` is None if there was nothing to ask. `complete` if every source that could be read has its
    note, or a proposal that waits for a person.
    """

    run: Run | None
    report: Report
    notes: tuple[MadeNote, ...] = ()
    unread: tuple[Unread, ...] = ()
    unchanged: tuple[Unchanged, ...] = ()
    left: tuple[Left, ...] = ()
    complete: bool = True

    @property
    def state(self) -> RunState | None:
        """The state of its run."""
        return None if self.run is None else self.run.row.state
