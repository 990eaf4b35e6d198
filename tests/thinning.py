"""Which values of a sweep `make test` takes: some of them; `make long` takes the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def thinned(values: Iterable[object], *, every: int) -> list[Any]:
    """Return all values as parameters; the first of each `every` stays, the others are `long`."""
    return [
        value if number % every == 0 else pytest.param(value, marks=pytest.mark.long)
        for number, value in enumerate(values)
    ]
