"""What became of sources that were read a moment ago: between a price and its yes nothing is read twice."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from notemill.app.ingest_events import Left, SourceUnread, Unchanged, Unread
from notemill.app.ingest_steps import WAITING, Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.app.ingest_found import Found
    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench

    Became = Kept | Unchanged | Left | Unread

_READ: Final = "read"
"""The batch of what became of sources."""
HELD_S: Final = 3_600.0
"""How long sources that become notes stand as they were read, in seconds."""
OTHERS_HELD_S: Final = 120.0
"""The same of what could not be read, or is there already: that may change at any moment."""
_KINDS: Final[dict[str, Callable[..., Became]]] = {
    one.__name__: one for one in (Kept, Unchanged, Left, Unread)
}
_DIGEST_BYTES: Final = 16


class SourceMemory:
    """What becomes of sources, taken step by step; it remembers only where it `recalls`."""

    def __init__(self, bench: Workbench, found: Found, *, limit: int | None, recalls: bool) -> None:
        """Count in `found`, and remember in the store of a vault; of lists the first `limit`."""
        self._bench = bench
        self._found = found
        self._limit = limit
        self._recalls = recalls
        self._step = ""
        self._became: list[Became] = []

    async def recall(self, step: str) -> bool:
        """Take what became of a step, if that is remembered; return whether it is."""
        if not self._recalls:
            return False
        became = await self._bench.on(_recalled_in, self._key_of(step))
        for one in became:
            if isinstance(one, Unread):
                self._bench.front.tell(SourceUnread(one))
            self._found.take(one)
        return bool(became)

    async def take(self, step: str, became: Became) -> None:
        """Take what became of a source of a step; a step is remembered once another begins."""
        self._found.take(became)
        if step != self._step:
            await self.keep()
            self._step = step
        self._became.append(became)

    async def keep(self) -> None:
        """Remember the step that has just ended."""
        if self._recalls and self._became:
            await self._bench.on(_keep_in, self._key_of(self._step), self._became)
        self._became = []

    def _key_of(self, step: str) -> str:
        named = f"{self._limit} {step}".encode("utf-8", "surrogatepass")
        return blake2b(named, digest_size=_DIGEST_BYTES).hexdigest()


def _keep_in(opened: OpenVault, key: str, became: Sequence[Became]) -> None:
    now = opened.clock()
    ones = [[type(one).__name__, asdict(one)] for one in became]
    opened.drafts.expire(_READ, before=now - HELD_S)
    opened.drafts.keep(_READ, key, orjson.dumps({"at": now, "became": ones}), now)


def _recalled_in(opened: OpenVault, key: str) -> tuple[Became, ...]:
    """Return what became of a step, () if that is too long ago, or a draft has gone since."""
    body = opened.drafts.one(_READ, key)
    if body is None:
        return ()
    try:
        value: dict[str, Any] = orjson.loads(body)
        became = tuple(_KINDS[kind](**said) for kind, said in value["became"])
        age_s = opened.clock() - value["at"]
    except (ValueError, KeyError, TypeError):
        return ()
    kept = [one for one in became if isinstance(one, Kept)]
    held_s = HELD_S if len(kept) == len(became) else OTHERS_HELD_S
    is_there = all(opened.drafts.has(WAITING, one.key) for one in kept)
    return became if 0 <= age_s < held_s and is_there else ()
