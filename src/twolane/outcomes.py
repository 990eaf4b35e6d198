"""The outcome of one item, as callers and outputs see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.money import usd
from twolane.core.retry import ENDINGS
from twolane.core.states import ItemState
from twolane.errors import LedgerDamagedError, LedgerError
from twolane.providers.messages import text_of

if TYPE_CHECKING:
    from decimal import Decimal

    from twolane.core.types import Lane
    from twolane.ledger import ResultRow

_UNUSED_ANSWERS = ENDINGS | {"invalid_reply", "quarantined"}


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The outcome of one item. `body` is its result in the provider's batch-result shape."""

    index: int
    key: str
    state: ItemState
    lane: Lane
    custom_id: str
    attempts: int
    cost_nano: int
    error_kind: str
    message: str
    content_hash: str
    body: bytes | None

    @property
    def cost_usd(self) -> Decimal:
        """The cost of all the item's attempts, in dollars."""
        return usd(self.cost_nano)

    @property
    def result(self) -> dict[str, Any]:
        """Its result as a JSON object, empty if there is none.

        Raises LedgerError if it is damaged or was deleted.
        """
        if self.body is None and self.state is ItemState.SUCCEEDED:
            message = (
                f"the result of item {self.index} ({self.key}) is not in the ledger any more; "
                "`show` says since when"
            )
            raise LedgerError(message)
        try:
            value = orjson.loads(self.body) if self.body else {}
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise self._damaged
        return value

    @property
    def _damaged(self) -> LedgerError:
        return LedgerDamagedError(
            f"the result of item {self.index} ({self.key}) is damaged in the ledger; see "
            "`twolane check`"
        )

    @property
    def text(self) -> str:
        """The text of the reply, empty if there is none. Raises LedgerError."""
        result = self.result
        try:
            return text_of(result.get("message", {}).get("content"))
        except AttributeError as error:
            raise self._damaged from error


def outcome_of(row: ResultRow) -> ItemOutcome:
    """Convert a row of the ledger to the public outcome.

    An answer that is not the item's result (canceled meanwhile, quarantined, invalid) stays in the
    ledger and is not returned.
    """
    answered = row.outcome == "succeeded" or row.error_kind in _UNUSED_ANSWERS
    withheld = row.item.state is ItemState.CANCELED or (
        answered and row.item.state not in (ItemState.SUCCEEDED, ItemState.CONFLICT)
    )
    return ItemOutcome(
        index=row.item.index,
        key=row.item.key,
        state=row.item.state,
        lane=row.lane,
        custom_id=row.custom_id,
        attempts=row.attempts,
        cost_nano=row.cost_nano,
        error_kind=row.error_kind,
        message=row.item.reason or row.message,
        content_hash=row.item.content_hash,
        body=None if withheld else row.body,
    )
