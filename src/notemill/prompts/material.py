"""Material from notes in a prompt, delimited by a boundary that none of it contains; pure.

Anybody may have written a note, and its text may imitate a prompt. So everything from notes is put
into blocks between two lines with a boundary, which is derived from the request's own material and
checked not to occur in it: no text can end its block, and no line of it can begin another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count, islice
from typing import TYPE_CHECKING, Final

from notemill.markup.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NOTE: Final = "note"
CANDIDATE: Final = "candidate"
DATA: Final = "data"
"""The names of blocks."""
TEXT_BELOW: Final = "text:"
"""The line in a note's block between its metadata and its text."""
NAMED_BY_NOTE: Final = "named_by_note"
NAMES_NOTE: Final = "names_note"
BOTH_SAY: Final = "both_say"
SCORE: Final = "score"
"""The fields of a candidate that are evidence for a link: the offline provider judges by them."""
MAX_LINE_CHARS: Final = 500
"""The most characters of a title, folder or tag; people write much shorter ones."""
MAX_LISTED: Final = 100
"""The most tags of one note: a note with more is a list of tags, each of which tells little."""
_BOUNDARY_BYTES: Final = 5
# The marks of turns in the chat templates of local models: a server may obey these wherever they
# occur.
_TURN: Final = re.compile(
    r"[<\[](?=[|\uff5c][\w\u2581-]{1,40}[|\uff5c]>|/?(?:s|bos|eos|unk|pad|(?:start|end)_of_\w{1,20})>"
    r"|/?INST\]|</?SYS>>|/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)
_OPENING: Final = re.compile(rf"^<([a-z]+) ([0-9a-f]{{{2 * _BOUNDARY_BYTES}}})>$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """Material from one source: its name, its text, and the heading line above it."""

    name: str
    text: str
    heading: str = ""


def marked(blocks: Sequence[Block]) -> list[str]:
    """Return the lines of a request's blocks, with one boundary that occurs in none of them.

    Equal blocks give an equal boundary, so that a request keeps its identity. A block without text
    is only its heading. A space breaks up marks that end a turn for some model.
    """
    texts = [_TURN.sub(r"\g<0> ", block.text) for block in blocks]
    boundary = _boundary(texts)
    lines: list[str] = []
    for block, text in zip(blocks, texts, strict=True):
        if block.heading:
            lines.append(block.heading)
        if text:
            lines += (f"<{block.name} {boundary}>", text, f"</{block.name} {boundary}>")
    return lines


def _boundary(texts: Sequence[str]) -> str:
    whole = blake2b(digest_size=16)
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        whole.update(len(raw).to_bytes(8, "big") + raw)
    # Terminates: a text of n characters contains fewer than n boundaries, and each one found leads
    # to a different one to look for.
    for number in count():
        made = blake2b(number.to_bytes(8, "big"), key=whole.digest(), digest_size=_BOUNDARY_BYTES)
        boundary = made.hexdigest()
        if not any(boundary in text for text in texts):
            break
    return boundary


def read_blocks(prompt: str) -> Iterator[Block]:
    """Yield the blocks of a prompt that `marked` made, without their headings."""
    at = 0
    own = ""
    while (opening := _OPENING.search(prompt, at)) is not None:
        name, boundary = opening[1], opening[2]
        own = own or boundary
        start = at = opening.end() + 1
        if boundary == own:
            end = prompt.find(f"\n</{name} {boundary}>", opening.end())
            end = at = len(prompt) if end < 0 else end
            yield Block(name, prompt[start:end])


def line_of(text: str) -> str:
    """Return a title, folder or tag as one line of a prompt."""
    return one_line(text[: 2 * MAX_LINE_CHARS])[:MAX_LINE_CHARS]


def list_of_tags(tags: Iterable[str]) -> str:
    """Return tags on one line of a prompt, separated by commas."""
    lines = (line_of(text).replace(",", " ") for text in islice(tags, MAX_LISTED))
    return ", ".join(lines)
