"""What an argument of the command line names: a video, a page, a file, or a file of such lines.

Whether an address leads to a page or to a feed is told by what comes back, so both are an address.
A file is what its extension says; where that may be several things, its first bytes decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from notemill.errors import UsageError
from notemill.sources.address import (
    canonical_address,
    channel_name,
    clean_address,
    is_video_id,
    playlist_id,
    video_id,
)
from notemill.sources.captions.names import MARKDOWN_FORMATS, TEXT_FORMATS
from twolane.files import path_named, path_problem, read_beginning, read_small_text

MOST_ENTRIES: Final = 10_000
_MOST_LIST_BYTES: Final = 1 << 20
_HEAD_BYTES: Final = 4_096


class ArgumentKind(StrEnum):
    """What kind of source an argument is."""

    VIDEO = "video"
    PLAYLIST = "playlist"
    CHANNEL = "channel"
    ADDRESS = "address"
    """A page or a feed of the web."""
    CAPTIONS = "captions"
    """A transcript file of any form, or what yt-dlp saves beside one."""
    PAGE = "page"
    DOCUMENT = "document"
    FEED = "feed"
    LIST = "list"
    """A text file with one source a line."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One source as a person named it in `text`.

    `value` is the id of a video or playlist, the name of a channel (`address.channel_name`), or the
    address to fetch; `path` is a file's. `entries` are the lines of a list, none of them a list.
    """

    kind: ArgumentKind
    text: str
    value: str = ""
    path: Path | None = None
    entries: tuple[Argument, ...] = field(default=())


_EXTENSIONS: Final = {
    ArgumentKind.CAPTIONS: "json json3 sbv srt srv1 srv2 srv3 tsv ttml vtt",
    ArgumentKind.PAGE: "htm html xhtml",
    ArgumentKind.DOCUMENT: "docx epub odp ods odt pdf pptx rtf xlsx",
    ArgumentKind.FEED: "atom rss",
}
_KIND_OF: Final = {one: kind for kind, ones in _EXTENSIONS.items() for one in ones.split()}
_BEGINNINGS: Final = (
    (re.compile(rb"%PDF-|PK\x03\x04|\{\\rtf"), ArgumentKind.DOCUMENT),
    (re.compile(rb"WEBVTT|[\[{]"), ArgumentKind.CAPTIONS),
)
# The first element of what is written in tags, whatever stands before it.
_ELEMENT: Final = re.compile(rb"<\s*(?:!doctype\s+)?([A-Za-z][\w:]*)", re.IGNORECASE)
_ELEMENTS: Final = {
    b"rss": ArgumentKind.FEED,
    b"feed": ArgumentKind.FEED,
    b"rdf:rdf": ArgumentKind.FEED,
    b"html": ArgumentKind.PAGE,
    b"head": ArgumentKind.PAGE,
    b"body": ArgumentKind.PAGE,
    b"tt": ArgumentKind.CAPTIONS,
    b"timedtext": ArgumentKind.CAPTIONS,
    b"transcript": ArgumentKind.CAPTIONS,
}
_LISTS: Final = TEXT_FORMATS - MARKDOWN_FORMATS
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::[0-9]+)?(?:[/?#].*)?", re.IGNORECASE)
_YOUTUBE: Final = re.compile(r"https://(?:[a-z]+\.)?(?:youtube\.com|youtu\.be)(?:/|$)")
_KINDS_READ: Final = (
    "transcripts (.vtt, .srt, .json3, .txt), saved pages (.html), documents (.pdf, .docx, .epub, …)"
    " and feeds (.xml, .rss) can be read"
)


def what(argument: str, *, folder: Path | None = None) -> Argument:
    """Return what an argument names; paths that are not absolute begin at `folder`, or here.

    Raises UsageError for what is no source, with what to write instead; of a list, with its line.
    """
    text = argument.strip()
    if (found := _of_web(text)) is not None:
        return found
    return _of_file(_path(text, folder or Path()), text)


def is_address(text: str) -> bool:
    """Return whether a text is an address of the web. Raises UsageError for one of no source."""
    return _of_web(text.strip()) is not None


def what_file(path: Path) -> Argument:
    """Return what a file is that came from elsewhere; it is named as it is, without its folder.

    A list may name files of that folder and no others: whoever wrote it knows none of this machine.
    Raises UsageError as `what` does.
    """
    found = _of_file(path, path.name)
    for one in found.entries:
        if one.path is not None and one.path.resolve().parent != path.parent.resolve():
            raise UsageError(
                f"{path.name} names the file {one.text}, which did not come with it; add it as well"
            )
    return found


def _of_file(path: Path, text: str) -> Argument:
    entries = _entries(path)
    if entries is None:
        return Argument(_kind_of_file(path), text, path=path)
    return Argument(ArgumentKind.LIST, text, path=path, entries=entries)


def _of_web(text: str) -> Argument | None:
    """Return what an address names, None if it is none. Raises UsageError for one of no source."""
    if (video := video_id(text)) is not None:
        return Argument(ArgumentKind.VIDEO, text, value=video)
    if (playlist := playlist_id(text)) is not None:
        return Argument(ArgumentKind.PLAYLIST, text, value=playlist)
    if (channel := channel_name(text)) is not None:
        return Argument(ArgumentKind.CHANNEL, text, value=channel)
    address = clean_address(text)
    if _YOUTUBE.match(canonical_address(text)):
        raise UsageError(
            f"“{text}” is no video, playlist or channel of YouTube; copy the address of one of them"
        )
    return Argument(ArgumentKind.ADDRESS, text, value=address) if address else None


def _path(text: str, folder: Path) -> Path:
    """Return the path of a file that is there. Raises UsageError if it is none."""
    if not text:
        raise UsageError("a source has no name; name an address or a file")
    try:
        path = folder / path_named(text)
    except ValueError as error:
        raise UsageError(f"“{text}” is no path: {error}") from None
    if path.is_dir():
        raise UsageError(f"{text} is a folder; name the files in it, as in {path / '*.vtt'}")
    if path.exists():
        return path
    raise UsageError(_no_file(text))


def _no_file(text: str) -> str:
    """Say what a text that is neither an address nor a file may have been meant for."""
    if is_video_id(text):
        return f"there is no file {text}; a video is named by its address: https://youtu.be/{text}"
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in ("http", "https"):
        return f"“{text}” is no address of the web; copy it from the browser once more"
    if scheme and "://" in text:
        return f"addresses that begin with {scheme[1]}: are not read; https: and http: are"
    if _HOST.fullmatch(text) and clean_address(f"https://{text}"):
        return f"there is no file {text}; if it is an address, write https://{text}"
    return f"there is no file {text}; name a file, or an address that begins with https://"


def _kind_of_file(path: Path) -> ArgumentKind:
    """Return what a file is. Raises UsageError if it is nothing that can be read."""
    extension = path.suffix.lower().removeprefix(".")
    if (kind := _KIND_OF.get(extension)) is not None:
        return kind
    head = _head(path)
    for pattern, kind in _BEGINNINGS:
        if pattern.match(head):
            return kind
    named = (found[1].lower() for found in _ELEMENT.finditer(head)) if head[:1] == b"<" else ()
    for name in named:
        if name in _ELEMENTS:
            return _ELEMENTS[name]
    if extension not in TEXT_FORMATS or (b"\0" in head and not head.startswith(_UTF_16)):
        raise UsageError(f"{path.name} is of no kind that can be read; {_KINDS_READ}")
    return ArgumentKind.CAPTIONS


def _head(path: Path) -> bytes:
    """Return a file's first bytes without a mark of byte order and empty lines before them."""
    try:
        data = read_beginning(path, most_bytes=_HEAD_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()


def _entries(path: Path) -> tuple[Argument, ...] | None:
    """Return the sources of a file with one a line, None if it is no such file.

    It is one if half of its lines are sources: then the others are meant to be, too, and UsageError
    names the first that is none. A transcript may begin with its address and still be a transcript.
    """
    if path.suffix.lower().removeprefix(".") not in _LISTS:
        return None
    try:
        lines = _lines(read_small_text(path, most_bytes=_MOST_LIST_BYTES))
    except OSError:  # too large for a list, or in other letters: whoever reads it will say
        return None
    if 2 * sum(_is_source(line, path.parent) for _, line in lines[:MOST_ENTRIES]) < len(lines):
        return None
    if len(lines) > MOST_ENTRIES:
        raise UsageError(
            f"{path.name} lists {len(lines):,} sources; {MOST_ENTRIES:,} are read at a time: divide it"
        )
    return tuple(_entry(path, number, line) for number, line in lines) or None


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that say something, with their numbers; `#` begins a comment."""
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in stripped if line and not line.startswith("#")]


def _is_source(line: str, folder: Path) -> bool:
    if clean_address(line) and " " not in line:
        return True
    if path_problem(line):
        return False
    try:
        return (folder / path_named(line)).is_file()
    except (OSError, ValueError):
        return False


def _entry(path: Path, number: int, line: str) -> Argument:
    try:
        if (found := _of_web(line)) is not None:
            return found
        file = _path(line, path.parent)
        return Argument(_kind_of_file(file), line, path=file)
    except UsageError as error:
        raise UsageError(f"{path.name}, line {number}: {error}") from None
