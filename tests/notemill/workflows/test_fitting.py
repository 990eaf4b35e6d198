"""How much of a note a request holds, whatever the context of the model."""

from __future__ import annotations

import pytest

from notemill.errors import UsageError
from notemill.workflows.fitting import Room
from twolane import careful_tokens

LONG = "The compost heap feeds the soil. " * 400


def test_without_a_limit_a_note_goes_whole() -> None:
    """A model that has room for any request gets all of it, and nothing is noted as cut."""
    room = Room()
    assert room.for_reply(1_024) == 1_024
    assert room.beside("prompt", reply_tokens=1_024) is None
    assert room.fit("n.md", LONG, "prompt", reply_tokens=1_024) == LONG
    assert room.cut == set()


def test_a_long_note_is_cut_to_what_is_left_and_named() -> None:
    """Prompt, note and reply together fit the context; a short note beside it is not cut."""
    room = Room(1_000, small=True)
    reply = room.for_reply(1_024)
    assert reply == 250
    kept = room.fit("long.md", LONG, "prompt", reply_tokens=reply)
    assert LONG.startswith(kept)
    assert 0 < careful_tokens(kept) <= 1_000 - reply
    assert room.fit("short.md", "Short.", "prompt", reply_tokens=reply) == "Short."
    assert room.cut == {"long.md"}


def test_a_context_without_room_for_a_note_is_refused() -> None:
    """What to do about it is said, before anything is asked."""
    with pytest.raises(UsageError, match="leaves no room for a note; start its server"):
        Room(300).fit("n.md", LONG, LONG, reply_tokens=75)
