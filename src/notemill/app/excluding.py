"""Exclusions: which notes each matches. Nothing else shows an excluded note."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.config import exclusions_of, without_blanks
from notemill.privacy import Privacy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.config import Exclusions

MOST_NOTES: Final = 100
"""The most notes that are named for one exclusion."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """An exclusion as it was written, and what it matches in the vault.

    `count` notes match, of which `notes` are the first; with none, `elsewhere` tells that other
    files match, and `nearest` is the name that may have been meant, '' if nothing comes near.
    `otherwise_written` tells that no match is written like the exclusion, in case or Unicode form:
    they match all the same.
    """

    entry: str
    count: int
    notes: tuple[str, ...]
    elsewhere: bool
    nearest: str
    otherwise_written: bool

    @property
    def hint(self) -> str:
        """What a person should know about it, '' if there is nothing to say."""
        if self.elsewhere:
            return "no note matches, but other files do"
        if not self.count:
            near = f"; did you mean {self.nearest}?" if self.nearest else ""
            return f"no note matches{near}"
        if self.otherwise_written:
            return "written differently in the vault; that does not matter, the notes match"
        return ""


class Excluding:
    """The service for the exclusions of one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Look at the vault of `bench`."""
        self._bench = bench

    async def matches(
        self, entries: Sequence[str], *, most: int = MOST_NOTES
    ) -> tuple[Excluded, ...]:
        """Return what each of `entries` would exclude, without excluding it.

        At most `most` notes are named for each. Raises UsageError for one that names nothing,
        VaultError.
        """
        found = await self._bench.on(_matches_in, exclusions_of(entries), most)
        return tuple(
            replace(found[without_blanks(one)], entry=one) for one in dict.fromkeys(entries)
        )

    async def also(self, exclusions: Exclusions) -> None:
        """Exclude these notes, too, from now on, in whatever is done with this open vault."""
        await self._bench.on(_exclude_also, exclusions)


def _exclude_also(opened: OpenVault, exclusions: Exclusions) -> None:
    opened.privacy = opened.privacy.and_also(exclusions)


def _matches_in(opened: OpenVault, exclusions: Exclusions, most: int) -> dict[str, Excluded]:
    facts = opened.look().facts
    privacy = Privacy(exclusions)
    unmatched = {one.entry: one for one in privacy.sort(facts, opened.vault.all_keys).unmatched}
    return {
        entry: Excluded(
            entry,
            found.count,
            found.notes,
            not found.count and entry not in unmatched,
            unmatched[entry].nearest if entry in unmatched else "",
            found.otherwise_written,
        )
        for entry, found in privacy.matches(facts, most=most).items()
    }
