"""What yt-dlp finds of a video, a playlist or a channel; it blocks, so it runs in a thread.

As a library it reads no settings file, and it is given no cookies and no cache, writes no file and
prints nothing. Plugins are not loaded. Wrong names of options are silently ignored by it, so a test
holds each of them against the installed version.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from notemill.errors import MissingExtraError, SourceBlockedError, SourceError
from notemill.sources.address import video_address
from notemill.sources.captions.choosing import ranked
from notemill.sources.captions.info import metadata
from notemill.sources.captions.tracks import Track, base_of
from notemill.sources.youtube import faults
from notemill.sources.youtube.visit import (
    CAPTIONS_PAUSE_S,
    REQUEST_PAUSE_S,
    StoppedError,
    Visit,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.sources.youtube.faults import Fault

Untyped: TypeAlias = Any  # the library has no types
Downloader: TypeAlias = Any
"""An object of yt-dlp's YoutubeDL, as `_made` makes it."""

METHOD: Final = "yt-dlp"
MOST_LISTED: Final = 5_000
_MOST_TRIED: Final = 3
"""Tracks that are asked for in turn, where the better ones turn out empty."""
_MOST_SAID: Final = 100
_MOST_LETTERS: Final = 2_000
_MOST_FORMATS: Final = 20
_MOST_CAUSES: Final = 8
_FORMATS: Final = ("json3", "srv3", "srv2", "srv1", "ttml", "srt", "vtt")
# Under which names an info dict lists tracks, and whether a program made them.
_LISTS: Final = (("automatic_captions", True), ("subtitles", False))
# What drafts are made of; the rest of an info dict is about pictures and sound.
_KEPT: Final = (
    "id", "title", "channel", "uploader", "upload_date", "duration", "language", "chapters",
    "description", "thumbnail", "webpage_url", "extractor_key", "live_status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What one program found of a video: what its page says, and the best tracks.

    Without tracks, `fault` says why, `said` in whose words, `when` at what time the video begins.
    With tracks, a fault says that others are withheld.
    """

    info: Mapping[str, object]
    tracks: tuple[Track, ...] = ()
    fault: Fault | None = None
    said: str = ""
    when: str = ""


@dataclass(slots=True)
class Log:
    """What yt-dlp says while it works, within a bound; nothing of it is printed."""

    said: list[str] = field(default_factory=list)

    def debug(self, message: str) -> None:
        """Leave out what it does step by step."""

    def warning(self, message: str) -> None:
        """Keep a warning: with `ignore_no_formats_error`, all refusals are warnings."""
        if len(self.said) < _MOST_SAID:
            self.said.append(str(message)[:_MOST_LETTERS])

    def error(self, message: str) -> None:
        """Keep an error; it is raised as well."""
        self.warning(message)


def options(log: Log) -> dict[str, Any]:
    """Return yt-dlp's options for captions: nothing of picture and sound, nothing translated."""
    return {
        "logger": log,
        "cachedir": False,
        "ignore_no_formats_error": True,
        # The format with the original sound tells the video's language; others ask for ffmpeg.
        "format": "bestaudio/best",
        "noplaylist": True,
        # So that it is said when captions are withheld; none is written.
        "writesubtitles": True,
        "extractor_args": {"youtube": {"skip": ["translated_subs", "hls", "dash"]}},
        "extractor_retries": 1,
        "allowed_extractors": ["youtube.*"],
    }


def flat_options(log: Log) -> dict[str, Any]:
    """Return the options for a playlist or channel: its videos are listed, none of them opened."""
    return {
        **options(log),
        "extract_flat": True,
        "playlist_items": f"1:{MOST_LISTED}",
    }


class YtDlp:
    """yt-dlp, kept for a run: it remembers the player's script, which takes seconds to read."""

    def __init__(self) -> None:
        """Import nothing yet."""
        self._kept: tuple[Downloader, Log] | None = None

    def video(self, video: str, visit: Visit) -> Found:
        """Return what a video's page says, with its best captions.

        Raises MissingExtraError, StoppedError, and SourceError for an answer beyond all bounds.
        """
        # Taken away while it works: after a stop, its thread may still be busy with it.
        kept, self._kept = self._kept or _logged(options), None
        downloader, log = kept
        downloader.visit = visit
        log.said.clear()
        try:
            info = downloader.extract_info(video_address(video), download=False, ie_key="Youtube")
        except (SourceError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001  # it reads what others change every week
            found = _failed(error, log.said)
        else:
            found = _found(video, info, downloader, log.said)
        self._kept = kept
        return found

    def listing(self, address: str, visit: Visit) -> Found:
        """Return what a playlist's or channel's page says; its `info` holds the `entries`.

        Raises as `video` does.
        """
        downloader, log = _logged(flat_options)
        downloader.visit = visit
        try:
            info = downloader.extract_info(address, download=False)
        except (SourceError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001  # it reads what others change every week
            return _failed(error, log.said)
        if not isinstance(info, dict) or not isinstance(info.get("entries"), list):
            fault = faults.fault_of(log.said) or faults.UNKNOWN
            return Found({}, fault=fault, said=_telling(log.said, fault))
        return Found(info)


def _logged(chosen: Callable[[Log], dict[str, Any]]) -> tuple[Downloader, Log]:
    log = Log()
    return _made(chosen(log)), log


def _made(chosen: dict[str, Any]) -> Downloader:
    """Return a downloader all of whose requests go through its `visit`."""
    try:
        from yt_dlp import YoutubeDL  # noqa: PLC0415  # takes .4 s
        from yt_dlp.globals import plugin_dirs  # noqa: PLC0415
        from yt_dlp.networking.exceptions import HTTPError  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"Videos of YouTube are read by yt-dlp, which is not installed ({error.name});"
            f" install it with {faults.INSTALL}."
        ) from None
    # Plugins are programs that lie in folders of its settings; what they print and do is not ours.
    plugin_dirs.value = []

    class Asking(YoutubeDL):  # type: ignore[misc]  # the library has no types
        visit: Visit
        pause_s = REQUEST_PAUSE_S

        def urlopen(self, request: Untyped) -> Untyped:
            self.visit.before(str(getattr(request, "url", request)), pause_s=self.pause_s)
            try:
                answer = super().urlopen(request)
            except HTTPError as error:
                error.response.read = _Bounded(error.response.read).read
                raise
            answer.read = _Bounded(answer.read).read
            return answer

    return Asking(chosen)


@dataclass(frozen=True, slots=True)
class _Bounded:
    """The reading of one answer, of which nobody reads more than is allowed at once."""

    part: Callable[[int | None], bytes]

    def read(self, amount: int | None = None) -> bytes:
        if amount is not None and amount >= 0:
            return self.part(amount)
        return whole(self.part)


def _found(video: str, info: object, downloader: Downloader, said: list[str]) -> Found:
    """Return what was extracted, with the best track that its page lists."""
    if not isinstance(info, dict) or info.get("id") != video:
        # A trailer, shown in place of what has to be paid for.
        return Found({}, fault=faults.UNKNOWN, said="another video is shown in its place")
    listed = _listed(info)
    kept = _reduced(info, listed)
    if (status := info.get("live_status")) in ("is_upcoming", "is_live"):
        fault = faults.UPCOMING if status == "is_upcoming" else faults.LIVE
        return Found(kept, fault=fault, when=_moment(info.get("release_timestamp")))
    if not listed:
        fault = faults.fault_of(said) or faults.NO_CAPTIONS
        return Found(kept, fault=fault, said=_telling(said, fault))
    found = _fetched(kept, listed, downloader)
    if found.fault is None and (withheld := _telling(said, faults.WITHHELD)):
        return replace(found, fault=faults.WITHHELD, said=withheld)
    return found


def _failed(error: Exception, said: list[str]) -> Found:
    """Return why an extraction ended in an exception, by its own words before others'."""
    chain = _causes(error)
    classes = {type(one).__name__ for one in chain}
    own = [str(one) for one in chain]
    fault = faults.fault_of(own, classes=classes)
    if fault is not None:
        return Found({}, fault=fault, said=own[-1] if len(own) > 1 else own[0])
    fault = faults.fault_of(said)
    if fault is not None:
        return Found({}, fault=fault, said=_telling(said, fault))
    return Found({}, fault=faults.UNKNOWN, said=f"{type(chain[-1]).__name__}: {own[-1]}")


def _causes(error: BaseException) -> list[BaseException]:
    """Return an exception and those behind it, as yt-dlp wraps them."""
    seen: list[BaseException] = []
    following: object = error
    while isinstance(following, BaseException) and len(seen) < _MOST_CAUSES:
        seen.append(following)
        behind = getattr(following, "exc_info", None)
        wrapped = behind[1] if isinstance(behind, tuple) else None
        following = wrapped or getattr(following, "cause", None)
    return seen


def _telling(said: list[str], fault: Fault) -> str:
    """Return the first of several texts that means this."""
    return next((one for one in said if faults.fault_of([one]) is fault), "")


def _reduced(info: Mapping[str, object], listed: Mapping[Track, str]) -> dict[str, object]:
    """Return what a draft is made of, and in which languages there are captions."""
    kept = {name: info[name] for name in _KEPT if name in info}
    for name, automatic in _LISTS:
        kept[name] = {one.language: () for one in listed if one.automatic is automatic}
    return kept


def _listed(info: Mapping[str, object]) -> dict[Track, str]:
    """Return the tracks that a page lists, still without their bytes, with their addresses.

    What YouTube would translate on demand (`tlang`) is listed whatever the options say, and is left
    out: nobody said it.
    """
    found: dict[Track, str] = {}
    for name, automatic in _LISTS:
        tracks = info.get(name)
        for language, formats in tracks.items() if isinstance(tracks, dict) else ():
            best = _best(formats)
            if best is not None and "tlang" not in _query(best[1]):
                title = f"Captions “{language}” of {info.get('id')}"
                found[Track(title, b"", str(language), automatic, best[0])] = best[1]
    return found


def _query(address: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(address).query)
    except ValueError:
        return {}


def _best(formats: object) -> tuple[str, str] | None:
    """Return the format of a track that tells most, and its address."""
    listed = formats[:_MOST_FORMATS] if isinstance(formats, list) else []
    found = {
        one["ext"]: one["url"]
        for one in listed
        if isinstance(one, dict)
        and isinstance(one.get("ext"), str)
        and isinstance(one.get("url"), str)
    }
    return next(((one, found[one]) for one in _FORMATS if one in found), None)


def _fetched(info: dict[str, object], listed: dict[Track, str], downloader: Downloader) -> Found:
    """Return the best track with its bytes; where it is empty, the next one of its language.

    A translation is not taken for what is withheld: another program may get the original.
    """
    order = ranked(metadata(info), tuple(listed))
    own = base_of(order[0].language) if order else ""
    said = ""
    for track in [one for one in order if base_of(one.language) == own][:_MOST_TRIED]:
        try:
            data = _downloaded(listed[track], downloader)
        except (SourceError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001  # as above
            said = str(error)
            failed = _failed(error, [])
            if failed.fault is not None and failed.fault.error is SourceBlockedError:
                return replace(failed, info=info)
            continue
        if data.strip():
            return Found(info, (replace(track, data=data),))
    return Found(info, fault=faults.WITHHELD, said=said)


def _downloaded(address: str, downloader: Downloader) -> bytes:
    """Return the bytes of a track, asked for as a browser asks where that is possible."""
    from yt_dlp.networking import Request  # noqa: PLC0415
    from yt_dlp.networking.exceptions import RequestError  # noqa: PLC0415
    from yt_dlp.networking.impersonate import ImpersonateTarget  # noqa: PLC0415

    downloader.pause_s = CAPTIONS_PAUSE_S
    try:
        browser = {"impersonate": ImpersonateTarget()}
        answer = downloader.urlopen(Request(address, extensions=browser))
    except RequestError as error:
        if "impersonate" not in str(error).lower():
            raise
        answer = downloader.urlopen(Request(address))
    finally:
        downloader.pause_s = REQUEST_PAUSE_S
    with answer:
        data: bytes = answer.read()
    return data


def _moment(timestamp: object) -> str:
    """Return a moment for people, '' if it is none."""
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        return ""
    try:
        return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d at %H:%M} UTC"
    except (OverflowError, OSError, ValueError):
        return ""
