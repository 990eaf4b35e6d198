"""Reads a ledger: its runs, outcomes and contents, without a provider or a key, changing nothing.

For example::

    with Reader.open(load_settings()) as reader:
        run = reader.run("last")
        for outcome in reader.outcomes(run):
            print(outcome.key, outcome.state, outcome.cost_usd)
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import orjson

from twolane.databases import file_number
from twolane.errors import LedgerOutdatedError
from twolane.ledger import (
    LEDGER_FILE,
    Ledger,
    controls,
    history,
    item_id,
    listing,
    months,
    reports,
    retrying,
    spending,
)
from twolane.ledger.columns import readable
from twolane.ledger.guards import check_kept
from twolane.ledger.runlock import LOCKS_FOLDER, worker_of
from twolane.outcomes import outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import TracebackType

    from twolane.config import Settings
    from twolane.core.deadline import Usual
    from twolane.core.states import ItemState
    from twolane.core.types import Counts, Report
    from twolane.ledger import BatchRow, ItemRow, ResultRow, RunRow
    from twolane.ledger.listing import ItemLine, Timeline
    from twolane.ledger.reports import Expiring
    from twolane.ledger.spending import Spending
    from twolane.outcomes import ItemOutcome


class Reader:
    """The current content of a ledger, even while other processes work on its runs.

    Every method reads the file anew and raises LedgerError if it cannot be read. Use a reader from
    one thread at a time.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        month_cap_nano: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Read from an open ledger; `open` is the usual way.

        `month_cap_nano` is the month's budget in nano-dollars, for reports.
        """
        self._ledger = ledger
        self._month_cap_nano = month_cap_nano
        self._now = now

    @classmethod
    def open(cls, settings: Settings, *, now: Callable[[], float] = time.time) -> Reader:
        """Open the ledger in the settings' `home`.

        If there is none, an empty one is created, so that an unusable folder is reported at once;
        an older format is upgraded first. Raises LedgerError if the file is damaged, missing
        although there was one, written by a newer version, or cannot be created.
        """
        path = settings.home / LEDGER_FILE
        if not path.exists():
            Ledger(path).close()
        try:
            ledger = Ledger(path, read_only=True)
        except LedgerOutdatedError:
            Ledger(path).close()
            ledger = Ledger(path, read_only=True)
        return cls(ledger, month_cap_nano=settings.month_cap_nano, now=now)

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def version(self) -> int:
        """Return a number that is another one after anybody has written to the ledger.

        Two readers do not compare: each counts what it has seen itself.
        """
        return int(self._ledger.store.db.execute("PRAGMA data_version").fetchone()[0])

    def file_number(self) -> tuple[int, int] | None:
        """Return what tells the ledger's file from one put in its place; None if it is gone."""
        return file_number(self._ledger.path)

    # -- runs ---------------------------------------------------------------------------------

    def runs(self, *, bare: bool = False) -> list[RunRow]:
        """Return all runs, newest first; `bare` leaves out what their requests share."""
        return self._ledger.runs(bare=bare)

    def run(self, named: str) -> RunRow:
        """Return a run by its id, a unique beginning of it, or `last`.

        Raises UnknownRunError, AmbiguousRunError.
        """
        return self._ledger.find_run(named)

    def counts(self, run: RunRow) -> Counts:
        """Count the items of a run by state."""
        return reports.counts(self._ledger, run)

    def spent_nano(self, run: RunRow) -> int:
        """Return a run's cost so far, in nano-dollars."""
        return self._ledger.money(run)[0]

    def report(self, run: RunRow, *, with_failures: bool = True) -> Report:
        """Return a run's report so far, with the state of the month's budget.

        Its failures are a row each, and may be left out.
        """
        month = months.standing(self._ledger.store, self._month_cap_nano, self._now())
        report = reports.report(self._ledger, run, with_failures=with_failures)
        return replace(report, month=month)

    def worker(self, run: RunRow) -> int | None:
        """Return the process that works on a run, None if none does."""
        return worker_of(self._ledger.path.parent / LOCKS_FOLDER, run.id)

    def cancel_asked(self, run: RunRow) -> bool:
        """Tell whether the run's cancellation was asked for and not carried out yet."""
        return any(item is None for _, _, item in controls.wishes(self._ledger, run))

    def always_failing(self, run: RunRow) -> Mapping[str, int]:
        """Count the failed items that a retry leaves, by the kind of their failure."""
        return retrying.always_failing(self._ledger, run)

    def stages(self, run: RunRow) -> dict[int, dict[ItemState, int]]:
        """Count the items of each stage of a run by state; stages are numbered from 0."""
        return listing.stages(self._ledger, run)

    def timeline(self, run: RunRow, *, most: int) -> Timeline | None:
        """Return when the real-time calls of a run ended, in at most `most` intervals."""
        return listing.timeline(self._ledger, run, most=most, now=self._now())

    def spending(self) -> Spending:
        """Return what all runs have cost and saved, day by day, and the month's budget."""
        month = months.standing(self._ledger.store, self._month_cap_nano, self._now())
        return spending.spending(self._ledger, month)

    def batches(self, run: RunRow) -> list[BatchRow]:
        """Return the batches of a run, in the order in which they were posted."""
        return self._ledger.batches(run)

    def usual_time(self, run: RunRow, batch: BatchRow) -> Usual:
        """Return how long batches like this one took recently."""
        service = history.Service(run.provider, batch.base_url, run.model)
        return history.usual_queue(self._ledger, service, size=batch.size)

    def expiring(self) -> list[Expiring]:
        """Return the open batches, of all runs, whose results the provider will soon delete."""
        return reports.expiring(self._ledger, self._now())

    # -- items --------------------------------------------------------------------------------

    def items(self, run: RunRow) -> Iterator[ItemRow]:
        """Iterate the items of a run in input order."""
        return self._ledger.items(run)

    def lines(
        self,
        run: RunRow,
        *,
        after: int = -1,
        skip: int = 0,
        limit: int,
        states: Collection[ItemState] | None = None,
    ) -> list[ItemLine]:
        """Return up to `limit` items as a list shows them, those behind the index `after`.

        `states` None is any; `skip` leaves out as many of what would be returned.
        """
        return listing.items(self._ledger, run, after=after, skip=skip, limit=limit, states=states)

    def item(self, run: RunRow, key: str) -> ItemRow | None:
        """Return the item with this key, None if there is none."""
        return self._ledger.item_by_key(run, key)

    def outcome(self, run: RunRow, index: int) -> ItemOutcome:
        """Return the outcome of the item at `index`."""
        return outcome_of(reports.result(self._ledger, run, index))

    def outcomes(self, run: RunRow, *, state: ItemState | None = None) -> Iterator[ItemOutcome]:
        """Iterate the outcomes of a run's items, with their results, in input order.

        `state` None is any.
        """
        where = "1" if state is None else f"i.state = '{state.value}'"
        for row in reports.results(self._ledger, run, where=where, bodies=True):
            yield outcome_of(row)

    def result(self, run: RunRow, index: int) -> ResultRow:
        """Return the item at `index` with its last attempt and that attempt's raw answer."""
        return reports.result(self._ledger, run, index)

    def request(self, run: RunRow, index: int) -> dict[str, Any]:
        """Return the params of an item's request. Raises LedgerError if they were deleted."""
        check_kept(run)
        item = item_id(run.run_no, index)
        return {**parsed(run.shared), **parsed(self._ledger.requests([item])[item])}


@readable
def parsed(body: bytes) -> dict[str, Any]:
    """Parse a JSON object of the ledger. Raises LedgerError if it is not one."""
    value: dict[str, Any] = dict(orjson.loads(body))
    return value
