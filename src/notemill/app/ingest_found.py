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
    """Sources by what became of them; those `kept`, by their keys, are to be asked about."""

    kept: dict[str, Kept] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    unchanged: list[Unchanged] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The keys of what is to be asked about."""
        return list(self.kept)

    def take(self, one: Kept | Unchanged | Left | Unread) -> None:
        """Count a source; one that was named twice counts once."""
        match one:
            case Unread():
                self.unread.append(one)
            case Left():
                self.left.append(one)
            case Unchanged():
                self.unchanged.append(one)
            case _:
                self.kept.setdefault(one.key, one)

    def give_up(self, unread: Mapping[str, Unread]) -> None:
        """Count sources among those that could not be read, by their keys."""
        self.kept = {key: one for key, one in self.kept.items() if key not in unread}
        self.unread += unread.values()

    def event(self) -> SourcesRead:
        """Return it as what a front shows."""
        enriched = sum(one.enriches for one in self.kept.values())
        new = len(self.kept) - enriched
        return SourcesRead(new, enriched, len(self.unchanged), tuple(self.left), len(self.unread))


def ended_of(run: Run | None, found: Found) -> IngestEnded:
    """Return the state of an ingest that has asked nothing yet."""
    return IngestEnded(
        run,
        EMPTY_REPORT,
        unread=tuple(found.unread),
        unchanged=tuple(found.unchanged),
        left=tuple(found.left),
    )
