"""A change of tags, step by step: planned, shown, agreed to, written as one run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from notemill.app.editing import write_edits, writing_into
from notemill.app.events import ChangeInUse, NoteChange
from notemill.app.opened import OpenVault
from notemill.app.tag_events import ChangesWait, ListWritten, RetaggingPlanned, VocabularyChanged
from notemill.errors import (
    ExternallyChangedError,
    NotemillError,
    UsageError,
    WaitingForPersonError,
)
from notemill.markup.tags import bare, tag_key
from notemill.tagging.taglist import Entry
from notemill.vault.note import bytes_hash
from notemill.workflows.tags.arrangement import adopt, with_proposed
from notemill.workflows.tags.gating import changed_since
from notemill.workflows.tags.queueing import queries_turned_down
from notemill.workflows.tags.retagging import checked_changes, plan_retagging, write_retagging
from notemill.workflows.tags.spelling import new_spellings
from twolane import content_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.vault.left_alone import LeftAlone
    from notemill.vault.retag import TagChanges
    from notemill.workflows.tags.deciding import NewTag
    from notemill.workflows.tags.gating import Place
    from notemill.workflows.tags.retagging import Retagging
    from notemill.workflows.tags.usage import Places

SAMPLE_NOTES: Final = 8


@dataclass(frozen=True, slots=True)
class ChangesAsked:
    """Changes of tags that a person asks for, checked.

    `changes` are all of them; `aliases` are those of which the vocabulary keeps the old name as
    another spelling, with the tag that each stands for.
    """

    changes: TagChanges
    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, changes: Mapping[str, str | None], aliases: Mapping[str, str] | None = None
    ) -> ChangesAsked:
        """Check changes and aliases. Raises UsageError for an illegal tag."""
        names = {bare(name): bare(tag) for name, tag in (aliases or {}).items()}
        if same := [name for name, tag in names.items() if tag_key(name) == tag_key(tag)]:
            raise UsageError(f"#{same[0]} and #{names[same[0]]} are the same tag")
        keys = {tag_key(bare(tag)) for tag in (*changes, *names)}
        if moving := [tag for tag in names.values() if tag_key(tag) in keys]:
            raise UsageError(f"#{moving[0]} is to change, too; do one after the other")
        return cls(checked_changes({**changes, **(aliases or {})}), names)

    def without(self, keys: frozenset[str]) -> ChangesAsked:
        """Return them without the tags that have these keys."""
        left = {name: tag for name, tag in self.aliases.items() if tag_key(name) not in keys}
        return ChangesAsked(self.changes.without(keys), left)


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """What a change of tags would do, or did.

    `run` is the run to undo, '' if nothing was written; `notes` were written, `failed` ones could
    not be. `new_tags` were accepted, or would be. `waiting` tags were
    left for a person to decide, because of these places.
    """

    plan: Retagging
    run: str = ""
    notes: tuple[str, ...] = ()
    failed: tuple[LeftAlone, ...] = ()
    new_tags: tuple[NewTag, ...] = ()
    waiting: Mapping[str, Places] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """A planned change of tags before a person agrees to it.

    `digest` stands for the whole plan: who agrees names it. `changes` are the notes from number
    `start` of `plan.touched` on, each before and after. `listed` are the tags of the vocabulary that
    change and may be shown; `listing` is the vocabulary's note with new spellings, None without any.
    `stays_in` is the note whose list keeps the old name of a tag, '' if there is none.
    """

    plan: Retagging
    digest: str
    changes: tuple[NoteChange, ...]
    start: int
    listed: Mapping[str, str | None]
    listing: NoteChange | None = None
    stays_in: str = ""


async def planned_change(bench: Workbench, asked: ChangesAsked) -> Retagging:
    """Report the exclusions that match no note, and what a change of tags would do.

    Raises UsageError if a spelling cannot be kept in the vocabulary.
    """
    sight = await bench.on(OpenVault.look)
    await bench.see_exclusions(sight, sends=False, allow=False)
    plan = await bench.on(planned, sight, asked)
    await tell_plan(bench, plan)
    return plan


async def without_waiting(
    bench: Workbench, asked: ChangesAsked, plan: Retagging
) -> tuple[Retagging, Mapping[str, Places]]:
    """Return the plan without the changes that wait for a person, and the places that they wait for.

    Asks first; where nobody is there to ask, they wait.
    """
    if not plan.waits:
        return plan, {}
    count = sum(one.count for one in plan.usage.places.values())
    places = f"{count:,} place{'' if count == 1 else 's'}"
    question = ChangeInUse(f"change tags although {places} would keep an old name?")
    try:
        if await bench.front.ask(question):
            return plan, {}
    except WaitingForPersonError:
        pass
    bench.front.tell(ChangesWait(tuple(sorted(plan.waits))))
    sight = await bench.on(OpenVault.look)
    rest = await bench.on(planned, sight, asked.without(plan.waits))
    return rest, plan.usage.places


async def write_change(bench: Workbench, plan: Retagging, run: str) -> TagsChanged:
    """Write an agreed change of tags, as `run`: into the notes, then into the vocabulary.

    That stays as it is if no note could be written.
    """
    notes: tuple[str, ...] = ()
    failed: tuple[LeftAlone, ...] = ()
    if plan.touched:
        written = await write_edits(
            bench,
            run,
            lambda opened: write_retagging(
                opened.vault, opened.review, plan, privacy=opened.privacy, run=run
            ),
        )
        notes, failed = written.notes, written.failed
    if (plan.listed or plan.spellings) and (notes or not plan.touched):
        await _write_vocabulary(bench, plan, run)
    elif not notes:
        run = ""
    return TagsChanged(plan, run, notes, failed)


async def _write_vocabulary(bench: Workbench, plan: Retagging, run: str) -> None:
    note = await bench.on(_follow, plan, run)
    if note:
        bench.front.tell(ListWritten(note, run))
    else:
        count = len({tag_key(tag) for tag in (*plan.listed, *plan.spellings)})
        bench.front.tell(VocabularyChanged(count, run))


async def tell_plan(bench: Workbench, plan: Retagging) -> None:
    """Report a plan, with the first of its notes."""
    changes = await bench.on(note_changes, plan, limit=SAMPLE_NOTES)
    bench.front.tell(RetaggingPlanned(plan, changes))


def writing(plan: Retagging) -> str:
    """Return what a person agrees to when tags change."""
    return writing_into(len(plan.touched)) if plan.touched else "change the vocabulary"


def check_agreed(plan: Retagging, agreed: str) -> None:
    """Check that a plan is the one a person agreed to. Raises ExternallyChangedError."""
    if digest_of(plan) != agreed:
        raise ExternallyChangedError(
            "the notes or their tags have changed since the preview, so nothing was written; "
            "look at the change again"
        )


def digest_of(plan: Retagging) -> str:
    """Return 32 hexadecimal digits that stand for everything a plan would write and leave."""
    said = [
        [(one.key, one.edit.base_hash, [(cut.start, cut.new.hex()) for cut in one.edit.splices])
         for one in plan.touched],
        [(one.key, one.reason) for one in plan.left_alone],
        sorted(plan.becomes.items()),
        sorted(plan.listed.items()),
        sorted(plan.spellings.items()),
        sorted((key, one.count) for key, one in plan.usage.places.items()),
        plan.hidden,
    ]  # fmt: skip
    return content_hash(json.dumps(said).encode())[:32]


# -- on the vault's thread ------------------------------------------------------------------------


def planned(opened: OpenVault, sight: Sight, asked: ChangesAsked) -> Retagging:
    """Return what a change of tags would do. Raises UsageError if a spelling cannot be kept."""
    plan = plan_retagging(
        opened.vault,
        sight.facts,
        asked.changes,
        privacy=opened.privacy,
        keeping=queries_turned_down(opened.queue),
    )
    if asked.aliases:
        place = _place_for_spellings(opened, sight)
        vocabulary = opened.gate(place).vocabulary
        spellings = new_spellings(asked.aliases, vocabulary, in_note=place.listed)
        plan = replace(plan, spellings=spellings)
    if opened.decisions.adopted().note:
        return plan
    return replace(plan, listed=opened.decisions.renaming.changing(asked.changes.of))


def _place_for_spellings(opened: OpenVault, sight: Sight) -> Place:
    """Return where the vocabulary is. Raises UsageError if no spelling can be written there."""
    place = opened.place(sight)
    if place.note and not sight.shows(place.note):
        raise UsageError("the vocabulary's note is excluded, so nothing can be written into it")
    if place.note and not place.listed:
        raise UsageError(
            f"{place.note} has no list of tags now; name the list's note: notemill tags adopt NOTE"
        )
    return place


def previewed(
    opened: OpenVault, asked: ChangesAsked, *, start: int = 0, limit: int | None = None
) -> ChangePreview:
    """Return a planned change with up to `limit` of its notes, from number `start` on.

    Raises UsageError if a spelling cannot be kept.
    """
    sight = opened.look()
    plan = planned(opened, sight, asked)
    place = opened.place(sight)
    listing = None
    if plan.spellings and place.listed:
        before = opened.vault.read(place.note)
        listing = NoteChange(place.note, before, with_proposed(before, _entries(plan), frozenset()))
    return ChangePreview(
        plan,
        digest_of(plan),
        note_changes(opened, plan, start=start, limit=limit),
        start,
        {tag: new for tag, new in plan.listed.items() if tag_key(tag) not in sight.hidden_tags},
        listing,
        _stays_in(opened, sight, place, asked),
    )


def _stays_in(opened: OpenVault, sight: Sight, place: Place, asked: ChangesAsked) -> str:
    """Return the note whose list has a tag that changes, '' if there is none to name."""
    vocabulary = opened.gate(place).vocabulary if place.listed else None
    if vocabulary is None or not sight.shows(place.note):
        return ""
    of = asked.changes.of
    changes = any(of(one.tag) != one.tag for one in vocabulary.entries if not one.dropped)
    return place.note if changes else ""


def note_changes(
    opened: OpenVault, plan: Retagging, *, start: int = 0, limit: int | None = None
) -> tuple[NoteChange, ...]:
    """Return up to `limit` notes of a plan from number `start` on, each before and after it."""
    found: list[NoteChange] = []
    for one in plan.touched[start : None if limit is None else start + limit]:
        try:
            before = opened.vault.read(one.key)
            found.append(NoteChange(one.key, before, one.edit.apply(before)))
        except NotemillError as error:
            found.append(NoteChange(one.key, problem=str(error)))
    return tuple(found)


def add_to_list(opened: OpenVault, place: Place, entries: Iterable[Entry], *, run: str) -> None:
    """Write new entries and spellings into the list of the vocabulary's note, as part of `run`."""
    as_known = not changed_since(opened.vault, place, opened.decisions)
    with opened.vault.lock():
        raw = opened.vault.read(place.note)
        after = with_proposed(raw, tuple(entries), frozenset())
        opened.vault.write(place.note, after, expected=bytes_hash(raw), run=run)
    vocabulary = opened.gate(place).vocabulary
    if as_known and vocabulary is not None:
        adopt(opened.decisions, place.note, vocabulary)


def _follow(opened: OpenVault, plan: Retagging, run: str) -> str:
    """Change the vocabulary as its tags change; return the note that was written, '' for none."""
    renaming = opened.decisions.renaming
    if plan.listed:
        renaming.change(run, plan.listed, now=opened.clock())
    if not plan.spellings:
        return ""
    place = opened.place(opened.look())
    if place.listed:
        add_to_list(opened, place, _entries(plan), run=run)
        return place.note
    renaming.spell(run, plan.spellings, now=opened.clock())
    return ""


def _entries(plan: Retagging) -> tuple[Entry, ...]:
    """Return the new spellings of a plan as entries of the vocabulary."""
    return tuple(Entry(tag, (name,)) for name, tag in plan.spellings.items())
