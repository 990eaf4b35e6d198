"""How large an answer may be, by its request: bounds that no honest answer reaches. Pure.

All are bytes after decompression. A larger answer is not read to its end: its item fails under a
name of its own, and is booked at its reserve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_KB: Final = 1 << 10
_MB: Final = 1 << 20

BYTES_PER_TOKEN: Final = 256
"""The longest tokens of the vocabularies that are published (cl100k_base, o200k_base) are runs of
128 blanks or dashes, and in JSON a line break takes two bytes. A usual token has 4 bytes; one of
another script, written as `\\u4e2d`, 6 or 12."""

AROUND_BYTES: Final = 4 * _MB
"""For all besides the tokens: counts, ids, signatures, additions by gateways, cited texts."""

BROUGHT_IN_BYTES: Final = 32 * _MB
"""Content found by server tools or cited from documents is in the answer but is not output tokens: it
is bounded by what a request may hold (32 MB)."""

MAX_REPLY_BYTES: Final = 64 * _MB
"""The bound whatever `max_tokens` says."""

USUAL_BYTES_PER_TOKEN: Final = 32
USUAL_AROUND_BYTES: Final = 64 * _KB
USUAL_BROUGHT_IN_BYTES: Final = 2 * _MB
"""Several times what the replies of a batch take on average: the sum of the individual bounds would
not protect a disk."""

SLACK_BYTES: Final = MAX_REPLY_BYTES
"""Room for one above-average reply, however few there are."""

LINES_PER_ITEM: Final = 2
MORE_LINES: Final = 1_000
"""Allows for results that are written twice, and for some invalid lines."""

REFUSAL_BYTES: Final = 64 * _KB
"""For a refusal or a proxy's page: its message is at the beginning."""

CONTROL_BYTES: Final = _MB
"""For a batch's description or a token count: 1 KB as documented."""

LIST_BYTES: Final = 8 * _MB
"""For a page of a list: 1,000 batches of 700 bytes as documented."""

DISCOVERY_BYTES: Final = 4 * _MB
"""For a local server's description: a gateway lists a few hundred models, 2 KB each."""


def reply_bytes(max_tokens: int, *, brings_in: bool) -> int:
    """Return how large the answer to a request of `max_tokens` may be.

    `brings_in` says that it may hold foreign content: from server tools or cited documents.
    """
    around = AROUND_BYTES + (BROUGHT_IN_BYTES if brings_in else 0)
    return min(around + BYTES_PER_TOKEN * max_tokens, MAX_REPLY_BYTES)


class ResultBounds(NamedTuple):
    """How large the results of a batch may be: one line, all of them, and how many lines."""

    line_bytes: int
    total_bytes: int
    lines: int


def result_bounds(max_tokens: Iterable[int], *, brings_in: bool) -> ResultBounds:
    """Return the bounds for the results of requests with these `max_tokens`."""
    around = USUAL_BROUGHT_IN_BYTES if brings_in else USUAL_AROUND_BYTES
    largest = count = usual_bytes = 0
    for one in max_tokens:
        count += 1
        largest = max(largest, one)
        usual_bytes += min(around + USUAL_BYTES_PER_TOKEN * one, MAX_REPLY_BYTES)
    return ResultBounds(
        line_bytes=reply_bytes(largest, brings_in=brings_in),
        total_bytes=usual_bytes + SLACK_BYTES,
        lines=LINES_PER_ITEM * count + MORE_LINES,
    )
