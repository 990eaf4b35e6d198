"""A PowerPoint presentation as HTML: its slides as they are shown, each with the speaker's notes.

Parts and elements: ECMA-376, part 1, chapters 13 and 19.
"""

from __future__ import annotations

import posixpath
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.sources.documents.packed import attribute, local_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

    from notemill.sources.documents.packed import Pack

_PRESENTATION: Final = "ppt/presentation.xml"
_MOST_SLIDES: Final = 3_000
_MOST_LEVELS: Final = 8
_TITLES: Final = ("title", "ctrTitle")
_FURNITURE: Final = ("dt", "ftr", "sldNum", "sldImg", "hdr")
"""Placeholders of date, footer, number and picture of a slide."""


def html_of(pack: Pack) -> str:
    """Return all slides that are shown, in their order. Raises SourceError if parts are damaged."""
    related = _related(pack, _PRESENTATION)
    order = [
        related.get(attribute(one, "id") if len(one.attrib) == 1 else _relation(one), "")
        for one in pack.tree(_PRESENTATION).iter("{*}sldId")
    ]
    return "\n".join(
        _slide(pack, part, number)
        for number, part in enumerate(islice(order, _MOST_SLIDES), start=1)
        if part in pack
    )


def _relation(element: _Element) -> str:
    """Return the id of a relationship (`r:id`), which is not the element's own id."""
    return next(
        (
            str(value)
            for key, value in element.attrib.items()
            if "relationships" in str(key) and str(key).endswith("}id")
        ),
        "",
    )


def _related(pack: Pack, part: str) -> dict[str, str]:
    """Return the parts that a part refers to, by the ids of its relationships."""
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in pack:
        return {}
    return {
        one.get("Id", ""): posixpath.normpath(posixpath.join(folder, one.get("Target", ""))).lstrip(
            "/"
        )
        for one in pack.tree(relations).iter("{*}Relationship")
        if one.get("TargetMode") != "External"
    }


def _slide(pack: Pack, part: str, number: int) -> str:
    root = pack.tree(part)
    if root.get("show") == "0":
        return ""
    titles: list[str] = []
    body: list[str] = []
    for shape in root.iter("{*}sp", "{*}tbl"):
        if local_name(shape) == "tbl":
            body.append(_table(shape))
        elif (kind := _placeholder(shape)) in _TITLES:
            titles.append(" ".join(text for _, text in _paragraphs(shape)))
        elif kind not in _FURNITURE:
            body.append(_list(_paragraphs(shape), is_list=kind in {"body", "obj", "other"}))
    title = next(filter(None, titles), f"Slide {number}")
    notes = [
        f"<p>{text}</p>"
        for target in _related(pack, part).values()
        if "/notesSlides/" in f"/{target}" and target in pack
        for shape in pack.tree(target).iter("{*}sp")
        if _placeholder(shape) not in _FURNITURE
        for _, text in _paragraphs(shape)
    ]
    said = (
        f"<blockquote><p><strong>Notes</strong></p>{''.join(notes)}</blockquote>" if notes else ""
    )
    return f"<h2>{title}</h2>{''.join(body)}{said}"


def _placeholder(shape: _Element) -> str:
    """Return what a shape is in its layout: `title`, `body`, …; '' if it has no place there."""
    found = next(shape.iter("{*}ph"), None)
    return "" if found is None else found.get("type", "other")


def _paragraphs(shape: _Element) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a shape with their levels, as HTML."""
    for paragraph in shape.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
        text = "".join(
            "<br>" if local_name(one) == "br" else escape("".join(one.itertext()))
            for one in paragraph.iter("{*}t", "{*}br")
        ).strip()
        properties = next(paragraph.iter("{*}pPr"), None)
        level = "" if properties is None else properties.get("lvl", "")
        if text:
            yield min(int(level) if level.isascii() and level.isdigit() else 0, _MOST_LEVELS), text


def _list(paragraphs: Iterable[tuple[int, str]], *, is_list: bool) -> str:
    """Return paragraphs as items of a list with their levels, or as they are."""
    if not is_list:
        return "".join(f"<p>{text}</p>" for _, text in paragraphs)
    html, depth = "", 0
    for level, text in paragraphs:
        while depth > level + 1:
            html, depth = f"{html}</li></ul>", depth - 1
        if depth == level + 1:
            html += "</li>"
        while depth < level + 1:
            html, depth = f"{html}<ul>{'<li>' * (depth < level)}", depth + 1
        html += f"<li>{text}"
    return html + "</li></ul>" * depth


def _table(table: _Element) -> str:
    rows = (
        "".join(
            f"<td>{''.join(f'<p>{text}</p>' for _, text in _paragraphs(cell))}</td>"
            for cell in row.iter("{*}tc")
        )
        for row in table.iter("{*}tr")
    )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
