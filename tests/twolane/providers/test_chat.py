"""Requests into chat completions, and answers of any manner into messages."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from twolane.core.identity import with_note_ref
from twolane.core.replies import MAX_BEGINNINGS, json_in, without_thinking
from twolane.errors import InputError
from twolane.providers.chat import (
    Manner,
    Schemas,
    check,
    from_chat,
    from_messages,
    to_chat,
    to_messages,
)

SCHEMA = {
    "type": "object",
    "properties": {"note_ref": {"type": "string"}, "tags": {"type": "array"}},
    "required": ["note_ref", "tags"],
}
ASKED: dict[str, Any] = {
    "model": "m",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hello"}],
}
FORMED = {**ASKED, "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
REPLY = '{"note_ref": "a", "tags": []}'


def _answer(content: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    message = {"role": "assistant", "content": content, **more}
    return {"choices": [{"message": message, "finish_reason": "stop"}]}


def _text(content: Any, params: dict[str, Any] = FORMED, **more: Any) -> str:  # noqa: ANN401
    message = from_chat(_answer(content, **more), params)
    assert message is not None
    return str(message["content"][-1]["text"])


def test_what_has_one_meaning_is_converted() -> None:
    """System prompt, blocks, images, stop sequences and sampling arrive in the chat form."""
    png = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    asked = {
        **ASKED,
        "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "what"}]},
            {"role": "assistant", "content": "this"},
            {
                "role": "user",
                "content": [{"type": "image", "source": png}, {"type": "text", "text": "?"}],
            },
        ],
        "temperature": 0,
        "top_p": 0.5,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u"},
        "thinking": {"type": "disabled"},
    }
    check(asked)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    assert to_chat(asked, Manner()) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "what"},
            {"role": "assistant", "content": "this"},
            {"role": "user", "content": [image, {"type": "text", "text": "?"}]},
        ],
        "max_tokens": 100,
        "stream": False,
        "temperature": 0,
        "top_p": 0.5,
        "stop": ["END"],
    }


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"tools": [{"name": "t"}]}, "`tools`"),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, "`thinking`"),
        ({"top_k": 5}, "`top_k`"),
        ({"output_config": {"effort": "low"}}, "`output_config.effort`"),
        ({"mcp_servers": [{}]}, "`mcp_servers`"),
        ({"messages": [{"role": "user", "content": [{"type": "document"}]}]}, "`document`"),
        ({"messages": [{"role": "system", "content": "x"}]}, "`system`"),
        (
            {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]},
            "end",
        ),
        ({"messages": []}, "end"),
    ],
)
def test_what_has_no_meaning_there_is_refused_by_name(more: dict[str, Any], named: str) -> None:
    """A member that the chat form cannot say is named, and nothing is left out silently."""
    with pytest.raises(InputError, match=named):
        check({**ASKED, **more})


def test_turns_of_one_role_become_one() -> None:
    """Two messages of the user in a row, which many templates refuse, are sent as one."""
    turns = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    assert to_chat({**ASKED, "messages": turns}, Manner())["messages"] == [
        {"role": "user", "content": "a\n\nb"}
    ]


def test_the_token_is_a_constant_of_the_schema() -> None:
    """The schema that is sent allows no other note_ref than the request's own."""
    params = with_note_ref(FORMED, "abcdefghjkmn")
    sent = to_chat(params, Manner())["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["note_ref"] == {"type": "string", "enum": ["abcdefghjkmn"]}
    assert SCHEMA["properties"]["note_ref"] == {"type": "string"}  # type: ignore[index]


def test_a_line_of_a_users_own_is_no_token() -> None:
    """A text that only resembles the token's line leaves the schema as it is."""
    own = {**FORMED, "messages": [{"role": "user", "content": "note_ref: see page 12\n"}]}
    assert to_chat(own, Manner())["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("schemas", [Schemas.IGNORED, Schemas.REFUSED])
def test_without_support_the_schema_stands_in_the_prompt(schemas: Schemas) -> None:
    """A server that does not hold its model to a schema gets it as words, once refused only so."""
    body = to_chat({**FORMED, "system": "be brief"}, Manner(schemas=schemas))
    assert body["messages"][0]["content"].startswith("be brief\n\n")
    assert orjson.dumps(SCHEMA).decode() in body["messages"][0]["content"]
    assert ("response_format" in body) is (schemas is Schemas.IGNORED)


def test_a_template_without_system_prompts_gets_it_with_the_first_message() -> None:
    """What the system prompt says is not lost on a model whose template knows none."""
    body = to_chat({**ASKED, "system": "be brief"}, Manner(system=False))
    assert body["messages"] == [{"role": "user", "content": "be brief\n\nhello"}]


def test_messages_get_the_schema_as_words() -> None:
    """In the Messages form no member is sent that local servers ignore or refuse."""
    body = to_messages(FORMED)
    assert "output_config" not in body
    assert orjson.dumps(SCHEMA).decode() in body["system"]
    message = from_messages({"content": [{"type": "text", "text": f"Sure! {REPLY}"}]}, FORMED)
    assert message is not None
    assert message["content"] == [{"type": "text", "text": REPLY}]


@pytest.mark.parametrize(
    "said",
    [
        REPLY,
        f"```json\n{REPLY}\n```",
        f"Here you are:\n\n```\n{REPLY}\n```\nIs it {{good}}?",
        f'<think>maybe {{"tags": 1}}?</think>\n{REPLY}',
        f"so it is about {{things}}</think>{REPLY}",
        f"<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>{REPLY}",
        [{"type": "text", "text": REPLY}],
    ],
)
def test_json_is_read_out_of_what_stands_around_it(said: Any) -> None:  # noqa: ANN401
    """Fences, thoughts, prose and channel marks around a reply are taken away."""
    assert _text(said) == REPLY


def test_json_among_thoughts_is_found() -> None:
    """A server that takes a whole answer for thoughts hides no reply."""
    assert _text("", reasoning_content=f"I say {REPLY}") == REPLY
    assert _text(None, reasoning=REPLY) == REPLY


def test_raw_line_breaks_in_strings_are_taken() -> None:
    """A string with a line break in it, which JSON forbids, is read and written as JSON."""
    assert orjson.loads(_text('{"note_ref": "a\nb", "tags": []}'))["note_ref"] == "a\nb"


def test_the_reply_with_what_is_required_is_preferred() -> None:
    """Of several objects in a text the first one with all required members is taken."""
    assert _text(f'for example {{"tags": []}} or so: {REPLY}') == REPLY
    assert _text('it is {"tags": []}') == '{"tags": []}'
    assert _text("it is nothing") == "it is nothing"


def test_a_plain_answer_stays_as_it_came() -> None:
    """Without a schema only thoughts are taken away, and a fence is part of the answer."""
    assert _text("```\ncode {}\n```", ASKED) == "```\ncode {}\n```"
    message = from_chat(_answer("<think>hm</think>\n\nyes"), ASKED)
    assert message is not None
    assert message["content"] == [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "yes"},
    ]
    assert message["said"] == "<think>hm</think>\n\nyes"


@pytest.mark.parametrize(
    ("finish", "written", "expected"),
    [
        ("stop", 5, "end_turn"),
        ("length", 100, "max_tokens"),
        ("length", 7, "model_context_window_exceeded"),
        ("content_filter", 5, "refusal"),
        ("tool_calls", 5, "tool_use"),
        ("abort", 5, "abort"),
        (None, 5, None),
    ],
)
def test_endings_are_named_as_messages_name_them(
    finish: str | None, written: int, expected: str | None
) -> None:
    """Each finish_reason has its stop_reason, and an unknown one stays."""
    choice = {"message": {"content": "x"}, "finish_reason": finish}
    message = from_chat({"choices": [choice], "usage": {"completion_tokens": written}}, ASKED)
    assert message is not None
    assert message["stop_reason"] == expected


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "7"}, {"prompt_tokens": -1}, [], 1e400],
)
def test_usage_may_be_missing(usage: Any) -> None:  # noqa: ANN401
    """An answer without a usage that can be read is an answer."""
    message = from_chat({**_answer("x"), "usage": usage}, ASKED)
    assert message is not None
    assert message["usage"]["input_tokens"] == 0


@pytest.mark.parametrize(
    "answer",
    [{}, {"choices": []}, {"choices": None}, {"choices": [{}]}, {"choices": [{"message": None}]}],
)
def test_an_answer_without_a_choice_is_none(answer: dict[str, Any]) -> None:
    """What holds no message is said to hold none, and raises nothing."""
    assert from_chat(answer, ASKED) is None


def test_thoughts_that_never_end_leave_no_answer() -> None:
    """A model that is cut off while it thinks has said nothing."""
    assert without_thinking("<think>and then") == ("and then", "")
    assert without_thinking("the tag <think> opens, </think> closes") == (
        "",
        "the tag <think> opens, </think> closes",
    )


def test_reading_is_bounded() -> None:
    """A text of nothing but braces is looked at a bounded number of times."""
    assert json_in("{" * 200_000, SCHEMA) == ("", "{" * 200_000)
    late = "{ " * MAX_BEGINNINGS + REPLY
    assert json_in(late, SCHEMA)[1] == late
