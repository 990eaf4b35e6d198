"""The offline provider's reply to any kind of request."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from notemill.offline.commonplace import Commonplace
from notemill.offline.extract import extract
from notemill.offline.ingested import about_source, numbered_pieces
from notemill.offline.verdicts import judge
from notemill.prompts.material import CANDIDATE, NOTE, TEXT_BELOW, read_blocks

_HEADERS: Final = frozenset(
    (
        "title",
        "folder",
        "existing_tags",
        "candidate_tags",
        "new_tags",
        "rejected_tags",
        "chapters",
        "kind",
    )
)
_REF: Final = "note_ref:"
SUMMARY: Final = "summary"
"""The field of a reply that is asked for of a source, and not of a note."""


class Responder:
    """Replies to requests about one vault, knowing what many of its notes have in common."""

    def __init__(self) -> None:
        """Know nothing of the vault; whoever has read it sets `common`."""
        self.common = Commonplace()

    def __call__(self, params: Mapping[str, Any]) -> str:
        """Return what `respond` returns."""
        return respond(params, self.common)


def respond(params: Mapping[str, Any], common: Commonplace | None = None) -> str:
    """Return the reply to the body of a Messages request, as JSON text.

    The first user message holds the line `note_ref` and the blocks that `material` delimits: the
    note, with its header lines (`title`, `folder`, `existing_tags`, `candidate_tags`, `new_tags`,
    `rejected_tags`) above `text:` and its text below, and candidates for links. The reply has
    `note_ref`, `description`, `tags` and `topics`, or those of them that the form of the reply
    names; to one with candidates, `note_ref` and `links`; to one about a source, also `summary`,
    `quotes` and `chapters`. What is `common` in the vault is no
    topic. Never raises; missing parts count as empty.
    """
    prompt = _user_text(params.get("messages"))
    first = prompt.partition("\n")[0]
    note_ref = first.removeprefix(_REF).strip() if first.startswith(_REF) else ""
    blocks = list(read_blocks(prompt))
    candidates = [block.text for block in blocks if block.name == CANDIDATE]
    if candidates:
        return judge(note_ref, candidates)
    headers, body = _read(next((block.text for block in blocks if block.name == NOTE), ""))
    asked = _asked(params)
    pieces = numbered_pieces(body) if SUMMARY in asked else []
    body = "\n\n".join(pieces) if pieces else body
    rejected = {tag.casefold() for tag in _split(headers.get("rejected_tags", ""))}
    tags = _split(headers.get("candidate_tags", ""))
    extracted = extract(
        title=headers.get("title", ""),
        folder=headers.get("folder", ""),
        text=body,
        vocabulary=[tag for tag in tags if tag.casefold() not in rejected],
        existing_tags=_split(headers.get("existing_tags", "")),
        common=common or Commonplace(),
    )
    reply = {
        "note_ref": note_ref,
        "description": extracted.description,
        "tags": [tag for tag in extracted.tags if tag.casefold() not in rejected],
        "topics": list(extracted.topics),
    }
    if SUMMARY in asked:
        reply |= about_source(headers, pieces)
    asked = asked or reply
    return json.dumps(
        {name: said for name, said in reply.items() if name in asked}, ensure_ascii=False
    )


def _asked(params: Mapping[str, Any]) -> Collection[str]:
    """Return the names in the form that the reply must have, none if it may have any."""
    found: object = params
    for name in ("output_config", "format", "schema", "properties"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else ()


def _user_text(messages: object) -> str:
    if not isinstance(messages, Sequence) or isinstance(messages, str | bytes):
        return ""
    for message in messages:
        if isinstance(message, Mapping) and message.get("role") == "user":
            return _joined(message.get("content"))
    return ""


def _joined(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or isinstance(content, bytes):
        return ""
    texts = (block.get("text") for block in content if isinstance(block, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))


def _read(note: str) -> tuple[dict[str, str], str]:
    """Return the header values and the text of a note's block."""
    head, _, body = note.partition(f"\n{TEXT_BELOW}\n")
    headers: dict[str, str] = {}
    for line in head.split("\n"):
        name, colon, value = line.partition(":")
        if colon and name in _HEADERS:
            headers.setdefault(name, value.strip())
    return headers, body


def _split(value: str) -> list[str]:
    return [part for part in (piece.strip() for piece in value.split(",")) if part]
