"""The sentences of a long text that say most of it, and those worth quoting, word for word."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.offline.statements import Sentence, Statement, statements
from notemill.text.terms import Stems, language_of, terms
from notemill.text.words import width

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MOST_POINTS: Final = 7
WORDS_A_POINT: Final = 1_200
"""A key point for eight minutes of speech, seven for an hour."""
MOST_QUOTES: Final = 3
WORDS_A_QUOTE: Final = 2_500

# What speaks for a sentence beside its words (0 to 1), and what all of it together must reach: set
# by reading what was chosen of some forty talks, interviews and seminars.
CLEAR: Final = 0.5
TOLD_IN_QUOTES: Final = 0.8
LEAST_POINT: Final = 0.6
LEAST_QUOTE: Final = 0.8
NEARBY: Final = 0.6
"""How much of a sentence's worth is that for the part of the text around it, not for the whole."""
PARTS: Final = 8
LEAVING: Final = 0.97
"""The share of a text behind which people take their leave."""
FAREWELL: Final = 0.5
ALIKE: Final = 0.5
"""The share of common terms from which two sentences say the same."""
APART: Final = 0.5
"""How far two sentences have to be apart, of the text that falls to each of those asked for."""
_LETTERS_A_WORD: Final = 6
_SAMPLED: Final = 40  # pieces that tell the language
_ONCE: Final = 0.2  # so that a term said once counts a little: of a short text it is all there is
_DAMPING: Final = 6.0  # terms: a sentence of two is not the best for being short


class _Told(NamedTuple):
    """A statement with its terms, and how much of what the text is about it says, from 0 to 1."""

    said: Statement
    terms: frozenset[str]
    worth: float


def central(pieces: Sequence[str], *, most: int = MOST_POINTS) -> tuple[Sentence, ...]:
    """Return the sentences that say most of a text, as they stand there and in order.

    One for 1,200 words, at most `most`, from all parts of the text; fewer where no more can be read
    by themselves: none greets, asks or advertises, or leans on the sentence before. `pieces` are
    paragraphs of plain text, each on one line; of a transcript without stops, clauses are taken.
    """
    told = _told(tuple(pieces))
    values = [one.worth + CLEAR * one.said.clear - LEAST_POINT for one in told]
    return _best(told, values, pieces, WORDS_A_POINT, most)


def quotable(
    pieces: Sequence[str], *, most: int = MOST_QUOTES, besides: Collection[Sentence] = ()
) -> tuple[Sentence, ...]:
    """Return sentences worth quoting, as they stand in the text and in order, none of `besides`.

    They are short, stand alone, say something of the subject, and say it with emphasis. One for
    2,500 words, at most `most`.
    """
    taken = {one.text for one in besides}
    told = [one for one in _told(tuple(pieces)) if one.said.text not in taken]
    values = [
        TOLD_IN_QUOTES * one.worth + CLEAR * one.said.clear + one.said.pointed - LEAST_QUOTE
        for one in told
    ]
    return _best(told, values, pieces, WORDS_A_QUOTE, most)


@lru_cache(maxsize=1)  # points and quotes are asked for of the same text, one after the other
def _told(pieces: tuple[str, ...]) -> tuple[_Told, ...]:
    """Return the statements of a text with what they are worth."""
    said = statements(pieces)
    language = language_of(" ".join(pieces[:_SAMPLED]))
    stems = Stems()
    own = [frozenset(terms(one.text, language, stems)) for one in said]
    size = sum(map(width, pieces)) or 1
    near = _worth(own, [PARTS * one.before // size for one in said])
    whole = _worth(own, [0] * len(said))
    return tuple(
        _Told(
            one,
            words,
            NEARBY * here + (1 - NEARBY) * everywhere - FAREWELL * (one.before > LEAVING * size),
        )
        for one, words, here, everywhere in zip(said, own, near, whole, strict=True)
    )


def _worth(said: Sequence[frozenset[str]], parts: Sequence[int]) -> list[float]:
    """Return how much each sentence says of what its part is about, 1 for the one that says most.

    A term weighs by the logarithm of the number of sentences that have it, as in centroid summaries
    (Radev et al., "Centroid-based summarization of multiple documents", 2004).
    """
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for words, part in zip(said, parts, strict=True):
        counts[part].update(words)
    values = [
        sum(math.log(counts[part][term] + _ONCE) for term in words)
        / math.sqrt(len(words) + _DAMPING)
        for words, part in zip(said, parts, strict=True)
    ]
    most = max(values, default=0.0) or 1.0
    return [value / most for value in values]


def _best(
    told: Sequence[_Told], values: Sequence[float], pieces: Sequence[str], words: int, most: int
) -> tuple[Sentence, ...]:
    """Return the sentences of the greatest positive values, none near or like a better one, in order."""
    size = sum(map(width, pieces))
    count = min(most, 1 + size // (_LETTERS_A_WORD * words))
    least_apart = APART * size / max(count, 1)
    kept: list[int] = []
    for place in sorted(range(len(told)), key=lambda one: (-values[one], one)):
        if len(kept) >= count or values[place] <= 0:
            break
        one = told[place]
        if all(
            abs(told[other].said.before - one.said.before) >= least_apart
            and not _alike(told[other].terms, one.terms)
            for other in kept
        ):
            kept.append(place)
    return tuple(Sentence(told[one].said.text, told[one].said.piece) for one in sorted(kept))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) > ALIKE * min(len(one), len(other))
