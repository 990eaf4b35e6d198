"""A note: its bytes, its properties as spans, its text; pure. Parsing never fails."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.vault import frontmatter, markup
from notemill.vault.frontmatter import BOM, BrokenFrontmatterError, Frontmatter

if TYPE_CHECKING:
    from notemill.vault.markup import InlineTag, Link

OWNED: Final = ("tags", "description", "topics", "related", "notemill")
"""The properties that notemill may write; every other byte of a note is its owner's."""
TAG_KEYS: Final = ("tags", "tag")
_TAG_SPLIT = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a note; where `blocks_writing`, notemill leaves it alone."""

    code: str
    message: str
    blocks_writing: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note. `raw` is the file, byte for byte; `body` the text behind the frontmatter."""

    raw: bytes
    body: str
    body_start: int
    newline: str
    frontmatter: Frontmatter | None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the properties, as written but without `#`."""
        entry = self.frontmatter.find(*TAG_KEYS) if self.frontmatter else None
        if entry is None or entry.value is None:
            return ()
        parts = _TAG_SPLIT.split(entry.value) if isinstance(entry.value, str) else entry.value
        return tuple(tag for part in parts if (tag := part.strip().lstrip("#").strip()))

    def list_of(self, name: str) -> tuple[str, ...]:
        """Return a property as a list of texts; a single text is a list of one."""
        entry = self.frontmatter.find(name) if self.frontmatter else None
        if entry is None or entry.value is None:
            return ()
        return (entry.value,) if isinstance(entry.value, str) else entry.value

    def text_of(self, name: str) -> str:
        """Return a property as a text, '' where it is absent, empty or no text."""
        entry = self.frontmatter.find(name) if self.frontmatter else None
        return entry.value.strip() if entry and isinstance(entry.value, str) else ""


def parse(raw: bytes) -> tuple[Note, tuple[Problem, ...]]:
    """Parse any bytes at all: a note, and what is wrong with it."""
    newline = "\r\n" if raw.count(b"\r\n") * 2 > raw.count(b"\n") else "\n"
    start = len(BOM) if raw.startswith(BOM) else 0
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        text = raw[start:].decode("utf-8", "replace")
        message = f"it is not UTF-8 text (byte {error.start:,}); save it as UTF-8"
        return Note(raw, text, start, newline, None), (Problem("not-utf8", message, True),)  # noqa: FBT003
    place = frontmatter.locate(raw)
    if place is None:
        return Note(raw, raw[start:].decode("utf-8"), start, newline, None), ()
    body_start = place[3]
    body = raw[body_start:].decode("utf-8")
    try:
        block = frontmatter.read(raw, place)
    except BrokenFrontmatterError as error:
        message = f"its frontmatter cannot be read ({error}); mend it in your editor"
        problem = Problem("broken-frontmatter", message, blocks_writing=True)
        return Note(raw, body, body_start, newline, None), (problem,)
    note = Note(raw, body, body_start, newline, block)
    return note, _problems(block)


def _problems(block: Frontmatter) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            "uneditable-property",
            f"its property {entry.key} is of a kind that cannot be added to; make it a plain list "
            "or text",
            blocks_writing=True,
        )
        for entry in block.entries
        if entry.shape == "other" and entry.key.lower() in (*OWNED, "tag")
    )


def inline_tags(note: Note) -> tuple[InlineTag, ...]:
    """Return the tags in the note's text."""
    return markup.inline_tags(note.body)


def links(note: Note) -> tuple[Link, ...]:
    """Return the links to notes in the note's text."""
    return markup.links(note.body)


def is_ignored(note: Note) -> bool:
    """Tell whether the owner excluded the note: the property `notemill: ignore`."""
    return note.text_of("notemill").lower() == "ignore"


def bytes_hash(raw: bytes) -> str:
    """Return the hash that guards writing: of every byte of the file."""
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def owned_lines(block: Frontmatter) -> set[int]:
    """Return the lines of the frontmatter that belong to properties notemill may write."""
    return {
        line
        for entry in block.entries
        if entry.key.lower() in OWNED or entry.key.lower() == "tag"
        for line in range(entry.first, entry.last)
    }


def source_hash(note: Note) -> str:
    """Return the hash of what is the owner's: the note without the properties notemill owns.

    A frontmatter that holds nothing else counts as none, so that writing the first property, or
    taking the last away, leaves the hash as it is.
    """
    digest = hashlib.blake2b(digest_size=16)
    if note.frontmatter is not None:
        owned = owned_lines(note.frontmatter)
        rest = [line for n, line in enumerate(note.frontmatter.lines) if n not in owned]
        if any(line.strip() for line in rest):
            digest.update(b"---\n" + b"".join(rest) + b"---\n")
    elif note.body_start > len(BOM):
        digest.update(note.raw[: note.body_start])
    digest.update(note.raw[note.body_start :])
    return digest.hexdigest()
