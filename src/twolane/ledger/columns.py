"""Rows of the database as values: the columns in order, and how each row is read."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from twolane.core.states import BatchState, ItemState, RunState
from twolane.core.types import Lane
from twolane.ledger.rows import BatchRow, ItemRow, RunRow, grow, restored

if TYPE_CHECKING:
    from collections.abc import Sequence

ITEM_COLUMNS = ", ".join(field.name for field in fields(ItemRow))
RUN_COLUMNS = ", ".join(field.name for field in fields(RunRow))
BATCH_COLUMNS = ", ".join(field.name for field in fields(BatchRow))


def item_of(row: Sequence[Any]) -> ItemRow:
    """Return an item from a row of its columns, in the order of ItemRow's fields."""
    item, key, name, content_hash, echo, need, stage, lane, state, *rest = row
    reason, fault, tries, size_bytes, max_tokens = rest
    return ItemRow(
        item, restored(key), restored(name), content_hash, bool(echo), need, stage, Lane(lane),
        ItemState(state), reason, fault, tries, size_bytes, max_tokens,
    )  # fmt: skip


def run_of(row: Sequence[Any]) -> RunRow:
    """Return a run from a row of its columns, in the order of RunRow's fields."""
    values: dict[str, Any] = dict(zip((f.name for f in fields(RunRow)), row, strict=True))
    values["state"] = RunState(values["state"])
    values["label"], values["source"] = restored(values["label"]), restored(values["source"])
    values["lane_forced"] = Lane(values["lane_forced"]) if values["lane_forced"] else None
    values["decision_lane"] = Lane(values["decision_lane"])
    values["shared"] = grow(values["shared"])
    return RunRow(**values)


def batch_of(row: Sequence[Any]) -> BatchRow:
    """Return a batch from a row of its columns, in the order of BatchRow's fields."""
    values: dict[str, Any] = dict(zip((f.name for f in fields(BatchRow)), row, strict=True))
    values["state"] = BatchState(values["state"])
    return BatchRow(**values)
