"""Which notes need work, and why: a note that needs none costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.markup.tags import is_tag

if TYPE_CHECKING:
    from notemill.index import NoteFacts


@dataclass(frozen=True, slots=True)
class Need:
    """Why a note needs work; `rank` puts the neediest first if the budget cannot pay for all."""

    reason: str
    rank: int


def need_of(facts: NoteFacts, curated_source: str | None, *, refresh: bool) -> Need | None:
    """Return why a note needs work, or None if it needs none.

    `curated_source` is the source hash under which the note was last curated. The hash leaves out
    what notemill owns, so its own writing never makes a note need work.
    """
    if curated_source == facts.source_hash and not refresh:
        return None
    if curated_source is not None and curated_source != facts.source_hash:
        return Need("changed since it was last curated", 2)
    if not facts.has_description and not facts.all_tags:
        return Need("no description and no tags", 5)
    if not facts.has_description:
        return Need("no description", 4)
    if not facts.all_tags:
        return Need("no tags", 4)
    if bad := [tag for tag in facts.tags if not is_tag(tag)]:
        return Need(f"invalid tag {bad[0]}", 3)
    if not any("/" in tag for tag in facts.all_tags):
        return Need("only flat tags", 1)
    if not facts.topics:
        return Need("no topics", 1)
    return Need("requested again", 0) if refresh else None
