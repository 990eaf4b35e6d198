"""What yt-dlp says of a video, of which nothing is believed unchecked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.captions.info import metadata
from notemill.sources.draft import Chapter

KNOWN: dict[str, Any] = {
    "id": "Rk3fT8zWq1E",
    "extractor": "youtube",
    "extractor_key": "Youtube",
    "title": "Slip\tcasting\n101 \u202e",
    "channel": "Studio Nine",
    "uploader": "somebody",
    "upload_date": "20240229",
    "duration": 600,
    "language": "nl",
    "description": "How it is done.\n\nAll of it.",
    "thumbnail": "https://i.ytimg.com/vi/Rk3fT8zWq1E/maxresdefault.jpg",
    "subtitles": {"live_chat": [], "nl": []},
    "automatic_captions": {"nl-orig": [], "en": []},
}


def test_a_video_is_told_by_its_info() -> None:
    """Everything on one line, the day as it was uploaded, the chat no caption."""
    known = metadata(KNOWN)
    assert known.keys == ("youtube:Rk3fT8zWq1E",)
    assert known.source == "https://www.youtube.com/watch?v=Rk3fT8zWq1E"
    assert (known.title, known.channel, known.authors) == (
        "Slip casting 101", "Studio Nine", ("Studio Nine",),
    )  # fmt: skip
    assert (known.published, known.duration_s, known.language) == ("2024-02-29", 600.0, "nl")
    assert known.description == "How it is done. All of it."
    assert known.image.endswith("maxresdefault.jpg")
    assert (known.manual, known.automatic) == (frozenset({"nl"}), frozenset({"nl-orig", "en"}))


def test_a_video_elsewhere_is_known_by_its_address() -> None:
    """An id of eleven letters is YouTube's only if YouTube is where it comes from."""
    known = metadata(
        {
            "id": "12345678901",
            "extractor": "vimeo",
            "webpage_url": "https://vimeo.com/76979871?utm_source=x",
        }
    )
    assert known.keys == ("https://vimeo.com/76979871",)
    assert known.source.startswith("https://vimeo.com/76979871")


@pytest.mark.parametrize(
    ("name", "value", "attribute", "empty"),
    [
        ("upload_date", "20240230", "published", ""),
        ("upload_date", "00010101", "published", ""),
        ("duration", "ten", "duration_s", None),
        ("duration", -5, "duration_s", None),
        ("duration", float("nan"), "duration_s", None),
        ("duration", float("inf"), "duration_s", None),
        ("duration", 10**400, "duration_s", None),
        ("duration", True, "duration_s", None),
        ("thumbnail", "javascript:alert(1)", "image", ""),
        ("thumbnail", "https://a b/", "image", ""),
        ("title", ["x"], "title", ""),
        ("subtitles", "en", "manual", frozenset()),
        ("chapters", {"a": 1}, "chapters", ()),
    ],
)
def test_what_is_no_value_is_none(name: str, value: object, attribute: str, empty: object) -> None:
    """A wrong value is as good as an absent one."""
    assert getattr(metadata({name: value}), attribute) == empty


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from([*KNOWN, "chapters", "creators"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["start_time", "end_time", "title", "en"]), inner)
            ),
            max_leaves=8,
        ),
    )
)
def test_no_info_is_an_accident(info: dict[str, object]) -> None:
    """Whatever stands in it, chapters grow within the duration and texts are one line."""
    known = metadata(info)
    starts = [int(one.start_s) for one in known.chapters]
    assert starts == sorted(set(starts))
    assert all(one.start_s < (known.duration_s or 1e9) for one in known.chapters)
    assert "\n" not in f"{known.title}{known.channel}{known.description}"


def chapters(*found: tuple[float, float, str], **known: object) -> list[Chapter]:
    """Return the chapters of a video of 1,000 seconds that lists these."""
    listed = [{"start_time": start, "end_time": end, "title": title} for start, end, title in found]
    return list(metadata({"duration": 1000, "chapters": listed, **known}).chapters)


def test_chapters_are_brought_in_order_within_the_duration() -> None:
    """Those of no length, twice the same second, or beyond the end go; the last is said."""
    found = [
        (0, 20, "<Untitled Chapter 1>"), (20, 90, "Clay"), (400, 380, "Back"), (90, 410, "Water"),
        (410, 410, "Nothing"), (90.4, 95, "Same second"), (4000, 5000, "Shop"), (700, 1000, " "),
        (800, 1000, 'a "b" [c] #d'),
    ]  # fmt: skip
    assert chapters(*found) == [
        Chapter("Untitled chapter 1", 0),
        Chapter("Clay", 20),
        Chapter("Water", 90),
        Chapter("Back", 400),
        Chapter('a "b" [c] #d', 800),
    ]
    known = metadata({"duration": 1000, "chapters": [{"start_time": 4000, "title": "Shop"}]})
    assert known.chapters == ()
    assert "after the recording's end" in known.notices[0]


@pytest.mark.parametrize(
    "lines",
    [
        "Notes\n0:00 Start\n1:05 Wedging\n10:30 Firing",
        "00:00 - Start\n01:05 - Wedging\n10:30 - Firing\n\nThanks!",
        "• 0:00 | Start\n• 1:05 | Wedging\n• 10:30 | Firing",
        "1. 0:00 Start\n2. 1:05 Wedging\n3. 10:30 Firing",
        "[0:00] Start\n[1:05] Wedging\n[10:30] Firing",
        "Start (0:00)\nWedging - 1:05\nFiring \u2013 0:10:30",
        "0:00 - 1:05 Start\n1:05 - 10:30 Wedging\n10:30 - 16:40 Firing",
        "⏱️ 0:00 Start\n⏱️ 1:05 Wedging\n⏱️ 10:30 Firing",
        "recorded 12:30 today\n0:00 Start\n1:05 Wedging\n10:30 Firing\n0:30 a clip of another film",
    ],
)
def test_the_lines_of_a_description_are_chapters(lines: str) -> None:
    """If the first is at 0:00 and three or more grow, as YouTube has it."""
    found = metadata({"duration": 1000, "description": lines}).chapters
    assert found == (Chapter("Start", 0), Chapter("Wedging", 65), Chapter("Firing", 630))


@pytest.mark.parametrize(
    "lines",
    [
        "0:00 Start\n1:05 Wedging",
        "0:10 Start\n1:05 Wedging\n10:30 Firing",
        "0:00 Start\n10:30 Firing\n1:05 Wedging",
        "0:00 Start\n1:05 Wedging\n99:30 Firing",
        "open 9:00 to 17:00\nclosed 12:00 to 13:00\n0:00 midnight",
    ],
)
def test_other_times_in_a_description_are_none(lines: str) -> None:
    """Too few, not from the beginning, not growing, or beyond the end."""
    assert metadata({"duration": 1000, "description": lines}).chapters == ()


def test_chapters_of_the_page_go_before_lines_of_the_description() -> None:
    """What the page has was made of these lines, or with care."""
    assert chapters((0, 9, "One"), description="0:00 A\n0:10 B\n0:20 C") == [Chapter("One", 0)]


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ({"upload_date": "20250314", "release_date": "20250320"}, "2025-03-14"),
        ({"upload_date": 20250314}, "2025-03-14"),
        ({"upload_date": "2025-03-14"}, "2025-03-14"),
        ({"timestamp": 1741995000, "release_date": "20250320"}, "2025-03-14"),
        ({"upload_date": None, "release_timestamp": 1741996800}, "2025-03-15"),
        ({"release_date": "20250320", "release_timestamp": 0}, "2025-03-20"),
        ({"upload_date": 10**5000, "timestamp": 10**400}, ""),
        ({"timestamp": 1e300, "upload_date": "2025-99-14"}, ""),
        ({"timestamp": float("nan"), "release_timestamp": True}, ""),
    ],
)
def test_the_day_is_that_of_the_upload_or_what_comes_next_to_it(
    told: dict[str, object], day: str
) -> None:
    """In UTC, whatever the reader's own time zone; the day of a first showing comes last."""
    assert metadata(told).published == day


def test_a_chapter_from_beginning_to_end_is_none() -> None:
    """It parts nothing, so that parts are looked for in the text."""
    assert not chapters((0, 1000, "All of it"))
    assert not chapters((0, 1000, "<Untitled Chapter 1>"))
    assert [one.title for one in chapters((0, 400, "Half of it"))] == ["Half of it"]
