"""The steps of an ingest on the vault's thread once it is answered: notes, and what became of them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from notemill.app.curation_steps import candidates_in, known_among
from notemill.app.events import NoteChange
from notemill.app.ingest_events import MadeNote
from notemill.app.ingest_parts import missing_in
from notemill.app.ingest_steps import WAITING, asked_of, known_in, options_of, waiting_draft
from notemill.config import BESIDE, LEFT_OUT
from notemill.errors import NotemillError, UsageError
from notemill.index import facts_of
from notemill.properties import CURATED
from notemill.sources.keeping import digest_of
from notemill.stores.new_notes import NewNote
from notemill.stores.proposals import ProposalState
from notemill.vault.adding import with_properties
from notemill.vault.note import bytes_hash, parse, source_hash
from notemill.vault.proposal import set_properties
from notemill.workflows.curation.curate import proposals_for
from notemill.workflows.ingest.answer import read_answer
from notemill.workflows.ingest.matching import stored_digest, transcript_keys
from notemill.workflows.ingest.naming import stem_of
from notemill.workflows.ingest.rendering import (
    BY_PROGRAM,
    Layout,
    additions_of,
    note_of,
    properties_of,
    transcript_of,
)
from notemill.workflows.stages import spread
from twolane import ItemState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notemill.app.ingest_steps import IngestOptions
    from notemill.app.opened import OpenVault
    from notemill.sources.draft import Draft
    from notemill.workflows.ingest.answer import Answer
    from notemill.workflows.ingest.asking import Asked
    from twolane import ItemOutcome, Run

TRANSCRIPT_SUFFIX = " (transcript)"


def collect_in(opened: OpenVault, run: Run, *, sends: bool) -> list[tuple[int, str]]:
    """Turn a run's answers so far into proposed notes; return those in conflict, and why."""
    done = opened.new_notes.keys_of(run.id)
    label = "" if sends else BY_PROGRAM
    making = _Making(opened, options_of(run), label=label, missing=missing_in(run))
    conflicts: list[tuple[int, str]] = []
    for outcome in run.outcomes():
        if outcome.state is not ItemState.SUCCEEDED or outcome.key in done:
            continue
        try:
            made = making.of(outcome)
        except NotemillError as error:
            conflicts.append((outcome.index, str(error)))
            continue
        opened.new_notes.store(run.id, made, now=opened.clock())
    return conflicts


class _Making:
    """Makes notes of answers, each at a path of its own."""

    def __init__(
        self,
        opened: OpenVault,
        options: IngestOptions,
        *,
        label: str,
        missing: Mapping[str, Sequence[str]],
    ) -> None:
        self._opened = opened
        self._missing = missing
        self._options = options
        self._label = label
        self._known = known_in(opened)
        self._used = opened.used & CURATED
        self._candidates = candidates_in(opened)
        self._tags = known_among(self._candidates)
        self._gate = opened.gate()
        self._taken = {note for _, note in opened.new_notes.unwritten()}

    def of(self, outcome: ItemOutcome) -> tuple[NewNote, ...]:
        """Return the note that an answer proposes, and that of its transcript where it has one.

        Raises NotemillError if it cannot be made.
        """
        draft = waiting_draft(self._opened, outcome.key)
        draft = replace(draft, notices=(*draft.notices, *self._missing.get(outcome.key, ())))
        if digest_of(draft) != outcome.content_hash:
            raise UsageError("the source was read anew since it was asked about; ingest it again")
        asked = asked_of(draft)
        answer = read_answer(outcome.text, asked, known=self._tags, used=self._used)
        note = self._known.note_of(draft)
        if note in self._known.hidden:
            raise UsageError("an excluded note has this source; nothing was read into it")
        if note:
            return self._enriched(note, asked, answer)
        path = self._free(draft.title or draft.source)
        beside = ""
        if draft.is_talk and self._options.transcript == BESIDE:
            beside = self._free(f"{draft.title}{TRANSCRIPT_SUFFIX}")
        layout = self._layout(path, draft, beside)
        main = self._new(path, note_of(asked, answer, layout), asked, answer)
        return (main, self._beside(beside, asked, answer, layout)) if beside else (main,)

    def _enriched(self, note: str, asked: Asked, answer: Answer) -> tuple[NewNote, ...]:
        """Return a note that is there with what a draft adds, or as it would be made today."""
        raw = self._opened.vault.read(note)
        replaces = bytes_hash(raw)
        if self._known.before(asked.draft) is not None:
            # Only a note that is all ours, and as we wrote it, is asked about again.
            beside, old = self._transcript_of(asked.draft)
            layout = self._layout(note, asked.draft, beside)
            content = self._anew(raw, asked, answer, layout)
            main = self._new(note, content, asked, answer, replaces=replaces)
            if not beside:
                return (main,)
            return (main, self._beside(beside, asked, answer, layout, replaces=old))
        layout = self._layout(note, asked.draft, "")
        end = parse(raw)[0].newline
        gap = b"" if raw.endswith(b"\n") else end.encode()
        added = additions_of(asked, answer, layout).replace("\n", end).encode()
        properties = {
            name: value
            for name, value in properties_of(asked.draft, "").items()
            if name != "title"  # the owner has named it
        }
        content = with_properties(raw + gap + added, properties)
        return (self._new(note, content, asked, answer, replaces=replaces, whole=False),)

    def _transcript_of(self, draft: Draft) -> tuple[str, str]:
        """Return the note of a draft's transcript and its hash, '' for both if none is as written."""
        before = self._known.transcript_of(draft)
        if before is None:
            return "", ""
        raw = self._opened.vault.read(before.note)
        is_as_written = source_hash(parse(raw)[0]) == before.source_hash
        return (before.note, bytes_hash(raw)) if is_as_written else ("", "")

    def _anew(self, raw: bytes, asked: Asked, answer: Answer, layout: Layout) -> bytes:
        """Return the note as it would be made today, with the properties that were filled in."""
        old = parse(raw)[0]
        layout = replace(layout, created=old.text_of("created") or layout.created)
        kept = {name: old.list_of(name) for name in ("tags", "topics", "related")}
        changes = {name: value for name, value in kept.items() if value}
        said = old.text_of("description")
        described = {"description": said} if said else {}
        return set_properties(note_of(asked, answer, layout), {**described, **changes})

    def _new(
        self,
        path: str,
        content: bytes,
        asked: Asked,
        answer: Answer,
        *,
        replaces: str = "",
        whole: bool = True,
    ) -> NewNote:
        facts = facts_of(path, content, size=len(content), mtime_ns=0)
        ours = self._opened.review.descriptions_written(path).get(path, frozenset())
        states = self._candidates.states
        said = proposals_for(facts, answer.curated, ours=ours, gate=self._gate, states=states)
        draft = asked.draft
        return NewNote(
            path,
            draft.title,
            content,
            replaces,
            _why(draft, answer),
            draft.keys,
            stored_digest(digest_of(draft), whole=whole),
            tuple(said),
        )

    def _beside(
        self, path: str, asked: Asked, answer: Answer, layout: Layout, *, replaces: str = ""
    ) -> NewNote:
        title = f"{asked.draft.title}{TRANSCRIPT_SUFFIX}"
        content = transcript_of(asked, answer, layout)
        keys = transcript_keys(asked.draft)
        return NewNote(path, title, content, replaces, f"the transcript of {layout.path}", keys, "")

    def _layout(self, path: str, draft: Draft, beside: str) -> Layout:
        day = time.strftime("%Y-%m-%d", time.localtime(self._opened.clock()))
        left_out = draft.is_talk and self._options.transcript == LEFT_OUT
        transcript = "" if left_out else beside or path
        return Layout(day, path, transcript, self._label, self._options.template)

    def _free(self, title: str) -> str:
        folder = f"{self._options.folder}/" if self._options.folder else ""
        path = self._opened.vault.free_key(f"{folder}{stem_of(title)}.md", self._taken)
        self._taken.add(path)
        return path


def _why(draft: Draft, answer: Answer) -> str:
    """Return where a note is from, and what of it a person should look at, in a few words."""
    parts = [draft.source or draft.title, *draft.notices]
    unsaid = [word for one in answer.points for word in one.unsaid]
    if unsaid:
        parts.append(f"the summary names what the source does not: {', '.join(unsaid)}")
    return "; ".join(parts)


# -- what became of it ----------------------------------------------------------------------------


def made_in(opened: OpenVault, run: Run) -> tuple[tuple[MadeNote, ...], bool]:
    """Return the notes of a run, and whether none of them ended in conflict."""
    found = opened.new_notes.notes_of(run.id)
    notes = tuple(MadeNote(one.note, one.why, one.title, str(one.state)) for one in found)
    return notes, all(one.state is not ProposalState.CONFLICT for one in found)


def has_uncollected(opened: OpenVault, run: Run) -> bool:
    """Return whether a run has answers about drafts that wait, and no notes of them yet."""
    waiting = opened.drafts.keys(WAITING) - opened.new_notes.keys_of(run.id)
    # Answers are read only where drafts wait: most of the time, none do.
    return bool(waiting) and any(
        one.state is ItemState.SUCCEEDED and one.key in waiting for one in run.outcomes()
    )


def has_unwritten(opened: OpenVault, run: str) -> bool:
    """Return whether notes of a run wait to be written."""
    return bool(opened.new_notes.of_run(run, ProposalState.PENDING))


def sample_in(opened: OpenVault, run: Run, count: int) -> tuple[NoteChange, ...]:
    """Return some of the notes that a run has proposed so far, as they would be."""
    made = opened.new_notes.of_run(run.id, ProposalState.PENDING)
    return tuple(
        NoteChange(one.note, b"", opened.new_notes.content(one.id) or b"")
        for one in spread(made, min(count, len(made)))
    )
