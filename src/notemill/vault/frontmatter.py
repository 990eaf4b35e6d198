"""Frontmatter as byte spans: which lines belong to which property, and what it says; pure.

PyYAML gives the structure (which node begins in which line and column); the bytes between are
never written anew, only the lines of the properties that notemill owns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

BOM: Final = b"\xef\xbb\xbf"
_FENCE = re.compile(rb"---[ \t]*\r?\n")
_CLOSING = re.compile(rb"---[ \t]*(?:\r?\n|\Z)")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# YAML breaks lines at these too; files break them at \n only. A space keeps the lines in step.
_ODD_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value: TypeAlias = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the frontmatter: line from 0, column in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-level property.

    `first` and `last` are its lines, `last` excluded, without the comments and blank lines
    behind it. `value` is what it says: a text, a list of texts, or None for nothing and for what
    is neither. `shape` is scalar, block (a literal or folded text), list, flow, nothing, other.
    `items` are the places of a list's texts, in the order of `value`; `opaque` says that the
    list holds something else, too.
    """

    key: str
    first: int
    last: int
    value: Value
    shape: str
    begin: Place
    end: Place
    items: tuple[tuple[Place, Place], ...] = ()
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The block between the fences: byte offsets in the file, its lines, its properties."""

    start: int
    """Where the opening fence begins, behind a BOM."""
    inner: int
    """Where the first line between the fences begins."""
    close: int
    """Where the closing fence begins."""
    end: int
    """Where the body begins."""
    lines: tuple[bytes, ...]
    entries: tuple[Entry, ...]
    indent: int

    def find(self, *names: str) -> Entry | None:
        """Return the entry with one of these names, spelled so, else in another case."""
        for name in names:
            for entry in self.entries:
                if entry.key == name:
                    return entry
            for entry in self.entries:
                if entry.key.lower() == name:
                    return entry
        return None


class BrokenFrontmatterError(ValueError):
    """The block between the fences is no YAML mapping that can be edited line by line."""


def locate(raw: bytes) -> tuple[int, int, int, int] | None:
    """Return (start, inner, close, end) of the frontmatter, None where there is none.

    As in Obsidian it begins at the file's first byte (a BOM aside) and needs a closing `---`.
    """
    start = len(BOM) if raw.startswith(BOM) else 0
    opening = _FENCE.match(raw, start)
    if opening is None:
        return None
    position = opening.end()
    while position < len(raw):
        closing = _CLOSING.match(raw, position)
        if closing is not None:
            return start, opening.end(), position, closing.end()
        newline = raw.find(b"\n", position)
        if newline < 0:
            return None
        position = newline + 1
    return None


def read(raw: bytes, place: tuple[int, int, int, int]) -> Frontmatter:
    """Read the located block. Raises BrokenFrontmatterError saying what is wrong, and where."""
    start, inner, close, end = place
    block = raw[inner:close]
    lines = tuple(block.splitlines(keepends=True)) if b"\r" not in block else _lines(block)
    text = _ODD_BREAKS.sub(" ", block.decode("utf-8"))
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise BrokenFrontmatterError(_said(error)) from error
    if root is None:
        return Frontmatter(start, inner, close, end, lines, (), 0)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise BrokenFrontmatterError("it is no list of properties, one a line")
    entries = _entries(root, lines)
    return Frontmatter(start, inner, close, end, lines, entries, root.start_mark.column)


def _lines(block: bytes) -> tuple[bytes, ...]:
    """Split at \\n only: a lone \\r is no line's end here."""
    parts = block.split(b"\n")
    return tuple(part + b"\n" for part in parts[:-1]) + ((parts[-1],) if parts[-1] else ())


def _said(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 2}" if mark is not None else ""
    return f"{getattr(error, 'problem', None) or 'it is no YAML'}{where}"


def _entries(root: yaml.MappingNode, lines: Sequence[bytes]) -> tuple[Entry, ...]:
    pairs = root.value
    seen: set[str] = set()
    entries: list[Entry] = []
    for number, (key, value) in enumerate(pairs):
        if not isinstance(key, yaml.ScalarNode) or key.start_mark.column != root.start_mark.column:
            raise BrokenFrontmatterError(f"a key that is no plain word{_line(key)}")
        if key.value in seen:
            raise BrokenFrontmatterError(f"the key {key.value} stands twice{_line(key)}")
        seen.add(key.value)
        first = key.start_mark.line
        bound = pairs[number + 1][0].start_mark.line if number + 1 < len(pairs) else len(lines)
        if bound <= first:
            raise BrokenFrontmatterError(f"two properties in one line{_line(key)}")
        last = _trimmed(lines, first, bound, value, root.start_mark.column)
        _check_keys(value)
        entries.append(_entry(key.value, first, last, value, lines))
    return tuple(entries)


def _check_keys(node: yaml.Node) -> None:
    """Refuse what no reader of YAML takes: `{{placeholder}}` is a mapping as a key of another."""
    todo, seen = [node], set[int]()
    while todo:
        one = todo.pop()
        if id(one) in seen:  # an alias, maybe to a list that holds itself
            continue
        seen.add(id(one))
        if isinstance(one, yaml.SequenceNode):
            todo += one.value
        elif isinstance(one, yaml.MappingNode):
            keys = [key.value for key, _ in one.value if isinstance(key, yaml.ScalarNode)]
            if len(keys) != len(one.value):
                raise BrokenFrontmatterError(f"a placeholder or a list as a key{_line(one)}")
            if len(set(keys)) != len(keys):
                raise BrokenFrontmatterError(f"a key that stands twice{_line(one)}")
            todo += [value for _, value in one.value]


def _line(node: yaml.Node) -> str:
    return f" in line {node.start_mark.line + 2}"


def _trimmed(
    lines: Sequence[bytes], first: int, bound: int, value: yaml.Node, indent: int
) -> int:
    """Return the end of an entry's lines without the blank lines and comments behind it."""
    is_text = isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
    last = bound
    while last > first + 1:
        line = lines[last - 1]
        bare = line.strip()
        if bare and not bare.startswith(b"#"):
            break
        # In a block of text a line that begins with # is text, unless it is outside the block.
        if bare and is_text and len(line) - len(line.lstrip(b" ")) > indent:
            break
        last -= 1
    return last


def _entry(
    key: str, first: int, last: int, node: yaml.Node, lines: Sequence[bytes]
) -> Entry:
    begin, end = _place(node.start_mark), _place(node.end_mark)
    inside = first <= begin.line < last
    if inside and lines[begin.line].decode("utf-8")[begin.column :][:1] in ("&", "!", "*"):
        inside = False
    if not inside and begin != end:
        # An alias has the marks of what it repeats, and an anchor may be repeated elsewhere:
        # neither can be edited where it stands.
        return Entry(key, first, last, None, "other", begin, end)
    if isinstance(node, yaml.ScalarNode):
        empty = node.style is None and node.value in _NULLS
        if empty:
            return Entry(key, first, last, None, "nothing" if begin == end else "scalar", begin, end)
        shape = "block" if node.style in ("|", ">") else "scalar"
        return Entry(key, first, last, node.value, shape, begin, end)
    if isinstance(node, yaml.SequenceNode):
        texts = [
            one
            for one in node.value
            if isinstance(one, yaml.ScalarNode) and not (one.style is None and one.value in _NULLS)
        ]
        return Entry(
            key,
            first,
            last,
            tuple(one.value for one in texts),
            "flow" if node.flow_style else "list",
            begin,
            end,
            tuple((_place(one.start_mark), _place(one.end_mark)) for one in texts),
            opaque=len(texts) != len(node.value),
        )
    return Entry(key, first, last, None, "other", begin, end)


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line, mark.column)
