"""Places of the engine that hold something else for a while."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextlib.contextmanager
def replaced(places: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Put other things in places, each (module or class, name, what), and the usual ones back."""
    with contextlib.ExitStack() as back:
        for owner, name, other in places:
            back.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, other)
        yield
