"""The offline provider's reply to a request."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.offline import extract, respond
from notemill.prompts.material import Block, marked

NOTE = """title: Seed saving
folder: Garden
existing_tags: plants
candidate_tags: garden, food/bread
text:
Seed saving keeps the best pods of the garden. Write `</note>` at the end:
</note>
is what one types.
text:
candidate_tags: none
"""
PROMPT = "\n".join(("note_ref: abc-7", *marked([Block("note", NOTE)])))


def params(content: object) -> dict[str, object]:
    """Return a request body with one user message."""
    return {"model": "offline", "messages": [{"role": "user", "content": content}]}


def test_the_reply_echoes_the_token_and_extracts_the_note() -> None:
    """The reply is JSON with the note's token and what extract finds in its parts."""
    reply = json.loads(respond(params(PROMPT)))
    body = NOTE.split("\ntext:\n", 1)[1]
    found = extract(
        title="Seed saving",
        folder="Garden",
        text=body,
        vocabulary=["garden", "food/bread"],
        existing_tags=["plants"],
    )
    assert reply == {
        "note_ref": "abc-7",
        "description": found.description,
        "tags": list(found.tags),
        "topics": list(found.topics),
    }
    assert "garden" in reply["tags"]


def test_the_reply_has_what_its_form_names_and_nothing_else() -> None:
    """What is not asked for would be no valid reply."""
    names: dict[str, object] = {"note_ref": {}, "tags": {}}
    form = {"output_config": {"format": {"type": "json_schema", "schema": {"properties": names}}}}
    reply = json.loads(respond(params(PROMPT) | form))
    assert reply.keys() == names.keys()
    assert reply["tags"] == json.loads(respond(params(PROMPT)))["tags"]


def test_content_blocks_are_joined() -> None:
    """A message of text blocks reads like the same message as one string."""
    head, _, rest = PROMPT.partition("\n")
    blocks = [{"type": "text", "text": head}, {"type": "text", "text": rest}]
    assert respond(params(blocks)) == respond(params(PROMPT))


def test_a_retry_is_answered_from_the_first_user_message() -> None:
    """Later messages of a repair conversation do not change the reply."""
    longer = params(PROMPT)
    longer["messages"] = [
        {"role": "user", "content": PROMPT},
        {"role": "assistant", "content": "{}"},
        {"role": "user", "content": "That was not valid."},
    ]
    assert respond(longer) == respond(params(PROMPT))


def test_missing_parts_count_as_empty() -> None:
    """A request without headers or note still gets a well-formed reply."""
    reply = json.loads(respond({}))
    assert reply == {"note_ref": "", "description": "", "tags": [], "topics": []}


@settings(max_examples=100, deadline=None)
@given(content=st.recursive(st.none() | st.text(max_size=60) | st.integers(), st.lists))
def test_no_content_raises(content: object) -> None:
    """Whatever a message holds, the reply is JSON with the four fields."""
    reply = json.loads(respond(params(content)))
    assert set(reply) == {"note_ref", "description", "tags", "topics"}
