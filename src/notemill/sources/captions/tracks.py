"""A track: one transcript of a recording, in one language, as it was found; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.sources.draft import Block, Cue

MOST_BYTES: Final = 32 << 20
"""The largest track that is read: automatic captions of 24 hours take some 20 MB as WebVTT."""

CHATS: Final = frozenset({"live_chat", "rechat", "danmaku"})
"""The names by which yt-dlp lists what viewers wrote (of YouTube, Twitch, Bilibili) as captions."""

ORIGINAL: Final = "-orig"
"""What yt-dlp appends to the language of automatic captions that are no translation."""

# `en`, `de-DE`, `zh-Hans`, `es-419`, `en-orig`; behind a second dash yt-dlp writes a track's own id.
_CODE: Final = re.compile(
    r"(?P<base>[A-Za-z]{2,3})(?:[-_](?P<part>[A-Z][a-z]{3}|[A-Za-z]{2}|[0-9]{3})(?![A-Za-z0-9]))?"
)
# Old codes, and those of three letters (ISO 639-2) that files of films have.
_PAIRS: Final = (
    "iw he in id ji yi jw jv nb no fil tl ara ar ces cs cze cs dan da deu de ger de dut nl nld nl"
    " eng en fas fa fin fi fra fr fre fr gre el heb he hin hi hun hu ind id ita it jpn ja kor ko"
    " msa ms nor no pol pl por pt ron ro rum ro rus ru spa es swe sv tha th tur tr ukr uk vie vi"
    " chi zh zho zh"
)
_SAME: Final = dict(zip(_PAIRS.split()[::2], _PAIRS.split()[1::2], strict=True))


@dataclass(frozen=True, slots=True)
class Track:
    """The bytes of one transcript, and what is known of it without reading them.

    `name` is for messages, a file's name where there is one. `language` is as its source has it
    (`en`, `de-orig`, `live_chat`), or empty. `automatic` is None where nobody said. `format` is an
    ending such as `json3` or `vtt`, or empty: what the bytes say goes first.
    """

    name: str
    data: bytes
    language: str = ""
    automatic: bool | None = None
    format: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was read of a track: what is said, and what the track itself says of it.

    A text without times is `blocks` of Markdown and no cues. `automatic` is True where its form
    shows that a program listened, and None where nothing shows. `about` has names and values as
    yt-dlp's info has them, and `source` is where the track says it comes from.
    """

    cues: tuple[Cue, ...]
    language: str = ""
    automatic: bool | None = None
    notices: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    about: Mapping[str, object] = field(default_factory=dict)
    source: str = ""


def base_of(language: str) -> str:
    """Return a language without region, script or `-orig`, for comparing: `de-DE`, `deu` are `de`."""
    found = _CODE.match(language)
    base = found["base"].lower() if found else ""
    return _SAME.get(base, base)


def code_of(language: str) -> str:
    """Return a language as a note has it: `de-orig` is `de`, `pt-BR` stays, no code is ''."""
    found = _CODE.match(language)
    if found is None or (found.end() < len(language) and language[found.end()] not in "-_"):
        return ""
    return f"{found['base'].lower()}-{found['part']}" if found["part"] else found["base"].lower()


def is_original(language: str) -> bool:
    """Tell whether a track is named as what was really said, not a translation of it."""
    return language.endswith(ORIGINAL)
