"""The ledger: the durable truth of every run."""

from twolane.ledger.ledger import LEDGER_FILE, Ledger
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
    "LEDGER_FILE",
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
