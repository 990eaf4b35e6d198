"""YouTube against its stand-in: yt-dlp's own extractor and youtube-transcript-api on loopback."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yt_dlp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yt_dlp.extractor.youtube import _video
from yt_dlp.globals import all_plugins_loaded, plugin_dirs

from notemill.errors import MissingExtraError, SourceBlockedError, SourceError, SourceRefusedError
from notemill.sources.draft import Captions, SourceKind
from notemill.sources.youtube import faults, reading, ytdlp
from notemill.sources.youtube.reading import Entry, YouTube
from notemill.sources.youtube.transcript_api import TranscriptApi
from notemill.sources.youtube.visit import Visit
from notemill.sources.youtube.ytdlp import Found, Log, flat_options, options
from tests.notemill.sources.youtube.stand_in import (
    CHANNEL,
    VIDEO,
    Adapter,
    StandIn,
    caption,
    channel_data,
    json3,
    listed,
    playable,
    playlist_data,
    refused,
    served,
    watch_data,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.loopback

GERMAN = caption("de", automatic=True)
ENGLISH = caption("en", automatic=False)
SPOKEN = json3("Der Ofen ruht.", "Er ist heiß.")
XML = b'<?xml version="1.0"?><transcript><text start="0.5" dur="2.0">Der Ofen ruht.</text></transcript>'


@contextmanager
def youtube(stand_in: StandIn) -> Iterator[YouTube]:
    """YouTube as the product asks it, led to the stand-in, without real pauses."""
    with served(stand_in):
        yield YouTube(second=TranscriptApi(Adapter(stand_in)), pause=lambda _: None)


async def test_a_video_is_read_in_its_own_language() -> None:
    """The spoken track is taken, though a translation was made by hand, and nothing else asked."""
    stand_in = StandIn(playable(ENGLISH, GERMAN), watch_data(), {"de": SPOKEN, "en": json3("No")})
    with youtube(stand_in) as asked:
        draft = await asked.video(VIDEO)
    assert draft.kind is SourceKind.VIDEO
    assert draft.keys == (f"youtube:{VIDEO}",)
    assert draft.source == f"https://www.youtube.com/watch?v={VIDEO}"
    assert (draft.method, draft.language, draft.captions) == ("yt-dlp", "de", Captions.AUTOMATIC)
    assert (draft.title, draft.channel) == ("Der Ofen: ruht & kühlt", "Ton und Erde")
    assert (draft.published, draft.duration_s) == ("2025-03-14", 60)
    assert [one.title for one in draft.chapters] == ["Anfang", "Mitte", "Ende"]
    assert [one.text for one in draft.cues] == ["Der Ofen ruht.", "Er ist heiß."]
    assert draft.notices == ()
    tracks = [one for one in stand_in.asked if "timedtext" in one]
    assert len(tracks) == 1
    assert "lang=de" in tracks[0]
    assert "tlang" not in tracks[0]
    assert "fmt=json3" in tracks[0]


async def test_a_track_made_by_hand_in_the_same_language_goes_first() -> None:
    """What a person wrote down is better than what a program heard."""
    by_hand = caption("de", automatic=False)
    stand_in = StandIn(playable(GERMAN, by_hand), watch_data(), {"de": SPOKEN})
    with youtube(stand_in) as asked:
        draft = await asked.video(VIDEO)
    assert draft.captions is Captions.MANUAL
    assert not any("kind=asr" in one for one in stand_in.asked)


async def test_pauses_are_made_between_requests_and_a_long_one_before_captions() -> None:
    """The first request is made at once; nothing real is waited for here."""
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": SPOKEN})
    pauses: list[float] = []
    with served(stand_in):
        await YouTube(pause=pauses.append).video(VIDEO)
    assert len(pauses) == len(stand_in.asked) - 1
    assert set(pauses[:-1]) == {0.75}
    assert pauses[-1] == 5


async def test_nothing_is_printed_and_no_file_is_read_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A person's own settings of yt-dlp do nothing here, and the folder stays as it is."""
    config = tmp_path / "yt-dlp"
    config.mkdir()
    (config / "config").write_text("--write-info-json --verbose --output spoiled\n")
    plugin = config / "plugins" / "one" / "yt_dlp_plugins" / "extractor"
    plugin.mkdir(parents=True)
    (plugin / "one.py").write_text("print('loaded')\n")
    monkeypatch.setattr(all_plugins_loaded, "value", False)
    monkeypatch.setattr(plugin_dirs, "value", ["default"])
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ffmpeg").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (programs / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    (tmp_path / ".netrc").write_text("machine youtube login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": SPOKEN})
    with youtube(stand_in) as asked:
        await asked.video(VIDEO)
        stand_in.captions = {"de": b"", "de.xml": XML}
        await asked.video(VIDEO)
    written = {one for _, _, files in os.walk(tmp_path) for one in files}
    assert written == {".netrc", "config", "one.py", "ffmpeg"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("player", "error", "says"),
    [
        (
            refused("LOGIN_REQUIRED", "Sign in to confirm you\u2019re not a bot"),
            SourceBlockedError,
            "program",
        ),
        (
            refused("LOGIN_REQUIRED", "Sign in to confirm your age"),
            SourceRefusedError,
            "viewer's age",
        ),
        (
            refused("UNPLAYABLE", "This content isn't available, try again later."),
            SourceBlockedError,
            "up to an hour",
        ),
        (
            refused("UNPLAYABLE", "Video unavailable", "This video is private."),
            SourceRefusedError,
            "private",
        ),
        (
            refused(
                "UNPLAYABLE",
                "Video unavailable",
                "The uploader has not made this video available in your country",
            ),
            SourceRefusedError,
            "country",
        ),
        (
            refused("ERROR", "Video unavailable", "This video has been removed by the uploader"),
            SourceError,
            "is gone",
        ),
        (
            refused("UNPLAYABLE", "Join this channel to get access to members-only content."),
            SourceRefusedError,
            "members",
        ),
        (refused("ERROR", "This video is unavailable"), SourceError, "is gone"),
        (playable(), SourceError, "no captions"),
    ],
)
async def test_a_refusal_is_said_in_its_own_sentence(
    player: dict[str, Any], error: type[SourceError], says: str
) -> None:
    """Who reads it knows what to do; what YouTube said stands behind it."""
    with youtube(StandIn(player, watch_data())) as asked, pytest.raises(SourceError) as caught:
        await asked.video(VIDEO)
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert "--cookies" not in str(caught.value)
    if (reason := player["playabilityStatus"].get("reason")) and "country" not in says:
        assert reason.removesuffix(".").lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("isUpcoming", "has not begun; add it when it is over. It begins 2026-12-24 at 18:00 UTC."),
        ("isLive", "is live"),
    ],
)
async def test_what_is_not_over_is_left_for_later(status: str, says: str) -> None:
    """A premiere tells when it begins."""
    player = playable(GERMAN)
    player["videoDetails"][status] = True
    player["microformat"]["playerMicroformatRenderer"]["liveBroadcastDetails"] = {
        "isLiveNow": status == "isLive",
        "startTimestamp": "2026-12-24T18:00:00+00:00",
    }
    with youtube(StandIn(player, watch_data())) as asked, pytest.raises(SourceError) as caught:
        await asked.video(VIDEO)
    assert says in str(caught.value)


async def test_captions_are_read_where_nothing_can_be_watched() -> None:
    """Neither missing formats nor several cameras keep the words of a video from being read."""
    player = playable(GERMAN)
    player["streamingData"]["adaptiveFormats"] = []
    cameras = ",".join(f"id%3D{one}%26title%3D{one}" for one in (VIDEO, "bbbbbbbbbbb"))
    player["multicamera"] = {"playerLegacyMulticameraRenderer": {"metadataList": cameras}}
    with youtube(StandIn(player, watch_data(), {"de": SPOKEN})) as asked:
        draft = await asked.video(VIDEO)
    assert (draft.language, len(draft.cues)) == ("de", 2)


async def test_what_fails_is_tried_once_more_and_no_oftener() -> None:
    """A server in trouble is not troubled further."""
    stand_in = StandIn(playable(GERMAN), watch_data(), status={"/watch": 500})
    with served(stand_in):
        ytdlp.YtDlp().video(VIDEO, Visit(lambda _: None))
    assert sum("/watch" in one for one in stand_in.asked) == 2


async def test_limits_on_captions_stop_at_once() -> None:
    """After a 429 nothing more is asked, by any program."""
    stand_in = StandIn(
        playable(GERMAN, ENGLISH), watch_data(), {"de": SPOKEN}, {"/api/timedtext": 429}
    )
    with youtube(stand_in) as asked, pytest.raises(SourceBlockedError, match="up to an hour"):
        await asked.video(VIDEO)
    assert sum("timedtext" in one for one in stand_in.asked) == 1


@pytest.mark.parametrize("status", [200, 403, 404])
async def test_a_translation_is_not_taken_for_what_is_withheld(status: int) -> None:
    """Words that nobody said are no replacement; that the others cannot be had is said."""
    stand_in = StandIn(playable(ENGLISH, GERMAN), watch_data(), {"en": json3("The oven rests.")})
    stand_in.status = {"/api/timedtext": status}
    with youtube(stand_in) as asked, pytest.raises(SourceError, match="withholds them"):
        await asked.video(VIDEO)
    assert not any("lang=en" in one for one in stand_in.asked)


async def test_a_second_program_is_asked_once() -> None:
    """Captions that yt-dlp gets empty come by the other one, with the page's own title."""
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": b"", "de.xml": XML})
    with youtube(stand_in) as asked:
        draft = await asked.video(VIDEO)
    assert (draft.method, draft.language) == ("youtube-transcript-api", "de")
    assert draft.title == "Der Ofen: ruht & kühlt"
    assert draft.captions is Captions.AUTOMATIC
    assert [(one.start_s, one.end_s, one.text) for one in draft.cues] == [
        (0.5, 2.5, "Der Ofen ruht.")
    ]
    assert "yt-dlp got no captions" in draft.notices[-1]


async def test_without_a_page_the_title_comes_from_what_other_sites_get() -> None:
    """Where yt-dlp fails altogether, the words are there all the same, and what is not is said."""

    class Failing:
        def video(self, _video: str, _visit: Visit) -> Found:
            return Found({}, fault=faults.UNKNOWN, said="KeyError: 'x'")

        def listing(self, _address: str, _visit: Visit) -> Found:
            raise AssertionError

    stand_in = StandIn(playable(ENGLISH, GERMAN), watch_data(), {"de.xml": XML, "en.xml": b"<x/>"})
    stand_in.oembed = {"title": "Der Ofen", "author_name": "Ton und Erde", "thumbnail_url": 7}
    with served(stand_in):
        asked = YouTube(
            first=Failing(), second=TranscriptApi(Adapter(stand_in)), pause=lambda _: None
        )
        draft = await asked.video(VIDEO)
    assert (draft.title, draft.channel, draft.image) == ("Der Ofen", "Ton und Erde", "")
    assert draft.keys == (f"youtube:{VIDEO}",)
    assert "unknown" in draft.notices[-1]


async def test_captions_that_youtube_withholds_are_told_from_none() -> None:
    """A track that wants a token of a browser is there, and cannot be had."""
    withheld = caption("de", automatic=True, extra="&exp=xpe")
    with (
        youtube(StandIn(playable(withheld), watch_data())) as asked,
        pytest.raises(SourceError, match="has captions, and YouTube withholds them"),
    ):
        await asked.video(VIDEO)


async def test_one_video_after_another_is_judged_by_its_own_warnings() -> None:
    """What was said of the first is not said of the second."""
    stand_in = StandIn(refused("UNPLAYABLE", "This video is private"), watch_data())
    with youtube(stand_in) as asked:
        with pytest.raises(SourceRefusedError):
            await asked.video(VIDEO)
        stand_in.player = playable()
        with pytest.raises(SourceError, match="no captions"):
            await asked.video(VIDEO)
        stand_in.player, stand_in.captions = playable(GERMAN), {"de": SPOKEN}
        assert len((await asked.video(VIDEO)).cues) == 2


async def test_without_a_network_it_says_so() -> None:
    """A computer that is offline is told from a video that is not there."""
    stand_in = StandIn(playable(GERMAN), watch_data(), down=True)
    with youtube(stand_in) as asked, pytest.raises(SourceBlockedError, match="cannot be reached"):
        await asked.video(VIDEO)


async def test_captions_of_another_host_are_not_asked_for() -> None:
    """A page does not lead the program to addresses of its choice."""
    track = {**GERMAN, "baseUrl": "https://169.254.169.254/latest/meta-data?lang=de"}
    stand_in = StandIn(playable(track), watch_data())
    with youtube(stand_in) as asked, pytest.raises(SourceError, match="another host"):
        await asked.video(VIDEO)
    assert not any("meta-data" in one for one in stand_in.asked)


async def test_an_endless_answer_is_not_read() -> None:
    """No page and no track is so large that memory ends first."""
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": b" " * (33 << 20)})
    with youtube(stand_in) as asked, pytest.raises(SourceError, match="larger than"):
        await asked.video(VIDEO)


async def test_cancellation_does_not_wait_for_an_answer() -> None:
    """A canceled video is given up at once, and the next one is read all the same."""
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": SPOKEN}, gate=threading.Event())
    with youtube(stand_in) as asked:
        task = asyncio.create_task(asked.video(VIDEO))
        assert await asyncio.to_thread(stand_in.held.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 2)
        assert stand_in.gate is not None
        stand_in.gate.set()
        assert len((await asked.video(VIDEO)).cues) == 2


async def test_a_pause_ends_with_the_time_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks without end is stopped, in the middle of a pause as well."""
    ended = threading.Event()

    class Endless:
        def video(self, _video: str, visit: Visit) -> Found:
            try:
                while True:
                    visit.before("https://www.youtube.com/", pause_s=600)
            finally:
                ended.set()

        def listing(self, _address: str, _visit: Visit) -> Found:
            raise AssertionError

    monkeypatch.setattr(reading, "MOST_VIDEO_S", 0.05)
    with pytest.raises(SourceError, match="did not answer within"):
        await YouTube(first=Endless()).video(VIDEO)
    assert await asyncio.to_thread(ended.wait, 2)


async def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that installs it is said; without the second program the first one's word counts."""
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'notemill\[youtube\]'"):
        await YouTube().video(VIDEO)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "youtube_transcript_api", None)
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": b""})
    with youtube(stand_in) as asked, pytest.raises(SourceError, match="withholds them"):
        await asked.video(VIDEO)


async def test_what_is_no_id_is_not_asked_for() -> None:
    """Nothing but an id becomes part of an address."""
    with pytest.raises(SourceError, match="no video's id"):
        await YouTube().video("videoseries")


async def test_a_playlist_is_listed_in_its_order() -> None:
    """Videos come once each; what cannot be seen and what is not over is left out, and said."""
    data = playlist_data(
        "Clay",
        listed("bbbbbbbbbbb", "Two"),
        listed(VIDEO, "One"),
        listed("bbbbbbbbbbb", "Two"),
        listed("aaaaaaaaaaa", "[Private video]"),
        listed(
            "ccccccccccc",
            "Soon",
            upcomingEventData={"startTime": "1798135200"},
        ),
    )
    with youtube(StandIn({}, data)) as asked:
        found = await asked.listing("https://m.youtube.com/playlist?list=PLx&si=y")
    assert (found.title, found.key) == ("Clay", "https://www.youtube.com/playlist?list=PLx")
    assert found.entries == (
        Entry("bbbbbbbbbbb", "Two", duration_s=60),
        Entry(VIDEO, "One", duration_s=60),
    )
    assert found.notices == (
        "1 video is left out: private or deleted.",
        "1 video is left for later: live, or not begun.",
    )


async def test_a_channel_is_its_videos_and_known_by_its_id() -> None:
    """Shorts and streams are lists of their own; a handle may change, the id does not."""
    stand_in = StandIn({}, channel_data("Ton", (VIDEO, "One")))
    with youtube(stand_in) as asked:
        found = await asked.listing("https://www.youtube.com/@Ton")
        with pytest.raises(SourceError, match="no such playlist or channel, or it has no videos"):
            await asked.listing("https://www.youtube.com/@Ton/streams")
    assert (found.title, found.key) == ("Ton", f"https://www.youtube.com/channel/{CHANNEL}")
    assert found.entries == (Entry(VIDEO, "One", duration_s=60),)
    assert stand_in.asked[0].startswith("GET /@ton/videos")
    assert stand_in.asked[-1].startswith("GET /@ton/streams")


async def test_a_page_that_is_no_list_is_refused() -> None:
    """Neither a video nor another site is listed."""
    for address in (f"https://youtu.be/{VIDEO}", "https://clay.example/@ton"):
        with pytest.raises(SourceError, match="no playlist or channel"):
            await YouTube().listing(address)


def test_every_option_is_known_to_the_installed_version() -> None:
    """Names that yt-dlp does not know do nothing, without a word."""
    known = set(yt_dlp.parse_options([]).ydl_opts) | {"logger"}
    assert set(flat_options(Log())) <= known
    source = inspect.getsource(_video)
    for skipped in options(Log())["extractor_args"]["youtube"]["skip"]:
        assert f"'{skipped}'" in source


def test_other_sites_are_not_for_this_reader() -> None:
    """yt-dlp knows a thousand sites; here it knows one."""
    stand_in = StandIn({}, {})
    with served(stand_in):
        found = ytdlp.YtDlp().listing("https://vimeo.com/1", Visit(lambda _: None))
    assert found.fault is faults.UNKNOWN
    assert stand_in.asked == []


def test_a_list_is_read_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages beyond what is listed at most are not asked for."""
    monkeypatch.setattr(ytdlp, "MOST_LISTED", 2)
    data = playlist_data("Clay", *(listed(f"aaaaaaaaaa{one}", "x") for one in "abc"))
    with served(StandIn({}, data)):
        found = ytdlp.YtDlp().listing(
            "https://www.youtube.com/playlist?list=PLx", Visit(lambda _: None)
        )
    entries = found.info["entries"]
    assert isinstance(entries, list)
    assert len(entries) == 2


def test_nothing_is_cached() -> None:
    """No folder of yt-dlp's own is used."""
    assert yt_dlp.YoutubeDL(options(Log())).cache.enabled is False


def test_without_a_javascript_runtime_the_extra_is_named() -> None:
    """yt-dlp's own warning is known, where it explains that there is nothing else."""
    log = Log()
    with served(StandIn(playable(), watch_data())):
        chosen = options(log) | {"js_runtimes": {}}
        yt_dlp.YoutubeDL(chosen).extract_info(f"https://youtu.be/{VIDEO}", download=False)
    assert faults.fault_of(log.said) is faults.NO_RUNTIME
    assert "notemill[youtube]" in str(faults.error_of(faults.NO_RUNTIME))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just(VIDEO) | JSON,
        "title": JSON,
        "duration": JSON,
        "upload_date": st.just("20250314") | JSON,
        "live_status": JSON,
    },
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(("title", "channel", "channel_id")), JSON), st.lists(ENTRY))
def test_any_list_is_read_without_a_traceback(info: dict[str, Any], entries: list[Any]) -> None:
    """Whatever a page says of its videos, it says nothing or something that makes sense."""

    class Told:
        def video(self, _video: str, _visit: Visit) -> Found:
            raise AssertionError

        def listing(self, _address: str, _visit: Visit) -> Found:
            return Found({**info, "entries": entries})

    found = asyncio.run(YouTube(first=Told()).listing("https://www.youtube.com/@ton"))
    assert found.title
    assert len(found.entries) <= 1


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_reply_is_a_sentence(data: st.DataObject) -> None:
    """Whatever is missing or of another kind in a player's reply, nobody sees a traceback."""
    player = playable(dict(GERMAN))
    name = data.draw(st.sampled_from(sorted(player)))
    part = player[name]
    key = data.draw(st.sampled_from(sorted(part)))
    part[key] = data.draw(JSON)

    async def read(asked: YouTube) -> None:
        try:
            await asked.video(VIDEO)
        except SourceError as error:
            assert str(error)  # noqa: PT017

    with youtube(StandIn(player, watch_data(), {"de": SPOKEN})) as asked:
        asyncio.run(read(asked))


def test_the_mapping_of_tracks_is_reduced() -> None:
    """A draft's maker gets no addresses and no formats, whatever a page lists."""
    stand_in = StandIn(playable(GERMAN), watch_data(), {"de": SPOKEN})
    with served(stand_in):
        found = ytdlp.YtDlp().video(VIDEO, Visit(lambda _: None))
    info: Mapping[str, object] = found.info
    assert "formats" not in info
    assert info["automatic_captions"] == {"de-orig": (), "de": ()}
