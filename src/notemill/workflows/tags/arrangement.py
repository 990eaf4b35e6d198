"""A vault's vocabulary, kept in one of its notes: proposed, extended, applied."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from notemill.errors import UsageError
from notemill.markup.tags import tag_key
from notemill.tagging.arrange import arrange
from notemill.tagging.settling import in_tree_order
from notemill.tagging.taglist import Entry, Vocabulary, read_vocabulary, with_entries
from notemill.vault.frontmatter import BOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.stores.decisions import Decisions
    from notemill.stores.vocabulary import VocabularyTag
    from notemill.workflows.tags.findings import TagReport


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A vocabulary as a model arranged it, and pairs of tags that it says are not synonyms."""

    run: str
    entries: tuple[Entry, ...]
    apart: tuple[tuple[str, str], ...]


def proposed_entries(review: TagReport) -> tuple[Entry, ...]:
    """Return the vocabulary that follows from a vault's tags, without a model."""
    left_out = review.mentions.all
    return arrange(review.census, review.merges, review.droppable, leave_out=left_out)


def with_proposed(raw: bytes, entries: tuple[Entry, ...], known: frozenset[str]) -> bytes:
    """Return a vocabulary note with the new entries added. Raises UsageError if it is not UTF-8."""
    bom = BOM if raw.startswith(BOM) else b""
    return bom + with_entries(_text(raw), entries, known).encode()


def vocabulary_of(raw: bytes, key: str) -> Vocabulary:
    """Read a vocabulary note. Raises UsageError naming the lines to correct first."""
    vocabulary = read_vocabulary(_text(raw))
    if vocabulary.problems:
        lines = "; ".join(f"line {one.line}: {one.message}" for one in vocabulary.problems)
        raise UsageError(f"{key} cannot be used; correct these lines first: {lines}")
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


def read_arrangement(decisions: Decisions) -> Arrangement | None:
    """Return the model's last arrangement of the tags, or None."""
    run, said = decisions.arrangement()
    try:
        value = json.loads(said)
        entries = _entries(value["entries"])
        apart = tuple((str(tag), str(other)) for tag, other in value["apart"])
        return Arrangement(run, entries, apart)
    except (ValueError, KeyError, TypeError):
        return None


def keep_arrangement(decisions: Decisions, arrangement: Arrangement) -> None:
    """Replace the stored arrangement with the model's new one."""
    entries = _rows(arrangement.entries)
    decisions.keep_arrangement(
        arrangement.run, json.dumps({"entries": entries, "apart": arrangement.apart})
    )


def keep_proposed(decisions: Decisions, entries: tuple[Entry, ...]) -> None:
    """Add to the record of tags that were proposed for the list."""
    decisions.keep_proposed(name for one in entries for name in (one.tag, *one.aliases))


def kept_entries(tags: Iterable[VocabularyTag]) -> tuple[Entry, ...]:
    """Return a vocabulary that is kept without a note, as a tree; of equal tags the first."""
    kept: dict[str, Entry] = {}
    for one in tags:
        entry = Entry(one.tag, one.aliases, description=one.description)
        kept.setdefault(tag_key(one.tag), entry)
    return in_tree_order(list(kept.values()))


def with_kept(kept: Sequence[Entry], proposed: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return a vocabulary that is kept, and below it what is `proposed` and not part of it yet."""
    if not kept:
        return tuple(proposed)
    known = set(Vocabulary(tuple(kept)).known)
    made = {tag_key(one.tag): one for one in kept}
    for one in proposed:
        key = tag_key(one.tag)
        aliases = tuple(name for name in one.aliases if tag_key(name) not in known)
        if key in made:
            before = made[key]
            made[key] = replace(before, aliases=(*before.aliases, *aliases))
        elif key not in known:
            made[key] = replace(one, aliases=aliases)
        known.update(map(tag_key, (one.tag, *aliases)))
    return in_tree_order(list(made.values()))


def adopt(decisions: Decisions, note: str, vocabulary: Vocabulary) -> None:
    """Adopt a note's list, as a person has seen it, as the vault's only vocabulary."""
    decisions.adopt(note, json.dumps(_rows(vocabulary.entries)))


def taken_over(decisions: Decisions) -> Vocabulary | None:
    """Return the vocabulary as a person last adopted it, None if unknown."""
    try:
        return Vocabulary(_entries(json.loads(decisions.adopted().said)))
    except (ValueError, TypeError):
        return None


def _rows(entries: Iterable[Entry]) -> list[list[object]]:
    return [
        [one.tag, list(one.aliases), one.dropped, one.reason, one.description] for one in entries
    ]


def _entries(rows: Iterable[Sequence[Any]]) -> tuple[Entry, ...]:
    """Return stored entries. Raises ValueError or TypeError for anything else."""
    return tuple(
        Entry(
            str(tag),
            tuple(map(str, aliases)),
            bool(dropped),
            str(reason),
            "".join(map(str, description)),
        )
        for tag, aliases, dropped, reason, *description in rows
    )
