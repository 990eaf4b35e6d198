"""YouTube on loopback, in the shape in which it answers: pages, players, lists and captions.

yt-dlp's own extractor runs against it through a handler of requests that leads every address here,
and youtube-transcript-api through an adapter. Nothing else of the two is replaced.
"""

from __future__ import annotations

import http.client
import io
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from requests.adapters import HTTPAdapter
from yt_dlp.networking import common
from yt_dlp.networking.common import RequestHandler, Response
from yt_dlp.networking.exceptions import HTTPError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

Untyped: TypeAlias = Any  # both libraries are without types

VIDEO = "Kiln-_Fire1"
CHANNEL = f"UC{'k' * 22}"


@dataclass
class StandIn:
    """What is answered, and what was asked: `METHOD path?query`."""

    player: dict[str, Any]
    data: dict[str, Any]
    captions: dict[str, bytes] = field(default_factory=dict)
    """By language as json3, by `LANGUAGE.xml` as it comes where no format is asked for."""
    status: dict[str, int] = field(default_factory=dict)
    """By path: another status than 200."""
    oembed: dict[str, Any] | None = None
    asked: list[str] = field(default_factory=list)
    down: bool = False
    port: int = 0
    gate: threading.Event | None = None
    """Captions are answered when it is set."""
    held: threading.Event = field(default_factory=threading.Event)
    """Captions were asked for."""

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        """Return the body of one answer."""
        if path == "/api/timedtext":
            self.held.set()
            if self.gate is not None:
                self.gate.wait(10)
            form = "" if "fmt" in query else ".xml"
            return self.captions.get(query.get("lang", [""])[0] + form, b"")
        if path == "/youtubei/v1/player":
            return json.dumps(self.player).encode()
        if path in ("/youtubei/v1/next", "/youtubei/v1/browse"):
            return json.dumps(self.data).encode()
        if path == "/oembed":
            return json.dumps(self.oembed).encode()
        return self.page()

    def page(self) -> bytes:
        """Return a page with the data in its scripts, as YouTube has them."""
        settings = {
            "INNERTUBE_API_KEY": "AIzaSyStandIn",
            "INNERTUBE_CONTEXT": {
                "client": {"clientName": "WEB", "clientVersion": "2.20260708.00.00", "hl": "en"}
            },
            "VISITOR_DATA": "CgtzdGFuZGluLi4u",
        }
        return (
            "<!DOCTYPE html><html><head><title>x - YouTube</title></head><body><script>"
            f"ytcfg.set({json.dumps(settings)});</script><script>"
            f"var ytInitialPlayerResponse = {json.dumps(self.player)};</script><script>"
            f"var ytInitialData = {json.dumps(self.data)};</script></body></html>"
        ).encode()


def caption(language: str, *, automatic: bool, extra: str = "") -> dict[str, Any]:
    """One track as a player lists it."""
    kind = "&kind=asr" if automatic else ""
    return {
        "baseUrl": f"https://www.youtube.com/api/timedtext?v={VIDEO}&lang={language}{kind}{extra}",
        "name": {"runs": [{"text": language}]},
        "vssId": f"{'a' if automatic else ''}.{language}",
        "languageCode": language,
        **({"kind": "asr"} if automatic else {}),
        "isTranslatable": True,
    }


def playable(*tracks: dict[str, Any]) -> dict[str, Any]:
    """A player's reply for a video that is there, spoken in German."""
    return {
        "playabilityStatus": {"status": "OK", "playableInEmbed": True},
        "streamingData": {
            "expiresInSeconds": "21540",
            "adaptiveFormats": [
                {
                    "itag": 140,
                    "url": "https://rr1---sn-x.googlevideo.com/videoplayback?itag=140&c=WEB",
                    "mimeType": 'audio/mp4; codecs="mp4a.40.2"',
                    "bitrate": 130_000,
                    "contentLength": "971000",
                    "quality": "tiny",
                    "audioQuality": "AUDIO_QUALITY_MEDIUM",
                    "approxDurationMs": "60000",
                    "audioSampleRate": "44100",
                    "audioChannels": 2,
                    "audioTrack": {
                        "displayName": "German original",
                        "id": "de.4",
                        "audioIsDefault": True,
                    },
                }
            ],
        },
        "captions": {
            "playerCaptionsTracklistRenderer": {
                "captionTracks": list(tracks),
                "translationLanguages": [
                    {"languageCode": one, "languageName": {"runs": [{"text": one}]}}
                    for one in ("en", "fr", "de")
                ],
            }
        },
        "videoDetails": {
            "videoId": VIDEO,
            "title": "Der Ofen: ruht & \u2066kühlt\u2069",
            "lengthSeconds": "60",
            "channelId": CHANNEL,
            "shortDescription": "Vom Brennen.\n0:00 Anfang\n0:20 Mitte\n0:40 Ende\n",
            "author": "Ton und Erde",
            "isLiveContent": False,
            "isPrivate": False,
            "viewCount": "7",
            "thumbnail": {"thumbnails": [{"url": "https://i.ytimg.com/vi/x/hq.jpg", "width": 9}]},
        },
        "microformat": {
            "playerMicroformatRenderer": {
                "uploadDate": "2025-03-14T05:00:00-07:00",
                "category": "Education",
                "ownerProfileUrl": "http://www.youtube.com/@tonunderde",
            }
        },
    }


def refused(status: str, reason: str, subreason: str = "") -> dict[str, Any]:
    """A player's reply for a video that is not given out."""
    screen = {"reason": {"simpleText": reason}}
    if subreason:
        screen["subreason"] = {"simpleText": subreason}
    return {
        "playabilityStatus": {
            "status": status,
            "reason": reason,
            "errorScreen": {"playerErrorMessageRenderer": screen},
        },
        "videoDetails": {"videoId": VIDEO, "title": "x"},
    }


def watch_data(channel: str = "Ton und Erde") -> dict[str, Any]:
    """What stands around the player on a watch page."""
    owner = {"videoOwnerRenderer": {"title": {"runs": [{"text": channel}]}}}
    return {
        "contents": {
            "twoColumnWatchNextResults": {
                "results": {
                    "results": {
                        "contents": [{"videoSecondaryInfoRenderer": {"owner": owner}}],
                    }
                }
            }
        }
    }


def json3(*lines: str) -> bytes:
    """Captions of one line every ten seconds."""
    events = [
        {"tStartMs": 10_000 * at, "dDurationMs": 9_000, "segs": [{"utf8": line}]}
        for at, line in enumerate(lines)
    ]
    return json.dumps({"wireMagic": "pb3", "events": events}).encode()


@contextmanager
def served(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve it on loopback, and lead yt-dlp's requests there."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            self.rfile.read(int(self.headers.get("content-length") or 0))
            stand_in.asked.append(f"{self.command} {self.path}")
            body = stand_in.answer(parts.path, parse_qs(parts.query))
            self.send_response(stand_in.status.get(parts.path, 200))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815  # as the server calls them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    common._REQUEST_HANDLERS["StandIn"] = _handler(stand_in)  # noqa: SLF001

    def first(handler: RequestHandler, _: object) -> int:
        return 10_000 if handler.RH_KEY == "StandIn" else 0

    common._RH_PREFERENCES.add(first)  # noqa: SLF001
    try:
        yield stand_in
    finally:
        common._RH_PREFERENCES.discard(first)  # noqa: SLF001
        common._REQUEST_HANDLERS.pop("StandIn")  # noqa: SLF001
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(stand_in: StandIn) -> type[RequestHandler]:
    class StandInRH(RequestHandler):  # type: ignore[misc]  # the library has no types
        _SUPPORTED_URL_SCHEMES = ("https",)

        def _check_extensions(self, extensions: dict[str, Any]) -> None:
            extensions.clear()

        def _send(self, request: Untyped) -> Untyped:
            if stand_in.down:
                raise TransportError("Failed to resolve 'www.youtube.com' (name resolution)")
            parts = urlsplit(request.url)
            sender = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=10)
            body = request.data if isinstance(request.data, (bytes, type(None))) else b""
            sender.request(request.method, f"{parts.path or '/'}?{parts.query}", body)
            got = sender.getresponse()
            answer = Response(
                io.BytesIO(got.read()), request.url, dict(got.getheaders()), got.status
            )
            sender.close()
            if got.status >= 400:
                raise HTTPError(answer)
            return answer

    return StandInRH


class Adapter(HTTPAdapter):  # type: ignore[misc]  # read as a library without types
    """Leads requests of youtube-transcript-api to the stand-in."""

    def __init__(self, stand_in: StandIn) -> None:
        """Lead them to this one."""
        super().__init__()
        self._stand_in = stand_in

    def send(self, request: Untyped, **settings: Untyped) -> Untyped:
        """Send a request there instead."""
        parts = urlsplit(request.url)
        request.url = f"http://127.0.0.1:{self._stand_in.port}{parts.path}?{parts.query}"
        return super().send(request, **settings)


def listed(video: str, title: str, **more: object) -> dict[str, Any]:
    """One video of a playlist's page."""
    return {
        "playlistVideoRenderer": {
            "videoId": video,
            "title": {"runs": [{"text": title}]},
            "lengthSeconds": "60",
            **more,
        }
    }


def playlist_data(title: str, *videos: dict[str, Any]) -> dict[str, Any]:
    """The data of a playlist's page."""
    inner = {"playlistVideoListRenderer": {"playlistId": "PLx", "contents": list(videos)}}
    return {
        "contents": _tabs({"sectionListRenderer": {"contents": [_section(inner)]}}),
        "metadata": {"playlistMetadataRenderer": {"title": title}},
    }


def channel_data(title: str, *videos: tuple[str, str]) -> dict[str, Any]:
    """The data of a channel's tab with its videos."""
    items = [
        {
            "richItemRenderer": {
                "content": {
                    "videoRenderer": {
                        "videoId": video,
                        "title": {"runs": [{"text": name}]},
                        "lengthText": {"simpleText": "1:00"},
                    }
                }
            }
        }
        for video, name in videos
    ]
    return {
        "contents": _tabs({"richGridRenderer": {"contents": items}}),
        "metadata": {"channelMetadataRenderer": {"title": title, "externalId": CHANNEL}},
    }


def _section(inner: dict[str, Any]) -> dict[str, Any]:
    return {"itemSectionRenderer": {"contents": [inner]}}


def _tabs(content: dict[str, Any]) -> dict[str, Any]:
    title = {"title": "Videos"} if "richGridRenderer" in content else {}
    tab = {"tabRenderer": {"selected": True, **title, "content": content}}
    return {"twoColumnBrowseResultsRenderer": {"tabs": [tab]}}
