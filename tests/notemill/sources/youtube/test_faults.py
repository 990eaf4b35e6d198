"""What is said of each refusal: the right kind of error, from whichever program it comes."""

from __future__ import annotations

import re

import pytest
import youtube_transcript_api
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import SourceBlockedError, SourceError, SourceRefusedError
from notemill.sources.youtube import faults
from notemill.sources.youtube.faults import error_of, fault_of, in_short

SAID = (
    ("Sign in to confirm you\u2019re not a bot. Use --cookies-from-browser", SourceBlockedError, "blocks"),
    ("Sign in to confirm your age. This video may be inappropriate", SourceRefusedError, "age"),
    ("Video unavailable. This content isn't available, try again later", SourceBlockedError, "hour"),
    ("Please try again. YouTube is requiring a captcha challenge", SourceBlockedError, "captcha"),
    ("Private video. Sign in if you've been granted access", SourceRefusedError, "private"),
    ("The uploader has not made this video available in your country", SourceRefusedError, "country"),
    (
        ("Video unavailable. This video contains content from X, who has blocked it in your country on"
        " copyright grounds"),
        SourceRefusedError,
        "country",
    ),
    (
        "This video is available to this channel's members on level: Potter (or any higher level)",
        SourceRefusedError,
        "members",
    ),
    ("This video requires payment to watch", SourceRefusedError, "paid"),
    ("This live event will begin in 2 hours.", SourceError, "not begun"),
    ("Login details are needed to download this content", SourceRefusedError, "signed in"),
    ("Premieres in 3 days", SourceError, "not begun"),
    ("This live stream recording is not available.", SourceError, "gone"),
    ("Video unavailable", SourceError, "gone"),
    ("This video isn't available anymore", SourceError, "gone"),
    ("This video has been removed by the uploader", SourceError, "gone"),
    (
        ("This video is no longer available because the YouTube account associated with this video"
        " has been terminated."),
        SourceError,
        "gone",
    ),
    ("Incomplete YouTube ID abc. URL https://youtu.be/abc looks truncated.", SourceError, "no such video"),
    ("Unable to download API page: HTTP Error 429: Too Many Requests", SourceBlockedError, "hour"),
    ("All player responses are invalid. Your IP is likely being blocked by Youtube", SourceBlockedError, "blocks"),
    (
        ("There are missing subtitles languages because a PO token was not provided. Automatic"
        " captions for 1 languages are missing."),
        SourceError,
        "withholds",
    ),
    ("Unable to download webpage: [Errno -3] Temporary failure in name resolution", SourceBlockedError, "reached"),
    ("YouTube said: The playlist does not exist.", SourceError, "no such playlist"),
)  # fmt: skip


@pytest.mark.parametrize(("said", "error", "says"), SAID)
def test_each_refusal_has_its_sentence(said: str, error: type[SourceError], says: str) -> None:
    """Words of yt-dlp and of YouTube lead to what a person can do."""
    fault = fault_of(["[youtube] Kiln-_Fire1: unrelated", f"[youtube] Kiln-_Fire1: {said}"])
    assert fault is not None
    assert fault.error is error
    assert says in fault.sentence


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("RequestBlocked", "blocks"),
        ("IpBlocked", "blocks"),
        ("PoTokenRequired", "withholds"),
        ("AgeRestricted", "age"),
        ("TranscriptsDisabled", "no captions"),
        ("NoTranscriptFound", "no captions"),
        ("VideoUnavailable", "gone"),
        ("InvalidVideoId", "no such video"),
    ],
)
def test_the_classes_of_the_second_program_are_known(name: str, says: str) -> None:
    """Each class is there in the installed version, and leads to its sentence."""
    assert hasattr(youtube_transcript_api, name)
    fault = fault_of([], classes={name})
    assert fault is not None
    assert says in fault.sentence


def test_what_nobody_knows_is_no_fault() -> None:
    """Warnings about something else explain nothing."""
    assert (
        fault_of(["Unable to extract player version", "", "Requested format is not available"])
        is None
    )


def test_what_was_said_is_kept_without_labels_and_advice() -> None:
    """The original helps whoever looks it up; other programs' options help nobody here."""
    said = "\x1b[0;31mERROR:\x1b[0m [youtube] Kiln-_Fire1: Private video. Use --cookies-from-browser or"
    assert in_short(said) == "Private video"
    assert in_short("[youtube:tab] @ton: This channel\ndoes not have a tab") == (
        "This channel does not have a tab"
    )
    assert len(in_short("x" * 100_000)) < 400
    assert str(error_of(faults.UPCOMING, "Premieres soon", when="2026-12-24 at 18:00 UTC")) == (
        "The video has not begun; add it when it is over. It begins 2026-12-24 at 18:00 UTC."
        " (“Premieres soon”)"
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=50), max_size=3))
def test_any_words_are_judged(said: list[str]) -> None:
    """Whatever was said, it fits on one line of an error."""
    error = error_of(fault_of(said) or faults.UNKNOWN, " ".join(said))
    assert not re.search(r"[\n\r\x1b]", str(error))
