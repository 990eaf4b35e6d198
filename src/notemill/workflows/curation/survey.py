"""The notes selected for a curation, and what a scan of the vault finds among them."""

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
    """Which notes to curate: the `limit` neediest whose path matches the glob `only`.

    `refresh` includes those that need nothing.
    """

    only: str | None = None
    limit: int | None = None
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """A scanned vault: which notes need work and why, are left alone, or need nothing.

    Notes `without_text` have no words of their owner's, such as a drawing without any, a query, or
    ciphertext: there is nothing to ask about. `put_off` notes need work, too, but exceed the limit;
    `sight` says which notes are hidden; `not_seen` files and folders were not read, each for a
    reason.
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
        """The notes whose tags suggestions are learned from."""
        return tuple(one for one in self.sight.seen if not one.problem)

    @property
    def notes(self) -> list[NoteFacts]:
        """The notes that need work."""
        return [one for one, _ in self.work]

    @property
    def up_to_date(self) -> int:
        """The number of notes that need nothing."""
        left = len(self.skipped) + len(self.without_text)
        return self.seen - len(self.work) - self.put_off - left
