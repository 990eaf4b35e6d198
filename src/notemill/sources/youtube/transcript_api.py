"""What youtube-transcript-api finds of a video, asked once where yt-dlp got no captions.

It asks as another of YouTube's own programs does, so that it may be given what yt-dlp was not. It
tells nothing but the words: the title comes from YouTube's description for pages that embed a video.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote

from notemill.errors import MissingExtraError, SourceError
from notemill.sources.address import video_address
from notemill.sources.captions.choosing import ranked
from notemill.sources.captions.info import metadata
from notemill.sources.captions.tracks import ORIGINAL, Track
from notemill.sources.youtube import faults
from notemill.sources.youtube.visit import TIMEOUT_S, StoppedError, Visit, whole
from notemill.sources.youtube.ytdlp import Found

if TYPE_CHECKING:
    from collections.abc import Mapping

Untyped: TypeAlias = Any  # `requests`, read as a library without types
Session: TypeAlias = Any

METHOD: Final = "youtube-transcript-api"
_MOST_TRACKS: Final = 200
_MILLISECONDS: Final = 1_000


class TranscriptApi:
    """youtube-transcript-api, with a session of our own for each video.

    `adapter` is what sends requests, one of the library `requests`; its usual one if there is none.
    """

    def __init__(self, adapter: Untyped = None) -> None:
        """Import nothing yet."""
        self._adapter = adapter

    def video(self, video: str, visit: Visit, info: Mapping[str, object]) -> Found:
        """Return the best track of a video, with what `info` tells or could be found out.

        Raises MissingExtraError, StoppedError, and SourceError for an answer beyond all bounds.
        """
        session = _session(visit, self._adapter)
        try:
            with session:
                track = _track(video, session, info)
                return Found(info or _described(video, session), (track,))
        except (MissingExtraError, SourceError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001  # it reads what others change every week
            said = str(getattr(error, "cause", "") or error)
            fault = faults.fault_of([said], classes={type(error).__name__})
            return Found(info, fault=fault or faults.UNKNOWN, said=said.strip())


def _session(visit: Visit, adapter: Untyped) -> Session:
    """Return a session all of whose requests go through the visit, without cookies of others."""
    try:
        import requests  # noqa: PLC0415  # comes with the extra
        from requests.adapters import BaseAdapter, HTTPAdapter  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error) from None
    sender = adapter or HTTPAdapter()

    class Asking(BaseAdapter):  # type: ignore[misc]  # read as a library without types
        def send(self, request: Untyped, **settings: Untyped) -> Untyped:
            visit.before(request.url)
            answer = sender.send(request, **{**settings, "stream": True, "timeout": TIMEOUT_S})
            raw = answer.raw
            data = whole(lambda amount: raw.read(amount, decode_content=True))
            raw.release_conn()
            answer.raw = io.BytesIO(data)
            return answer

        def close(self) -> None:
            sender.close()

    session = requests.Session()
    session.auth = _nobody  # or it looks into ~/.netrc
    session.mount("https://", Asking())
    session.mount("http://", Asking())
    return session


def _nobody(request: Untyped) -> Untyped:
    return request


def _missing(error: ImportError) -> MissingExtraError:
    return MissingExtraError(
        f"Videos of YouTube need youtube-transcript-api, which is not installed ({error.name});"
        f" install it with {faults.INSTALL}."
    )


def _track(video: str, session: Session, info: Mapping[str, object]) -> Track:
    """Return the track that was spoken, with its lines as json3."""
    try:
        from youtube_transcript_api import YouTubeTranscriptApi  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error) from None
    listed = {}
    for one in YouTubeTranscriptApi(http_client=session).list(video):
        # It lists no translations, so what a program wrote down is what was spoken.
        language = f"{one.language_code}{ORIGINAL if one.is_generated else ''}"
        title = f"Captions “{one.language_code}” of {video}"
        listed[Track(title, b"", language, bool(one.is_generated), "json3")] = one
    best = ranked(metadata(info), tuple(listed)[-_MOST_TRACKS:])[0]
    lines = listed[best].fetch()
    events = [
        {
            "tStartMs": round(line.start * _MILLISECONDS),
            "dDurationMs": round(line.duration * _MILLISECONDS),
            "segs": [{"utf8": line.text}],
        }
        for line in lines
    ]
    return replace(best, data=json.dumps({"events": events}).encode())


def _described(video: str, session: Session) -> dict[str, object]:
    """Return a video's title and channel as YouTube tells them to other sites (oEmbed).

    That is all there is; where even that is not given, the id has to do for a title.
    """
    known: dict[str, object] = {"id": video, "title": f"YouTube {video}"}
    asked = f"https://www.youtube.com/oembed?url={quote(video_address(video))}&format=json"
    try:
        told = session.get(asked).json()
    except (OSError, ValueError, SourceError):
        return known
    names = {"title": "title", "channel": "author_name", "thumbnail": "thumbnail_url"}
    if not isinstance(told, dict):
        return known
    return known | {ours: told[name] for ours, name in names.items() if told.get(name)}
