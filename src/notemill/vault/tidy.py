"""Properties normalised to the form Obsidian writes, changing only the kinds named; pure.

Every kind is a separate step from bytes to bytes, verified by reading the result back. Anything
ambiguous is left, with the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from notemill.errors import MalformedNoteError
from notemill.markup.tags import tag_key
from notemill.vault.dates import AmbiguousDateError, iso_date
from notemill.vault.frontmatter import Entry, Span, ValueShape
from notemill.vault.inline_properties import lift
from notemill.vault.note import TAG_KEYS, TAG_SPLIT, Note, bare_tag, parse
from notemill.vault.proposal import new_list, spliced
from notemill.vault.retag import without_items

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

Value: TypeAlias = "str | tuple[str, ...] | None"

_PLURALS: Final = {"tag": "tags", "alias": "aliases", "cssclass": "cssclasses"}
_LISTS: Final = frozenset((*_PLURALS, *_PLURALS.values()))
# Words by which a property is known to hold a date, in the languages of the vaults tried.
_DATED: Final = frozenset(
    ("date", "created", "updated", "modified", "published", "due", "start", "end", "ctime", "mtime",
     "birthday", "deadline", "scheduled", "completed", "datum", "fecha", "data", "erstellt",
     "日期", "创建时间", "更新时间", "作成日", "更新日")
)  # fmt: skip
# Written in capitals alone these are still words; `DOI` and `ISBN` are names.
_WORDS: Final = frozenset(
    ("TAGS", "TAG", "TITLE", "ALIASES", "ALIAS", "DATE", "CREATED", "UPDATED", "MODIFIED", "TYPE",
     "STATUS", "AUTHOR", "DESCRIPTION", "CATEGORY", "CATEGORIES", "TOPICS", "SOURCE")
)  # fmt: skip
_WORD_GAP = re.compile(r"[\s_-]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class TidyKind(StrEnum):
    """A kind of change that tidying makes."""

    INLINE = "inline"
    CASE = "case"
    PLURAL = "plural"
    LISTS = "lists"
    DUPLICATES = "duplicates"
    DATES = "dates"


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of change in a note: the bytes before and after, and what changed, for people."""

    kind: TidyKind
    before: bytes
    after: bytes
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left unchanged, and why."""

    kind: TidyKind
    reason: str


@dataclass(frozen=True, slots=True)
class TidiedText:
    """The steps that tidy a note, in order, and what is left."""

    steps: tuple[Step, ...]
    left: tuple[Left, ...]

    @property
    def after(self) -> bytes | None:
        """The note after all steps, None if nothing changes."""
        return self.steps[-1].after if self.steps else None


@dataclass(frozen=True, slots=True)
class _Edit:
    """Bytes to put in a span's place, the properties there are to be then, and what that is."""

    splices: list[tuple[Span, bytes]]
    values: list[tuple[str, Value]]
    what: list[str]
    left: list[str]


def tidy(raw: bytes, kinds: Collection[TidyKind]) -> TidiedText:
    """Return the steps that tidy a note's properties, one for each of `kinds`.

    Raises MalformedNoteError if its frontmatter cannot be read: it is then left untouched.
    """
    steps: list[Step] = []
    left: list[Left] = []
    note = _writable(raw)
    for kind in TidyKind:
        if kind not in kinds:
            continue
        try:
            new, what, reasons = _lifted(note) if kind is TidyKind.INLINE else _edited(note, kind)
        except MalformedNoteError as error:
            new, what, reasons = note.raw, [], [str(error)]
        left += [Left(kind, reason) for reason in reasons]
        if new != note.raw:
            steps.append(Step(kind, note.raw, new, tuple(what)))
            note = _writable(new)
    return TidiedText(tuple(steps), tuple(left))


def _writable(raw: bytes) -> Note:
    """Return a note. Raises MalformedNoteError if it must be left as it is."""
    note, problems = parse(raw)
    for problem in problems:
        if problem.blocks_writing:
            raise MalformedNoteError(problem.message)
    return note


def _lifted(note: Note) -> tuple[bytes, list[str], list[str]]:
    lifted = lift(note, lists=_LISTS)
    return lifted.raw, list(lifted.what), list(lifted.left)


def _edited(note: Note, kind: TidyKind) -> tuple[bytes, list[str], list[str]]:
    if note.frontmatter is None:
        return note.raw, [], []
    edit = _EDITS[kind](note, note.frontmatter.entries)
    if not edit.splices:
        return note.raw, [], edit.left
    new = spliced(note.raw, edit.splices)
    _check(note, new, edit.values)
    return new, edit.what, edit.left


def _check(old: Note, raw: bytes, values: list[tuple[str, Value]]) -> None:
    """Read the edited note back. Raises MalformedNoteError if it is not what was meant."""
    new, _ = parse(raw)
    found = [(one.key, one.value) for one in new.frontmatter.entries] if new.frontmatter else []
    if not new.writable or found != values or new.body != old.body:
        raise MalformedNoteError("its frontmatter cannot be edited safely; change it by hand")


# -- keys -------------------------------------------------------------------------------------


def _case(note: Note, entries: Sequence[Entry]) -> _Edit:
    """Put keys with a capital into lower case: `Title`, `Date Created`; not `fileClass`, `DOI`."""
    wanted = {one.key: one.key.lower() for one in entries if _is_capitalised(one.key)}
    return _renamed(note, entries, wanted)


def _is_capitalised(key: str) -> bool:
    if key == key.lower():
        return False
    if key in _WORDS:
        return True
    words = [word for word in _WORD_GAP.split(key) if word]
    return all(word[1:] == word[1:].lower() and len(word) > 1 for word in words)


def _plural(note: Note, entries: Sequence[Entry]) -> _Edit:
    """Make `tag`, `alias` and `cssclass` what Obsidian calls them by now."""
    wanted: dict[str, str] = {}
    for one in entries:
        if one.name in _PLURALS:
            plural = _PLURALS[one.name]
            wanted[one.key] = plural.upper() if one.key.isupper() else one.key[:1] + plural[1:]
    return _renamed(note, entries, wanted)


def _renamed(note: Note, entries: Sequence[Entry], wanted: Mapping[str, str]) -> _Edit:
    edit = _Edit([], [], [], [])
    names = Counter(one.name for one in entries)
    for one in entries:
        key = one.key
        new = wanted.get(key, key)
        if new != key:
            head = note.raw[one.span.start : one.colon]
            at = head.find(key.encode())
            if names[new.casefold()] > (new.casefold() == one.name):
                edit.left.append(f"there is `{new}` beside `{key}`; keep one")
            elif at < 0 or names[one.name] > 1:
                edit.left.append(f"`{key}` has an unusual form or appears twice")
            else:
                start = one.span.start + at
                edit.splices.append((Span(start, start + len(key.encode())), new.encode()))
                edit.what.append(f"{key} → {new}")
                key = new
        edit.values.append((key, one.value))
    return edit


# -- lists ------------------------------------------------------------------------------------


def _lists(note: Note, entries: Sequence[Entry]) -> _Edit:
    """Make texts lists where Obsidian expects lists."""
    edit = _Edit([], [], [], [])
    for one in entries:
        value: Value = one.value
        if one.name in _LISTS and one.shape is ValueShape.TEXT and isinstance(one.value, str):
            is_long = b"\n" in note.raw[one.written.start : one.written.end].replace(b"\r", b"\n")
            if is_long:
                edit.left.append(f"the text of `{one.key}` has several lines")
            texts = [] if is_long else _texts(one, edit)
            if texts:
                head = note.raw[one.span.start : one.colon]
                tail = note.raw[one.written.end : one.span.end]
                edit.splices.append((one.span, new_list(note, head, tail, texts)))
                edit.what.append(f"{one.key}: a list of {len(texts)}")
                value = tuple(texts)
        edit.values.append((one.key, value))
    return edit


def _texts(entry: Entry, edit: _Edit) -> list[str]:
    """Return the texts of a list that is written as one; none where that is ambiguous, or empty."""
    text = str(entry.value)
    if entry.name in ("alias", "aliases"):
        if "," in text or "\n" in text.strip():
            edit.left.append(
                f"a comma in `{entry.key}: {' '.join(text.split())}` may separate names or "
                "belong to one"
            )
            return []
        return [text.strip()] if text.strip() else []
    if "," in text and any(len(part.split()) > 1 for part in text.split(",")):
        edit.left.append(f"a part of `{entry.key}: {' '.join(text.split())}` has several words")
        return []
    parts = [part for part in TAG_SPLIT.split(text) if part]
    if entry.name in TAG_KEYS:
        parts = [tag for part in parts if (tag := bare_tag(part))]
    return parts


def _duplicates(note: Note, entries: Sequence[Entry]) -> _Edit:
    """Take tags that stand twice in a list out of it; the first one stays."""
    edit = _Edit([], [], [], [])
    for one in entries:
        value: Value = one.value
        gone = _repeated(one) if one.name in TAG_KEYS else []
        if gone and one.shape is ValueShape.BLOCK_LIST and _have_comments(note, gone):
            edit.left.append(f"a tag that appears twice in `{one.key}` has a comment of its own")
        elif gone:
            spans = set(gone)
            edit.splices.extend((cut.span, cut.new) for cut in without_items(note, one, spans))
            kept = [item for item in one.items if item.span not in spans]
            value = tuple(item.text for item in kept if item.text is not None)
            edit.what.append(f"{one.key}: {len(gone)} fewer")
        edit.values.append((one.key, value))
    return edit


def _repeated(entry: Entry) -> list[Span]:
    seen: set[str] = set()
    gone: list[Span] = []
    for item in entry.items:
        key = tag_key(bare_tag(item.text or ""))
        if key and key in seen:
            gone.append(item.span)
        seen.add(key)
    return gone


def _have_comments(note: Note, spans: Sequence[Span]) -> bool:
    line_end = b"\r" if note.newline == "\r" else b"\n"
    return any(note.raw[span.end : note.raw.find(line_end, span.end)].strip() for span in spans)


# -- dates ------------------------------------------------------------------------------------


def _dates(_note: Note, entries: Sequence[Entry]) -> _Edit:
    """Write dates as ISO 8601 in properties that are named as such."""
    edit = _Edit([], [], [], [])
    for one in entries:
        value: Value = one.value
        if isinstance(value, str) and one.quote in ("", "'", '"') and _is_dated(one.key):
            try:
                new = iso_date(value)
            except AmbiguousDateError as error:
                edit.left.append(f"{one.key}: {error}")
                new = None
            if new is not None and new != value:
                written = f"{one.quote}{new}{one.quote}".encode()
                edit.splices.append((one.written, written))
                edit.what.append(f"{one.key}: {value} → {new}")
                value = new
        edit.values.append((one.key, value))
    return edit


def _is_dated(key: str) -> bool:
    words = _WORD_GAP.split(_CAMEL.sub("-", key))
    return any(word.casefold() in _DATED for word in words)


_EDITS: Final[dict[TidyKind, Callable[[Note, Sequence[Entry]], _Edit]]] = {
    TidyKind.CASE: _case,
    TidyKind.PLURAL: _plural,
    TidyKind.LISTS: _lists,
    TidyKind.DUPLICATES: _duplicates,
    TidyKind.DATES: _dates,
}
