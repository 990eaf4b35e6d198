"""How large an answer may be: bounds that no honest one reaches, of what was asked for. Pure.

All are bytes after unpacking. What is larger is not read to its end: its item fails by name, and
counts as paid for at its reserve.
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
"""Beside the tokens: counts, ids, signatures, what gateways add, and texts that are cited."""

BROUGHT_IN_BYTES: Final = 32 * _MB
"""What a server tool finds, or a document gives to be cited, stands in the answer and is no output
token: it is bounded by what a request may hold (32 MB)."""

MAX_REPLY_BYTES: Final = 64 * _MB
"""Whatever `max_tokens` says."""

USUAL_BYTES_PER_TOKEN: Final = 32
USUAL_AROUND_BYTES: Final = 64 * _KB
USUAL_BROUGHT_IN_BYTES: Final = 2 * _MB
"""What the replies of a batch take on average, several times over: the sum of what each alone may
take would be no bound for a disk."""

SLACK_BYTES: Final = MAX_REPLY_BYTES
"""Room for one reply beyond the average, however few there are."""

LINES_PER_ITEM: Final = 2
MORE_LINES: Final = 1_000
"""Results that were written twice over, and some lines that are none, still count."""

REFUSAL_BYTES: Final = 64 * _KB
"""Of a refusal, or a proxy's page: its words are at its beginning."""

CONTROL_BYTES: Final = _MB
"""A batch as it is described, a count of tokens: 1 KB as documented."""

LIST_BYTES: Final = 8 * _MB
"""A page of a list: 1,000 batches of 700 bytes as documented."""

DISCOVERY_BYTES: Final = 4 * _MB
"""What a local server says of itself: a gateway lists some hundred models, 2 KB each."""


def reply_bytes(max_tokens: int, *, brings_in: bool) -> int:
    """Return how large the answer to a request of `max_tokens` may be.

    `brings_in` says that it may hold what others wrote: server tools, documents to be cited.
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
