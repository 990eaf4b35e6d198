"""Tags of one vault: the report, and a person's changes and decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.app.editing import agree_to
from notemill.app.events import NoteChange
from notemill.app.tag_changes import (
    ChangePreview,
    ChangesAsked,
    TagsChanged,
    add_to_list,
    check_agreed,
    note_changes,
    planned,
    planned_change,
    previewed,
    tell_plan,
    without_waiting,
    write_change,
    writing,
)
from notemill.app.tag_events import ListWritten, NewTagsAccepted, NewTagsPlanned
from notemill.app.tag_tree import notes_of, places_of, tree_of
from notemill.app.tag_view import TagView
from notemill.errors import UsageError
from notemill.markup.tags import bare, tag_key
from notemill.tagging.taglist import Entry
from notemill.vault.retag import TagChanges
from notemill.workflows.tags.arrangement import with_proposed
from notemill.workflows.tags.deciding import taken_back, turned_down_tag
from notemill.workflows.tags.queueing import carried_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.app.opened import OpenVault
    from notemill.app.tag_tree import NotesOfTag, TagTree
    from notemill.app.tag_view import Chosen
    from notemill.app.workbench import Workbench
    from notemill.tagging.changes import Change
    from notemill.workflows.tags.deciding import NewTag, ToDecide
    from notemill.workflows.tags.findings import TagReport
    from notemill.workflows.tags.retagging import Retagging
    from notemill.workflows.tags.usage import Places, TagUsage

KIND_RETAG: Final = "tags"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The pending decisions; `place` is the vocabulary's note if it is visible.

    `usage` says where else the tags are meant that would change.
    """

    decide: ToDecide
    place: str
    usage: TagUsage


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """The proposals for a tag: its changes with all their effects, and itself if it is new."""

    chosen: Chosen
    plan: Retagging
    changes: tuple[NoteChange, ...]


@dataclass(frozen=True, slots=True)
class ChangeRejected:
    """A rejected change: the tag does not become `into`, or is not dropped if that is ''."""

    tag: str
    into: str


@dataclass(frozen=True, slots=True)
class TagRejected:
    """A tag not proposed again for `note`, '' for any; `waited` counts its pending proposals."""

    tag: str
    note: str
    waited: int


class Tagging:
    """The service for the tags of one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Work on the vault of `bench`."""
        self._bench = bench

    async def report(self) -> TagReport:
        """Return the tags and their possible improvements. Raises VaultError."""
        view = await self._view()
        return await self._bench.thread.run(view.found)

    async def tree(self) -> TagTree:
        """Return the tags of the vocabulary and of the notes as a tree. Raises VaultError."""
        return await self._bench.on(tree_of)

    async def notes(self, tag: str, *, start: int = 0, limit: int | None = 50) -> NotesOfTag:
        """Return up to `limit` notes that have a tag or a child of it, from number `start` on.

        There may be none. Raises VaultError.
        """
        return await self._bench.on(notes_of, tag, start=start, limit=limit)

    async def places(self, tag: str) -> Mapping[str, Places]:
        """Return where else a tag and its children are meant, by the tags' keys.

        All notes and the files beside them are read for it.
        """
        return await self._bench.on(places_of, tag)

    async def preview(
        self,
        changes: Mapping[str, str | None],
        *,
        aliases: Mapping[str, str] | None = None,
        start: int = 0,
        limit: int = 20,
    ) -> ChangePreview:
        """Return what a change of tags would do, with some of its notes; see `change`.

        Raises UsageError as `change` does, VaultError.
        """
        asked = ChangesAsked.of(changes, aliases)
        found = await self._bench.on(previewed, asked, start=start, limit=limit)
        _check_known(found.plan, (*changes, *(aliases or {})))
        return found

    async def change(
        self,
        changes: Mapping[str, str | None],
        *,
        aliases: Mapping[str, str] | None = None,
        dry_run: bool = False,
        agreed: str | None = None,
    ) -> TagsChanged:
        """Rename, merge or drop (None) tags in all notes, once a person agrees.

        `aliases` are changed to their tag likewise, and the vocabulary keeps them as its other
        spellings. A change waits where places would keep the tag's old name, unless a person at the
        front says otherwise. Who has seen a preview names its digest as `agreed`, and is asked
        nothing more. Raises UsageError if a tag is illegal or no note has it,
        ExternallyChangedError if the preview is no longer true, WaitingForPersonError, VaultError.
        """
        bench = self._bench
        asked = ChangesAsked.of(changes, aliases)
        async with bench.working(KIND_RETAG):
            plan = await planned_change(bench, asked)
            _check_known(plan, (*changes, *(aliases or {})))
            if dry_run:
                return TagsChanged(plan)
            waiting: Mapping[str, Places] = {}
            if agreed is not None:
                check_agreed(plan, agreed)
            else:
                plan, waiting = await without_waiting(bench, asked, plan)
            if not plan.changes:
                return TagsChanged(plan, waiting=waiting)
            if agreed is None:
                await agree_to(bench, writing(plan))
            changed = await write_change(bench, plan, bench.new_run_id(KIND_RETAG))
            return replace(changed, waiting=waiting)

    # -- decisions ----------------------------------------------------------------------------

    async def waiting(self) -> Waiting:
        """Return the pending decisions. Raises VaultError, UsageError."""
        view = await self._view()
        decide = await self._bench.thread.run(view.to_decide)
        changes = TagChanges({one.tag: one.becomes for one in decide.changes})
        usage, _ = await self._bench.thread.run(view.usage_of, changes)
        return Waiting(decide, view.shown_place, usage)

    async def suggested(self) -> tuple[Change, ...]:
        """Return the pending changes, those that touch most notes first, without their places.

        Raises VaultError, UsageError.
        """
        return await self._bench.on(lambda opened: TagView(opened).to_decide().changes)

    async def proposed(self, tag: str) -> ProposedChange:
        """Return the proposals for a tag. Raises UsageError if there are none."""
        view = await self._view()
        return await self._bench.thread.run(_proposed, view, tag)

    async def accept(self, tags: Sequence[str] | None, *, dry_run: bool = False) -> TagsChanged:
        """Carry out the proposals for tags, None for all pending ones, as one run.

        New tags are added to the vocabulary. Raises UsageError if nothing is proposed,
        WaitingForPersonError, VaultError.
        """
        bench = self._bench
        async with bench.working(KIND_RETAG):
            view = await self._view()
            chosen = await bench.thread.run(view.chosen, tags)
            plan = await bench.thread.run(_planned_changes, view, chosen)
            if chosen.changes:
                await tell_plan(bench, plan)
            if chosen.new_tags:
                bench.front.tell(await bench.thread.run(_new_tags_planned, view, chosen.new_tags))
            if dry_run:
                return TagsChanged(plan, new_tags=chosen.new_tags)
            plan, waiting = await without_waiting(bench, _asked(chosen), plan)
            if waiting:
                chosen = chosen.without(waiting.keys())
            if not (plan.changes or chosen.new_tags):
                return TagsChanged(plan, waiting=waiting)
            await agree_to(bench, _accepting(plan, chosen))
            changed = await self._accept(view, plan, chosen)
            return replace(changed, waiting=waiting)

    async def _accept(self, view: TagView, plan: Retagging, chosen: Chosen) -> TagsChanged:
        bench = self._bench
        run = bench.new_run_id(KIND_RETAG)
        changed = await write_change(bench, plan, run) if plan.changes else TagsChanged(plan)
        note = await bench.thread.run(_accept, view, chosen, run=run)
        if note:
            bench.front.tell(ListWritten(note, run))
        if chosen.new_tags:
            bench.front.tell(NewTagsAccepted(chosen.new_tags))
        return replace(changed, run=run if note else changed.run, new_tags=chosen.new_tags)

    async def reject(
        self, tags: Sequence[str], *, into: str | None = None, note: str = ""
    ) -> tuple[ChangeRejected | TagRejected, ...]:
        """Reject the proposals for tags, for good.

        `into` names the target of a change that is not proposed now, '' for one that drops the tag;
        `note` the one note that a tag must not be proposed for again. Raises UsageError if there is nothing to reject.
        """
        _check_named(tags)
        if into is not None and (note or len(tags) > 1):
            raise UsageError("--into works on one tag, without --item; name a single TAG")
        return await self._bench.on(_reject, tags, into=into, note=note)

    async def take_back(self, tags: Sequence[str]) -> int:
        """Let rejected tags be proposed again; return the number of decisions taken back."""
        _check_named(tags)
        return await self._bench.on(_take_back, tags)

    async def _view(self) -> TagView:
        view = await self._bench.on(TagView)
        await self._bench.see_exclusions(view.sight, sends=False, allow=False)
        await self._bench.see_vocabulary(view.sight)
        return view


def _accepting(plan: Retagging, chosen: Chosen) -> str:
    parts = [writing(plan)] if plan.changes else []
    if chosen.new_tags:
        count = len(chosen.new_tags)
        parts.append(f"add {count:,} new tag{'' if count == 1 else 's'} to the vocabulary")
    return " and ".join(parts)


def _check_known(plan: Retagging, tags: Sequence[str]) -> None:
    """Check that there is something to change. Raises UsageError."""
    if not tags:
        raise UsageError("no tag is named to change")
    if not plan.is_known:
        named = ", ".join(f"#{bare(tag)}" for tag in tags)
        raise UsageError(f"no note has {named} to change; `notemill tags` lists all tags")


def _check_named(tags: Iterable[str]) -> None:
    if not all(tag_key(bare(tag)) for tag in tags):
        raise UsageError("a tag is missing; name the tags as `notemill tags review` shows them")


# -- on the vault's thread ------------------------------------------------------------------------


def _planned_changes(view: TagView, chosen: Chosen) -> Retagging:
    return planned(view.opened, view.sight, _asked(chosen))


def _asked(chosen: Chosen) -> ChangesAsked:
    return ChangesAsked.of({one.tag: one.becomes for one in chosen.changes})


def _proposed(view: TagView, tag: str) -> ProposedChange:
    chosen = view.chosen([tag])
    plan = _planned_changes(view, chosen)
    return ProposedChange(chosen, plan, note_changes(view.opened, plan))


def _new_tags_planned(view: TagView, news: tuple[NewTag, ...]) -> NewTagsPlanned:
    if not view.listed:
        return NewTagsPlanned(news)
    note = view.place.note
    before = view.opened.vault.read(note)
    after = with_proposed(before, _entries(news), frozenset())
    return NewTagsPlanned(news, NoteChange(note, before, after))


def _entries(news: Iterable[NewTag]) -> tuple[Entry, ...]:
    return tuple(Entry(one.tag) for one in news)


def _accept(view: TagView, chosen: Chosen, *, run: str) -> str:
    """Add new tags to the vocabulary, and clear earlier rejections and pending changes.

    Returns the note whose list was written, '' if it is hidden. Without a list the tags are stored
    as accepted, and '' is returned.
    """
    opened = view.opened
    for tag in chosen.tags:
        opened.decisions.withdraw(tag)
    carried_out(opened.queue, chosen.changes, run=run, now=opened.clock())
    if not chosen.new_tags:
        return ""
    if not view.listed:
        for new in chosen.new_tags:
            opened.decisions.decide(
                new.tag, accepted=True, now=opened.clock(), run=new.proposals[0].run
            )
        return ""
    add_to_list(opened, view.place, _entries(chosen.new_tags), run=run)
    return view.shown_place


def _reject(
    opened: OpenVault, tags: Sequence[str], *, into: str | None, note: str
) -> tuple[ChangeRejected | TagRejected, ...]:
    view = TagView(opened)
    if note and all(one.key != note for one in view.facts):
        raise UsageError(f"there is no note {note}; give its path in the vault")
    if note:
        return tuple(_reject_new(opened, bare(tag), note) for tag in tags)
    waiting = view.to_decide()
    said: list[ChangeRejected | TagRejected] = []
    for tag in map(bare, tags):
        said += _reject_tag(view, waiting, tag, into)
    return tuple(said)


def _reject_tag(
    view: TagView, waiting: ToDecide, tag: str, into: str | None
) -> list[ChangeRejected | TagRejected]:
    """Reject the changes of a tag, and the tag itself if it is new."""
    key = tag_key(tag)
    proposed = (*waiting.changes, *waiting.accepted)
    pairs = [(one.tag, one.becomes) for one in proposed if tag_key(one.tag) == key]
    if into is not None:
        pairs = [(tag, bare(into))]
    view.opened.decisions.reject(pairs, now=view.opened.clock())
    said: list[ChangeRejected | TagRejected] = [ChangeRejected(tag, new or "") for _, new in pairs]
    used = (tag_key(one) for facts in view.facts for one in facts.all_tags)
    if not pairs and key in used:
        raise UsageError(
            f"nothing is proposed for #{tag}; `notemill tags review` lists what is; "
            "--into TAG rejects a merge before it is proposed"
        )
    if not pairs or any(tag_key(one.tag) == key for one in waiting.new_tags):
        said.append(_reject_new(view.opened, tag, ""))
    return said


def _reject_new(opened: OpenVault, tag: str, note: str) -> TagRejected:
    ended = turned_down_tag(opened.review, opened.decisions, tag, note=note, now=opened.clock())
    return TagRejected(tag, note, len(ended))


def _take_back(opened: OpenVault, tags: Sequence[str]) -> int:
    return sum(
        taken_back(opened.review, opened.decisions, bare(tag), now=opened.clock()) for tag in tags
    )
