"""A run before it begins: its requests looked through once, counted, sized and estimated."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.render import shareable, still_shared
from twolane.core.tokens import estimate_input_tokens
from twolane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twolane.core.types import Lane, Request

# What the line `note_ref: TOKEN` adds to a request.
ECHO_BYTES = 32
# What costs more than its bytes say: their tokens, or fees, are known only afterwards.
_UNBOUNDED = re.compile(
    rb'"type":"(?:image|document|file|web_search|web_fetch|code_execution)'
    rb'|"(?:speed|mcp_servers|inference_geo)":'
)
# One look for all that is seldom there.
_NOTABLE = re.compile(_UNBOUNDED.pattern + rb'|"cache_control"')
# Keys are looked through for twins by this many groups, so that only one is sorted out at a time.
_BUCKETS = 256


@dataclass(frozen=True, slots=True)
class Survey:
    """What looking through all requests of a run has found; sums over all of them.

    `unbounded` names the first request whose cost no cap can bound beforehand, '' for none.
    """

    total: int
    model: str
    shared: Mapping[str, Any]
    input_tokens: int
    output_tokens: int
    caches: bool
    unbounded: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Part of a run that is finished, and may be looked at, before the next part begins.

    `items` are indexes in the run; `lane` None leaves the choice to the run's decision.
    """

    items: frozenset[int]
    lane: Lane | None = None


def survey(requests: Iterable[Request], *, max_bytes: int, reply_tokens: int) -> Survey:
    """Look through all requests, in constant memory but for eight bytes of each key.

    `reply_tokens` is what a reply is expected to take, where max_tokens allows it. Raises
    InputError naming the request where a key stands twice, a member is missing, the models
    differ or the request is above the provider's limit.
    """
    hashes = [array("q") for _ in range(_BUCKETS)]
    shared: dict[str, Any] | None = None
    model, input_tokens, output_tokens, caches, unbounded = "", 0, 0, False, ""
    total = 0
    for index, request in enumerate(requests):
        number = hash(request.key)
        hashes[number % _BUCKETS].append(number)
        own_model, max_tokens = _members(index, request)
        if own_model != model:
            if model:
                message = (
                    f"item {index} ({request.key}) asks for model {own_model}, the ones before "
                    f"for {model}; a run has one model: split the input"
                )
                raise InputError(message)
            model = own_model
        body = _encoded(index, request)
        if len(body) + ECHO_BYTES > max_bytes:
            message = (
                f"item {index} ({request.key}) is {len(body):,} bytes, the provider takes "
                f"{max_bytes:,} a request; shorten it or leave it out"
            )
            raise InputError(message)
        shared = shareable(request.params) if shared is None else shared
        shared = still_shared(shared, request.params)
        input_tokens += estimate_input_tokens(body)
        output_tokens += min(max_tokens, reply_tokens)
        if _NOTABLE.search(body):
            caches = caches or b'"cache_control"' in body
            if not unbounded and _UNBOUNDED.search(body):
                unbounded = request.key
        total += 1
    _refuse_twins(requests, hashes)
    return Survey(total, model, shared or {}, input_tokens, output_tokens, caches, unbounded)


def _refuse_twins(requests: Iterable[Request], hashes: Sequence[array[int]]) -> None:
    """Raise InputError where a key stands twice.

    Equal hashes only raise the suspicion: the requests are then gone through again.
    """
    suspects: set[int] = set()
    for bucket in hashes:
        if len(set(bucket)) < len(bucket):
            suspects.update(number for number, times in Counter(bucket).items() if times > 1)
    if not suspects:
        return
    seen: set[str] = set()
    for index, request in enumerate(requests):
        if hash(request.key) in suspects:
            if request.key in seen:
                message = f"item {index} ({request.key}): this id stands twice; ids must be unique"
                raise InputError(message)
            seen.add(request.key)
    if not seen:
        raise InputError("an id stands twice; ids must be unique")


def _members(index: int, request: Request) -> tuple[str, int]:
    model, max_tokens = request.params.get("model"), request.params.get("max_tokens")
    if not isinstance(model, str) or not model:
        message = f"item {index} ({request.key}) names no model in its params"
        raise InputError(message)
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
        message = f"item {index} ({request.key}) has no max_tokens of 1 or more in its params"
        raise InputError(message)
    return model, max_tokens


def _encoded(index: int, request: Request) -> bytes:
    try:
        return orjson.dumps(request.params)
    except (orjson.JSONEncodeError, TypeError) as error:
        message = f"item {index} ({request.key}) cannot be written as JSON: {error}"
        raise InputError(message) from error
