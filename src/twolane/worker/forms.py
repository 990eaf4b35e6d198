"""The required form of each reply: one schema for the run, or one per item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from twolane.core.identity import ECHO
from twolane.core.replies import json_in
from twolane.core.schema import check_of, schema_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twolane.worker.context import Context

LOOK_ROWS = 500


class Forms:
    """Knows what the text of a reply is checked against."""

    def __init__(self, context: Context) -> None:
        """Load the forms of `context`'s run. Raises InputError if its schema is invalid."""
        self._context = context
        self._own = bool(context.run.setting("own_schemas"))
        self._shared = schema_json(orjson.loads(context.run.shared))
        usable = context.run.setting("usable")
        self._usable = orjson.dumps(usable) if isinstance(usable, dict) else None
        self._why = str(usable.get("description", "")) if isinstance(usable, dict) else ""
        self._of: dict[int, bytes] = {}
        self._same: dict[bytes, bytes] = {}
        for schema in filter(None, (self._shared, self._usable)):
            check_of(schema)

    def note(self, item: int, own: bytes) -> None:
        """Note an item's own part of its request, as it is sent."""
        if not self._own:
            return
        schema = schema_json(orjson.loads(own))
        if schema is not None:
            # Many items share few schemas: each is kept once.
            self._of[item] = self._same.setdefault(schema, schema)

    async def learn(self, items: Iterable[int]) -> None:
        """Load the forms of items that an earlier process sent. Raises LedgerError."""
        missing = [item for item in items if item not in self._of] if self._own else []
        context = self._context
        for start in range(0, len(missing), LOOK_ROWS):
            some = missing[start : start + LOOK_ROWS]
            for item, own in (await context.db(context.ledger.requests, some)).items():
                self.note(item, own)

    def problem(self, item: int, text: str) -> str | None:
        """Return what is wrong with the form of a reply, None if nothing is."""
        schema = self._of.get(item, self._shared)
        problem = None if schema is None else check_of(schema)(text)
        if problem is None and self._usable is not None:
            problem = check_of(self._usable)(text)
            return problem and (self._why or problem)
        return problem

    def json_in(self, item: int, text: str) -> str:
        """Return the JSON that a reply has among fences, thoughts or prose, else its whole text."""
        schema = self._of.get(item, self._shared)
        return json_in(text, {"required": [ECHO]} if schema is None else orjson.loads(schema))[1]
