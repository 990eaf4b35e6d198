"""The ledger: the durable truth of every run."""

from twolane.ledger.ledger import Ledger
from twolane.ledger.rows import (
    BatchRow,
    ItemRow,
    NewItem,
    NewRun,
    ResultRow,
    RunRow,
    SentItem,
    Settlement,
    item_id,
    item_index,
)

__all__ = [
    "BatchRow",
    "ItemRow",
    "Ledger",
    "NewItem",
    "NewRun",
    "ResultRow",
    "RunRow",
    "SentItem",
    "Settlement",
    "item_id",
    "item_index",
]
