"""The steps of an ingest on the vault's thread before it asks: which notes there are, requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notemill.app.curation_steps import candidates_in
from notemill.app.ingest_events import Left, Unchanged
from notemill.config import CLIPPINGS, IN_NOTE
from notemill.errors import NotemillError, UsageError
from notemill.index import facts_of
from notemill.markup.masks import is_open_at_end
from notemill.properties import CURATED
from notemill.sources.keeping import as_bytes, digest_of, draft_in
from notemill.sources.markdown_text import escaped
from notemill.vault.note import parse, source_hash
from notemill.workflows.curation.candidates import MAX_CANDIDATES, MAX_HINTS
from notemill.workflows.curation.curate import load_template
from notemill.workflows.curation.examples import examples_of
from notemill.workflows.curation.shared_part import shared_part
from notemill.workflows.ingest.asking import (
    MAX_TOKENS,
    Asked,
    as_request,
    request_for,
    text_room,
)
from notemill.workflows.ingest.chapters import starts_of
from notemill.workflows.ingest.matching import is_whole, known_of
from notemill.workflows.ingest.pieces import pieces_of
from notemill.workflows.ingest.rendering import clock
from twolane import ItemState
from twolane.files import read_small_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.config import IngestSettings
    from notemill.index import NoteFacts
    from notemill.sources.draft import Draft
    from notemill.workflows.curation.shared_part import SharedPart
    from notemill.workflows.ingest.matching import Known
    from twolane import Request, Run

_BLOCK_ID: Final = re.compile(r"\^([tp][0-9]+)[ \t]*\r?$", re.MULTILINE)
_OPEN: Final = (
    "a code block or comment in it is never closed, and would swallow the transcript; close it"
)
_EXCLUDED: Final = (
    "an excluded note has this source; nothing was read into it, and no other was made"
)
_HAS_ANOTHER: Final = (
    "it has the text of another source, or of another state of this one, with the same block ids;"
    " take that out, or this source out of its properties"
)
WAITING: Final = "waiting"
"""The batch of drafts that are read and not answered for yet."""

MAX_TEMPLATE_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How notes are made.

    `folder` is the vault's, '' for the vault itself; `transcript` one of `config.TRANSCRIPTS`;
    `template` its text, '' for notemill's own.
    """

    folder: str = CLIPPINGS
    transcript: str = IN_NOTE
    template: str = ""

    def kept(self) -> dict[str, object]:
        """Return them as settings of a run."""
        return {"folder": self.folder, "transcript": self.transcript, "template": self.template}


def as_configured(kept: IngestSettings) -> IngestOptions:
    """Return how notes are made by the settings, with the text of the template. Raises UsageError."""
    folder = "" if kept.folder == "." else kept.folder
    if not kept.template:
        return IngestOptions(folder, kept.transcript)
    try:
        text = read_small_text(Path(kept.template).expanduser(), most_bytes=MAX_TEMPLATE_BYTES)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"the template {kept.template} cannot be read: {error}") from error
    return IngestOptions(folder, kept.transcript, text)


def options_of(run: Run) -> IngestOptions:
    """Return the options that a run was begun with."""
    said = {name: run.row.setting(name) for name in IngestOptions().kept()}
    return IngestOptions(**{name: str(value) for name, value in said.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft that is to be asked about: its strongest key, and whether its note is there already.

    `title` and `what` it is are for people.
    """

    key: str
    enriches: bool
    title: str = ""
    what: str = ""


def known_in(opened: OpenVault) -> Known:
    """Return which notes of the vault, hidden ones included, have which sources."""
    sight = opened.look()
    known = known_of(sight.facts, opened.new_notes.sources())
    return replace(known, hidden=frozenset(one for one in known.notes if not sight.shows(one)))


def check_folder(opened: OpenVault, folder: str) -> None:
    """Check that notes may be put into a folder. Raises UsageError if it is excluded."""
    if opened.privacy.hides_path(f"{folder}/Note.md" if folder else "Note.md"):
        raise UsageError(
            f"the folder {folder} is excluded, so that its notes would not be seen again; name "
            "another with --folder"
        )


# -- what was read --------------------------------------------------------------------------------


def stands_in(opened: OpenVault, known: Known, key: str) -> Draft | Unchanged | None:
    """Return what was read of a source and waits, or the note that has it; None if neither is."""
    before = known.ingested.get(key)
    note = known.note_with(key)
    if before is not None and (note or before.note in known.notes):
        found = note or before.note
        return Unchanged(key, key if found in known.hidden else found)
    if opened.drafts.one(WAITING, key) is not None:
        return waiting_draft(opened, key)
    proposed = opened.new_notes.open_for([key])
    return Unchanged(key, proposed[0].note, run=proposed[0].run) if proposed else None


def keep_in(opened: OpenVault, known: Known, draft: Draft) -> Kept | Unchanged | Left:
    """Keep a draft until it is answered for, unless its note needs nothing of it."""
    standing = _standing(opened, known, draft)
    if standing is not None:
        return standing
    key = draft.keys[0]
    opened.drafts.keep(WAITING, key, as_bytes(draft), opened.clock())
    return Kept(key, bool(known.note_of(draft)), draft.title or draft.source, _what(draft))


def _what(draft: Draft) -> str:
    """Return what a draft is, in a few words."""
    parts = [str(draft.kind)]
    if draft.duration_s:
        parts.append(clock(int(draft.duration_s)))
    if draft.chapters:
        parts.append(f"{len(draft.chapters):,} chapter{'' if len(draft.chapters) == 1 else 's'}")
    return ", ".join(parts)


def _standing(opened: OpenVault, known: Known, draft: Draft) -> Unchanged | Left | None:
    """Return the note that needs nothing of a draft, or is left as it is; None if it is to be made."""
    digest = digest_of(draft)
    for one in opened.new_notes.open_for(draft.keys):
        if one.digest.startswith(digest):
            return Unchanged(draft.source, one.note, run=one.run)
    note, before = known.note_of(draft), known.before(draft)
    if not note:
        return None
    if note in known.hidden:
        # It has the source, and is not named: a second note would show what its owner has hidden.
        is_same = before is not None and before.digest.startswith(digest)
        here = draft.source
        return Unchanged(here, here) if is_same else Left(here, here, _EXCLUDED)
    if before is None:
        return _cannot_take(opened, draft, note)
    if before.digest.startswith(digest):
        return Unchanged(draft.source, note)
    if not is_whole(before.digest):
        return Left(draft.source, note, "the source has changed; the note is yours and was left")
    try:
        is_as_written = source_hash(parse(opened.vault.read(note))[0]) == before.source_hash
    except NotemillError as error:
        return Left(draft.source, note, str(error))
    if not is_as_written:
        return Left(draft.source, note, "the source has changed, but so has the note: it was left")
    return None


def _cannot_take(opened: OpenVault, draft: Draft, note: str) -> Unchanged | Left | None:
    """Return a note whose text a draft cannot be put below, None if it can.

    One that has all of it needs nothing: it was written where another state folder was in use.
    """
    try:
        text = parse(opened.vault.read(note))[0].body
    except NotemillError as error:
        return Left(draft.source, note, str(error))
    pieces = pieces_of(draft)
    if not {one.block for one in pieces}.isdisjoint(_BLOCK_ID.findall(text)):
        at = 0
        for one in pieces:
            if (at := text.find(escaped(one.text) if draft.cues else one.text, at)) < 0:
                return Left(draft.source, note, _HAS_ANOTHER)
        return Unchanged(draft.source, note)
    return Left(draft.source, note, _OPEN) if is_open_at_end(text) else None


def waiting_draft(opened: OpenVault, key: str) -> Draft:
    """Return a draft that waits. Raises UsageError if it is gone or cannot be read."""
    body = opened.drafts.one(WAITING, key)
    if body is not None:
        try:
            return draft_in(body)
        except ValueError:
            pass
    raise UsageError(f"what was read of {key} is gone; ingest it again")


def forget_in(opened: OpenVault, run: Run) -> None:
    """Forget the drafts that a run has answered; those that failed may be asked about again."""
    done = [one.key for one in run.outcomes() if one.state is ItemState.SUCCEEDED]
    opened.drafts.drop(WAITING, done)


# -- requests -------------------------------------------------------------------------------------


def asked_of(draft: Draft) -> Asked:
    """Return a draft as it is asked about."""
    pieces = pieces_of(draft)
    return Asked(draft, pieces, starts_of(draft, pieces))


class DraftRequests:
    """The requests about drafts that wait in the store, each built when it is iterated."""

    def __init__(
        self,
        opened: OpenVault,
        bench: Workbench,
        keys: Sequence[str],
        noted: Mapping[str, str] | None = None,
    ) -> None:
        """Ask about the drafts with these keys; of long ones, by what was `noted` of their parts."""
        self._opened = opened
        self._keys = keys
        self._noted = noted or {}
        self._model = bench.model
        self._used = bench.used & CURATED
        self.room = bench.room()
        self._candidates = candidates_in(opened)

    @cached_property
    def shared(self) -> SharedPart:
        """The part that all requests share."""
        rules = load_template("ingest", self._used).text
        tokens = self.room.for_shared(rules, reply_tokens=self.room.for_reply(MAX_TOKENS))
        seen = [one for one in self._opened.look().seen if not one.problem]
        examples = examples_of(seen, self._candidates)
        return shared_part(rules, self._candidates, examples, tokens=tokens)

    @property
    def text_room(self) -> int | None:
        """How many careful tokens of a text fit into a request, None for any number.

        Raises UsageError if none do.
        """
        return text_room(self.shared.system, self.room, self._used)

    def __iter__(self) -> Iterator[Request]:
        """Iterate one request per draft, in order."""
        most = MAX_HINTS if self.shared.whole else MAX_CANDIDATES
        for key in self._keys:
            draft = waiting_draft(self._opened, key)
            asked = asked_of(draft)
            text = "\n".join(one.text for one in asked.pieces)
            params = request_for(
                asked,
                self._candidates.of_note(draft.title, "", text, most=most),
                name=key,
                system=self.shared.system,
                model=self._model,
                room=self.room,
                used=self._used,
                noted=self._noted.get(key),
            )
            yield as_request(key, asked, digest_of(draft), params)


def preview_in(opened: OpenVault, keys: Sequence[str]) -> list[NoteFacts]:
    """Return facts of drafts as if they were notes: by these the stages of a run are chosen."""
    found: list[NoteFacts] = []
    for key in keys:
        draft = waiting_draft(opened, key)
        text = "\n".join(
            [*(one.text for one in draft.cues), *(one.markdown for one in draft.blocks)]
        )
        raw = text.encode("utf-8", "replace")
        found.append(facts_of(draft.title or key, raw, size=len(raw), mtime_ns=0))
    return found
