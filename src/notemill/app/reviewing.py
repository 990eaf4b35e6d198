"""Review: the queue of all proposals, and a person's decisions on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from notemill.app.consolidating import invented_by
from notemill.app.events import NoteChange
from notemill.app.opened import OpenVault
from notemill.app.proposed import note_as_proposed, showable, text_for
from notemill.app.tag_view import TagView
from notemill.errors import NotemillError, UsageError
from notemill.markup.lines import one_line
from notemill.markup.references import Own
from notemill.markup.tags import bare, is_tidy_tag, tag_key
from notemill.stores.deciding import SAYS
from notemill.stores.proposals import (
    TAG_KINDS,
    Proposal,
    ProposalKind,
    ProposalState,
)
from notemill.stores.queue_rows import Filter, Order, fingerprint_of
from notemill.vault.globs import folded, matcher
from notemill.vault.retag import TagChanges
from notemill.vault.tidy import TidyKind
from notemill.workflows.curation.apply import preview_of
from notemill.workflows.curation.reply_text import may_be_written
from notemill.workflows.tags.queueing import (
    queue_query_changes,
    queue_tag_changes,
    queue_tidying,
    tidying_turned_down,
)
from notemill.workflows.tags.tidying import plan_tidying

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from notemill.app.consolidating import Invented
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.stores.deciding import Decided
    from notemill.stores.proposals import Decision
    from notemill.stores.queue import Page
    from notemill.stores.queue_rows import QueueRow
    from notemill.tagging.changes import Change
    from notemill.workflows.tags.usage import TagUsage

OPEN: Final = (ProposalState.PENDING,)
OPEN_OR_APPLIED: Final = (ProposalState.PENDING, ProposalState.ACCEPTED, ProposalState.APPLIED)
CURATED: Final = (*TAG_KINDS, ProposalKind.TOPIC, ProposalKind.DESCRIPTION)
MOST_RUNS: Final = 10
"""The most runs whose new tags are listed: a person reads no further."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which proposals to show; None leaves a condition out.

    Those of a `run`, of `kinds`, in `states`, about notes whose path matches the glob `only`, about
    one `note`, in a `folder` or below it, with one `value` in any spelling (as
    `QueueRow.value_key`), with a `text` in their value or in the paths of their notes in any case,
    or of at most a given confidence. `under` has the notes that rows are listed under, '' for
    changes of the whole vault.
    """

    states: tuple[ProposalState, ...] | None = OPEN
    kinds: tuple[ProposalKind, ...] | None = None
    run: str | None = None
    only: str | None = None
    note: str | None = None
    value: str | None = None
    max_confidence: float | None = None
    folder: str | None = None
    text: str | None = None
    under: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RowShown:
    """A proposal with its note: what it would change, and whether the note has changed since.

    `change` is None if there is no diff to show, as for a link before it is written.
    """

    row: QueueRow
    change: NoteChange | None
    is_stale: bool


class Look:
    """Which notes may be shown, from one scan of the vault: good for a page, not for long."""

    def __init__(self, sight: Sight) -> None:
        """Keep the result of a scan; if nothing is hidden, no row has to be checked."""
        # An exclusion may match a deleted note, too.
        hides = sight.hidden or sight.matched or sight.unmatched
        self.shows: Callable[[str], bool] | None = cache(sight.shows) if hides else None


class Reviewing:
    """The service that reviews proposals; each front has a name, `by`, that marks its own steps."""

    def __init__(self, bench: Workbench) -> None:
        """Review the proposals for the vault of `bench`."""
        self._bench = bench

    async def look_for(self, kinds: Collection[ProposalKind]) -> None:
        """Find changes of tags and of the notes' form, if `kinds` has them, and queue them.

        Raises VaultError, UsageError naming lines of the vocabulary to correct first.
        """
        if not {ProposalKind.TAG_CHANGE, ProposalKind.QUERY_CHANGE}.isdisjoint(kinds):
            await self._bench.on(_look_for_tag_changes)
        if ProposalKind.TIDY_CHANGE in kinds:
            await self._bench.on(_look_for_tidying)

    async def version(self) -> int:
        """Return a number that grows whenever the queue has changed, by whichever process.

        It costs microseconds. It may grow for other reasons, too: any write to the vault's store.
        """
        return await self._bench.on(lambda opened: opened.store.version())

    async def look(self) -> Look:
        """Scan the vault for the notes that may be shown, for several consecutive calls."""
        return Look(await self._bench.on(OpenVault.look))

    async def page(
        self,
        wanted: Wanted,
        *,
        order: Order = Order.NOTE,
        after: str = "",
        limit: int = 50,
        look: Look | None = None,
    ) -> Page:
        """Return a page of the wanted proposals, except those of hidden notes; see `Queue.rows`.

        `look` None scans the vault first.
        """
        return await self._bench.on(
            lambda opened: opened.queue.rows(
                filter_of(opened, wanted, look), order=order, after=after, limit=limit
            )
        )

    async def counts(self, wanted: Wanted) -> dict[ProposalState, int]:
        """Return how many proposals are in each state, ignoring the states of `wanted`."""
        return await self._bench.on(
            lambda opened: opened.queue.counts(filter_of(opened, replace(wanted, states=None)))
        )

    async def count(self, *wanted: Wanted, look: Look) -> tuple[int, ...]:
        """Return the number of proposals for each filter."""
        return await self._bench.on(
            lambda opened: tuple(opened.queue.count(filter_of(opened, one, look)) for one in wanted)
        )

    async def look_at(self, row: QueueRow) -> RowShown | None:
        """Return a proposal in its current state, with its note; None if it is gone or hidden."""
        return await self._bench.on(look_at, row.id)

    async def invented(self, wanted: Wanted) -> dict[str, Invented]:
        """Return the new tags of the newest runs with pending tags, if `wanted` has whole runs.

        Runs that invented nothing are left out.
        """
        of_tags = wanted.kinds is None or not set(TAG_KINDS).isdisjoint(wanted.kinds)
        if not of_tags or wanted.only or wanted.note or wanted.value:
            return {}
        return await self._bench.on(_invented, wanted.run)

    async def decide(
        self,
        ids: Sequence[str],
        decision: Decision,
        *,
        by: str,
        was: ProposalState | None = None,
        value: str | None = None,
    ) -> Decided:
        """Decide proposals in one step of the front `by`; durable on return.

        `was` is the state that the front showed: rows with another state by now are left alone and
        returned as unchanged. Rows about a hidden note are missing, as if they did not exist.
        Raises UsageError for a `value` that cannot be written.
        """
        return await self._bench.on(_decide, ids, decision, by=by, was=was, value=value)

    async def decide_all(
        self,
        wanted: Wanted,
        decision: Decision,
        *,
        by: str,
        but: Collection[str] = (),
        count: int | None = None,
    ) -> Decided:
        """Decide the pending ones of the wanted proposals in one step, except the ids `but`.

        `count` is how many the front showed. Raises ProposalConflictError if it is another one now.
        """
        return await self._bench.on(
            lambda opened: _without_hidden(
                opened,
                opened.deciding.decide_all(
                    filter_of(opened, wanted),
                    decision,
                    by=by,
                    now=opened.clock(),
                    but=but,
                    count=count,
                ),
            )
        )

    async def take_back(self, *, by: str) -> Decided | None:
        """Undo the last step of the front `by`; return None if it has none."""
        return await self._bench.on(_take_back, by)

    async def vocabulary(self) -> tuple[str, ...]:
        """Return the tags to choose from when a tag is edited."""
        return await self._bench.on(_vocabulary)


# -- on the vault's thread ------------------------------------------------------------------------


def _look_for_tag_changes(opened: OpenVault) -> None:
    view = TagView(opened)
    decide = view.to_decide()
    now = opened.clock()
    wanted = {one.tag: one.becomes for one in (*decide.changes, *decide.accepted)}
    usage, queries = view.usage_of(TagChanges(wanted))
    queue_tag_changes(opened.queue, (_in_use(one, usage) for one in decide.changes), now=now)
    queue_query_changes(opened.queue, queries, now=now)


def _in_use(change: Change, usage: TagUsage) -> Change:
    """Return a change whose reason counts the places that would keep the tag's old name."""
    found = usage.places.get(tag_key(change.tag))
    if found is None:
        return change
    places = f"{found.count:,} place{'' if found.count == 1 else 's'}"
    told = f"{places} would keep its name; `notemill tags review --tag {change.tag}` names them"
    return replace(change, reason=f"{change.reason}; {told}")


def _look_for_tidying(opened: OpenVault) -> None:
    plan = plan_tidying(
        opened.vault,
        opened.look().facts,
        tuple(TidyKind),
        privacy=opened.privacy,
        turned_down=tidying_turned_down(opened.queue),
    )
    queue_tidying(opened.queue, plan.changed, now=opened.clock())


def _invented(opened: OpenVault, run: str | None) -> dict[str, Invented]:
    runs = opened.review.runs_with_tags() if run is None else [run]
    return invented_by(opened, runs[:MOST_RUNS]) if runs else {}


def filter_of(opened: OpenVault, wanted: Wanted, look: Look | None = None) -> Filter:
    """Return the queue's filter for the wanted proposals that may be shown."""
    return Filter(
        states=wanted.states,
        kinds=wanted.kinds,
        run=wanted.run,
        note=wanted.note,
        under=wanted.under,
        value_key=wanted.value,
        max_confidence=wanted.max_confidence,
        only=_only(wanted),
        says=None if not wanted.text else partial(_has_text, folded(wanted.text)),
        shows=(look or Look(opened.look())).shows,
    )


def _only(wanted: Wanted) -> Callable[[str], bool] | None:
    if wanted.only is None and not wanted.folder:
        return None
    fits = (lambda _: True) if wanted.only is None else matcher(wanted.only)
    start = f"{wanted.folder}/" if wanted.folder else ""
    return lambda key: key.startswith(start) and fits(folded(key))


def _has_text(text: str, *texts: str) -> bool:
    return any(text in folded(one) for one in texts)


def _without_hidden(opened: OpenVault, decided: Decided) -> Decided:
    """Return the outcome of a decision, without rows that may not be shown."""
    return replace(
        decided,
        changed=showable(opened, decided.changed),
        unchanged=showable(opened, decided.unchanged),
    )


def look_at(opened: OpenVault, number: str) -> RowShown | None:
    """Return a proposal with its note, if it may be shown; see `Reviewing.look_at`."""
    rows = showable(opened, opened.queue.get([number]).values())
    if not rows:
        return None
    (row,) = rows
    if row.kind is ProposalKind.NOTE:
        return RowShown(row, *note_as_proposed(opened, row))
    now: dict[str, str] = {}
    raws: dict[str, bytes] = {}
    for note in row.notes:
        try:
            raws[note] = text_for(opened, row.run, note)
            now[note] = fingerprint_of(row.kind, raws[note])
        except NotemillError as error:
            return RowShown(row, NoteChange(note, problem=str(error)), is_stale=True)
    return RowShown(row, _change(row, raws), row.is_stale(now))


def _change(row: QueueRow, raws: dict[str, bytes]) -> NoteChange | None:
    """Return a note as a proposal would change it."""
    if row.kind not in CURATED or not row.notes:
        return None
    (note,) = row.notes
    proposal = _proposal(row)
    try:
        return NoteChange(note, raws[note], preview_of(raws[note], proposal))
    except NotemillError as error:
        return NoteChange(note, problem=str(error))


def _proposal(row: QueueRow) -> Proposal:
    (note,) = row.notes
    return Proposal(0, row.run, note, "", row.kind, row.value, row.replaces, row.state)


def _decide(
    opened: OpenVault,
    ids: Sequence[str],
    decision: Decision,
    *,
    by: str,
    was: ProposalState | None,
    value: str | None,
) -> Decided:
    rows = showable(opened, opened.queue.get(ids).values())
    if value is not None:
        value = _checked(opened, rows, value)
    shown = {one.id for one in rows}
    decided = opened.deciding.decide(
        [one for one in ids if one in shown],
        decision,
        by=by,
        now=opened.clock(),
        was=was,
        value=value,
    )
    away = tuple(one for one in dict.fromkeys(ids) if one not in shown)
    return replace(_without_hidden(opened, decided), missing=(*away, *decided.missing))


def _take_back(opened: OpenVault, by: str) -> Decided | None:
    decided = opened.deciding.undo(by=by, now=opened.clock())
    return None if decided is None else _without_hidden(opened, decided)


def _checked(opened: OpenVault, rows: Iterable[QueueRow], value: str) -> str:
    """Return a person's value in the form to store. Raises UsageError if it is not valid."""
    value = value.strip()
    for row in rows:
        if row.kind is ProposalKind.VOCABULARY_TAG:
            value = _checked_vocabulary(opened, row, value)
        elif row.kind in TAG_KINDS:
            value = _checked_tag(opened, value)
        elif row.kind in CURATED:
            text = text_for(opened, row.run, row.notes[0]).decode("utf-8", "replace")
            own = Own(partial(str, text))
            if not may_be_written(value, own):
                raise UsageError(
                    "the text has a link, an embed or an address that the note does not have, "
                    "or invisible characters; remove them"
                )
    return value


def _checked_tag(opened: OpenVault, said: str) -> str:
    tag = bare(said)
    if not is_tidy_tag(tag) and not opened.gate().allows(tag):
        raise UsageError(
            f"{tag!r} is not a tag: letters, digits, - and _, levels separated by /, "
            "and not only digits"
        )
    return tag


def _checked_vocabulary(opened: OpenVault, row: QueueRow, said: str) -> str:
    """Return a tag of a vocabulary, and what it is for, where that is said."""
    name, dash, says = said.partition(SAYS)
    tag = _checked_tag(opened, name)
    others = opened.queue.all_of(Filter(states=set(OPEN_OR_APPLIED), kinds={row.kind}))
    if any(tag_key(one.value) == tag_key(tag) for one in others if one.id != row.id):
        raise UsageError(f"#{tag} is in this vocabulary already; reject #{row.value} instead")
    return f"{tag}{dash}{one_line(says)}" if dash else tag


def _vocabulary(opened: OpenVault) -> tuple[str, ...]:
    sight = opened.look()
    gate = opened.gate(opened.place(sight))
    tags = {tag for one in sight.seen for tag in one.all_tags}
    if gate.vocabulary is not None:
        tags |= {one.tag for one in gate.vocabulary.entries if not one.dropped}
    return tuple(sorted(tags, key=str.casefold))
