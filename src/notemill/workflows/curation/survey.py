"""What a curation is asked for, and what a scan of the vault finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.curation.candidates import Candidates
    from notemill.workflows.curation.needs import Need


@dataclass(frozen=True, slots=True)
class Selection:
    """Which notes are wanted: whose path matches the glob `only`, the `limit` neediest of them.

    `refresh` takes those that need nothing, too.
    """

    only: str | None = None
    limit: int | None = None
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """A vault scanned: what needs work and why, what is left alone, what needs nothing.

    Notes `without_text` hold no words of their owner's, such as a drawing without any, a query, or
    ciphertext: there is nothing to ask about. `put_off` notes need work, too, beyond the limit
    asked for; `sight` says which notes are hidden; `not_seen` files and folders were not looked
    into, each for a reason.
    """

    seen: int
    work: tuple[tuple[NoteFacts, Need], ...]
    skipped: tuple[LeftAlone, ...]
    without_text: tuple[str, ...]
    candidates: Candidates
    put_off: int
    sight: Sight
    not_seen: tuple[LeftAlone, ...]

    @property
    def taught(self) -> tuple[NoteFacts, ...]:
        """The notes whose tags teach which fit the others."""
        return tuple(one for one in self.sight.seen if not one.problem)

    @property
    def notes(self) -> list[NoteFacts]:
        """The notes that need work."""
        return [one for one, _ in self.work]

    @property
    def up_to_date(self) -> int:
        """Notes that need nothing."""
        left = len(self.skipped) + len(self.without_text)
        return self.seen - len(self.work) - self.put_off - left
