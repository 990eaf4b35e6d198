"""The properties that notemill fills in, and how many notes have each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.index import NoteFacts

_HAS: Final[Mapping[str, Callable[[NoteFacts], bool]]] = {
    "description": lambda one: bool(one.has_description),
    "tags": lambda one: bool(one.tags),
    "topics": lambda one: bool(one.topics),
    "related": lambda one: bool(one.related),
}


@dataclass(frozen=True, slots=True)
class PropertyUsed:
    """A property that notemill fills in, and the number of visible notes that have it."""

    name: str
    notes: int


async def properties_used(bench: Workbench) -> tuple[PropertyUsed, ...]:
    """Return the properties that notemill fills in, each with its notes. Raises VaultError."""
    return await bench.on(_used)


def _used(opened: OpenVault) -> tuple[PropertyUsed, ...]:
    seen = opened.look().seen
    return tuple(PropertyUsed(name, sum(map(has, seen))) for name, has in _HAS.items())
