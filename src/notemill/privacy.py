"""Which notes may be seen: by a model or a service, and in a command's output.

The one place that decides this. A note is hidden if it has `notemill: ignore`, if an excluded
folder or glob matches it, or if it has an excluded tag or one below it. In doubt it is hidden: case
is ignored, a glob's `*` crosses folders, a folder's name matches at any depth, and a tag counts
even where YAML reads it as a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.config import Exclusions
from notemill.errors import ExternallyChangedError
from notemill.index import facts_of
from notemill.markup.tags import bare, is_within, paths_of, tag_key
from notemill.vault.globs import folded, matcher
from twolane import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from notemill.index import NoteFacts

IGNORES = "it has `notemill: ignore`"
EXCLUDED = "it is excluded"
_WILD: Final = re.compile(r"\[!?\]?[^\]/]*\]|[*?/]+")
DOUBTFUL = "properties that cannot be read may hold an excluded tag"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An exclusion that matches no note, as it was written, and the name it may have meant."""

    entry: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Sight:
    """A vault's notes, those among them that may be seen, and why the others are hidden.

    `hidden_tags` are the keys of tags that only hidden notes have: their names would reveal them.
    `matched` exclusions match some note, `unmatched` ones none, as they were written. `fits` tells
    whether any path is excluded.
    """

    facts: tuple[NoteFacts, ...]
    seen: tuple[NoteFacts, ...]
    hidden: Mapping[str, str]
    hidden_tags: frozenset[str]
    matched: frozenset[str]
    unmatched: tuple[Unmatched, ...]
    fits: Callable[[str], bool]

    def shows(self, key: str) -> bool:
        """Return whether a note may be named, even if it no longer exists."""
        return key not in self.hidden and not self.fits(key)


@dataclass(frozen=True, slots=True)
class Matches:
    """The notes that an exclusion matches: `count` of them, `notes` being the first.

    `otherwise_written` tells that none of these is written as the exclusion is: in another case, or
    another Unicode form.
    """

    count: int
    notes: tuple[str, ...]
    otherwise_written: bool


class Privacy:
    """The verdicts on the notes of one vault."""

    def __init__(self, exclusions: Exclusions) -> None:
        """Take the exclusions."""
        self._exclusions = exclusions
        self._patterns = {one: matcher(one, wide=True) for one in exclusions.patterns}
        self._tags = {f"#{one}": tag_key(bare(one.rstrip("*"))) for one in exclusions.tags}

    def __reduce__(self) -> tuple[type[Privacy], tuple[Exclusions]]:
        """Pickle the exclusions alone; the other process compiles their patterns again."""
        return Privacy, (self._exclusions,)

    def and_also(self, others: Exclusions) -> Privacy:
        """Return the verdicts that hide what these exclusions hide, and what `others` do."""
        return Privacy(
            Exclusions(
                tuple(dict.fromkeys((*self._exclusions.patterns, *others.patterns))),
                tuple(dict.fromkeys((*self._exclusions.tags, *others.tags))),
            )
        )

    @property
    def entries(self) -> list[str]:
        """What is excluded, as it was written."""
        return [*self._patterns, *self._tags]

    def why_not(self, facts: NoteFacts) -> str:
        """Return why a note is hidden, '' if it may be seen."""
        if facts.ignored:
            return IGNORES
        if next(self._fitting(facts), None) is not None:
            return EXCLUDED
        return DOUBTFUL if self._tags and facts.tags_unread else ""

    def hides(self, facts: NoteFacts) -> bool:
        """Return whether a note is hidden."""
        return bool(self.why_not(facts))

    def shows(self, facts: NoteFacts) -> bool:
        """Return whether a note may be seen."""
        return not self.why_not(facts)

    def why_not_now(self, key: str, raw: bytes) -> str:
        """Return why a note with the bytes `raw` is hidden, '' if it may be seen."""
        return self.why_not(facts_of(key, raw, size=len(raw), mtime_ns=0))

    def check(self, key: str, raw: bytes) -> None:
        """Check that a note with the bytes `raw` may be seen. Raises ExternallyChangedError."""
        if why := self.why_not_now(key, raw):
            raise ExternallyChangedError(f"it is now excluded: {why}")

    def hides_tags(self, tags: Iterable[str]) -> bool:
        """Return whether one of some tags, or one above it, is excluded."""
        keys = [tag_key(bare(one)) for one in tags]
        return any(is_within(tag, excluded) for tag in keys for excluded in self._tags.values())

    def sort(
        self,
        facts: Iterable[NoteFacts],
        others: Callable[[], Iterable[str]],
        proposed: Callable[[], Iterable[tuple[str, Iterable[str]]]] = tuple,
    ) -> Sight:
        """Sort a vault's notes; `others` gives the keys of all its files, also of skipped ones.

        `proposed` gives the paths and tags of notes that are not written yet: they are shown only
        if they would be.
        """
        seen: list[NoteFacts] = []
        hidden: dict[str, str] = {}
        away: list[NoteFacts] = []
        matched: set[str] = set()
        facts = tuple(facts)
        for one in facts:
            matched.update(self._fitting(one))
            if why := self.why_not(one):
                hidden[one.key] = why
                away.append(one)
            else:
                seen.append(one)
        if left := self._patterns.keys() - matched:
            keys = [folded(key) for key in others()]
            matched.update(one for one in left if any(map(self._patterns[one], keys)))
        unmatched = [one for one in self.entries if one not in matched]
        names = _names([*seen, *away]) if unmatched else []
        return Sight(
            facts=facts,
            seen=tuple(seen),
            hidden=hidden,
            hidden_tags=_tags_of(away) - _tags_of(seen) if away else frozenset(),
            matched=frozenset(matched),
            unmatched=tuple(Unmatched(one, _nearest(one, names)) for one in unmatched),
            fits=self._fits(proposed() if self._tags else ()),
        )

    def _fits(self, proposed: Iterable[tuple[str, Iterable[str]]]) -> Callable[[str], bool]:
        away = frozenset(key for key, tags in proposed if self.hides_tags(tags))
        return lambda key: key in away or self.hides_path(key)

    def matches(self, facts: Iterable[NoteFacts], *, most: int) -> dict[str, Matches]:
        """Return what each exclusion matches, by the exclusion as it was written.

        At most `most` notes of each are named. For the person whose notes these are, and nobody
        else.
        """
        found: dict[str, list[NoteFacts]] = {one: [] for one in self.entries}
        for one in facts:
            for entry in self._fitting(one):
                found[entry].append(one)
        return {
            entry: Matches(
                len(notes),
                tuple(one.key for one in notes[:most]),
                bool(notes) and not any(_is_written(entry, one) for one in notes),
            )
            for entry, notes in found.items()
        }

    def hides_path(self, key: str) -> bool:
        """Return whether the path alone excludes a note."""
        return any(fits(folded(key)) for fits in self._patterns.values())

    def _fitting(self, facts: NoteFacts) -> Iterator[str]:
        """Yield the exclusions that match a note, as they were written."""
        key = folded(facts.key)
        yield from (one for one, fits in self._patterns.items() if fits(key))
        if self._tags:
            tags = [tag_key(bare(one)) for one in (*facts.all_tags, *facts.doubtful_tags)]
            for entry, excluded in self._tags.items():
                if any(is_within(tag, excluded) for tag in tags):
                    yield entry


def _is_written(entry: str, facts: NoteFacts) -> bool:
    """Tell whether a note that an exclusion matches has its letters exactly as written."""
    if entry.startswith("#"):
        tag = bare(entry.rstrip("*"))
        return any(is_within(one, tag) for one in (*facts.all_tags, *facts.doubtful_tags))
    letters = _WILD.split(entry.replace("\\", "/").removeprefix("./"))
    return all(one in f"/{facts.key}" for one in letters)


def _tags_of(facts: Iterable[NoteFacts]) -> frozenset[str]:
    """Return the keys of all tags of notes, and of the tags above them."""
    tags = {tag_key(tag) for one in facts for tag in one.all_tags}
    return frozenset(path for tag in tags for path in paths_of(tag))


def _names(facts: Iterable[NoteFacts]) -> list[str]:
    """Return what an exclusion may have meant: folders, notes and tags."""
    found: dict[str, None] = {}
    for one in facts:
        parts = one.folder.split("/") if one.folder else []
        found |= dict.fromkeys("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        found |= dict.fromkeys((*parts, one.key, *(f"#{tag}" for tag in one.all_tags)))
    return list(found)


def _nearest(entry: str, names: list[str]) -> str:
    plain = {folded(name).lstrip("#"): name for name in names}
    wanted = folded(entry).strip("#/* ")
    near = nearest(wanted, plain, most=1)
    return plain[near[0]] if near else ""
