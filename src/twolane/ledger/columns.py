"""Rows of the database as values: the columns in order, and how each row is read."""

from __future__ import annotations

import zlib
from dataclasses import fields
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from twolane.core.naming import is_run_id
from twolane.core.states import BatchState, ItemState, RunState
from twolane.core.types import Lane
from twolane.errors import LedgerDamagedError, LedgerError
from twolane.ledger.rows import BatchRow, ItemRow, RunRow, grow, restored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")
T = TypeVar("T")

ITEM_COLUMNS = ", ".join(ItemRow._fields)
RUN_COLUMNS = ", ".join(field.name for field in fields(RunRow))
BATCH_COLUMNS = ", ".join(field.name for field in fields(BatchRow))
# Looked up, which takes a tenth of calling the class.
_LANES = {lane.value: lane for lane in Lane}
_ITEM_STATES = {state.value: state for state in ItemState}

# What SQLite hands out for a column of a type, as the rows name it.
_STORED: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "bool": (int,),
    "float": (float,),
    "bytes": (bytes, str),
    "str": (str,),
    "Lane": (str,),
    "ItemState": (str,),
    "BatchState": (str,),
    "RunState": (str,),
}
# Names of files may have lone surrogates, and are then stored as bytes.
_MAY_BE_BYTES = frozenset({"key", "name", "label", "source"})
LATEST_TIME = 1e11
"""No ledger holds a time after the year 5138."""


def _types_of(row: type[RunRow | BatchRow]) -> tuple[tuple[type, ...], ...]:
    types = []
    for field in fields(row):
        name, _, optional = str(field.type).partition(" | ")
        kinds = (str, bytes) if field.name in _MAY_BE_BYTES else _STORED[name]
        types.append((*kinds, type(None)) if optional else kinds)
    return tuple(types)


_RUN_TYPES, _BATCH_TYPES = _types_of(RunRow), _types_of(BatchRow)
_ITEM_SHAPES = frozenset(
    (int, key, name, str, int, int, int, str, str, str, str, int, int, int)
    for key in (str, bytes)
    for name in (str, bytes)
)


def damaged(why: object) -> LedgerError:
    """Return the error for contents that no ledger would have written."""
    return LedgerDamagedError(
        f"the ledger is damaged: {why}. `twolane check` names what is broken; restore the ledger "
        "from a copy (`twolane state import`)"
    )


def readable(read: Callable[P, T]) -> Callable[P, T]:
    """Make a reader of stored values raise LedgerError if they cannot be what was written."""

    @wraps(read)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (ValueError, TypeError, OverflowError, zlib.error) as error:
            raise damaged(error) from error

    return checked


def whole(value: object) -> int:
    """Return a count or an amount of money as stored. Raises LedgerError for anything else."""
    if not isinstance(value, int):
        raise damaged(f"{type(value).__name__} in place of a whole number")
    return value


def _check(row: Sequence[Any], types: Sequence[tuple[type, ...]]) -> None:
    for value, kinds in zip(row, types, strict=True):
        if not isinstance(value, kinds):
            message = f"{type(value).__name__} in place of {kinds[0].__name__}"
            raise TypeError(message)
        if isinstance(value, float) and not 0 <= value < LATEST_TIME:
            message = f"a time of {value}"
            raise ValueError(message)


def item_of(row: Sequence[Any]) -> ItemRow:
    """Return an item from a row of its columns, in the order of ItemRow's fields."""
    # Every item comes through here several times: its types are compared all at once.
    if tuple(map(type, row)) not in _ITEM_SHAPES:
        raise damaged("an item has values of the wrong type")
    item, key, name, content_hash, echo, need, stage, lane, state, *rest = row
    if not (isinstance(key, str) and isinstance(name, str)):
        key, name = restored(key), restored(name)
    try:
        return ItemRow(
            item, key, name, content_hash, bool(echo), need, stage, _LANES[lane],
            _ITEM_STATES[state], *rest,
        )  # fmt: skip
    except KeyError as error:
        raise damaged(f"an item is in the lane or state {error}") from error


@readable
def run_of(row: Sequence[Any]) -> RunRow:
    """Return a run from a row of its columns, in the order of RunRow's fields."""
    _check(row, _RUN_TYPES)
    values: dict[str, Any] = dict(zip((f.name for f in fields(RunRow)), row, strict=True))
    if not is_run_id(values["id"]):
        message = f"a run's id of {values['id']!r:.100}"
        raise ValueError(message)
    values["state"] = RunState(values["state"])
    values["label"], values["source"] = restored(values["label"]), restored(values["source"])
    values["lane_forced"] = Lane(values["lane_forced"]) if values["lane_forced"] else None
    values["decision_lane"] = Lane(values["decision_lane"])
    values["shared"] = grow(values["shared"])
    return RunRow(**values)


@readable
def batch_of(row: Sequence[Any]) -> BatchRow:
    """Return a batch from a row of its columns, in the order of BatchRow's fields."""
    _check(row, _BATCH_TYPES)
    values: dict[str, Any] = dict(zip((f.name for f in fields(BatchRow)), row, strict=True))
    if not is_run_id(values["nonce"]):  # it names files beside the run's id
        message = f"a batch's nonce of {values['nonce']!r:.100}"
        raise ValueError(message)
    values["state"] = BatchState(values["state"])
    return BatchRow(**values)
