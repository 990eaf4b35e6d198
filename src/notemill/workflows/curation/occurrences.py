"""How often the subjects of tags occur in a whole vault, of which a run sees a part; pure.

A subject is what a tag's last level names. It is looked for by its stems, as everywhere that tags
are matched with notes; several words have to stand side by side.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key
from notemill.tagging.variants import level_form, words_of
from notemill.text.terms import terms
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.index import NoteFacts
    from notemill.linking.content import Content

_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Numbers of notes of which a name, the text, a folder, or a link's target is a subject's.

    Names are a note's title, its first heading and its aliases.
    """

    named: int = 0
    said: int = 0
    placed: int = 0
    linked: int = 0


def occurrences(
    tags: Iterable[str], notes: Iterable[tuple[NoteFacts, Content]]
) -> dict[str, Occurrence]:
    """Return how often the subjects of `tags` occur in `notes`, by the keys of the tags."""
    subjects = _Subjects(tags)
    named, said, placed, linked = (Counter[str]() for _ in range(4))
    for facts, content in notes:
        named.update(subjects.named(facts, content))
        said.update(subjects.said(content))
        placed.update(subjects.placed(facts))
        linked.update(subjects.linked(content))
    return {
        key: Occurrence(named[key], said[key], placed[key], linked[key]) for key in subjects.leaves
    }


class _Subjects:
    """The subjects of tags, by the keys of the tags; each method says which a note has."""

    def __init__(self, tags: Iterable[str]) -> None:
        self.leaves = {tag_key(tag): tag.rpartition("/")[2] for tag in tags}
        self._forms = _Forms(self.leaves)
        self._of_language = cache(partial(_Stems, self.leaves))

    def named(self, facts: NoteFacts, content: Content) -> set[str]:
        stems = self._of_language(content.language)
        names = (facts.title, *content.names)
        return {key for one in names for key in stems.within(stems.of(one))}

    def said(self, content: Content) -> set[str]:
        return self._of_language(content.language).within(content.terms)

    def placed(self, facts: NoteFacts) -> set[str]:
        return {key for level in facts.folder.split("/") for key in self._forms.of(level)}

    def linked(self, content: Content) -> set[str]:
        return {key for path, _ in content.links for key in self._forms.of(path)}


class _Stems:
    """The stems of some names in texts of one language."""

    def __init__(self, names: Mapping[str, str], language: str) -> None:
        self._language = language
        self._by_first: dict[str, list[tuple[str, list[str]]]] = {}
        for key, name in names.items():
            if stems := self.of(" ".join(words_of(name))):
                self._by_first.setdefault(stems[0], []).append((key, stems))

    def of(self, text: str) -> list[str]:
        return terms(text, self._language)

    def within(self, said: Sequence[str]) -> set[str]:
        """Return the keys of the names that stand in a text, given by its terms."""
        every = set(said)
        maybe = [
            one
            for first in every & self._by_first.keys()
            for one in self._by_first[first]
            if every.issuperset(one[1])
        ]
        several = any(len(stems) > 1 for _, stems in maybe)
        whole = f" {' '.join(said)} " if several else ""
        return {key for key, stems in maybe if len(stems) == 1 or f" {' '.join(stems)} " in whole}


class _Forms:
    """Some names by their forms, to compare names of folders and pages with."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._known: dict[str, AbstractSet[str]] = {}
        self._by_form: dict[str, set[str]] = {}
        for key, name in names.items():
            self._by_form.setdefault(level_form(name), set()).add(key)

    def of(self, path: str) -> AbstractSet[str]:
        """Return the keys of the names that the last part of a path is."""
        if path not in self._known:
            self._known[path] = self._by_form.get(level_form(title_of(path)), _NONE)
        return self._known[path]
