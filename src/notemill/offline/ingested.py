"""The offline provider's reply about a source: its own central sentences, and where they stand."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.reading import Reading
from notemill.offline.central import central, quotable
from notemill.offline.chapter_titles import chapter_titles
from notemill.offline.inline import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_PROSE: Final = re.compile(r"\s*(?:#{1,6} |\||```|~~~|[-*+] |\d+[.)] |!\[|<|\$\$|\[\^)")
"""Blocks of Markdown that are no sentences: headings, tables, code, lists, pictures, HTML, formulas."""
_SPEAKER: Final = re.compile(r"([^\s:.!?][^:.!?]{0,59}): (?=\S)")
"""What a piece may begin with: a name and a colon; it is one where several pieces begin with it."""
_TALKS: Final = ("video", "transcript")
"""Kinds of sources that begin with greetings: their first words do not say what they hold."""
_NUMBERED: Final = re.compile(r"\[(\d{1,7})\] ")


def about_source(headers: Mapping[str, str], pieces: Sequence[str]) -> dict[str, Any]:
    """Return summary, quotes and chapters of a source's pieces, in the form of a reply.

    Of a talk also the description: the sentence that says most.
    """
    read = without_speakers([plain(one) for one in pieces])
    points = central(read)
    starts = [int(one) for one in headers.get("chapters", "").split(",") if one.strip().isdigit()]
    starts = [one for one in starts if 1 <= one <= len(pieces)]
    cuts = [start - 1 for start in starts] + [len(pieces)]
    parts = [read[start:end] for start, end in pairwise(cuts)]
    titles = chapter_titles(parts) if parts else ()
    best = central(read, most=1) if headers.get("kind") in _TALKS else ()
    return {
        **({"description": best[0].text} if best else {}),
        "summary": [{"text": one.text, "pieces": [one.piece + 1]} for one in points],
        "quotes": [
            {"text": one.text, "piece": one.piece + 1} for one in quotable(read, besides=points)
        ],
        "chapters": [
            {"title": title, "piece": start} for title, start in zip(titles, starts, strict=True)
        ],
    }


def plain(piece: str) -> str:
    """Return a piece of speech or Markdown as plain text on one line, '' if it is no prose."""
    if _NO_PROSE.match(piece):
        return ""
    return (
        clean(Reading(piece).words) if any(mark in piece for mark in "[]*_`\\#") else clean(piece)
    )


def without_speakers(pieces: Sequence[str]) -> list[str]:
    """Return pieces without the names of those who speak them."""
    named = [found[1] if (found := _SPEAKER.match(one)) else "" for one in pieces]
    speakers = {name for name, count in Counter(named).items() if count > 1} - {""}
    return [
        one[len(name) + 2 :] if name in speakers else one
        for one, name in zip(pieces, named, strict=True)
    ]


def numbered_pieces(body: str) -> list[str]:
    """Return the pieces of a request's text, which stand behind their numbers, from 1 on."""
    pieces: list[list[str]] = []
    for line in body.split("\n"):
        found = _NUMBERED.match(line)
        if found and int(found[1]) == len(pieces) + 1:
            pieces.append([line[found.end() :]])
        elif pieces:
            pieces[-1].append(line)
    return ["\n".join(lines) for lines in pieces]
