"""A vault's vocabulary kept in one of its notes: proposed, added to, applied."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from notemill.errors import UsageError, VaultError
from notemill.tagging.arrange import arrange
from notemill.tagging.vocabulary import read_vocabulary, with_entries, write_entries
from notemill.vault.frontmatter import BOM
from notemill.vault.tags import tag_key

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.tagging.vocabulary import Entry, Vocabulary
    from notemill.workflows.tags import TagReview

_FILE: Final = "vocabulary.json"


def proposed_entries(review: TagReview) -> tuple[Entry, ...]:
    """Return the vocabulary that a vault's tags make by themselves."""
    return arrange(review.census, review.merges, review.junk)


def as_list(entries: tuple[Entry, ...]) -> str:
    """Return a vocabulary as a nested list."""
    return write_entries(entries)


def with_proposed(raw: bytes, entries: tuple[Entry, ...], known: frozenset[str]) -> bytes:
    """Return a vocabulary note with what is new in it. Raises UsageError where it is no UTF-8."""
    bom = BOM if raw.startswith(BOM) else b""
    return bom + with_entries(_text(raw), entries, known).encode()


def vocabulary_of(raw: bytes, key: str) -> Vocabulary:
    """Read a vocabulary note. Raises UsageError naming the lines that have to be mended first."""
    vocabulary = read_vocabulary(_text(raw))
    if vocabulary.problems:
        lines = "\n  ".join(f"line {one.line}: {one.message}" for one in vocabulary.problems)
        raise UsageError(f"{key} cannot be taken as it is; mend these lines first\n  {lines}")
    if not vocabulary.entries:
        raise UsageError(
            f"{key} has no list of tags; `notemill tags vocabulary --note` writes one into it"
        )
    return vocabulary


def _text(raw: bytes) -> str:
    try:
        return raw.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("the vocabulary's note is not UTF-8 text; save it as UTF-8") from error


def read_known(state: Path) -> frozenset[str]:
    """Return the keys proposed to the person before; none where that is not known."""
    try:
        value = json.loads((state / _FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def keep_known(state: Path, entries: tuple[Entry, ...]) -> None:
    """Write down what was proposed, beside what was before. Raises VaultError."""
    names = (name for one in entries for name in (one.tag, *one.aliases))
    known = sorted(read_known(state) | set(map(tag_key, names)))
    part = state / f"{_FILE}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(known, file)
        part.replace(state / _FILE)
    except OSError as error:
        raise VaultError(f"{part} cannot be written ({error.strerror}); check rights") from error
