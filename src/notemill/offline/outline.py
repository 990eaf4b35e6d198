"""A description for a page without sentences: what it lists, links or embeds, or its title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notemill.offline.cues import cues, form_words
from notemill.offline.inline import ADDRESS
from notemill.offline.marked import HOLE
from notemill.offline.pieces import PieceKind
from notemill.offline.sentences import MOST_CHARS, ideal, is_complete, shortened, split
from notemill.offline.units import (
    LISTS,
    NAME_WIDTH,
    Outline,
    has_words,
    is_name,
    keyed,
    list_labels,
    listed,
    only_links,
    section_value,
)
from notemill.text.words import UNSPACED, fold, is_cjk, width, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.offline.pieces import NotePieces, Piece

MAX_FRAGMENTS = 40
MAX_PLACE = 60
LOG_ITEMS = 3
MAX_NAME_WORDS = 7
NAME_WORDS = 5
SKETCH_SHARE = 0.7
SKETCH_WIDTH = 60
VERSE_SAMPLE = 40
VERSE_LINES = 8
MIN_PARTS = 2
ROW_WIDTH = 90
PAIR = 2
VERSE_WIDTH = 48
VERSE_SHARE = 0.8
_DATE = re.compile(r"(?=.*\d)[\d\W_]+(?:st|nd|rd|th|\u5e74|\u6708|\u65e5)?[\d\W_]*")
_HOST = re.compile(r"(?:[a-z][a-z+.-]*://)?(?:www\.)?([^/\s?#]+)", re.IGNORECASE)
_WIDE_MARKS = "\uff0c\u3001\uff1b\u3002\uff01\uff1f\u2014\u2026\uff1a"
_EDGES = " -\u2013\u2014:,;|\u00b7\uff0c\uff1a\uff1b\u3001" + HOLE + ADDRESS


def outline(page: NotePieces, title: str, folder: str) -> str:
    """Return an honest description of a page that has no sentence of its own."""
    own = fold(title)
    said = [piece for piece in page.pieces if piece.kind is not PieceKind.HEADING and _says(piece)]
    lines = [piece for piece in said if piece.kind not in {PieceKind.FIELD, PieceKind.CELL}]
    links = [label for label in distinct(_linked(page, lines), own) if not is_junk(label)]
    fragments = _fragments(lines, own)
    cells = sum(len(piece.text) for piece in page.pieces if piece.kind is PieceKind.CELL)
    if cells > sum(len(piece.text) for piece in lines):
        fragments = []  # they only go with the table
    if fragments and not all(map(only_links, lines)):
        parts = _parts(page, lines, own)
        if len(parts) > 1 and all(head for head, _ in parts):
            return _told(parts)
        head = page.headings[lines[0].section] if lines[0].section >= 0 else ""
        one = len({piece.section for piece in lines}) == 1
        named = one and lines[0].kind in LISTS and fold(head) != own and not is_junk(head)
        return joined([head, *fragments], colon=True) if named else joined(fragments)
    if links:
        outside = page.found.outside.issuperset(links)
        return joined(links) if outside and len(links) > 1 else _links(links, title)
    facts = _facts(said)
    table = rows(page)
    if table and not facts and is_name(title) and not is_junk(title):
        return joined([title, *table], colon=True)
    if facts or table:
        return joined([*facts, *table])
    headings = distinct((text for text in page.headings if not is_junk(text)), own)
    if headings:
        return joined([title, *headings], colon=True) if title else joined(headings)
    return _named(page, title, folder)


def _linked(page: NotePieces, lines: Sequence[Piece]) -> list[str]:
    """Return what the lines link to, then what the page embeds."""
    return [*(label for piece in lines for label in piece.links), *page.found.embeds]


def with_parts(text: str, page: NotePieces, title: str, group: int) -> str:
    """Return a short sentence of `group` with as many names of the following parts as fit."""
    known = fold(f"{title} {text}")
    after = [piece for piece in page.pieces if piece.group > group]
    headings = [
        piece.text.rstrip(".")
        for piece in after
        if piece.kind is PieceKind.HEADING and fold(piece.text) not in known
    ]
    parts = [
        name for name in distinct(headings, "") if not is_junk(name) and not section_value(name)
    ]
    if len(parts) < MIN_PARTS:
        first = next((n for n, piece in enumerate(after) if piece.kind in LISTS), 0)
        labels, _ = list_labels(after, first)
        parts = [*parts, *(name for name in labels if fold(name) not in known)]
    if len(parts) < MIN_PARTS:
        return text
    wide = is_cjk(text)
    head = text if wide else text + " "
    comma = "\uff1b" if wide else "; "
    return listed(head, parts, comma, ideal(text), complete=True) or text


def is_verse(page: NotePieces) -> bool:
    """Say whether the page is mostly short lines of prose, as a poem is."""
    lines = [piece for piece in page.pieces if piece.kind is not PieceKind.HEADING][:VERSE_SAMPLE]
    short = sum(
        piece.kind in {PieceKind.PROSE, PieceKind.VERSE}
        and width(piece.text) < VERSE_WIDTH
        and not piece.text.endswith((".", ":", "\uff1a"))
        for piece in lines
    )
    return len(lines) >= VERSE_LINES and short >= VERSE_SHARE * len(lines)


def is_sketch(page: NotePieces) -> bool:
    """Say whether most lines are items or names too short for a sentence."""
    lines = [piece for piece in page.pieces if piece.kind is not PieceKind.HEADING and _says(piece)]
    short = sum(
        (piece.kind in LISTS or not is_complete(piece.text))
        and width(piece.text) <= (NAME_WIDTH if is_complete(piece.text) else SKETCH_WIDTH)
        for piece in lines
    )
    return short >= SKETCH_SHARE * len(lines)


def is_log(page: NotePieces, title: str) -> bool:
    """Say whether the page is a daily log of several things."""
    lines = [piece for piece in page.pieces if piece.kind is not PieceKind.HEADING and _says(piece)]
    items = sum(piece.kind in LISTS for piece in lines)
    return _DATE.fullmatch(title) is not None and items >= LOG_ITEMS and 2 * items >= len(lines)


def log_lines(page: NotePieces, title: str) -> str:
    """Return the beginnings of a log's entries, as many as fit, those that are only names last."""
    entries: list[str] = []
    names: list[str] = []
    above = Outline()
    for piece in page.pieces[:MAX_FRAGMENTS]:
        context = above.context(piece)
        if piece.kind is PieceKind.HEADING or not _says(piece):
            continue
        text = _bare(piece)
        if only_links(piece):
            names.append(text)
            continue
        start = shortened(split(text)[0])
        entries.append(f"{context}{colon_of(start)}{start}" if context in names else start)
        names = [name for name in names if name != context]
    fragments = [text for text in distinct([*entries, *names], fold(title)) if not is_junk(text)]
    return joined(fragments) if fragments else title


def colon_of(text: str) -> str:
    """Return what follows a name before what is said of it in a text."""
    return "\uff1a" if is_cjk(text) else ": "


def first_lines(page: NotePieces) -> str:
    """Return the first lines of a poem, separated by slashes unless they are punctuated."""
    lines = [
        piece.text for piece in page.pieces if piece.kind in {PieceKind.PROSE, PieceKind.VERSE}
    ]
    whole = [line for line in lines if HOLE not in line]
    lines = whole or [line.replace(HOLE, "\u2026") for line in lines]
    text = lines[0]
    limit = ideal(" ".join(lines[:VERSE_LINES]))
    for line in lines[1:]:
        wide = is_cjk(text[-2:]) or text[-1:] in _WIDE_MARKS
        gap = ("" if text[-1:] in _WIDE_MARKS else "\uff0c") if wide else " / "
        if len(text) + len(gap) + len(line) >= limit:
            break
        text += gap + line
    return text.rstrip(_EDGES) + "\u2026"


def distinct(labels: Iterable[str], own: str) -> list[str]:
    """Return the labels that hold words, each once, without the title itself."""
    kept: dict[str, str] = {}
    for label in labels:
        text = label.strip(_EDGES)
        if has_words(text) and fold(text) != own and fold(text) not in kept:
            kept[fold(text)] = text
    return list(kept.values())


def _fragments(lines: Sequence[Piece], own: str) -> list[str]:
    """Return the lines that say something, each once, a name together with what is under it."""
    texts: list[str] = []
    heads: list[int] = []  # the depth of the name that the last text begins with
    whole = [piece for piece in lines if HOLE not in piece.text]
    for piece in (whole or lines)[:MAX_FRAGMENTS]:
        text = _bare(piece).strip(_EDGES)
        if is_junk(text):
            continue
        deeper = piece.kind in LISTS and bool(heads) and piece.depth > heads[-1]
        if deeper and is_name(text):
            alone = len(heads) == 1
            texts[-1] += (colon_of(text) if alone else _comma(text)) + text
            heads.append(heads[-1])
        else:
            texts.append(text)
            heads = [piece.depth] if piece.kind in LISTS and is_name(text) else []
    return distinct(texts, own)


def _comma(text: str) -> str:
    return "\u3001" if is_cjk(text) else ", "


def _bare(piece: Piece) -> str:
    """Return a line with the site of the address it begins with, of others without.

    A first link that only says what to do is left out.
    """
    text = " ".join(piece.text.replace(ADDRESS, " ").replace(HOLE, " ").split())
    host = _HOST.match(piece.address) if piece.text.startswith(ADDRESS) else None
    if host and has_words(text):
        return f"{host[1]}{colon_of(text)}{text.lstrip(_EDGES)}"
    verb = piece.links[0] if len(piece.links) > 1 else ""
    return text[len(verb) :].lstrip() if verb and text.startswith(verb) and is_junk(verb) else text


def _says(piece: Piece) -> bool:
    key = keyed(piece)[0]
    return has_words(piece.text) and (
        piece.kind is PieceKind.FIELD or key not in cues()["fact_keys"]
    )


def _facts(said: Sequence[Piece]) -> list[str]:
    """Return the fields as "key: value"."""
    related = cues()["relations"]
    fields = (
        piece.text if fold(piece.key) in related else f"{piece.key}: {piece.text.strip(_EDGES)}"
        for piece in said
        if piece.key
    )
    return distinct(fields, "")


def rows(page: NotePieces) -> list[str]:
    """Return a table's rows: "Nuts (badly)", of several columns "Bath (width 1.80, depth 2.20)"."""
    table: list[list[Piece]] = []
    for piece in page.pieces:
        if piece.kind is PieceKind.CELL:
            if not table or piece.depth <= table[-1][-1].depth:
                table.append([])
            table[-1].append(piece)
        if len(table) > MAX_FRAGMENTS:
            break
    told = [row for row in table if any(has_words(one.text) for one in row)]
    headed = any(len(row) > PAIR for row in told)
    return distinct((_row(row, headed=headed) for row in told), "")


def _row(row: Sequence[Piece], *, headed: bool) -> str:
    name, *rest = (piece.text for piece in row)
    whole = "".join((name, *rest))
    wide = is_cjk(whole)
    if headed:
        rest = [
            f"{one.column}{colon_of(whole)}{one.text}" if one.column else one.text
            for one in row[1:]
        ]
    told = _comma(whole).join(rest)
    if "," in told.replace(", ", "") or any(
        mark in one for one in rest for mark in (", ", "\u3001")
    ):
        told = ("\uff1b" if wide else "; ").join(rest)
    whole = (f"{name}\uff08{told}\uff09" if wide else f"{name} ({told})") if rest else name
    return whole if width(whole) <= ROW_WIDTH else name


Part = tuple[str, list[str]]


def _parts(page: NotePieces, lines: Sequence[Piece], own: str) -> list[Part]:
    """Return what the lines under each heading say, under the heading if it names their subject."""
    sections: dict[int, list[Piece]] = {}
    for piece in lines[:MAX_FRAGMENTS]:
        sections.setdefault(piece.section, []).append(piece)
    parts = []
    for section, pieces in sections.items():
        head = page.headings[section] if section >= 0 else ""
        form = is_junk(head) and fold(head) not in cues()["calendar"]
        named = is_name(head) and fold(head) != own and not form
        parts.append((head.strip(_EDGES) if named else "", _fragments(pieces, own)))
    return [part for part in parts if part[1]]


def _told(parts: Sequence[Part]) -> str:
    """Return "Good: quick builds; Bad: flaky tests": of each part as many lines as fit."""
    sample = "".join(line for _, lines in parts[:8] for line in lines[:4])
    limit = ideal(sample)
    sizes = [1] * len(parts)

    def text() -> str:
        told = (
            f"{head}{colon_of(head)}{_comma(sample).join(lines[:size])}"
            for (head, lines), size in zip(parts, sizes, strict=False)
        )
        return ("\uff1b" if is_cjk(sample) else "; ").join(told)

    while len(sizes) > 1 and len(text()) > limit:
        sizes.pop()
    for place in range(len(sizes)):
        while sizes[place] < len(parts[place][1]):
            sizes[place] += 1
            if len(text()) > limit:
                sizes[place] -= 1
                break
    return shortened(text())[:MOST_CHARS]


def _links(links: Sequence[str], title: str) -> str:
    """Return "Links to A, B and C.", or the bare names where the note is not in English."""
    sample = title + " ".join(links)
    if is_cjk(sample) or not sample.isascii() or UNSPACED.search(sample):
        return joined(links)
    limit = ideal(sample)
    if len(links) == 1:
        only = links[0]
        return shortened(only if len(words(only)) > MAX_NAME_WORDS else f"Links to {only}.")
    whole = f"Links to {', '.join(links[:-1])} and {links[-1]}."
    return (
        whole
        if len(whole) <= limit
        else listed("Links to ", links, ", ", limit, complete=False) or joined(links)
    )


def is_junk(text: str) -> bool:
    """Say whether a heading is a form's and names no subject."""
    return fold(text).strip(_EDGES) in form_words() or all(
        fold(word) in form_words() for word in words(text)
    )


def joined(labels: Sequence[str], *, colon: bool = False, apart: bool = False) -> str:
    """Return the labels after one another as far as they fit, the first as a head if `colon`.

    Semicolons part those with commas, and all if `apart`.
    """
    first = labels[0]
    wide = is_cjk("".join(labels[:8]))
    comma = (
        ("\uff1b" if wide else "; ")
        if apart or _has_commas(labels)
        else ("\u3001" if wide else ", ")
    )
    limit = ideal("".join(labels[:8]))
    text = first
    for label in labels[1:]:
        mark = comma
        if colon and text == first:
            mark = colon_of(first)
        elif text.endswith(tuple("!?\uff01\uff1f")):
            mark = " "
        longer = text.rstrip(".\u3002\uff1b;") + mark + label
        if len(longer) > limit:
            break
        text = longer
    return shortened(text)[:MOST_CHARS]


def _has_commas(labels: Sequence[str]) -> bool:
    return any(
        "," in label or "\uff0c" in label or is_complete(label) or len(words(label)) > NAME_WORDS
        for label in labels[:8]
    )


def _named(page: NotePieces, title: str, folder: str) -> str:
    """Return title and place, the least that is true of any note."""
    hosts = []
    for address in page.found.addresses:
        host = _HOST.match(address)
        if host and has_words(host[1]):
            hosts.append(host[1])
    places = [part.strip() for part in folder.replace("\\", "/").split("/") if has_words(part)]
    detail = ", ".join(list(dict.fromkeys(hosts))[:3]) or ", ".join(places[-2:])
    name = " ".join(title.split()) or (places[-1] if places else "")
    if not detail or fold(detail) == fold(name) or len(detail) > MAX_PLACE:
        return shortened(name)[:MOST_CHARS]
    text = f"{name}\uff08{detail}\uff09" if is_cjk(name) else f"{name} ({detail})"
    return shortened(text)[:MOST_CHARS]
