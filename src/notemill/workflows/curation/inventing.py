"""The tags that a run invents: which are new, which are one, what becomes of each; pure.

Each note is tagged by itself, so that the same subject gets several names. A tag is new if no note
of the vault has it and its vocabulary does not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import MAX_LEVELS, is_tidy_tag, is_within, paths_of, tag_key
from notemill.stores.proposals import (
    TAG_KINDS,
    InventedTag,
    NewProposal,
    ProposalKind,
    ProposalState,
)
from notemill.tagging.census import Census
from notemill.tagging.variants import Variation, find_merges

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from notemill.stores.proposals import Proposal
    from notemill.tagging.gate import Gate

LEAST_NOTES: Final = 3
"""Offline, no tag is invented for fewer notes: words in common are weak evidence."""
_SURE: Final = (Variation.CASE, Variation.STYLE, Variation.ACCENTS, Variation.PLURAL)
_FACET_PARENTS: Final = 3
"""A last level under so many parents is an aspect of each (`basics`, `history`), and not one tag."""
_OPEN: Final = (ProposalState.PENDING, ProposalState.ACCEPTED)

SAME_LEAF: Final = "the same name under another parent"
SAME_WORD: Final = "another form of the same word"
SELDOM: Final = f"fewer than {LEAST_NOTES} notes would have it"


@dataclass(frozen=True, slots=True)
class NewTag:
    """A new tag, in its most frequent spelling, and the notes that it is proposed for.

    `decided` if a person accepted it for one of them: it then stays as it is.
    """

    tag: str
    notes: tuple[str, ...]
    decided: bool = False

    @property
    def key(self) -> str:
        """The key it is compared by."""
        return tag_key(self.tag)


def new_tags(
    proposals: Iterable[Proposal],
    known: Collection[str],
    *,
    states: Collection[ProposalState] = _OPEN,
) -> tuple[NewTag, ...]:
    """Return the new tags among proposals in some `states`, those with most notes first.

    `known` are the keys of the vault's tags and of its vocabulary.
    """
    notes: dict[str, list[str]] = {}
    spellings: dict[str, Counter[str]] = {}
    accepted: set[str] = set()
    for one in proposals:
        key = tag_key(one.value)
        if one.kind not in TAG_KINDS or one.state not in states or key in known:
            continue
        notes.setdefault(key, []).append(one.note)
        spellings.setdefault(key, Counter())[one.value] += 1
        if one.state is ProposalState.ACCEPTED:
            accepted.add(key)
    found = [
        NewTag(
            max(sorted(spellings[key]), key=spellings[key].__getitem__),
            tuple(dict.fromkeys(its)),
            key in accepted,
        )
        for key, its in notes.items()
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.notes), one.key)))


# -- what a program sees --------------------------------------------------------------------------


def alike(new: Sequence[NewTag], counts: Mapping[str, int]) -> tuple[InventedTag, ...]:
    """Return the new tags that are the same as another, by their last level.

    `counts` are the vault's tags with their numbers of notes. Of several, the vault's own stays,
    else the one below a root of the vault, else the most used. Names under three parents and more
    are aspects of these, and tags that one note has both of are two.
    """
    roots = {tag_key(tag.partition("/")[0]) for tag in counts}
    known = {tag_key(tag): tag for tag in counts}
    leaves = _leaves([*known.values(), *(one.tag for one in new)], counts)
    groups: dict[str, list[NewTag]] = {}
    for one in new:
        groups.setdefault(leaves[one.key], []).append(one)
    theirs: dict[str, list[str]] = {}
    for key, tag in known.items():
        theirs.setdefault(leaves[key], []).append(tag)
    found: list[InventedTag] = []
    for leaf, group in groups.items():
        there = theirs.get(leaf, [])
        parents = {*map(_parent, there), *(_parent(one.tag) for one in group)} - {""}
        if len(parents) >= _FACET_PARENTS:
            continue
        free = [one for one in group if not one.decided]
        stays = _best(group, there, counts, roots)
        found += [
            InventedTag(one.tag, stays, _why_same(one.tag, stays), one.notes)
            for one in free
            if tag_key(stays) != one.key and not _together(one, stays, group)
        ]
    return tuple(found)


def joined(new: Iterable[NewTag], same: Iterable[InventedTag]) -> tuple[NewTag, ...]:
    """Return the new tags without those that are the `same` as another, whose notes that one has."""
    into = {tag_key(one.tag): tag_key(one.becomes) for one in same}
    tags = {one.key: one for one in new}
    notes: dict[str, list[str]] = {}
    for one in tags.values():
        notes.setdefault(into.get(one.key, one.key), []).extend(one.notes)
    return tuple(
        replace(one, notes=tuple(dict.fromkeys(notes[key])))
        for key, one in tags.items()
        if key not in into
    )


def _leaves(tags: Iterable[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Return for each tag, by key, the key of its last level in the form used most."""
    uses: list[tuple[str, list[str]]] = []
    named: dict[str, str] = {}
    for tag in tags:
        leaf = tag.rpartition("/")[2]
        named[tag_key(tag)] = tag_key(leaf)
        uses += [(f"{tag} {number}", [leaf]) for number in range(1 + (tag in counts))]
    into = {
        tag_key(merge.tag): tag_key(merge.into)
        for merge in find_merges(Census.of(uses), kinds=_SURE)
    }
    return {key: into.get(leaf, leaf) for key, leaf in named.items()}


def _parent(tag: str) -> str:
    return tag_key(tag.rpartition("/")[0])


def _best(
    group: Sequence[NewTag], there: Sequence[str], counts: Mapping[str, int], roots: set[str]
) -> str:
    """Return the tag that a group of equal ones becomes."""
    if there:
        return max(sorted(there), key=lambda tag: (counts[tag], tag.count("/")))

    def rank(one: NewTag) -> tuple[bool, bool, int, int]:
        nested_well = "/" in one.tag and tag_key(one.tag.partition("/")[0]) in roots
        return (one.decided, nested_well, len(one.notes), one.tag.count("/"))

    return max(sorted(group, key=lambda one: one.key), key=rank).tag


def _together(one: NewTag, other: str, group: Sequence[NewTag]) -> bool:
    """Return whether a note has both: then they mean different things, in one spelling or two."""
    notes = next((set(its.notes) for its in group if its.key == tag_key(other)), set())
    return not notes.isdisjoint(one.notes)


def _why_same(tag: str, other: str) -> str:
    equal = tag_key(tag.rpartition("/")[2]) == tag_key(other.rpartition("/")[2])
    return SAME_LEAF if equal else SAME_WORD


def seldom(
    new: Iterable[NewTag], *, least: int = LEAST_NOTES, more: Mapping[str, int] | None = None
) -> tuple[InventedTag, ...]:
    """Return the new tags that too few notes would have, to be left out.

    `more` counts, by key, notes beside those of this run.
    """
    others = more or {}
    return tuple(
        InventedTag(one.tag, "", SELDOM, one.notes)
        for one in new
        if not one.decided and len(one.notes) + others.get(one.key, 0) < least
    )


# -- what an answer decides -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of one new tag: what it becomes, itself if it stays, '' if it goes."""

    tag: str
    becomes: str
    why: str


def settled(
    new: Sequence[NewTag],
    said: Iterable[Said],
    known: Mapping[str, str],
    *,
    allowed: Callable[[str], bool] = lambda _: True,
) -> tuple[InventedTag, ...]:
    """Return what becomes of every new tag, as far as an answer about them may decide it.

    `known` are the tags there are, by key. Answers about other tags are ignored, as is a second
    one about the same. A tag stays as it is if nothing is said of it, if a person accepted it, or
    if what it would become is no proper tag, is not `allowed`, leads back to itself, or is a root
    made by taking the parent of the only tag that becomes it.
    """
    asked = {one.key: one for one in new}
    first: dict[str, Said] = {}
    for entry in said:
        key = tag_key(bare_tag(entry.tag))
        if key in asked and not asked[key].decided:
            first.setdefault(key, entry)
    spelled = {**{key: one.tag for key, one in asked.items()}, **known}
    becomes = {key: _legal(one.becomes, spelled, allowed) for key, one in first.items()}
    uses = Counter(tag_key(into) for into in becomes.values() if into)
    for key, into in becomes.items():
        if into and "/" in key and "/" not in into and uses[tag_key(into)] == 1:
            becomes[key] = into if tag_key(into) in spelled or len(asked[key].notes) > 1 else None
    targets = {tag_key(into) for key, into in becomes.items() if into and tag_key(into) != key}
    # What another tag becomes is worth keeping, whatever else is said of it.
    into_of = {key: into for key, into in becomes.items() if into or key not in targets}
    found: list[InventedTag] = []
    for key, one in asked.items():
        into = _end(key, into_of)
        stays = into is None or tag_key(into) == key
        found.append(
            InventedTag(
                one.tag,
                one.tag if stays or into is None else into,
                "" if stays else first[key].why,
                one.notes,
            )
        )
    return tuple(found)


def bare_tag(tag: str) -> str:
    """Return a tag as an answer gives it, without `#` and spaces around its levels."""
    levels = (level.strip() for level in tag.strip().lstrip("#").split("/"))
    return "/".join(level for level in levels if level)


def _legal(tag: str, spelled: Mapping[str, str], allowed: Callable[[str], bool]) -> str | None:
    """Return what a tag becomes in the spelling that is there, '' for nothing, None if illegal."""
    into = bare_tag(tag)
    if not into:
        # A name that says nothing, such as `#`, is no wish to drop the tag.
        return "" if not tag.strip() else None
    into = spelled.get(tag_key(into), into)
    is_known = tag_key(into) in spelled
    legal = into.count("/") < MAX_LEVELS and all(map(is_tidy_tag, paths_of(into)))
    return into if (is_known or legal) and allowed(into) else None


def _end(key: str, becomes: Mapping[str, str | None]) -> str | None:
    """Return what a tag becomes in the end, '' for nothing; None if it stays."""
    into, at, seen = None, key, {key}
    while (further := becomes.get(at)) is not None:
        if further and tag_key(further) == at:
            break
        into, at = further, tag_key(further)
        if at in seen:
            return None
        seen.add(at)
    return into


# -- what changes in the queue --------------------------------------------------------------------


def followed(before: Iterable[InventedTag]) -> dict[str, InventedTag]:
    """Return what became of tags before, by key, each with what it became in the end.

    Tags that stayed as they were are left out.
    """
    became = {tag_key(one.tag): one for one in before}
    found: dict[str, InventedTag] = {}
    for key, one in became.items():
        into, seen = one.becomes, {key}
        while into and (following := tag_key(into)) in became and following not in seen:
            seen.add(following)
            into = became[following].becomes
        if tag_key(into) != key:
            found[key] = replace(one, becomes=into)
    return found


def rewritten(
    proposals: Sequence[Proposal],
    became: Mapping[str, InventedTag],
    gate: Gate,
    have: Mapping[str, Collection[str]],
) -> Iterator[tuple[Proposal, NewProposal | None]]:
    """Yield the pending tags that change, each with the proposal that replaces it, or None.

    `became` says what becomes of tags, by key; `have` are the keys of the tags that notes have. No
    note gets a tag twice, one that it has, or a parent beside its child.
    """
    by_note: dict[str, list[Proposal]] = {}
    for one in proposals:
        if one.kind in TAG_KINDS and one.state in _OPEN:
            by_note.setdefault(one.note, []).append(one)
    for note, group in by_note.items():
        free = [one for one in group if one.state is ProposalState.PENDING]
        if not any(tag_key(one.value) in became for one in free):
            continue
        fixed = {tag_key(one.value) for one in group if one not in free} | set(have.get(note, ()))
        wanted = [(one, _after(one, became, gate)) for one in free]
        keys = fixed | {tag_key(new.value) for _, new in wanted if new}
        taken = set(fixed)
        for one, new in wanted:
            key = tag_key(new.value) if new else ""
            if new and (key in taken or _has_child(key, keys)):
                yield one, None
                continue
            taken.add(key)
            if new is None or (new.kind, new.value) != (one.kind, one.value):
                yield one, new


def _after(proposal: Proposal, became: Mapping[str, InventedTag], gate: Gate) -> NewProposal | None:
    """Return a proposal as it is from now on, None if its tag goes."""
    change = became.get(tag_key(proposal.value))
    if change is None:
        return NewProposal(proposal.kind, proposal.value)
    ruling = gate.of(change.becomes, proposal.note) if change.becomes else None
    if ruling is None:
        return None
    return NewProposal(ProposalKind.NEW_TAG if ruling.is_new else ProposalKind.TAG, ruling.tag)


def _has_child(key: str, keys: Collection[str]) -> bool:
    return any(other != key and is_within(other, key) for other in keys)
