"""Proposals become bytes: additions on request, replacements only when a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from notemill.errors import ExternallyChangedError, NotemillError
from notemill.review import Decision, Kind
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.proposal import set_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notemill.review import Proposal, Review
    from notemill.vault.files import Vault
    from notemill.vault.note import Note


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the proposals for one note; `problem` is '' where it was written."""

    note: str
    written: tuple[Proposal, ...]
    waiting: tuple[Proposal, ...]
    problem: str = ""
    conflict: bool = False


def preview(raw: bytes, proposals: Sequence[Proposal]) -> bytes:
    """Return the note's bytes with `proposals` in it, all else as it is."""
    note, _ = parse(raw)
    changes = _changes(note, proposals)
    return set_properties(raw, changes) if changes else raw


def apply_run(
    vault: Vault, review: Review, run: str, *, replace: bool, now: Callable[[], float]
) -> Iterator[Applied]:
    """Write the pending proposals of a run, note by note, and yield what became of each.

    A proposal that would replace what a person wrote waits, unless `replace`. A note whose own
    content changed since it was read is left alone: its proposals end in conflict.
    """
    pending = review.proposals(run, state=Decision.PENDING)
    for key, group in groupby(pending, key=lambda one: one.note):
        yield _apply(vault, review, key, list(group), replace=replace, now=now)


def _apply(
    vault: Vault,
    review: Review,
    key: str,
    proposals: list[Proposal],
    *,
    replace: bool,
    now: Callable[[], float],
) -> Applied:
    waiting = tuple(one for one in proposals if one.replaces and not replace)
    chosen = tuple(one for one in proposals if one not in waiting)
    if not chosen:
        return Applied(key, (), waiting)
    try:
        raw = vault.read(key)
        note, _ = parse(raw)
        _check_source(note, chosen[0])
        new = preview(raw, chosen)
        if new != raw:
            vault.write(key, new, expected=bytes_hash(raw), run=chosen[0].run)
    except ExternallyChangedError as error:
        review.decide(proposals, Decision.CONFLICT, now=now())
        return Applied(key, (), (), str(error), conflict=True)
    except NotemillError as error:
        # The note is as it was and its proposals keep: no rights, a full disk, a lock.
        return Applied(key, (), waiting, str(error))
    review.decide(chosen, Decision.APPLIED, now=now())
    return Applied(key, chosen, waiting)


def _check_source(note: Note, proposal: Proposal) -> None:
    if source_hash(note) != proposal.source_hash:
        raise ExternallyChangedError(
            f"{proposal.note} was edited since it was read; curate it again"
        )


def _changes(note: Note, proposals: Sequence[Proposal]) -> dict[str, str | list[str]]:
    """Return the properties as they are to be: what is there, and what is proposed."""
    changes: dict[str, str | list[str]] = {}
    for one in proposals:
        if one.kind is Kind.DESCRIPTION:
            changes["description"] = one.value
    for kind, name, have in (
        (Kind.TAG, "tags", note.tags),
        (Kind.TOPIC, "topics", note.list_of("topics")),
    ):
        known = {value.casefold() for value in have}
        new = [
            one.value for one in proposals if one.kind is kind and one.value.casefold() not in known
        ]
        if new:
            changes[name] = [*have, *new]
    return changes
