"""Proposals become bytes: additions on request, replacements only when a person says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from notemill.errors import ExternallyChangedError, NotemillError, NoteNotFoundError
from notemill.index import description_of
from notemill.markup.references import Own
from notemill.markup.tags import is_tidy_tag, tag_key
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.tagging.gate import OPEN
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.proposal import set_properties
from notemill.workflows.curation.reply_text import may_be_written, topic_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notemill.privacy import Privacy
    from notemill.stores.proposals import Proposal
    from notemill.stores.review import Review
    from notemill.tagging.gate import Gate, Ruling
    from notemill.vault.files import Vault
    from notemill.vault.note import Note


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the proposals for one note; `problem` is '' where it was written.

    `refused` are proposals that no reading of a reply makes: the queue was made by another hand.
    """

    note: str
    written: tuple[Proposal, ...]
    waiting: tuple[Proposal, ...]
    problem: str = ""
    conflict: bool = False
    refused: tuple[Proposal, ...] = ()


TAGS: Final = (ProposalKind.TAG, ProposalKind.NEW_TAG)


def preview(
    raw: bytes, proposals: Sequence[Proposal], *, ours: frozenset[str], gate: Gate = OPEN
) -> bytes:
    """Return the note's bytes with the additions among `proposals` in it, all else as it is.

    Raises MalformedNoteError where its properties cannot be edited.
    """
    note, _ = parse(raw)
    proposals = _plain(_ruled(proposals, gate).usable, raw)
    return _edited(raw, note, [one for one in proposals if _adds(note, one, ours)])


def _plain(proposals: Iterable[Proposal], raw: bytes) -> list[Proposal]:
    """Return the proposals that may be written into a note's properties.

    Read from a reply they all may; a row of another hand could bring in anything.
    """
    own = Own(lambda: raw.decode("utf-8", "replace"))
    return [
        one for one in proposals if one.kind is ProposalKind.TAG or may_be_written(one.value, own)
    ]


@dataclass(frozen=True, slots=True)
class _Ruled:
    """Proposals at the gate: as they may be written, those that wait there, those that go."""

    usable: list[Proposal]
    new: list[Proposal]
    gone: list[Proposal]
    refused: list[Proposal]


def _ruled(proposals: Iterable[Proposal], gate: Gate) -> _Ruled:
    """Look at proposals as the vocabulary is now: tags in its spelling, new ones apart."""
    found = _Ruled([], [], [], [])
    for one in proposals:
        if one.kind not in TAGS:
            found.usable.append(one)
        elif (ruling := gate.of(one.value, one.note)) is None:
            found.gone.append(one)
        elif not _may_be_tag(ruling.tag, gate):
            found.refused.append(one)
        elif _waits(one, ruling, gate):
            found.new.append(one)
        else:
            found.usable.append(replace(one, kind=ProposalKind.TAG, value=ruling.tag))
    return found


def waits_for_person(proposal: Proposal, gate: Gate) -> bool:
    """Tell whether `--apply` leaves a proposal alone: it replaces, or is a tag that is new."""
    if proposal.kind not in TAGS:
        return bool(proposal.replaces)
    ruling = gate.of(proposal.value, proposal.note)
    return ruling is not None and _may_be_tag(ruling.tag, gate) and _waits(proposal, ruling, gate)


def _may_be_tag(tag: str, gate: Gate) -> bool:
    """Tell whether a tag is such as replies are read into; the owner's list may have others."""
    return is_tidy_tag(tag) or gate.allows(tag)


def _waits(proposal: Proposal, ruling: Ruling, gate: Gate) -> bool:
    """Tell whether a tag needs a decision; one that was new stays so where the list is gone."""
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
) -> Iterator[Applied]:
    """Write the pending proposals of a run, or those for one `note`, and yield what became of each.

    A proposal that would replace what a person wrote waits, unless `replacing`; one that would
    replace what they wrote after it was made waits in any case, to be looked at, and so does a tag
    that the vocabulary does not have. A note whose own content changed since it was read, that is
    gone or hidden by now, is left alone: its proposals end in conflict, as do tags that
    the vocabulary has struck out meanwhile.
    """
    pending = review.proposals(run, note=note, state=ProposalState.PENDING)
    written = review.descriptions_written()
    for key, group in groupby(pending, key=lambda one: one.note):
        ours = written.get(key, frozenset())
        ruled = _ruled(group, gate)
        if ended := ruled.gone + ruled.refused:
            review.decide(ended, ProposalState.CONFLICT, now=now())
        done = Applied(key, (), ())
        if ruled.usable:
            done = _apply(
                vault, review, key, ruled.usable,
                ours=ours, replacing=replacing, now=now, privacy=privacy,
            )  # fmt: skip
        yield replace(
            done,
            waiting=(*done.waiting, *ruled.new),
            refused=(*ruled.refused, *done.refused),
        )


def _apply(
    vault: Vault,
    review: Review,
    key: str,
    proposals: list[Proposal],
    *,
    ours: frozenset[str],
    replacing: bool,
    now: Callable[[], float],
    privacy: Privacy,
) -> Applied:
    try:
        raw = vault.read(key)
        privacy.check(key, raw)
        note, _ = parse(raw)
        has = description_of(note)
        plain = _plain(proposals, raw)
        chosen = tuple(
            one
            for one in plain
            if _adds(note, one, ours) or (replacing and has in (one.replaces, ""))
        )
        if chosen:
            _check_source(note, chosen[0])
        new = _edited(raw, note, chosen)
        if new != raw:
            vault.write(key, new, expected=bytes_hash(raw), run=chosen[0].run)
    except (ExternallyChangedError, NoteNotFoundError) as error:
        if isinstance(error, NoteNotFoundError) and (why := vault.why_away(key)):
            return Applied(key, (), (), f"it is not here now: {why}")
        review.decide(proposals, ProposalState.CONFLICT, now=now())
        return Applied(key, (), (), str(error), conflict=True)
    except NotemillError as error:
        # The note is as it was and its proposals keep: no rights, a full disk.
        return Applied(key, (), (), str(error))
    waiting = tuple(one for one in plain if one not in chosen)
    refused = tuple(one for one in proposals if one not in plain)
    for one in waiting:
        if has and has != one.replaces:
            # What is there now is what a person has to weigh it against.
            review.replacing(one, has)
    review.decide(refused, ProposalState.CONFLICT, now=now())
    review.decide(chosen, ProposalState.APPLIED, now=now())
    return Applied(key, chosen, waiting, refused=refused)


def _adds(note: Note, proposal: Proposal, ours: frozenset[str]) -> bool:
    """Tell whether a proposal takes nothing away that a person wrote."""
    if proposal.kind is not ProposalKind.DESCRIPTION:
        return True
    has = description_of(note)
    return has == proposal.value or (not proposal.replaces and (not has or has in ours))


def _check_source(note: Note, proposal: Proposal) -> None:
    if source_hash(note) != proposal.source_hash:
        raise ExternallyChangedError(
            f"{proposal.note} was edited since it was read; curate it again"
        )


def _edited(raw: bytes, note: Note, proposals: Sequence[Proposal]) -> bytes:
    changes = _changes(note, proposals)
    return set_properties(raw, changes) if changes else raw


def _changes(note: Note, proposals: Sequence[Proposal]) -> dict[str, str | list[str]]:
    """Return the properties as they are to be: what is there, and what is proposed."""
    changes: dict[str, str | list[str]] = {}
    for one in proposals:
        if one.kind is ProposalKind.DESCRIPTION:
            changes["description"] = one.value
    for kind, name, have, key in (
        (ProposalKind.TAG, "tags", note.tags, tag_key),
        (ProposalKind.TOPIC, "topics", note.list_of("topics"), topic_key),
    ):
        known = {key(value) for value in have}
        new = [one.value for one in proposals if one.kind is kind and key(one.value) not in known]
        if new:
            changes[name] = [*have, *new]
    return changes
