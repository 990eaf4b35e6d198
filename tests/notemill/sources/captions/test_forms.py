"""Every form of a track: the same words from each, and a reason where there are none."""

from __future__ import annotations

import json
from socket import gethostname

import pytest

from notemill.errors import SourceError
from notemill.sources.captions.forms import spoken
from notemill.sources.captions.tracks import MOST_BYTES, Track

SAID = [(1.0, 3.5, "it's salt & ash"), (4.0, 5.0, "two lines")]

JSON3 = {
    "wireMagic": "pb3",
    "events": [
        {"tStartMs": 0, "dDurationMs": 9000, "id": 1, "wpWinPosId": 1},
        {"tStartMs": 1000, "dDurationMs": 2500, "wWinId": 1, "segs": [{"utf8": "it's salt & ash"}]},
        {"tStartMs": 3490, "wWinId": 1, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        {
            "tStartMs": 4000,
            "dDurationMs": 1000,
            "segs": [{"utf8": "two\nlines"}, {"utf8": None}, 7],
        },
        "no event",
        {"segs": "no segments"},
    ],
}
FORMS = {
    "json3": json.dumps(JSON3),
    "podcast.json": json.dumps(
        {
            "version": "1.0.0",
            "segments": [
                {"startTime": 1, "endTime": 3.5, "body": "it's salt & ash"},
                {"startTime": "4.0", "endTime": "00:00:05", "body": "two lines"},
            ],
        }
    ),
    "whisper.json": json.dumps(
        {
            "text": "…",
            "segments": [{"start": a, "end": b, "text": f" {said}"} for a, b, said in SAID],
        }
    ),
    "list.json": json.dumps([{"start": a, "duration": b - a, "text": said} for a, b, said in SAID]),
    "srv1": '<?xml version="1.0" encoding="utf-8" ?><transcript><text start="1" dur="2.5">it&amp;#39;s '
    'salt &amp;amp; ash</text><!-- no --><text start="4" dur="1">two<br/>lines</text></transcript>',
    "srv2": '<timedtext><text t="1000" d="2500">it\'s salt &amp; ash</text>'
    '<text t="4000" d="1000">two\nlines</text></timedtext>',
    "srv3": '<timedtext format="3"><head><pen id="1"/></head><body><w t="0" id="1"/>'
    '<p t="1000" d="2500" w="1"><s>it\'s</s><s> salt &amp;</s><s> ash</s></p><p t="3490" a="1">\n</p>'
    '<p t="4000" d="1000">two\nlines</p></body></timedtext>',
    "ttml": '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'ttp:frameRate="25"><body><div><p begin="00:00:01.000" end="00:00:03:13">it\'s <span>salt '
    "&amp;</span> ash</p><p begin='4s' dur='1000ms'>two<br/>lines</p></div></body></tt>",
    "sbv": "0:00:01.000,0:00:03.500\nit's salt & ash\n\n0:00:04.000,0:00:05.000\ntwo\nlines\n",
    "tsv": "start\tend\ttext\n1000\t3500\tit's salt & ash\n4000\t5000\ttwo lines\n",
    "vtt": "WEBVTT\n\n00:01.000 --> 00:03.500\nit's salt &amp; ash\n\n00:04.000 --> 00:05.000\ntwo\nlines",
    "srt": "1\n00:00:01,000 --> 00:00:03,500\nit's salt & ash\n\n2\n00:00:04,000 --> 00:00:05,000\ntwo\nlines",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_says_the_same(form: str) -> None:
    """What the bytes are decides, so that a wrong ending does no harm."""
    for name in (f"a.{form}", "a.srt", "a.txt"):
        found = spoken(Track(name, FORMS[form].encode(), format=name.rpartition(".")[2]))
        close = [(cue.start_s, round(cue.end_s, 1), cue.text) for cue in found.cues]
        assert close == SAID
        assert found.automatic is None


def test_times_of_words_tell_automatic_captions() -> None:
    """And a last word that stays on the screen is not said for so long."""
    words = [{"utf8": "the"}, {"utf8": " oven", "tOffsetMs": 400}]
    data = json.dumps({"events": [{"tStartMs": 0, "dDurationMs": 20000, "segs": words}]}).encode()
    found = spoken(Track("a.json3", data))
    assert (found.automatic, found.cues[0].end_s) == (True, 2.4)


def test_speakers_are_those_that_a_podcast_names() -> None:
    """As Podcasting 2.0 has them."""
    segments = [{"speaker": "Ada", "startTime": 0, "endTime": 1, "body": "hello"}]
    found = spoken(Track("a.json", json.dumps({"segments": segments}).encode()))
    assert [(cue.speaker, cue.text) for cue in found.cues] == [("Ada", "hello")]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.srt", b"", "empty"),
        ("a.vtt", b"\xef\xbb\xbf \r\n", "empty"),
        ("a.vtt", b"WEBVTT\nKind: captions\n\n", "no captions"),
        ("a.vtt", b"WEBVTT\n\nNOTE only this\n\n00:01.000 --> 00:02.000\n\n", "no captions"),
        ("a.json3", b'{"events": []}', "no captions"),
        ("a.json3", b'{"events": [{"segs": [{"utf8": "[Music]"}]}]}', "no speech"),
        ("a.json3", b'{"events": [{"segs": ', "damaged"),
        ("a.json3", b'{"a": 1}', "no transcript"),
        ("a.json3", b"[" * 100_000, "nested too deeply"),
        ("a.vtt", b"<!-- x --><!DOCTYPE html><html><p>00:01 sorry</html>", "web page"),
        ("a.srv1", b"<?xml version='1.0'?><rss><text>x</text></rss>", "no transcript"),
        ("a.srv1", b"<?xml", "damaged"),
        ("a.srt", b"\x00\x01\x02\x03" * 50, "no text file"),
        ("a.txt", b"---\ntitle: x\n---\n\n", "no words"),
        ("a.vtt", b" " * (MOST_BYTES + 1), "at most 32 MB"),
    ],
)
def test_nothing_to_read_is_said_with_the_file_and_the_reason(
    name: str, data: bytes, reason: str
) -> None:
    """An error's page is no transcript, and sound alone is no speech."""
    with pytest.raises(SourceError, match=rf"^{name}: nothing to read.*{reason}"):
        spoken(Track(name, data, format=name.rpartition(".")[2]))


def test_a_file_s_own_entities_are_not_expanded() -> None:
    """A file of a kilobyte stays one, and reads no other."""
    bomb = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">'
    data = (
        f'<?xml version="1.0"?><!DOCTYPE t [{bomb}]><transcript><text>&b;&c; so</text></transcript>'
    )
    text = spoken(Track("a.srv1", data.encode())).cues[0].text
    assert text.endswith("so")
    assert "ha" not in text
    assert gethostname() not in text


def test_events_without_a_time_stay_where_they_stand() -> None:
    """Nor does one that begins before the beginning go to the front."""
    events = [
        {"tStartMs": 3000, "dDurationMs": 900, "segs": [{"utf8": "first"}]},
        {"segs": [{"utf8": "second"}]},
        {"tStartMs": -7, "segs": [{"utf8": "third"}]},
        {"tStartMs": 9000, "segs": [{"utf8": "fourth"}]},
    ]
    said = spoken(Track("talk.json3", json.dumps({"events": events}).encode(), format="json3"))
    assert [one.text for one in said.cues] == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize(
    ("words", "page", "language"),
    [
        ("Сегодня говорим про глину", "cp1251", ""),
        ("Глина", "cp1251", "ru"),
        ("Λέμε λόγια", "cp1253", "el"),
        ("היום נדבר על חומר", "cp1255", ""),
        ("今日は土の話をします", "cp932", "ja"),
        ("Dziś mówię o glinie", "cp1250", "pl"),
        ("Früh übt sich", "cp1252", ""),
        ("Früh übt sich", "cp1252", "ru"),
    ],
)
def test_letters_of_old_files_are_those_of_their_language(
    words: str, page: str, language: str
) -> None:
    """By the language in the file's name, else by the script; what does not fit is Western."""
    text = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{words}\n\n" for n in range(1, 9))
    if (page, language) == ("cp1252", "ru"):
        text += "9\n00:00:09,000 --> 00:00:09,900\n\x98\n"
    data = text.encode("latin-1" if "\x98" in text else page)
    said = spoken(Track("old.srt", data, language, format="srt"))
    assert said.cues[0].text == words
    assert "is not UTF-8" in said.notices[0]


def test_breaks_of_other_forms_are_blanks() -> None:
    """What ffmpeg leaves of SubStation Alpha; the path of a file is no break."""
    text = "1\n00:01,000 --> 00:02,000\nwe dig\\Nthe\\hclay in C:\\home\n"
    said = spoken(Track("talk.srt", text.encode(), format="srt"))
    assert said.cues[0].text == "we dig the clay in C:\\home"
