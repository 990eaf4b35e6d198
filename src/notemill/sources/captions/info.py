"""What yt-dlp says of a video in its `info.json`, checked; pure.

Every value is a stranger's: texts are cut to a length, dates and seconds are taken where they are
some, addresses where they are of the web.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from notemill.markup.lines import one_line
from notemill.sources.address import canonical_address, is_video_id, video_address
from notemill.sources.captions.chapters import chapters_of, listed_in
from notemill.sources.captions.numbers import seconds
from notemill.sources.captions.tracks import CHATS, ORIGINAL, base_of, is_original
from notemill.sources.draft import VIDEO_KEY, Chapter

_MOST_TITLE: Final = 500
_MOST_NAME: Final = 200
_MOST_DESCRIPTION: Final = 20_000
_MOST_PEOPLE: Final = 50
_MOST_TRACKS: Final = 2_000
_MOST_ADDRESS: Final = 2_000
_FIRST_YEAR: Final = 1900
_MOST_DAY: Final = 11
_DAY: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"\\^`{|}\x00-\x20]+")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a video besides its words.

    `manual` and `automatic` are the languages of its captions as yt-dlp lists them, without the
    live chat. `language` is the video's own, or empty. `duration_s` is None where nobody says.
    """

    keys: tuple[str, ...] = ()
    source: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    channel: str = ""
    published: str = ""
    language: str = ""
    description: str = ""
    image: str = ""
    duration_s: float | None = None
    chapters: tuple[Chapter, ...] = ()
    manual: frozenset[str] = frozenset()
    automatic: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()


def metadata(info: Mapping[str, object]) -> Metadata:
    """Return what an info dict says of a video; of an empty one, nothing. Raises nothing."""
    duration = seconds(info.get("duration")) or None
    chapters, beyond = chapters_of(info.get("chapters"), duration)
    written = _text(info, _MOST_DESCRIPTION, "description")
    channel = one_line(_text(info, _MOST_NAME, "channel", "uploader", "creator", "series"))
    keys, source = _identity(info)
    manual, automatic = _languages(info, "subtitles"), _languages(info, "automatic_captions")
    return Metadata(
        keys=keys,
        source=source,
        title=one_line(_text(info, _MOST_TITLE, "title", "fulltitle")),
        authors=_people(info.get("creators")) or ((channel,) if channel else ()),
        channel=channel,
        published=_published(info),
        language=_own_language(info, automatic),
        description=one_line(written),
        image=_address(info.get("thumbnail")),
        duration_s=duration,
        chapters=chapters or listed_in(written, duration),
        manual=manual,
        automatic=automatic,
        notices=left_out_of(beyond),
    )


def video_id(info: Mapping[str, object]) -> str:
    """Return the id of a YouTube video, '' if it is none."""
    found = info.get("id")
    if not isinstance(found, str) or not is_video_id(found):
        return ""
    extractor = _text(info, _MOST_NAME, "extractor_key", "ie_key", "extractor").lower()
    return found if not extractor or extractor.startswith("youtube") else ""


def _identity(info: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
    """Return the keys of a video and its address."""
    if found := video_id(info):
        return (f"{VIDEO_KEY}{found}",), video_address(found)
    address = _address(info.get("webpage_url")) or _address(info.get("original_url"))
    key = canonical_address(address)
    return ((key,) if key else ()), address


def _text(info: Mapping[str, object], most: int, *names: str) -> str:
    """Return the first text under these names, '' where there is none."""
    for name in names:
        found = info.get(name)
        if isinstance(found, str) and found.strip():
            return found[:most]
    return ""


def _people(listed: object) -> tuple[str, ...]:
    """Return the names in a list, each once."""
    names = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    plain = (one_line(one[:_MOST_NAME]) for one in names[:_MOST_PEOPLE])
    return tuple(dict.fromkeys(one for one in plain if one))


def _published(info: Mapping[str, object]) -> str:
    """Return the day on which a video was uploaded, else that on which it was first shown, or ''.

    A moment is the day that it is in UTC, as yt-dlp has it for `upload_date`: the reader's own time
    zone changes nothing.
    """
    days = (
        found
        for day, moment in (("upload_date", "timestamp"), ("release_date", "release_timestamp"))
        for found in (_day(info.get(day)), _day_of(info.get(moment)))
    )
    return next(filter(None, days), "")


def _day(written: object) -> str:
    """Return `20250314` as `2025-03-14`, '' for what is no day."""
    if not isinstance(written, str | int):
        return ""
    try:
        found = _DAY.fullmatch(str(written)[:_MOST_DAY])  # a number may have too many digits
        day = datetime.strptime("".join(found.groups()), "%Y%m%d") if found else None  # noqa: DTZ007  # a day, at no place
    except ValueError:
        return ""
    return f"{day:%Y-%m-%d}" if day and day.year >= _FIRST_YEAR else ""


def _day_of(moment: object) -> str:
    """Return the day of seconds since 1970, '' for what is no such moment."""
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return ""
    try:
        day = _EPOCH + timedelta(seconds=moment)
    except (OverflowError, ValueError):
        return ""
    return f"{day:%Y-%m-%d}" if day.year >= _FIRST_YEAR else ""


def _address(written: object) -> str:
    if not isinstance(written, str) or len(written) > _MOST_ADDRESS:
        return ""
    return written if _ADDRESS.fullmatch(written) else ""


def _languages(info: Mapping[str, object], name: str) -> frozenset[str]:
    """Return the languages under which tracks are listed; viewers' chat is no track."""
    found = info.get(name)
    if not isinstance(found, Mapping):
        return frozenset()
    listed = (one for one in list(found)[:_MOST_TRACKS] if isinstance(one, str))
    return frozenset(one for one in listed if one not in CHATS)


def _own_language(info: Mapping[str, object], automatic: frozenset[str]) -> str:
    """Return a video's own language: as it is told, else as the automatic original says."""
    told = _text(info, _MOST_NAME, "language")
    if base_of(told):
        return told
    originals = sorted(one.removesuffix(ORIGINAL) for one in automatic if is_original(one))
    if len(originals) == 1:
        return originals[0]
    bases = {base_of(one) for one in automatic}
    return bases.pop() if len(bases) == 1 else ""


def left_out_of(beyond: int) -> tuple[str, ...]:
    """Return what is said of chapters, `beyond` many, that begin after the end."""
    if not beyond:
        return ()
    if beyond == 1:
        return ("A chapter that begins after the recording's end was left out.",)
    return (f"{beyond} chapters that begin after the recording's end were left out.",)
