"""Queries for values that a column of a ledger must not hold, whatever its other rows say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twolane.core.outside import MAX_TOKENS, MAX_WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_RUNS: Final = 2**30
MAX_ITEMS: Final = 2**31
MAX_NANO: Final = 10**17
"""A hundred million dollars: more than any ledger has to hold, even summed."""

MONEY_COLUMNS = ("reserve_nano", "cost_nano", "realtime_nano")
# Nothing would ever leave in batches of none.
_NEVER_NONE = ("batch_size", "batch_bytes")
TOKEN_COLUMNS = (
    "input_tokens", "output_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_read_tokens", "web_searches",
)  # fmt: skip

# What each column may hold, by SQLite's storage classes; a name with lone surrogates is a blob.
_TEXTS = {
    "runs": ("id", "kind", "state", "state_reason", "input_hash", "settings", "provider", "model",
             "decision_lane", "decision_reason", "waits_for"),
    "items": ("content_hash", "lane", "state", "reason", "fault"),
    "batches": ("nonce", "state", "reason", "base_url", "key_fingerprint"),
    "attempts": ("lane", "nonce", "error_kind", "message", "unpriced"),
    "controls": ("action",),
}  # fmt: skip
_NAMES = {"runs": ("label", "source"), "items": ("key", "name")}
_NUMBERS = {
    "runs": ("batch_size", "total", "estimated_nano"),
    "items": ("echo", "need", "stage", "tries", "size_bytes", "max_tokens"),
    "batches": ("run_no", "size"),
    "attempts": ("item", *MONEY_COLUMNS, *TOKEN_COLUMNS),
    "controls": ("run_no",),
}
_TIMES = {
    "runs": ("created_at", "worked_s"),
    "batches": ("intended_at",),
    "attempts": ("sent_at",),
    "controls": ("asked_at",),
}
_TIMES_OR_NONE = {
    "runs": ("ended_at", "deadline_at", "dropped_at", "waits_until"),
    "batches": ("newest_at", "submitted_at", "ended_at", "cancel_at"),
    "attempts": ("settled_at",),
    "controls": ("done_at",),
}


def wrong_types() -> str:
    """Return a query for values that are not of their column's type."""
    kinds = (
        (_TEXTS, ("text",)),
        (_NAMES, ("text", "blob")),
        (_NUMBERS, ("integer",)),
        (_TIMES, ("real",)),
        (_TIMES_OR_NONE, ("real", "null")),
    )
    return " UNION ALL ".join(
        f"SELECT '{table} row ' || rowid || ' {column}' FROM {table}"
        f" WHERE typeof({column}) NOT IN ({listed(allowed)})"
        for columns, allowed in kinds
        for table, names in columns.items()
        for column in names
    )


def wrong_times() -> str:
    """Return a query for impossible times."""
    return " UNION ALL ".join(
        f"SELECT '{table} row ' || rowid || ' {column}' FROM {table}"
        f" WHERE typeof({column}) = 'real' AND NOT {column} BETWEEN 0 AND 1e11"
        for columns in (_TIMES, _TIMES_OR_NONE)
        for table, names in columns.items()
        for column in names
    )


def odd_numbers() -> str:
    """Return a query for impossibly large or negative counts."""
    tokens = dict.fromkeys(TOKEN_COLUMNS, MAX_TOKENS)
    money = dict.fromkeys(MONEY_COLUMNS, MAX_NANO)
    most: dict[str, dict[str, int]] = {
        "runs": {"run_no": MAX_RUNS, "batch_size": MAX_ITEMS, "total": MAX_ITEMS,
                 "estimated_nano": MAX_WHOLE, "cap_nano": MAX_WHOLE, "batch_bytes": MAX_TOKENS},
        "items": {"echo": 1, "need": MAX_TOKENS, "stage": MAX_ITEMS, "tries": MAX_TOKENS,
                  "size_bytes": MAX_WHOLE, "max_tokens": MAX_WHOLE},
        "batches": {"size": MAX_ITEMS},
        "attempts": {**tokens, **money},
    }  # fmt: skip
    return " UNION ALL ".join(
        f"SELECT '{table} row ' || rowid || ' {column}' FROM {table}"
        f" WHERE {column} NOT BETWEEN {int(column in _NEVER_NONE)} AND {bound}"
        for table, columns in most.items()
        for column, bound in columns.items()
    )


def listed(values: Iterable[str]) -> str:
    """Return texts as an SQL list."""
    return ", ".join(f"'{value}'" for value in sorted(values))
