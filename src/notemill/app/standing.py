"""The state of a vault: what its notes have, and how connected their graph is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from notemill.markup.tags import tag_key
from notemill.vault.note import links, parse
from notemill.workflows.links.finding import cohesion_of
from notemill.workflows.tags.findings import review_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notemill.app.opened import OpenVault
    from notemill.index import NoteFacts


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a vault, as a person sees it in a graph of its notes.

    `variants` counts tags that have another spelling elsewhere or no meaning; `alone` counts notes
    that share neither a link nor a tag with another; `parts` counts the graph's connected
    components.
    """

    described: int
    tagged: int
    variants: int
    links: int
    alone: int
    parts: int


def standing_in(opened: OpenVault) -> Standing:
    """Return the vault's current state."""
    scene = opened.scene()
    found = review_tags(opened.look().facts, privacy=opened.privacy)
    facts = [one for one in scene.sight.seen if not one.problem]
    keys = {one.key for one in facts}
    pairs = {
        (min(key, other), max(key, other))
        for key in keys
        for link in links(parse(opened.vault.read(key))[0])
        if (other := scene.names.resolve(link.path, source=key)) in keys - {key}
    }
    joined = cohesion_of(keys, [*pairs, *_sharing_a_tag(facts)])
    return Standing(
        described=sum(one.has_description for one in facts),
        tagged=sum(bool(one.all_tags) for one in facts),
        variants=len(found.merges) + len(found.droppable),
        links=len(pairs),
        alone=joined.orphans,
        parts=joined.components,
    )


def _sharing_a_tag(facts: Iterable[NoteFacts]) -> Iterator[tuple[str, str]]:
    """Yield enough pairs of notes that share a tag to connect all that do."""
    holders: dict[str, list[str]] = {}
    for one in facts:
        for tag in one.all_tags:
            holders.setdefault(tag_key(tag), []).append(one.key)
    for keys in holders.values():
        yield from pairwise(keys)
