"""The ledger: the durable truth of every run.

Modules are imported on first use: the ledger's path needs no database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from twolane.ledger.ledger import Ledger as Ledger
    from twolane.ledger.rows import BatchRow as BatchRow
    from twolane.ledger.rows import ItemRow as ItemRow
    from twolane.ledger.rows import NewItem as NewItem
    from twolane.ledger.rows import NewRun as NewRun
    from twolane.ledger.rows import ResultRow as ResultRow
    from twolane.ledger.rows import RunRow as RunRow
    from twolane.ledger.rows import SentItem as SentItem
    from twolane.ledger.rows import Settlement as Settlement
    from twolane.ledger.rows import item_id as item_id
    from twolane.ledger.rows import item_index as item_index

LEDGER_FILE: Final = "ledger.sqlite3"
"""The ledger's file name in the state folder."""

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


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the module that defines a public name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = "ledger" if name == "Ledger" else "rows"
    return getattr(import_module(f"{__name__}.{place}"), name)
