"""The words of an Excalidraw drawing, on its canvas and on the back of its card; pure.

https://github.com/zsviczian/obsidian-excalidraw-plugin stores a drawing as a note: a banner, the
back of the card, the texts with a block id each, element links, files, and the drawing itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notemill.vault.note import Note

_ENDING: Final = ".excalidraw"
_DATA: Final = re.compile(
    r"^# (?:Excalidraw Data|Text Elements|Drawing(?=[ \t]*\n+```))[ \t]*$", re.MULTILINE
)
_SECTION: Final = re.compile(
    r"^#{1,2} (?:(Text Elements)|(Element Links)|(Embedded [Ff]iles)|Drawing|Excalidraw Data)[ \t]*$"
    r"|^%%[ \t]*$",
    re.MULTILINE,
)
_BANNER: Final = re.compile(
    r"^[^\n]*(?:EXCALIDRAW VIEW|Decompress current Excalidraw)[^\n]*$", re.MULTILINE
)
_BLOCK_ID: Final = re.compile(r"(?:^|[ \t])\^[\w-]+[ \t]*$", re.MULTILINE)
_ELEMENT: Final = re.compile(r"^[\w-]{4,64}: ?", re.MULTILINE)
_FORMULA: Final = re.compile(r"\$\$[^\n]*\$\$")
_COMPRESSED: Final = "```compressed-json"


def is_drawing(note: Note) -> bool:
    """Tell whether a note is a drawing: by its properties, or because it holds a compressed one."""
    return note.entry("excalidraw-plugin") is not None or (
        _COMPRESSED in note.body and _DATA.search(note.body) is not None
    )


def words_of_drawing(body: str) -> str:
    """Return the back of the card, then the drawing's texts, links and formulas as paragraphs."""
    data = _DATA.search(body)
    back = body[: data.start()] if data else body
    parts = [_BANNER.sub("", back.rstrip().removesuffix("%%"))]
    parts += _sections(body[data.start() :]) if data else ()
    return "\n\n".join(part for one in parts if (part := one.strip("\n")).strip())


def drawing_name(stem: str) -> str:
    """Return a drawing's name, given its file name without `.md`."""
    return stem.removesuffix(_ENDING) or stem


def _sections(data: str) -> Iterator[str]:
    marks = list(_SECTION.finditer(data))
    ends = [mark.start() for mark in marks[1:]] + [len(data)]
    for mark, end in zip(marks, ends, strict=True):
        text = data[mark.end() : end]
        if mark[1]:
            yield _BLOCK_ID.sub("", text)
        elif mark[2]:
            yield _ELEMENT.sub("", text)
        elif mark[3]:
            yield "\n".join(one[0] for one in _FORMULA.finditer(text))
