"""Published transcripts and chapters, in each of their forms, become part of an episode."""

from __future__ import annotations

import json

import pytest

from notemill.errors import SourceError
from notemill.sources.draft import Captions, Chapter
from notemill.sources.feeds.model import TranscriptLink
from notemill.sources.feeds.reading import read
from notemill.sources.feeds.transcripts import best_of, with_chapters, with_transcript

FEED = (
    b'<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    b'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">'
    b"<channel><title>Tides</title><item><title>Ebb</title><guid>1</guid>"
    b"<itunes:duration>120</itunes:duration><description>Notes on the ebb.</description>"
    b'<enclosure url="https://cdn.example/1.mp3" type="audio/mpeg"/>'
    b'<podcast:transcript url="https://t.example/1" type="text/vtt"/></item></channel></rss>'
)
VTT = b"WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>The tide is out.\n\n00:05.000 --> 00:08.000\n<v Ole>So we walk.\n"
SRT = b"1\n00:00:01,000 --> 00:00:04,000\nThe tide is out.\n\n2\n00:00:05,000 --> 00:00:08,000\nSo we walk.\n"
JSON = json.dumps(
    {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Ada", "startTime": 1, "endTime": 4, "body": "The tide is out."},
            {"speaker": "Ole", "startTime": 5, "endTime": 8, "body": "So we walk."},
        ],
    }
).encode()
HTML = (
    b"<cite>Ada:</cite><time>0:01</time><p>The tide is out.</p>"
    b"<cite>Ole:</cite><time>0:05</time><p>So we walk.</p>"
)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/vtt", VTT),
        ("application/srt", SRT),
        ("application/x-subrip", SRT),
        ("application/json", JSON),
        ("text/html", HTML),
        ("", VTT),
    ],
)
def test_each_form_becomes_cues(kind: str, data: bytes) -> None:
    """Words and seconds are the same whatever the form; the show notes give way."""
    (episode,) = read(FEED).episodes
    draft = with_transcript(episode, TranscriptLink("https://t.example/1", kind, "en-US"), data)
    assert [(cue.start_s, cue.text) for cue in draft.cues] == [
        (1.0, "The tide is out."), (5.0, "So we walk."),
    ]  # fmt: skip
    assert (draft.captions, draft.blocks, draft.notices) == (Captions.PUBLISHED, (), ())
    assert draft.keys == episode.outline.keys
    if data is not SRT:
        assert [cue.speaker for cue in draft.cues] == ["Ada", "Ole"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/plain", b"The tide is out.\n\nSo we walk."),
        ("text/html", b"<html><body><p>The tide is out.</p><p>So we walk.</p></body></html>"),
    ],
)
def test_a_transcript_without_times_is_text(kind: str, data: bytes) -> None:
    """No seconds are made up: what has none becomes blocks."""
    (episode,) = read(FEED).episodes
    draft = with_transcript(episode, TranscriptLink("https://t.example/1", kind), data)
    assert [block.markdown for block in draft.blocks] == ["The tide is out.", "So we walk."]
    assert not draft.cues
    assert draft.captions is Captions.PUBLISHED


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/vtt", b"WEBVTT\n"),
        ("application/json", b"{}"),
        ("text/vtt", b""),
        ("text/html", b"<p> </p>"),
    ],
)
def test_a_transcript_with_nothing_in_it_is_named(kind: str, data: bytes) -> None:
    """The error names the address of the transcript."""
    (episode,) = read(FEED).episodes
    with pytest.raises(SourceError, match=r"https://t\.example/1"):
        with_transcript(episode, TranscriptLink("https://t.example/1", kind), data)


def test_the_best_transcript_comes_first() -> None:
    """The episode's own language goes before the form, and times before text."""
    links = [
        TranscriptLink("a", "text/html", "en"),
        TranscriptLink("b", "text/vtt", "de"),
        TranscriptLink("c", "application/srt", "en-GB"),
        TranscriptLink("d", "application/json", "en"),
        TranscriptLink("e", "text/plain"),
    ]
    assert [link.address for link in best_of(links, "en")] == ["d", "c", "e", "a", "b"]


def test_chapters_of_a_file() -> None:
    """Chapters come in order, within the duration, without those that are for no list."""
    (episode,) = read(FEED).episodes
    data = {
        "version": "1.2.0",
        "chapters": [
            {"startTime": 60, "title": "Flood"},
            {"startTime": 0, "title": "Ebb"},
            {"startTime": 30, "title": "picture only", "toc": False},
            {"startTime": 500, "title": "beyond"},
            {"startTime": "x", "title": "wrong"},
            "no chapter",
        ],
    }
    draft = with_chapters(episode.draft, json.dumps(data).encode())
    assert draft.chapters == (Chapter("Ebb", 0.0), Chapter("Flood", 60.0))
    for wrong in (b"", b"[]", b'{"chapters": 3}', b"\xff"):
        with pytest.raises(SourceError, match="chapters"):
            with_chapters(episode.draft, wrong)
