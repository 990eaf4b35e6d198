"""The simulator's bill, by request: the independent count to check the engine's ledger against."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.types import Lane, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The lanes' cache marks live differently long; that does not make another request of it.
_TTL: Final = re.compile(rb'"ttl":"(?:5m|1h)",?')
_ENGINE_ID: Final = re.compile(r"file_(\d{5,})_.*")


def body_hash(params: Mapping[str, Any]) -> str:
    """Return the hash of a request that is the same in both lanes: 32 hex digits."""
    plain = {key: value for key, value in params.items() if key != "stream"}
    data = _TTL.sub(b"", orjson.dumps(plain, option=orjson.OPT_SORT_KEYS))
    return blake2b(data, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Charge:
    """One answered request on the bill; `custom_id` and `batch_id` are None in real time."""

    body_hash: str
    lane: Lane
    usage: Usage
    model: str
    custom_id: str | None = None
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of one lane."""

    requests: int = 0
    usage: Usage = field(default_factory=Usage)


class Billing:
    """Every charge so far, oldest first."""

    def __init__(self, charges: Iterable[Charge] = ()) -> None:
        """Start with `charges`."""
        self._charges = list(charges)

    def __iter__(self) -> Iterator[Charge]:
        """Iterate the charges."""
        return iter(self._charges)

    def __len__(self) -> int:
        """Return how many requests were charged."""
        return len(self._charges)

    def add(self, charge: Charge) -> None:
        """Add a charge to the bill."""
        self._charges.append(charge)

    def totals(self) -> dict[Lane, Totals]:
        """Return requests and tokens of each lane."""
        return {lane: _sum(one for one in self._charges if one.lane is lane) for lane in Lane}

    def times(self) -> dict[str, int]:
        """Return how often each request (by its `body_hash`) was charged."""
        counted: dict[str, int] = {}
        for charge in self._charges:
            counted[charge.body_hash] = counted.get(charge.body_hash, 0) + 1
        return counted

    def paid_twice(self) -> int:
        """Return how many charges repeat a request that was already charged.

        Requests are the same if their bodies are. If one or several batches carry a request for
        several items (distinguished by the index in the engine's custom_id), each item may cost
        once.
        """
        items: dict[str, set[str]] = {}
        for charge in self._charges:
            items.setdefault(charge.body_hash, set())
            if charge.custom_id is not None:
                items[charge.body_hash].add(_item(charge.custom_id))
        return sum(max(0, count - max(1, len(items[body]))) for body, count in self.times().items())


def _item(custom_id: str) -> str:
    match = _ENGINE_ID.fullmatch(custom_id)
    return match[1] if match else custom_id


def _sum(charges: Iterable[Charge]) -> Totals:
    requests = plain = output = write_5m = write_1h = read = searches = 0
    for charge in charges:
        usage = charge.usage
        requests += 1
        plain += usage.input_tokens
        output += usage.output_tokens
        write_5m += usage.cache_write_5m_tokens
        write_1h += usage.cache_write_1h_tokens
        read += usage.cache_read_tokens
        searches += usage.web_searches
    return Totals(requests, Usage(plain, output, write_5m, write_1h, read, searches))
