"""What a page of the review shows: proposals in groups, each with its note's source."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.app.pace import seconds_between
from notemill.app.proposed import outdated_in, showable
from notemill.app.reviewing import OPEN, Look, Wanted, filter_of, look_at
from notemill.errors import NotemillError
from notemill.stores.proposals import (
    OF_THE_VAULT,
    TAG_KINDS,
    ProposalKind,
    ProposalState,
)
from notemill.stores.queue_rows import Order, alike_kind
from notemill.vault.note import parse
from notemill.vault.tidy import TidyKind, tidy
from notemill.vault.worddiff import MAX_LINE, WordDiff, word_diff
from notemill.workflows.tags.queueing import tidy_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notemill.app.events import NoteChange
    from notemill.app.opened import OpenVault
    from notemill.app.reviewing import Reviewing, RowShown
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.stores.deciding import Decided
    from notemill.stores.proposals import Decision
    from notemill.stores.queue import Queue
    from notemill.stores.queue_rows import Filter, QueueRow

MAX_NOTES: Final = 100
"""The most notes of one change of a tag that are named; its screen has them all."""
MAX_FOLDERS: Final = 300
"""The most folders to choose from: more are found by searching."""
EXCERPT_LINES: Final = 60
NOTE_LINES: Final = 300
"""Of a note that is proposed whole: more than anybody reads before deciding."""
TIMED: Final = 100
"""How many of the last decisions tell how fast a person decides."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A proposal in a list.

    `group` names what is decided with it by one key: its note, or in the order by value its value.
    `is_stale` if a note has changed since it was proposed.
    """

    row: QueueRow
    group: str
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """Some proposals, the cursor of the next ones ('' if these are the last), and counts.

    `counts` are those of the whole queue by state, `matching` those within the filter by state,
    `kinds` those in the wanted states by kind; `groups` has the open ones of each group of `rows`
    within the filter. `each_s` is how many seconds a decision takes this person.
    """

    rows: tuple[Listed, ...]
    next: str
    counts: Mapping[ProposalState, int]
    matching: Mapping[ProposalState, int]
    kinds: Mapping[ProposalKind, int]
    groups: Mapping[str, int]
    each_s: float


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first lines of a note's text, as they stand there; `more` lines follow.

    `problem` says why there are none.
    """

    note: str
    lines: tuple[str, ...] = ()
    more: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """A proposal with what it would change, or with the notes to judge it by.

    `problem` says why it cannot be shown. Of the notes that a change of a tag touches, `notes` has
    the first, and `more_notes` counts the others.
    """

    listed: Listed
    diff: WordDiff | None = None
    excerpts: tuple[Excerpt, ...] = ()
    notes: tuple[str, ...] = ()
    more_notes: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a page begins with: its first rows, the source of the one in focus, and the folders.

    `folders` are those of the vault, for a filter; `detail` is None if no row is open.
    """

    listing: Listing
    detail: Detail | None
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """How a page shows the queue: what is wanted, in which order, and the name of the front."""

    wanted: Wanted
    order: Order = Order.NOTE
    by: str = ""


class ReviewPage:
    """The service behind a page that shows the queue; decisions are those of `Reviewing`."""

    def __init__(self, bench: Workbench, reviewing: Reviewing) -> None:
        """Show the proposals for the vault of `bench`."""
        self._bench = bench
        self._reviewing = reviewing

    async def listing(
        self, view: View, *, after: str = "", at: str = "", limit: int = 100
    ) -> Listing:
        """Return a page of the wanted proposals: after a cursor, or from the group of the row `at`.

        A row that is gone is the beginning. Raises UsageError if `after` is not the `next` of a page
        in this order.
        """
        return await self._bench.on(_listing, view, after=after, at=at, limit=limit)

    async def standing(self, view: View, ids: Sequence[str]) -> Listing:
        """Return these proposals as they are now; those that are gone are left out."""
        return await self._bench.on(_standing, view, ids)

    async def detail(self, number: str, order: Order = Order.NOTE) -> Detail | None:
        """Return a proposal with its notes' source; None if it is gone or hidden."""
        return await self._bench.on(_detail, number, order)

    async def decide_group(
        self, view: View, number: str, decision: Decision, *, count: int
    ) -> Decided | None:
        """Decide the open proposals of a proposal's group within the filter, in one step.

        `count` is how many the front showed. Returns None if the proposal is gone or hidden. Raises
        ProposalConflictError if there are more or fewer open ones now.
        """
        rows = await self._bench.on(
            lambda opened: showable(opened, opened.queue.get([number]).values())
        )
        if not rows:
            return None
        wanted = in_group(rows[0], view.wanted, view.order)
        return await self._reviewing.decide_all(wanted, decision, by=view.by, count=count)

    async def opening(
        self, view: View, *, after: str = "", at: str = "", limit: int = 100
    ) -> Opening:
        """Return what a page begins with, from one scan of the vault; see `listing`."""
        return await self._bench.on(_opening, view, after=after, at=at, limit=limit)


def group_of(row: QueueRow, order: Order) -> str:
    """Return the key of the proposals that are decided with this one."""
    return _key(row.kind, row.under, row.value_key, order)


def in_group(row: QueueRow, wanted: Wanted, order: Order) -> Wanted:
    """Return the filter for the open proposals of this one's group, within `wanted`.

    That is the note it is listed under, or in the order by value its value: a tag and a topic with
    the same name are different. The changes of the whole vault go together by their kind.
    """
    kinds: tuple[ProposalKind, ...] | None = None
    if order is Order.VALUE:
        kinds = TAG_KINDS if row.kind in TAG_KINDS else (row.kind,)
    elif row.kind in OF_THE_VAULT:
        kinds = (row.kind,)
    if kinds is not None:
        kinds = tuple(one for one in kinds if one in (wanted.kinds or kinds))
        wanted = replace(wanted, kinds=kinds)
    if order is Order.VALUE:
        return replace(wanted, states=OPEN, value=row.value_key)
    return replace(wanted, states=OPEN, under=(row.under,))


# -- on the vault's thread ------------------------------------------------------------------------


def _opening(opened: OpenVault, view: View, *, after: str, at: str, limit: int) -> Opening:
    sight = opened.look()
    found = _page(opened, view, sight, after=after, at=at, limit=limit)
    rows = [one.row for one in found.rows]
    begin = next((n for n, row in enumerate(rows) if row.id == at), 0)
    order = (*rows[begin:], *rows[:begin])
    row = next((one for one in order if one.state is ProposalState.PENDING), None)
    detail = None if row is None else _detail(opened, row.id, view.order)
    return Opening(found, detail, _folders(sight))


def _listing(opened: OpenVault, view: View, *, after: str, at: str, limit: int) -> Listing:
    return _page(opened, view, opened.look(), after=after, at=at, limit=limit)


def _page(
    opened: OpenVault, view: View, sight: Sight, *, after: str, at: str, limit: int
) -> Listing:
    wanted = filter_of(opened, view.wanted, Look(sight))
    if at and (row := opened.queue.get([at]).get(at)) is not None:
        after = opened.queue.start_of(row, view.order, wanted)
    page = opened.queue.rows(wanted, order=view.order, after=after, limit=limit)
    return _listed(opened, view, sight, page.rows, page.next)


def _standing(opened: OpenVault, view: View, ids: Sequence[str]) -> Listing:
    sight = opened.look()
    found = opened.queue.get(ids)
    rows = [found[one] for one in ids if one in found and all(map(sight.shows, found[one].notes))]
    return _listed(opened, view, sight, rows, "")


def _listed(
    opened: OpenVault, view: View, sight: Sight, rows: Sequence[QueueRow], after: str
) -> Listing:
    look = Look(sight)

    def of(wanted: Wanted) -> Filter:
        return filter_of(opened, wanted, look)

    queue = opened.queue
    outdated = outdated_in(sight, opened.new_notes.unwritten())
    return Listing(
        tuple(Listed(one, group_of(one, view.order), bool(outdated(one))) for one in rows),
        after,
        queue.counts(of(Wanted(states=None))),
        queue.counts(of(replace(view.wanted, states=None))),
        queue.kinds(of(replace(view.wanted, kinds=None))),
        _open_in(queue, of(replace(view.wanted, states=OPEN)), rows, view.order),
        seconds_between(opened.deciding.moments(by=view.by, most=TIMED)),
    )


def _open_in(queue: Queue, open_: Filter, rows: Iterable[QueueRow], order: Order) -> dict[str, int]:
    """Return how many proposals are open in each group of `rows`, within the filter."""
    groups = {group_of(one, order): 0 for one in rows}
    if order is Order.VALUE:
        counts = queue.alike(replace(open_, value_keys={one.value_key for one in rows}))
    else:
        counts = queue.under(replace(open_, under={one.under for one in rows}))
    for (text, kind), count in counts.items():
        key = _key(kind, text, text, order)
        if key in groups:
            groups[key] += count
    return groups


def _key(kind: ProposalKind, under: str, value_key: str, order: Order) -> str:
    if order is Order.VALUE:
        parts = ["value", alike_kind(kind), value_key]
    else:
        parts = ["kind", kind] if kind in OF_THE_VAULT else ["note", under]
    return json.dumps(parts, ensure_ascii=False)


def _detail(opened: OpenVault, number: str, order: Order) -> Detail | None:
    shown = look_at(opened, number)
    if shown is None:
        return None
    row = shown.row
    listed = Listed(row, group_of(row, order), shown.is_stale)
    if row.kind is ProposalKind.TAG_CHANGE:
        rest = max(0, len(row.notes) - MAX_NOTES)
        return Detail(listed, notes=row.notes[:MAX_NOTES], more_notes=rest)
    if row.kind is ProposalKind.LINK:
        return Detail(listed, excerpts=tuple(_excerpt(opened, note) for note in row.notes))
    change = shown.change
    if row.kind is ProposalKind.NOTE and change is not None and not change.before:
        return Detail(listed, excerpts=(_text_of(change),))
    try:
        return Detail(listed, _diff(opened, shown))
    except NotemillError as error:
        return Detail(listed, problem=str(error))


def _diff(opened: OpenVault, shown: RowShown) -> WordDiff | None:
    """Return what a proposal would change in its note. Raises NotemillError."""
    row, change = shown.row, shown.change
    if change is not None:
        if change.problem:
            raise NotemillError(change.problem)
        return word_diff(change.before, change.after)
    if row.kind is ProposalKind.QUERY_CHANGE:
        return word_diff(row.replaces.encode(), row.value.encode())
    if row.kind is not ProposalKind.TIDY_CHANGE:
        return None
    raw = opened.vault.read(row.notes[0])
    steps = tidy(raw, [one for one in TidyKind if one in tidy_kinds(row)]).steps
    return word_diff(raw, steps[-1].after if steps else raw)


def _text_of(change: NoteChange) -> Excerpt:
    """Return the text of a note that is proposed whole, properties included."""
    text = change.after.decode("utf-8", "replace")
    return _first(change.note, text, NOTE_LINES, problem=change.problem)


def _excerpt(opened: OpenVault, note: str) -> Excerpt:
    try:
        text = parse(opened.vault.read(note))[0].body
    except NotemillError as error:
        return Excerpt(note, problem=str(error))
    return _first(note, text, EXCERPT_LINES)


def _first(note: str, text: str, most: int, *, problem: str = "") -> Excerpt:
    lines = text.strip("\n").splitlines()
    shown = tuple(line[:MAX_LINE] for line in islice(lines, most))
    return Excerpt(note, shown, len(lines) - len(shown), problem)


def _folders(sight: Sight) -> tuple[str, ...]:
    """Return the folders with notes that may be seen, and those above them, in order."""
    found: set[str] = set()
    for folder in {one.folder for one in sight.seen if one.folder}:
        parts = folder.split("/")
        found |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    return tuple(sorted(found, key=str.casefold)[:MAX_FOLDERS])
