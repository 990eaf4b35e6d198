"""HTML in a note's text, converted to Markdown: words, tables, headings and lists stay; pure.

Only names of real HTML elements count as tags: a person may have written `<name>`. Every pass is
linear.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is between these and their ends is for machines.
_DROPPED: Final = re.compile(
    r"<(script|style|svg|iframe|object|canvas|audio|video|noscript)(?=[\s/>])", re.IGNORECASE
)
_BLOCK: Final = re.compile(
    r"address|article|aside|blockquote|body|caption|center|dd|details|dir|div|dl|dt|fieldset"
    r"|figcaption|figure|footer|form|header|hr|html|main|nav|ol|option|p|section|select|summary|table"
    r"|tbody|tfoot|thead|tr|ul"
)
_INLINE: Final = re.compile(
    r"a|abbr|acronym|area|audio|b|base|bdi|bdo|big|br|button|canvas|cite|code|col|colgroup|del|dfn|em"
    r"|embed|font|h[1-6]|head|i|iframe|img|input|ins|kbd|label|legend|li|link|map|mark|meta|meter"
    r"|noscript|object|output|param|picture|pre|progress|q|rp|rt|ruby|s|samp|script|small|source|span"
    r"|strike|strong|style|sub|sup|svg|td|textarea|th|time|title|track|tt|u|var|video|wbr"
)
_TAG: Final = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,15})(?P<attributes>(?:\s(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)?)/?>"
    r"(?P<after>\s*+)",
    re.MULTILINE,
)
# HTML's indentation would be code to Markdown.
_INDENTATION: Final = re.compile(r"^[ \t]++(?=</?[A-Za-z][A-Za-z0-9]{0,15}[\s/>])", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(
    r"(?<=\s)(?P<name>alt|src)\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\s\"'>]++))",
    re.IGNORECASE,
)
_TABLE: Final = re.compile(r"<table(?=[\s>])", re.IGNORECASE)
_TABLE_END: Final = re.compile(r"</table\s*>", re.IGNORECASE)
_ROW: Final = re.compile(r"<tr(?=[\s>])", re.IGNORECASE)
_CELL: Final = re.compile(r"<(?:td|th)(?=[\s>])", re.IGNORECASE)
_MARKDOWN_ROW: Final = re.compile(r"^[ \t]*+\|[^\n]*<[^\n]*$", re.MULTILINE)
_PRE: Final = re.compile(
    r"<pre(?:\s[^<>]*+)?>(?:\s*+<code(?:\s[^<>]*+)?>)?(?P<text>(?:(?!</?pre\b)[\s\S])*+)</pre\s*>",
    re.IGNORECASE,
)
_CODE_END: Final = re.compile(r"</code\s*>\s*\Z", re.IGNORECASE)
_NO_BREAK: Final = re.compile(r"&nbsp;|&#160;|&#xa0;", re.IGNORECASE)


def as_markdown(text: str) -> str:
    """Return a text with its HTML converted to Markdown."""
    if "&" in text:
        text = _NO_BREAK.sub(" ", text)
    if "<" not in text:
        return text
    text = _without_elements(text)
    text = _PRE.sub(lambda pre: f"\n\n```\n{_CODE_END.sub('', pre['text']).strip()}\n```\n\n", text)
    text = "".join(_tables(_INDENTATION.sub("", text)))
    text = _MARKDOWN_ROW.sub(lambda row: _one_line(row[0]), text)
    return _TAG.sub(_replaced, text)


def _one_line(text: str) -> str:
    """Return the words of HTML on one line, as a cell or a row needs them."""
    return " ".join(_TAG.sub(_replaced, text).split())


def _without_elements(text: str) -> str:
    """Drop the elements that are for machines; one that is never closed keeps what follows."""
    parts: list[str] = []
    at = 0
    missing: set[str] = set()
    while (opening := _DROPPED.search(text, at)) is not None:
        name = opening[1].casefold()
        closing = None
        if name not in missing:
            closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, opening.end())
        if closing is None:
            missing.add(name)
            parts.append(text[at : opening.end()])
            at = opening.end()
        else:
            parts.append(text[at : opening.start()])
            at = closing.end()
    return "".join([*parts, text[at:]])


def _tables(text: str) -> Iterator[str]:
    """Yield the text with its tables as Markdown has them; one within another is rows of both."""
    at = 0
    while (opening := _TABLE.search(text, at)) is not None:
        closing = _TABLE_END.search(text, opening.end())
        if closing is None:
            break
        yield text[at : opening.start()]
        yield _table(text[opening.start() : closing.start()])
        at = closing.end()
    yield text[at:]


def _table(table: str) -> str:
    """Return a table's rows; of one with a single column its cells as paragraphs."""
    rows = [
        [_one_line(cell).replace("|", "\\|") for cell in _cells(row)]
        for row in _ROW.split(table)[1:]
    ]
    width = max(map(len, rows), default=0)
    if width <= 1:
        return "\n\n" + "\n\n".join(cell for row in rows for cell in row) + "\n\n"
    headed = _CELL.search(table)
    if headed and headed[0].casefold() != "<th":
        rows.insert(0, [""] * width)
    lines = [f"| {' | '.join(row)} |" for row in rows if row]
    lines.insert(1, "|" + " --- |" * width)
    return "\n\n" + "\n".join(lines) + "\n\n"


def _cells(row: str) -> list[str]:
    """Return the cells of a row, without their own opening tags."""
    return [cell.partition(">")[2] for cell in _CELL.split(row)[1:]]


def _replaced(tag: re.Match[str]) -> str:
    """Return what a tag is in Markdown; what is no tag of HTML's stays."""
    name = tag["name"].casefold()
    closing = bool(tag["close"])
    if _BLOCK.fullmatch(name):
        return "\n\n" if name == "p" else "\n"
    if not _INLINE.fullmatch(name):
        return tag[0]
    if name == "li":
        return "" if closing else "\n- "
    if name[-1].isdigit():
        return "\n\n" if closing else f"\n\n{'#' * int(name[-1])} "
    if name == "img":
        return _image(tag["attributes"]) + tag["after"]
    return (" " if name == "br" else "") + tag["after"]


def _image(attributes: str) -> str:
    """Return an image as Markdown has it."""
    found = {
        one["name"].casefold(): one["double"] or one["single"] or one["bare"] or ""
        for one in _ATTRIBUTE.finditer(attributes)
    }
    alt = " ".join(found.get("alt", "").replace("[", "(").replace("]", ")").split())
    return f"![{alt}]({'%20'.join(found.get('src', '').split())})"
