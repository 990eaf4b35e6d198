"""Following sources: playlists, channels and feeds, of which only what is new is read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.ingest_events import SourceUnread, Unread
from notemill.app.list_looks import is_due
from notemill.app.listing import check_list, list_at
from notemill.errors import MissingExtraError, SourceError, UsageError
from notemill.sources.address import canonical_address
from notemill.sources.arguments import Argument, what
from notemill.stores.proposals import ProposalState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.sources.fetching import Fetcher
    from notemill.sources.listed import Listed
    from notemill.sources.youtube.reading import YouTube
    from notemill.stores.followed import FailedEntry, Followed


NEWS_FOR_S: Final = 7 * 86_400.0
"""How long a look is news: where there are no nights, what has failed once is not told for ever."""


@dataclass(frozen=True, slots=True)
class FollowedNow:
    """What came of following sources: those that are, `known` among them before, and failures.

    `notices` say of a source what of it is not listed: its title, and a sentence.
    """

    sources: tuple[Followed, ...]
    known: frozenset[str]
    notices: tuple[tuple[str, str], ...]
    unread: tuple[Unread, ...]


@dataclass(frozen=True, slots=True)
class FollowedNews:
    """What the last look at followed sources brought.

    `run` is the one that it began, '' for none; `waiting` are its notes that wait for a person.
    `failed` are entries, `problems` the titles of sources that could not be read, and why.
    """

    at_s: float
    run: str
    waiting: int
    failed: tuple[FailedEntry, ...]
    problems: tuple[tuple[str, str], ...]


class Follows:
    """The service that keeps which sources a vault follows."""

    def __init__(
        self, bench: Workbench, *, fetcher: Fetcher | None = None, youtube: YouTube | None = None
    ) -> None:
        """Follow for the vault of `bench`; None looks at the public web, and at YouTube."""
        self._bench = bench
        self._fetcher = fetcher
        self._youtube = youtube

    async def follow(self, sources: Sequence[str], *, everything: bool = False) -> FollowedNow:
        """Look at sources once, and follow them; what they have now is seen, unless `everything`.

        One that cannot be looked at is named, and the others are followed. Raises UsageError for
        what is no list before any is looked at.
        """
        from notemill.sources.fetching import Fetcher  # noqa: PLC0415  # aiohttp is heavy
        from notemill.sources.youtube.reading import YouTube  # noqa: PLC0415  # as above

        bench = self._bench
        arguments = await asyncio.to_thread(_arguments, sources)
        fetcher, youtube = self._fetcher or Fetcher(), self._youtube or YouTube()
        keys: list[str] = []
        known: set[str] = set()
        notices: list[tuple[str, str]] = []
        unread: list[Unread] = []
        for one in arguments:
            try:
                listed = await list_at(one, fetcher=fetcher, youtube=youtube)
            except (SourceError, MissingExtraError) as error:
                unread.append(Unread(one.text, str(error)))
                bench.front.tell(SourceUnread(unread[-1]))
                continue
            keys.append(listed.key)
            notices += ((listed.title, said) for said in listed.notices)
            if not await bench.on(_follow, listed, everything=everything):
                known.add(listed.key)
        every = {one.key: one for one in await self.followed()}
        now = tuple(every[key] for key in dict.fromkeys(keys))
        return FollowedNow(now, frozenset(known), tuple(notices), tuple(unread))

    async def followed(self) -> tuple[Followed, ...]:
        """Return what is followed, the longest followed first."""
        return await self._bench.on(lambda opened: opened.following.followed())

    async def stop(self, sources: Sequence[str]) -> tuple[Followed, ...]:
        """Follow sources no longer, each named by its address or title; return them.

        Raises UsageError, before any is stopped, if one is not followed.
        """
        every = await self.followed()
        found = tuple(dict.fromkeys(_named(every, one) for one in sources))

        def stop(opened: OpenVault) -> None:
            for one in found:
                opened.following.unfollow(one.key)

        await self._bench.on(stop)
        return found

    async def is_due(self, since: float) -> bool:
        """Return whether a source is followed that was not looked at since a time."""
        now = self._bench.clock()
        return any(is_due(one, since, now) for one in await self.followed())

    async def news(self) -> FollowedNews | None:
        """Return what the last look at followed sources brought, None if there is nothing to say."""
        return await self._bench.on(_news)


def _news(opened: OpenVault) -> FollowedNews | None:
    look = opened.following.last_look()
    if look is None or opened.clock() - look[0] > NEWS_FOR_S:
        return None
    at, run = look
    shows = opened.look().shows
    pending = opened.new_notes.of_run(run, ProposalState.PENDING) if run else []
    news = FollowedNews(
        at,
        run,
        sum(shows(one.note) for one in pending),
        opened.following.failed(at),
        tuple((one.title, one.problem) for one in opened.following.followed() if one.problem),
    )
    return news if news.waiting or news.failed or news.problems else None


def _arguments(sources: Sequence[str]) -> list[Argument]:
    """Return what is named, the lines of a list one by one. Raises UsageError for no list."""
    found: list[Argument] = []
    for source in sources:
        argument = what(source)
        found += argument.entries or (argument,)
    for one in found:
        check_list(one)
    return found


def _follow(opened: OpenVault, listed: Listed, *, everything: bool) -> bool:
    return opened.following.follow(listed, everything=everything, now=opened.clock())


def _named(every: Sequence[Followed], name: str) -> Followed:
    """Return the followed source that is named. Raises UsageError."""
    address = canonical_address(name)
    for one in every:
        if name.strip() in (one.title, one.key, one.address):
            return one
        if address and address in (one.key, canonical_address(one.address)):
            return one
    raise UsageError(f"{name} is not followed; `notemill follow` lists what is")
