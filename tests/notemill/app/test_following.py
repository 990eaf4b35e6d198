"""Following playlists, channels and feeds: what is new of them becomes notes, once and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.ingest_steps import IngestOptions
from notemill.app.terms import FOLLOWED_WITHIN_S, RunTerms, cheap
from notemill.errors import UsageError, VaultLockedError
from notemill.sources.youtube import faults
from notemill.stores.followed import MOST_TRIES, TRIED_FOR_S
from notemill.stores.proposals import ProposalState
from tests.doubles import ScriptedProvider
from tests.notemill.following import (
    CHANNEL,
    DAY,
    PLAYLIST,
    TERMS,
    Follower,
    feed,
    video,
)
from tests.notemill.fronts import KeepingFront
from tests.notemill.sources.test_fetching import Site
from tests.notemill.workflows.notes import Desk, curated
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.ingest_events import IngestEnded
    from notemill.app.mill import Mill
    from notemill.sources.youtube.visit import Visit
    from notemill.sources.youtube.ytdlp import Found
    from notemill.stores.followed import Followed

pytestmark = pytest.mark.loopback


@pytest.fixture
def vault(tmp_path: Path) -> Follower:
    """A vault that follows nothing yet."""
    return Follower(tmp_path)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Serve feeds on loopback."""
    served = Site()
    await served.start()
    yield served
    await served.stop()


def titles(ended: IngestEnded) -> list[str]:
    """Return the titles of the notes of an ingest."""
    return sorted(one.title for one in ended.notes)


# -- following ------------------------------------------------------------------------------------


async def test_what_is_there_when_a_source_is_followed_is_not_read(
    vault: Follower, site: Site
) -> None:
    """Only what comes later is new; it becomes one note, and is seen once that is proposed."""
    vault.youtube.lists["@ton"] = [2, 1]
    await vault.follow(CHANNEL, feed(site, "news", "a", "b"))
    assert await vault.counts() == {"Ton": (2, 0), "Feed news": (2, 0)}
    assert titles(await vault.take()) == []
    vault.youtube.lists["@ton"] = [3, 2, 1]
    feed(site, "news", "c", "a", "b")
    assert titles(await vault.take()) == ["Talk 3", "c"]
    assert vault.youtube.asked == [3]
    assert await vault.counts() == {"Ton": (3, 0), "Feed news": (3, 0)}
    assert titles(await vault.take()) == []


async def test_all_that_a_source_has_can_be_new(vault: Follower, site: Site) -> None:
    """`--all` reads what is in it; following it again changes nothing."""
    address = feed(site, "news", "a", "b")
    await vault.follow(address, everything=True)
    assert await vault.counts() == {"Feed news": (0, 2)}
    async with vault.open() as mill:
        again = await mill.following.follow([address])
    assert again.known == {one.key for one in again.sources}
    assert await vault.counts() == {"Feed news": (0, 2)}
    assert titles(await vault.take()) == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"https://youtu.be/{video(1)}", "a single video"),
        ("kiln.vtt", "is a file"),
        ("nowhere.txt", "no file"),
    ],
)
async def test_what_never_changes_is_not_followed(
    vault: Follower, monkeypatch: pytest.MonkeyPatch, source: str, words: str
) -> None:
    """A single video and a file are refused with what to do, before anything is looked at."""
    monkeypatch.chdir(vault.folder)
    (vault.folder / "kiln.vtt").write_text("WEBVTT\n")
    vault.youtube.lists["@ton"] = [1]
    async with vault.open() as mill:
        with pytest.raises(UsageError, match=words):
            await mill.following.follow([CHANNEL, source])
        assert await mill.following.followed() == ()


async def test_a_page_is_not_followed_and_the_others_are(vault: Follower, site: Site) -> None:
    """A page has nothing new in it; what else was named is followed."""
    link = '<link rel="Alternate" type="application/rss+xml" href="/news?utm_source=x">'
    named = site.gives("named", data=f"<html><head>{link}</head><p>Clay.</p></html>".encode())
    async with vault.open() as mill:
        now = await mill.following.follow([site.gives("page"), named, feed(site, "news", "a")])
    plain, telling = now.unread
    assert "give the address of its feed" in plain.why
    assert f"follow its feed: {site.at('news')}," in telling.why
    assert [one.title for one in now.sources] == ["Feed news"]


async def test_two_feeds_of_one_page_are_two_sources(vault: Follower, site: Site) -> None:
    """A publisher's feeds often name the same page; each is followed by where it lies."""
    await vault.follow(feed(site, "one", "a"), feed(site, "two", "b"))
    assert await vault.counts() == {"Feed one": (1, 0), "Feed two": (1, 0)}


async def test_following_ends_by_any_name_of_the_source(vault: Follower, site: Site) -> None:
    """Its address in another spelling, or its title; what is not followed is said."""
    vault.youtube.lists["@ton"] = [1]
    await vault.follow(CHANNEL, feed(site, "news", "a"))
    async with vault.open() as mill:
        with pytest.raises(UsageError, match="not followed"):
            await mill.following.stop(["Ton", "https://kiln.example/other"])
        assert len(await mill.following.followed()) == 2
        await mill.following.stop(["http://youtube.com/@Ton/", "Feed news"])
        assert await mill.following.followed() == ()
    assert titles(await vault.take()) == []


# -- once, and all of it --------------------------------------------------------------------------


async def test_one_entry_of_two_lists_is_one_note(vault: Follower) -> None:
    """It is read once, and seen in both."""
    vault.youtube.lists = {"@ton": [1], "PLkiln": []}
    vault.youtube.lists["PLkiln"] = [1]
    await vault.follow(CHANNEL, PLAYLIST)
    vault.youtube.lists = {"@ton": [2, 1], "PLkiln": [1, 2]}
    assert titles(await vault.take()) == ["Talk 2"]
    assert vault.youtube.asked == [2]
    assert set((await vault.counts()).values()) == {(2, 0)}


async def test_naming_a_followed_source_marks_its_entries(vault: Follower) -> None:
    """What a person has ingested by hand is not new any more, also once its run is forgotten."""
    vault.youtube.lists["@ton"] = [1]
    await vault.follow(CHANNEL)
    vault.youtube.lists["@ton"] = [2, 1]
    ended = await vault.take(CHANNEL)
    assert titles(ended) == ["Talk 1", "Talk 2"]
    assert await vault.counts() == {"Ton": (2, 0)}
    assert titles(await vault.take()) == []


async def test_what_was_turned_down_does_not_come_back(vault: Follower) -> None:
    """A rejected note of a followed source is seen."""
    vault.youtube.lists["@ton"] = []
    vault.youtube.lists["@ton"] = [1]
    await vault.follow(CHANNEL, everything=True)
    ended = await vault.take()
    assert ended.run is not None
    async with vault.open() as mill:
        run = ended.run.id
        await mill.on(
            lambda opened: opened.review.decide(
                opened.review.proposals(run), ProposalState.REJECTED, now=1.0
            )
        )
    assert titles(await vault.take()) == []


async def test_what_was_turned_down_before_it_was_followed_stays_away(vault: Follower) -> None:
    """Also where nothing recorded that it was seen, as a kill may have it."""
    vault.youtube.lists["@ton"] = [1]
    ended = await vault.take(CHANNEL)
    assert ended.run is not None
    run = ended.run.id
    await vault.follow(CHANNEL, everything=True)
    async with vault.open() as mill:
        await mill.on(
            lambda opened: opened.review.decide(
                opened.review.proposals(run), ProposalState.REJECTED, now=1.0
            )
        )
    assert titles(await vault.take()) == []
    assert vault.youtube.asked == [1]


async def test_a_channel_is_the_same_if_it_does_not_tell_its_id_today(vault: Follower) -> None:
    """Else all that it has would be new."""
    vault.youtube.lists["@ton"] = [2, 1]
    await vault.follow(CHANNEL)
    vault.youtube.tells_id = False
    assert titles(await vault.take()) == []
    vault.youtube.lists["@ton"] = [3, 2, 1]
    assert titles(await vault.take()) == ["Talk 3"]


class KilledError(Exception):
    """Stands for the end of a process."""


async def test_killed_anywhere_nothing_is_missed_or_read_twice(vault: Follower) -> None:
    """Killed while reading, and again before the notes are proposed: each comes once."""
    vault.youtube.lists["@ton"] = [3, 2, 1]
    await vault.follow(CHANNEL, everything=True)
    read = vault.youtube.video

    def killing(video: str, visit: Visit) -> Found:
        if vault.youtube.asked == [3, 2]:
            raise KilledError
        return read(video, visit)

    vault.youtube.video = killing  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        await vault.take()
    vault.youtube.video = read  # type: ignore[method-assign]
    async with vault.open() as mill:

        async def killed(_: object) -> None:
            raise KilledError

        mill.ingesting.collect = killed  # type: ignore[method-assign, assignment]
        with pytest.raises(KilledError):
            await mill.ingesting.ingest(None, IngestOptions(), TERMS)
    assert titles(await vault.take()) == ["Talk 1", "Talk 2", "Talk 3"]
    assert vault.youtube.asked == [3, 2, 1]
    assert await vault.counts() == {"Ton": (3, 0)}
    assert titles(await vault.take()) == []


async def test_only_one_process_takes_what_is_new(vault: Follower) -> None:
    """The vault's lock decides; the other finds it looked at, and leaves it."""
    vault.youtube.lists["@ton"] = [1]
    await vault.follow(CHANNEL, everything=True)
    vault.now += DAY
    async with vault.open() as first, vault.open() as second:
        async with first.working("something else"):
            with pytest.raises(VaultLockedError):
                await second.ingesting.ingest(None, IngestOptions(), TERMS, since=vault.now)
        await first.ingesting.ingest(None, IngestOptions(), TERMS, since=vault.now)
        ended = await second.ingesting.ingest(None, IngestOptions(), TERMS, since=vault.now)
    assert ended.run is None
    assert vault.youtube.asked == [1]


# -- what fails -----------------------------------------------------------------------------------


async def test_what_has_no_captions_is_tried_for_days_then_given_up(vault: Follower) -> None:
    """Captions may come later; after some tries over some days an entry is seen, and named."""
    vault.youtube.lists["@ton"] = [1]
    await vault.follow(CHANNEL, everything=True)
    vault.youtube.faults[1] = faults.NO_CAPTIONS
    for _ in range(MOST_TRIES + 1):
        (unread,) = (await vault.take()).unread
        assert "no captions" in unread.why
    assert await vault.counts() == {"Ton": (0, 1)}
    vault.now += TRIED_FOR_S
    await vault.take()
    assert await vault.counts() == {"Ton": (1, 0)}
    async with vault.open() as mill:
        news = await mill.following.news()
    assert news is not None
    assert [(one.title, one.given_up) for one in news.failed] == [("Talk 1", True)]
    assert (await vault.take()).unread == ()


async def test_captions_that_come_later_make_the_note(vault: Follower) -> None:
    """A failed entry stays new."""
    vault.youtube.lists["@ton"] = [1]
    await vault.follow(CHANNEL, everything=True)
    vault.youtube.faults[1] = faults.NO_CAPTIONS
    await vault.take()
    vault.youtube.faults.clear()
    assert titles(await vault.take()) == ["Talk 1"]
    assert await vault.counts() == {"Ton": (1, 0)}


async def test_a_host_that_refuses_stops_its_source_alone(vault: Follower, site: Site) -> None:
    """The other source is read, and no entry counts as tried."""
    vault.youtube.lists["@ton"] = [3, 2, 1]
    await vault.follow(CHANNEL, feed(site, "news", "a"), everything=True)
    vault.youtube.faults[2] = faults.LIMITED
    for _ in range(MOST_TRIES + 1):
        vault.now += DAY
        ended = await vault.take()
        assert [one.waits for one in ended.unread] == [True]
    assert await vault.counts() == {"Ton": (1, 2), "Feed news": (1, 0)}
    assert 1 not in vault.youtube.asked
    async with vault.open() as mill:
        news = await mill.following.news()
        assert news is not None
        ((title, why),) = news.problems
        assert (title, news.failed) == ("Ton", ())
        assert "limits how much" in why
    vault.youtube.faults.clear()
    assert titles(await vault.take()) == ["Talk 1", "Talk 2"]


async def test_a_feed_that_became_a_page_is_a_problem_and_no_note(
    vault: Follower, site: Site
) -> None:
    """Nobody asked for the page that stands in its place."""
    await vault.follow(feed(site, "news", "a"))
    site.gives("news")
    ended = await vault.take()
    assert (ended.run, len(ended.unread)) == (None, 1)
    async with vault.open() as mill:
        (source,) = await mill.following.followed()
    assert "no playlist, channel or feed" in source.problem
    feed(site, "news", "b", "a")
    assert titles(await vault.take()) == ["b"]


async def test_an_entry_that_is_listed_no_more_is_not_new(vault: Follower) -> None:
    """A video that was taken down before it was read is forgotten; one that was seen stays seen."""
    vault.youtube.lists["@ton"] = [2, 1]
    await vault.follow(CHANNEL)
    vault.youtube.lists["@ton"] = [3, 2]
    vault.youtube.faults[3] = faults.NO_CAPTIONS
    await vault.take()
    assert await vault.counts() == {"Ton": (2, 1)}
    vault.youtube.lists["@ton"] = [2, 1]
    assert titles(await vault.take()) == []
    assert await vault.counts() == {"Ton": (2, 0)}


async def test_an_entry_is_the_same_when_half_of_what_it_says_changes(
    vault: Follower, site: Site
) -> None:
    """A corrected title makes no new entry where its page and day are the same."""

    def one(title: str) -> str:
        data = (
            "<rss version='2.0'><channel><title>News</title><link>https://kiln.example/</link>"
            f"<item><title>{title}</title><link>https://kiln.example/a</link><pubDate>Fri, 14 Mar"
            " 2025 10:00:00 GMT</pubDate><description>Clay.</description></item></channel></rss>"
        )
        return site.gives("news", data=data.encode(), Content_Type="application/rss+xml")

    await vault.follow(one("Glaez"))
    one("Glaze")
    assert titles(await vault.take()) == []


# -- terms ----------------------------------------------------------------------------------------


def test_what_is_new_goes_by_batches_even_if_it_is_one() -> None:
    """Nobody waits for it; what a person says otherwise stands, and so does a provider's one lane."""
    assert cheap(TERMS, None) == RunTerms(Lane.BATCH, by_s=FOLLOWED_WITHIN_S, stages="none")
    assert cheap(TERMS, Lane.REALTIME).lane is None
    said = RunTerms(Lane.REALTIME, by_s=60, stages="2,6")
    assert cheap(said, None) == said


async def test_a_source_looked_at_tonight_is_not_due(vault: Follower) -> None:
    """Following looks, and so does taking what is new."""
    vault.youtube.lists["@ton"] = [1]
    async with vault.open() as mill:
        assert not await mill.following.is_due(vault.now)
        await mill.following.follow([CHANNEL])
        assert not await mill.following.is_due(vault.now)
        assert await mill.following.is_due(vault.now + DAY)
    vault.now += DAY
    vault.youtube.list_fault = faults.UNREACHED
    await vault.take(since=vault.now)
    async with vault.open() as mill:
        assert not await mill.following.is_due(vault.now)
        vault.now -= 2 * DAY  # the clock was wrong, and is set right
        assert await mill.following.is_due(vault.now - DAY)


def answered(params: dict[str, Any]) -> str:
    """Answer about a source, without a summary."""
    return curated(params, summary=[], quotes=[], chapters=[])


def test_one_new_video_goes_by_batch(tmp_path: Path) -> None:
    """Half the price even for a single request, and within the budget of a run; nobody is asked."""
    vault = Follower(tmp_path / "web")
    vault.youtube.lists["@ton"] = [1]
    desk = Desk(tmp_path, {"Home.md": "Home.\n"}, ScriptedProvider(answered))

    async def job(mill: Mill) -> IngestEnded:
        vault.give(mill)
        await mill.following.follow([CHANNEL], everything=True)
        return await mill.ingesting.ingest(None, IngestOptions(), TERMS)

    front = KeepingFront(answer=None)
    ended = desk.through_the_door(job, front)
    assert titles(ended) == ["Talk 1"]
    assert (len(desk.provider.batches), desk.provider.sent) == (1, [])
    assert front.asked == []


def test_an_entry_that_no_model_answers_is_not_paid_for_for_ever(tmp_path: Path) -> None:
    """A request that fails each time counts as tried, as captions that are missing do."""
    vault = Follower(tmp_path / "web")
    vault.youtube.lists["@ton"] = [1]
    desk = Desk(tmp_path, {"Home.md": "Home.\n"}, ScriptedProvider(answered))
    desk.provider.refuse = lambda _: ("invalid_request_error", "no")

    async def take(mill: Mill) -> tuple[Followed, ...]:
        vault.give(mill)
        await mill.following.follow([CHANNEL], everything=True)
        await mill.ingesting.ingest(None, IngestOptions(), TERMS)
        return await mill.following.followed()

    news: list[tuple[int, int]] = []
    for _ in range(MOST_TRIES + 1):
        desk.clock.advance(2 * DAY)
        (source,) = desk.through_the_door(take, KeepingFront())
        news.append((source.seen, source.new))
    assert news == [(0, 1)] * (MOST_TRIES - 1) + [(1, 0)] * 2
    assert len(desk.provider.batches) == MOST_TRIES
