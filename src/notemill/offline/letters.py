"""A letter's salutation, which says nothing of what the letter is about."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from notemill.offline.cues import cues
from notemill.offline.pieces import PieceKind

if TYPE_CHECKING:
    from notemill.offline.pieces import NotePieces

_NAME: Final = "[^,:!\\n\uff0c\uff1a\uff01\u3001]{0,40}[,:!\uff0c\uff1a\uff01\u3001]"


def without_salutation(page: NotePieces) -> NotePieces:
    """Return a page without the salutation at its head: "Dear Ms Hill,".

    Words that greet nowhere else are cut from their line too, others ("Liebe", love) only where they
    and a name are the line.
    """
    first = next(
        (at for at, piece in enumerate(page.pieces) if piece.kind is not PieceKind.HEADING), None
    )
    if first is None or page.pieces[first].kind is not PieceKind.PROSE:
        return page
    head = page.pieces[first]
    alone, within = _salutations()
    if alone.fullmatch(head.text):
        return _without(page, first, "")
    match = within.match(head.text)
    return _without(page, first, head.text[match.end() :]) if match else page


def _without(page: NotePieces, first: int, rest: str) -> NotePieces:
    """Return a page whose piece `first` has only the `rest` of its text, with a capital after it."""
    pieces = list(page.pieces)
    if rest:
        pieces[first] = replace(pieces[first], text=rest)
    else:
        del pieces[first]
    if first < len(pieces) and pieces[first].kind is PieceKind.PROSE:
        text = pieces[first].text
        pieces[first] = replace(pieces[first], text=text[:1].upper() + text[1:])
    return replace(page, pieces=tuple(pieces)) if pieces else page


@cache
def _salutations() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return patterns of a line that is a salutation, and of one at the beginning of a line."""
    weak, strong, wide = (
        "|".join(sorted(cues()[name]))
        for name in ("salutations_alone", "salutations", "salutations_cjk")
    )
    return (
        re.compile(rf"(?:{weak}|{strong})\s{_NAME}", re.IGNORECASE),
        re.compile(rf"(?:(?:{strong})\s|{wide}){_NAME}\s*(?=\S)", re.IGNORECASE),
    )
