"""Change tags in a whole vault: planned over all notes, written as one run, undone as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from notemill.errors import MalformedNoteError, NotemillError, UsageError
from notemill.markup.tags import bare, is_legal_tag, tag_key
from notemill.vault.left_alone import LeftAlone
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.retag import TagChanges, may_hold, retag
from notemill.workflows.tags.usage import Kept, TagUsage, changes_sought, find_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from notemill.index import NoteFacts
    from notemill.privacy import Privacy
    from notemill.stores.review import Review
    from notemill.vault.files import Vault
    from notemill.vault.retag import Edit


@dataclass(frozen=True, slots=True)
class Touched:
    """A note whose tags change: the edit, bound to the bytes it was made for."""

    key: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class Retagging:
    """What a change of tags would do to a vault.

    `left_alone` notes have, or may have, a tag that changes, and keep it. `becomes` maps every tag
    that changes, as spelled, to its new form, None if it is dropped; `joined` are the new tags that
    exist already, with the number of visible notes that have them. `hidden` notes, which are excluded, keep
    theirs and are not named. `usage` are the places that mean a tag which changes, and the notes
    whose queries change with it. `listed` are the tags that change in a vocabulary that no note
    holds, like `becomes`; `spellings` are names that the vocabulary is to keep as other spellings,
    with the tag that each stands for.
    """

    touched: tuple[Touched, ...]
    left_alone: tuple[LeftAlone, ...]
    becomes: Mapping[str, str | None]
    joined: Mapping[str, int]
    hidden: int = 0
    usage: TagUsage = field(default_factory=TagUsage)
    listed: Mapping[str, str | None] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def waits(self) -> frozenset[str]:
        """The keys of the tags whose change waits for a person: places would keep their old name."""
        return frozenset(self.usage.places)

    @property
    def is_known(self) -> bool:
        """Whether any note has such a tag, or may have it, or the vocabulary has or is to have it."""
        return bool(self.left_alone or self.hidden or self.changes)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.touched or self.listed or self.spellings)


def checked_changes(changes: Mapping[str, str | None]) -> TagChanges:
    """Return the changes a person asked for, without `#`. Raises UsageError for an illegal tag."""
    bare = {
        _tag(old, "the tag to change"): None if new is None else _tag(new, "the new tag")
        for old, new in changes.items()
    }
    for new in bare.values():
        if new is not None and not is_legal_tag(new):
            raise UsageError(
                f"{new!r} cannot be a tag; use letters, digits, `_`, `-` and `/`, no spaces, "
                "and not only digits"
            )
    return TagChanges(bare)


def _tag(said: str, what: str) -> str:
    tag = bare(said)
    if not tag:
        raise UsageError(f"{what} is missing: {said!r} is not a tag")
    return tag


def plan_retagging(
    vault: Vault,
    facts: Iterable[NoteFacts],
    changes: TagChanges,
    *,
    privacy: Privacy,
    keeping: Kept = MappingProxyType({}),
) -> Retagging:
    """Return what `changes` would do, and where else the tags are meant.

    `keeping` are lines of queries, by note, that stay as they are.
    """
    facts = tuple(facts)
    usage = find_usage(vault, facts, changes_sought(changes), privacy=privacy, keeping=keeping)
    touched: list[Touched] = []
    left_alone: list[LeftAlone] = []
    hidden = 0
    becomes: dict[str, str | None] = {}
    holders: dict[str, int] = {}
    for one in facts:
        changed = {tag: new for tag in one.spellings if (new := changes.of(tag)) != tag}
        if privacy.hides(one):
            hidden += bool(changed)
            continue
        for tag in one.all_tags:
            if tag not in changed:
                holders[tag_key(tag)] = holders.get(tag_key(tag), 0) + 1
        if not changed and not one.problem and one.key not in usage.queried:
            continue
        try:
            raw = vault.read(one.key)
            edit = _edit(raw, changes, one.problem, keeping.get(one.key, frozenset()))
        except NotemillError as error:
            left_alone.append(LeftAlone(one.key, str(error)))
            continue
        if edit is not None:
            becomes.update(changed)
            touched.append(Touched(one.key, edit))
    news = {new for new in becomes.values() if new is not None}
    joined = {new: holders[tag_key(new)] for new in sorted(news) if tag_key(new) in holders}
    return Retagging(tuple(touched), tuple(left_alone), becomes, joined, hidden, usage)


def _edit(raw: bytes, changes: TagChanges, problem: str, keeping: frozenset[str]) -> Edit | None:
    """Return the edit of a note. Raises MalformedNoteError if it cannot be made.

    `problem` is why the note must not be edited, '' if it may be.
    """
    if problem and may_hold(raw, changes):
        raise MalformedNoteError(problem)
    return retag(raw, changes, keeping=keeping)


def write_retagging(
    vault: Vault, review: Review, plan: Retagging, *, privacy: Privacy, run: str
) -> Iterator[tuple[str, str]]:
    """Write a plan as `run`; return what `write_edits` yields.

    A note that has changed since the plan was made is left alone. Curated notes stay curated.
    """
    edits = ((one.key, one.edit.apply) for one in plan.touched)
    return write_edits(vault, review, edits, privacy=privacy, run=run)


def write_edits(
    vault: Vault,
    review: Review,
    edits: Iterable[tuple[str, Callable[[bytes], bytes]]],
    *,
    privacy: Privacy,
    run: str,
    holds: Callable[[], bool] = lambda: True,
    also: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, str]]:
    """Write edits that leave what the notes say unchanged, locking the vault note by note.

    Each is a note and a function that returns its new bytes, or raises if the note is not the one
    it was made for. Yields each note and why it was not written, '' if it was; it skips those for
    which `holds` returns False. See `Vault.write` for that and for `also`. Raises VaultLockedError.
    """

    def kept(rebased: list[tuple[str, str, str]]) -> None:
        review.rebase(rebased)
        also()

    vault.settle()
    for key, edit in edits:
        problem = ""
        with vault.lock():
            try:
                before = vault.read(key)
                privacy.check(key, before)
                after = edit(before)
                rebased = [(key, source_of(before), source_of(after))]
                if not vault.write(
                    key,
                    after,
                    expected=bytes_hash(before),
                    run=run,
                    holds=holds,
                    also=partial(kept, rebased),
                ):
                    continue
            except NotemillError as error:
                problem = str(error)
        yield key, problem


def source_of(raw: bytes) -> str:
    """Return the source hash of a note's bytes."""
    return source_hash(parse(raw)[0])


def sources(vault: Vault, keys: Iterable[str]) -> dict[str, str]:
    """Return the current source hashes of notes, without those that cannot be read."""
    found: dict[str, str] = {}
    for key in keys:
        try:
            found[key] = source_of(vault.read(key))
        except NotemillError:
            continue
    return found
