"""The article of a page as blocks of Markdown, in the order in which it shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notemill.sources.address import clean_address
from notemill.sources.markdown_text import code_span, escaped_within, fenced, in_cell, link
from notemill.sources.pages import code, footnotes, maths, tables
from notemill.sources.pages.drawing import (
    Made,
    Shape,
    drawn_table,
    indented,
    listed,
    on_one_line,
    quoted,
    strong,
)
from notemill.sources.pages.inline import Line
from notemill.sources.pages.parsing import elements, named, one_line, words_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.html import HtmlElement

    from notemill.sources.pages.footnotes import Notes
    from notemill.sources.pages.places import Places

_STYLES: Final = {
    "strong": "strong",
    "b": "strong",
    "em": "em",
    "i": "em",
    "dfn": "em",
    "var": "em",
    "del": "strike",
    "s": "strike",
    "strike": "strike",
    "mark": "mark",
}
_CODE: Final = frozenset({"code", "kbd", "samp", "tt"})
_DROPPED: Final = frozenset(
    {"script", "style", "head", "title", "meta", "link", "template", "noscript", "input", "select"}
    | {
        "textarea",
        "svg",
        "canvas",
        "object",
        "map",
        "rp",
        "datalist",
        "progress",
        "meter",
        "source",
    }
)
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "div"}
    | {"dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "html"}
    | {"legend", "li", "main", "nav", "p", "search", "section", "summary", "tbody", "td", "tfoot"}
    | {"th", "thead", "tr", "ul", "ol", "menu", "dir", "pre", "blockquote", "table", "hr", "iframe"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "video", "audio", "listing", "xmp"}
)
_TERMS: Final = frozenset({"dt", "dd"})
_CELLS: Final = frozenset({"td", "th", "caption", "colgroup", "col"})
_FRAME: Final = frozenset({"thead", "tbody", "tfoot", "tr"})
_AROUND: Final = {"q": ("“", "”"), "rt": ("(", ")")}
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_LISTS: Final = frozenset({"ul", "ol", "menu", "dir"})
_LINKED_MEDIA: Final = frozenset({"iframe", "video", "audio", "embed"})
_HEADING_CHARS: Final = 300
_PERMALINK: Final = re.compile(
    r"(?:^|[\s_-])(?:headerlink|anchor|permalink|heading-?link)(?:[\s_-]|$)"
)
_PERMALINK_WORDS: Final = frozenset({"", "#", "¶", "§", "🔗", "⚓", "link", "permalink"})
_START: Final = re.compile(r"\d{1,9}")
_CLOSING_HASHES: Final = re.compile(r"(#+)$")
_MOST_ALT_CHARS: Final = 300


@dataclass(slots=True)
class _Flow:
    """Blocks as they are made, and the running text that is not yet one."""

    made: list[Made] = field(default_factory=list)
    line: Line = field(default_factory=Line)

    def end(self) -> None:
        """Make paragraphs of the running text."""
        self.made += [Made(Shape.TEXT, one) for one in self.line.paragraphs()]
        self.line = Line()

    def add(self, shape: Shape, markdown: str, code: str = "") -> None:
        """Add a block behind the running text."""
        self.end()
        if markdown:
            self.made.append(Made(shape, markdown, code))


class Converter:
    """Converts parts of one page; its notes get their numbers as their marks are met."""

    def __init__(self, places: Places, notes: Notes) -> None:
        """Take what is known of the page's addresses and its notes."""
        self._places = places
        self._notes = notes
        self._holding: set[HtmlElement] = set()
        self._in_item = 0

    def article(self, part: HtmlElement) -> list[str]:
        """Return the blocks of a part, and behind them the definitions of the notes it uses."""
        blocks = [one.markdown for one in self._blocks_in(part)]
        defined = 0
        while defined < len(self._notes.numbers):
            name, number = list(self._notes.numbers.items())[defined]
            note = self._blocks_in(self._notes.texts[name])
            text = "\n\n".join(one.markdown for one in note) or "…"
            blocks.append(f"[^{number}]: {indented(text, 4)}")
            defined += 1
        return blocks

    def _blocks_in(self, root: HtmlElement) -> list[Made]:
        for block in elements(root, *_BLOCKS):
            for above in block.iterancestors():
                if above in self._holding:
                    break
                self._holding.add(above)
        return self._blocks(root)

    def _blocks(self, element: HtmlElement) -> list[Made]:
        flow = _Flow()
        self._walk(flow, element, frozenset())
        flow.end()
        return flow.made

    def _walk(self, flow: _Flow, element: HtmlElement, styles: frozenset[str]) -> None:
        flow.line.add(element.text, styles)
        for child in element:
            if isinstance(child.tag, str):
                self._child(flow, child, styles)
            flow.line.add(child.tail, styles)

    def _child(self, flow: _Flow, child: HtmlElement, styles: frozenset[str]) -> None:
        tag = child.tag
        if tag in _DROPPED:
            return
        if block := self._block_maker(child):
            flow.end()
            block(flow, child)
        elif tag in _BLOCKS:
            flow.end()
            self._walk(flow, child, frozenset())
            flow.end()
        else:
            self._inline(flow, child, styles)

    def _block_maker(self, child: HtmlElement) -> Callable[[_Flow, HtmlElement], None] | None:
        """Return what makes a block of an element, None if it is running text or a wrapper."""
        tag = child.tag
        if tag in _HEADINGS:
            return self._heading
        if tag in _LISTS:
            return self._list
        if tag in ("pre", "listing", "xmp") or (tag == "code" and code.is_block(child)):
            return self._code
        if tag == "table":
            return self._table
        if tag in _LINKED_MEDIA:
            return self._media
        makers = {
            "blockquote": self._quote,
            "dl": self._definitions,
            "hr": lambda flow, _: flow.add(Shape.OTHER, "---"),
            "summary": self._label,
        }
        return makers.get(tag)

    def _inline(self, flow: _Flow, child: HtmlElement, styles: frozenset[str]) -> None:
        """Add running text, a link, a picture or whatever else stands within a line."""
        tag, line = child.tag, flow.line
        if tag == "br":
            line.line_break()
        elif tag == "img":
            line.put(self._picture(child), styles)
        elif name := child.get(footnotes.REFERENCE):
            line.put(self._notes.mark(name))
        elif tex := child.get(maths.TEX):
            self._formula(flow, tex)
        elif tag in _CODE:
            line.put(self._code_within(child), styles)
        elif tag == "a" and child not in self._holding:
            self._link(line, child, styles)
        elif tag in ("sup", "sub") and child not in self._holding:
            self._raised(line, child, styles)
        elif tag != "button" or self._is_label(child):
            opening, closing = _AROUND.get(tag, ("", ""))
            style = _STYLES.get(tag)
            line.add(opening, styles)
            self._walk(flow, child, styles | {style} if style else styles)
            flow.line.add(closing, styles)

    @staticmethod
    def _is_label(button: HtmlElement) -> bool:
        """Tell whether a button is words of a heading or a sentence, not something to press."""
        if next(button.iterancestors(*_HEADINGS, "summary", "dt"), None) is not None:
            return True
        around = button.getparent()
        return around.tag == "p" and bool(one_line(around.text) or one_line(button.tail))

    def _running(self, element: HtmlElement) -> Line:
        """Return all of an element as running text, whatever it holds."""
        flow = _Flow()
        flow.line.add(element.text)
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _DROPPED:
                if child.tag in _BLOCKS:
                    flow.line.add(" ")
                    flow.line.pieces += self._running(child).pieces
                    flow.line.add(" ")
                elif child in self._holding:
                    flow.line.pieces += self._running(child).pieces
                else:
                    self._inline(flow, child, frozenset())
            flow.line.add(child.tail)
        if not flow.made:
            return flow.line
        line = Line()
        for one in flow.made:
            line.put(on_one_line(one))
            line.add(" ")
        line.pieces += flow.line.pieces
        return line

    def _link(self, line: Line, anchor: HtmlElement, styles: frozenset[str]) -> None:
        inner = self._running(anchor)
        address = self._places.led_to(anchor.get("href"))
        label = inner.joined(in_label=True)
        if not address or not label:
            line.pieces += inner.pieces
            return
        words = words_in(anchor)
        text = anchor.text_content()
        if text[:1].isspace():
            line.add(" ", styles)
        line.put(f"<{address}>" if words == address else link(label, address), styles)
        if text[-1:].isspace():
            line.add(" ", styles)

    def _raised(self, line: Line, element: HtmlElement, styles: frozenset[str]) -> None:
        """Add a raised or lowered text; around the mark of a note nothing is raised."""
        inner = self._running(element)
        markdown = inner.joined()
        if any(one.get(footnotes.REFERENCE) for one in element.iter("a")):
            line.put("".join(re.findall(r"\[\^\d+\]", markdown)), styles)
        elif markdown:
            line.put(f"<{element.tag}>{markdown}</{element.tag}>", styles)

    def _formula(self, flow: _Flow, tex: str) -> None:
        formula = tex.removeprefix(maths.DISPLAY).strip()
        if not formula:
            return
        if "$" in formula:
            flow.line.put(code_span(formula))
        elif tex.startswith(maths.DISPLAY) and not self._in_item:
            flow.add(Shape.OTHER, f"$$\n{formula}\n$$")
        else:
            flow.line.put(f"${formula}$")

    def _code_within(self, element: HtmlElement) -> str:
        anchors = list(element.iter("a"))
        text = one_line(code.code_of(element))
        if len(anchors) == 1 and words_in(anchors[0]) == text:
            address = self._places.led_to(anchors[0].get("href"))
            if address and code_span(text):
                return link(code_span(text), address)
        return code_span(text)

    def _picture(self, image: HtmlElement) -> str:
        alt = one_line(image.get("alt"))[:_MOST_ALT_CHARS]
        if alt and "emoji" in named(image):
            return escaped_within(alt)
        address = self._places.picture(image)
        # A bar would set the size of the picture.
        label = escaped_within(one_line(alt.replace("|", " ")), in_label=True)
        return f"!{link(label, address)}" if address else ""

    def _heading(self, flow: _Flow, element: HtmlElement) -> None:
        for anchor in list(element.iter("a")):
            words = words_in(anchor)
            if words.lower() in _PERMALINK_WORDS and (
                words or _PERMALINK.search(named(anchor)) or not anchor.get("href")
            ):
                anchor.drop_tree() if next(anchor.iter("img"), None) is None else anchor.drop_tag()
        if next(element.iter(*_LISTS, "table", "pre"), None) is not None:
            self._walk(flow, element, frozenset())
            flow.end()
            return
        text = self._running(element).joined()
        if self._in_item or len(text) > _HEADING_CHARS:
            flow.add(Shape.TEXT, strong(text))
        elif text:
            text = _CLOSING_HASHES.sub(r"\\\1", text)
            flow.add(Shape.HEADING, f"{'#' * _HEADINGS[element.tag]} {text}")

    def _label(self, flow: _Flow, element: HtmlElement) -> None:
        flow.add(Shape.TEXT, strong(self._running(element).joined()))

    def _code(self, flow: _Flow, element: HtmlElement) -> None:
        text = code.code_of(element)
        if text:
            flow.add(Shape.CODE, fenced(text, code.language_of(element)), text)

    def _media(self, flow: _Flow, element: HtmlElement) -> None:
        """Link to what plays within the page."""
        sources = [element.get("src"), element.get("data-src")]
        sources += [one.get("src") for one in element.iter("source")]
        address = next(filter(None, map(self._places.led_to, filter(None, sources))), "")
        title = one_line(element.get("title") or element.get("aria-label"))
        host = urlsplit(address).hostname or ""
        if address and (title or element.tag != "iframe" or "you" in host or "vimeo" in host):
            address = clean_address(address) or address
            label = escaped_within(title or host, in_label=True)
            flow.add(Shape.TEXT, link(label, address))

    def _quote(self, flow: _Flow, element: HtmlElement) -> None:
        text = "\n\n".join(one.markdown for one in self._blocks(element))
        flow.add(Shape.OTHER, quoted(text))

    def _list(self, flow: _Flow, element: HtmlElement) -> None:
        items: list[list[Made]] = []
        self._in_item += 1
        if bare := _bare(element.text):
            items.append(bare)
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _DROPPED:
                if child.tag in _LISTS and items:
                    items[-1] += self._wrapped(child)
                else:
                    items.append(self._item(child))
            if bare := _bare(child.tail):
                items.append(bare)
        self._in_item -= 1
        start = _START.fullmatch((element.get("start") or "").strip())
        number = int(start[0]) if start else 1
        markdown = listed([one for one in items if one], number if element.tag == "ol" else None)
        # Two lists in a row would be read as one, if their marks were the same.
        above = flow.made[-1] if flow.made else None
        if above and above.shape is Shape.LIST and above.markdown[:2] == "- " == markdown[:2]:
            markdown = re.sub(r"^- ", "* ", markdown, flags=re.MULTILINE)
        flow.add(Shape.LIST, markdown)

    def _wrapped(self, child: HtmlElement) -> list[Made]:
        flow = _Flow()
        self._child(flow, child, frozenset())
        flow.end()
        return flow.made

    def _item(self, item: HtmlElement) -> list[Made]:
        made = self._blocks(item) if item.tag == "li" else self._wrapped(item)
        box = next(
            (one for one in item.iter("input") if (one.get("type") or "").lower() == "checkbox"),
            None,
        )
        if box is not None and made and made[0].shape is Shape.TEXT:
            mark = "x" if box.get("checked") is not None else " "
            made[0] = Made(Shape.TEXT, f"[{mark}] {made[0].markdown}")
        return made

    def _definitions(self, flow: _Flow, element: HtmlElement) -> None:
        """Make a list of terms, and below each of them a list of what is said of it."""
        own = [
            one
            for one in element.iter("dt", "dd")
            if next(one.iterancestors("dl"), None) is element
        ]
        if not own:
            self._walk(flow, element, frozenset())
            flow.end()
            return
        self._strays(flow, element, _TERMS)
        flow.end()
        items: list[list[Made]] = []
        self._in_item += 1
        for one in own:
            if one.tag == "dt":
                term = strong(self._running(one).joined())
                items += [[Made(Shape.TEXT, term)]] if term else []
            elif made := self._blocks(one):
                if not items:
                    items.append([])
                items[-1].append(Made(Shape.LIST, listed([made], None)))
        self._in_item -= 1
        flow.add(Shape.LIST, listed(items, None))

    def _strays(self, flow: _Flow, element: HtmlElement, own: frozenset[str]) -> None:
        """Add what stands in a table or a list of terms where only its own parts belong."""
        flow.line.add(element.text)
        for child in element:
            if isinstance(child.tag, str) and child.tag not in own:
                if child.tag in _FRAME or next(child.iter(*_TERMS), None) is not None:
                    self._strays(flow, child, own)
                else:
                    self._child(flow, child, frozenset())
            flow.line.add(child.tail)

    def _table(self, flow: _Flow, element: HtmlElement) -> None:
        if code.is_code_table(element):
            lines = [
                one
                for one in element.iter("pre")
                if not code.is_gutter(one) and not code.is_numbers(one)
            ]
            for one in lines or [element]:
                self._code(flow, one)
            return
        if tables.is_layout(element):
            self._strays(flow, element, _CELLS)
            flow.end()
            for row in element.iter("caption", "td", "th"):
                if next(row.iterancestors("table")) is element:
                    flow.made += self._blocks(row)
            return
        self._strays(flow, element, _CELLS)
        flow.end()
        for caption in element.iter("caption"):
            if next(caption.iterancestors("table")) is element:
                flow.made += self._blocks(caption)
        self._in_item += 1
        rows, heads = tables.grid(element)
        texts = [[self._cell(cell) for cell in row] for row in rows]
        self._in_item -= 1
        flow.add(Shape.TABLE, drawn_table(texts, heads))

    def _cell(self, cell: HtmlElement | None) -> str:
        if cell is None:
            return ""
        return in_cell("<br>".join(filter(None, map(on_one_line, self._blocks(cell)))))


def _bare(text: str | None) -> list[Made]:
    """Return text that stands in a list outside of its items."""
    line = Line()
    line.add(text)
    return [Made(Shape.TEXT, one) for one in line.paragraphs()]
