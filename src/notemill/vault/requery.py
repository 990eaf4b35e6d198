"""Queries that follow a change of tags, as far as they find the same notes afterwards; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.markup.lines import one_line
from notemill.markup.queries import query_tags
from notemill.markup.tags import is_within, tag_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from notemill.markup.queries import QueryTag
    from notemill.vault.note import Note


MAX_LINE_CHARS: Final = 500
"""The most of a line that is shown and compared: nobody decides by more."""


class Requeried(NamedTuple):
    """What becomes of the tags of queries: those that get a new name, and those that cannot."""

    renamed: tuple[tuple[QueryTag, str], ...]
    stuck: tuple[QueryTag, ...]


def requeried(
    tags: Iterable[QueryTag],
    becomes: Callable[[str], str | None],
    *,
    stays: Callable[[QueryTag], bool] = lambda _: False,
) -> Requeried:
    """Return which tags of queries get which new name, and which need a person.

    Those are tags that are dropped, that may mean something else, that `stays` names, and that
    would meet their new name in a query which leaves notes out: `#a and -#b` finds nothing once
    both are `#b`.
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
            meets = tag.negates and new is not None and _meets(new, staying)
            if new is None or not tag.is_sure or meets or stays(tag):
                stuck.append(tag)
            else:
                renamed.append((tag, new))
    return Requeried(tuple(renamed), tuple(stuck))


def _meets(new: str, staying: Iterable[str]) -> bool:
    key = tag_key(new)
    return any(is_within(key, one) or is_within(one, key) for one in staying)


def query_changes(
    note: Note, becomes: Callable[[str], str | None], *, keeping: Collection[str] = frozenset()
) -> Sequence[tuple[QueryTag, str]]:
    """Return the tags of a note's queries that get a new name; none in the lines `keeping`."""

    def stays(tag: QueryTag) -> bool:
        return bool(keeping) and line_around(note.body, tag.start) in keeping

    return requeried(query_tags(note.reading), becomes, stays=stays).renamed


def line_around(text: str, at: int) -> str:
    """Return the line of a text that has a character, on one line and shortened."""
    return _shown(text[_start(text, at) : _stop(text, at)])


def changed_lines(
    text: str, renamed: Sequence[tuple[QueryTag, str]]
) -> tuple[tuple[str, str], ...]:
    """Return the lines of queries that change, each before and after, as `line_around` does."""
    found: list[tuple[str, str]] = []
    parts: list[str] = []
    at = stop = -1
    for low, high, new in splices_of(renamed):
        if low >= stop:
            start, stop = _start(text, low), _stop(text, low)
            parts, at = [], start
            found.append((_shown(text[start:stop]), ""))
        parts.append(text[at:low] + new)
        at = high
        found[-1] = (found[-1][0], _shown("".join([*parts, text[at:stop]])))
    return tuple(found)


def _start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _stop(text: str, at: int) -> int:
    stop = text.find("\n", at)
    return len(text) if stop < 0 else stop


def _shown(line: str) -> str:
    return one_line(line[: 2 * MAX_LINE_CHARS])[:MAX_LINE_CHARS]


def splices_of(renamed: Sequence[tuple[QueryTag, str]]) -> list[tuple[int, int, str]]:
    """Return which characters of the text become which others, in order."""
    return sorted((tag.start, tag.end, new) for tag, new in renamed)
