"""What became of the sources of one ingest before any of them is asked about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.app.ingest_events import IngestEnded, Left, SourcesRead, Unchanged, Unread
from twolane import EMPTY_REPORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.app.ingest_steps import Kept
    from twolane import Run


@dataclass(slots=True)
class Found:
    """Sources by what became of them; `keys` are those to ask about."""

    keys: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unchanged: list[Unchanged] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    enriched: int = 0

    def take(self, one: Kept | Unchanged | Left) -> None:
        """Count a source; one that was named twice counts once."""
        match one:
            case Left():
                self.left.append(one)
            case Unchanged():
                self.unchanged.append(one)
            case _ if one.key not in self.keys:
                self.keys.append(one.key)
                self.enriched += one.enriches

    def give_up(self, unread: Mapping[str, Unread]) -> None:
        """Count sources among those that could not be read, by their keys."""
        self.keys = [one for one in self.keys if one not in unread]
        self.unread += unread.values()

    def event(self) -> SourcesRead:
        """Return it as what a front shows."""
        new = len(self.keys) - self.enriched
        return SourcesRead(
            new, self.enriched, len(self.unchanged), tuple(self.left), len(self.unread)
        )


def ended_of(run: Run | None, found: Found) -> IngestEnded:
    """Return the state of an ingest that has asked nothing yet."""
    return IngestEnded(
        run,
        EMPTY_REPORT,
        unread=tuple(found.unread),
        unchanged=tuple(found.unchanged),
        left=tuple(found.left),
    )
