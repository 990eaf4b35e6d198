"""Edits of a note's owned properties that change only their bytes; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from notemill.errors import MalformedNoteError
from notemill.vault.frontmatter import BOM, Entry, Frontmatter, Item, Span, ValueShape
from notemill.vault.note import OWNED, TAG_KEYS, Note, bare_tag, owned_spans, parse, source_hash
from notemill.vault.scalars import is_plain, scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Change", "new_list", "owned_spans", "set_properties", "spliced"]

Change: TypeAlias = "str | Sequence[str] | None"
"""A property's new value: a text, a list of texts, or None to remove it."""

_DASH: Final = b"  - "  # as Obsidian writes it
_DASHED = re.compile(rb"( *+)-([ \t]++)")
_BARE_DASH = re.compile(rb"( *+)-(?=[ \t\r\n]|\Z)")
_FLOW_HEAD = re.compile(rb"\[[ \t\r\n]*+")
_FLOW_SEPARATOR = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+")
_FLOW_FOOT = re.compile(rb"[ \t\r\n]*+,?[ \t\r\n]*+\]")


def set_properties(raw: bytes, changes: Mapping[str, Change]) -> bytes:
    """Return the note with `changes` made: name → text, list of texts, or None to remove it.

    Every byte outside the changed properties stays. A property keeps its place, spelling and style,
    and remaining list items keep their quotes and comments; new properties go last in the
    frontmatter, which is created if there is none. An absent property counts as an empty list or
    text. Tags are written without `#`. Raises ValueError for a name that notemill does not own,
    MalformedNoteError if the frontmatter cannot be edited safely.
    """
    if foreign := sorted(set(changes) - set(OWNED)):
        raise ValueError(f"notemill does not own {', '.join(foreign)}")
    note, problems = parse(raw)
    for problem in problems:
        if problem.blocks_writing:
            raise MalformedNoteError(problem.message)
    wanted = {name: _wanted(name, change) for name, change in changes.items()}
    edits = _edits(note, wanted)
    if not edits:
        return raw
    new = spliced(raw, edits)
    _check(note, new, wanted)
    return new


def _wanted(name: str, change: Change) -> Change:
    """Return a change as UTF-8 can hold it; tags without `#`, and none that are empty."""
    if change is None or isinstance(change, str):
        return None if change is None else _storable(change)
    texts = [_storable(text) for text in change]
    return [tag for text in texts if (tag := bare_tag(text))] if name == "tags" else texts


def _edits(note: Note, changes: Mapping[str, Change]) -> list[tuple[Span, bytes]]:
    """Return what to put in the place of which bytes."""
    edits: list[tuple[Span, bytes]] = []
    added: list[bytes] = []
    for name, change in changes.items():
        entry = _entry(note, name)
        if entry is None:
            if change:
                added.append(_new_entry(note, name, change))
        elif change is None:
            edits.append((entry.span, b""))
        elif not _says(note, entry, name, change):
            edits.append((entry.span, _rewritten(note, entry, change)))
    if not added:
        return edits
    if note.frontmatter is not None:
        end = note.frontmatter.inner.end
        return [*edits, (Span(end, end), b"".join(added))]
    at = len(BOM) if note.has_bom else 0
    fence = b"---" + note.newline.encode()
    return [(Span(at, at), b"".join([fence, *added, fence]))]


def _entry(note: Note, name: str) -> Entry | None:
    return note.entry(*(TAG_KEYS if name == "tags" else (name,)))


def spliced(raw: bytes, edits: list[tuple[Span, bytes]]) -> bytes:
    """Return `raw` with non-overlapping spans replaced by bytes."""
    parts: list[bytes] = []
    at = 0
    for span, new in sorted(edits, key=lambda edit: edit[0]):
        parts += (raw[at : span.start], new)
        at = span.end
    return b"".join([*parts, raw[at:]])


def _check(old: Note, new: bytes, changes: Mapping[str, Change]) -> None:
    """Read the edited note back. Raises MalformedNoteError if it is not what was meant."""
    note, _ = parse(new)
    kept_old = _values_without(old, changes)
    kept_new = _values_without(note, changes)
    if (
        not note.writable
        or len(new) - note.body_start != len(old.raw) - old.body_start
        or source_hash(note) != source_hash(old)
        or kept_old != kept_new
        or not all(_is_set(note, name, change) for name, change in changes.items())
    ):
        raise MalformedNoteError(
            "its frontmatter cannot be edited safely; add these properties by hand: "
            f"{', '.join(changes)}"
        )


def _values_without(note: Note, changes: Mapping[str, Change]) -> list[tuple[str, object]]:
    changed = {id(_entry(note, name)) for name in changes}
    entries = note.frontmatter.entries if note.frontmatter else ()
    return [(entry.key, entry.value) for entry in entries if id(entry) not in changed]


def _is_set(note: Note, name: str, change: Change) -> bool:
    entry = _entry(note, name)
    if entry is None:
        return not change
    # Where `tags` went, an old `tag` shows.
    return entry.name == "tag" if change is None else _says(note, entry, name, change)


def _says(note: Note, entry: Entry, name: str, change: str | Sequence[str]) -> bool:
    """Tell whether a property already says what it is to say."""
    if isinstance(change, str):
        return entry.value == change
    return list(note.tags if name == "tags" else note.list_of(entry.name)) == change


def _storable(text: str) -> str:
    """Return `text` as UTF-8 can hold it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# -- one property -----------------------------------------------------------------------------


def _new_entry(note: Note, name: str, change: str | Sequence[str]) -> bytes:
    pad = b" " * (note.frontmatter.indent if note.frontmatter else 0)
    line_end = note.newline.encode()
    head = pad + name.encode() + b":"
    if isinstance(change, str):
        return head + b" " + scalar(change).encode() + line_end
    return new_list(note, head, line_end, change)


def new_list(
    note: Note, head: bytes, tail: bytes, texts: Sequence[str], *, first: bytes = b""
) -> bytes:
    """Return a list in the style of the frontmatter's other lists; `tail` ends the key's line.

    `first` is the first text as already written, if that form is valid in any list.
    """
    if not texts:
        return head + b" []" + tail
    block = note.frontmatter
    lists = [entry for entry in block.entries if entry.items] if block else []
    if lists and lists[0].shape is ValueShape.FLOW_LIST:
        written = [scalar(text, in_flow=True).encode() for text in texts]
        written[0] = first or written[0]
        return head + b" [" + b", ".join(written) + b"]" + tail
    dash = (_dash_of(note, lists[0]) if lists else None) or b" " * _indent(block) + _DASH
    line_end = note.newline.encode()
    written = [scalar(text).encode() for text in texts]
    written[0] = first or written[0]
    return head + tail + b"".join(dash + one + line_end for one in written)


def _indent(block: Frontmatter | None) -> int:
    return block.indent if block else 0


def _rewritten(note: Note, entry: Entry, change: str | Sequence[str]) -> bytes:
    """Return the whole lines of an entry with its new value, in its own style."""
    head = note.raw[entry.span.start : entry.colon]
    # Only a value that is no block list is followed by what is the line's own: a comment.
    tail = note.raw[entry.written.end : entry.span.end]
    if isinstance(change, str):
        gap = note.raw[entry.colon : entry.written.start]
        gap = b" " if not gap or gap.strip(b" \t") else gap
        if entry.shape is ValueShape.BLOCK_LIST:
            tail = note.newline.encode() + _below(note, entry)
        return head + gap + scalar(change, quote=entry.quote).encode() + tail
    if entry.shape is ValueShape.FLOW_LIST:
        return head + _gap(note, entry) + _flow_list(note, entry, change) + tail
    if entry.shape is ValueShape.BLOCK_LIST:
        return _block_list(note, entry, change)
    return new_list(note, head, tail, change, first=_kept_text(note, entry, change))


def _kept_text(note: Note, entry: Entry, texts: Sequence[str]) -> bytes:
    """Return a text as written that becomes the first of a list, empty where it cannot stay so."""
    written = note.raw[entry.written.start : entry.written.end]
    if not texts or texts[0] != entry.value or b"\n" in written or b"\r" in written:
        return b""
    return written if entry.quote or is_plain(texts[0], in_flow=True) else b""


def _gap(note: Note, entry: Entry) -> bytes:
    return note.raw[entry.colon : entry.written.start] or b" "


def _matched(
    entry: Entry, texts: Sequence[str], same: Callable[[str], str]
) -> list[tuple[str, Item | None]]:
    """Pair each new text with the item that says it already, each item once.

    Items that say nothing are no texts and stay, each behind what it stood behind.
    """
    free: dict[str, list[Item]] = {}
    for item in reversed(entry.items):
        if item.text is not None:
            free.setdefault(same(item.text), []).append(item)
    pairs = [(text, items.pop() if (items := free.get(same(text))) else None) for text in texts]
    kept = {id(item) for _, item in pairs}
    behind: Item | None = None
    for item in entry.items:
        if item.text is None:
            at = next((n for n, one in enumerate(pairs) if behind and one[1] is behind), -1) + 1
            pairs.insert(at, ("", item))
        if item.text is None or id(item) in kept:
            behind = item
    return pairs


def _same(entry: Entry) -> Callable[[str], str]:
    return bare_tag if entry.name in TAG_KEYS else str


def _flow_list(note: Note, entry: Entry, texts: Sequence[str]) -> bytes:
    """Return a `[list, like, this]`; what stays is kept as written, and so are the gaps."""
    pairs = _matched(entry, texts, _same(entry))
    if not pairs:
        return b"[]"
    raw, items = note.raw, entry.items
    head, separator, foot = b"[", b", ", b"]"
    if items:
        written_head = raw[entry.written.start : items[0].span.start]
        written_foot = raw[items[-1].span.end : entry.written.end]
        head = written_head if _FLOW_HEAD.fullmatch(written_head) else head
        foot = written_foot if _FLOW_FOOT.fullmatch(written_foot) else foot
    if len(items) > 1:
        written = raw[items[0].span.end : items[1].span.start]
        separator = written if _FLOW_SEPARATOR.fullmatch(written) else separator
    parts = [
        raw[item.span.start : item.span.end] if item else scalar(text, in_flow=True).encode()
        for text, item in pairs
    ]
    return head + separator.join(parts) + foot


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of one item of a block list: those above it (comments, blanks) and its own."""

    above: bytes
    own: bytes


def _block_list(note: Note, entry: Entry, texts: Sequence[str]) -> bytes:
    """Return a list of one text a line; the lines of what stays are kept, and all comments."""
    raw = note.raw
    first_line_end = _line_end(note, entry.colon)
    head = raw[entry.span.start : first_line_end]
    lines = _item_lines(note, entry, first_line_end)
    dash = _dash_of(note, entry)
    if lines is None or dash is None:
        bare_head = raw[entry.span.start : entry.colon]
        new = new_list(note, bare_head, raw[entry.colon : first_line_end], texts)
        return new + _below(note, entry)
    pairs = _matched(entry, texts, _same(entry))
    if not pairs:
        head = raw[entry.span.start : entry.colon] + b" []" + raw[entry.colon : first_line_end]
        return head + _below(note, entry)
    kept = {id(item) for _, item in pairs if item}
    kept_lines: dict[int, bytes] = {}
    # Comments above an item that goes stay, above the next one that stays.
    above = b""
    for item, own in zip(entry.items, lines, strict=True):
        above += own.above
        if id(item) in kept:
            kept_lines[id(item)], above = above + own.own, b""
    line_end = note.newline.encode()
    parts = [
        kept_lines[id(item)] if item else dash + scalar(text).encode() + line_end
        for text, item in pairs
    ]
    # Behind the last item they would be no part of the property any more.
    return b"".join([head, *parts[:-1], above, parts[-1], _below(note, entry)])


def _below(note: Note, entry: Entry) -> bytes:
    """Return the lines of comments below a property's value."""
    return note.raw[_line_end(note, entry.written.end) : entry.span.end]


def _item_lines(note: Note, entry: Entry, start: int) -> list[_Lines] | None:
    """Return the lines of each item, None if one does not begin with a dash on its line."""
    lines: list[_Lines] = []
    at = start
    for item in entry.items:
        begin = _line_start(note, item.span.start)
        pattern = _BARE_DASH if item.text is None else _DASHED
        dashed = pattern.match(note.raw, begin)
        if begin < at or dashed is None or (item.text and dashed.end() != item.span.start):
            return None
        end = _line_end(note, item.span.end)
        lines.append(_Lines(note.raw[at:begin], note.raw[begin:end]))
        at = end
    return lines


def _dash_of(note: Note, entry: Entry) -> bytes | None:
    """Return how the items of a block list begin, dash and space included."""
    for item in entry.items:
        dashed = _DASHED.match(note.raw, _line_start(note, item.span.start))
        if dashed is not None and dashed.end() == item.span.start:
            return dashed[0]
    bare = _BARE_DASH.match(note.raw, _line_start(note, entry.items[0].span.start))
    return bare[1] + b"- " if bare else None


def _line_break(note: Note) -> bytes:
    return b"\r" if note.newline == "\r" else b"\n"


def _line_start(note: Note, at: int) -> int:
    return note.raw.rfind(_line_break(note), 0, at) + 1


def _line_end(note: Note, at: int) -> int:
    end = note.raw.find(_line_break(note), at)
    return len(note.raw) if end < 0 else end + 1
