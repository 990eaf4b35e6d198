"""Changes of a vault's tags, each decided on its own, with the notes it touches; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from notemill.errors import UsageError
from notemill.markup.tags import bare, is_within, paths_of, tag_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from notemill.tagging.census import Census


class ChangeKind(StrEnum):
    """What happens to a tag."""

    MERGE = "merge"
    MOVE = "move"
    RENAME = "rename"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Change:
    """A tag and what it would become, None if dropped; `notes` are those it touches."""

    tag: str
    becomes: str | None
    kind: ChangeKind
    reason: str
    notes: frozenset[str]

    @property
    def pair(self) -> tuple[str, str]:
        """The keys by which decisions know the change, '' for a tag to be dropped."""
        return tag_key(self.tag), tag_key(self.becomes or "")


def changes_of(
    wanted: Mapping[str, str | None],
    census: Census,
    *,
    reasons: Mapping[tuple[str, str], str],
    otherwise: str,
) -> tuple[Change, ...]:
    """Return the changes that touch notes, those that touch most first.

    `wanted` maps tags to what they become; children follow their parent, unless named themselves.
    `reasons` are by the keys of both tags, `otherwise` is the reason of all others.
    """
    notes = _touched(wanted, census)
    targets: dict[str, int] = {}
    for new in wanted.values():
        if new is not None:
            targets[tag_key(new)] = targets.get(tag_key(new), 0) + 1
    found: list[Change] = []
    for tag, new in wanted.items():
        touched = notes.get(tag_key(tag))
        if touched and new != tag:
            pair = (tag_key(tag), tag_key(new or ""))
            kind = _kind(tag, new, census, targets)
            found.append(Change(tag, new, kind, reasons.get(pair, otherwise), frozenset(touched)))
    return tuple(sorted(found, key=lambda one: (-len(one.notes), tag_key(one.tag))))


def moved_below(tag: str, parent: str) -> str:
    """Return a tag moved below another, '' for the top level. Raises UsageError if it cannot be.

    It keeps its last level.
    """
    leaf = bare(tag).rpartition("/")[2]
    into = bare(parent)
    if into and is_within(tag_key(into), tag_key(bare(tag))):
        raise UsageError(f"#{bare(tag)} cannot move below itself")
    return f"{into}/{leaf}" if into else leaf


def without(changes: Iterable[Change], rejected: Collection[tuple[str, str]]) -> tuple[Change, ...]:
    """Return the changes that were not rejected; `rejected` holds pairs of keys."""
    return tuple(one for one in changes if one.pair not in rejected)


def _kind(tag: str, new: str | None, census: Census, targets: Mapping[str, int]) -> ChangeKind:
    if new is None:
        return ChangeKind.DROP
    key = tag_key(new)
    if key == tag_key(tag):
        return ChangeKind.RENAME
    if key in census.tags:
        return ChangeKind.MERGE
    if key.rpartition("/")[2] == tag_key(tag).rpartition("/")[2]:
        return ChangeKind.MOVE
    return ChangeKind.MERGE if targets[key] > 1 else ChangeKind.RENAME


def _touched(wanted: Mapping[str, str | None], census: Census) -> dict[str, set[str]]:
    """Return each change's notes by its tag's key: those of the tag, and of children not named."""
    named = {tag_key(tag): new for tag, new in wanted.items()}
    touched: dict[str, set[str]] = {}
    for tag in census.used:
        nearest = next((path for path in reversed(paths_of(tag.key)) if path in named), None)
        if nearest is None:
            continue
        spelled = named[nearest]
        if spelled is not None and tag_key(spelled) == nearest:
            # The same tag in another case: only other spellings change.
            if nearest == tag.key and set(tag.spellings) != {spelled}:
                touched.setdefault(nearest, set()).update(tag.notes)
            continue
        touched.setdefault(nearest, set()).update(tag.notes)
    return touched
