"""The runs of the ledger and of the vaults' stores, listed again and again at little cost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.app.kept_stores import KeptStores
from notemill.app.kinds import ASIDES
from notemill.app.ledger_lines import RUNNING, RunLine
from notemill.app.runs import joined
from twolane import RunState, UnknownRunError, pick_run, printable

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.runs import KnownRun
    from twolane import Counts, Reader, Report, RunRow

MOST_RUNS: Final = 1_000
COUNTED_WITHIN_S: Final = 0.02
"""How long one list may count again what nobody works on; the next one counts the others."""
_BECAME: Final = {
    RunState.OPEN: "paused",
    RunState.STOPPED: "stopped by the budget",
    RunState.CANCELED: "canceled",
    RunState.DONE: "done",
}


class RunEntry(NamedTuple):
    """A run: what notemill knows of it, what the engine does, or both."""

    at: float
    id: str
    known: KnownRun | None
    row: RunRow | None

    @property
    def asides(self) -> tuple[str, ...]:
        """The runs that were asked beside it."""
        return () if self.known is None else self.known.asides


class _Tally(NamedTuple):
    """A run's counts and cost; `version` is that of the ledger when they were counted.

    `order` is higher, the later they were counted.
    """

    row: RunRow
    version: int
    order: int
    counts: Counts
    spent_nano: int


class LedgerRuns:
    """Lists runs from one open ledger, for one thread."""

    def __init__(self, reader: Reader, home: Path) -> None:
        """Read from `reader`, and from the stores of the vaults known in `home`."""
        self._reader = reader
        self._stores = KeptStores(home)
        self._rows: dict[str, RunRow] = {}
        self._rows_version: int | None = None
        self._tallies: dict[str, _Tally] = {}
        self._counted = 0
        self._uncounted = False

    @property
    def is_behind(self) -> bool:
        """Whether the last list has counts, or outcomes, that are to be looked at again."""
        return self._uncounted or self._stores.is_behind

    def seen(self) -> tuple[object, ...]:
        """Return a value that differs after anybody wrote to the ledger or a store."""
        return self._reader.version(), self._stores.seen()

    def rows(self) -> dict[str, RunRow]:
        """Return the engine's runs by their ids, without what their requests share."""
        version = self._reader.version()
        if self._rows_version != version:
            self._rows = {row.id: row for row in self._reader.runs(bare=True)}
            self._rows_version = version
        return self._rows

    def entries(self) -> list[RunEntry]:
        """Return all runs, newest first; asides stand with the run that they belong to."""
        rows = self.rows()
        known = joined(rows.values(), self._stores.runs())
        mine = {one for run in known for one in (run.id, *run.asides)}
        found = [RunEntry(one.at_s, one.id, one, rows.get(one.id)) for one in known]
        found += [
            RunEntry(row.created_at, row.id, None, row)
            for row in rows.values()
            if row.id not in mine
        ]
        return sorted(found, key=lambda one: (-one.at, one.id))

    def lines(self, limit: int) -> tuple[RunLine, ...]:
        """Return the newest runs. Raises LedgerError."""
        entries = self.entries()[: min(limit, MOST_RUNS)]
        rows = (self._rows.get(one) for entry in entries for one in (entry.id, *entry.asides))
        self._count_again([one for one in rows if one is not None])
        return tuple(self._line(one, exact=False) for one in entries)

    def _count_again(self, rows: list[RunRow]) -> None:
        """Count what is new or worked on; of the rest, the longest ago first, while there is time."""
        version = self._reader.version()
        self._tallies = {one: kept for one, kept in self._tallies.items() if one in self._rows}
        aged: list[tuple[int, RunRow]] = []
        for row in rows:
            kept = self._tallies.get(row.id)
            if kept is None or kept.row != row or self._reader.worker(row) is not None:
                self._tally(row, exact=True)
            elif kept.version != version:
                aged.append((kept.order, row))
        until = time.perf_counter() + COUNTED_WITHIN_S
        aged.sort(key=lambda one: one[0])
        self._uncounted = False
        for number, (_, row) in enumerate(aged):
            if number and time.perf_counter() > until:
                self._uncounted = True
                return
            self._tally(row, exact=True)

    def find(self, named: str) -> RunEntry:
        """Return a run by its id, a unique beginning of one, or `last`.

        Raises UnknownRunError, AmbiguousRunError.
        """
        entries = {one.id: one for one in self.entries()}
        asides = [one for one in self.rows() if one not in entries]
        if not entries:
            raise UnknownRunError(f"there is no run {named!r:.100}: there are no runs yet")
        found = pick_run(named, [*entries, *asides])
        if found in entries:
            return entries[found]
        row = self.rows()[found]
        return RunEntry(row.created_at, row.id, None, row)

    def line(self, entry: RunEntry) -> RunLine:
        """Return one run with exact counts. Raises LedgerError."""
        return self._line(entry, exact=True)

    def counts(self, row: RunRow) -> Counts:
        """Return a run's exact counts. Raises LedgerError."""
        return self._tally(row, exact=True).counts

    def take(self, row: RunRow, report: Report) -> None:
        """Take a run's counts and cost from its report: they need not be counted again."""
        self._keep(row, self._reader.version(), report.items, report.actual_nano)

    def row(self, run_id: str) -> RunRow:
        """Return the engine's run with this id. Raises UnknownRunError."""
        row = self.rows().get(run_id)
        if row is None:
            raise UnknownRunError(f"there is no run {run_id!r:.100} in the ledger")
        return row

    def _line(self, entry: RunEntry, *, exact: bool) -> RunLine:
        known, row = entry.known, entry.row
        asides = entry.asides
        if row is None:
            assert known is not None  # noqa: S101  # an entry has one of both
            return RunLine(
                known.id, known.kind, printable(str(known.vault)), known.at_s, None, None, known.became,
                is_running=False, total=known.total, noun=known.noun, counts=None, spent_nano=0, of_vault=True,
            )  # fmt: skip
        own = self._tally(row, exact=exact)
        beside = [self._rows[one] for one in asides if one in self._rows]
        is_running = any(
            one.state is RunState.OPEN and self._reader.worker(one) is not None
            for one in (row, *beside)
        )
        became = _BECAME[row.state] if known is None else str(known.became)
        return RunLine(
            id=row.id,
            kind=row.kind,
            label=printable(row.label),
            at=row.created_at,
            ended_at=row.ended_at,
            state=row.state,
            became=RUNNING if is_running else became,
            is_running=is_running,
            total=row.total,
            noun="item" if known is None else known.noun,
            counts=own.counts,
            spent_nano=own.spent_nano
            + sum(self._tally(one, exact=exact).spent_nano for one in beside),
            of_vault=known is not None or row.kind in ASIDES,
            asides=asides,
        )

    def _tally(self, row: RunRow, *, exact: bool) -> _Tally:
        """Return a run's counts; if they need not be `exact`, those of an earlier look will do."""
        version = self._reader.version()
        kept = self._tallies.get(row.id)
        if kept is not None and (kept.version == version or not exact):
            return kept
        return self._keep(row, version, self._reader.counts(row), self._reader.spent_nano(row))

    def _keep(self, row: RunRow, version: int, counts: Counts, spent_nano: int) -> _Tally:
        self._counted += 1
        made = self._tallies[row.id] = _Tally(row, version, self._counted, counts, spent_nano)
        return made
