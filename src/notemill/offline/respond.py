"""The offline provider's reply to a request, of whatever kind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from notemill.offline.extract import extract
from notemill.offline.judge import CANDIDATES, CANDIDATES_END, judge

_HEADERS = frozenset(
    {"note_ref", "title", "folder", "existing_tags", "candidate_tags", "rejected_tags"}
)
_OPEN = "<note>"
_CLOSE = "</note>"


def respond(params: Mapping[str, Any]) -> str:
    """Return the reply to the body of a Messages request, as JSON text.

    The first user message holds header lines (`note_ref`, `title`, `folder`,
    `existing_tags`, `candidate_tags`, `rejected_tags`) and the note between the first `<note>`
    line and the last `</note>` line. The reply has `note_ref`, `description`, `tags` and
    `topics`; to one with candidates for links behind the note, `note_ref` and `links`. Never
    raises: what is missing counts as empty.
    """
    text = _user_text(params.get("messages"))
    headers, body = _read(text)
    behind = text.rpartition(f"\n{_CLOSE}\n")[2].split("\n")
    if behind[0] == CANDIDATES and text.rstrip().endswith(CANDIDATES_END):
        return judge(headers.get("note_ref", ""), behind)
    rejected = {tag.casefold() for tag in _split(headers.get("rejected_tags", ""))}
    candidates = _split(headers.get("candidate_tags", ""))
    extracted = extract(
        title=headers.get("title", ""),
        folder=headers.get("folder", ""),
        text=body,
        vocabulary=[tag for tag in candidates if tag.casefold() not in rejected],
        existing_tags=_split(headers.get("existing_tags", "")),
    )
    reply = {
        "note_ref": headers.get("note_ref", ""),
        "description": extracted.description,
        "tags": [tag for tag in extracted.tags if tag.casefold() not in rejected],
        "topics": list(extracted.topics),
    }
    return json.dumps(reply, ensure_ascii=False)


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


def _read(text: str) -> tuple[dict[str, str], str]:
    """Return the header values and the note of a prompt."""
    lines = text.split("\n")
    marks = [line.strip() for line in lines]
    start = marks.index(_OPEN) if _OPEN in marks else len(lines)
    ends = [number for number, mark in enumerate(marks) if mark == _CLOSE and number > start]
    end = ends[-1] if ends else len(lines)
    headers: dict[str, str] = {}
    for line in lines[:start]:
        name, colon, value = line.partition(":")
        if colon and name.strip() in _HEADERS:
            headers.setdefault(name.strip(), value.strip())
    return headers, "\n".join(lines[start + 1 : end])


def _split(value: str) -> list[str]:
    return [part for part in (piece.strip() for piece in value.split(",")) if part]
