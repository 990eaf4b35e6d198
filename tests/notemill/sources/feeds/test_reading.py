"""Feeds as drafts: RSS, Atom and RDF, well-formed or not, in any encoding."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import SourceError
from notemill.sources.draft import SourceKind
from notemill.sources.feeds.reading import MOST_BYTES, read

HEAD = (
    '<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:psc="http://podlove.org/simple-chapters"><channel><title>Tide &amp; Time</title>'
    "<link>https://ferry.example/</link><language>en-GB</language>"
    "<itunes:author>Ole Rist</itunes:author>"
)
TAIL = "</channel></rss>"


def episode(number: int, inside: str = "", *, title: str = "") -> str:
    """Return an item with a recording."""
    return (
        f"<item><title>{title or f'Crossing {number}'}</title>"
        f"<pubDate>Mon, {number:02} Jun 2025 23:30:00 -0700</pubDate>"
        f'<enclosure url="https://cdn.example/{number}.mp3?token=a{number}" type="audio/mpeg"/>'
        f"{inside}</item>"
    )


def feed(*items: str, head: str = HEAD) -> bytes:
    """Return a feed of these items, in UTF-8."""
    return f'<?xml version="1.0" encoding="utf-8"?>{head}{"".join(items)}{TAIL}'.encode()


def test_an_episode_has_what_the_feed_says_of_it() -> None:
    """Title, day, duration, people, chapters, all transcripts and the notes are read."""
    inside = (
        "<itunes:duration>01:02:03</itunes:duration>"
        '<podcast:transcript url="/t/2.vtt" type="text/vtt" language="en" rel="captions"/>'
        '<podcast:transcript url="https://ferry.example/t/2.json" type="application/json"/>'
        '<podcast:chapters url="https://ferry.example/c/2.json" type="application/json+chapters"/>'
        '<psc:chapters><psc:chapter start="00:10:00" title="The &lt;bar&gt;"/>'
        '<psc:chapter start="0" title="Harbour"/></psc:chapters>'
        "<description><![CDATA[<p>Of <b>ebb</b> &amp; flood.</p><ul><li>ropes</li></ul>]]></description>"
    )
    found = read(
        feed(episode(2, inside, title="Ropes &amp;amp; <![CDATA[<i>knots</i>]]>")),
        address="https://ferry.example/feed.xml",
    )
    (one,) = found.episodes
    draft = one.draft
    assert (found.title, draft.channel, draft.authors) == (
        "Tide & Time",
        "Tide & Time",
        ("Ole Rist",),
    )
    assert (draft.title, draft.published, draft.language) == ("Ropes & knots", "2025-06-02", "en")
    assert (draft.kind, draft.duration_s, draft.source) == (
        SourceKind.EPISODE, 3723.0, "https://cdn.example/2.mp3",
    )  # fmt: skip
    assert [(link.address, link.type, link.language, link.rel) for link in one.transcripts] == [
        ("https://ferry.example/t/2.vtt", "text/vtt", "en", "captions"),
        ("https://ferry.example/t/2.json", "application/json", "", ""),
    ]
    assert one.chapters_address == "https://ferry.example/c/2.json"
    assert [(chapter.title, chapter.start_s) for chapter in draft.chapters] == [
        ("Harbour", 0.0), ("The <bar>", 600.0),
    ]  # fmt: skip
    assert [block.markdown for block in draft.blocks] == ["Of **ebb** & flood.", "- ropes"]


def test_show_notes_are_said_to_be_no_transcript() -> None:
    """An episode without a transcript says so, and one with a transcript that it was not read."""
    link = '<podcast:transcript url="https://ferry.example/1.vtt" type="text/vtt"/>'
    other, one = read(feed(episode(1, link), episode(2))).episodes
    assert "no transcript" in other.draft.notices[0]
    assert "was not read" in one.draft.notices[0]


def test_the_newest_come_first_where_all_have_dates() -> None:
    """Feeds in any order come with the newest first; without a date somewhere, as they are."""
    items = [episode(number) for number in (3, 9, 1)]
    assert [one.outline.title for one in read(feed(*items)).episodes] == [
        "Crossing 9", "Crossing 3", "Crossing 1",
    ]  # fmt: skip
    undated = "<item><title>Some day</title><guid>x</guid></item>"
    assert [one.outline.title for one in read(feed(*items, undated)).episodes] == [
        "Crossing 3", "Crossing 9", "Crossing 1", "Some day",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Mon, 02 Jun 2025 23:30:00 -0700", "2025-06-02"),
        ("Tue, 3 Jun 2025 00:10:00 +0900", "2025-06-03"),
        ("2025-06-02T23:30:00-07:00", "2025-06-02"),
        ("2025-06-02", "2025-06-02"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", ""),
        ("yesterday", ""),
        ("2025-02-31T00:00:00Z", ""),
    ],
)
def test_days_are_those_of_the_publisher(written: str, day: str) -> None:
    """A day is not shifted to another time zone, and what is none is left empty."""
    item = f"<item><title>a</title><guid>g</guid><pubDate>{written}</pubDate></item>"
    assert read(feed(item)).episodes[0].outline.published == day


def test_atom_and_rdf() -> None:
    """A blog in Atom gives articles with their pages; RSS 1.0 is read as well."""
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Werft</title>'
        '<link rel="self" href="https://w.example/atom"/><link href="https://w.example/"/>'
        "<entry><id>tag:w.example,2025:1</id><title type='html'>Kiel &amp;amp; Mast</title>"
        '<link rel="alternate" href="/2025/kiel"/><published>2025-03-01T01:00:00+02:00</published>'
        "<updated>2025-05-01T00:00:00Z</updated><author><name>Ida Fenn</name></author>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ein <em>Kiel</em>.</p>'
        "</div></content></entry></feed>"
    )
    draft = read(atom.encode(), address="https://w.example/atom").episodes[0].draft
    assert (draft.kind, draft.source) == (SourceKind.ARTICLE, "https://w.example/2025/kiel")
    assert draft.keys[0] == "https://w.example/2025/kiel"
    assert (draft.title, draft.published, draft.authors) == (
        "Kiel & Mast",
        "2025-03-01",
        ("Ida Fenn",),
    )
    assert ([block.markdown for block in draft.blocks], draft.notices) == (["Ein *Kiel*."], ())
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<channel><title>Dock</title><link>https://d.example/</link></channel>"
        '<item rdf:about="https://d.example/7"><title>Seven</title><link>https://d.example/7</link>'
        "<description>Plain words.\n\nAnd #more.</description><dc:date>2004-02-03</dc:date></item></rdf:RDF>"
    )
    draft = read(rdf.encode()).episodes[0].draft
    assert (draft.published, draft.source) == ("2004-02-03", "https://d.example/7")
    assert [block.markdown for block in draft.blocks] == ["Plain words.", "And \\#more."]
    assert "summary" in draft.notices[0]


def test_letters_in_other_encodings() -> None:
    """The declared encoding is used, and a wrong one is seen through."""
    body = feed(episode(1, title="Über die Fähre")).decode()
    latin = body.replace("utf-8", "iso-8859-1", 1).encode("iso-8859-1")
    lying = body.encode("cp1252")
    wide = body.replace("utf-8", "utf-16", 1).encode("utf-16")
    for data in (latin, lying, wide):
        found = read(data)
        assert found.episodes[0].outline.title == "Über die Fähre"
        assert found.episodes[0].outline.source == "https://cdn.example/1.mp3"


def test_broken_feeds_give_what_can_be_read() -> None:
    """Of a feed that is cut off or not well-formed, whole entries are read, and that is said."""
    whole = feed(*(episode(number) for number in range(1, 9)))
    cut = read(whole[: int(len(whole) * 0.7)])
    assert 4 <= len(cut.episodes) <= 6
    assert "not well-formed" in cut.notices[0]
    marked = read(feed(*(episode(at, "<description>of <b>ebb</description>") for at in (1, 2, 3))))
    assert [(one.outline.kind, one.outline.source) for one in marked.episodes] == [
        (SourceKind.EPISODE, f"https://cdn.example/{number}.mp3") for number in (3, 2, 1)
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither RSS nor Atom"),
        (b"<!doctype html><html><body>Not found</body></html>", "web page and no feed"),
        (b"\x00\xff\xfe garbage", "neither RSS nor Atom"),
        (b"/etc/passwd", "neither RSS nor Atom"),
        (b"https://127.0.0.1/feed", "neither RSS nor Atom"),
        (feed(), "without entries"),
    ],
)
def test_what_is_no_feed_is_named(data: bytes, said: str) -> None:
    """Each fault has its sentence, and bytes are never taken for the name of a file."""
    with pytest.raises(SourceError, match=said):
        read(data, file_name="saved.xml")


def test_a_feed_of_too_many_bytes_is_refused() -> None:
    """A feed beyond the limit is refused by its size."""
    with pytest.raises(SourceError, match="limit for a feed"):
        read(b" " * (MOST_BYTES + 1))


def test_entities_are_not_expanded() -> None:
    """A feed that declares entities within entities stays small, and no file is read."""
    bomb = '<!DOCTYPE rss [<!ENTITY a0 "boom">' + "".join(
        f'<!ENTITY a{at} "{f"&a{at - 1};" * 10}">' for at in range(1, 10)
    )
    outside = '<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    body = episode(1, "<description>&a9; &file;</description>")
    found = read(f'<?xml version="1.0"?>{bomb}{outside}{HEAD}{body}{TAIL}'.encode())
    text = "".join(block.markdown for block in found.episodes[0].draft.blocks)
    assert len(text) < 1000


def test_five_thousand_entries_are_quick() -> None:
    """A long feed is read in seconds, as the texts of its entries are left for later."""
    notes = "<description>" + "long notes of the tide " * 40 + "</description>"
    data = feed(*(episode(1 + at % 28, notes, title=f"Crossing {at}") for at in range(5000)))
    began = time.perf_counter()
    assert len(read(data).episodes) == 5000
    assert time.perf_counter() - began < 30


@given(data=st.data())
@settings(max_examples=60)
def test_no_damage_makes_a_traceback(data: Any) -> None:  # noqa: ANN401
    """Whatever bytes are changed or cut, a feed is read or refused with a sentence."""
    whole = bytearray(feed(*(episode(number, "<guid>g</guid>") for number in (1, 2))))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)
    ):
        whole[at] = value
    cut = data.draw(st.integers(0, len(whole)))
    with suppress(SourceError):
        assert all(one.draft.keys for one in read(bytes(whole[:cut])).episodes)


def test_relative_addresses_of_a_saved_feed() -> None:
    """They lead where `xml:base` says, or to the site that the feed is of."""
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://ferry.example/log/"><title>F</title>'
        b'<entry><title>A</title><id>1</id><link href="a.html"/><content type="html">'
        b'&lt;a href="tide.html"&gt;tide&lt;/a&gt;</content></entry></feed>'
    )
    (entry,) = read(atom, file_name="feed.xml").episodes
    assert entry.draft.source == "https://ferry.example/log/a.html"
    assert entry.base == "https://ferry.example/log/a.html"
    (entry,) = read(feed(episode(1)), file_name="feed.xml").episodes
    assert entry.base == "https://ferry.example/"


def test_plain_text_of_atom_has_no_tags() -> None:
    """A summary that is plain text keeps what looks like a tag."""
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><entry><title>A</title>'
        b"<id>1</id><summary>Tie the &lt;bow&gt; first.\n\nThen row.</summary></entry></feed>"
    )
    (entry,) = read(atom, file_name="feed.xml").episodes
    assert entry.notes == "Tie the &lt;bow> first.<br><br>Then row."
