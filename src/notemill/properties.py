"""The properties that notemill fills in, of which a person chooses those that are used."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable


class Property(StrEnum):
    """A property that notemill fills in, in the order in which they are told."""

    DESCRIPTION = "description"
    TAGS = "tags"
    TOPICS = "topics"
    RELATED = "related"


Properties: TypeAlias = frozenset[Property]

ALL: Final[Properties] = frozenset(Property)
CURATED: Final[Properties] = ALL - {Property.RELATED}
"""Those that a curation fills in; links are found by themselves."""


def listed(properties: Iterable[str]) -> str:
    """Return properties by name, in their order, as the setting is written."""
    return ", ".join(one for one in Property if one in properties)


def read_properties(text: str) -> Properties:
    """Return the properties that a text lists; none at all if it lists anything else."""
    names = {one.strip() for one in text.split(",")}
    return frozenset(map(Property, names)) if names <= ALL else frozenset()
