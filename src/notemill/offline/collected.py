"""A page whose body is a collection: the quotations on it, or what its table or list holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.offline.outline import distinct, is_junk, joined, rows
from notemill.offline.pieces import PieceKind
from notemill.offline.sentences import MOST_CHARS, is_complete, stop_for
from notemill.offline.units import LISTS, is_name
from notemill.text.words import is_cjk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.offline.pieces import NotePieces, Piece
    from notemill.offline.units import Unit

LEAST: Final = 3
"""Quotations, rows, items or headings that make a collection."""
QUOTED_SHARE: Final = 0.8
COLUMNS: Final = 4
"""A table of so many is a log: its heads tell more of it than its first rows do."""
_SAID: Final = frozenset({PieceKind.PROSE, PieceKind.VERSE, PieceKind.QUOTE})


def quotations(page: NotePieces) -> list[str]:
    """Return the quotations of a page that collects them, each with who said it; else nothing."""
    lines = [piece for piece in page.pieces if piece.kind is not PieceKind.HEADING]
    quoted = [piece for piece in lines if piece.kind is PieceKind.QUOTE]
    if len(quoted) < QUOTED_SHARE * len(lines):
        return []
    groups: dict[int, str] = {}
    for piece in quoted:
        groups[piece.group] = f"{groups.get(piece.group, '')} {piece.text}".lstrip()
    return list(groups.values()) if len(groups) >= LEAST else []


def told_by(page: NotePieces, title: str, unit: Unit, text: str) -> str:
    """Return what the table or list holds that `unit`, the best sentence, only closes; else "".

    `text` is what would be said without it, and stays behind the heads of a wide table.
    """
    before = [piece for piece in page.pieces if piece.group < unit.group]
    said = [piece for piece in page.pieces if piece.kind in _SAID and not is_name(piece.text)]
    if unit.described or unit.kind not in {PieceKind.PROSE, PieceKind.STEP}:
        return ""
    if said and said[0].group < unit.group:
        return ""
    named = [title] if is_name(title) and not is_junk(title) else []
    body = _body(before)
    heads = distinct((piece.column.rstrip("?\uff1f") for piece in body), "")
    if len(heads) >= COLUMNS:
        told = f"{joined([*named, *heads], colon=bool(named))}{stop_for(text)}"
        return f"{told}{'' if is_cjk(text) else ' '}{text}"[:MOST_CHARS]
    if not _outweighs(page, body, said):
        return ""
    held = rows(page) if heads else distinct((piece.text for piece in body), "")
    return joined([*named, *held], colon=bool(named)) if len(held) >= LEAST else ""


def _outweighs(page: NotePieces, body: Sequence[Piece], said: Sequence[Piece]) -> bool:
    """Say whether tables and lists hold more letters than the sentences, or more parts are named."""
    if body and body[0].kind is PieceKind.HEADING:
        return len(body) > len(said)
    held = (piece for piece in page.pieces if piece.kind in LISTS or piece.kind is PieceKind.CELL)
    return sum(len(piece.text) for piece in held) >= sum(len(piece.text) for piece in said)


def _body(before: Sequence[Piece]) -> list[Piece]:
    """Return the cells or items of a page, or else the headings of parts without a word."""
    cells = [piece for piece in before if piece.kind is PieceKind.CELL]
    items = [piece for piece in before if piece.kind in LISTS]
    if cells or items:
        whole = sum(is_complete(piece.text) for piece in items)
        more = cells if len(cells) >= len(items) else items
        return [] if more is items and 2 * whole > len(items) else more  # sentences of their own
    parts = [piece for piece in before if piece.kind is PieceKind.HEADING]
    depth = max((piece.depth for piece in parts), default=0)
    return [piece for piece in parts if piece.depth == depth and not is_junk(piece.text)]
