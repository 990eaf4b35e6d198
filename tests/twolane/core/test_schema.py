"""Replies as JSON, and held against a schema."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from twolane.core.schema import check_of, parse_reply, schema_json
from twolane.errors import InputError

SCHEMA = {
    "type": "object",
    "properties": {"said": {"type": "string"}},
    "required": ["said"],
    "additionalProperties": False,
}
SHARED = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}


def problem(text: str) -> str | None:
    """Return what is wrong with a reply."""
    schema = schema_json(SHARED)
    assert schema is not None
    return check_of(schema)(text)


@pytest.mark.parametrize(
    "text", ['{"said": "yes"}', ' {"said":"🙂"}\n', '{"said": "half \\ud83d"}']
)
def test_a_reply_in_form_is_taken(text: str) -> None:
    """Spaces around it, and half an emoji in it, are no reason to pay for another."""
    assert problem(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yes", "no"),
        ('{"said": "cut o', "not JSON"),
        ('{"said": NaN}', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"said": 1}', "schema"),
        ("{}", "schema"),
    ],
)
def test_a_reply_in_another_form_is_told(text: str, told: str) -> None:
    """What is wrong is said, whatever a model writes."""
    said = problem(text)
    assert said is not None
    assert told in said


def test_a_run_without_a_schema_checks_nothing() -> None:
    """Plain text is what most requests ask for."""
    for params in ({}, {"output_config": {"effort": "low"}}, {"output_config": None}):
        assert schema_json(params) is None


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "colour"}, "Unknown type"),
        ({"properties": {"a": {"type": "string", "pattern": "["}}}, "unterminated character"),
        ({"patternProperties": {"(": {}}}, "unterminated subpattern"),
        ({"properties": {"a": {"$ref": "http://127.0.0.1:9/a.json"}}}, "names another document"),
        ({"anyOf": [{"$ref": "file:///etc/passwd"}]}, "names another document"),
        ({"items": {"$ref": "other.json#/a"}}, "names another document"),
        ({"enum": [{"$ref": "http://127.0.0.1:9/a.json"}]}, "names another document"),
        ({"const": {"$ref": "ftp://127.0.0.1/a.json"}}, "names another document"),
        ({"$ref": "#/$defs/nowhere"}, "leads nowhere"),
        ({"$ref": "#name", "$defs": {"a": {"$anchor": "name"}}}, "no schema of its own"),
        ({"$ref": "#/required", "required": ["a"]}, "no schema of its own"),
        ({"properties": {"more": {"$ref": "#"}}}, "leads back to itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/b"}},
                                         "b": {"not": {"$ref": "#/$defs/a"}}}}, "leads back"),
        ({"$dynamicRef": "#a"}, "not supported"),
        ({"minimum": 0, "exclusiveMinimum": True}, "must be a number"),
        ({"properties": ["a"]}, "schema"),
        ({"multipleOf": 0}, "schema"),
        ({"$ref": 5}, "schema"),
        ({"enum": "abc"}, "enum must be an array"),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_checked_is_refused(schema: dict[str, Any], told: str) -> None:
    """What cannot be compiled, or means something else than it says, is told in words."""
    with pytest.raises(InputError, match="not a JSON schema that can be checked") as caught:
        check_of(orjson.dumps(schema))
    assert told in str(caught.value)


def test_a_schema_nested_too_deeply_is_refused() -> None:
    """What a compiler cannot take is an error of the input, and no crash."""
    for depth in (60, 200):
        schema: dict[str, Any] = {"type": "string"}
        for _ in range(depth):
            schema = {"type": "array", "items": schema}
        with pytest.raises(InputError, match="not a JSON schema that can be checked"):
            check_of(orjson.dumps(schema))


@pytest.mark.parametrize(
    "wanted", ["json", ["x"], {"type": "json_schema"}, {"type": "json_schema", "schema": True}]
)
def test_a_format_without_a_schema_is_refused(wanted: object) -> None:
    """Who asks for a schema has to give one."""
    with pytest.raises(InputError, match=r"output_config\.format"):
        schema_json({"output_config": {"format": wanted}})


def test_names_for_other_documents_open_no_way_to_them() -> None:
    """An id is a name and nothing is looked up under it; references within the schema hold."""
    schema = {
        "$id": "http://127.0.0.1:9/root.json",
        "properties": {"a": {"anyOf": [{"$id": "http://127.0.0.1:9/b", "$ref": "#/$defs/n"}]}},
        "$defs": {"n": {"$id": "sub.json", "type": "integer"}},
    }
    check = check_of(orjson.dumps(schema))
    assert check('{"a": 1}') is None
    assert "schema" in (check('{"a": "x"}') or "")


def test_properties_may_bear_the_names_of_keywords() -> None:
    """A property called $ref, id or const is one, and data is no schema."""
    schema = {
        "type": "object",
        "properties": {"$ref": {"type": "string"}, "id": {"type": "integer"}, "const": {}},
        "examples": [{"$ref": "http://a.example/b", "id": 1}],
        "required": ["id"],
    }
    check = check_of(orjson.dumps(schema))
    assert check('{"$ref": "http://a.example/b", "id": 1}') is None
    assert check('{"$ref": "http://a.example/b", "id": "1"}') is not None


def test_a_check_never_raises() -> None:
    """What a check stumbles over is a reply of the wrong form, whatever the schema says."""
    check = check_of(orjson.dumps({"properties": {"a": {"multipleOf": 0}}}))
    assert check("{}") is None
    assert "cannot be held against its schema" in (check('{"a": 1}') or "")


def test_half_an_emoji_is_kept_as_it_was_written() -> None:
    """Who can store it may; it is not dropped here."""
    assert parse_reply('"\\ud83d"') == "\ud83d"
