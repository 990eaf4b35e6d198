"""Transcript files on disk: what belongs together, and what is known beside them."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING

import pytest

from notemill.errors import SourceError
from notemill.sources.captions.files import grouped, read
from notemill.sources.captions.names import named
from notemill.sources.draft import Captions, SourceKind

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n{}\n"


def written(folder: Path, name: str, text: str = "we fire the kiln") -> Path:
    """Return a new file with captions that say this."""
    path = folder / name
    path.write_text(WORDS.format(text), encoding="utf-8")
    return path


def told(folder: Path, name: str, **info: object) -> Path:
    """Return a new file with what yt-dlp tells of a video."""
    path = folder / f"{name}.info.json"
    path.write_text(
        json.dumps({"extractor": "youtube", "_type": "video", **info}), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("A day [Rk3fT8zWq1E].en.vtt", ("A day [Rk3fT8zWq1E]", "A day", "Rk3fT8zWq1E", "en", "vtt")),
        ("A [b] c [-k3fT8zWq1_].de-orig.srt", ("A [b] c [-k3fT8zWq1_]", "A [b] c", "-k3fT8zWq1_", "de-orig", "srt")),
        ("x.zh-Hans.json3", ("x", "x", "", "zh-Hans", "json3")),
        ("x.en-nP7-2PuUl7o.vtt", ("x", "x", "", "en-nP7-2PuUl7o", "vtt")),
        ("x [Rk3fT8zWq1E].live_chat.json", ("x [Rk3fT8zWq1E]", "x", "Rk3fT8zWq1E", "live_chat", "json")),
        ("x [Rk3fT8zWq1E].info.json", ("x [Rk3fT8zWq1E]", "x", "Rk3fT8zWq1E", "", "info.json")),
        ("Rk3fT8zWq1E.en.vtt", ("Rk3fT8zWq1E", "Rk3fT8zWq1E", "Rk3fT8zWq1E", "en", "vtt")),
        ("Song [Remastering].srt", ("Song [Remastering]", "Song [Remastering]", "", "", "srt")),
        ("p2p-attacks.md", ("p2p-attacks", "p2p-attacks", "", "", "md")),
        ("Lecture2024.srt", ("Lecture2024", "Lecture2024", "", "", "srt")),
        ("talk.v002.srt", ("talk.v002", "talk.v002", "", "", "srt")),
        ("no ending", ("no ending", "no ending", "", "", "")),
        (".vtt", (".vtt", ".vtt", "", "", "")),
        ("Why\uff1a a \u29f8 b\uff1f [Rk3fT8zWq1E].vtt", ("Why\uff1a a \u29f8 b\uff1f [Rk3fT8zWq1E]", "Why: a / b?", "Rk3fT8zWq1E", "", "vtt")),
        ("\u7a91\u3068\u306f\uff1f.ja.vtt", ("\u7a91\u3068\u306f\uff1f", "\u7a91\u3068\u306f\uff1f", "", "ja", "vtt")),
    ],
)  # fmt: skip
def test_a_name_tells_title_video_language_and_form(name: str, parts: tuple[str, ...]) -> None:
    """As yt-dlp writes names, and as people do."""
    assert astuple(named(name)) == parts


def test_files_of_one_video_are_one_group(tmp_path: Path) -> None:
    """By the id in the name or in the info beside it, else by the name without its language."""
    other = tmp_path / "other"
    other.mkdir()
    told(tmp_path, "renamed", id="Rk3fT8zWq1E", title="A day")
    files = {
        name: tmp_path / name
        for name in (
            "A day [Rk3fT8zWq1E].en.vtt", "renamed.de.srt", "talk.en.vtt", "talk.fi.srt",
            "A day [Rk3fT8zWq2E].en.vtt", "A day [Rk3fT8zWq1E].live_chat.json", "talk2.vtt",
            "talk.md", "talk.fi.md", "A day [Rk3fT8zWq1E].info.json",
        )
    }  # fmt: skip
    files["other"] = other / "talk.en.vtt"
    found = grouped([*files.values(), files["talk2.vtt"]])
    names = [[path.relative_to(tmp_path).as_posix() for path in group] for group in found]
    assert names == [
        ["A day [Rk3fT8zWq1E].en.vtt", "renamed.de.srt", "A day [Rk3fT8zWq1E].live_chat.json",
         "A day [Rk3fT8zWq1E].info.json"],
        ["talk.en.vtt", "talk.fi.srt", "talk.md"],
        ["A day [Rk3fT8zWq2E].en.vtt"],
        ["talk2.vtt"],
        ["talk.fi.md"],
        ["other/talk.en.vtt"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("captions", "info"),
    [
        ("A day [Rk3fT8zWq1E].en.vtt", "A day [Rk3fT8zWq1E]"),
        ("A day [Rk3fT8zWq1E].vtt", "A day [Rk3fT8zWq1E]"),
        ("a.b.en.vtt", "a.b"),
        ("clip.vtt", "clip"),
        ("clip.part.en.vtt", "clip"),
    ],
)
def test_what_is_known_of_a_video_is_read_beside_its_captions(
    tmp_path: Path, captions: str, info: str
) -> None:
    """Nobody has to name it."""
    told(
        tmp_path, info, id="Rk3fT8zWq1E", title="Known: so", channel="Studio", duration=60, language="en",
        subtitles={"en": []}, upload_date="20240301", chapters=[{"start_time": 0, "title": "One"}],
    )  # fmt: skip
    draft = read([written(tmp_path, captions)])
    assert (draft.kind, draft.keys) == (SourceKind.VIDEO, ("youtube:Rk3fT8zWq1E",))
    assert (draft.title, draft.channel, draft.published) == ("Known: so", "Studio", "2024-03-01")
    assert (draft.duration_s, [one.title for one in draft.chapters]) == (60, ["One"])


def test_without_info_a_name_tells_the_video(tmp_path: Path) -> None:
    """So much as it can; nothing is guessed of day and channel."""
    draft = read([written(tmp_path, "A day [Rk3fT8zWq1E].nl.vtt")])
    assert (draft.video, draft.title, draft.language) == ("Rk3fT8zWq1E", "A day", "nl")
    assert (draft.published, draft.channel, draft.captions) == ("", "", Captions.UNKNOWN)


@pytest.mark.parametrize("info", ["{", "[]", '{"_type": "playlist", "title": "all"}', "\x00"])
def test_an_info_that_tells_nothing_is_as_good_as_none(tmp_path: Path, info: str) -> None:
    """Damaged, or of a playlist: the captions are read all the same."""
    (tmp_path / "clip.info.json").write_text(info)
    assert read([written(tmp_path, "clip.vtt")]).title == "clip"


def test_both_languages_given_in_any_order_are_one_draft(tmp_path: Path) -> None:
    """And what the info says decides which is read."""
    told(
        tmp_path,
        "A [Rk3fT8zWq1E]",
        id="Rk3fT8zWq1E",
        language="sv",
        automatic_captions={"sv": [], "en": []},
    )
    swedish = written(tmp_path, "A [Rk3fT8zWq1E].sv.vtt", "vi eldar ugnen")
    english = written(tmp_path, "A [Rk3fT8zWq1E].en.vtt", "we fire the kiln")
    for files in ([swedish, english], [english, swedish]):
        assert [cue.text for cue in read(files).cues] == ["vi eldar ugnen"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file that is not there, a folder, an info without captions, nothing at all."""
    for path, reason in (
        (tmp_path / "absent.vtt", "absent.vtt cannot be read: No such file"),
        (tmp_path, "cannot be read: it is a folder"),
        (told(tmp_path, "x", id="Rk3fT8zWq1E"), "x.info.json.*name its captions"),
    ):
        with pytest.raises(SourceError, match=reason):
            read([path])
