"""Where a vault's tags are meant beside the notes that have them: found in one pass over it.

A change of a tag takes the queries of the notes along. All other places keep the old name, so such
a change waits for a person. Places in hidden notes count, and are never named.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from notemill.errors import NotemillError
from notemill.markup.lines import one_line
from notemill.markup.tags import is_within, paths_of, tag_key
from notemill.vault.note import parse
from notemill.vault.requery import line_around, requeried
from notemill.vault.resolve import title_of
from notemill.vault.surroundings import FileKind, files_beside, has_plugin
from notemill.vault.usage import (
    BY_NAME,
    MARKS,
    SIGNS,
    Use,
    UseKind,
    named_in,
    uses_in,
    uses_in_base,
    uses_in_canvas,
    uses_in_settings,
    uses_in_style,
    uses_in_template,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from notemill.index import NoteFacts
    from notemill.markup.queries import QueryTag
    from notemill.privacy import Privacy
    from notemill.vault.files import Vault
    from notemill.vault.retag import TagChanges
    from notemill.vault.surroundings import FileBeside

MAX_NAMED: Final = 20
"""The most places named for one tag; nobody reads more before deciding, all are counted."""
MAX_LINE_CHARS: Final = 120
_TOLD_CHARS: Final = 80
_MAX_WORDS: Final = 200
"""Up to so many names, looking for them is quicker than parsing every note."""
_DENDRON: Final = "tags."
"""How the names of the pages begin that are a tag's own: https://wiki.dendron.so, "tags"."""
_LINKED: Final = re.compile(rb"\[\[([^\[\]|#\r\n]{1,400}+)")


Kept: TypeAlias = Mapping[str, frozenset[str]]
"""Lines of queries by note."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in which a tag is meant: a file's line, 0 for none, and that line's text."""

    kind: UseKind
    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one tag: the first `named` ones of `count`, and how many are in hidden notes."""

    named: tuple[Place, ...]
    count: int
    hidden: int


@dataclass(frozen=True, slots=True)
class TagUsage:
    """Where tags are meant: the places by the tags' keys, and the notes whose queries change."""

    places: Mapping[str, Places] = field(default_factory=dict)
    queried: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sought:
    """The tags that places are looked for.

    `becomes` are their changes, None if none of them changes; `names` are pages' names with the
    keys of the tags they stand for, `classes` those of styles; `leaving` are tags that queries find others by, which move
    away from below them; `keys` are the tags themselves.
    """

    keys: frozenset[str]
    names: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, tuple[str, ...]]
    becomes: TagChanges | None = None
    leaving: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return the key of the sought tag that `name` is, or is below of; '' for none."""
        if self.becomes is None:
            key = tag_key(name)
            return key if key in self.keys else ""
        # The same name in another case is the same tag to whatever means it.
        if (new := self.becomes.of(name)) is not None and tag_key(new) == tag_key(name):
            return ""
        return next((one for one in reversed(paths_of(tag_key(name))) if one in self.keys), "")

    def words(self) -> tuple[str, ...]:
        """Return words of which every text that means such a tag has one."""
        words = {one.rpartition("/")[2] for one in (*self.keys, *self.leaving)} | self.names.keys()
        return tuple(words) if len(words) <= _MAX_WORDS else ()


def changes_sought(changes: TagChanges) -> Sought:
    """Return the search for the places that a change of tags concerns."""
    names: dict[str, list[str]] = {}
    leaving: dict[str, list[str]] = {}
    for key, new in changes.named.items():
        into = tag_key(new) if new is not None else None
        for above in paths_of(key)[:-1]:
            if into is None or not is_within(into, above):
                leaving.setdefault(above, []).append(key)
        leaf = key.rpartition("/")[2]
        if into is None or into.rpartition("/")[2] != leaf:
            for name in {leaf, key}:
                names.setdefault(name, []).append(key)
    keys = frozenset(changes.named)
    away = [key for key, new in changes.named.items() if tag_key(new or "") != key]
    return Sought(keys, _frozen(names), _classes(away), changes, _frozen(leaving))


def tags_sought(keys: Iterable[str]) -> Sought:
    """Return the search for all places of the tags with these keys."""
    keys = frozenset(keys)
    names: dict[str, list[str]] = {}
    for key in keys:
        for name in {key.rpartition("/")[2], key}:
            names.setdefault(name, []).append(key)
    return Sought(keys, _frozen(names), _classes(keys))


def _classes(keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return tags by the classes that stand for them: a class has no `/`."""
    found: dict[str, list[str]] = {}
    for key in keys:
        for name in {key, key.rpartition("/")[2], key.replace("/", "-"), key.replace("/", "")}:
            found.setdefault(name, []).append(key)
    return _frozen(found)


def _frozen(found: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {one: tuple(keys) for one, keys in found.items()}


def find_usage(
    vault: Vault,
    facts: Iterable[NoteFacts],
    sought: Sought,
    *,
    privacy: Privacy,
    keeping: Kept = MappingProxyType({}),
) -> TagUsage:
    """Return where the sought tags are meant; every note and file beside the notes is read once.

    `keeping` are lines of queries, by note, that a person wants as they are.
    """
    if not sought.keys:
        return TagUsage()
    finding = _Finding(sought, sought.words(), keeping)
    keys: set[str] = set()
    for one in facts:
        keys.add(one.key)
        is_hidden = privacy.hides(one)
        title = one.title
        if mine := finding.page_keys(title):
            finding.add(
                mine, UseKind.PAGE, one.key, _Lines(title, numbered=False), is_hidden=is_hidden
            )
        try:
            raw = vault.read(one.key)
        except NotemillError:
            continue
        finding.read_note(one, raw, is_hidden=is_hidden)
    for file in files_beside(vault.root, keys):
        is_note = file.kind in (FileKind.NOTE, FileKind.TEMPLATE)
        hides = privacy.why_not_now(file.key, file.raw if is_note else b"")
        finding.read_file(file, is_hidden=bool(hides) or file.kind is FileKind.NOTE)
    finding.read_marks(vault.root)
    return finding.usage()


@dataclass(slots=True)
class _Finding:
    """The places found so far."""

    sought: Sought
    words: Sequence[str]
    keeping: Kept
    named: dict[str, list[Place]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    hidden: dict[str, int] = field(default_factory=dict)
    queried: set[str] = field(default_factory=set)

    def usage(self) -> TagUsage:
        """Return what was found."""
        return TagUsage(
            {
                key: Places(tuple(self.named.get(key, ())), count, self.hidden.get(key, 0))
                for key, count in self.counts.items()
            },
            frozenset(self.queried),
        )

    def add(
        self,
        keys: Iterable[str],
        kind: UseKind,
        file: str,
        lines: _Lines,
        line: int = 0,
        *,
        is_hidden: bool = False,
    ) -> None:
        """Add one place of tags: a line of a file."""
        place = None
        for key in keys:
            self.counts[key] = self.counts.get(key, 0) + 1
            if is_hidden:
                self.hidden[key] = self.hidden.get(key, 0) + 1
                continue
            named = self.named.setdefault(key, [])
            if len(named) < MAX_NAMED:
                place = place or Place(kind, file, line, lines.words(line))
                named.append(place)

    def read_note(self, facts: NoteFacts, raw: bytes, *, is_hidden: bool) -> None:
        """Add the places in a note."""
        if not self._may_mean(raw):
            return
        speaks = any(map(self.sought.of, facts.inline_tags))
        links = self._is_linked(raw)
        if not speaks and not links and SIGNS.search(raw) is None:
            return
        note, problems = parse(raw)
        lines = _Lines(note.text)
        # One whose properties cannot be read is left alone, and named for that.
        if note.frontmatter is not None and any(one.code == "template" for one in problems):
            self._add_uses(uses_in_template(raw), facts.key, lines, is_hidden=is_hidden)
            return
        uses = list(uses_in(note, speaks=speaks))
        kept = is_hidden or bool(facts.problem)
        renamed = self._add_queries(uses, facts.key, lines, kept=kept, is_hidden=is_hidden)
        if renamed:
            self.queried.add(facts.key)
        others = (one for one in uses if one.query is None)
        self._add_uses(others, facts.key, lines, is_hidden=is_hidden)
        if self.sought.names:
            self._add_uses(named_in(note), facts.key, lines, is_hidden=is_hidden)

    def read_file(self, file: FileBeside, *, is_hidden: bool) -> None:
        """Add the places in a file beside the notes."""
        if not self._may_mean(file.raw):
            return
        text = file.raw.decode("utf-8-sig", "replace")
        lines = _Lines(text)
        if file.kind is FileKind.TEMPLATE:
            self._add_uses(uses_in_template(file.raw), file.key, lines, is_hidden=is_hidden)
        elif file.kind is FileKind.NOTE:
            note, _ = parse(file.raw)
            uses = list(uses_in(note, speaks=False))
            self._add_queries(uses, file.key, lines, kept=True, is_hidden=is_hidden)
        elif file.kind is FileKind.BASE:
            uses = list(uses_in_base(text))
            self._add_queries(uses, file.key, lines, kept=True, is_hidden=is_hidden)
        elif file.kind is FileKind.STYLE:
            self._add_uses(uses_in_style(text), file.key, lines, is_hidden=is_hidden)
        else:
            reading = uses_in_canvas if file.kind is FileKind.CANVAS else uses_in_settings
            try:
                found = list(reading(text))
            except (ValueError, RecursionError):
                return
            for use, words in found:
                self._add_uses([use], file.key, _Lines(words, numbered=False), is_hidden=is_hidden)

    def read_marks(self, root: Path) -> None:
        """Add the plugins that find what is theirs by one of the tags."""
        for key in self.sought.keys:
            mark = next((one for one in paths_of(key) if one in MARKS), None)
            if mark is None or (MARKS[mark] and not has_plugin(root, MARKS[mark])):
                continue
            new = self.sought.becomes.named[key] if self.sought.becomes is not None else None
            if new is None or not is_within(tag_key(new), mark):
                what = f"plugins find what is theirs by #{mark}"
                self.add((key,), UseKind.PLUGIN, "", _Lines(what, numbered=False))

    def _may_mean(self, raw: bytes) -> bool:
        if not self.words:
            return True
        text = raw.decode("utf-8", "replace").lower()
        return any(word in text for word in self.words)

    def _is_linked(self, raw: bytes) -> bool:
        return bool(self.sought.names) and any(
            self.page_keys(one[1].decode("utf-8", "replace")) for one in _LINKED.finditer(raw)
        )

    def page_keys(self, name: str) -> tuple[str, ...]:
        """Return the tags that a page of this name is about; in Dendron it is `tags.name`."""
        bare = name.strip().removesuffix(".md").removeprefix(_DENDRON)
        names = self.sought.names
        return names.get(tag_key(bare)) or names.get(tag_key(bare.rpartition("/")[2])) or ()

    def _add_uses(self, uses: Iterable[Use], file: str, lines: _Lines, *, is_hidden: bool) -> None:
        seen: set[tuple[int, str]] = set()
        for use in uses:
            if use.kind in BY_NAME:
                keys = self.page_keys(use.name)
            elif use.kind is UseKind.STYLE:
                keys = self.sought.classes.get(tag_key(use.name), ())
            else:
                key = self.sought.of(use.name)
                keys = (key,) if key else ()
            line = lines.number_at(use.at)
            # A line counts once for a tag, however often it means it.
            keys = tuple(key for key in keys if (line, key) not in seen)
            seen |= {(line, key) for key in keys}
            self.add(keys, use.kind, file, lines, line, is_hidden=is_hidden)

    def _add_queries(
        self, uses: Iterable[Use], file: str, lines: _Lines, *, kept: bool, is_hidden: bool
    ) -> bool:
        """Add the queries that do not follow; return whether any does. `kept` if none may."""
        mine = [one for one in uses if one.query is not None]
        tags = {one.query: one for one in mine if one.query is not None}
        if self.sought.becomes is None:
            self._add_uses(mine, file, lines, is_hidden=is_hidden)
            return False
        lines_kept = self.keeping.get(file, frozenset())

        def stays(tag: QueryTag) -> bool:
            return bool(lines_kept) and lines.around(tags[tag].at) in lines_kept

        done = requeried(tags, self.sought.becomes.of, stays=stays)
        stuck = [*done.stuck, *(tag for tag, _ in done.renamed)] if kept else done.stuck
        self._add_uses((tags[one] for one in stuck), file, lines, is_hidden=is_hidden)
        for tag, use in tags.items():
            if self.sought.becomes.of(tag.name) == tag.name:
                keys = self.sought.leaving.get(tag_key(tag.name), ())
                line = lines.number_at(use.at)
                self.add(keys, UseKind.QUERY, file, lines, line, is_hidden=is_hidden)
        return bool(done.renamed) and not kept


def told(place: Place) -> str:
    """Return a place as a model is told of it: nothing of the settings but whose they are."""
    if place.kind is UseKind.PLUGIN:
        *_, folder, name = ("", *place.file.split("/"))
        plugin = folder if name == "data.json" else name.removesuffix(".json")
        return f"settings of {plugin}" if plugin else place.text[:_TOLD_CHARS]
    if place.kind is UseKind.PAGE:
        return str(place.kind)
    where = title_of(place.file) if place.file else ""
    return f"{place.kind} in {where}: {place.text[:_TOLD_CHARS]}"


class _Lines:
    """The lines of a text; one that is not `numbered` is a single line without a number."""

    def __init__(self, text: str, *, numbered: bool = True) -> None:
        self._text = text
        self._numbered = numbered

    @cached_property
    def _ends(self) -> list[int]:
        return [one.start() for one in re.finditer("\n", self._text)] if self._numbered else []

    def number_at(self, at: int) -> int:
        """Return the number of the line that has a character, 0 for a single line."""
        return bisect_left(self._ends, at) + 1 if self._numbered else 0

    def around(self, at: int) -> str:
        """Return the line that has a character, as a decision about it names it."""
        return line_around(self._text, at)

    def words(self, number: int) -> str:
        """Return the words of a line, shortened."""
        start = self._ends[number - 2] + 1 if number > 1 else 0
        stop = self._ends[number - 1] if 0 < number <= len(self._ends) else len(self._text)
        shown = one_line(self._text[start : min(stop, start + 4 * MAX_LINE_CHARS)])
        return shown if len(shown) <= MAX_LINE_CHARS else f"{shown[: MAX_LINE_CHARS - 1]}…"
