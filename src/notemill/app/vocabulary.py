"""The vocabulary of one vault: propose it, have a model arrange it, keep it in a note, apply it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notemill.app.editing import agree_to, writing_into
from notemill.app.events import AgreeToChange, NoteChange, agreed
from notemill.app.kinds import KIND_TAGS
from notemill.app.rounds import MAX_TAGS_ASKED, Asked, ask_model
from notemill.app.tag_changes import (
    ChangesAsked,
    TagsChanged,
    planned_change,
    without_waiting,
    write_change,
)
from notemill.app.tag_events import (
    ChangesStay,
    ListDiffers,
    ListPlanned,
    ListWritten,
    VocabularyAdopted,
)
from notemill.app.tag_view import TagView
from notemill.app.tags import KIND_RETAG
from notemill.errors import NoteNotFoundError, UsageError
from notemill.markup.tags import tag_key
from notemill.stores.proposals import ProposalState
from notemill.tagging.taglist import Vocabulary, differences, read_vocabulary
from notemill.vault.frontmatter import BOM
from notemill.vault.note import bytes_hash
from notemill.workflows.tags.arrangement import (
    adopt,
    keep_proposed,
    kept_entries,
    taken_over,
    vocabulary_of,
    with_kept,
    with_proposed,
)
from notemill.workflows.tags.deciding import rejected_pairs

if TYPE_CHECKING:
    from notemill.app.opened import OpenVault
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.tagging.taglist import Entry
    from twolane import Preview, Report


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposed vocabulary, None if there is none yet, and the runs that asked a model for it.

    `run` is the run to undo, '' if nothing was written; `preview` is the first request of a dry
    run.
    """

    entries: tuple[Entry, ...] | None
    reports: tuple[Report, ...] = ()
    run: str = ""
    preview: Preview | None = None


class Arranging:
    """The service for the vocabulary of one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Work on the vault of `bench`."""
        self._bench = bench

    async def propose(self, note: str | None = None, *, dry_run: bool = False) -> Proposed:
        """Arrange the tags by the notes that contain them, on this machine.

        If a `note` is given, new tags are added to its list, once a person agrees. Raises
        UsageError if there is no such note, WaitingForPersonError, VaultError.
        """
        bench = self._bench
        view = await self._view(note, sends=False)
        found = await bench.thread.run(view.found)
        asked = Asked(await bench.thread.run(view.proposed, found))
        return await self._kept(asked, None if dry_run else note)

    async def ask(
        self,
        terms: RunTerms,
        note: str | None = None,
        *,
        chunk: int = MAX_TAGS_ASKED,
        again: bool = False,
        allow_unmatched: bool = False,
    ) -> Proposed:
        """Have a model name and arrange the tags, or continue a run that has not ended.

        Otherwise like `propose`; see `ask_model`. Raises NotemillError, TwolaneError.
        """
        async with self._bench.working(KIND_TAGS):
            view = await self._view(note, sends=self._bench.sends, allow=allow_unmatched)
            asked = await ask_model(self._bench, view, terms, chunk=chunk, again=again)
            return await self._kept(asked, note)

    async def plan(
        self, terms: RunTerms, note: str | None = None, *, chunk: int = MAX_TAGS_ASKED
    ) -> Proposed:
        """Return what a model would be asked and what it would cost; nothing is sent or written.

        Raises UsageError, VaultError, ConfigError.
        """
        view = await self._view(note, sends=False)
        asked = await ask_model(self._bench, view, terms, chunk=chunk, dry_run=True)
        return await self._kept(asked, None)

    async def adopt(self, note: str) -> Vocabulary:
        """Adopt a note's list, as it is now, as the vault's only vocabulary.

        Raises UsageError if there is no such note, or it has no usable list.
        """
        async with self._bench.working(KIND_RETAG):
            raw, vocabulary = await self._bench.on(_list_to_adopt, note)
            await self._tell_news(note, raw)
            await self._take_over(note, raw)
        return vocabulary

    async def apply(self, note: str, *, dry_run: bool = False) -> TagsChanged:
        """Change the vault's tags as the list in a note says, once a person agrees.

        Raises UsageError if the list is not usable, WaitingForPersonError, VaultError.
        """
        bench = self._bench
        async with bench.working(KIND_RETAG):
            raw, changes, stay = await bench.on(_changes_of, note)
            await self._tell_news(note, raw)
            if stay:
                bench.front.tell(ChangesStay(stay))
            asked = ChangesAsked.of(changes)
            plan = await planned_change(bench, asked)
            if dry_run:
                return TagsChanged(plan)
            plan, waiting = await without_waiting(bench, asked, plan)
            if plan.touched:
                await agree_to(bench, writing_into(len(plan.touched)))
            await self._take_over(note, raw, agreed_to=bool(plan.touched))
            if not plan.touched:
                return TagsChanged(plan, waiting=waiting)
            changed = await write_change(bench, plan, bench.new_run_id(KIND_RETAG))
            return replace(changed, waiting=waiting)

    # -- steps --------------------------------------------------------------------------------

    async def _view(self, note: str | None, *, sends: bool, allow: bool = False) -> TagView:
        bench = self._bench
        view = await bench.on(TagView, note=note)
        await bench.see_exclusions(view.sight, sends=sends, allow=allow)
        if note is None:
            await bench.see_vocabulary(view.sight)
        else:
            await bench.on(_read_note, note)
        return view

    async def _kept(self, asked: Asked, note: str | None) -> Proposed:
        """Add new entries to the list in `note`, if one is given and there are any.

        A vocabulary that is in force without a note comes first: the note is then its home.
        """
        run = ""
        entries = asked.entries
        if entries is not None:
            entries = await self._bench.on(_with_kept, entries)
            if note is not None:
                run = await self._add(note, entries)
        return Proposed(entries, asked.reports, run, asked.preview)

    async def _add(self, note: str, entries: tuple[Entry, ...]) -> str:
        """Add new entries to the list in a note; return the run to undo."""
        bench = self._bench
        before, after = await bench.on(_with_new, note, entries)
        await self._tell_news(note, before)
        bench.front.tell(ListPlanned(NoteChange(note, before, after)))
        run = ""
        if after != before:
            await agreed(bench.front, AgreeToChange(f"write this into {note}?"))
            run = bench.new_run_id(KIND_RETAG)
            await bench.on(_write, note, before, after, run=run)
            bench.front.tell(ListWritten(note, run))
        await bench.on(lambda opened: keep_proposed(opened.decisions, entries))
        raw = await bench.on(_read_note, note)
        await self._take_over(note, raw, agreed_to=bool(run))
        return run

    async def _tell_news(self, note: str, raw: bytes) -> None:
        """Report what a list decides differently since it was adopted."""
        if lines := await self._bench.on(_news, note, raw):
            self._bench.front.tell(ListDiffers(lines))

    async def _take_over(self, note: str, raw: bytes, *, agreed_to: bool = True) -> None:
        """Record that a person named `note` as the vocabulary's, with its list as it is.

        Unless they have already agreed, asks first if another note held the vocabulary before.
        Raises WaitingForPersonError.
        """
        bench = self._bench
        before = await bench.on(lambda opened: opened.decisions.adopted().note)
        if before != note and not agreed_to:
            await agreed(
                bench.front, AgreeToChange(f"use the list in {note} as the vault's vocabulary?")
            )
        await bench.on(lambda opened: adopt(opened.decisions, note, _list_in(raw)))
        if before != note:
            bench.front.tell(VocabularyAdopted(note, before))


# -- on the vault's thread ------------------------------------------------------------------------


def _read_note(opened: OpenVault, note: str) -> bytes:
    """Return the vocabulary's note. Raises UsageError if there is none."""
    try:
        return opened.vault.read(note)
    except NoteNotFoundError as error:
        raise UsageError(
            f"there is no note {note} in {opened.root}; create an empty one first"
        ) from error


def _with_kept(opened: OpenVault, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    if opened.decisions.adopted().note:
        return entries
    kept = kept_entries(opened.decisions.vocabulary.tags(ProposalState.APPLIED))
    return with_kept(kept, entries)


def _list_to_adopt(opened: OpenVault, note: str) -> tuple[bytes, Vocabulary]:
    if all(one.key != note for one in opened.look().facts):
        raise UsageError(f"there is no note {note}; give its path in the vault")
    raw = opened.vault.read(note)
    return raw, vocabulary_of(raw, note)


def _changes_of(
    opened: OpenVault, note: str
) -> tuple[bytes, dict[str, str | None], tuple[str, ...]]:
    """Return a note, the changes that its list makes, and the tags whose change was rejected."""
    raw = _read_note(opened, note)
    changes = vocabulary_of(raw, note).changes
    rejected = rejected_pairs(opened.decisions)
    stay = tuple(
        tag for tag, new in changes.items() if (tag_key(tag), tag_key(new or "")) in rejected
    )
    return raw, {tag: new for tag, new in changes.items() if tag not in stay}, stay


def _with_new(opened: OpenVault, note: str, entries: tuple[Entry, ...]) -> tuple[bytes, bytes]:
    """Return the vocabulary's note, before and after adding the new ones of `entries`."""
    before = _read_note(opened, note)
    return before, with_proposed(before, entries, opened.decisions.proposed())


def _write(opened: OpenVault, note: str, before: bytes, after: bytes, *, run: str) -> None:
    opened.vault.write(note, after, expected=bytes_hash(before), run=run)


def _news(opened: OpenVault, note: str, raw: bytes) -> tuple[str, ...]:
    known = taken_over(opened.decisions) if opened.decisions.adopted().note == note else None
    return differences(known or Vocabulary(()), _list_in(raw))


def _list_in(raw: bytes) -> Vocabulary:
    return read_vocabulary(raw.removeprefix(BOM).decode("utf-8", "replace"))
