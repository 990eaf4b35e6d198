"""Extracting a reply from what models add around it: thoughts, fences, prose. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENINGS: Final = ("<think>", "<thinking>")
_CLOSINGS: Final = ("</think>", "</thinking>")
# Where JSON may begin in a text is tried at so many places: each may cost a look at all of it.
MAX_BEGINNINGS: Final = 64
# A model writes raw line breaks into its strings, which JSON forbids.
_LENIENT: Final = json.JSONDecoder(strict=False)


def without_thinking(text: str) -> tuple[str, str]:
    """Return (thinking, answer).

    A template may put the opening tag into the prompt, so that only the closing one is in the
    reply; and a truncated reply may never close it.
    """
    rest = text.lstrip()
    opening = next((tag for tag in _OPENINGS if rest.startswith(tag)), "")
    ends = [(rest.find(tag), tag) for tag in _CLOSINGS if tag in rest]
    if not ends:
        return (rest[len(opening) :].strip(), "") if opening else ("", text)
    at, closing = min(ends)
    if not opening and any(tag in rest[:at] for tag in _OPENINGS):
        return "", text  # it speaks of such tags
    return rest[len(opening) : at].strip(), rest[at + len(closing) :].lstrip()


def json_in(text: str, schema: Mapping[str, Any]) -> tuple[str, str]:
    """Return (thinking, JSON) of a text that should be JSON matching `schema`.

    Takes the first value with all members that the schema requires, otherwise the first readable
    one, otherwise the unchanged text: its check then says what is wrong.
    """
    if _is_json(text):
        return "", text
    thought, said = without_thinking(text)
    opening = "[" if schema.get("type") == "array" else "{"
    required = schema.get("required")
    wanted = [name for name in required if isinstance(name, str)] if required else []
    best: str | None = None
    at = said.find(opening)
    for _ in range(MAX_BEGINNINGS):
        if at < 0:
            break
        found = _value_at(said, at)
        if found is None:
            at = said.find(opening, at + 1)
            continue
        value, end = found
        taken = said[at:end]
        best = best if best is not None else _as_json(value, taken)
        if isinstance(value, list) or all(name in value for name in wanted):
            return thought, _as_json(value, taken)
        at = said.find(opening, end)
    return thought, said if best is None else best


def _value_at(text: str, at: int) -> tuple[Any, int] | None:
    try:
        return _LENIENT.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None


def _as_json(value: object, text: str) -> str:
    """Return the text of a value, written anew where strict JSON forbids how it was."""
    return text if _is_json(text) else json.dumps(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
