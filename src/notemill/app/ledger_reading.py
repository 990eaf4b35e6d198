"""One open ledger: its runs, and of each its items, batches, stages and failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from notemill.app.aside import with_asides
from notemill.app.failure_groups import grouped
from notemill.app.kinds import ASIDES, KIND_TAGS, OPEN_ITEMS
from notemill.app.ledger_lines import (
    EXCLUDED,
    BatchLine,
    Failures,
    ItemPage,
    RunDetail,
    ShownItem,
)
from notemill.app.ledger_runs import LedgerRuns
from notemill.app.run_stages import stage_lines
from notemill.app.runs import KINDS, CancelWish
from notemill.app.shown_names import ShownNames
from notemill.errors import UsageError
from notemill.vault.places import claim
from twolane import FAILED, BatchState, ItemState, Reader, RunState, cancel_run, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from notemill.app.ledger_lines import RunLine
    from twolane import BatchRow, Counts, Expiring, ItemLine, Report, RunRow, Settings, Timeline

MOST_ITEMS: Final = 1_000
"""The most items of a page."""
MOST_BATCHES: Final = 500
MOST_FAILURES: Final = 300
"""How many failures are looked at to group them: each may need its note to be read."""
INTERVALS: Final = 80
"""Of a timeline: as many as a screen tells apart."""
DAY_S: Final = 86_400.0
BATCH_LIFE_S: Final = DAY_S
"""Providers end a batch after a day."""
REASON_CHARS: Final = 300
_MOST_INDEX: Final = 1 << 31
_AT_PROVIDER: Final = (BatchState.SUBMITTED, BatchState.CANCELING)
_CLOSED: Final = (BatchState.COLLECTED, BatchState.REFUSED, BatchState.LOST, BatchState.ORPHAN)
_IN_FLIGHT: Final = (ItemState.RUNNING, ItemState.SUBMITTED)
T = TypeVar("T")


class LedgerReading:
    """The ledger in the settings' home, for one thread."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        """Open it. Raises LedgerError, VaultError."""
        claim(settings.home)
        self._settings = settings
        self._clock = clock
        self._names = ShownNames(settings)
        self._number = 0
        self._seen: tuple[object, ...] = ()
        self._kept: dict[tuple[Callable[..., Any], str], Any] = {}
        self._kept_at: tuple[object, ...] = ()
        self._open()

    def _open(self) -> None:
        self._reader = Reader.open(self._settings, now=self._clock)
        self._runs = LedgerRuns(self._reader, self._settings.home)
        self._file = self._reader.file_number()

    def close(self) -> None:
        """Close the ledger."""
        self._reader.close()

    def version(self) -> int:
        """Return a number that is another one after anybody wrote to the ledger or a store."""
        if self._reader.file_number() != self._file:
            # An import has put another file in its place.
            before = self._reader
            self._open()
            before.close()
        seen = (self._file, *self._runs.seen())
        if seen != self._seen or self._runs.is_behind:
            self._seen = seen
            self._number += 1
        return self._number

    def _once(self, read: Callable[[RunRow], T], row: RunRow) -> T:
        """Return what `read` reads of a run, again only after somebody wrote, or on another day.

        A report has the state of the month's budget, which a month's end changes, too.
        """
        at = (self._file, self._reader.version(), self._clock() // DAY_S)
        if at != self._kept_at:
            self._kept, self._kept_at = {}, at
        if (read, row.id) not in self._kept:
            self._kept[read, row.id] = read(row)
        found: T = self._kept[read, row.id]
        return found

    def _report(self, row: RunRow) -> Report:
        return self._reader.report(row, with_failures=False)

    # -- runs -------------------------------------------------------------------------------------

    def runs(self, limit: int) -> tuple[RunLine, ...]:
        """Return the newest runs. Raises LedgerError."""
        return self._runs.lines(limit)

    def expiring(self) -> tuple[Expiring, ...]:
        """Return the batches whose results the provider will soon delete."""
        return tuple(self._reader.expiring())

    def run(self, named: str) -> RunDetail:
        """Return a run by its id, a unique beginning of one, or `last`.

        Raises UnknownRunError, AmbiguousRunError, LedgerError.
        """
        entry = self._runs.find(named)
        row, rows = entry.row, self._runs.rows()
        if row is None:
            return RunDetail(self._runs.line(entry))
        beside = [rows[one] for one in entry.asides if one in rows]
        reports = [self._once(self._report, one) for one in (row, *beside)]
        for one, report in zip((row, *beside), reports, strict=True):
            self._runs.take(one, report)
        line = self._runs.line(entry)
        failed = reports[0].items.failed
        left = self._once(self._reader.always_failing, row) if failed else {}
        return RunDetail(
            line,
            report=with_asides(reports[0], reports[1:]),
            provider=row.provider,
            model=row.model,
            reason=row.state_reason,
            cap_nano=row.cap_nano,
            deadline_at=row.deadline_at,
            cancel_asked=self._reader.cancel_asked(row),
            handed_over=row.handed_over is not None,
            dropped_at=row.dropped_at,
            stages=stage_lines(self._reader, row, self._names, is_running=line.is_running),
            batches=tuple(
                self._batch(run, one) for run in (*beside, row) for one in self._batches(run)
            ),
            retryable=failed - sum(left.values()),
            left=left,
            command=_command(row),
            goes_on_here=row.kind not in (KIND_TAGS, *ASIDES),
        )

    def line(self, run_id: str) -> RunLine:
        """Return a run as a list shows it. Raises UnknownRunError, LedgerError."""
        return self._runs.line(self._runs.find(run_id))

    def counts(self, run_id: str) -> Counts:
        """Count the items of a run by state. Raises UnknownRunError, LedgerError."""
        return self._runs.counts(self._runs.row(run_id))

    def timeline(self, run_id: str) -> Timeline | None:
        """Return when real-time calls of a run ended. Raises UnknownRunError, LedgerError."""
        return self._reader.timeline(self._runs.row(run_id), most=INTERVALS)

    # -- batches ----------------------------------------------------------------------------------

    def batches(self, run_id: str) -> tuple[BatchLine, ...]:
        """Return a run's newest batches, in the order in which they were posted."""
        row = self._runs.row(run_id)
        return tuple(self._batch(row, one) for one in self._batches(row))

    def _batches(self, row: RunRow) -> list[BatchRow]:
        return self._reader.batches(row)[-MOST_BATCHES:]

    def _batch(self, row: RunRow, batch: BatchRow) -> BatchLine:
        is_open = batch.state not in _CLOSED
        begun, usual = batch.submitted_at, None
        at_provider = begun is not None and batch.state in _AT_PROVIDER
        if at_provider:
            usual = self._reader.usual_time(row, batch)
        until = batch.ended_at if batch.ended_at is not None else self._clock() if is_open else None
        return BatchLine(
            number=batch.batch_no,
            provider_id=batch.provider_id or "",
            size=batch.size,
            state=batch.state,
            is_open=is_open,
            reason=batch.reason[:REASON_CHARS],
            submitted_at=begun,
            ended_at=batch.ended_at,
            age_s=None if begun is None or until is None else max(0.0, until - begun),
            usual=usual,
            expected_at=begun + usual.p50_s if begun is not None and usual else None,
            late_at=begun + usual.p90_s if begun is not None and usual else None,
            expires_at=begun + BATCH_LIFE_S if begun is not None and usual else None,
        )

    # -- items ------------------------------------------------------------------------------------

    def items(
        self,
        run_id: str,
        *,
        after: str | None,
        skip: int,
        limit: int,
        states: Collection[ItemState] | None,
    ) -> ItemPage:
        """Return a page of a run's items. Raises UnknownRunError, UsageError, LedgerError."""
        row = self._runs.row(run_id)
        limit = max(1, min(limit, MOST_ITEMS))
        found = self._reader.lines(
            row,
            after=_index_of(after),
            skip=max(0, min(skip, _MOST_INDEX)),
            limit=limit + 1,
            states=states,
        )
        shown = found[:limit]
        hidden = self._names.hidden(row, [one.key for one in shown])
        now = self._clock()
        items = tuple(_shown(one, is_hidden=one.key in hidden, now=now) for one in shown)
        return ItemPage(items, str(shown[-1].index) if len(found) > limit else None)

    def failures(self, run_id: str) -> Failures:
        """Return what did not succeed in groups. Raises UnknownRunError, LedgerError."""
        row = self._runs.row(run_id)
        counts = self._runs.counts(row)
        total = sum(getattr(counts, state.value) for state in FAILED)
        found = self._reader.lines(row, limit=MOST_FAILURES, states=FAILED) if total else []
        hidden = self._names.hidden(row, [one.key for one in found])
        return Failures(grouped(found, hidden), len(found), total)

    def cancel(self, named: str, item: str | None) -> CancelWish:
        """Request the cancellation of a run or an item of it, unless it has ended.

        Raises UnknownRunError, UsageError, HandedOverError, LedgerError.
        """
        entry = self._runs.find(named)
        line, row = self._runs.line(entry), entry.row
        if row is None:
            raise UsageError(f"run {entry.id} asked no model; there is nothing to cancel")
        if item is not None:
            asked = self._reader.item(row, item)
            if asked is None or self._names.hidden(row, [item]):
                raise UsageError(f"run {row.id} has nothing about {item!r:.200}")
            if asked.state not in OPEN_ITEMS:
                return CancelWish(row.id, f"{item} has ended: {asked.state}")
        if row.state in (RunState.DONE, RunState.CANCELED):
            return CancelWish(row.id, f"run {row.id} has ended: {line.became}")
        for one in (row.id,) if item is not None else (row.id, *line.asides):
            cancel_run(self._settings, one, item)
        return CancelWish(row.id)


def _command(row: RunRow) -> str:
    """Return the command that continues a run in a terminal, '' for one that its run continues."""
    if row.kind == KIND_TAGS:
        return "notemill tags vocabulary --ask-model"
    if row.kind in ASIDES:
        return ""
    return f"{'notemill' if row.kind in KINDS else 'twolane'} resume {row.id}"


def _index_of(cursor: str | None) -> int:
    """Return the index behind which a page begins. Raises UsageError."""
    if cursor is None or not cursor:
        return -1
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor[:11]) >= _MOST_INDEX:
        raise UsageError(f"{cursor!r:.40} is no place in a list; leave `after` out for the first")
    return int(cursor)


def _shown(one: ItemLine, *, is_hidden: bool, now: float) -> ShownItem:
    seconds = None
    if one.sent_at is not None:
        until = now if one.state in _IN_FLIGHT else one.settled_at
        seconds = None if until is None else max(0.0, until - one.sent_at)
    return ShownItem(
        index=one.index,
        key="" if is_hidden else printable(one.key),
        lane=one.lane,
        state=one.state,
        attempts=one.attempts,
        seconds=seconds,
        cost_nano=one.cost_nano,
        reason=EXCLUDED if is_hidden else one.reason[:REASON_CHARS],
    )
