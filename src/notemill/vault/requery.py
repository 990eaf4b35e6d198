"""Queries that follow a change of tags, as far as they find the same notes afterwards; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notemill.markup.tags import is_within, tag_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notemill.markup.queries import QueryTag


class Requeried(NamedTuple):
    """What becomes of the tags of queries: those that get a new name, and those that cannot."""

    renamed: tuple[tuple[QueryTag, str], ...]
    stuck: tuple[QueryTag, ...]


def requeried(tags: Iterable[QueryTag], becomes: Callable[[str], str | None]) -> Requeried:
    """Return which tags of queries get which new name, and which need a person.

    Those are tags that are dropped, that may mean something else, and that would meet their new
    name in a query which leaves notes out: `#a and -#b` finds nothing once both are `#b`.
    """
    queries: dict[int, list[QueryTag]] = {}
    for tag in tags:
        queries.setdefault(tag.query, []).append(tag)
    renamed: list[tuple[QueryTag, str]] = []
    stuck: list[QueryTag] = []
    for query in queries.values():
        changing = [(tag, new) for tag in query if (new := becomes(tag.name)) != tag.name]
        staying = {tag_key(tag.name) for tag in query} - {tag_key(tag.name) for tag, _ in changing}
        for tag, new in changing:
            if new is None or not tag.is_sure or (tag.negates and _meets(new, staying)):
                stuck.append(tag)
            else:
                renamed.append((tag, new))
    return Requeried(tuple(renamed), tuple(stuck))


def _meets(new: str, staying: Iterable[str]) -> bool:
    key = tag_key(new)
    return any(is_within(key, one) or is_within(one, key) for one in staying)


def splices_of(renamed: Sequence[tuple[QueryTag, str]]) -> list[tuple[int, int, str]]:
    """Return which characters of the text become which others, in order."""
    return sorted((tag.start, tag.end, new) for tag, new in renamed)
