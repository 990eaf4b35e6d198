"""A snapshot of an open vault's tags, with the decisions about them.

Create and use it on the vault's thread, for one piece of work: later decisions show in the next
snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.errors import UsageError
from notemill.markup.tags import bare, tag_key
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.tagging.taglist import Vocabulary
from notemill.vault.note import parse, source_hash
from notemill.vault.requery import changed_lines, query_changes
from notemill.workflows.curation.apply import waits_for_person
from notemill.workflows.tags.arrangement import (
    proposed_entries,
    read_arrangement,
    vocabulary_of,
)
from notemill.workflows.tags.deciding import (
    BY_TAGS,
    kept_in_place,
    new_tags_of,
    rejected_pairs,
    to_decide,
)
from notemill.workflows.tags.findings import review_tags
from notemill.workflows.tags.queueing import QueryChange, accepted_rows
from notemill.workflows.tags.usage import changes_sought, find_usage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from notemill.app.opened import OpenVault
    from notemill.tagging.changes import Change
    from notemill.tagging.gate import Gate
    from notemill.tagging.taglist import Entry
    from notemill.vault.retag import TagChanges
    from notemill.workflows.tags.deciding import NewTag, ToDecide
    from notemill.workflows.tags.findings import TagReport
    from notemill.workflows.tags.usage import TagUsage

BY_MODEL: Final = "the model's arrangement"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose: changes of tags, and new tags."""

    changes: tuple[Change, ...]
    new_tags: tuple[NewTag, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags that the decision is about."""
        return (*(one.tag for one in self.changes), *(one.tag for one in self.new_tags))

    def without(self, keys: Collection[str]) -> Chosen:
        """Return the choice without the changes of the tags with these keys."""
        changes = tuple(one for one in self.changes if tag_key(one.tag) not in keys)
        return replace(self, changes=changes)


class TagView:
    """A snapshot of a vault's tags."""

    def __init__(self, opened: OpenVault, *, note: str | None = None) -> None:
        """Scan the vault. Raises VaultError.

        `note` is the vocabulary's note, named by a person; None takes the one named before.
        """
        self.opened = opened
        self.sight = opened.look()
        self.facts = self.sight.facts
        self.place = opened.place(self.sight, named=note)
        self.rejected = rejected_pairs(opened.decisions)
        self.accepted = frozenset(
            (tag_key(one.replaces), tag_key(one.value))
            for one in accepted_rows(opened.queue, ProposalKind.TAG_CHANGE)
        )

    @property
    def gate(self) -> Gate:
        """The gate of tags that may be written, by the current vocabulary and decisions."""
        return self.opened.gate(self.place)

    @property
    def shown_place(self) -> str:
        """The vocabulary's note, '' if there is none or it is excluded."""
        return self.place.note if self.sight.shows(self.place.note) else ""

    @property
    def listed(self) -> bool:
        """Whether the vocabulary is a list in a note, which new tags are written into."""
        return self.place.listed and self.gate.vocabulary is not None

    def found(self) -> TagReport:
        """Return the tags and their possible improvements, without rejected ones.

        Pairs that the model judged to have different meanings no longer count as synonyms.
        """
        arrangement = read_arrangement(self.opened.decisions)
        apart = arrangement.apart if arrangement else ()
        keys = {(tag_key(tag), tag_key(other)) for tag, other in apart}
        return review_tags(self.facts, privacy=self.opened.privacy, rejected=self.rejected | keys)

    def kept_in_place(self, entries: Sequence[Entry], found: TagReport) -> tuple[Entry, ...]:
        """Return a proposed vocabulary without rejected changes."""
        return kept_in_place(entries, self.rejected, found.census.tags.keys())

    def proposed(self, found: TagReport) -> tuple[Entry, ...]:
        """Return the vocabulary that follows from the tags themselves, without rejected changes."""
        return self.kept_in_place(proposed_entries(found), found)

    def to_decide(self) -> ToDecide:
        """Return the pending decisions: the list's changes, or without a list the proposed ones.

        Raises UsageError naming the lines of the list to correct first.
        """
        found = self.found()
        vocabulary, source = self._vocabulary(found)
        gate = self.gate
        pending = self.opened.review.tags(ProposalState.PENDING)
        waits = {
            one.id for one in pending if waits_for_person(one, gate) and self.sight.shows(one.note)
        }
        return to_decide(
            found,
            vocabulary,
            source=source,
            decisions=self.opened.decisions,
            new_tags=new_tags_of(self.opened.review, waits),
            accepted=self.accepted,
        )

    def usage_of(self, changes: TagChanges) -> tuple[TagUsage, tuple[QueryChange, ...]]:
        """Return where tags that change are meant, and the lines of queries that change with them."""
        opened = self.opened
        usage = find_usage(
            opened.vault, self.facts, changes_sought(changes), privacy=opened.privacy
        )
        found: list[QueryChange] = []
        for key in sorted(usage.queried):
            note, _ = parse(opened.vault.read(key))
            lines = changed_lines(note.body, query_changes(note, changes.of))
            found += (QueryChange(key, *line, source_hash(note)) for line in lines)
        return usage, tuple(found)

    def _vocabulary(self, found: TagReport) -> tuple[Vocabulary, str]:
        vocabulary = self.gate.vocabulary
        if vocabulary is not None:
            note = self.place.note
            if self.place.listed:
                vocabulary = vocabulary_of(self.opened.vault.read(note), note)
            return vocabulary, f"so it stands in {self.shown_place or 'the vocabulary'}"
        arrangement = read_arrangement(self.opened.decisions)
        if arrangement is not None:
            return Vocabulary(seen_entries(arrangement.entries, self.sight.hidden_tags)), BY_MODEL
        return Vocabulary(proposed_entries(found)), BY_TAGS

    def chosen(self, tags: Sequence[str] | None) -> Chosen:
        """Return the proposals for the named tags, regardless of earlier decisions.

        None takes all pending ones. Raises UsageError for a tag without a proposal, and for a new
        one if the note that it would be listed in no longer exists.
        """
        waiting = self.to_decide()
        if tags is None:
            return self._listable(Chosen(waiting.changes, waiting.new_tags))
        changes: list[Change] = []
        news: list[NewTag] = []
        for tag in tags:
            key = tag_key(bare(tag))
            mine = [one for one in waiting.known if tag_key(one.tag) == key]
            new = [one for one in waiting.new_tags if tag_key(one.tag) == key]
            if not mine and not new:
                raise UsageError(
                    f"nothing is proposed for #{bare(tag)}; `notemill tags review` lists what is"
                )
            changes += mine
            news += new
        return self._listable(Chosen(tuple(changes), tuple(news)))

    def _listable(self, chosen: Chosen) -> Chosen:
        if chosen.new_tags and self.place.may_have_moved:
            note = self.shown_place or "the vocabulary's note"
            raise UsageError(
                f"{note} is missing, so no tag can be added to it; name the list's note: "
                "notemill tags adopt NOTE"
            )
        return chosen


def seen_entries(entries: Iterable[Entry], hidden: Collection[str]) -> tuple[Entry, ...]:
    """Return entries without the tags that only hidden notes have."""
    return tuple(
        replace(one, aliases=tuple(name for name in one.aliases if tag_key(name) not in hidden))
        for one in entries
        if tag_key(one.tag) not in hidden
    )
