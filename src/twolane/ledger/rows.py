"""The ledger's input and output: rows as frozen values."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from twolane.core.types import Lane, Usage
from twolane.databases import inflate
from twolane.errors import LedgerDamagedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane.core.states import BatchState, ItemState, RunState

ITEM_BITS = 32
_INDEX_MASK = (1 << ITEM_BITS) - 1
NO_USAGE = Usage()
COMPRESS_ABOVE_BYTES = 1024
_ZLIB_FIRST_BYTE = 0x78
IMPORTED = "imported"
"""The setting that marks an imported run, which anybody may have written: see `RunRow`."""


def item_id(run_no: int, index: int) -> int:
    """Return the primary key of the item at `index` of a run."""
    return (run_no << ITEM_BITS) | index


def item_index(item: int) -> int:
    """Return an item's index in its run from its primary key."""
    return item & _INDEX_MASK


def shrink(body: bytes) -> bytes:
    """Compress a JSON body if that is worth it; `grow` tells the two forms apart."""
    return zlib.compress(body, 1) if len(body) > COMPRESS_ABOVE_BYTES else body


def grow(blob: bytes) -> bytes:
    """Undo `shrink`: no JSON object begins with zlib's first byte.

    Raises LedgerError if it is damaged.
    """
    try:
        return inflate(blob) if blob[0] == _ZLIB_FIRST_BYTE else bytes(blob)
    except (zlib.error, IndexError, TypeError) as error:
        message = (
            "a request or a reply in the ledger is damaged; `twolane check` names it. Restore the "
            "ledger from a copy (`twolane state import`)"
        )
        raise LedgerDamagedError(message) from error


def storable(text: str) -> str | bytes:
    """Return `text` for SQLite: as bytes if it has lone surrogates, as odd file names do."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def restored(value: str | bytes) -> str:
    """Undo `storable`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class NewRun:
    """All data of a run that is known before its first item is written."""

    id: str
    kind: str
    label: str
    source: str
    input_hash: str
    settings: Mapping[str, object]
    provider: str
    base_url: str
    model: str
    lane_forced: Lane | None
    decision_lane: Lane
    decision_reason: str
    batch_size: int
    total: int
    estimated_nano: int
    cap_nano: int | None
    shared: bytes
    deadline_at: float | None = None


class NewItem(NamedTuple):
    """One item to be written; its index is its position in the sequence."""

    key: str
    name: str
    content_hash: str
    echo: bool
    need: int
    stage: int
    lane: Lane
    size_bytes: int
    max_tokens: int
    params: bytes


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run's current row."""

    run_no: int
    id: str
    kind: str
    label: str
    state: RunState
    state_reason: str
    created_at: float
    ended_at: float | None
    worked_s: float
    source: str
    input_hash: str
    settings: str
    provider: str
    base_url: str
    model: str
    lane_forced: Lane | None
    decision_lane: Lane
    decision_reason: str
    batch_size: int
    total: int
    estimated_nano: int
    cap_nano: int | None
    shared: bytes
    deadline_at: float | None
    handed_over: str | None
    dropped_at: float | None
    batch_bytes: int | None
    waits_for: str
    waits_until: float | None

    @property
    def imported(self) -> bool:
        """Whether it was imported: its output and its server must then be named again."""
        return self.setting(IMPORTED) is not None

    @property
    def begun_at(self) -> str:
        """The address where a server may be looked for, '' if only a person may name one."""
        return "" if self.imported else self.base_url

    def setting(self, name: str) -> object:
        """Return one of the settings the run was started with, None if it has none.

        Raises LedgerError if they are damaged.
        """
        try:
            values: dict[str, object] = json.loads(self.settings)
            return values.get(name)
        except (ValueError, AttributeError) as error:
            message = f"the settings of run {self.id} are damaged; see `twolane check`"
            raise LedgerDamagedError(message) from error

    @property
    def bounded(self) -> bool:
        """Whether no request's tokens can cost more than its reserve."""
        return self.setting("unbounded") is False


class ItemRow(NamedTuple):
    """An item without its request."""

    id: int
    key: str
    name: str
    content_hash: str
    echo: bool
    need: int
    stage: int
    lane: Lane
    state: ItemState
    reason: str
    fault: str
    tries: int
    size_bytes: int
    max_tokens: int

    @property
    def index(self) -> int:  # type: ignore[override]  # nobody looks for values in a row
        """Its position in the run, from 0."""
        return self.id & _INDEX_MASK

    @property
    def faults(self) -> frozenset[str]:
        """The classes of its faults so far."""
        return frozenset(self.fault.split())


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch's current row."""

    batch_no: int
    run_no: int
    nonce: str
    state: BatchState
    reason: str
    size: int
    provider_id: str | None
    base_url: str
    key_fingerprint: str
    newest_id: str | None
    newest_at: float | None
    intended_at: float
    submitted_at: float | None
    ended_at: float | None
    cancel_at: float | None


class SentItem(NamedTuple):
    """An attempt in flight, with what its answer is checked against."""

    attempt_no: int
    item: ItemRow
    lane: Lane
    nonce: str
    batch_no: int | None
    reserve_nano: int
    settled: bool


class Settlement(NamedTuple):
    """The ending of one attempt, and its item's next state.

    `item_state` PENDING is a retry; `fault` is the class of what went wrong, `refunds_try` says
    that it does not count as a try. `ending` is the model's stop reason, None for the usual one;
    `unpriced` is usage without a known price. `body` is the result in the provider's batch-result
    shape. `grows_bytes` is what a repair adds to the request. An item that was canceled meanwhile
    keeps its state; the attempt and its cost are booked all the same.
    """

    attempt_no: int
    item: int
    outcome: str
    item_state: ItemState
    settled_at: float
    reason: str = ""
    fault: str = ""
    error_kind: str = ""
    message: str = ""
    request_id: str | None = None
    cost_nano: int = 0
    realtime_nano: int = 0
    usage: Usage = NO_USAGE
    unpriced: str = ""
    ending: str | None = None
    body: bytes | None = None
    refunds_try: bool = False
    grows_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The outcome of one item, for outputs: `body` is its last result, None if there is none."""

    item: ItemRow
    lane: Lane
    attempts: int
    cost_nano: int
    custom_id: str
    outcome: str
    error_kind: str
    message: str
    body: bytes | None
