"""A vault that follows sources: feeds on loopback, and a YouTube that tests write."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.app.following import Follows
from notemill.app.ingest_steps import IngestOptions
from notemill.app.ingesting import Ingesting
from notemill.app.mill import Mill
from notemill.app.terms import RunTerms
from notemill.config import Exclusions
from notemill.sources.captions.tracks import Track
from notemill.sources.youtube import faults
from notemill.sources.youtube.reading import YouTube
from notemill.sources.youtube.ytdlp import Found
from tests.notemill.fronts import KeepingFront
from tests.notemill.sources.test_fetching import near
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.ingest_events import IngestEnded
    from notemill.sources.youtube.faults import Fault
    from notemill.sources.youtube.visit import Visit
    from tests.notemill.sources.test_fetching import Site

CHANNEL = "https://www.youtube.com/@ton"
PLAYLIST = "https://www.youtube.com/playlist?list=PLkiln"
DAY = 86_400.0
TERMS = RunTerms()


def video(number: int) -> str:
    """Return a video's id."""
    return f"kiln{number:07}"


@dataclass
class Channels:
    """YouTube as yt-dlp tells it: the videos of each list, the newest first, and what fails."""

    lists: dict[str, list[int]] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)
    list_fault: Fault | None = None
    tells_id: bool = True
    asked: list[int] = field(default_factory=list)

    def video(self, video: str, visit: Visit) -> Found:
        """Return a talk of six sentences, or the fault."""
        del visit
        number = int(video[4:])
        self.asked.append(number)
        if (fault := self.faults.get(number)) is not None:
            return Found({}, fault=fault)
        cues = "\n\n".join(
            f"00:{n}0.000 --> 00:{n}9.000\nTalk {number} is about firing clay, part {n}."
            for n in range(6)
        )
        info = {"id": video, "title": f"Talk {number}", "duration": 60, "language": "en"}
        return Found(info, (Track("talk.vtt", f"WEBVTT\n\n{cues}\n".encode(), "en"),))

    def listing(self, address: str, visit: Visit) -> Found:
        """Return the list at an address."""
        del visit
        if self.list_fault is not None:
            return Found({}, fault=self.list_fault)
        name = "@ton" if "@ton" in address else "PLkiln"
        told: dict[str, object] = {"title": f"List {name}", "entries": [
            {"id": video(one), "title": f"Talk {one}"} for one in self.lists[name]
        ]}  # fmt: skip
        if name == "@ton" and self.tells_id:
            told |= {"channel_id": "UC" + "k" * 22, "channel": "Ton"}
        return Found(told)


class Nobody:
    """What is asked second has no captions either."""

    def video(self, video: str, visit: Visit, info: object) -> Found:
        """Return nothing."""
        del video, visit, info
        return Found({}, fault=faults.NO_CAPTIONS)


@dataclass
class Follower:
    """A vault, opened anew as often as a test likes, at the time that the test says."""

    folder: Path
    youtube: Channels = field(default_factory=Channels)
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        """Make the vault."""
        self.root = write_notes(self.folder / "vault", {"Home.md": "# Home\n\nWhere it begins.\n"})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Mill]:
        """Open the vault; its web is the loopback site of the test, its YouTube these channels."""
        async with await Mill.open(
            self.root,
            self.settings,
            KeepingFront(),
            exclusions=Exclusions(),
            clock=lambda: self.now,
        ) as mill:
            self.give(mill)
            yield mill

    @property
    def settings(self) -> Settings:
        """The settings that it is opened with."""
        return Settings(home=self.folder / "home", provider="offline")

    def give(self, mill: Mill) -> None:
        """Let the services of an open vault read this web alone."""
        asked = YouTube(first=self.youtube, second=Nobody(), pause=lambda _: None)
        mill.__dict__["ingesting"] = Ingesting(mill, fetcher=near(), youtube=asked)
        mill.__dict__["following"] = Follows(mill, fetcher=near(), youtube=asked)

    async def follow(self, *sources: str, everything: bool = False) -> None:
        """Follow sources, none of which fails."""
        async with self.open() as mill:
            assert not (await mill.following.follow(sources, everything=everything)).unread

    async def take(self, *sources: str, since: float | None = None) -> IngestEnded:
        """Ingest what is new, or the sources that are named."""
        async with self.open() as mill:
            return await mill.ingesting.ingest(sources or None, IngestOptions(), TERMS, since=since)

    async def counts(self) -> dict[str, tuple[int, int]]:
        """Return by title how many entries of each source are seen, and new."""
        async with self.open() as mill:
            return {one.title: (one.seen, one.new) for one in await mill.following.followed()}


def feed(site: Site, path: str, *titles: str, page: str = "https://kiln.example/") -> str:
    """Let a path of the site be a feed with articles of these titles; return its address."""
    items = "".join(
        f"<item><title>{one}</title><guid>{one}</guid><link>{page}{one}</link>"
        f"<description>&lt;p&gt;The article {one} is about a kiln by the sea.&lt;/p&gt;"
        "</description></item>"
        for one in titles
    )
    head = f"<title>Feed {path}</title><link>{page}</link>"
    data = f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()
    return site.gives(path, data=data, Content_Type="application/rss+xml")
