"""The nightly looks of a server: due once a night, caught up once, never two at a time."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from notemill.app.mill import Mill
from notemill.app.work_followed import MOST_NEW
from notemill.config import NIGHTLY_VARIABLE, Exclusions
from notemill.sources.youtube import faults
from notemill.web.desk import Desk
from notemill.web.jobs import JobState
from notemill.web.nights import LOOKS_EVERY_S, QUIET_HOUR, Nights, last_night
from notemill.web.site import create_site
from tests.notemill.following import CHANNEL, DAY, Follower
from tests.notemill.web.asking import asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.events import Front
    from notemill.app.work import Work
    from notemill.app.work_ended import WorkEnded
    from notemill.web.jobs import Job

pytestmark = pytest.mark.loopback

EVENING = (2027, 1, 15, 21, 0, 0, 0, 0, -1)


class NearDesk(Desk):
    """A desk whose work reads the web of a test."""

    vault: Follower

    async def carry_out(self, work: Work, front: Front) -> WorkEnded:
        """Do a piece of work over the vault."""
        assert self.root is not None
        async with await Mill.open(
            self.root, self.settings, front, exclusions=Exclusions(), clock=self.clock
        ) as mill:
            self.vault.give(mill)
            return await work.run(mill)


@pytest.fixture
async def vault(tmp_path: Path) -> Follower:
    """A vault that follows a channel since an evening."""
    made = Follower(tmp_path, now=time.mktime(EVENING))
    made.youtube.lists["@ton"] = [1]
    await made.follow(CHANNEL)
    made.youtube.lists["@ton"] = [2, 1]
    return made


@asynccontextmanager
async def desk_of(vault: Follower) -> AsyncIterator[NearDesk]:
    """Open the desk of a server over the vault."""
    desk = await NearDesk.open(vault.root, vault.settings, clock=lambda: vault.now)
    desk.vault = vault
    try:
        yield desk
    finally:
        await desk.aclose()


def jobs(desk: Desk) -> list[Job]:
    """Return the jobs of a server."""
    return list(desk.jobs)


async def test_a_night_is_taken_once(vault: Follower) -> None:
    """Not before the quiet hour, once in it, and not again until the next."""
    async with desk_of(vault) as desk:
        nights = Nights(desk)
        assert not await nights.look()
        vault.now += 7 * 3_600
        assert await nights.look()
        assert not await nights.look()
        (job,) = jobs(desk)
        assert (job.state, job.kind) == (JobState.ENDED, "followed")
        assert job.result is not None
        assert job.result["found"] > 0
        assert vault.youtube.asked == [2]
        vault.now += DAY
        vault.youtube.lists["@ton"] = [3, 2, 1]
        assert await nights.look()
        assert vault.youtube.asked == [2, 3]


async def test_an_archive_that_is_new_takes_nights(vault: Follower) -> None:
    """A publisher who renames all entries has a hundred of them read in a night, the newest first."""
    vault.youtube.lists["@ton"] = list(range(MOST_NEW + 3, 0, -1))
    vault.youtube.faults |= dict.fromkeys(range(1, MOST_NEW), faults.NO_CAPTIONS)
    vault.now += DAY
    async with desk_of(vault) as desk:
        await Nights(desk).look()
    assert len(vault.youtube.asked) == MOST_NEW
    assert vault.youtube.asked[0] == MOST_NEW + 3
    (seen, new) = (await vault.counts())["Ton"]
    assert (seen, new) == (5, MOST_NEW - 2)


async def test_missed_nights_are_caught_up_once(vault: Follower) -> None:
    """A server that starts in the fourth morning looks once, at once."""
    vault.now += 3.5 * DAY
    async with desk_of(vault) as desk:
        waits: list[float] = []
        stop = asyncio.Event()

        async def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                stop.set()
                await asyncio.Event().wait()

        nights = Nights(desk, wait=wait)
        nights.begin()
        await stop.wait()
        await nights.end()
        assert waits == [LOOKS_EVERY_S] * 3
        assert len(jobs(desk)) == 1
        assert vault.youtube.asked == [2]


async def test_a_restart_and_a_second_server_find_the_night_taken(vault: Follower) -> None:
    """Both go by when the sources were looked at, whoever did it; also where that failed."""
    vault.now += DAY
    vault.youtube.list_fault = faults.UNREACHED
    async with desk_of(vault) as one, desk_of(vault) as other:
        assert await Nights(one).look()
        assert not await Nights(other).look()
    async with desk_of(vault) as again:
        assert not await Nights(again).look()
    vault.youtube.list_fault = None
    vault.now += DAY
    await vault.take()
    async with desk_of(vault) as desk:
        assert not await Nights(desk).look()


async def test_other_work_goes_first_and_the_night_waits(vault: Follower) -> None:
    """Where the vault is locked the next look tries again, and then takes it once."""
    vault.now += DAY
    async with desk_of(vault) as desk:
        nights = Nights(desk)
        async with vault.open() as mill, mill.working("a curation"):
            assert await nights.look()
        assert vault.youtube.asked == []
        assert await nights.look()
        assert not await nights.look()
    assert vault.youtube.asked == [2]


async def test_the_setting_and_an_empty_list_keep_it_quiet(
    vault: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switched off, or with nothing followed, no job is begun."""
    vault.now += DAY
    async with desk_of(vault) as desk:
        monkeypatch.setenv(NIGHTLY_VARIABLE, "off")
        assert not await Nights(desk).look()
        monkeypatch.delenv(NIGHTLY_VARIABLE)
        async with vault.open() as mill:
            await mill.following.stop([CHANNEL])
        assert not await Nights(desk).look()
        assert jobs(desk) == []


async def test_a_server_that_ends_stops_looking(vault: Follower) -> None:
    """The wait between two looks is cut short."""
    waits = asyncio.Event()
    ended: list[float] = []

    async def wait(seconds: float) -> None:
        waits.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(seconds)

    async with desk_of(vault) as desk:
        nights = Nights(desk, wait=wait)
        nights.begin()
        async with asyncio.timeout(5):
            await waits.wait()
            assert not ended
            await nights.end()
    assert ended == [LOOKS_EVERY_S]


async def test_the_morning_tells_what_came_and_what_failed(vault: Follower) -> None:
    """New notes that wait, entries without captions, and sources that could not be read."""
    vault.now += DAY
    vault.youtube.lists["@ton"] = [3, 2, 1]
    vault.youtube.faults[3] = faults.NO_CAPTIONS
    async with desk_of(vault) as desk:
        await Nights(desk).look()
        assert desk.mill is not None
        news = await desk.mill.following.news()
        assert news is not None
        assert (news.waiting, news.run, news.problems) == (1, jobs(desk)[0].run, ())
        assert [(one.title, one.source, one.given_up) for one in news.failed] == [
            ("Talk 3", "Ton", False)
        ]
        page = (await asked(create_site(desk), "GET", "/?whole=true", [])).body.decode()
        assert "1 new note to review" in page
        assert f"/review?kind=note&amp;run={news.run}" in page
        assert "The video has no captions" in page
        vault.now += 30 * DAY
        assert await desk.mill.following.news() is None


def test_the_last_night_is_of_this_place_and_before_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """By local time, over months, and over the hours that clocks are moved."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        for month in range(1, 13):
            for hour in (0, QUIET_HOUR - 1, QUIET_HOUR, 23):
                for day in (1, 28, 29):
                    now = time.mktime((2026, month, day, hour, 30, 0, 0, 0, -1))
                    night = last_night(now)
                    assert time.localtime(night).tm_hour == QUIET_HOUR
                    assert 0 <= now - night < 25 * 3_600
    finally:
        monkeypatch.undo()
        time.tzset()
