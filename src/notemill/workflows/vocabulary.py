"""A vault's vocabulary kept in one of its notes: proposed, added to, applied."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.errors import UsageError, VaultError
from notemill.tagging.arrange import arrange
from notemill.tagging.vocabulary import Entry, read_vocabulary, with_entries, write_entries
from notemill.vault.frontmatter import BOM
from notemill.vault.tags import tag_key

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.tagging.vocabulary import Vocabulary
    from notemill.workflows.tags import TagReview

_FILE: Final = "vocabulary.json"
_ARRANGEMENT: Final = "arrangement.json"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A vocabulary as a model arranged it, and pairs of tags that it says are no synonyms."""

    run: str
    entries: tuple[Entry, ...]
    apart: tuple[tuple[str, str], ...]


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


def read_arrangement(state: Path) -> Arrangement | None:
    """Return the model's last arrangement of the tags, None where there is none."""
    try:
        value = json.loads((state / _ARRANGEMENT).read_text("utf-8"))
        entries = tuple(
            Entry(str(tag), tuple(map(str, aliases)), bool(dropped), str(reason))
            for tag, aliases, dropped, reason in value["entries"]
        )
        apart = tuple((str(tag), str(other)) for tag, other in value["apart"])
        return Arrangement(str(value["run"]), entries, apart)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_arrangement(state: Path, arrangement: Arrangement) -> None:
    """Write down the model's arrangement in place of the one before. Raises VaultError."""
    entries = [[one.tag, one.aliases, one.dropped, one.reason] for one in arrangement.entries]
    value = {"run": arrangement.run, "entries": entries, "apart": arrangement.apart}
    _keep(state / _ARRANGEMENT, value)


def forget_arrangement(state: Path, run: str) -> None:
    """Delete the model's arrangement where it is that of `run`."""
    kept = read_arrangement(state)
    if kept is not None and kept.run == run:
        (state / _ARRANGEMENT).unlink(missing_ok=True)


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
    _keep(state / _FILE, known)


def _keep(path: Path, value: object) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(value, file)
        part.replace(path)
    except OSError as error:
        raise VaultError(f"{part} cannot be written ({error.strerror}); check rights") from error
