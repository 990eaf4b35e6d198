"""Which of several tracks of one video is read, and what of it is speech."""

from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from notemill.errors import SourceError
from notemill.sources.captions.drafting import draft_of
from notemill.sources.captions.tracks import Track
from notemill.sources.draft import Captions, SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence


def vtt(*lines: str) -> bytes:
    """Return a WebVTT file in which each line is said for two seconds."""
    cues = [
        f"00:{2 * at // 60:02}:{2 * at % 60:02}.000 --> 00:{(2 * at + 2) // 60:02}:{(2 * at + 2) % 60:02}.000\n{line}\n"
        for at, line in enumerate(lines)
    ]
    return "\n".join(["WEBVTT\n", *cues]).encode()


def listed(
    manual: Sequence[str] = (), automatic: Sequence[str] = (), **known: object
) -> dict[str, object]:
    """Return what yt-dlp says of a video with captions in these languages."""
    return {
        "id": "Hq7wE2rT9yU",
        "extractor": "youtube",
        "title": "Sowing rye",
        "subtitles": {one: [{"ext": "vtt"}] for one in manual},
        "automatic_captions": {one: [{"ext": "vtt"}] for one in automatic},
        **known,
    }


def track(language: str, *lines: str, ending: str = "vtt") -> Track:
    """Return a track in a language."""
    return Track(f"Sowing rye.{language}.{ending}", vtt(*lines), language, format=ending)


@pytest.mark.parametrize(
    ("info", "languages", "chosen", "captions"),
    [
        (
            listed(language="fi", automatic=["fi-orig", "fi", "en"]),
            ["en", "fi-orig"],
            "fi-orig",
            Captions.AUTOMATIC,
        ),
        (
            listed(["en"], ["fi-orig", "fi", "en"], language="fi"),
            ["en", "fi"],
            "fi",
            Captions.AUTOMATIC,
        ),
        (
            listed(["fi", "en"], ["fi-orig"], language="fi"),
            ["en", "fi", "fi-orig"],
            "fi",
            Captions.MANUAL,
        ),
        (
            listed(["fi-FI"], ["fi-orig"], language="fi"),
            ["fi-FI", "fi-orig"],
            "fi-FI",
            Captions.MANUAL,
        ),
        (listed(["en-GB", "en"], language="en"), ["en-GB", "en"], "en", Captions.MANUAL),
        (listed(automatic=["fi-orig", "fi", "en"]), ["en", "fi"], "fi", Captions.AUTOMATIC),
        (
            listed(["live_chat"], ["fi-orig", "en"]),
            ["live_chat", "en", "fi-orig"],
            "fi-orig",
            Captions.AUTOMATIC,
        ),
        (listed(automatic=["iw", "en"], language="he"), ["en", "iw"], "iw", Captions.AUTOMATIC),
        (listed(["fin", "eng"], language="fi"), ["eng", "fin"], "fin", Captions.MANUAL),
        ({"title": "Sowing rye"}, ["en", "fi-orig"], "fi-orig", Captions.AUTOMATIC),
        (
            {"title": "Wie man den Roggen sät und was er braucht"},
            ["en", "de"],
            "de",
            Captions.UNKNOWN,
        ),
    ],
)
def test_the_own_language_comes_first_then_what_a_person_wrote(
    info: dict[str, object], languages: list[str], chosen: str, captions: Captions
) -> None:
    """Whatever order the tracks come in, one is read: the video's own, by hand if there is one."""
    for order in permutations(languages):
        draft = draft_of(info, [track(one, f"said in {one}") for one in order])
        assert [cue.text for cue in draft.cues] == [f"said in {chosen}"]
        assert draft.captions is captions


def test_a_translation_is_read_only_where_nothing_else_is_and_is_called_one() -> None:
    """The note's language is that of its words, and a notice names the one that was spoken."""
    info = listed(["en"], ["fi-orig"], language="fi")
    draft = draft_of(info, [track("en", "the rye is sown"), track("fi-orig")])
    assert (draft.language, draft.captions) == ("en", Captions.MANUAL)
    assert any("translation (en)" in one and "fi" in one for one in draft.notices)
    assert any("fi-orig.vtt" in one for one in draft.notices)


def test_times_of_words_tell_the_original_where_nobody_names_it() -> None:
    """A machine's translation has no times within its lines, so the other is what was heard."""
    heard = Track(
        "a.fi.vtt",
        b"WEBVTT\n\n00:01.000 --> 00:03.000\nruis<00:01.500><c> kylvetaan</c><00:02.000><c> nyt</c>\n",
        "fi",
    )
    draft = draft_of({"title": "a"}, [track("en", "rye is sown now"), heard])
    assert (draft.language, draft.captions) == ("fi", Captions.AUTOMATIC)
    assert draft.cues[0].text == "ruis kylvetaan nyt"


CHAT = "\n".join(
    json.dumps({"replayChatItemAction": {"actions": [], "videoOffsetTimeMsec": str(at)}})
    for at in range(3)
).encode()


def test_marks_in_a_track_that_is_listed_as_automatic_are_sounds_in_any_language() -> None:
    """Though nothing in the track itself shows that a program listened."""
    sounds = track("xx", "[sesler]", "[tezahürat]")
    with pytest.raises(SourceError, match="no speech"):
        draft_of(listed(automatic=["xx"]), [sounds])
    assert len(draft_of(listed(["xx"]), [sounds]).cues) == 2


@pytest.mark.parametrize("name", ["Sowing.live_chat.json", "Sowing.rechat.json", "Sowing.en.json"])
def test_what_viewers_wrote_is_never_the_transcript(name: str) -> None:
    """A chat is known by its content, too, and alone it is named with the reason."""
    chat = Track(name, CHAT, name.split(".")[1])
    with pytest.raises(SourceError, match=rf"{name}.* chat"):
        draft_of(listed(["live_chat"]), [chat])
    draft = draft_of(listed(["live_chat"], ["en"]), [chat, track("en", "so we sow")])
    assert [cue.text for cue in draft.cues] == ["so we sow"]
    assert draft.captions is Captions.AUTOMATIC


def test_of_one_language_the_form_with_most_in_it_is_read_and_the_next_where_it_is_broken() -> None:
    """Nothing is read twice, and a broken file does not hide a good one; it is named."""
    info = listed(automatic=["fi"], language="fi")
    good = track("fi", "from the vtt")
    draft = draft_of(info, [good, Track("a.fi.json3", b'{"events": [', "fi", format="json3")])
    assert [cue.text for cue in draft.cues] == ["from the vtt"]
    assert any("a.fi.json3" in one for one in draft.notices)
    whole = json.dumps({"events": [{"tStartMs": 0, "segs": [{"utf8": "from json3"}]}]}).encode()
    draft = draft_of(info, [good, Track("a.fi.json3", whole, "fi", format="json3")])
    assert [cue.text for cue in draft.cues] == ["from json3"]


def test_without_a_video_it_is_a_transcript_known_by_its_bytes() -> None:
    """The key is the digest of the track that was read, and the source its name."""
    draft = draft_of({"title": "A talk"}, [track("", "hello there")])
    assert draft.kind is SourceKind.TRANSCRIPT
    assert draft.keys[0].startswith("sha256:")
    assert draft.source == "Sowing rye..vtt"
    assert draft_of(listed(), [track("en", "hello there")]).kind is SourceKind.VIDEO
