"""Requests whose replies have a fixed form, given as JSON Schema for structured output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEXT: Final = {"type": "string"}
BOOLEAN: Final = {"type": "boolean"}


def text_of(most_chars: int) -> dict[str, Any]:
    """Return the form of a text of bounded length: a small model may never end by itself."""
    return {**TEXT, "maxLength": most_chars}


def list_of(items: Mapping[str, Any], most: int | None = None) -> dict[str, Any]:
    """Return the form of a list of at most `most` entries."""
    return {"type": "array", "items": items, **({} if most is None else {"maxItems": most})}


def object_of(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of an object with exactly these properties, all required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def params_of(
    lines: Iterable[str], *, system: str, form: Mapping[str, Any], model: str, max_tokens: int
) -> dict[str, Any]:
    """Return the params that send `lines` to a model and require a reply in the form."""
    return {
        "model": model,
        "max_tokens": max_tokens,
        "system": system,
        "output_config": {"format": {"type": "json_schema", "schema": form}},
        "messages": [{"role": "user", "content": "\n".join(lines)}],
    }
