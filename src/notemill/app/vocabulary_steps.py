"""The steps of a curation's first vocabulary on the vault's thread: material, rows, decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.vocabulary_events import VocabularyProposed
from notemill.errors import NotemillError, UsageError
from notemill.markup.tags import tag_key
from notemill.stores.proposals import ProposalState
from notemill.stores.vocabulary import VocabularyTag
from notemill.tagging.seeding import seeded
from notemill.tagging.settling import own_tags
from notemill.tagging.taglist import BEGIN, END, read_vocabulary
from notemill.vault.resolve import Names
from notemill.workflows.tags.arrangement import kept_entries
from notemill.workflows.tags.findings import mentions_in
from notemill.workflows.tags.proposing import (
    Material,
    NoteLine,
    between_folders,
    first_words,
    wants_vocabulary,
)
from notemill.workflows.tags.seeds import seed_notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from notemill.app.opened import OpenVault
    from notemill.index import NoteFacts
    from notemill.linking.corpus import Document
    from notemill.privacy import Sight
    from notemill.tagging.settling import OwnTag
    from notemill.tagging.taglist import Entry

_OPEN = (ProposalState.PENDING, ProposalState.ACCEPTED)


def stand_in(opened: OpenVault, sight: Sight) -> bool:
    """Return whether the vault needs a vocabulary, has none, and was never proposed one."""
    place = opened.place(sight)
    if place.note or opened.decisions.vocabulary.counts():
        return False
    return wants_vocabulary(own_tags(one.all_tags for one in sight.seen), len(sight.seen))


def material_in(opened: OpenVault, sight: Sight) -> Material:
    """Return what a vocabulary is proposed from: nothing of a note that is hidden by now."""
    seen = [one for one in sight.seen if not one.problem]
    documents, _ = opened.contents.documents(opened.vault, seen)
    return Material(
        tuple(_lines(opened, seen)),
        _told_tags(seen),
        between_folders(_linked(documents, seen, opened.vault.all_keys())),
    )


def _told_tags(seen: Sequence[NoteFacts]) -> dict[str, OwnTag]:
    """Return the tags that the owner uses as tags: one that a single text mentions may be none."""
    mentions = mentions_in(seen)
    return {
        key: tag
        for key, tag in own_tags(one.all_tags for one in seen).items()
        if key not in mentions.all and not mentions.in_text.get(key) == tag.notes == 1
    }


def _lines(opened: OpenVault, seen: Iterable[NoteFacts]) -> Iterator[NoteLine]:
    for one in seen:
        try:
            facts, text = opened.to_send(one.key)
        except NotemillError:
            continue
        yield NoteLine(facts.folder, facts.title, first_words(text, facts.title))


def _linked(
    documents: Iterable[Document], seen: Iterable[NoteFacts], keys: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield the folders of every two visible notes of which one links to the other."""
    folders = {one.key: one.folder for one in seen}
    names = Names(keys)
    for document in documents:
        for path, label in document.links:
            target = names.meant(path, label, source=document.key)
            if target in folders and document.key in folders:
                yield folders[document.key], folders[target]


def seeded_in(opened: OpenVault, sight: Sight) -> tuple[Entry, ...]:
    """Return a vocabulary that follows from the visible notes, without a model."""
    documents, lexicon = opened.contents.documents(opened.vault, sight.seen)
    return seeded(seed_notes(sight.seen, documents, lexicon))


def store_proposed(opened: OpenVault, run: str, entries: Iterable[Entry]) -> None:
    """Store a proposed vocabulary as rows of the queue; once for a run."""
    opened.decisions.vocabulary.propose(run, _tags(entries), now=opened.clock())


def proposed_in(opened: OpenVault, sight: Sight) -> VocabularyProposed:
    """Return the vocabulary that waits, as a tree, with the visible notes that its tags are for."""
    entries = kept_entries(opened.decisions.vocabulary.tags(*_OPEN))
    own = own_tags(one.all_tags for one in sight.seen)
    counts = {
        tag_key(one.tag): sum(
            own[key].notes for key in map(tag_key, (one.tag, *one.aliases)) if key in own
        )
        for one in entries
    }
    return VocabularyProposed(entries, counts)


def edited(opened: OpenVault, text: str) -> int:
    """Take a person's list in place of the vocabulary that waits; return how many tags it has.

    Raises UsageError naming the lines to correct.
    """
    vocabulary = read_vocabulary(f"{BEGIN}\n{text}\n{END}\n")
    if vocabulary.problems:
        # The first line of the person's list is the second of this text.
        lines = "; ".join(f"line {one.line - 1}: {one.message}" for one in vocabulary.problems)
        raise UsageError(f"the list cannot be used; correct these lines: {lines}")
    kept = [one for one in vocabulary.entries if not one.dropped]
    opened.decisions.vocabulary.replace(list(_tags(kept)), now=opened.clock())
    return len(kept)


def _tags(entries: Iterable[Entry]) -> Iterator[VocabularyTag]:
    return (
        VocabularyTag(one.tag, one.aliases, one.description) for one in entries if not one.dropped
    )
