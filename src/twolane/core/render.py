"""Requests as stored (shared part + own part) and as sent (one JSON object)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from twolane.core.identity import with_note_ref
from twolane.core.tokens import estimate_input_tokens
from twolane.core.types import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping

# The tokens of the shortest prefix that is cached, by a part of the model's name; a shorter one is
# ignored there, so a mark would only cost bytes, a first request alone, and a reserve for writing.
# https://platform.claude.com/docs/en/build-with-claude/prompt-caching#cache-limitations
_LEAST_CACHEABLE: Final[Mapping[str, int]] = {
    "3-haiku": 2_048,
    "3-5-haiku": 2_048,
    "haiku-4-5": 4_096,
    "opus-4-5": 4_096,
    "opus-4-6": 4_096,
    "opus-4-7": 2_048,
    "opus-5": 512,
    "fable-5": 512,
    "mythos-5": 512,
}
_LEAST_CACHEABLE_ELSEWHERE: Final = 1_024
# A batch may take hours, so its cache entries have to live longer than the usual five minutes.
_ABSENT = object()
CACHE_TTL = {Lane.REALTIME: "5m", Lane.BATCH: "1h"}


def least_cacheable_tokens(model: str) -> int:
    """Return the tokens of the shortest prefix that the provider caches for a model."""
    model = model.replace(".", "-")
    fitting = (least for name, least in _LEAST_CACHEABLE.items() if name in model)
    return next(fitting, _LEAST_CACHEABLE_ELSEWHERE)


class WrongReply(NamedTuple):
    """An answer that cannot be used, and why."""

    text: str
    problem: str


def repair_bytes(text: str, problem: str) -> int:
    """Return the most bytes that showing a model its wrong answer adds to a request."""
    return len(orjson.dumps(_repair_turns(WrongReply(text, problem))))


def _repair_turns(wrong: WrongReply) -> list[dict[str, str]]:
    said = [{"role": "assistant", "content": wrong.text}] if wrong.text.strip() else []
    ask = (
        f"That reply cannot be used: {wrong.problem}. Answer the request above once more, "
        "complete and in exactly the form it asks for, with nothing around it."
    )
    return [*said, {"role": "user", "content": ask}]


def _with_repair(params: dict[str, Any], wrong: WrongReply) -> dict[str, Any]:
    return {**params, "messages": [*params["messages"], *_repair_turns(wrong)]}


class Renderer:
    """Joins the shared part of a run and an item's own part, without parsing either."""

    def __init__(self, shared: bytes, *, cache: bool) -> None:
        """Take the shared part, a JSON object; `cache` marks its system prompt for caching.

        One that is too short for its model, as far as its size tells, is not marked.
        """
        self.cached = cache and _is_cacheable(shared)
        self._heads = {
            lane: _head(_marked(shared, CACHE_TTL[lane]) if self.cached else shared)
            for lane in Lane
        }

    def body(
        self, own: bytes, lane: Lane, token: str | None, wrong: WrongReply | None = None
    ) -> bytes:
        """Return the request as sent to the provider; `token`, if given, is to be echoed.

        `wrong` is an earlier unusable answer, which the model is shown with its fault.
        """
        if token is not None:
            own = orjson.dumps(with_note_ref(orjson.loads(own), token))
        if wrong is not None:
            own = orjson.dumps(_with_repair(orjson.loads(own), wrong))
        head = self._heads[lane]
        return head + own[1:] if len(own) > len(b"{}") else head.removesuffix(b",") + b"}"


def shareable(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that a run's requests may share.

    Never the messages: they make a request unique, and may have to be modified.
    """
    return {key: value for key, value in params.items() if key != "messages"}


def still_shared(shared: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `shared` that are equal in `params`; `shared` itself if all are."""
    for key, value in shared.items():
        other = params.get(key, _ABSENT)
        if other is not value and not _same(other, value):
            break
    else:
        return shared
    return {key: value for key, value in shared.items() if _same(params.get(key, _ABSENT), value)}


def _same(one: object, other: object) -> bool:
    """Tell whether two values are one JSON; `1`, `1.0` and `true` are three."""
    if one != other or one is _ABSENT:
        return False
    if type(one) is type(other) and isinstance(one, str | int):
        return True
    return orjson.dumps(one) == orjson.dumps(other)


def own_part(params: Mapping[str, Any], shared: Mapping[str, Any]) -> bytes:
    """Return the members of `params` that are not in `shared`, as a JSON object."""
    return orjson.dumps({key: value for key, value in params.items() if key not in shared})


def joined_bytes(shared: bytes, own: bytes) -> int:
    """Return the size of the request that these two JSON objects form."""
    # Of two pairs of braces one goes, and a comma comes; an empty part leaves nothing of itself.
    empty = len(b"{}")
    if len(shared) == empty or len(own) == empty:
        return max(len(shared), len(own))
    return len(shared) + len(own) - len(b"}{") + len(b",")


def _head(shared: bytes) -> bytes:
    """Return what stands before the first member of an item's own part."""
    members = shared.strip()[1:-1].strip()
    return b"{" + members + b"," if members else b"{"


def _is_cacheable(shared: bytes) -> bool:
    params = orjson.loads(shared)
    if "system" not in params:
        return False
    prefix = orjson.dumps([params.get("tools"), params["system"]])
    least = least_cacheable_tokens(str(params.get("model", "")))
    return estimate_input_tokens(prefix) >= least


def _marked(shared: bytes, ttl: str) -> bytes:
    params = orjson.loads(shared)
    system = params["system"]
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    mark = {"type": "ephemeral", "ttl": ttl}
    params["system"] = [*blocks[:-1], {**blocks[-1], "cache_control": mark}]
    return orjson.dumps(params)
