"""Write proposed notes: each created under a free name, or in place of the note it was made for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from notemill.errors import (
    ExternallyChangedError,
    NoteExistsError,
    NotemillError,
    NoteNotFoundError,
    StoreError,
)
from notemill.stores.proposals import Proposal, ProposalKind, ProposalState
from notemill.vault.note import bytes_hash
from notemill.workflows.curation.apply import Applied, apply_run

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from notemill.privacy import Privacy
    from notemill.properties import Properties
    from notemill.stores.new_notes import NewNotes, StoredNote
    from notemill.stores.review import Review
    from notemill.tagging.gate import Gate
    from notemill.vault.files import Vault

MOST_TRIES: Final = 10
"""The most names that are tried for a note while others create files beside it."""
DROPPED: Final = "its text is no longer kept; ingest its source again"


@dataclass(frozen=True, slots=True)
class NoteCreation:
    """The writing of proposed notes in some `states` as one run, locking the vault note by note."""

    vault: Vault
    new_notes: NewNotes
    run: str
    now: Callable[[], float]
    privacy: Privacy
    states: Collection[ProposalState]

    def write(self, notes: Iterable[StoredNote]) -> Iterator[Applied]:
        """Write notes and yield each one's outcome.

        One whose state has changed by its turn is skipped. A note whose name is taken meanwhile gets
        the next free one, and what is proposed for it follows. One that is to replace a note that
        has changed since is not written, nor one that is excluded by now: these end in conflict. One
        that no scan of the vault would find stays as it is.
        Raises VaultLockedError.
        """
        self.vault.settle()
        left_out = self.vault.left_out()
        for one in notes:
            with self.vault.lock():
                done = self._write(one, left_out(one.note)) if self._stands(one) else None
            if done is not None:
                yield done
        self.new_notes.drop()

    def _stands(self, one: StoredNote) -> bool:
        return one.state in self.states and self.new_notes.holds(one)

    def _write(self, one: StoredNote, left_out: str) -> Applied | None:
        """Write a note; return None if it was decided otherwise meanwhile."""
        if left_out:
            why = f"nobody would find it there: {left_out}; ingest it into another folder"
            return Applied(one.note, (), (), why)
        try:
            content = self._text(one)
            self.privacy.check(one.note, content)
            note = self._left_by_crash(one)
            if not note:
                note = self._replaced(one, content) if one.replaces else self._created(one, content)
        except ExternallyChangedError as error:
            return self._conflict(one, str(error))
        except NoteNotFoundError as error:
            if why := self.vault.why_away(one.note):
                return Applied(one.note, (), (), f"it is missing: {why}")
            return self._conflict(one, str(error))
        except NotemillError as error:
            # Nothing is written and it stays as decided: no permission, a full disk.
            return Applied(one.note, (), (), str(error))
        return Applied(note, (_proposal(one, note),), ()) if note else None

    def _text(self, one: StoredNote) -> bytes:
        content = self.new_notes.content(one.id)
        if content is None:
            raise ExternallyChangedError(DROPPED)
        return content

    def _conflict(self, one: StoredNote, why: str) -> Applied:
        self.new_notes.end(one, now=self.now())
        return Applied(one.note, (), (), why, conflict=True)

    def _left_by_crash(self, one: StoredNote) -> str:
        """Return the path under which a killed process has written a note, '' if none has."""
        for key, run in self.vault.written_as(one.bytes_hash):
            ours = key == one.note if one.replaces else not self.new_notes.is_written(key)
            if ours and _hash_of(self.vault, key) == one.bytes_hash:
                self.new_notes.written(one, key, run=run, now=self.now())
                return key
        return ""

    def _replaced(self, one: StoredNote, content: bytes) -> str:
        done = self.vault.write(
            one.note, content, expected=one.replaces, run=self.run,
            holds=partial(self.new_notes.holds, one), also=partial(self._settle, one, one.note),
        )  # fmt: skip
        return one.note if done else ""

    def _created(self, one: StoredNote, content: bytes) -> str:
        for _ in range(MOST_TRIES):
            key = self.vault.free_key(one.note)
            try:
                if key != one.note:
                    self.privacy.check(key, content)
                done = self.vault.create(
                    key, content, run=self.run,
                    holds=partial(self.new_notes.holds, one), also=partial(self._settle, one, key),
                )  # fmt: skip
            except NoteExistsError:
                continue
            return key if done else ""
        raise NoteExistsError(f"{one.note} was not written: its name is taken again and again")

    def _settle(self, one: StoredNote, note: str) -> None:
        self.new_notes.written(one, note, run=self.run, now=self.now())


def apply_ingested(
    creation: NoteCreation,
    review: Review,
    run: str,
    *,
    note: str | None = None,
    renewing: bool = False,
    replacing: bool,
    gate: Gate,
    used: Properties,
) -> Iterator[Applied]:
    """Write the notes that a run proposes, then what it proposes for them; yield each outcome.

    Those are its notes in the states of `creation`, or one `note`. One that takes the place of
    another waits, unless it is accepted or `renewing` says that it holds all that its owner wrote;
    what `apply_run` leaves to a person waits as there. What is proposed for a note that is not
    written stays open.
    """
    notes = [one for state in creation.states for one in creation.new_notes.of_run(run, state)]
    accepted = ProposalState.ACCEPTED
    yield from creation.write(
        one
        for one in notes
        if note in (None, one.note) and (renewing or not one.replaces or one.state is accepted)
    )
    yield from apply_run(
        creation.vault, review, run, note=note,
        replacing=replacing, now=creation.now, privacy=creation.privacy, gate=gate, used=used,
        but=creation.new_notes.unwritten(),
    )  # fmt: skip


def together(outcomes: Iterable[Applied]) -> tuple[Applied, ...]:
    """Return one outcome for each note: a new one is written, and then what is proposed for it."""
    notes: dict[str, Applied] = {}
    for one in outcomes:
        before = notes.get(one.note)
        notes[one.note] = one if before is None else _both(before, one)
    return tuple(notes.values())


def _both(one: Applied, other: Applied) -> Applied:
    return Applied(
        one.note,
        (*one.written, *other.written),
        (*one.waiting, *other.waiting),
        one.problem or other.problem,
        one.conflict or other.conflict,
        (*one.refused, *other.refused),
        (*one.stale, *other.stale),
    )


def _hash_of(vault: Vault, key: str) -> str:
    try:
        return bytes_hash(vault.read(key))
    except StoreError:
        raise
    except NotemillError:
        return ""


def _proposal(one: StoredNote, note: str) -> Proposal:
    return Proposal(
        one.id, one.run, note, one.replaces, ProposalKind.NOTE, one.title, "", ProposalState.APPLIED
    )
