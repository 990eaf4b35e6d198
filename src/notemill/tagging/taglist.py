"""The vocabulary of a vault as a nested list in a note, read and edited by hand; pure.

One tag per line, children indented below their parent, other spellings in parentheses after it,
then a dash and what the tag is for; a struck-out tag is to be dropped:

    - ai (artificial-intelligence) - models, and what they are used for
      - agents (agent, AI-Agents)
    - ~~asdf~~ a placeholder

Only the text between the two markers is read, and only additions are made there: what a person
wrote, ordered, renamed or struck out stays byte for byte.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from notemill.errors import MalformedNoteError
from notemill.markup.tags import MAX_LEVELS, is_legal_tag, tag_key
from notemill.vault.marks import TAGS_BEGIN, TAGS_END, tag_list
from notemill.vault.note import parse
from notemill.vault.retag import TagChanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BEGIN: Final = TAGS_BEGIN
END: Final = TAGS_END
_ITEM = re.compile(
    r"(?P<indent>[ \t]*+)[-*+][ \t]++(?:~~`?#?(?P<dropped>[^~\n]+?)`?~~|`?#?(?P<name>[^\s`(),~]++)`?)"
    r"(?P<aliases>[ \t]*+\((?P<inside>[^()\r\n]*+)\))?"
)
_INDENT: Final = "  "
_TAB: Final = 4
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
# Characters that would end a line, a mark around it or the list, or hide what follows.
_NEVER_IN_DROPPED = re.compile(r"[`~<>$\x00-\x1f\x7f]|%%")
_SECOND: Final = "a second list starts or ends here; keep one list and remove the other markers"
_SAYS = re.compile(r"[ \t]++[-\u2013\u2014][ \t]++(?P<says>[^\r\n]++)")
_NEVER_IN_ALIAS = re.compile(r"[(),`~<>$\x00-\x1f\x7f]|%%")


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag of the vocabulary with its other spellings, or a tag to drop and why.

    `description` says what the tag is for, in words for people, '' if nobody did.
    """

    tag: str
    aliases: tuple[str, ...] = ()
    dropped: bool = False
    reason: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with a line of the list; the first line of the note is 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The valid tags, in the person's order, and the lines that could not be parsed."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        """The keys of all tags, other spellings and dropped tags."""
        names = (name for one in self.entries for name in (one.tag, *one.aliases))
        return frozenset(map(tag_key, names))

    @property
    def changes(self) -> dict[str, str | None]:
        """What tags become: other spellings become their tag, dropped ones None."""
        changes: dict[str, str | None] = {}
        for one in self.entries:
            if one.dropped:
                changes[one.tag] = None
            for alias in one.aliases:
                changes.setdefault(alias, one.tag)
        return changes


@dataclass(frozen=True, slots=True)
class _List:
    """A note's lines, and the list among them: after the line `start` (-1 for none) up to `end`.

    `more` are the lines of further markers.
    """

    lines: list[str]
    start: int = -1
    end: int = 0
    more: tuple[int, ...] = ()

    @classmethod
    def of(cls, text: str) -> _List:
        """Find the list in a note's text; a list in a code block is only an example."""
        lines = _LINE.findall(text)
        if BEGIN not in text:
            return cls(lines)
        raw = text.encode("utf-8", "replace")
        note = parse(raw)[0]
        head = len(raw[: note.body_start].decode())
        edges = list(accumulate(map(len, lines), initial=0))
        starts, ends = (
            [bisect_right(edges, head + at) - 1 for at in places]
            for places in tag_list(note.reading)
        )
        if not starts:
            return cls(lines)
        end = next((one for one in ends if one > starts[0]), len(lines))
        more = (*starts[1:], *(one for one in ends if one != end))
        return cls(lines, starts[0], end, more)


@dataclass(frozen=True, slots=True)
class _Line:
    """A parsed line of the list: its number from 0, its indent, its entry."""

    number: int
    width: int
    entry: Entry


@lru_cache(maxsize=2)
def read_vocabulary(text: str) -> Vocabulary:
    """Read the list between the markers; everything else is ignored. Never raises."""
    lines, problems = _read(_List.of(text))
    return Vocabulary(tuple(line.entry for line in lines), tuple(problems))


def differences(before: Vocabulary, after: Vocabulary) -> tuple[str, ...]:
    """Return what another list decides differently, a line for people for each tag."""
    said: list[str] = []
    old, new = (_by_key(one.changes) for one in (before, after))
    for key, (tag, into) in new.items():
        if key not in old or tag_key(old[key][1] or "") != tag_key(into or ""):
            said.append(f"#{tag} becomes #{into}" if into else f"#{tag} is struck out")
    for key, (tag, into) in old.items():
        if key not in new:
            was = f"becomes #{into}" if into else "is struck out"
            said.append(f"#{tag} {was} no more")
    listed, now = (
        {tag_key(entry.tag): entry.tag for entry in one.entries if not entry.dropped}
        for one in (before, after)
    )
    said += [f"#{tag} is new" for key, tag in now.items() if key not in listed]
    left = [tag for key, tag in listed.items() if key not in now and key not in new]
    return (*said, *(f"#{tag} is gone" for tag in left))


def _by_key(changes: Mapping[str, str | None]) -> dict[str, tuple[str, str | None]]:
    return {tag_key(tag): (tag, into) for tag, into in changes.items()}


def write_entries(entries: Iterable[Entry]) -> str:
    """Return the list of `entries`, each below its parent if its parent comes before it."""
    written: dict[str, int] = {}
    lines: list[str] = []
    for one in entries:
        parent, _, leaf = one.tag.rpartition("/")
        depth = written.get(tag_key(parent), -1) + 1 if parent and not one.dropped else 0
        name = leaf if depth else one.tag
        if not one.dropped:
            written[tag_key(one.tag)] = depth
        lines.append(f"{_INDENT * depth}{_item(one, name)}\n")
    return "".join(lines)


def with_entries(text: str, proposed: Iterable[Entry], known: frozenset[str]) -> str:
    """Return a note with the new ones among the `proposed` entries added, parents first.

    A new tag goes below its parent, after the last child, or at the list's end; a new spelling
    beside its tag. What the list makes of a tag applies to its children: they follow a tag that was
    renamed or moved. `known` are the keys proposed before: what a person removed stays removed, and
    what has a place keeps it. A note without the markers gets them at its end.
    """
    newline = "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"
    found = _List.of(text)
    if found.start < 0:
        # Nothing was ever proposed for a note without a list.
        known = frozenset()
        gap = "" if not text or text.endswith(("\n", "\r")) else newline
        text += f"{gap}{BEGIN}{newline}{END}{newline}"
        found = _List.of(text)
    if found.start < 0:
        raise MalformedNoteError(
            "a list of tags below its text would not be read, usually because of an open code "
            "block or comment at its end; close it"
        )
    additions = _Additions(found, newline)
    decided = TagChanges(read_vocabulary(text).changes)
    for one in proposed:
        tag = one.tag if one.dropped else decided.of(one.tag)
        if tag is not None:
            additions.add(replace(one, tag=tag), known)
    return "".join(additions.made())


class _Additions:
    """The additions to a list: spellings within its lines, and new lines between them."""

    def __init__(self, found: _List, newline: str) -> None:
        self._list = found
        self._newline = newline
        self._read, _ = _read(found)
        self._have = set(Vocabulary(tuple(one.entry for one in self._read)).known)
        self._places = {
            tag_key(line.entry.tag): place
            for place, line in enumerate(self._read)
            if not line.entry.dropped
        }
        self._spellings: dict[int, list[str]] = {}
        self._below: dict[int, list[Entry]] = {}
        self._children: dict[str, list[Entry]] = {}

    def add(self, entry: Entry, known: frozenset[str]) -> None:
        """Add the parts of an entry that are neither in the list nor in `known`."""
        key = tag_key(entry.tag)
        if _NEVER_IN_DROPPED.search(entry.tag) if entry.dropped else not is_legal_tag(entry.tag):
            # Its line would be read as something else.
            return
        if key not in self._places and any(tag_key(one) in self._places for one in entry.aliases):
            # A tag that has a place in the list is not moved.
            return
        aliases = tuple(
            alias
            for alias in entry.aliases
            if not _NEVER_IN_ALIAS.search(alias)
            and tag_key(alias) not in known
            and tag_key(alias) not in self._have
        )
        self._have.update(map(tag_key, aliases))
        if key in self._places:
            if aliases:
                self._spellings.setdefault(self._places[key], []).extend(aliases)
            return
        if key in self._have or key in known:
            return
        self._have.add(key)
        entry = replace(entry, aliases=aliases)
        parent = tag_key(entry.tag.rpartition("/")[0])
        if entry.dropped:
            self._below.setdefault(-1, []).append(entry)
        elif parent in self._children:
            self._children[parent].append(entry)
        else:
            self._below.setdefault(self._places.get(parent, -1), []).append(entry)
        if not entry.dropped:
            self._children.setdefault(key, [])

    def made(self) -> list[str]:
        """Return the lines with all additions."""
        lines = list(self._list.lines)
        for place, aliases in self._spellings.items():
            number = self._read[place].number
            lines[number] = _with_spellings(lines[number], aliases)
        blocks: dict[int, list[str]] = {}
        for place, entries in sorted(self._below.items(), reverse=True):
            at, width = self._room(place)
            block = blocks.setdefault(at, [])
            for entry in entries:
                block += self._rendered(entry, width, nested=place >= 0)
        made: list[str] = []
        at = 0
        for place, block in sorted(blocks.items()):
            made += lines[at:place]
            if not made[-1].endswith(("\n", "\r")):
                made[-1] += self._newline
            made += block
            at = place
        return made + lines[at:]

    def _room(self, place: int) -> tuple[int, int]:
        """Return where lines below the tag at `place` go (-1: the list's end), and their indent."""
        if place < 0:
            return (self._read[-1].number if self._read else self._list.start) + 1, 0
        above, last = self._read[place], place
        while last + 1 < len(self._read) and self._read[last + 1].width > above.width:
            last += 1
        width = self._read[place + 1].width if last > place else above.width + len(_INDENT)
        return self._read[last].number + 1, width

    def _rendered(self, entry: Entry, width: int, *, nested: bool) -> list[str]:
        name = entry.tag.rpartition("/")[2] if nested else entry.tag
        lines = [" " * width + _item(entry, name) + self._newline]
        for child in self._children.get(tag_key(entry.tag), ()) if not entry.dropped else ():
            lines += self._rendered(child, width + len(_INDENT), nested=True)
        return lines


def _with_spellings(line: str, aliases: Sequence[str]) -> str:
    match = _ITEM.match(line)
    if match is None:
        return line
    added = ", ".join(aliases)
    if match["inside"] is None:
        return f"{line[: match.end()]} ({added}){line[match.end() :]}"
    at = match.end("inside")
    return f"{line[:at]}{', ' if match['inside'].strip() else ''}{added}{line[at:]}"


def _item(entry: Entry, name: str) -> str:
    if entry.dropped:
        return f"- ~~{name}~~ {_NEVER_IN_DROPPED.sub(' ', entry.reason)}".rstrip()
    aliases = f" ({', '.join(entry.aliases)})" if entry.aliases else ""
    says = _NEVER_IN_DROPPED.sub(" ", entry.description).strip()
    return f"- {name}{aliases}{f' - {says}' if says else ''}"


def _read(listed: _List) -> tuple[list[_Line], list[Problem]]:
    found: list[_Line] = []
    problems = [Problem(one + 1, _SECOND) for one in listed.more]
    seen: dict[str, int] = {}
    above: list[_Line] = []
    for number, match in _items(listed):
        width = len(match["indent"].expandtabs(_TAB))
        # This line ends the items indented as far or farther.
        around = [line for line in above if line.width < width]
        entry = _entry(match, around[-1].entry.tag if around else "", listed.lines[number])
        wrong = _wrong(entry, seen)
        if wrong:
            problems.append(Problem(number + 1, wrong))
            continue
        seen[tag_key(entry.tag)] = number + 1
        found.append(_Line(number, width, entry))
        if not entry.dropped:
            above = [*around, found[-1]]
    return _without_twins(found, seen, problems), problems


def _without_twins(
    found: Iterable[_Line], seen: dict[str, int], problems: list[Problem]
) -> list[_Line]:
    """Return the lines without spellings that are tags of the list or belong to another tag."""
    lines: list[_Line] = []
    for line in found:
        kept: list[str] = []
        for alias in line.entry.aliases:
            at = seen.setdefault(tag_key(alias), line.number + 1)
            if at != line.number + 1:
                message = f"{alias!r} is already in line {at}; keep one"
                problems.append(Problem(line.number + 1, message))
            else:
                kept.append(alias)
        lines.append(replace(line, entry=replace(line.entry, aliases=tuple(kept))))
    return lines


def _items(listed: _List) -> Iterator[tuple[int, re.Match[str]]]:
    for number in range(listed.start + 1, listed.end):
        match = _ITEM.match(listed.lines[number])
        if match is not None:
            yield number, match


def _entry(match: re.Match[str], parent: str, line: str) -> Entry:
    if match["dropped"]:
        reason = line[match.end("dropped") :].strip("~` \t\r\n")
        return Entry(match["dropped"].strip(), (), dropped=True, reason=reason)
    name = match["name"].strip("/")
    within = tag_key(name).startswith(f"{tag_key(parent)}/")
    tag = name if not parent or within else f"{parent}/{name}"
    parts = (match["inside"] or "").split(",")
    aliases = (part.strip().strip("`").lstrip("#").strip() for part in parts)
    says = _SAYS.match(line, match.end())
    description = says["says"].strip() if says else ""
    return Entry(tag, tuple(alias for alias in aliases if alias), description=description)


def _wrong(entry: Entry, seen: dict[str, int]) -> str:
    if (line := seen.get(tag_key(entry.tag))) is not None:
        return f"#{entry.tag} is already in line {line}; keep one"
    if entry.dropped:
        return ""
    if not is_legal_tag(entry.tag):
        return f"{entry.tag!r} cannot be a tag; use letters, digits, `_` and `-`, without spaces"
    if entry.tag.count("/") >= MAX_LEVELS:
        return f"#{entry.tag} has more than {MAX_LEVELS} levels; move it up"
    return ""
