"""Which page, video, playlist or channel an address means, however it is written.

YouTube has a dozen forms of address for one video; pages are passed on with parameters that tell
who passed them on. Two sources are one if their keys are equal (`draft.Draft.keys`), so each has one
spelling, and it is made here. Pure; what means nothing is None or ''.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

from notemill.sources.draft import DIGEST_KEY, FEED_KEY, VIDEO_KEY
from notemill.sources.spelling import Address, for_comparing, read, without_tracking

_ID: Final = re.compile(r"[A-Za-z0-9_-]{11}")
_ID_AND_MORE: Final = re.compile(r"([A-Za-z0-9_-]{11})(?:[?&#/=].*)?", re.DOTALL)
# Of eleven letters, and no videos.
_NO_IDS: Final = frozenset({"videoseries", "live_stream"})
_LIST: Final = re.compile(r"[A-Za-z0-9_-]{2,80}")
# Mixes are made anew for every viewer, and have no end.
_MIX: Final = "RD"
_CHANNEL_ID: Final = re.compile(r"UC[A-Za-z0-9_-]{22}")
_CHANNEL_NAME: Final = re.compile(r"[^\s/?#&%\x00-\x1f]{1,100}")

_TABS: Final = {"shorts": "/shorts", "streams": "/streams"}

_PAGES: Final = frozenset(
    {
        *(f"{one}youtube.com" for one in ("", "www.", "m.", "music.", "gaming.")),
        *(f"{one}youtube-nocookie.com" for one in ("", "www.")),
        *(f"{one}youtubekids.com" for one in ("", "www.")),
        "youtube.googleapis.com",
    }
)
_SHORT: Final = frozenset({"youtu.be", "www.youtu.be"})
_CONSENT: Final = "consent.youtube.com"
_WITHOUT_SCHEME: Final = re.compile(
    r"(?://)?(?:(?:www\.|m\.|music\.)?youtube\.com|(?:www\.)?youtube-nocookie\.com"
    r"|(?:www\.)?youtu\.be)/",
    re.IGNORECASE,
)
_BEFORE_ID: Final = frozenset({"shorts", "live", "embed", "v", "e", "vi", "watch"})
# What asks YouTube about another of its addresses, and the parameters that name it.
_ASKING: Final = {"attribution_link": "u", "oembed": "url", "m": "continue", "redirect": "q"}

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"`]+", re.IGNORECASE)
_LINK: Final = re.compile(r"!?\[.*\]\(\s*<?([^\s<>]+)>?(?:\s+[\"'(].*)?\)", re.DOTALL)
_KEYS: Final = (FEED_KEY, DIGEST_KEY)
_MOST_LETTERS: Final = 16_384


def canonical_address(url: str) -> str:
    """Return the one spelling of a web address that two addresses of the same page share, or ''.

    It is for comparing: it says https where the address said http, has no slash at its end, and its
    parameters are sorted, so that it need not lead to the page. `clean_address` does.
    """
    if (address := _read(url)) is None:
        return ""
    if video := _video(address):
        return video_address(video)
    if playlist := _playlist(address):
        return playlist_address(playlist)
    if channel := _channel(address):
        return channel_address(channel)
    return str(for_comparing(without_tracking(address)))


def clean_address(url: str) -> str:
    """Return a web address to be fetched and shown, or '' if it is none.

    It leads to the same page, without tracking parameters, without the place within the page, and
    without name and password; those of YouTube's videos are `https://www.youtube.com/watch?v=…`.
    """
    if (address := _read(url)) is None:
        return ""
    if video := _video(address):
        return video_address(video)
    return str(without_tracking(address))


def video_id(url: str) -> str | None:
    """Return the id of the YouTube video that an address means, if it means one."""
    address = _read(url)
    return _video(address) if address else None


def playlist_id(url: str) -> str | None:
    """Return the id of the playlist that an address means; a video in a playlist means the video."""
    address = _read(url)
    return _playlist(address) if address and not _video(address) else None


def channel_name(url: str) -> str | None:
    """Return the channel that an address means: `@name`, `channel/UC…`, `c/name` or `user/name`.

    Names are in lower case, as YouTube does not tell them apart by it; ids are as they are. Behind
    it stands `/shorts` or `/streams` if the address does: lists of their own.
    """
    address = _read(url)
    return _channel(address) if address else None


def video_address(video: str) -> str:
    """Return the address of a video's page."""
    return f"https://www.youtube.com/watch?v={video}"


def playlist_address(playlist: str) -> str:
    """Return the address of a playlist's page."""
    return f"https://www.youtube.com/playlist?list={playlist}"


def channel_address(channel: str) -> str:
    """Return the address of the channel that `channel_name` returned."""
    return f"https://www.youtube.com/{quote(channel, safe='/@')}"


def is_video_id(text: str) -> bool:
    """Tell whether this can be the id of a video."""
    return _ID.fullmatch(text) is not None and text not in _NO_IDS


def key_of(source_text: str) -> str | None:
    """Return the draft's key of what a note's property `source` says, None if it says none.

    It may be an address, one in `<…>`, a Markdown link, a wikilink, words with one address in them, or a key.
    """
    text = source_text.strip().strip("\"'").strip()
    if len(text) > _MOST_LETTERS:
        return None
    if text.startswith(_KEYS):
        return text
    video = text.removeprefix(VIDEO_KEY)
    if video != text:
        return text if is_video_id(video) else None
    if link := _LINK.fullmatch(text):
        text = link[1]
    elif text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    elif text.startswith("[[") and text.endswith("]]"):
        text = text[2:-2].partition("|")[0]
    if any(letter.isspace() for letter in text.strip()):
        named = _ADDRESS.findall(text)
        text = named[0].rstrip(".,;:!?)]}'") if len(named) == 1 else ""
    video_meant = video_id(text)
    return VIDEO_KEY + video_meant if video_meant else canonical_address(text) or None


def _read(url: str) -> Address | None:
    """Take an address apart; YouTube's are often written without `https:`."""
    url = url.strip()
    if _WITHOUT_SCHEME.match(url):
        url = f"https://{url.removeprefix('//')}"
    return read(url)


def _segments(address: Address) -> list[str]:
    return [unquote(one) for one in address.path.split("/") if one]


def _video(address: Address) -> str | None:
    """Return a video's id; an address that asks about another one is followed once."""
    address = _asked_about(address) or address
    segments = _segments(address)
    if address.host in _SHORT:
        return _id_in(segments[:1])
    if address.host not in _PAGES:
        return None
    if len(segments) > 1 and segments[0].lower() in _BEFORE_ID:
        found = _id_in(segments[1:2])
    else:
        found = None
    return found or _id_in((*address.values("v"), *address.values("vi"), *_in_route(address)))


def _in_route(address: Address) -> tuple[str, ...]:
    """Return what old addresses of the mobile site have behind `#`: `#!v=…`, `#/watch?v=…`."""
    query = address.fragment.removeprefix("!").rpartition("?")[2]
    pairs = (one.partition("=") for one in query.split("&"))
    return tuple(unquote(value) for name, _, value in pairs if name == "v")


def _asked_about(address: Address) -> Address | None:
    """Return the address that one of YouTube's is about, such as `attribution_link?u=…`."""
    segments = _segments(address)
    if (address.host not in _PAGES and address.host != _CONSENT) or len(segments) != 1:
        return None
    for url in address.values(_ASKING.get(segments[0].lower(), "")):
        return read(f"https://www.youtube.com{url}" if url.startswith("/") else url)
    return None


def _id_in(texts: list[str] | tuple[str, ...]) -> str | None:
    for text in texts:
        found = _ID_AND_MORE.fullmatch(text)
        if found and found[1] not in _NO_IDS:
            return found[1]
    return None


def _playlist(address: Address) -> str | None:
    address = _asked_about(address) or address
    if address.host not in _PAGES | _SHORT:
        return None
    for name in (*address.values("list"), *address.values("playlist_id")):
        if _LIST.fullmatch(name) and not name.startswith(_MIX):
            return name
    return None


def _channel(address: Address) -> str | None:
    address = _asked_about(address) or address
    if address.host not in _PAGES:
        return None
    segments = _segments(address)
    if segments == ["feeds", "videos.xml"]:
        found = (one for one in address.values("channel_id") if _CHANNEL_ID.fullmatch(one))
        return next((f"channel/{one}" for one in found), None)
    first, second, third = (*segments, "", "", "")[:3]
    if first.startswith("@") and _CHANNEL_NAME.fullmatch(first[1:]):
        return first.lower() + _TABS.get(second.lower(), "")
    first = first.lower()
    if first == "channel" and _CHANNEL_ID.fullmatch(second):
        return f"channel/{second}" + _TABS.get(third.lower(), "")
    if first in ("c", "user") and _CHANNEL_NAME.fullmatch(second):
        return f"{first}/{second.lower()}" + _TABS.get(third.lower(), "")
    return None
