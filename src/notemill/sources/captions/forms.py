"""A track's bytes, whatever their form, become cues; pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from notemill.errors import SourceError
from notemill.sources.captions import json_tracks, subtitles, texts, xml_tracks
from notemill.sources.captions.letters import letters_of
from notemill.sources.captions.names import MARKDOWN_FORMATS, TEXT_FORMATS
from notemill.sources.captions.numbers import seconds
from notemill.sources.captions.order import ordered
from notemill.sources.captions.rolling import grown, is_rolling, unrolled, unstacked
from notemill.sources.captions.shown import Caption, Read, lines_of
from notemill.sources.captions.sounds import without_sounds
from notemill.sources.captions.tracks import CHATS, MOST_BYTES, Spoken, Track, base_of

_HALF: Final = 0.5
_MB: Final = 1 << 20
_MS: Final = 1000
_TSV_HEAD: Final = "start\tend\ttext"
_JSON: Final = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\]])")
_XML: Final = re.compile(r"\s*<(?:\?xml\b|transcript\b|timedtext\b|tt\b)")
_CHAT: Final = re.compile(
    rb'"(?:replayChatItemAction|addChatItemAction|liveChatTextMessageRenderer)"'
)
_CHAT_BYTES: Final = 65_536
_PAGE: Final = re.compile(
    r"\s*(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE
)


def spoken(track: Track) -> Spoken:
    """Return what is said in a track. Raises SourceError naming it, and why there is nothing."""
    try:
        return _spoken(track)
    except SourceError as error:
        raise SourceError(f"{track.name}: nothing to read, {error}.") from None


def is_chat(track: Track) -> bool:
    """Tell whether a track is what viewers of a live stream wrote."""
    return track.language in CHATS or _CHAT.search(track.data[:_CHAT_BYTES]) is not None


def text_of(track: Track) -> tuple[str, tuple[str, ...]]:
    """Return a track's text, and notices on its letters. Raises SourceError if it has none."""
    if len(track.data) > MOST_BYTES:
        size = len(track.data) / _MB
        raise SourceError(f"it has {size:,.0f} MB, and at most {MOST_BYTES // _MB} MB are read")
    letters = letters_of(track.data, base_of(track.language))
    if not letters.text.strip():
        raise SourceError("it is empty")
    return letters


def _spoken(track: Track) -> Spoken:
    text, notices = text_of(track)
    if is_chat(track):
        raise SourceError("it is the chat of a live stream and no transcript")
    read = _read(text, track.format)
    if read.blocks:
        return Spoken((), notices=notices, blocks=read.blocks, about=read.about, source=read.source)
    if not read.captions:
        raise SourceError(
            "it has no words" if track.format in TEXT_FORMATS else "it has no captions"
        )
    captions, strayed = ordered(read.captions)
    word_times = sum(one.word_times for one in captions)
    captions = captions if read.written else grown(captions)
    rolls = not read.written and is_rolling(captions)
    automatic = True if rolls or word_times >= _HALF * len(captions) else None
    cues = unrolled(captions) if rolls else unstacked(captions)
    heard = automatic is True or track.automatic is True
    kept = [
        one if said == one.text else replace(one, text=said)
        for one in cues
        if (said := without_sounds(one.text, automatic=heard))
    ]
    if not kept:
        raise SourceError("its captions mark sounds and hold no speech")
    return Spoken(
        tuple(kept),
        read.language,
        automatic,
        (*notices, *strayed),
        about=read.about,
        source=read.source,
    )


def _read(text: str, ending: str) -> Read:
    """Return the captions of a text by what it is; only plain text is told by its name's ending."""
    if _JSON.match(text):
        return json_tracks.read(text)
    if _PAGE.match(text):
        raise SourceError("it is a web page and no transcript")
    if _XML.match(text):
        return xml_tracks.read(text)
    if text.startswith(_TSV_HEAD):
        return _of_tsv(text)
    if ending in TEXT_FORMATS and not subtitles.is_one(text):
        return texts.read(text, is_markdown=ending in MARKDOWN_FORMATS)
    return subtitles.read(text)


def _of_tsv(text: str) -> Read:
    """Return the captions of a table as Whisper writes it: milliseconds, milliseconds, words."""
    rows = (line.split("\t", 2) for line in text.split("\n")[1:])
    return Read(
        [
            Caption(start, max(start, seconds(row[1], _MS) or 0.0), lines_of(row[2]))
            for row in rows
            if len(row) == len(_TSV_HEAD.split("\t")) and row[2].strip()
            if (start := seconds(row[0], _MS)) is not None
        ]
    )
