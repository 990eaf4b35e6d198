"""Addresses: one spelling for a page, one id for a video, whoever wrote them down."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notemill.sources.address import (
    canonical_address,
    channel_name,
    clean_address,
    is_video_id,
    key_of,
    playlist_id,
    video_id,
)

VIDEO = "Kiln-_Fire1"

VIDEO_ADDRESSES = (
    f"https://www.youtube.com/watch?v={VIDEO}",
    f"http://youtube.com/watch?v={VIDEO}#t=90",
    f"https://www.youtube.com/watch?app=desktop&list=PLabc&index=3&v={VIDEO}&t=42s",
    f"https://www.youtube.com/watch?list=PLabc&amp;v={VIDEO}",
    f"https://m.youtube.com/watch?v={VIDEO}&pp=abc",
    f"https://music.youtube.com/watch?list=OLAK5uy_x&v={VIDEO}&feature=share",
    f"https://youtu.be/{VIDEO}?si=Qx7_pLk2",
    f"https://youtu.be/{VIDEO}&t=42",
    f"youtu.be/{VIDEO}",
    f"www.youtube.com/watch?v={VIDEO}",
    f"//www.youtube.com/embed/{VIDEO}",
    f"HTTPS://WWW.YouTube.COM/watch?v={VIDEO}",
    f"https://www.youtube.com/shorts/{VIDEO}?feature=share",
    f"https://www.youtube.com/live/{VIDEO}?feature=shared",
    f"https://www.youtube.com/embed/{VIDEO}?start=3&rel=0",
    f"https://www.youtube-nocookie.com/embed/{VIDEO}",
    f"https://www.youtube.com/v/{VIDEO}?version=3",
    f"https://www.youtube.com/e/{VIDEO}",
    f"https://www.youtube.com/watch/{VIDEO}",
    f"https://www.youtube.com/watch_popup?v={VIDEO}",
    f"https://www.youtube.com/?v={VIDEO}",
    f"https://youtube.googleapis.com/v/{VIDEO}",
    f"https://www.youtube.com/attribution_link?a=x1&u=%2Fwatch%3Fv%3D{VIDEO}%26feature%3Dem",
    f"https://www.youtube.com/oembed?url=https%3A//www.youtube.com/watch?v%3D{VIDEO}&format=json",
    f"https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{VIDEO}",
    f"https://m.youtube.com/#!/watch?v={VIDEO}",
    f"  https://youtu.be/{VIDEO}\n",
    f"https://someone:secret@youtu.be:443/{VIDEO}/",
)

NO_VIDEO_ADDRESSES = (
    f"https://youtube.com.evil.example/watch?v={VIDEO}",
    f"https://evil.example/www.youtube.com/watch?v={VIDEO}",
    f"https://www.youtube.com@evil.example/watch?v={VIDEO}",
    f"https://evil.example/?u=https://youtu.be/{VIDEO}",
    f"https://notyoutu.be/{VIDEO}",
    f"ftp://youtu.be/{VIDEO}",
    f"https://youtu.be/{VIDEO}x",
    f"https://youtu.be/{VIDEO[:10]}",
    f"https://www.youtube.com/watch?v={VIDEO}2",
    "https://www.youtube.com/watch?v=Kiln-Ä_ire1",
    "https://www.youtube.com/embed/videoseries?list=PLabc",
    "https://www.youtube.com/embed/live_stream?channel=UCabc",
    "https://www.youtube.com/@kiln-_fire1",
    f"https://www.youtube.com/results?search_query={VIDEO}",
    "https://www.youtube.com/redirect?q=https%3A%2F%2Fclay.example",
    VIDEO,
    "",
)


@pytest.mark.parametrize("address", VIDEO_ADDRESSES)
def test_every_form_of_address_means_the_same_video(address: str) -> None:
    """A video has one id, one canonical address and one key, however its address is written."""
    assert video_id(address) == VIDEO
    assert canonical_address(address) == f"https://www.youtube.com/watch?v={VIDEO}"
    assert clean_address(address) == f"https://www.youtube.com/watch?v={VIDEO}"
    assert key_of(address) == f"youtube:{VIDEO}"
    assert playlist_id(address) is None


@pytest.mark.parametrize("address", NO_VIDEO_ADDRESSES)
def test_what_only_looks_like_a_video_is_none(address: str) -> None:
    """Other hosts, ids of another length and YouTube's own words are no videos."""
    assert video_id(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://www.youtube.com/playlist?list=PLq3w-4_t",
        "https://m.youtube.com/playlist?list=PLq3w-4_t&si=x",
        "https://www.youtube.com/embed/videoseries?list=PLq3w-4_t",
        "https://www.youtube.com/watch?list=PLq3w-4_t",
        "https://www.youtube.com/feeds/videos.xml?playlist_id=PLq3w-4_t",
    ],
)
def test_a_playlist_is_known_in_every_form(address: str) -> None:
    """An address with a list and no video means the list."""
    assert playlist_id(address) == "PLq3w-4_t"
    assert canonical_address(address) == "https://www.youtube.com/playlist?list=PLq3w-4_t"


def test_a_mix_is_no_playlist() -> None:
    """YouTube makes up a mix for every viewer; it has no end that could be reached."""
    assert playlist_id("https://www.youtube.com/playlist?list=RDEMabc") is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://www.youtube.com/@Clay_Hour", "@clay_hour"),
        ("https://www.youtube.com/@clay.hour/videos?view=0", "@clay.hour"),
        ("https://m.youtube.com/@%D0%93%D0%BB%D0%B8%D0%BD%D0%B0", "@глина"),
        (f"https://www.youtube.com/channel/UC{'x' * 22}/featured", f"channel/UC{'x' * 22}"),
        (f"https://www.youtube.com/channel/UC{'x' * 22}/shorts", f"channel/UC{'x' * 22}/shorts"),
        ("https://www.youtube.com/@Clay/Streams", "@clay/streams"),
        ("https://www.youtube.com/c/ClayHour", "c/clayhour"),
        ("https://www.youtube.com/user/ClayHour", "user/clayhour"),
        (
            f"https://www.youtube.com/feeds/videos.xml?channel_id=UC{'x' * 22}",
            f"channel/UC{'x' * 22}",
        ),
        ("https://www.youtube.com/channel/UCshort", None),
        ("https://www.youtube.com/feed/subscriptions", None),
        ("https://clay.example/@clay", None),
    ],
)
def test_a_channel_is_known_in_every_form(address: str, name: str | None) -> None:
    """Handles, ids and old names of channels are told from other pages of YouTube."""
    assert channel_name(address) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Clay.Example:443/a", "http://clay.example/a#part-2"),
        ("https://clay.example", "https://clay.example/?utm_source=mail&fbclid=x"),
        ("https://clay.example/a/", "https://clay.example/a"),
        ("https://clay.example/%7Eada/%e4", "https://clay.example/~ada/%E4"),
        ("https://clay.example/käse", "https://clay.example/k%C3%A4se"),
        ("https://clay.example/Foo_%28bar%29", "https://clay.example/Foo_(bar)"),
        ("https://clay.example/a/../b/./c", "https://clay.example/b/c"),
        ("https://clay.example/a/%2e%2e/b", "https://clay.example/b"),
        ("https://clay.example/p?b=2&a=1", "https://clay.example/p?a=1&amp;b=2"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example./", "https://xn--bcher-kva.example"),
        ("https://clay.example\\a\\b", "https://clay.example/a/b"),
        ("https://ada:secret@clay.example/", "https://clay.example"),
        ('https://clay.example/a"b', "https://clay.example/a%22b"),
        ("https://clay.example/100%", "https://clay.example/100%25"),
        ("https://clay.example/a#:~:text=kiln", "https://clay.example/a"),
        ("https://clay.example/a?gclid=1&mc_cid=2&_hsenc=3", "https://clay.example/a"),
        ("https://en.m.wikipedia.org/wiki/Kiln", "https://en.wikipedia.org/wiki/Kiln"),
        ("https://twitter.com/ada/status/1?s=20&t=x", "https://x.com/ada/status/1"),
        ("https://old.reddit.com/r/clay/", "https://www.reddit.com/r/clay?rdt=4"),
        ("https://[2001:DB8:0::1]/a", "https://[2001:db8::1]/a"),
    ],
)
def test_addresses_of_one_page_are_equal(one: str, other: str) -> None:
    """Differences that mean nothing are gone, and the two have one key."""
    assert canonical_address(one) == canonical_address(other) == key_of(one) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://clay.example/a", "https://clay.example/A"),
        ("https://clay.example/?id=1", "https://clay.example/?id=2"),
        ("https://clay.example/a?ref=main", "https://clay.example/a?ref=next"),
        ("https://clay.example/a%2Fb", "https://clay.example/a/b"),
        ("https://clay.example/?q=a%26b=c", "https://clay.example/?q=a&b=c"),
        ("https://clay.example/#/one", "https://clay.example/#/two"),
        ("https://clay.example/#!one", "https://clay.example/#!two"),
        ("https://clay.example:8080/", "https://clay.example/"),
        ("https://clay.example/", "https://shop.clay.example/"),
        ("https://straße.example/", "https://strasse.example/"),
        ("https://clay.example/p?a=1&a=2", "https://clay.example/p?a=1"),
    ],
)
def test_addresses_of_different_pages_stay_different(one: str, other: str) -> None:
    """Nothing is taken away that may tell one page from another."""
    assert canonical_address(one) != canonical_address(other)


def test_a_clean_address_leads_where_it_led() -> None:
    """What is shown keeps scheme, order of parameters and slash; only the tracking is gone."""
    assert (
        clean_address("http://Clay.example/a/?b=2&utm_medium=x&a=1#top")
        == "http://clay.example/a/?b=2&a=1"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clay",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://:80/",
        "https://a%20b/",
        "https://clay.example:99999/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://\ud800.example/",
        "https://\u200f.example/",
        "https://clay..example/",
        "https://" + "a" * 300 + ".example/",
        "https://clay.example/" + "a" * 9_000,
    ],
)
def test_what_is_no_web_address_is_none(text: str) -> None:
    """Other schemes, impossible hosts and endless texts mean nothing."""
    assert canonical_address(text) == clean_address(text) == ""
    assert video_id(text) is playlist_id(text) is channel_name(text) is key_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"<https://youtu.be/{VIDEO}>",
        f"[Firing [raku]](https://youtu.be/{VIDEO})",
        f"![](https://m.youtube.com/watch?v={VIDEO}&t=42s)",
        f'[x](<https://youtu.be/{VIDEO}> "a title")',
        f'"https://youtu.be/{VIDEO}"',
        f"Video: https://youtu.be/{VIDEO}.",
        f"youtube:{VIDEO}",
        f"[[https://youtu.be/{VIDEO}]]",
        f"[[https://youtu.be/{VIDEO}|Firing]]",
        f"https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fyoutu.be%2F{VIDEO}&v=x",
    ],
)
def test_a_source_is_known_as_owners_write_it(text: str) -> None:
    """A property holds links in any of the forms that people and plugins write."""
    assert key_of(text) == f"youtube:{VIDEO}"


def test_a_source_of_other_kinds() -> None:
    """Brackets of an address stay its own; keys are keys; words and two addresses are none."""
    assert (
        key_of("[Kiln](https://en.wikipedia.org/wiki/Kiln_(oven))")
        == "https://en.wikipedia.org/wiki/Kiln_(oven)"
    )
    assert key_of("feed:abc#1") == "feed:abc#1"
    assert key_of("sha256:00ff") == "sha256:00ff"
    for text in ("a book", "[[Kiln.pdf]]", "youtube:short", "https://a.example https://b.example"):
        assert key_of(text) is None


def test_an_id_is_eleven_letters_of_the_alphabet() -> None:
    """Ids hold `-` and `_`, and nothing else beside letters and digits."""
    assert is_video_id(VIDEO)
    assert not any(map(is_video_id, ("videoseries", "Kiln-_Fire", "Kiln-_Fire12", "Kiln-_Firé1")))


LETTERS = st.text(
    st.sampled_from("aZ0/.%?#&=:@\\ +;~!'()[]|é\u0130\ud800\u0000") | st.characters(), max_size=40
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(("https://", "http://", "https://a.example/", "https://youtube.com/")), LETTERS
)
@example("https://a.example/", "%%41%2541?%75tm_source=x&amp;amp;b")
@example("https://a.example/", "//../..//%2E./a//#/%zz")
@example("https://youtube.com/", "@%41%C4%B0?list=PLx")
def test_a_canonical_address_is_its_own(before: str, text: str) -> None:
    """One spelling again is the same spelling, of the address that is shown as well."""
    canonical, clean = canonical_address(before + text), clean_address(before + text)
    assert canonical_address(canonical) == canonical
    assert clean_address(clean) == clean
    assert canonical_address(clean) == canonical
