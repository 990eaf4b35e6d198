"""The gate for writing tags: the vault's vocabulary, and the decisions made beside it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from notemill.errors import NotemillError, VaultError
from notemill.index import facts_and_text
from notemill.markup.tags import tag_key
from notemill.stores.proposals import ProposalState
from notemill.tagging.gate import Gate
from notemill.tagging.states import Told, state_tags
from notemill.tagging.taglist import Vocabulary, differences, read_vocabulary
from notemill.vault.frontmatter import BOM
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.needs import Need
from notemill.workflows.tags.arrangement import kept_entries, taken_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.stores.decisions import Decisions
    from notemill.stores.proposals import Proposal
    from notemill.stores.review import Review
    from notemill.vault.files import Vault

MAX_REJECTED: Final = 20
"""The most rejected tags in a prompt: some 100 tokens."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vault's vocabulary is: the note that a person named for it, '' if none.

    Without a note, it is the one in the vault's store, if there is one.
    `listed` if that note contains the list now. If it does not, and `strays` have the marks of one,
    the note may have been moved: the list then holds as it was adopted. Lists in `strays` decide
    nothing.
    """

    note: str = ""
    listed: bool = False
    strays: tuple[str, ...] = ()

    @property
    def may_have_moved(self) -> bool:
        """Whether the list may be in another note now, and holds as it was adopted."""
        return bool(self.note and self.strays and not self.listed)


def place_of(
    vault: Vault, facts: Iterable[NoteFacts], decisions: Decisions, *, named: str | None = None
) -> Place:
    """Return where the vault's vocabulary is: only ever in the note that its owner named.

    `named` is named just now; None takes the one named before. Raises VaultError if that note is
    not here now: without it every tag would pass.
    """
    holders = [one.key for one in facts if one.holds_vocabulary]
    note = decisions.adopted().note if named is None else named
    if note and note not in holders and (why := vault.why_away(note)):
        raise VaultError(f"{note} holds the vocabulary and is missing: {why}")
    return Place(note, note in holders, tuple(one for one in holders if one != note))


def vocabulary_at(vault: Vault, place: Place, decisions: Decisions) -> Vocabulary | None:
    """Return a vault's vocabulary, None if it has none.

    A line of the list that cannot be parsed is ignored, and so is a list in which no line can be.
    """
    vocabulary = None
    if place.listed:
        try:
            raw = vault.read(place.note)
        except NotemillError:
            raw = b""
        vocabulary = read_vocabulary(raw.removeprefix(BOM).decode("utf-8", "replace"))
    elif place.may_have_moved:
        vocabulary = taken_over(decisions)
    elif not place.note:
        vocabulary = Vocabulary(kept_entries(decisions.vocabulary.tags(ProposalState.APPLIED)))
    return vocabulary if vocabulary and vocabulary.entries else None


def changed_since(vault: Vault, place: Place, decisions: Decisions) -> tuple[str, ...]:
    """Return, in words for people, what the list decides differently since a person adopted it."""
    before = taken_over(decisions)
    now = vocabulary_at(vault, place, decisions) if place.listed else None
    return differences(before, now or Vocabulary(())) if before and place.listed else ()


def gate_of(vault: Vault, place: Place, decisions: Decisions) -> Gate:
    """Return the gate of a vault whose vocabulary is at `place`."""
    news = decisions.new_tags()
    rejected_in: dict[str, list[str]] = {}
    for one in news:
        if one.note and not one.accepted:
            rejected_in.setdefault(one.note, []).append(one.tag)
    return Gate(
        vocabulary_at(vault, place, decisions),
        kept=[(one.tag, one.into) for one in decisions.rejections()],
        accepted=[one.tag for one in news if one.accepted],
        rejected=[one.tag for one in news if not one.accepted and not one.note],
        rejected_in=rejected_in,
    )


def candidates_of(gate: Gate, sight: Sight, place: Place) -> Candidates:
    """Return the tags that prompts may contain: the vocabulary's, else those that notes have.

    Not even a tag of a hidden note leaves the machine: tags that only such notes have are left out,
    and those that only the vocabulary has if its own note is hidden. Left out are tags that stand
    for a state of notes, too, unless the vocabulary says what they are for.
    """
    notes = [one.all_tags for one in sight.seen if not one.problem]
    states = state_tags([Told(one.key, one.all_tags, one.properties) for one in sight.seen])
    if gate.vocabulary is None:
        return Candidates.of(notes, states=states)
    known = [_passed(gate, tags) for tags in notes]
    if not sight.shows(place.note):
        return Candidates.of(known, states=states)
    entries = [
        one
        for one in gate.vocabulary.entries
        if not one.dropped and tag_key(one.tag) not in sight.hidden_tags
    ]
    descriptions = {one.tag: one.description for one in entries if one.description}
    states -= {tag_key(tag) for tag in descriptions}
    return Candidates.of(known, descriptions, listed=[one.tag for one in entries], states=states)


def _passed(gate: Gate, tags: Iterable[str]) -> list[str]:
    rulings = (gate.of(tag, "") for tag in tags)
    return list(dict.fromkeys(one.tag for one in rulings if one and not one.is_new))


def rejected_tags(
    decisions: Decisions, proposals: Iterable[Proposal], sight: Sight
) -> Callable[[str], list[str]]:
    """Return a function that gives the rejected tags for a note's prompt, the note's own first.

    Then come the latest that were rejected for the whole vault. Tags that only hidden notes have,
    or were proposed for, are left out: they would give those notes away. `proposals` are the
    rejected ones.
    """
    news = [one for one in decisions.new_tags() if not one.accepted]
    sources: dict[str, set[str]] = {}
    own: dict[str, list[str]] = {}
    for proposal in proposals:
        sources.setdefault(tag_key(proposal.value), set()).add(proposal.note)
        own.setdefault(proposal.note, []).append(proposal.value)
    for one in news:
        if one.note:
            own.setdefault(one.note, []).append(one.tag)
    shared = [one.tag for one in news if not one.note and _may_be_told(one.tag, sources, sight)]

    def of_note(note: str) -> list[str]:
        named = {tag_key(tag): tag for tag in (*own.get(note, ()), *shared)}
        return list(named.values())[:MAX_REJECTED]

    return of_note


def _may_be_told(tag: str, sources: Mapping[str, set[str]], sight: Sight) -> bool:
    key = tag_key(tag)
    notes = sources.get(key)
    return key not in sight.hidden_tags and (notes is None or any(map(sight.shows, notes)))


def newcomers(
    vault: Vault,
    review: Review,
    decisions: Decisions,
    gate: Gate,
    candidates: Candidates,
    *,
    now: float,
) -> Callable[[NoteFacts], Need | None]:
    """Return a function that says whether a tag new to the vocabulary enters a note's candidates.

    Only then is a curated note asked about again because of the vocabulary; every other edit of the
    list is applied without a request. A tag not known before counts as known since `now`.
    """
    if gate.vocabulary is None:
        return lambda _: None
    tags = {tag_key(one.tag): one.tag for one in gate.vocabulary.entries if not one.dropped}
    since = decisions.known_since(tags.values(), now=now)
    asked = review.curated_at()
    newest = sorted(since, key=since.__getitem__, reverse=True)
    latest = since[newest[0]] if newest else 0.0
    waiting: dict[str, set[str]] = {}
    for one in review.tags(ProposalState.PENDING):
        waiting.setdefault(one.note, set()).add(tag_key(one.value))

    def need(facts: NoteFacts) -> Need | None:
        at = asked.get(facts.key)
        if at is None or at >= latest:
            return None
        have = {tag_key(tag) for tag in facts.all_tags} | gate.rejected_for(facts.key)
        have |= waiting.get(facts.key, set())

        def is_fresh(key: str) -> bool:
            return since.get(key, 0.0) > at and key not in have

        # Newest first, up to one that the note lacks: a long list costs no more than a short one.
        if all(key in have for key in takewhile(lambda key: since[key] > at, newest)):
            return None
        tag = _entering(vault, facts, candidates, is_fresh)
        return Need(f"#{tag} is new in the vocabulary", 1) if tag else None

    return need


def _entering(
    vault: Vault, facts: NoteFacts, candidates: Candidates, is_fresh: Callable[[str], bool]
) -> str:
    """Return the first of the tags that fit a note whose key is fresh, '' if none is."""
    try:
        raw = vault.read(facts.key)
    except NotemillError:
        return ""
    now, text = facts_and_text(facts.key, raw, size=len(raw), mtime_ns=0)
    fitting = candidates.fitting(now.title, now.folder, text)
    return next((tag for tag in fitting if is_fresh(tag_key(tag))), "")
