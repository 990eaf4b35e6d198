"""The notes of an ingest as a page shows them: how each begins, its chapters, what is proposed for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.ingest_steps import waiting_draft
from notemill.app.reviewing import Wanted
from notemill.errors import NotemillError, UsageError
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.vault.note import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.reviewing import Reviewing
    from notemill.app.workbench import Workbench
    from notemill.stores.queue_rows import QueueRow

MOST_NOTES: Final = 40
"""The notes of a run that are shown: more are looked at in the review."""
MOST_ROWS: Final = 1_000
MOST_CHARS: Final = 3_000
"""Of a note: its summary and quotes are within them, most of its transcript is not."""
MOST_CHAPTERS: Final = 300
_CHAPTER: Final = re.compile(
    r"^- \[{1,2}(?:[^\[\]|\n]{0,500}\|)?((?:\d{1,3}:)?\d{1,3}:\d\d)\]{1,2}(?:\([^)\s]{0,2000}\))? (\S.*)$",
    re.MULTILINE,
)
"""A line of a note that says where a chapter begins: `- [1:30](address) Title`."""
_BLOCK_ID: Final = re.compile(r"[ \t]+\^[A-Za-z0-9-]{1,40}$", re.MULTILINE)
_CALLOUT: Final = re.compile(r"^> \[!\w{1,40}\][-+]? ?(.*)$", re.MULTILINE)
_PARTS: Final = re.compile(r"\d+(?::\d+){0,2}")
_ESCAPE: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class ShownChapter:
    """A chapter, and the second at which it begins."""

    title: str
    start_s: int


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note that an ingest proposes or has written: its row of the queue, and the others for it.

    `text` is how it begins, `is_cut` if more follows; `chapters` are within `length_s` seconds.
    `problem` says why it cannot be shown.
    """

    row: QueueRow
    text: str = ""
    is_cut: bool = False
    chapters: tuple[ShownChapter, ...] = ()
    length_s: int = 0
    others: tuple[QueueRow, ...] = ()
    problem: str = ""

    @property
    def note(self) -> str:
        """Its path."""
        return self.row.notes[0]


@dataclass(frozen=True, slots=True)
class ShownNotes:
    """The first notes of a run by path, and how many there are in each state."""

    notes: tuple[ShownNote, ...]
    counts: Mapping[ProposalState, int]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


class IngestShown:
    """The service that shows what ingests have made; a hidden note is none."""

    def __init__(self, bench: Workbench, reviewing: Reviewing) -> None:
        """Show the notes of the vault of `bench`."""
        self._bench = bench
        self._reviewing = reviewing

    async def notes(self, run: str) -> ShownNotes:
        """Return the notes of a run. Raises VaultError, StoreError."""
        look = await self._reviewing.look()
        made = Wanted(states=None, run=run, kinds=(ProposalKind.NOTE,))
        page = await self._reviewing.page(made, limit=MOST_NOTES, look=look)
        paths = tuple(one.notes[0] for one in page.rows)
        others: Sequence[QueueRow] = ()
        if paths:
            of_notes = Wanted(states=None, run=run, under=paths)
            found = await self._reviewing.page(of_notes, limit=MOST_ROWS, look=look)
            others = [one for one in found.rows if one.kind is not ProposalKind.NOTE]
        shown = await self._bench.on(_shown_in, page.rows, others)
        return ShownNotes(shown, await self._reviewing.counts(made))

    async def titles(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the titles of the sources with these keys that wait for an answer."""
        return await self._bench.on(_titles_in, tuple(keys))


def _titles_in(opened: OpenVault, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in keys:
        try:
            draft = waiting_draft(opened, key)
        except UsageError:
            continue
        found[key] = draft.title or draft.source
    return found


def _shown_in(
    opened: OpenVault, rows: Iterable[QueueRow], others: Sequence[QueueRow]
) -> tuple[ShownNote, ...]:
    return tuple(
        _shown(opened, row, tuple(one for one in others if one.notes[0] == row.notes[0]))
        for row in rows
    )


def _shown(opened: OpenVault, row: QueueRow, others: tuple[QueueRow, ...]) -> ShownNote:
    try:
        content = opened.new_notes.content(int(row.id[1:]))
        raw = opened.vault.read(row.notes[0]) if content is None else content
    except NotemillError as error:
        return ShownNote(row, others=others, problem=str(error))
    note = parse(raw)[0]
    text = note.body
    chapters = chapters_in(text)
    last_s = chapters[-1].start_s if chapters else 0
    return ShownNote(
        row,
        beginning(text),
        len(text) > MOST_CHARS,
        chapters,
        max(_seconds(note.text_of("duration") or ""), last_s),
        others,
    )


def beginning(text: str) -> str:
    """Return how a text begins, as it reads in an editor that knows callouts and ids of blocks.

    It is whole lines, at most MOST_CHARS characters of them.
    """
    head = text[:MOST_CHARS]
    if len(text) > MOST_CHARS:
        head = head.rpartition("\n")[0] or head
    return _CALLOUT.sub(r"> **\1**" "\n>", _BLOCK_ID.sub("", head))


def chapters_in(text: str) -> tuple[ShownChapter, ...]:
    """Return the chapters that a note lists, if each begins later than the one before; else none."""
    found: list[ShownChapter] = []
    for match in _CHAPTER.finditer(text):
        if len(found) == MOST_CHAPTERS:
            break
        one = ShownChapter(_ESCAPE.sub("", match[2]), _seconds(match[1]))
        if found and one.start_s <= found[-1].start_s:
            return ()
        found.append(one)
    return tuple(found) if len(found) > 1 else ()


def _seconds(clock: str) -> int:
    """Return a time such as `1:02:30` in seconds, 0 for anything else."""
    if not _PARTS.fullmatch(clock) or len(clock) > len("999:59:59"):
        return 0
    seconds = 0
    for part in clock.split(":"):
        seconds = 60 * seconds + int(part)
    return seconds
