"""The words that two notes share, as a person would read them."""

from __future__ import annotations

from operator import neg
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from notemill.linking.corpus import Document

MOST_TERMS: Final = 40
"""This many of the heaviest terms are enough to choose words from."""


def shared_words(
    one: Document,
    other: Document,
    weights: Mapping[int, float],
    *,
    terms: Sequence[str],
    shown: Mapping[str, Sequence[str]],
    count: int,
) -> tuple[str, ...]:
    """Return at most `count` words that two notes share, heaviest first.

    `weights` are those of the `MOST_TERMS` heaviest shared terms, by number. Stems are shown as the
    words of `shown`, which has one for each term, or "", in the language of either note. In scripts without spaces the terms
    are overlapping pairs of characters: what both notes have in one piece is shown in one piece,
    with the total weight of its pairs.
    """
    ours, others = shown[one.language], shown[other.language]
    found, pairs = {}, {}
    for term, weight in weights.items():
        if word := ours[term] or others[term]:
            found[word] = weight
        else:
            pairs[terms[term]] = weight
    if pairs:
        numbers = np.array([term for term in weights if terms[term] in pairs], np.int32)
        theirs = "\n".join(_pieces(other, numbers, terms))
        for piece in _pieces(one, numbers, terms):
            for word in _within(piece, theirs):
                inside = {word[at : at + 2] for at in range(len(word) - 1)}
                found[word] = sum(pairs[pair] for pair in inside)
    chosen: list[str] = []
    for _, word in sorted(zip(map(neg, found.values()), found, strict=True)):
        if not any(word in longer for longer in chosen):
            chosen.append(word)
        if len(chosen) == count:
            break
    return tuple(chosen)


def _pieces(note: Document, pairs: NDArray[np.int32], terms: Sequence[str]) -> list[str]:
    """Return what follows one another in a note of these pairs of characters, each piece once."""
    pieces: dict[str, None] = {}
    for sequence in (*note.names, note.terms):
        for run in _runs(np.flatnonzero(np.isin(sequence, pairs))):
            piece = ""
            for pair in (terms[term] for term in sequence[run].tolist()):
                if piece and piece[-1] == pair[0]:
                    piece += pair[1:]
                else:
                    pieces[piece] = None
                    piece = pair
            pieces[piece] = None
    pieces.pop("", None)
    return list(pieces)


def _runs(places: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield the places that follow one another."""
    yield from np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)


def _within(piece: str, text: str) -> Iterator[str]:
    """Yield the longest parts of a piece that stand in a text, from left to right."""
    start = 0
    while start < len(piece):
        end = start + 1
        while end < len(piece) and piece[start : end + 1] in text:
            end += 1
        if end - start > 1:
            yield piece[start:end]
        if end == len(piece):
            return
        # Parts may share a character, as pairs do.
        start = max(end - 1, start + 1)
