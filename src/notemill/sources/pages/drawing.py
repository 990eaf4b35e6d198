"""Blocks of Markdown, and how they are put into lists, quotes and tables; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from notemill.sources.markdown_text import code_span

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIST_MARK: Final = re.compile(r"^( *)[-*] (?:\[[ x]\] )?", re.MULTILINE)
_CELL_END: Final = re.compile(r"(?:(?<= )|(?<=^))\| ")
_RULE_ROW: Final = re.compile(r"---(?: \| ---)*")


class Shape(Enum):
    """What a block is, as far as others have to know beside it."""

    TEXT = auto()
    HEADING = auto()
    LIST = auto()
    CODE = auto()
    TABLE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Made:
    """A block of Markdown; of code also its bare lines."""

    shape: Shape
    markdown: str
    code: str = ""


def strong(text: str) -> str:
    """Return running text in bold, if it has no marks that would end it."""
    return f"**{text}**" if text and "*" not in text and not text.endswith("\\") else text


def indented(text: str, width: int) -> str:
    """Return a text whose lines but the first are set in."""
    return re.sub(r"\n(?!\n|\Z)", "\n" + " " * width, text)


def quoted(text: str) -> str:
    """Return blocks as a quote."""
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n")) if text else ""


def listed(items: Iterable[list[Made]], number: int | None) -> str:
    """Return items as a list; one in which an item has several paragraphs has blank lines."""
    items = list(items)
    is_tight = all(sum(one.shape is not Shape.LIST for one in item) <= 1 for item in items)
    lines: list[str] = []
    for item in items:
        mark = "- " if number is None else f"{number}. "
        text = ""
        for one in item:
            beside = "\n" if one.shape is Shape.LIST and is_tight else "\n\n"
            text += (beside if text else "") + one.markdown
        lines.append(mark + indented(text, len(mark)))
        number = None if number is None else number + 1
    return ("\n" if is_tight else "\n\n").join(lines)


def on_one_line(made: Made) -> str:
    """Return a block as it may stand in a cell."""
    if made.shape is Shape.CODE:
        return "<br>".join(filter(None, map(code_span, made.code.split("\n"))))
    text = made.markdown
    if made.shape is Shape.LIST:
        text = _LIST_MARK.sub(lambda mark: "\u2003" * (len(mark[1]) // 2) + "• ", text)
    elif made.shape is Shape.TABLE:
        rows = (line.removeprefix("| ").removesuffix(" |") for line in text.split("\n"))
        cells = (_CELL_END.split(row) for row in rows if not _RULE_ROW.fullmatch(row))
        text = "\n".join(", ".join(filter(None, map(str.strip, row))) for row in cells)
        text = text.replace("\\|", "|")
    elif made.shape is Shape.OTHER:
        text = re.sub(r"^> ?|^\$\$$", "", text, flags=re.MULTILINE)
    lines = (line.strip(" ") for line in text.split("\n"))
    return "<br>".join(line for line in lines if line and line != "---")


def drawn_table(rows: list[list[str]], heads: int) -> str:
    """Return a table without its empty rows and columns; its first rows, so many, become its head."""
    width = len(rows[0]) if rows else 0
    columns = [place for place in range(width) if any(row[place] for row in rows)]
    if not columns:
        return ""
    head = [
        " ".join(dict.fromkeys(filter(None, texts))) for texts in zip(*rows[:heads], strict=True)
    ]
    kept = [[row[place] for place in columns] for row in rows[heads:] if any(row)]
    head = [head[place] if head else "" for place in columns]
    lines = [head, ["---"] * len(columns), *kept]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
