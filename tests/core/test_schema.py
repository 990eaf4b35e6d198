"""Replies as JSON, and held against a schema."""

from __future__ import annotations

import pytest

from twolane.core.schema import parse_reply, reply_check
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
    check = reply_check(SHARED)
    assert check is not None
    return check(text)


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
    assert reply_check({}) is None


def test_a_schema_that_is_none_is_refused_before_anything_is_sent() -> None:
    """The run ends where it begins."""
    broken = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "colour"}}}}
    with pytest.raises(InputError, match="schema"):
        reply_check(broken)


def test_half_an_emoji_is_kept_as_it_was_written() -> None:
    """Who can store it may; it is not dropped here."""
    assert parse_reply('"\\ud83d"') == "\ud83d"
