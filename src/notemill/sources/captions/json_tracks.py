"""Transcripts as JSON: YouTube's json3, Podcasting 2.0, Whisper's, and plain lists of pieces; pure.

Forms: `events` with `segs` (json3, which has no public description); `segments` with `startTime`
and `body` (https://github.com/Podcastindex-org/podcast-namespace, transcripts.md) or `start` and
`text` (Whisper); a list of `start`, `duration`, `text` (youtube-transcript-api).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from notemill.errors import SourceError
from notemill.markup.lines import one_line
from notemill.sources.captions.numbers import seconds
from notemill.sources.captions.shown import Caption, Line, Read, lines_of
from twolane.files import json_of

_WORD_S: Final = 2.0
"""The longest that a last word is taken to last; json3 says only when it begins."""
_MS: Final = 1000


def read(text: str) -> Read:
    """Return the captions of a text in JSON. Raises SourceError for what is no transcript."""
    try:
        found = json_of(text.encode("utf-8"))
    except OSError as error:
        raise SourceError(f"its JSON is damaged ({error.strerror})") from None
    if isinstance(found, Mapping) and isinstance(found.get("events"), list):
        return Read(_of_events(found["events"]))
    pieces = found.get("segments") if isinstance(found, Mapping) else found
    if not isinstance(pieces, list):
        raise SourceError("its JSON is no transcript of a known form")
    language = found.get("language") if isinstance(found, Mapping) else ""
    captions = [one for piece in pieces if (one := _of_piece(piece)) is not None]
    return Read(captions, language if isinstance(language, str) else "")


def _of_events(events: Sequence[object]) -> list[Caption]:
    """Return what the events of json3 say; one without a time comes when the one before began."""
    captions: list[Caption] = []
    start = 0.0
    for event in events:
        if (one := _of_event(event, start)) is not None:
            captions.append(one)
            start = one.start_s
    return captions


def _of_event(event: object, otherwise: float) -> Caption | None:
    """Return what an event of json3 says, None for windows, pens, and line breaks."""
    if not isinstance(event, Mapping) or not isinstance(event.get("segs"), list):
        return None
    segments = [one for one in event["segs"] if isinstance(one, Mapping)]
    text = "".join(said for one in segments if isinstance(said := one.get("utf8"), str))
    if not text.strip():
        return None
    told = seconds(event.get("tStartMs"), _MS)
    start = otherwise if told is None else told
    end = start + _seconds(event.get("dDurationMs"), _MS)
    offsets = [_seconds(one["tOffsetMs"], _MS) for one in segments if "tOffsetMs" in one]
    if offsets:
        end = min(end, start + max(offsets) + _WORD_S)
    return Caption(start, end, lines_of(text), word_times=bool(offsets))


def _of_piece(piece: object) -> Caption | None:
    """Return what a piece of a transcript says, None where it says nothing."""
    if not isinstance(piece, Mapping):
        return None
    text = _text(piece, "body", "text")
    if not text:
        return None
    start = _seconds(_first(piece, "startTime", "start"))
    end = _seconds(_first(piece, "endTime", "end")) or start + _seconds(piece.get("duration"))
    return Caption(start, max(start, end), (Line(text, _text(piece, "speaker")),))


def _first(piece: Mapping[str, object], *names: str) -> object:
    return next((piece[name] for name in names if name in piece), None)


def _text(piece: Mapping[str, object], *names: str) -> str:
    found = _first(piece, *names)
    return one_line(found) if isinstance(found, str) else ""


def _seconds(value: object, per_second: int = 1) -> float:
    return seconds(value, per_second) or 0.0
