"""The properties that notemill may fill in, and how many notes have each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.properties import Property

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.index import NoteFacts

_HAS: Final[Mapping[Property, Callable[[NoteFacts], bool]]] = {
    Property.DESCRIPTION: lambda one: bool(one.has_description),
    Property.TAGS: lambda one: bool(one.tags),
    Property.TOPICS: lambda one: bool(one.topics),
    Property.RELATED: lambda one: bool(one.related),
}


async def notes_with(bench: Workbench) -> Mapping[Property, int]:
    """Return how many visible notes have each property. Raises VaultError."""
    return await bench.on(_counted)


def _counted(opened: OpenVault) -> Mapping[Property, int]:
    seen = opened.look().seen
    return {one: sum(map(has, seen)) for one, has in _HAS.items()}
