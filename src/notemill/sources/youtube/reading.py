"""YouTube as a source: a video becomes a draft, a playlist or channel a list of videos."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from notemill.errors import MissingExtraError, SourceBlockedError, SourceError
from notemill.markup.lines import one_line
from notemill.sources.address import (
    canonical_address,
    channel_address,
    channel_name,
    is_video_id,
    playlist_id,
)
from notemill.sources.captions.drafting import draft_of
from notemill.sources.youtube import faults, transcript_api, ytdlp
from notemill.sources.youtube.visit import Visit, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from notemill.sources.draft import Draft
    from notemill.sources.youtube.visit import Pause
    from notemill.sources.youtube.ytdlp import Found

MOST_VIDEO_S: Final = 300.0
MOST_LISTING_S: Final = 900.0
_MOST_LETTERS: Final = 500
_CHANNEL: Final = re.compile(r"(?:@[^/]+|(?:channel|c|user)/[^/]+)(?P<tab>/shorts|/streams)?")
_TAB_TITLES: Final = (" - Videos", " - Shorts", " - Live")
_NOT_SHOWN: Final = frozenset({"[Private video]", "[Deleted video]"})
_NOT_OVER: Final = ("is_upcoming", "is_live")


@dataclass(frozen=True, slots=True)
class Entry:
    """A video of a playlist or channel; `published` is YYYY-MM-DD, or empty as it mostly is."""

    id: str
    title: str
    published: str = ""
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A playlist or channel: its title, what it is known by, its videos in the order of its page.

    `key` is the canonical address, a channel's by its id where YouTube tells it, as handles change.
    """

    title: str
    key: str
    entries: tuple[Entry, ...]
    notices: tuple[str, ...] = ()


class FirstReader(Protocol):
    """What finds videos and lists; blocks."""

    def video(self, video: str, visit: Visit) -> Found:
        """Return what a video's page says, with its best captions."""
        ...

    def listing(self, address: str, visit: Visit) -> Found:
        """Return what a playlist's or channel's page says."""
        ...


class SecondReader(Protocol):
    """What is asked for captions once, where the first got none; blocks."""

    def video(self, video: str, visit: Visit, info: Mapping[str, object]) -> Found:
        """Return the best captions of a video."""
        ...


class YouTube:
    """YouTube, asked for one thing at a time.

    `pause` waits the given seconds between two requests, in another thread; without one they are
    waited, and cut short by cancellation.
    """

    def __init__(
        self,
        *,
        first: FirstReader | None = None,
        second: SecondReader | None = None,
        pause: Pause | None = None,
    ) -> None:
        """Take yt-dlp first and youtube-transcript-api second, if nothing else is given."""
        self._first = first or ytdlp.YtDlp()
        self._second = second or transcript_api.TranscriptApi()
        self._pause = pause
        self._one = asyncio.Lock()

    async def video(self, video: str) -> Draft:
        """Return the draft of the video with this id.

        Raises SourceError saying why there is no transcript; SourceBlockedError if others should
        not be asked for either, for a while; MissingExtraError.
        """
        if not is_video_id(video):
            raise SourceError(
                f"“{video[:50]}” is no video's id: it has 11 letters, digits, - and _."
            )
        async with self._one:
            found = await self._ask(lambda visit: self._first.video(video, visit), MOST_VIDEO_S)
            if found.tracks:
                return _drafted(found, ytdlp.METHOD)
            fault = found.fault or faults.UNKNOWN
            if not fault.another_way:
                raise faults.error_of(fault, found.said, when=found.when)
            try:
                second = await self._ask(
                    lambda visit: self._second.video(video, visit, found.info), MOST_VIDEO_S
                )
            except MissingExtraError:
                raise faults.error_of(fault, found.said) from None
        if second.tracks:
            return _with_notice(_drafted(second, transcript_api.METHOD), found)
        raise _both_failed(found, second)

    async def listing(self, address: str) -> Listing:
        """Return the videos of the playlist or channel with this address, 5,000 at most.

        Of a channel that is the tab with its videos; its Shorts or past streams where the address
        ends with `/shorts` or `/streams`. What is private, deleted or not over yet is left out, and
        said. Raises as `video` does.
        """
        asked = canonical_address(address)
        channel = channel_name(address)
        if channel is None and playlist_id(address) is None:
            raise SourceError(f"{address[:100]} is no playlist or channel of YouTube.")
        if channel is not None and not _tab(channel):
            asked = f"{channel_address(channel)}/videos"
        async with self._one:
            found = await self._ask(lambda visit: self._first.listing(asked, visit), MOST_LISTING_S)
        if found.fault is not None:
            raise faults.error_of(found.fault, found.said)
        return _listing(found.info, address, channel)

    async def _ask(self, work: Callable[[Visit], Found], most_s: float) -> Found:
        visit = Visit(self._pause)
        try:
            async with asyncio.timeout(most_s):
                return await in_thread(lambda: work(visit), stop=visit.stop)
        except TimeoutError:
            raise SourceError(
                f"YouTube did not answer within {most_s / 60:.0f} minutes; try it again later."
            ) from None


def _drafted(found: Found, method: str) -> Draft:
    draft = draft_of(found.info, found.tracks, method=method)
    if found.fault is None:
        return draft
    notice = f"YouTube withholds captions in other languages: {faults.in_short(found.said)}."
    return replace(draft, notices=(*draft.notices, notice))


def _with_notice(draft: Draft, first: Found) -> Draft:
    told = faults.in_short(first.said)
    notice = (
        f"yt-dlp got no captions{f' (“{told}”)' if told else ''}; these came by"
        f" {transcript_api.METHOD}."
    )
    if not first.info:
        notice += " Day, chapters and description are unknown."
    return replace(draft, notices=(*draft.notices, notice))


def _both_failed(first: Found, second: Found) -> SourceError:
    """Return the more telling of two failures: a block before all, then what is known."""
    telling = next(
        (
            one
            for one in (first, second)
            if one.fault is not None and one.fault.error is SourceBlockedError
        ),
        second if first.fault in (None, faults.UNKNOWN) else first,
    )
    return faults.error_of(telling.fault or faults.UNKNOWN, telling.said or first.said)


def _listing(info: Mapping[str, object], address: str, channel: str | None) -> Listing:
    listed = info.get("entries")
    videos = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    entries: dict[str, Entry] = {}
    gone = waiting = 0
    for one in videos[: ytdlp.MOST_LISTED]:
        found, title = one.get("id"), _text(one.get("title"))
        if not isinstance(found, str) or not is_video_id(found):
            continue
        if title in _NOT_SHOWN:
            gone += 1
        elif one.get("live_status") in _NOT_OVER:
            waiting += 1
        else:
            entries.setdefault(found, _entry(found, title, one))
    return Listing(
        title=_title(info, channel) or address,
        key=_key(info, address, channel),
        entries=tuple(entries.values()),
        notices=tuple(_notices(gone, waiting, len(videos))),
    )


def _entry(video: str, title: str, told: Mapping[object, object]) -> Entry:
    duration = told.get("duration")
    lasts = isinstance(duration, (int, float)) and 0 < duration < float("inf")
    return Entry(
        id=video,
        title=title or video,
        published=_day(told.get("upload_date")),
        duration_s=float(duration) if lasts else None,  # type: ignore[arg-type]  # checked above
    )


def _notices(gone: int, waiting: int, listed: int) -> list[str]:
    notices = []
    if gone:
        notices.append(f"{_videos(gone)} left out: private or deleted.")
    if waiting:
        notices.append(f"{_videos(waiting)} left for later: live, or not begun.")
    if listed >= ytdlp.MOST_LISTED:
        notices.append(f"Only the first {ytdlp.MOST_LISTED:,} videos are listed.")
    return notices


def _videos(number: int) -> str:
    return "1 video is" if number == 1 else f"{number} videos are"


def _title(info: Mapping[str, object], channel: str | None) -> str:
    title = _text(info.get("title"))
    if channel is None:
        return title
    for tab in _TAB_TITLES:
        title = title.removesuffix(tab)
    return _text(info.get("channel")) or title


def _key(info: Mapping[str, object], address: str, channel: str | None) -> str:
    told = info.get("channel_id")
    if channel is None or not isinstance(told, str):
        return canonical_address(address)
    named = channel_name(f"https://www.youtube.com/channel/{told}{_tab(channel)}")
    return channel_address(named) if named else canonical_address(address)


def _tab(channel: str) -> str:
    """Return the list of a channel that its address names besides it, with its slash, or ''."""
    found = _CHANNEL.fullmatch(channel)
    return (found["tab"] or "") if found else ""


def _text(told: object) -> str:
    return one_line(told[:_MOST_LETTERS]) if isinstance(told, str) else ""


def _day(told: object) -> str:
    """Return `20250314` as `2025-03-14`, '' for what is no day."""
    try:
        day = datetime.strptime(told, "%Y%m%d") if isinstance(told, str) else None  # noqa: DTZ007
    except ValueError:
        return ""
    return f"{day:%Y-%m-%d}" if day else ""
