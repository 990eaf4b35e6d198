"""All runs of notemill, wherever they are recorded: their names and outcomes.

A run of the engine is a row in its ledger; runs of `tags` and `tidy` are only in their vault's
journal, and a search for links without a model only in the vault's link ledger.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from notemill.app.aside import belongs_to, with_asides
from notemill.app.events import AgreeToChange, Event, agreed
from notemill.app.items import no_such_item
from notemill.app.kinds import ASIDES, ENDED, KIND_CURATE, KIND_INGEST, KIND_TAGS, OPEN_ITEMS
from notemill.config import load_exclusions
from notemill.errors import NotemillError, UsageError
from notemill.stores.journal import StoredJournal
from notemill.stores.links import LinkLedger
from notemill.stores.pairs import PairState
from notemill.stores.renaming import Renaming
from notemill.stores.review import Review
from notemill.stores.store import FILE, Store
from notemill.stores.vocabulary import StoredVocabulary
from notemill.vault.places import claim, is_root, known_vaults
from notemill.workflows.forgetting import forget_kept
from notemill.workflows.links.judging import LINK_KIND
from twolane import (
    LAST,
    ItemState,
    Reader,
    RunState,
    cancel_run,
    check_forgettable,
    forget_runs,
    pick_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notemill.app.events import Front
    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault
    from notemill.vault.journal import WrittenRun
    from twolane import Expiring, ItemOutcome, Report, Run, RunRow, Settings

KINDS = (KIND_CURATE, KIND_INGEST, KIND_TAGS, LINK_KIND)
"""The kinds of notemill's runs."""


class Became(StrEnum):
    """The outcome of a run, so far."""

    WAITS = "paused"
    HANDED_OVER = "handed over"
    STOPPED = "stopped by the budget"
    CANCELED = "canceled"
    PROPOSED = "proposed"
    APPLIED = "applied"
    PARTLY_APPLIED = "partly applied"
    UNDONE = "undone"
    PARTLY_UNDONE = "partly undone"
    ENDED = "nothing to apply"


@dataclass(slots=True)
class KnownRun:
    """A run over a vault.

    `state` is the engine's, None if no model was asked; `exclude` the exclusions when it began;
    `written` what it wrote, None for nothing; `decided` counts its proposals by state. `asides` are
    the runs that were asked beside it; `vocabulary` if it put one in force, and
    `renamed` if it changed tags of one.
    """

    id: str
    kind: str
    vault: Path
    at_s: float
    total: int = 0
    state: RunState | None = None
    handed_over: bool = False
    exclude: tuple[str, ...] = ()
    of_links: bool = False
    written: WrittenRun | None = None
    decided: Counter[str] = field(default_factory=Counter)
    asides: tuple[str, ...] = ()
    vocabulary: bool = False
    renamed: bool = False

    @property
    def noun(self) -> str:
        """What one of its `total` is."""
        if self.state is None:
            return "pair" if self.of_links else "note"
        return "request" if self.kind in (KIND_TAGS, *ASIDES) else "note"

    @property
    def wrote(self) -> bool:
        """Whether there is, or was, anything to undo."""
        return self.written is not None or self.vocabulary or self.renamed

    @property
    def wrote_at_s(self) -> float:
        """When it last wrote, in seconds since the epoch; 0 if there is nothing to undo."""
        if self.written is not None:
            return self.written.last_at_s
        return self.at_s if self.wrote else 0.0

    @property
    def _open(self) -> bool:
        """Whether one of its proposals waits for a person, or to be written."""
        return bool(self.decided["pending"] or self.decided["accepted"])

    @property
    def became(self) -> Became:
        """Its outcome so far."""
        if self.written is not None and self.written.undone:
            whole = self.written.undone == self.written.notes
            return Became.UNDONE if whole else Became.PARTLY_UNDONE
        if self.handed_over:
            return Became.HANDED_OVER
        if self.state is RunState.OPEN:
            return Became.WAITS
        if self.written is not None or self.decided["applied"]:
            return Became.PARTLY_APPLIED if self._open else Became.APPLIED
        if self._open:
            return Became.PROPOSED
        if self.state in (RunState.STOPPED, RunState.CANCELED):
            return Became.STOPPED if self.state is RunState.STOPPED else Became.CANCELED
        return Became.UNDONE if self.decided["undone"] else Became.ENDED


# What the states of pairs are called among proposals.
_CALLED: Mapping[str, str] = {
    PairState.PROPOSED: "pending",
    PairState.UNDECIDED: "pending",
    PairState.ACCEPTED: "accepted",
    PairState.WRITTEN: "applied",
    PairState.UNDONE: "undone",
}


@dataclass(frozen=True, slots=True)
class KeptRuns:
    """What the store of the vault at `root` knows about runs, by their ids."""

    root: Path
    links: tuple[KnownRun, ...]
    written: tuple[WrittenRun, ...]
    renamed: Mapping[str, tuple[float, Counter[str]]]
    in_force: frozenset[str]
    decided: Mapping[str, Counter[str]]


def known_runs(settings: Settings) -> list[KnownRun]:
    """Return all runs, newest first. Files of vaults that cannot be read are skipped."""
    claim(settings.home)
    with Reader.open(settings) as reader:
        rows = reader.runs(bare=True)
    found = (kept_runs(root, state / FILE) for root, state in known_vaults(settings.home))
    return joined(rows, filter(None, found))


def joined(rows: Iterable[RunRow], kept: Iterable[KeptRuns]) -> list[KnownRun]:
    """Return notemill's runs among the engine's, and those that vaults keep, newest first."""
    rows = tuple(rows)
    found: dict[str, KnownRun] = {}
    asides = [row for row in rows if row.kind in ASIDES]
    for row in rows:
        if row.kind in KINDS:
            found[row.id] = _asked(row, [one for one in asides if belongs_to(one, row)])
    taken = {one for run in found.values() for one in run.asides}
    found |= {row.id: _asked(row, ()) for row in asides if row.id not in taken}
    for one in kept:
        _add_kept(found, one)
    return sorted(found.values(), key=lambda one: (-one.at_s, one.id))


def _asked(row: RunRow, asides: Iterable[RunRow]) -> KnownRun:
    """Return a run of the engine, with those that were asked beside it."""
    kept = row.setting("exclude")
    return KnownRun(
        row.id,
        row.kind,
        Path(row.label),
        row.created_at,
        row.total,
        row.state,
        bool(row.handed_over),
        tuple(map(str, kept)) if isinstance(kept, list) else (),
        asides=tuple(one.id for one in asides),
    )


def kept_runs(root: Path, store_file: Path) -> KeptRuns | None:
    """Read what a vault's store knows about runs; None if there is none, or it cannot be read."""
    if not store_file.exists():
        return None
    with contextlib.suppress(NotemillError), contextlib.closing(Store(store_file)) as store:
        return KeptRuns(
            root,
            tuple(_of_links(root, LinkLedger(store))),
            tuple(StoredJournal(store).runs()),
            Renaming(store).standing(),
            StoredVocabulary(store).in_force_by(),
            Review(store).standing(),
        )
    return None


def _add_kept(found: dict[str, KnownRun], kept: KeptRuns) -> None:
    """Add what a vault's store knows about its runs: links, writes, proposals."""
    root = kept.root
    for pairs in kept.links:
        run = found.setdefault(pairs.id, replace(pairs))
        run.of_links, run.decided, run.vault = True, pairs.decided, root
    for written in kept.written:
        kind = written.run.partition("-")[0]
        run = found.setdefault(
            written.run, KnownRun(written.run, kind, root, written.first_at_s, written.notes)
        )
        run.written = written
    for run_id, (at_s, decided) in kept.renamed.items():
        kind = run_id.partition("-")[0]
        run = found.setdefault(run_id, KnownRun(run_id, kind, root, at_s, decided=decided))
        run.renamed = True
    for run_id in kept.in_force & found.keys():
        found[run_id].vocabulary = True
    for run_id, decided in kept.decided.items():
        if run_id in found and found[run_id].vault == root:
            found[run_id].decided = decided


def _of_links(root: Path, ledger: LinkLedger) -> Iterator[KnownRun]:
    """Yield the link runs that have pairs."""
    standing = ledger.standing()
    for run in ledger.runs():
        states = standing.get(run.id, Counter[str]())
        decided: Counter[str] = Counter()
        for state, count in states.items():
            decided[_CALLED.get(state, state)] += count
        if states:
            yield KnownRun(run.id, LINK_KIND, root, run.at_s, states.total(), decided=decided)


def pick(
    runs: Sequence[KnownRun],
    named: str,
    home: Path,
    *,
    suits: Callable[[KnownRun], bool] = lambda _: True,
) -> KnownRun:
    """Return the run that a person names by its id, a unique prefix of it, or `last`.

    `last` is the first of `runs` that `suits`: among those of the vault that contains the current
    folder if that vault is known, else among all. Raises UsageError, UnknownRunError,
    AmbiguousRunError.
    """
    known = {one.id: one for one in runs}
    ids = list(known)
    if named == LAST and LAST not in known:
        here = _vault_here(home)
        ids = [one.id for one in runs if suits(one) and here in (None, one.vault)]
        if not ids:
            raise UsageError(
                f"there is no such run of {here or 'any vault'} yet; `notemill runs` lists all runs"
            )
    return known[pick_run(named, ids)]


def _vault_here(home: Path) -> Path | None:
    """Return the innermost known vault that contains the current folder, or None."""
    here = Path(os.path.realpath(Path.cwd()))
    roots = {root for root, _ in known_vaults(home)}
    return next((one for one in (here, *here.parents) if one in roots), None)


def find_run(
    settings: Settings,
    named: str,
    *,
    suits: Callable[[KnownRun], bool] = lambda _: True,
    otherwise: str = "",
    newest: Callable[[KnownRun], float] = lambda run: run.at_s,
) -> KnownRun:
    """Return the run that a person names by its id, a unique prefix of it, or `last`.

    `last` is the `newest` that suits; `otherwise` is the error for a run that does not. Raises
    UsageError, UnknownRunError, AmbiguousRunError.
    """
    runs = sorted(known_runs(settings), key=newest, reverse=True)
    run = pick(runs, named, settings.home, suits=suits)
    if not suits(run):
        raise UsageError(f"run {run.id} {otherwise}")
    if not is_root(run.vault):
        raise UsageError(
            f"run {run.id} belongs to {str(run.vault)!r:.200}, which is not a folder on this computer"
        )
    return run


def asked_model(run: KnownRun) -> bool:
    """Return whether a run is one of the engine's."""
    return run.state is not None


def find_asked(settings: Settings, named: str) -> KnownRun:
    """Return a run of the engine. Raises as `find_run` does."""
    return find_run(
        settings, named, suits=asked_model, otherwise="asked no model; see `notemill show` for it"
    )


async def open_run(
    settings: Settings, found: KnownRun, front: Front, *, processes: int = 1
) -> Mill:
    """Open the vault of a run; what was excluded when it began stays excluded.

    Raises LedgerError, VaultError.
    """
    # Slow to import, and not needed for listing runs.
    from notemill.app.mill import Mill  # noqa: PLC0415

    exclusions = load_exclusions(found.exclude, config=settings.config)
    return await Mill.open(found.vault, settings, front, exclusions=exclusions, processes=processes)


# -- what is done with runs -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunList:
    """All runs, the reports of those that asked a model, and the batches that expire soon."""

    runs: tuple[KnownRun, ...]
    reports: dict[str, Report]
    expiring: tuple[Expiring, ...]


def listed(settings: Settings) -> RunList:
    """Return all runs, newest first. Raises LedgerError."""
    runs = known_runs(settings)
    with Reader.open(settings) as reader:
        return RunList(
            tuple(runs),
            {one.id: _report(reader, one) for one in runs if asked_model(one)},
            tuple(reader.expiring()),
        )


def _report(reader: Reader, run: KnownRun) -> Report:
    asides = [reader.report(reader.run(one)) for one in run.asides]
    return with_asides(reader.report(reader.run(run.id)), asides)


@dataclass(frozen=True, slots=True)
class CancelWish:
    """The outcome of a request to cancel a run or an item; `ended` says how it had ended before."""

    run: str
    ended: str = ""


def cancel(settings: Settings, named: str, item: str | None) -> CancelWish:
    """Request the cancellation of a run, or a note of it, unless it has ended.

    The process that works on the run carries it out. Raises UsageError, LedgerError.
    """
    found = find_asked(settings, named)
    with Reader.open(settings) as reader:
        run = reader.run(found.id)
        asked = None if item is None else reader.item(run, item)
        if item is not None and asked is None:
            raise no_such_item(run.id, item, (one.key for one in reader.items(run)))
    if found.state in ENDED:
        return CancelWish(run.id, f"run {run.id} has ended: {found.became}")
    if asked is not None and asked.state not in OPEN_ITEMS:
        return CancelWish(run.id, f"{item} has ended: {asked.state}")
    for one in (run.id,) if item else (run.id, *found.asides):
        cancel_run(settings, one, item)
    return CancelWish(run.id)


async def forget(settings: Settings, names: Sequence[str], front: Front) -> int:
    """Delete runs and all data kept about them; return their number.

    Raises LedgerError if one has not ended, WaitingForPersonError, VaultError.
    """
    known = known_runs(settings)
    found = {one.id: one for one in (pick(known, name, settings.home) for name in names)}
    for run in found.values():
        if asked_model(run):
            check_forgettable(settings, [run.id, *run.asides])
    front.tell(RunsToForget(tuple(found.values())))
    with_them = _WITH_THEM if any(run.vocabulary for run in found.values()) else ""
    await agreed(front, AgreeToChange(f"{_FORGET}{with_them}", "nothing was deleted"))
    for run in found.values():
        # The ledger comes last: while it has the run, the command can be repeated.
        for one in (run.id, *run.asides):
            forget_kept(settings.home, str(run.vault), one)
        if asked_model(run):
            forget_runs(settings, [run.id, *run.asides])
    return len(found)


@dataclass(frozen=True, slots=True)
class RunsToForget(Event):
    """These runs will be deleted once a person agrees."""

    runs: tuple[KnownRun, ...]


_FORGET = (
    "Delete requests, replies, proposals and undo data? What the runs wrote can then no "
    "longer be undone, and what you rejected may be proposed again."
)
_WITH_THEM = (
    " The vocabulary is deleted with them; `notemill tags vocabulary --note NOTE` keeps it first."
)


def seen_outcomes(opened: OpenVault, run: Run) -> Iterator[ItemOutcome]:
    """Yield the outcomes of a run's items; one hidden by now is only shown as skipped."""
    sight = opened.look()
    for one in run.outcomes():
        if sight.shows(one.key):
            yield one
        else:
            yield replace(one, key="", state=ItemState.SKIPPED, message="excluded", body=None)
