"""What one ingest sees of followed playlists, channels and feeds, and what becomes of their entries.

An entry is seen once its note is proposed, and never before: killed anywhere, the next look finds it
new, and what was read of it where it was kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notemill.sources.address import clean_address

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notemill.app.ingest_events import Unread
    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.sources.listed import Listed
    from notemill.stores.followed import Followed

NO_NOTE: Final = "it was read, but no note came of it; `notemill show` tells why"


def is_due(source: Followed, since: float | None, now: float) -> bool:
    """Return whether a source was not looked at since a time; None for any.

    A look that is still to come was told by a clock that was wrong, and counts for nothing.
    """
    if since is None or source.looked_at is None:
        return True
    return not since <= source.looked_at <= now


@dataclass(slots=True)
class _Look:
    """A followed source that was looked at: the keys of its new entries by the strongest of each."""

    source: Followed
    new: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def among(self, keys: Collection[str]) -> set[str]:
        """Return the strongest keys of the new entries that have one of these keys."""
        return {first for first, own in self.new.items() if not set(own).isdisjoint(keys)}


class ListLooks:
    """The lists among the sources of one ingest, as far as they are followed."""

    def __init__(self, bench: Workbench, *, only_new: bool) -> None:
        """Look for an ingest of the followed sources if `only_new`, else of what a person named."""
        self.only_new = only_new
        self._bench = bench
        self._due: tuple[Followed, ...] = ()
        self._looks: dict[str, _Look] = {}
        self._problems: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._settled: set[str] = set()
        self._asked: set[str] = set()
        self._at = 0.0

    async def due(self, since: float | None) -> tuple[str, ...]:
        """Return the addresses of what is followed and was not looked at since a time."""
        every = await self._bench.on(lambda opened: opened.following.followed())
        now = self._bench.clock()
        self._due = tuple(one for one in every if is_due(one, since, now))
        return tuple(one.address for one in self._due)

    async def wanted(self, listed: Listed) -> Collection[str]:
        """Return the strongest keys of a list's entries to be read: all, or only the new ones."""
        every = frozenset(one.keys[0] for one in listed.entries)
        return await self._bench.on(self._take_in, listed, every)

    def unread(self, one: Unread) -> None:
        """Take a source or an entry that could not be read."""
        if one.key:
            self._failed[one.key] = one.why
        else:
            self._problems[one.listed or one.source] = one.why

    def settled(self, keys: Collection[str]) -> None:
        """Take a source with these keys that needs no asking: its note has it, or is left."""
        self._settled.update(keys)

    def asked(self, keys: Collection[str]) -> None:
        """Take a source with these keys that is to be asked about."""
        self._asked.update(keys)

    async def read(self) -> None:
        """Record what reading has shown; what is to be asked about waits for `ended`."""
        self._at = self._bench.clock()
        await self._bench.on(self._record)

    async def began(self, run: str) -> None:
        """Record the run that asks about what is new."""
        if self.only_new:
            await self._bench.on(lambda opened: opened.following.began(run, self._at))

    async def ended(self) -> None:
        """Record what became of the entries, once a run has answered for all that was asked."""
        asked = {key: NO_NOTE for one in self._looks.values() for key in one.among(self._asked)}
        await self._bench.on(self._settle, asked)

    # -- on the vault's thread ----------------------------------------------------------------

    def _take_in(self, opened: OpenVault, listed: Listed, every: frozenset[str]) -> frozenset[str]:
        address = clean_address(listed.address)
        source = next(
            (
                one
                for one in opened.following.followed()
                if one.key == listed.key or one.address == address
            ),
            None,
        )
        if source is None:  # to follow it has ended since, if it was
            return frozenset() if self.only_new else every
        new = opened.following.take_in(source.key, listed.entries)
        look = self._looks.setdefault(source.key, _Look(source))
        look.new |= {one.keys[0]: one.keys for one in listed.entries if one.keys[0] in new}
        known = opened.new_notes.proposed({key for own in look.new.values() for key in own})
        return new - look.among(known) if self.only_new else every

    def _record(self, opened: OpenVault) -> None:
        looked = {one.key: one for one in self._due}
        looked |= {key: one.source for key, one in self._looks.items()}
        opened.following.looked(
            ((key, self._problems.get(one.address, "")) for key, one in looked.items()), self._at
        )
        if self.only_new:
            opened.following.began("", self._at)
        self._settle(opened, self._failed)

    def _settle(self, opened: OpenVault, failed: Mapping[str, str]) -> None:
        """Mark the entries that are done with, and count a try of those that failed.

        What a person named is tried as often as the person likes: only looks for what is new count.
        """
        done: set[str] = set()
        for one in self._looks.values():
            keys = {key for own in one.new.values() for key in own}
            done |= one.among(self._settled | opened.new_notes.proposed(keys))
        opened.following.see(done, self._at)
        if self.only_new:
            tried = {key: why for key, why in failed.items() if key not in done}
            opened.following.fail(tried, self._at)
