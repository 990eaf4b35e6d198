"""Replies that are JSON, and the schema a request carries as a check of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from twolane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def reply_check(shared: Mapping[str, Any]) -> Callable[[str], str | None] | None:
    """Return a check of reply texts against `output_config.format` of a run's shared params.

    None where the run asks for no schema. The check returns what is wrong, None where nothing
    is; it never raises.
    Raises InputError where the schema itself cannot be used.
    """
    wanted = (shared.get("output_config") or {}).get("format") or {}
    if wanted.get("type") != "json_schema":
        return None
    import fastjsonschema  # noqa: PLC0415  # only runs with a schema pay for the import

    try:
        validate = fastjsonschema.compile(wanted["schema"], use_default=False)
    except (fastjsonschema.JsonSchemaDefinitionException, KeyError, TypeError) as error:
        message = f"output_config.format is no JSON schema that can be checked: {error}"
        raise InputError(message) from error

    def check(text: str) -> str | None:
        try:
            value = parse_reply(text)
        except ValueError:
            return f"the reply is not JSON: {text[:80]!r}"
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return f"the reply does not meet its schema: {error.message}"
        return None

    return check


def parse_reply(text: str) -> Any:  # noqa: ANN401
    """Return the JSON value of a reply. Raises ValueError where it is none.

    Half an emoji, which a model may well write as an escape, is no reason to pay for another.
    """
    try:
        return orjson.loads(text)  # which refuses that
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError(text[:80]) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
