"""What the name of a transcript file says: title, video, language and form; pure.

yt-dlp writes `Title [id].language.ending` and `Title [id].info.json`
(https://github.com/yt-dlp/yt-dlp#output-template); people and programs write all sorts of others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from notemill.markup.lines import one_line
from notemill.sources.captions.tracks import CHATS, base_of
from notemill.text.words import is_cjk

INFO: Final = ".info.json"
MARKDOWN_FORMATS: Final = frozenset({"md", "markdown"})
TEXT_FORMATS: Final = frozenset({"", "txt", "text"}) | MARKDOWN_FORMATS

_IN_BRACKETS: Final = re.compile(r"\s*\[([A-Za-z0-9_-]{11})\]")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{11}")
_LEAST_PARTS: Final = 3
"""Runs of letters or digits of one kind in an id: `Lecture2024` and `full-length` have two."""

_PARTS: Final = re.compile(r"[A-Z][a-z]+|[a-z]+|[A-Z]+|[0-9]+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9_-]{1,40})?")
# ISO 639-1, then the codes of three letters that captions really have.
_LISTED: Final = """
aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv
dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie
ig ii ik io is it iu iw ja jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt
lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt
qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to
tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
ast bho ceb ces chi chr cze dan deu dut eng fas fil fin fra fre ger gre gsw haw heb hin hmn hun ind
ita jpn kok kor kri lus mai mni msa nld nob nor nso pol por ron rum rus sat spa srp swe tha tur ukr
und urd vie yue zho
"""
_CODES: Final = frozenset(_LISTED.split())
# What yt-dlp writes for characters that no file name may have.
_FULL_WIDTH: Final = str.maketrans("＂：／＼｜？＊＜＞⧸⧹", '":/\\|?*<>/\\')  # noqa: RUF001  # as yt-dlp has them


@dataclass(frozen=True, slots=True)
class Named:
    """The parts of a file's name.

    `stem` is what files of one video share: the name without language and ending. `video` is a
    YouTube id or empty, `language` as it stands (`de-orig`, `live_chat`), `format` the ending.
    """

    stem: str
    title: str
    video: str
    language: str
    format: str


def named(name: str) -> Named:
    """Return the parts of a file's name, without its folder."""
    if name.lower().endswith(INFO):
        stem, ending, language = name[: -len(INFO)], "info.json", ""
    else:
        stem, _, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
        stem, language = _without_language(stem)
    found = list(_IN_BRACKETS.finditer(stem))
    bracketed = [one for one in found if _is_video_id(one[1])]
    video = bracketed[-1][1] if bracketed else stem if _is_alone(stem) else ""
    title = stem
    if bracketed:
        title = stem[: bracketed[-1].start()] + stem[bracketed[-1].end() :]
    title = one_line(title) or stem
    return Named(
        stem=stem,
        title=title if is_cjk(title) else title.translate(_FULL_WIDTH),
        video=video,
        language=language,
        format=ending.lower(),
    )


def _without_language(stem: str) -> tuple[str, str]:
    """Return a name without the language at its end, and the language."""
    rest, _, last = stem.rpartition(".")
    if not rest:
        return stem, ""
    if last in CHATS or (_LANGUAGE.fullmatch(last) and base_of(last) in _CODES):
        return rest, last
    return stem, ""


def _is_video_id(text: str) -> bool:
    """Tell an id from words of eleven letters, such as `Remastering` or `p2p-attacks`.

    Fewer than one id of three hundred has no capital letter.
    """
    least = _LEAST_PARTS if any(letter.isupper() for letter in text) else _LEAST_PARTS + 2
    return len(_PARTS.findall(text)) >= least


def _is_alone(stem: str) -> bool:
    """Tell whether a name is nothing but an id."""
    return _ID.fullmatch(stem) is not None and not stem.islower() and _is_video_id(stem)
