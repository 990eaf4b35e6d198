"""Transcript files on disk: which belong to one video, and the draft they make together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError
from notemill.sources.captions.drafting import draft_of
from notemill.sources.captions.info import video_id
from notemill.sources.captions.names import INFO, TEXT_FORMATS, named
from notemill.sources.captions.tracks import MOST_BYTES, Track
from twolane.files import read_json, read_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from notemill.sources.draft import Draft

MOST_INFO_BYTES: Final = 64 << 20
"""With all comments of a video, yt-dlp's file has tens of megabytes."""

_MOST_SUFFIXES: Final = 4


def grouped(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Return paths as groups of one recording each, in the order in which each was first named.

    Together belong files with the same YouTube id (in the `.info.json` beside them, or in the name)
    and, of one folder, those that differ in language and ending only. A path named twice is there
    once.
    """
    groups: dict[str, list[Path]] = {}
    videos: dict[Path, str] = {}
    for path in dict.fromkeys(paths):
        name = named(path.name)
        # A translation of a text is a text of its own: nobody chooses between the two by language.
        is_text = name.format in TEXT_FORMATS and not name.video
        stem = path.parent / (path.stem if is_text else name.stem)
        if stem not in videos:
            videos[stem] = name.video or _video_beside(path)
        key = f"video {videos[stem]}" if videos[stem] else f"file {stem}"
        groups.setdefault(key, []).append(path)
    return [tuple(group) for group in groups.values()]


def read(files: Sequence[Path]) -> Draft:
    """Return the draft of one recording, of which `files` are the transcripts.

    The `.info.json` beside them is read if there is one, named or not. Raises SourceError that
    names the file and says why it cannot be read.
    """
    transcripts = [path for path in files if not path.name.lower().endswith(INFO)]
    if not transcripts:
        given = ", ".join(path.name for path in files)
        raise SourceError(f"{given}: this tells of a video without its words; name its captions.")
    names = [named(path.name) for path in transcripts]
    tracks = [
        Track(path.name, _bytes_of(path), name.language, format=name.format)
        for path, name in zip(transcripts, names, strict=True)
    ]
    return draft_of(_info_of(files), tracks)


def _bytes_of(path: Path) -> bytes:
    try:
        return read_small(path, most_bytes=MOST_BYTES)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.") from None


def _info_of(files: Sequence[Path]) -> Mapping[str, object]:
    """Return the first info of a video among these files and beside them, {} if there is none."""
    given = (path for path in files if path.name.lower().endswith(INFO))
    beside = chain.from_iterable(map(_infos_beside, files))
    for path in chain(given, beside):
        if found := _info_in(path):
            return found
    return {}


def _infos_beside(path: Path) -> Iterator[Path]:
    """Yield where yt-dlp would have written the info of a file: `a.b.en.vtt`, `a.b`, `a`."""
    stem = path.name
    for _ in range(_MOST_SUFFIXES):
        stem, _, last = stem.rpartition(".")
        if not stem or " " in last:
            return
        yield path.with_name(stem + INFO)


def _info_in(path: Path) -> Mapping[str, object]:
    """Return what a file tells of a video; {} where there is none, or it is of something else."""
    try:
        found = read_json(path, most_bytes=MOST_INFO_BYTES)
    except OSError:
        return {}
    is_video = isinstance(found, Mapping) and found.get("_type", "video") in {"video", None}
    return found if is_video else {}


def _video_beside(path: Path) -> str:
    """Return the id of the YouTube video that the info beside a file tells of, or ''."""
    return video_id(_info_of([path]))
