"""What proposals are for: notes as they are, or notes that are not written yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.app.events import NoteChange
from notemill.errors import NotemillError
from notemill.stores.proposals import OF_ALL_BYTES, ProposalKind, ProposalState
from notemill.stores.queue_rows import OF_NOTES
from notemill.vault.note import bytes_hash
from notemill.workflows.creating import DROPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notemill.app.opened import OpenVault
    from notemill.privacy import Sight
    from notemill.stores.new_notes import StoredNote
    from notemill.stores.queue_rows import QueueRow

FEW_NOTES: Final = 20
"""Up to this many notes, reading them is faster than scanning the vault."""


def text_for(opened: OpenVault, run: str, note: str) -> bytes:
    """Return the bytes that a run's proposals for a note are for. Raises NotemillError."""
    waiting = opened.new_notes.unwritten_of(run, note)
    content = None if waiting is None else opened.new_notes.content(waiting.id)
    return opened.vault.read(note) if content is None else content


def before_and_text(opened: OpenVault, run: str, note: str) -> tuple[bytes, bytes]:
    """Return a note's bytes, none if it is to be created, and those of `text_for`.

    Raises NotemillError.
    """
    text = text_for(opened, run, note)
    waiting = opened.new_notes.unwritten_of(run, note)
    is_new = waiting is not None and not waiting.replaces
    return b"" if is_new else opened.vault.read(note), text


def number_of(row: QueueRow) -> int:
    """Return the number of a proposed note's row, as `NewNotes` names it."""
    return int(row.id.removeprefix(OF_NOTES))


def note_as_proposed(opened: OpenVault, row: QueueRow) -> tuple[NoteChange, bool]:
    """Return what a proposed note would be, or is, and whether the one it replaces has changed.

    One that is written is shown as it is now.
    """
    (note,) = row.notes
    replaces = row.sources[0][1]
    try:
        content = opened.new_notes.content(number_of(row))
        if row.state is ProposalState.APPLIED:
            return NoteChange(note, b"", opened.vault.read(note)), False
        if content is None:
            return NoteChange(note, problem=DROPPED), False
        if not replaces:
            return NoteChange(note, b"", content), False
        before = opened.vault.read(note)
    except NotemillError as error:
        return NoteChange(note, problem=str(error)), True
    return NoteChange(note, before, content), bytes_hash(before) != replaces


def outdated_in(
    sight: Sight, unwritten: Mapping[tuple[str, str], StoredNote]
) -> Callable[[QueueRow], set[str]]:
    """Return what tells which notes have changed since a proposal was made for them.

    `unwritten` are the notes that are not written yet, by run and path: what is proposed for them
    is not bound to the note at their path, if there is one.
    """
    facts = {one.key: one for one in sight.facts}

    def outdated(row: QueueRow) -> set[str]:
        of_bytes = row.kind in OF_ALL_BYTES
        now = {
            note: facts[note].bytes_hash if of_bytes else facts[note].source_hash
            for note, _ in row.sources
            if note in facts
        }
        if row.kind is not ProposalKind.NOTE:
            coming = (unwritten.get((row.run, note)) for note, _ in row.sources)
            now |= {one.note: one.source_hash for one in coming if one is not None}
        return row.changed(now)

    return outdated


def showable(opened: OpenVault, rows: Iterable[QueueRow]) -> tuple[QueueRow, ...]:
    """Return the rows whose notes may all be shown, by the notes as they are, or would be."""
    rows = tuple(rows)
    notes = {note for one in rows for note in one.notes}
    if len(notes) <= FEW_NOTES:
        coming: dict[str, tuple[str, ...]] = {}
        for note, tags in opened.new_notes.tags(notes):
            coming[note] = (*coming.get(note, ()), *tags)
        hidden = {note for note in notes if _is_hidden(opened, note, coming.get(note))}
    else:
        shows = opened.look().shows
        hidden = {note for note in notes if not shows(note)}
    return tuple(one for one in rows if hidden.isdisjoint(one.notes))


def _is_hidden(opened: OpenVault, note: str, coming: tuple[str, ...] | None) -> bool:
    """Return whether a note is hidden; `coming` are the tags that a proposed one would have."""
    privacy = opened.privacy
    if coming is not None and (privacy.hides_path(note) or privacy.hides_tags(coming)):
        return True
    try:
        return bool(privacy.why_not_now(note, opened.vault.read(note)))
    except NotemillError:
        return coming is None and not opened.look().shows(note)
