"""What a model is told of notes, marked off as material by a boundary that none of it holds; pure.

A note may have been written by anybody, and say whatever a prompt says. So all that comes from
notes stands in blocks, between two lines with a boundary that is made of the request's own
material and looked for in it: no text can end its block, and no line of it can begin another.
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
"""The line in a note's block between what is told of the note and its text."""
MAX_LINE_CHARS: Final = 500
"""Of a title, a folder or a tag, which people write much shorter; longer ones are texts."""
MAX_LISTED: Final = 100
"""Of the tags of one note: one with more is a list of tags, and none of its own says much."""
_BOUNDARY_BYTES: Final = 5
# Where a turn ends and another begins, in the templates of models on one's own machine: a server may
# take these for what they say, wherever they stand.
_TURN: Final = re.compile(
    r"[<\[](?=[|\uff5c][\w\u2581-]{1,40}[|\uff5c]>|/?(?:s|bos|eos|unk|pad|(?:start|end)_of_\w{1,20})>"
    r"|/?INST\]|</?SYS>>|/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)
_OPENING: Final = re.compile(rf"^<([a-z]+) ([0-9a-f]{{{2 * _BOUNDARY_BYTES}}})>$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """Material of one source: what it is, its text, and the line above it that says what for."""

    name: str
    text: str
    heading: str = ""


def marked(blocks: Sequence[Block]) -> list[str]:
    """Return the lines of a request's blocks, all with one boundary that is in none of them.

    It is the same whenever the blocks are, so that a request keeps its identity. A block without
    text is its heading alone. What ends a turn for some model is broken up by a space.
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
    # Ends: a text of n characters holds fewer than n boundaries, and which it would have to hold
    # changes with every one it does.
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
    """Return a title, a folder or a tag as one line of a prompt."""
    return one_line(text[: 2 * MAX_LINE_CHARS])[:MAX_LINE_CHARS]


def list_of_tags(tags: Iterable[str]) -> str:
    """Return tags as a prompt lists them, on one line with commas between."""
    lines = (line_of(text).replace(",", " ") for text in islice(tags, MAX_LISTED))
    return ", ".join(lines)
