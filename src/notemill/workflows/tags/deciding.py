"""Pending decisions about a vault's tags: changes of existing tags, and new tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import tag_key
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.tagging.changes import Change, changes_of, without
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.tagging.variants import Variation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from notemill.stores.decisions import Decisions
    from notemill.stores.proposals import Proposal
    from notemill.stores.review import Review
    from notemill.workflows.tags.findings import TagReport

BY_TAGS: Final = "nearly all its notes, or its first word, have the tag above it"


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag that the vocabulary does not have, and its pending proposals."""

    tag: str
    proposals: tuple[Proposal, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes that it is proposed for."""
        return tuple(dict.fromkeys(one.note for one in self.proposals))

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that propose it."""
        return tuple(dict.fromkeys(one.run for one in self.proposals))


@dataclass(frozen=True, slots=True)
class ToDecide:
    """The pending decisions, and the changes that were decided before.

    `accepted` changes are not written yet.
    """

    changes: tuple[Change, ...]
    turned_down: tuple[Change, ...]
    new_tags: tuple[NewTag, ...]
    accepted: tuple[Change, ...] = ()

    @property
    def known(self) -> tuple[Change, ...]:
        """All changes that were found, decided or not."""
        return (*self.changes, *self.accepted, *self.turned_down)


def to_decide(
    tags: TagReport,
    vocabulary: Vocabulary,
    *,
    source: str,
    decisions: Decisions,
    new_tags: Iterable[NewTag],
    accepted: Collection[tuple[str, str]] = (),
) -> ToDecide:
    """Return what waits: the changes that `vocabulary` requires, and spellings in another case.

    `source` tells people where the vocabulary comes from; `accepted` are changes that wait to be
    written, by the keys of both tags.
    """
    listed = {tag_key(one.tag): one.tag for one in vocabulary.entries if not one.dropped}
    wanted = vocabulary.changes
    covered = set(map(tag_key, wanted))
    for merge in tags.merges:
        if merge.kind is Variation.CASE and tag_key(merge.tag) not in covered:
            covered.add(tag_key(merge.tag))
            wanted[merge.tag] = listed.get(tag_key(merge.into), merge.into)
    reasons = {(tag_key(one.tag), tag_key(one.into)): one.reason for one in tags.merges}
    reasons |= {(tag_key(one.tag), ""): one.reason for one in tags.droppable}
    reasons |= {(tag_key(one.tag), ""): one.reason for one in vocabulary.entries if one.reason}
    found = changes_of(wanted, tags.census, reasons=reasons, otherwise=source)
    rejected = rejected_pairs(decisions)
    return ToDecide(
        without(found, {*rejected, *accepted}),
        tuple(one for one in found if one.pair in rejected),
        tuple(new_tags),
        tuple(one for one in found if one.pair in accepted),
    )


def rejected_pairs(decisions: Decisions) -> frozenset[tuple[str, str]]:
    """Return the rejected changes, by the keys of both tags."""
    return frozenset((tag_key(one.tag), tag_key(one.into)) for one in decisions.rejections())


def new_tags_of(review: Review, waits: Collection[int]) -> tuple[NewTag, ...]:
    """Return the new tags among the pending proposals with these ids, most often proposed first."""
    found: dict[str, list[Proposal]] = {}
    for one in review.tags(ProposalState.PENDING):
        if one.id in waits:
            found.setdefault(tag_key(one.value), []).append(one)
    news = [NewTag(group[0].value, tuple(group)) for group in found.values()]
    return tuple(sorted(news, key=lambda one: (-len(one.notes), tag_key(one.tag))))


def turned_down_tag(
    review: Review, decisions: Decisions, tag: str, *, note: str, now: float
) -> tuple[Proposal, ...]:
    """Reject a tag for a note, '' for the whole vault; return the proposals that this ends."""
    key = tag_key(tag)
    ended = tuple(
        one
        for one in review.tags(ProposalState.PENDING)
        if tag_key(one.value) == key
        and (one.note == note if note else one.kind is ProposalKind.NEW_TAG)
    )
    review.decide(ended, ProposalState.REJECTED, now=now)
    decisions.decide(tag, accepted=False, now=now, note=note, run=ended[0].run if ended else "")
    return ended


def taken_back(review: Review, decisions: Decisions, tag: str, *, now: float) -> int:
    """Let a rejected tag be proposed again; return the number of decisions taken back."""
    again = [
        one for one in review.tags(ProposalState.REJECTED) if tag_key(one.value) == tag_key(tag)
    ]
    review.decide(again, ProposalState.PENDING, now=now)
    return decisions.withdraw(tag) or len(again)


def kept_in_place(
    entries: Iterable[Entry], rejected: Collection[tuple[str, str]], tags: Collection[str]
) -> tuple[Entry, ...]:
    """Return a proposed vocabulary without rejected changes; those tags stay where they are.

    `tags` are the keys of the existing tags.
    """
    made: list[Entry] = []
    staying: list[Entry] = []
    for one in entries:
        pairs = [(tag_key(alias), tag_key(one.tag)) for alias in one.aliases]
        stay = [alias for alias, pair in zip(one.aliases, pairs, strict=True) if pair in rejected]
        if one.dropped and (tag_key(one.tag), "") in rejected:
            staying.append(Entry(one.tag))
            continue
        left = tuple(alias for alias in one.aliases if alias not in stay)
        staying += [Entry(alias) for alias in stay if tag_key(alias) in tags]
        # An entry that no tag becomes any more is dropped.
        if left or not stay or tag_key(one.tag) in tags:
            made.append(replace(one, aliases=left))
    named = {tag_key(one.tag) for one in made}
    return (*made, *(one for one in staying if tag_key(one.tag) not in named))
