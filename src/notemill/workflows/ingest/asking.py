"""The request about a draft: its numbered pieces, what is asked of them, and what a reply must be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.invisible import visible
from notemill.prompts.material import NOTE, TEXT_BELOW, Block, line_of, list_of_tags, marked
from notemill.properties import CURATED, Properties, Property
from notemill.workflows.curation.asked import reply_form as curated_form
from notemill.workflows.curation.asked import reply_tokens as curated_tokens
from notemill.workflows.fitting import Room
from notemill.workflows.forms import TEXT, list_of, object_of, params_of, text_of
from twolane import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.sources.draft import Draft
    from notemill.workflows.ingest.pieces import Piece

MAX_TOKENS: Final = 3_000
MAX_POINTS: Final = 7
MAX_QUOTES: Final = 3
MAX_EVIDENCE: Final = 4
MAX_POINT_CHARS: Final = 300
MAX_QUOTE_CHARS: Final = 400
MAX_TITLE_CHARS: Final = 100
MOST_CHARS: Final = 400_000
"""The longest text that one request shows: some 100,000 tokens, half of what models take."""
_REPLY_TOKENS: Final = 550
"""What of a usual reply is summary, quotes and titles: seven points, three quotes, eight titles."""
_HEAD_TOKENS: Final = 400
"""What a usual request tells above a text: title, authors, candidate tags and chapters."""
_NUMBER: Final = {"type": "integer"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft as it is asked about: its pieces, and the numbers of those that begin a chapter."""

    draft: Draft
    pieces: tuple[Piece, ...]
    starts: tuple[int, ...]


def reply_form(used: Properties = CURATED, *, bounded: bool = False) -> dict[str, Any]:
    """Return the form of a reply: that of a curation, with summary, quotes and titles."""
    said = text_of(MAX_POINT_CHARS) if bounded else TEXT
    point = object_of(text=said, pieces=list_of(_NUMBER, MAX_EVIDENCE if bounded else None))
    quote = object_of(text=text_of(MAX_QUOTE_CHARS) if bounded else TEXT, piece=_NUMBER)
    title = object_of(title=text_of(MAX_TITLE_CHARS) if bounded else TEXT, piece=_NUMBER)
    return object_of(
        **curated_form(used, bounded=bounded)["properties"],
        summary=list_of(point, MAX_POINTS if bounded else None),
        quotes=list_of(quote, MAX_QUOTES if bounded else None),
        chapters=list_of(title),
    )


def reply_tokens(used: Properties = CURATED) -> int:
    """Return how many tokens a reply is expected to have."""
    return _REPLY_TOKENS + (curated_tokens(used) if used & CURATED else 0)


def request_for(
    asked: Asked,
    candidates: Sequence[str],
    *,
    name: str,
    system: str,
    model: str,
    room: Room | None = None,
    used: Properties = CURATED,
    part: str = "",
    noted: str | None = None,
) -> dict[str, Any]:
    """Return the request params for a draft; the engine adds its `note_ref` line.

    `name` is what it is called where it is reported that only its beginning fits. `part` says which
    part of a draft this is, as `2 of 5`; what was `noted` of all parts is shown instead of pieces.
    Raises UsageError if the model's context has no room for it.
    """
    room = room or Room()
    max_tokens = room.for_reply(MAX_TOKENS)
    draft = asked.draft
    head = [
        f"title: {line_of(draft.title)}",
        f"kind: {draft.kind}",
        *(
            [f"by: {line_of(', '.join(draft.authors) or draft.channel)}"]
            if draft.authors or draft.channel
            else []
        ),
        *([f"captions: {draft.captions}"] if draft.captions else []),
        *([f"part: {part}"] if part else []),
        *([f"candidate_tags: {list_of_tags(candidates)}"] if Property.TAGS in used else []),
        *([f"chapters: {', '.join(map(str, asked.starts))}"] if asked.starts else []),
        TEXT_BELOW,
    ]
    form = reply_form(used, bounded=room.small)
    others = "\n".join((json.dumps(form), *marked([Block(NOTE, "\n".join(head))])))
    text = text_of_pieces(asked.pieces) if noted is None else noted
    told = room.fit(name, text, system, others, reply_tokens=max_tokens)
    lines = marked([Block(NOTE, "\n".join((*head, told)))])
    return params_of(lines, system=system, form=form, model=model, max_tokens=max_tokens)


def text_room(system: str, room: Room, used: Properties = CURATED) -> int | None:
    """Return how many careful tokens of text surely fit into a request; None for any number.

    Raises UsageError if none do.
    """
    form = json.dumps(reply_form(used, bounded=room.small))
    left = room.beside(system, form, reply_tokens=room.for_reply(MAX_TOKENS))
    return None if left is None else max(left - _HEAD_TOKENS, left // 2)


def text_of_pieces(pieces: Sequence[Piece]) -> str:
    """Return pieces as a model sees them: one a line, or a block, with its number in brackets."""
    lines = (
        f"[{one.number}] {f'{line_of(one.speaker)}: ' if one.speaker else ''}{visible(one.text)}"
        for one in pieces
    )
    return "\n".join(lines)[:MOST_CHARS]


def as_request(key: str, asked: Asked, digest: str, params: dict[str, Any]) -> Request:
    """Return the engine's request for a draft: its strongest key as identity, an echo, a hash."""
    return Request(key=key, params=params, name=asked.draft.title, content_hash=digest, echo=True)
