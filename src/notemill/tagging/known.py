"""Tags that are there, found by another spelling of them; pure.

What differs from a known tag only in case, in how its words are joined, or in number is that tag,
level by level: `Gardens/soil` is `garden/soil` if that is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.markup.tags import paths_of
from notemill.tagging.variants import level_form, singulars

if TYPE_CHECKING:
    from collections.abc import Iterable


class KnownTags:
    """The tags that are there, and their parents."""

    def __init__(self, tags: Iterable[str] = ()) -> None:
        """Take the tags; of two spellings of one the first counts."""
        self._below: dict[str, _Level] = {}
        self._by_leaf: dict[str, set[str]] = {}
        for tag in tags:
            parent = ""
            for path in paths_of(tag):
                parent = self._below.setdefault(parent, _Level()).add(path)
            self._by_leaf.setdefault(level_form(tag.rpartition("/")[2]), set()).add(parent)

    def of(self, tag: str) -> str:
        """Return the known tag that `tag` is another spelling of, else `tag` below known parents.

        The last level of exactly one known tag, given without its parents, is that tag.
        """
        path, levels = "", tag.split("/")
        for depth, level in enumerate(levels):
            found = self._below[path].find(level) if path in self._below else None
            if found is None:
                whole = "/".join([path, *levels[depth:]] if path else levels)
                return self._by_last_level(tag) if len(levels) == 1 else whole
            path = found
        return path

    def _by_last_level(self, tag: str) -> str:
        found = self._by_leaf.get(level_form(tag), set())
        return next(iter(found)) if len(found) == 1 else tag


class _Level:
    """The tags below one parent, by the forms of their last level."""

    def __init__(self) -> None:
        self._by_form: dict[str, str] = {}
        self._by_singular: dict[str, str] = {}

    def add(self, path: str) -> str:
        """Add a tag unless another spelling of it is there; return the one that is."""
        leaf = path.rpartition("/")[2]
        for singular in singulars(leaf):
            self._by_singular.setdefault(singular, path)
        return self._by_form.setdefault(level_form(leaf), path)

    def find(self, level: str) -> str | None:
        """Return the tag whose last level is another spelling of `level`."""
        form = level_form(level)
        forms = (form, *singulars(level))
        named = (self._by_form[one] for one in forms if one in self._by_form)
        return next(named, self._by_singular.get(form))


NONE: Final = KnownTags()
"""Of a vault without tags."""
