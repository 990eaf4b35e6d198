"""What a command line's arguments name, and what is said of those that name nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import UsageError
from notemill.sources.arguments import ArgumentKind, what

if TYPE_CHECKING:
    from pathlib import Path

VIDEO = "Kiln-_Fire1"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (f"https://youtu.be/{VIDEO}?si=x", ArgumentKind.VIDEO, VIDEO),
        (f"youtube.com/watch?v={VIDEO}&list=PLx", ArgumentKind.VIDEO, VIDEO),
        ("https://www.youtube.com/playlist?list=PLx", ArgumentKind.PLAYLIST, "PLx"),
        ("https://www.youtube.com/@Clay/shorts", ArgumentKind.CHANNEL, "@clay/shorts"),
        (
            " https://clay.example/feed/?utm_source=x ",
            ArgumentKind.ADDRESS,
            "https://clay.example/feed/",
        ),
    ],
)
def test_addresses_are_told_apart(text: str, kind: ArgumentKind, value: str) -> None:
    """Videos, playlists and channels are known by their address alone; all else is fetched."""
    found = what(text)
    assert (found.kind, found.value, found.path) == (kind, value, None)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.vtt", b"", ArgumentKind.CAPTIONS),
        ("a.en.JSON3", b"{}", ArgumentKind.CAPTIONS),
        ("a.info.json", b"{}", ArgumentKind.CAPTIONS),
        ("a.html", b"", ArgumentKind.PAGE),
        ("a.pdf", b"", ArgumentKind.DOCUMENT),
        ("a.rss", b"", ArgumentKind.FEED),
        ("feed.xml", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><rss>", ArgumentKind.FEED),
        ("feed.xml", b"<?xml version='1.0'?><?xml-stylesheet href='a'?><feed>", ArgumentKind.FEED),
        ("a.xml", b"<?xml version='1.0'?><tt xmlns='x'>", ArgumentKind.CAPTIONS),
        ("page", b"\n<!DOCTYPE HTML><html>", ArgumentKind.PAGE),
        ("paper", b"%PDF-1.7\n\0\0", ArgumentKind.DOCUMENT),
        ("talk", b"WEBVTT\n\n00:00", ArgumentKind.CAPTIONS),
        ("talk.txt", b"[00:00:01] Clay is heavy.\n", ArgumentKind.CAPTIONS),
        ("talk.md", b"https://clay.example/\n", ArgumentKind.CAPTIONS),
        ("talk.txt", "Ton ist schwer".encode("utf-16"), ArgumentKind.CAPTIONS),
        ("talk.txt", b"https://youtu.be/x\nClay is heavy.\nIt is wet.\n", ArgumentKind.CAPTIONS),
        ("empty.txt", b"", ArgumentKind.CAPTIONS),
    ],
)
def test_files_are_known_by_extension_or_first_bytes(
    tmp_path: Path, name: str, content: bytes, kind: ArgumentKind
) -> None:
    """An extension that is clear decides; otherwise what the file begins with does."""
    (tmp_path / name).write_bytes(content)
    found = what(name, folder=tmp_path)
    assert (found.kind, found.path) == (kind, tmp_path / name)


def test_a_list_has_one_source_a_line(tmp_path: Path) -> None:
    """Comments and empty lines are none; files are looked for beside the list."""
    (tmp_path / "talk one.vtt").write_text("WEBVTT")
    (tmp_path / "list.txt").write_text(
        f"\ufeff# to watch\nhttps://youtu.be/{VIDEO}\n\n  talk one.vtt\nhttps://clay.example/a\n",
        encoding="utf-8",
    )
    found = what(str(tmp_path / "list.txt"))
    assert found.kind is ArgumentKind.LIST
    assert [one.kind for one in found.entries] == ["video", "captions", "address"]
    assert found.entries[1].path == tmp_path / "talk one.vtt"


def test_a_line_of_a_list_that_is_no_source_is_named(tmp_path: Path) -> None:
    """One wrong line stops a list before anything of it is read, with its number."""
    (tmp_path / "list.txt").write_text("https://a.example/\n# x\nhttps://b.example/\ntalk.vt\n")
    with pytest.raises(UsageError, match=r"list\.txt, line 4: there is no file talk\.vt"):
        what("list.txt", folder=tmp_path)


def test_a_list_is_bounded(tmp_path: Path) -> None:
    """So many sources are no slip of a pen, and nobody waits for them."""
    (tmp_path / "list.txt").write_text("https://a.example/\n" * 10_001)
    with pytest.raises(UsageError, match=r"10,001 sources; 10,000"):
        what("list.txt", folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name an address or a file"),
        ("talk.vtt", "there is no file talk.vtt"),
        ("clay.example/page", "write https://clay.example/page"),
        (VIDEO, f"https://youtu.be/{VIDEO}"),
        ("ftp://clay.example/a", "begin with ftp: are not read"),
        ("https://", "no address of the web"),
        ("https://www.youtube.com/results?search_query=clay", "no video, playlist or channel"),
        ("a\0b", "a path cannot contain a NUL"),
        ("x" * 5_000, "leads nowhere"),
    ],
)
def test_what_names_nothing_says_what_to_write(tmp_path: Path, text: str, says: str) -> None:
    """Each kind of slip has a sentence of its own."""
    with pytest.raises(UsageError) as caught:
        what(text, folder=tmp_path)
    assert says in str(caught.value)


def test_folders_and_unknown_files_are_refused(tmp_path: Path) -> None:
    """A folder names no source, and a picture cannot be read."""
    (tmp_path / "oven.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "oven").write_bytes(b"\x7fELF\0\0")
    with pytest.raises(UsageError, match="is a folder"):
        what(str(tmp_path))
    for name in ("oven.png", "oven"):
        with pytest.raises(UsageError, match="of no kind that can be read"):
            what(name, folder=tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to would hold the command for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it is a pipe"):
        what("pipe", folder=tmp_path)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_source_or_a_sentence(text: str) -> None:
    """Nobody sees a traceback for what they typed."""
    try:
        found = what(text)
    except UsageError as error:
        assert str(error)  # noqa: PT017
    else:
        assert found.value or found.path
