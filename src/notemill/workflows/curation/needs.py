"""Which notes need work, and why: a note that needs none costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import is_tag
from notemill.properties import CURATED, Property

if TYPE_CHECKING:
    from notemill.index import NoteFacts
    from notemill.properties import Properties


@dataclass(frozen=True, slots=True)
class Need:
    """Why a note needs work; `rank` puts the neediest first if the budget cannot pay for all."""

    reason: str
    rank: int


def need_of(
    facts: NoteFacts,
    curated_source: str | None,
    *,
    refresh: bool,
    used: Properties = CURATED,
    without: Properties = frozenset(),
) -> Need | None:
    """Return why a note needs work, or None if it needs none.

    `curated_source` is the source hash under which the note was last curated, `without` some
    properties. The hash leaves out what notemill owns, so its own writing never makes a note need
    work. Properties that are not `used` are no reason.
    """
    wanted = used & CURATED
    if curated_source == facts.source_hash and not refresh:
        wanted &= without
    if not wanted:
        return None
    if curated_source is not None and curated_source != facts.source_hash:
        return Need("changed since it was last curated", 2)
    return _lacking(facts, wanted) or (Need("requested again", 0) if refresh else None)


def _lacking(facts: NoteFacts, wanted: Properties) -> Need | None:
    described = facts.has_description or Property.DESCRIPTION not in wanted
    tagged = bool(facts.all_tags) or Property.TAGS not in wanted
    if not described and not tagged:
        return Need("no description and no tags", 5)
    if not described:
        return Need("no description", 4)
    if not tagged:
        return Need("no tags", 4)
    if Property.TAGS in wanted:
        if bad := [tag for tag in facts.tags if not is_tag(tag)]:
            return Need(f"invalid tag {bad[0]}", 3)
        if not any("/" in tag for tag in facts.all_tags):
            return Need("only flat tags", 1)
    if Property.TOPICS in wanted and not facts.topics:
        return Need("no topics", 1)
    return None
