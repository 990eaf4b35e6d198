"""Look up a note that a person names in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.errors import UsageError
from twolane import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


def no_such_item(run: str, item: str, keys: Iterable[str]) -> UsageError:
    """Return the error for a note that is not in a run, with the most similar names that are."""
    near = nearest(item, dict.fromkeys(keys))
    hint = f"; the nearest are {', '.join(near)}" if len(near) > 1 else ""
    hint = f"; the nearest is {near[0]}" if len(near) == 1 else hint
    return UsageError(f"run {run} has nothing about {item!r}{hint}; `notemill show {run}` lists it")
