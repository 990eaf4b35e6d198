"""A transcript and chapters that a feed named, fetched by somebody, become part of an episode; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson

from notemill.errors import SourceError
from notemill.markup.lines import one_line
from notemill.sources.captions.chapters import in_order
from notemill.sources.captions.forms import spoken, text_of
from notemill.sources.captions.numbers import seconds
from notemill.sources.captions.order import within
from notemill.sources.captions.tracks import Track, base_of, code_of
from notemill.sources.draft import Captions, Chapter, Draft
from notemill.sources.feeds.drafting import TRANSCRIPT_NOT_READ
from notemill.sources.fragments import blocks_of
from notemill.sources.pages.parsing import parsed, words_in
from twolane.files import json_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.sources.captions.tracks import Spoken
    from notemill.sources.feeds.model import Episode, TranscriptLink

METHOD: Final = "published transcript"
_HTML: Final = ("text/html", "application/xhtml+xml")
_FORMATS: Final = {
    "text/vtt": "vtt",
    "application/srt": "srt",
    "application/x-subrip": "srt",
    "text/srt": "srt",
    "application/json": "json",
    "text/plain": "txt",
    "": "txt",
}
_MOST_CHAPTERS: Final = 1_000
_BEST: Final = ("json", "vtt", "srt", "txt")


def best_of(links: Iterable[TranscriptLink], language: str = "") -> tuple[TranscriptLink, ...]:
    """Return the transcripts of an episode, the best first.

    Those in the episode's language come first, then those with times and speakers.
    """
    return tuple(sorted(links, key=lambda link: (_is_other(link, language), _rank(link))))


def _is_other(link: TranscriptLink, language: str) -> bool:
    return bool(language and link.language) and base_of(link.language) != base_of(language)


def _rank(link: TranscriptLink) -> int:
    found = _FORMATS.get(link.type, "")
    return _BEST.index(found) if found else len(_BEST) + (link.type not in _HTML)


def with_transcript(episode: Episode, link: TranscriptLink, data: bytes) -> Draft:
    """Return the draft of an episode with its published transcript in place of its show notes.

    With times it is cues; without, as text, it is blocks. Raises SourceError that names the address
    if there is nothing to read in it.
    """
    track = Track(
        name=link.address,
        data=_as_segments(data) if _is_html(link, data) else data,
        language=link.language,
        format=_FORMATS.get(link.type, ""),
    )
    draft = replace(
        episode.draft,
        method=METHOD,
        captions=Captions.PUBLISHED,
        language=code_of(link.language) or episode.draft.language,
        notices=tuple(one for one in episode.draft.notices if one != TRANSCRIPT_NOT_READ),
    )
    if track.data is data and _is_html(link, data):
        return _with_page(draft, link, data)
    return _with(draft, spoken(track))


def _with(draft: Draft, said: Spoken) -> Draft:
    """Return a draft with what is said: as cues where it has times, else as blocks."""
    if said.blocks:
        return replace(draft, blocks=said.blocks, notices=(*draft.notices, *said.notices))
    cues, wrong = within(said.cues, draft.duration_s)
    return replace(
        draft,
        cues=cues,
        blocks=(),
        duration_s=draft.duration_s or max(one.end_s for one in cues) or None,
        notices=(*draft.notices, *said.notices, *wrong),
    )


def _with_page(draft: Draft, link: TranscriptLink, data: bytes) -> Draft:
    """Return a draft with a transcript in HTML that has no times."""
    text, notices = text_of(Track(link.address, data))
    blocks = blocks_of(text)
    if not blocks:
        raise SourceError(f"{link.address}: nothing to read, it is empty.")
    return replace(draft, blocks=blocks, notices=(*draft.notices, *notices))


def _is_html(link: TranscriptLink, data: bytes) -> bool:
    return link.type in _HTML or b"<cite" in data[:10_000].lower()


def _as_segments(data: bytes) -> bytes:
    """Return a transcript in HTML as one in JSON, where it has times; else its bytes.

    HTML transcripts have `<cite>Name:</cite><time>1:23</time><p>…</p>` again and again
    (podcast-namespace, transcripts.md).
    """
    root = parsed(text_of(Track("", data))[0])
    segments: list[dict[str, object]] = []
    speaker, start = "", None
    for element in root.iter("cite", "time", "p"):
        text = words_in(element)
        if element.tag == "cite":
            speaker = text.rstrip(" :")
        elif element.tag == "time":
            start = seconds(text)
        elif text and start is not None:
            segments.append({"startTime": start, "speaker": speaker, "body": text})
    ends = [*(one["startTime"] for one in segments[1:]), None]
    for segment, end in zip(segments, ends, strict=False):
        segment["endTime"] = end if end is not None else segment["startTime"]
    return orjson.dumps({"segments": segments}) if segments else data


def with_chapters(draft: Draft, data: bytes) -> Draft:
    """Return a draft with the chapters of a file in JSON (`podcast:chapters`).

    Those that are for no table of contents are left out. Raises SourceError if it is no such file.
    """
    try:
        found = json_of(data)
        listed = found["chapters"][:_MOST_CHAPTERS]
    except (OSError, TypeError, KeyError):
        raise SourceError("The file of chapters that the feed names cannot be read.") from None
    chapters = []
    for one in listed:
        if not isinstance(one, dict) or one.get("toc") is False:
            continue
        start, title = seconds(one.get("startTime")), one.get("title")
        is_within = start is not None and (draft.duration_s is None or start < draft.duration_s)
        if is_within and start is not None and isinstance(title, str):
            chapters.append(Chapter(one_line(title), start))
    return replace(draft, chapters=in_order(chapters))
