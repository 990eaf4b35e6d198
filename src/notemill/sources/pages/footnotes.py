"""Footnotes: which links are references, and which part of the page each of them means.

Both are settled over the whole page before its article is chosen: notes often lie outside of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.parsing import elements, is_within, named, one_line, remove, words_in

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from notemill.sources.pages.places import Places

REFERENCE: Final = "data-notemill-note"
"""The attribute that names a reference's note once `settle` was here."""
_LABEL: Final = re.compile(r"[\[(]?\s*(?:note\s*)?(?:\d{1,4}|[*†‡§¶#]{1,3}|[a-z]{1,2}|[ivxlc]{1,6})\s*[\])]?[.:]?", re.IGNORECASE)  # fmt: skip
_SIGN: Final = re.compile(r"\s*(?:[*†‡§]{1,3}|\[\d{1,4}\]|(?P<number>\d{1,4})[.):])\s+")
_REFERENCE_NAME: Final = re.compile(r"foot-?note|end-?note|noteref|fn-?ref|note-?ref|citation|cite_ref|_ftnref|sdfootnote|^fn")  # fmt: skip
_NOTE_NAME: Final = re.compile(r"foot-?note|end-?note|(?:^|[\s_:-])fn[\s_:-]?\w|cite[_-]note|_ftn|sdfootnote|(?:^|[\s_:-])(?:note|ref|bib|reference|cit|citation)[\s_:.-]?\w*\d")  # fmt: skip
_BACK_NAME: Final = re.compile(r"back-?(?:ref|link)|reversefootnote|footnote-return|footnote-number|mw-cite-backlink|fn-?back")  # fmt: skip
_BACK_WORDS: Final = re.compile(r"[\s↩↑⤴⏎↵^\ufe0e\ufe0f]*(?:back(?: to (?:text|content|article))?|jump up)?[\s↩↑⤴⏎↵^\ufe0e\ufe0f]*", re.IGNORECASE)  # fmt: skip
_ROLES: Final = frozenset({"doc-noteref", "noteref"})
_BLOCKS: Final = frozenset({"li", "p", "div", "dd", "aside", "td", "section", "blockquote", "span"})
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_SIDENOTE: Final = re.compile(r"(?:^|\s)(?:side|margin)-?note(?:\s|$)")
_NOTE_CHARS: Final = 6_000
"""No longer note is taken for one: it is a part of the text."""
_BACK_CHARS: Final = 20
_TITLE_CHARS: Final = 40
_CONTAINERS: Final = frozenset(
    {"ol", "ul", "section", "div", "aside", "footer", "dl", "table", "tbody"}
)


@dataclass(slots=True)
class Notes:
    """The notes of a page, taken out of it; numbered in the order in which they are first used."""

    texts: dict[str, HtmlElement] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def mark(self, name: str) -> str:
        """Return the mark of a reference to a note, which gets its number now."""
        number = self.numbers.setdefault(name, len(self.numbers) + 1)
        return f"[^{number}]"


def settle(root: HtmlElement, places: Places) -> Notes:
    """Mark references and take out the notes that they mean."""
    notes = Notes()
    _take_sidenotes(root, notes)
    targets = _targets(root)
    order = {one: place for place, one in enumerate(root.iter())}
    found: dict[HtmlElement, list[HtmlElement]] = {}
    for link in elements(root, "a"):
        name = places.within(link.get("href"))
        target = targets.get(name)
        if target is None or not _is_reference(link) or order[target] < order[link]:
            continue
        note = _note_around(target)
        if note is not None and not _is_around(note, link) and _is_note(note, name, link, places):
            found.setdefault(note, []).append(link)
    outermost = [one for one in found if not any(above in found for above in one.iterancestors())]
    for number, note in enumerate(outermost):
        name = f"note-{number}"
        labels = {words_in(link) for link in found[note]}
        for link in found[note]:
            _refer(link, name)
        _tidy(note, found[note], labels, places)
        notes.texts[name] = note
    _take_out(outermost)
    return notes


def _targets(root: HtmlElement) -> dict[str, HtmlElement]:
    """Return what a link within the page may lead to, by id or name."""
    targets: dict[str, HtmlElement] = {}
    for one in elements(root):
        for name in (one.get("id"), one.get("name") if one.tag == "a" else None):
            if name:
                targets.setdefault(name, one)
    return targets


def _is_reference(link: HtmlElement) -> bool:
    label = words_in(link)
    if not _LABEL.fullmatch(label):
        return False
    roles = {(link.get("role") or "").lower(), (link.get("epub:type") or "").lower()}
    parent = link.getparent()
    return bool(
        roles & _ROLES
        or is_within(link, "sup", "cite")
        or next(link.iter("sup"), None) is not None
        or _REFERENCE_NAME.search(named(link))
        or (parent is not None and _REFERENCE_NAME.search(named(parent)))
        or not label.isalnum()
    )


def _note_around(target: HtmlElement) -> HtmlElement | None:
    """Return the block of a note whose beginning, or all, a link leads to."""
    note = target
    while note.tag not in _BLOCKS or (note.tag == "span" and not _NOTE_NAME.search(named(note))):
        note = note.getparent()
        if note is None or note.tag in ("body", "html", "article", "main"):
            return None
    parent = note.getparent()
    while (
        parent is not None
        and parent.tag in ("li", "div", "aside", "tr", "dd")
        and _NOTE_NAME.search(parent.get("id") or parent.get("class") or "")
        and not _holds_several(parent)
        and len(parent.text_content()) <= _NOTE_CHARS
    ):
        note, parent = parent, parent.getparent()
    return note


def _holds_several(element: HtmlElement) -> bool:
    """Tell whether an element is a list of notes, or a part with a heading."""
    called = (one for one in element.iter() if _NOTE_NAME.search(one.get("id") or ""))
    return len(list(islice(called, 3))) > 2 or next(element.iter(*_HEADINGS), None) is not None  # noqa: PLR2004


def _is_around(note: HtmlElement, link: HtmlElement) -> bool:
    return note is link or any(one is note for one in link.iterancestors())


def _is_note(note: HtmlElement, name: str, link: HtmlElement, places: Places) -> bool:
    """Tell whether a block is a note: it is called one, or leads back to its reference."""
    if next(note.iter(*_HEADINGS), None) is not None or len(note.text_content()) > _NOTE_CHARS:
        return False
    called = f"{name.lower()} {named(note)} {(note.get('role') or '').lower()}"
    above = note.getparent()
    if above is not None:
        called += f" {named(above)}"
    return _NOTE_NAME.search(called) is not None or any(
        places.within(back.get("href")) in _names_around(link) for back in note.iter("a")
    )


def _names_around(link: HtmlElement) -> set[str]:
    """Return the ids that a note may lead back to: the reference's own, and those just around it."""
    around = [link, *list(link.iterancestors())[:3], *link.iter()]
    names = {name for one in around for name in (one.get("id"), one.get("name"))}
    return {name for name in names if name}


def _refer(link: HtmlElement, name: str) -> None:
    """Make a mark of a reference, without the brackets and raised signs around it."""
    for child in list(link):
        child.drop_tree()
    link.text = ""
    link.set(REFERENCE, name)


def _tidy(note: HtmlElement, links: list[HtmlElement], labels: set[str], places: Places) -> None:
    """Take the number and the ways back out of a note."""
    backs = set().union(*(_names_around(one) for one in links))
    for back in list(elements(note, "a", "span", "sup")):
        if back.tag != "a":
            if _BACK_NAME.search(named(back)):
                remove(back)
            continue
        label = words_in(back)
        leads_back = places.within(back.get("href")) in backs or _BACK_NAME.search(named(back))
        if (leads_back and len(label) <= _BACK_CHARS) or (
            places.within(back.get("href")) and _BACK_WORDS.fullmatch(label)
        ):
            _drop_raised(back)
    _drop_sign(note, {label.strip("[]()") for label in labels})
    first = next((one for one in note.iter("sup", "b") if _LABEL.fullmatch(words_in(one))), None)
    if first is not None and words_in(note).startswith(words_in(first)):
        remove(first)


def _drop_sign(note: HtmlElement, labels: set[str]) -> None:
    """Take the sign of a note off its beginning, a number only if its references show it."""
    for one in note.iter():
        if one.text and one.text.strip():
            sign = _SIGN.match(one.text)
            if sign and (sign["number"] is None or sign["number"] in labels):
                one.text = one.text[sign.end() :]
            return


def _drop_raised(back: HtmlElement) -> None:
    """Remove a way back, with the `sup` that held nothing else."""
    parent = back.getparent()
    remove(back)
    if parent is not None and parent.tag in ("sup", "span") and not words_in(parent):
        remove(parent)


def _take_out(notes: list[HtmlElement]) -> None:
    """Take notes out of the page, and the lists, rules and headings that are left without any."""
    containers: dict[HtmlElement, None] = {}
    for note in notes:
        containers[note.getparent()] = None
        term = note.getprevious() if note.tag == "dd" else None
        if term is not None and term.tag == "dt" and _LABEL.fullmatch(words_in(term)):
            remove(term)
        remove(note)
    for one in containers:
        container = one
        while container is not None and container.tag in _CONTAINERS and _is_empty(container):
            container, empty = container.getparent(), container
            remove(empty)


def _is_empty(container: HtmlElement) -> bool:
    """Tell whether a container holds nothing but the heading of what it held."""
    if next(container.iter("img"), None) is not None:
        return False
    titles = " ".join(words_in(one) for one in container.iter(*_HEADINGS))
    return len(titles) <= _TITLE_CHARS and words_in(container) == one_line(titles)


def _take_sidenotes(root: HtmlElement, notes: Notes) -> None:
    """Take notes that stand in the margin, beside their reference, to where notes are."""
    for number, side in enumerate(list(elements(root, "span", "small", "aside"))):
        if not _SIDENOTE.search(named(side)) or len(side.text_content()) > _NOTE_CHARS:
            continue
        before = side.getprevious()
        while before is not None and before.tag in ("label", "input"):
            before, switch = before.getprevious(), before
            remove(switch)
        name = f"side-{number}"
        mark = side.makeelement("a", {REFERENCE: name})
        mark.tail = side.tail
        side.tail = None
        side.getparent().replace(side, mark)
        notes.texts[name] = side
