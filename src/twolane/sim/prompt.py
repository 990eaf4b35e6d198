"""A prompt's text in the API's order, its size in tokens, and its use of the cache.

The simulator's rule of counting: one token per four bytes of UTF-8, rounded up. A prefix that ends
at a `cache_control` mark is cacheable from its model's least length on, for 5 minutes or an hour; an
entry can be read as soon as the answer that wrote it begins to arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.render import least_cacheable_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BYTES_PER_TOKEN: Final = 4
TTL_S: Final = {"5m": 300.0, "1h": 3_600.0}
_MAX_ENTRIES: Final = 10_000


def tokens_of(size_bytes: int) -> int:
    """Return the tokens of so many bytes of text."""
    return -(-size_bytes // BYTES_PER_TOKEN)


def prompt_tokens(params: Mapping[str, Any]) -> int:
    """Return how many input tokens a request has, cached ones included; at least 1."""
    size = sum(len(text) for text, _ in _segments(params))
    return max(1, tokens_of(size + len(_output_schema(params))))


def _output_schema(params: Mapping[str, Any]) -> bytes:
    config = params.get("output_config")
    return orjson.dumps(config["format"]) if config and config.get("format") else b""


def _segments(params: Mapping[str, Any]) -> Iterator[tuple[bytes, str | None]]:
    """Yield the blocks of a prompt, each with the lifetime of its cache mark if it has one."""
    for tool in params.get("tools") or ():
        yield orjson.dumps(tool), _ttl(tool)
    yield from _blocks(params.get("system") or ())
    for message in params["messages"]:
        yield from _blocks(message["content"])


def _blocks(content: str | Sequence[Mapping[str, Any]]) -> Iterator[tuple[bytes, str | None]]:
    if isinstance(content, str):
        yield content.encode(), None
        return
    for block in content:
        text = block.get("text") if block["type"] == "text" else None
        yield (orjson.dumps(block) if text is None else text.encode()), _ttl(block)


def _ttl(block: Mapping[str, Any]) -> str | None:
    mark = block.get("cache_control")
    return str(mark.get("ttl", "5m")) if mark else None


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """The end of a cacheable prefix: its hash, its tokens from the start, its lifetime."""

    digest: bytes
    tokens: int
    ttl: str


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Tokens of one request that came from the cache or were written to it."""

    read: int = 0
    write_5m: int = 0
    write_1h: int = 0

    @property
    def total(self) -> int:
        """Tokens not counted as plain input."""
        return self.read + self.write_5m + self.write_1h


NO_CACHE: Final = CacheUse()


def breakpoints(params: Mapping[str, Any], raw: bytes) -> tuple[Breakpoint, ...]:
    """Return the cacheable prefixes of a request, shortest first; `raw` is its JSON text."""
    if b'"cache_control"' not in raw:
        return ()
    segments = list(_segments(params))
    whole = params.get("cache_control")
    if whole and segments:
        segments[-1] = (segments[-1][0], str(whole.get("ttl", "5m")))
    digest, size, found = blake2b(params["model"].encode(), digest_size=16), 0, []
    least = least_cacheable_tokens(params["model"])
    for text, ttl in segments:
        digest.update(b"%d:" % len(text) + text)
        size += len(text)
        if ttl and tokens_of(size) >= least:
            found.append(Breakpoint(digest.digest(), tokens_of(size), ttl))
    return tuple(found)


class PromptCache:
    """The cached prefixes, each with the times it starts and expires."""

    def __init__(self) -> None:
        """Start empty."""
        self._entries: dict[bytes, tuple[float, float]] = {}

    def use(self, marks: Sequence[Breakpoint], now: float, ready_at: float) -> CacheUse:
        """Read the longest cached prefix, and write the longer ones, readable from `ready_at`."""
        if not marks:
            return NO_CACHE
        read = 0
        written = {"5m": 0, "1h": 0}
        last = 0
        for mark in reversed(marks):
            begins, ceases = self._entries.get(mark.digest, (0.0, 0.0))
            if begins <= now < ceases:
                read = last = mark.tokens
                self._entries[mark.digest] = (begins, now + TTL_S[mark.ttl])
                break
        for mark in marks:
            if mark.tokens > last:
                written[mark.ttl] += mark.tokens - last
                last = mark.tokens
                self._write(mark, now, ready_at)
        return CacheUse(read, written["5m"], written["1h"])

    def _write(self, mark: Breakpoint, now: float, ready_at: float) -> None:
        if len(self._entries) >= _MAX_ENTRIES:
            self._entries = {k: v for k, v in self._entries.items() if v[1] > now}
        begins = self._entries.get(mark.digest, (ready_at, 0.0))
        # A second writer must not push back what a first one has made readable already.
        ready = min(begins[0], ready_at) if begins[1] > now else ready_at
        self._entries[mark.digest] = (ready, ready_at + TTL_S[mark.ttl])
