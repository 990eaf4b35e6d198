"""Frontmatter as byte spans: the position and value of each property; pure.

PyYAML's event stream gives the structure; its marks count characters and are converted to byte
offsets here. Scalars stay strings as written: `007`, `10:30` and `yes` are not converted. Only the
properties that notemill owns are ever serialized again: see `proposal`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

BOM: Final = b"\xef\xbb\xbf"
MAX_BLOCK_BYTES: Final = 262_144
"""No person writes a larger frontmatter, and YAML parsers need seconds for one."""

MAX_DEPTH: Final = 100
"""Nesting depth of collections; libyaml visits every open one for each token."""

_OPENING = re.compile(rb"---[ \t]*+(\r\n|\n|\r)")
_CLOSING = re.compile(rb"(?<=[\r\n])---[ \t]*+(?:\r\n|\n|\r|\Z)")
_COLON = re.compile(rb"[ \t]*+:")
# Comments set in below a property, which a block text above it would swallow were it taken out.
_COMMENTS_BELOW = rb"(?:(?:[ \t]*+[\r\n]++)*+[ \t]{%d,}+#[^\r\n]*+(?:\r\n|\n|\r|\Z))++"
_SPACE = b" \t\r\n"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_TAGS = frozenset({None, "!"})
# YAML 1.1 breaks lines at these, YAML 1.2 and Obsidian do not: stand-ins of one character each,
# from the private use area, keep the marks right.
_ODD_BREAKS: Final = {"\x85": "\uf8f0", "\u2028": "\uf8f1", "\u2029": "\uf8f2"}
_STAND_IN = str.maketrans(_ODD_BREAKS)
_STAND_OUT = str.maketrans({stand: char for char, stand in _ODD_BREAKS.items()})
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Node: TypeAlias = yaml.ScalarEvent | yaml.CollectionStartEvent

Value: TypeAlias = str | tuple[str, ...] | None


class Span(NamedTuple):
    """Bytes of a file from `start` up to `end`."""

    start: int
    end: int


class ValueShape(StrEnum):
    """How a property's value is written."""

    NOTHING = "nothing"
    TEXT = "text"
    BLOCK_LIST = "block list"
    FLOW_LIST = "flow list"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list, `text` None if it is empty; `span` is its bytes as written, with quotes."""

    text: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-level property.

    `span` covers its whole lines, with comments inside and behind the value and indented comments
    below it, but not other comments and blank lines that follow. `colon` is the offset behind the
    key's colon. `written` is the value's bytes, empty if there is none. `value` is a string, a list
    of strings, or None if there is no value or one of another kind (see `shape`).
    """

    key: str
    span: Span
    colon: int
    written: Span
    value: Value
    shape: ValueShape
    quote: str = ""
    items: tuple[Item, ...] = ()

    @property
    def name(self) -> str:
        """The key as it is compared: casefolded."""
        return self.key.casefold()


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The block with its fences (`span`), the bytes between them (`inner`), and its properties."""

    span: Span
    inner: Span
    newline: str
    indent: int
    entries: tuple[Entry, ...]

    def find(self, *names: str) -> Entry | None:
        """Return the first entry found under these (casefolded) names, in their order, or None."""
        for name in names:
            for entry in self.entries:
                if entry.name == name:
                    return entry
        return None


class BlockPlace(NamedTuple):
    """The place of a block with its fences, and between them; the line ending of its first line."""

    span: Span
    inner: Span
    newline: str


class BrokenFrontmatterError(ValueError):
    """The block between the fences is not a YAML mapping that can be edited in place."""


def locate(raw: bytes) -> BlockPlace | None:
    """Return where the frontmatter is, None if there is none.

    As in Obsidian, it begins at the file's first byte (a BOM aside) and needs a closing `---`;
    `...` does not close it.
    """
    start = len(BOM) if raw.startswith(BOM) else 0
    opening = _OPENING.match(raw, start)
    if opening is None:
        return None
    closing = _CLOSING.search(raw, opening.end())
    if closing is None:
        return None
    inner = Span(opening.end(), closing.start())
    return BlockPlace(Span(start, closing.end()), inner, opening[1].decode())


def read(raw: bytes, place: BlockPlace) -> Frontmatter:
    """Read the located block. Raises BrokenFrontmatterError saying what is wrong, and where."""
    inner = place.inner
    if inner.end - inner.start > MAX_BLOCK_BYTES:
        raise BrokenFrontmatterError(f"it is larger than {MAX_BLOCK_BYTES // 1024} KiB")
    try:
        text = raw[inner.start : inner.end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenFrontmatterError("it is not UTF-8") from error
    lone = "\n" if place.newline == "\r" else "\r"
    if lone in (text.replace("\r\n", "") if lone == "\r" else text):
        # Some readers end a line there and some do not.
        raise BrokenFrontmatterError("it mixes kinds of line endings")
    reader = _Reader(raw, place, text)
    try:
        reader.read(yaml.parse(reader.yaml, Loader=_Loader))
    except yaml.YAMLError as error:
        raise BrokenFrontmatterError(_said(error)) from error
    return Frontmatter(place.span, inner, place.newline, reader.indent, tuple(reader.entries))


def _said(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 2}" if mark is not None else ""
    return f"{getattr(error, 'problem', None) or 'it is not YAML'}{where}"


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come: what kind it is and how many nodes it has so far."""

    is_mapping: bool
    is_flow: bool
    nodes: int = 0


@dataclass(slots=True)
class _Found:
    """What is known of the property whose value is being read."""

    key: yaml.ScalarEvent
    start: int
    colon: int
    value: _Node | None = None
    value_start: int = 0
    end: int = 0
    items: list[Item] = field(default_factory=list)
    nested: bool = False


class _Reader:
    """Turns YAML events into entries; every loop is over events, so depth costs no stack."""

    def __init__(self, raw: bytes, place: BlockPlace, text: str) -> None:
        self.entries: list[Entry] = []
        self.indent = 0
        self._raw = raw
        self._inner = inner = place.inner
        self._text = text
        self._line_end = b"\r" if place.newline == "\r" else b"\n"
        self._is_odd = any(char in text for char in _ODD_BREAKS)
        self.yaml = text.translate(_STAND_IN) if self._is_odd else text
        self._is_ascii = text.isascii()
        self._at = (0, inner.start)
        self._open: list[_Open] = []
        self._found: _Found | None = None

    def read(self, events: Iterable[yaml.Event]) -> None:
        for event in events:
            if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
                self._node(event)
            elif isinstance(event, yaml.AliasEvent):
                raise BrokenFrontmatterError(f"aliases are not understood{_line(event)}")
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                if event.explicit or event.version or self.entries:
                    raise BrokenFrontmatterError(f"a second YAML document starts{_line(event)}")
            elif isinstance(event, yaml.DocumentEndEvent) and event.explicit:
                raise BrokenFrontmatterError(f"`...` ends it{_line(event)}")
        self._close_entry()

    def _node(self, event: _Node) -> None:
        if event.anchor is not None:
            raise BrokenFrontmatterError(f"anchors are not understood{_line(event)}")
        collection = event if isinstance(event, yaml.CollectionStartEvent) else None
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        is_flow = collection is not None and bool(collection.flow_style)
        depth = len(self._open)
        if depth == 0:
            if not is_mapping or is_flow:
                raise BrokenFrontmatterError("it is not a list of properties, one per line")
            self.indent = _mark(event.start_mark).column
        else:
            top = self._open[-1]
            is_key = top.is_mapping and top.nodes % 2 == 0
            top.nodes += 1
            if is_key and collection is not None:
                raise BrokenFrontmatterError(f"a key is not text{_line(event)}")
            if depth == 1 and is_key and isinstance(event, yaml.ScalarEvent):
                self._close_entry()
                self._found = self._key(event)
            elif self._found is not None:
                self._value(self._found, event, depth)
        if collection is not None:
            if depth == MAX_DEPTH:
                raise BrokenFrontmatterError(
                    f"collections are nested more than {MAX_DEPTH} deep{_line(event)}"
                )
            self._open.append(_Open(is_mapping, is_flow))

    def _key(self, event: yaml.ScalarEvent) -> _Found:
        at = self._byte(_mark(event.start_mark).index)
        start = self._raw.rfind(self._line_end, self._inner.start, at) + 1 or self._inner.start
        colon = _COLON.match(self._raw, self._byte(_mark(event.end_mark).index))
        if self._raw[start:at] != b" " * self.indent or colon is None:
            raise BrokenFrontmatterError(f"a key is written in an unsupported way{_line(event)}")
        return _Found(event, start, colon.end(), end=colon.end())

    def _value(self, found: _Found, event: _Node, depth: int) -> None:
        start = self._byte(_mark(event.start_mark).index)
        if depth == 1:
            found.value, found.value_start = event, max(start, found.colon)
        if isinstance(event, yaml.ScalarEvent):
            end = max(start, self._trimmed(self._byte(_mark(event.end_mark).index), start))
            found.end = max(found.end, end)
            if depth == 2 and isinstance(found.value, yaml.SequenceStartEvent):  # noqa: PLR2004
                found.items.append(Item(self._text_of(event), Span(start, end)))
                found.nested |= event.tag not in _TEXT_TAGS
                return
        found.nested |= depth > 1

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        closed = self._open.pop()
        # A block's end mark lies at the next token, behind comments that are not its own.
        if self._found is not None and closed.is_flow:
            self._found.end = max(self._found.end, self._byte(_mark(event.end_mark).index))

    def _close_entry(self) -> None:
        found = self._found
        if found is None:
            return
        line_end = self._raw.find(self._line_end, max(found.end, found.colon), self._inner.end)
        end = line_end + 1 if line_end >= 0 else self._inner.end
        below = re.compile(_COMMENTS_BELOW % (self.indent + 1)).match(
            self._raw, end, self._inner.end
        )
        span = Span(found.start, below.end() if below else end)
        key, event = self._restored(found.key.value), found.value
        written = Span(found.value_start, max(found.value_start, found.end))
        value: Value = None
        shape, quote, items = ValueShape.OTHER, "", tuple(found.items)
        if event is not None and event.tag not in _TEXT_TAGS:
            pass
        elif isinstance(event, yaml.ScalarEvent):
            value = self._text_of(event)
            shape = ValueShape.NOTHING if value is None else ValueShape.TEXT
            quote = event.style or ""
        elif isinstance(event, yaml.SequenceStartEvent) and not found.nested:
            shape = ValueShape.FLOW_LIST if event.flow_style else ValueShape.BLOCK_LIST
            value = tuple(item.text for item in items if item.text is not None)
        self.entries.append(Entry(key, span, found.colon, written, value, shape, quote, items))
        self._found = None

    def _text_of(self, event: yaml.ScalarEvent) -> str | None:
        if not event.style and event.value in _NULLS:
            return None
        return self._restored(event.value)

    def _restored(self, text: str) -> str:
        return text.translate(_STAND_OUT) if self._is_odd else text

    def _trimmed(self, end: int, start: int) -> int:
        """Return where a value's last byte that is no space ends: block texts run on behind it."""
        while end > start and self._raw[end - 1] in _SPACE:
            end -= 1
        return end

    def _byte(self, index: int) -> int:
        """Turn an index into the text into an offset in the file; the marks only ever rise."""
        if self._is_ascii:
            return self._inner.start + index
        char, byte = self._at
        byte += len(self._text[char:index].encode())
        self._at = (index, byte)
        return byte


class _Mark(Protocol):
    """A place in the text, as both of PyYAML's parsers give it; all from 0, in characters."""

    @property
    def index(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _mark(mark: _Mark | None) -> _Mark:
    if mark is None:
        raise BrokenFrontmatterError("its positions are unknown")
    return mark


def _line(event: yaml.Event) -> str:
    return f" in line {_mark(event.start_mark).line + 2}"
