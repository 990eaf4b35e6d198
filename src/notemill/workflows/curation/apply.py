"""Write proposals into notes: additions on request, replacements only with a person's consent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from notemill.errors import ExternallyChangedError, NotemillError, NoteNotFoundError
from notemill.index import description_of
from notemill.markup.references import Own
from notemill.markup.tags import is_tidy_tag, tag_key
from notemill.properties import ALL, Property
from notemill.stores.proposals import ProposalKind, ProposalState, sources_of
from notemill.tagging.gate import OPEN
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.proposal import set_properties
from notemill.workflows.curation.reply_text import may_be_written, topic_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from notemill.privacy import Privacy
    from notemill.properties import Properties
    from notemill.stores.proposals import Proposal
    from notemill.stores.review import Review
    from notemill.tagging.gate import Gate, Ruling
    from notemill.vault.files import Vault
    from notemill.vault.note import Note


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of one note's proposals; `problem` is '' if the note was written.

    `refused` are proposals that cannot have come from a reply: something else put them in the
    queue. `stale` ones were made for another version of the note than those that were written.
    """

    note: str
    written: tuple[Proposal, ...]
    waiting: tuple[Proposal, ...]
    problem: str = ""
    conflict: bool = False
    refused: tuple[Proposal, ...] = ()
    stale: tuple[Proposal, ...] = ()


TAGS: Final = (ProposalKind.TAG, ProposalKind.NEW_TAG)
_OF: Final = {
    ProposalKind.DESCRIPTION: Property.DESCRIPTION,
    **dict.fromkeys(TAGS, Property.TAGS),
    ProposalKind.TOPIC: Property.TOPICS,
}
"""The property that a kind of proposal is for."""
MOST_LOOKS: Final = 10
"""The most tries per note while others decide its proposals: a try takes only milliseconds."""


def kinds_of(used: Properties) -> frozenset[ProposalKind]:
    """Return the kinds of proposals for notes that are for one of the properties used."""
    return frozenset(kind for kind, one in _OF.items() if one in used)


def preview(
    raw: bytes, proposals: Sequence[Proposal], *, ours: frozenset[str], gate: Gate = OPEN
) -> bytes:
    """Return the note's bytes with the additions among `proposals`, all else unchanged.

    Raises MalformedNoteError if its properties cannot be edited.
    """
    note, _ = parse(raw)
    proposals = _plain(_ruled(proposals, gate).usable, raw)
    return _edited(raw, note, [one for one in proposals if _adds(note, one, ours)])


def preview_of(raw: bytes, proposal: Proposal) -> bytes:
    """Return the note's bytes with one proposal applied, as if it were accepted.

    Raises MalformedNoteError if its properties cannot be edited.
    """
    kind = ProposalKind.TAG if proposal.kind in TAGS else proposal.kind
    return _edited(raw, parse(raw)[0], [replace(proposal, kind=kind)])


def _plain(proposals: Iterable[Proposal], raw: bytes) -> list[Proposal]:
    """Return the proposals that may be written into a note's properties.

    All that were read from a reply may; a row from another source could contain anything.
    """
    own = Own(lambda: raw.decode("utf-8", "replace"))
    return [
        one for one in proposals if one.kind is ProposalKind.TAG or may_be_written(one.value, own)
    ]


@dataclass(frozen=True, slots=True)
class _Ruled:
    """Proposals sorted by the gate: those to write, those that wait, those that are struck out."""

    usable: list[Proposal]
    new: list[Proposal]
    gone: list[Proposal]
    refused: list[Proposal]


def _ruled(proposals: Iterable[Proposal], gate: Gate) -> _Ruled:
    """Sort proposals by the current vocabulary: tags in its spelling, new ones apart."""
    found = _Ruled([], [], [], [])
    for one in proposals:
        if one.kind not in TAGS:
            found.usable.append(one)
        elif one.state is ProposalState.ACCEPTED:
            _sort_accepted(one, gate, found)
        elif (ruling := gate.of(one.value, one.note)) is None:
            found.gone.append(one)
        elif not _may_be_tag(ruling.tag, gate):
            found.refused.append(one)
        elif _waits(one, ruling, gate):
            found.new.append(one)
        else:
            found.usable.append(replace(one, kind=ProposalKind.TAG, value=ruling.tag))
    return found


def _sort_accepted(proposal: Proposal, gate: Gate, found: _Ruled) -> None:
    """Sort an accepted tag: it is written into this note even if the vocabulary lacks it."""
    tag = gate.accepted_as(proposal.value)
    if tag is None:
        found.gone.append(proposal)
    elif not _may_be_tag(tag, gate):
        found.refused.append(proposal)
    else:
        found.usable.append(replace(proposal, kind=ProposalKind.TAG, value=tag))


def waits_for_person(proposal: Proposal, gate: Gate) -> bool:
    """Return whether `--apply` leaves a proposal alone: a replacement, or a new tag."""
    if proposal.kind not in TAGS:
        return bool(proposal.replaces)
    ruling = gate.of(proposal.value, proposal.note)
    return ruling is not None and _may_be_tag(ruling.tag, gate) and _waits(proposal, ruling, gate)


def _may_be_tag(tag: str, gate: Gate) -> bool:
    """Return whether a reply may propose a tag; the owner's own list may contain others, too."""
    return is_tidy_tag(tag) or gate.allows(tag)


def _waits(proposal: Proposal, ruling: Ruling, gate: Gate) -> bool:
    """Return whether a tag needs a decision; a new tag still does once the list is gone."""
    return ruling.is_new or (proposal.kind is ProposalKind.NEW_TAG and not gate.allows(ruling.tag))


def apply_run(
    vault: Vault,
    review: Review,
    run: str,
    *,
    note: str | None = None,
    replacing: bool,
    now: Callable[[], float],
    privacy: Privacy,
    gate: Gate = OPEN,
    used: Properties = ALL,
    but: Collection[tuple[str, str]] = (),
) -> Iterator[Applied]:
    """Write a run's pending and accepted proposals, or one `note`'s; yield each note's outcome.

    A proposal that would replace a person's text waits, unless `replacing` or accepted; one that
    would replace text written after it was made waits in any case, to be reviewed, and so does a
    tag that is neither in the vocabulary nor accepted. A note that is gone or hidden by now, or
    whose own content has changed since it was read, is left alone: its proposals end in conflict,
    as do tags that were struck from the vocabulary meanwhile. Proposals for properties that are not
    `used` stay as they are, and those for notes that are not written yet: `but` these, each its run
    and path.
    """
    kinds = kinds_of(used)
    states = sources_of(ProposalState.APPLIED)
    writing = ProposalWriting(
        vault, review, run, replacing=replacing, now=now, privacy=privacy, states=states
    )
    proposals = (
        one
        for one in review.to_apply(run, note=note)
        if one.kind in kinds and (one.run, one.note) not in but
    )
    return writing.write(proposals, gate)


def apply_accepted(
    vault: Vault,
    review: Review,
    run: str,
    *,
    now: Callable[[], float],
    privacy: Privacy,
    gate: Gate = OPEN,
    only: Collection[int] | None = None,
    but: Collection[tuple[str, str]] = (),
) -> Iterator[Applied]:
    """Write the accepted proposals of all runs, or `only` those with some numbers.

    `but` are the runs and paths of notes that are not written yet: what is for them waits. All of it is written as `run`, so that one undo reverts it; yields each note's outcome.
    """
    states = (ProposalState.ACCEPTED,)
    writing = ProposalWriting(
        vault, review, run, replacing=False, now=now, privacy=privacy, states=states
    )
    accepted = (
        one
        for one in review.accepted()
        if (only is None or one.id in only) and (one.run, one.note) not in but
    )
    return writing.write(accepted, gate)


@dataclass(frozen=True, slots=True)
class ProposalWriting:
    """The writing of proposals in some `states` as one run, locking the vault note by note.

    Concurrent decisions and writes count: proposals are read again before each note, and once more
    right before its bytes are replaced.
    """

    vault: Vault
    review: Review
    run: str
    replacing: bool
    now: Callable[[], float]
    privacy: Privacy
    states: Collection[ProposalState]

    def write(self, proposals: Iterable[Proposal], gate: Gate) -> Iterator[Applied]:
        """Write proposals, given note by note, and yield each note's outcome.

        A note that has none left when its turn comes is skipped. Raises VaultLockedError.
        """
        self.vault.settle()
        for key, group in groupby(proposals, key=lambda one: one.note):
            with self.vault.lock():
                done = self._of_note(key, list(group), gate)
            if done is not None:
                yield done

    def _of_note(self, key: str, proposals: Sequence[Proposal], gate: Gate) -> Applied | None:
        """Write a note's remaining proposals; return None if there are none."""
        refused: list[Proposal] = []
        for _ in range(MOST_LOOKS):
            now = self.review.as_they_stand(proposals)
            standing = [one for one in now if one.state in self.states]
            if not standing:
                return Applied(key, (), (), refused=tuple(refused)) if refused else None
            ruled = _ruled(standing, gate)
            if ended := ruled.gone + ruled.refused:
                self.review.decide(ended, ProposalState.CONFLICT, now=self.now())
            refused += ruled.refused
            done: Applied | None = Applied(key, (), ())
            if ruled.usable:
                looked_at = [one for one in standing if one not in ended]
                done = self._note(key, ruled.usable, looked_at)
            if done is not None:
                return replace(
                    done, waiting=(*done.waiting, *ruled.new), refused=(*refused, *done.refused)
                )
        return Applied(key, (), (), "its proposals are being decided; run the command again")

    def _note(
        self, key: str, proposals: list[Proposal], looked_at: list[Proposal]
    ) -> Applied | None:
        """Write a note's proposals; return None if one `looked_at` has been decided meanwhile."""
        ours = self.review.descriptions_written(key).get(key, frozenset())
        holds = lambda: self.review.as_they_stand(looked_at) == looked_at  # noqa: E731
        try:
            raw = self.vault.read(key)
            self.privacy.check(key, raw)
            note, _ = parse(raw)
            plain = _plain(proposals, raw)
            chosen, stale = _fresh(note, [one for one in plain if self._may(note, one, ours)])
            done = Applied(
                key,
                chosen,
                tuple(one for one in plain if one not in chosen and one not in stale),
                refused=tuple(one for one in proposals if one not in plain),
                stale=stale,
            )
            settle = partial(self._settle, done, description_of(note))
            new = _edited(raw, note, chosen)
            if new == raw:
                settle()
            else:
                expected = bytes_hash(raw)
                if not self.vault.write(
                    key, new, expected=expected, run=self.run, holds=holds, also=settle
                ):
                    return None
        except (ExternallyChangedError, NoteNotFoundError) as error:
            if isinstance(error, NoteNotFoundError) and (why := self.vault.why_away(key)):
                return Applied(key, (), (), f"it is missing: {why}")
            self.review.decide(proposals, ProposalState.CONFLICT, now=self.now())
            return Applied(key, (), (), str(error), conflict=True)
        except NotemillError as error:
            # The note is unchanged and its proposals stay pending: no permission, a full disk.
            return Applied(key, (), (), str(error))
        return done

    def _may(self, note: Note, proposal: Proposal, ours: frozenset[str]) -> bool:
        """Return whether to write a proposal: it adds, or a person agreed to what it replaces."""
        if _adds(note, proposal, ours):
            return True
        agreed = self.replacing or proposal.state is ProposalState.ACCEPTED
        return agreed and description_of(note) in (proposal.replaces, "")

    def _settle(self, done: Applied, has: str) -> None:
        """Record the outcome of a note's proposals; `has` is the description that it had."""
        for one in done.waiting:
            if has and has != one.replaces:
                # A person has to weigh it anew, against the text that is there now.
                self.review.replacing(one, has)
                self.review.decide([one], ProposalState.PENDING, now=self.now())
        ended = (*done.refused, *done.stale)
        self.review.decide(ended, ProposalState.CONFLICT, now=self.now())
        self.review.decide(done.written, ProposalState.APPLIED, now=self.now(), run=self.run)


def _fresh(
    note: Note, proposals: Sequence[Proposal]
) -> tuple[tuple[Proposal, ...], tuple[Proposal, ...]]:
    """Return the proposals made for the note's current text, and the others.

    Raises ExternallyChangedError if none was.
    """
    if not proposals:
        return (), ()
    source = source_hash(note)
    fresh = tuple(one for one in proposals if one.source_hash == source)
    if not fresh:
        raise ExternallyChangedError(
            f"{proposals[0].note} was edited since it was read; curate it again"
        )
    return fresh, tuple(one for one in proposals if one not in fresh)


def _adds(note: Note, proposal: Proposal, ours: frozenset[str]) -> bool:
    """Return whether a proposal removes nothing that a person wrote."""
    if proposal.kind is not ProposalKind.DESCRIPTION:
        return True
    has = description_of(note)
    return has == proposal.value or (not proposal.replaces and (not has or has in ours))


def _edited(raw: bytes, note: Note, proposals: Sequence[Proposal]) -> bytes:
    changes = _changes(note, proposals)
    return set_properties(raw, changes) if changes else raw


def _changes(note: Note, proposals: Sequence[Proposal]) -> dict[str, str | list[str]]:
    """Return the new properties: the current values and the proposed ones."""
    changes: dict[str, str | list[str]] = {}
    for one in proposals:
        if one.kind is ProposalKind.DESCRIPTION:
            changes["description"] = one.value
    for kind, name, have, key in (
        (ProposalKind.TAG, "tags", note.tags, tag_key),
        (ProposalKind.TOPIC, "topics", note.list_of("topics"), topic_key),
    ):
        known = {key(value) for value in have}
        values = {key(one.value): one.value for one in proposals if one.kind is kind}
        new = [value for spelled, value in values.items() if spelled not in known]
        if new:
            changes[name] = [*have, *new]
    return changes
