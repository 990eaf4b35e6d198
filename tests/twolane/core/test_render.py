"""What of a request is marked for the provider's cache."""

from __future__ import annotations

import orjson
import pytest

from twolane import Lane
from twolane.core.render import Renderer, least_cacheable_tokens

CHARS_PER_TOKEN = 3.5


def rendered(model: str, tokens: int, *, cache: bool = True) -> Renderer:
    """Return the renderer of a shared part whose system prompt has about so many tokens."""
    system = "w" * round(tokens * CHARS_PER_TOKEN)
    return Renderer(orjson.dumps({"model": model, "system": system}), cache=cache)


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-haiku-4-5", 4_096),
        ("claude-haiku-4.5-20251001", 4_096),
        ("claude-3-5-haiku-latest", 2_048),
        ("claude-opus-4-6", 4_096),
        ("claude-opus-4-1", 1_024),
        ("claude-sonnet-4-5", 1_024),
        ("claude-opus-5", 512),
        ("a-model-of-tomorrow", 1_024),
    ],
)
def test_a_shared_part_is_marked_from_its_models_least_length_on(model: str, least: int) -> None:
    """A shorter one is sent as it is: the provider would ignore the mark."""
    assert least_cacheable_tokens(model) == least
    assert rendered(model, least + 20).cached
    assert not rendered(model, least - 40).cached
    assert not rendered(model, least + 20, cache=False).cached


def test_the_mark_lives_as_long_as_its_lane_needs() -> None:
    """Both lanes send the same text, marked for minutes or for an hour."""
    renderer = rendered("claude-sonnet-4-5", 2_000)
    marks = {}
    for lane in Lane:
        (block,) = orjson.loads(renderer.body(b'{"messages":[]}', lane, None))["system"]
        assert block["text"] == "w" * 7_000
        marks[lane] = block["cache_control"]["ttl"]
    assert marks == {Lane.REALTIME: "5m", Lane.BATCH: "1h"}
