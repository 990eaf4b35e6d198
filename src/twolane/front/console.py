"""What commands show: progress, reports and errors, on any console, for people and scripts.

Names never kill a run: what a console cannot print is written as an escape.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twolane.core.budget import month_line, month_object
from twolane.core.pricing import format_usd, plain_usd
from twolane.core.routing import span
from twolane.core.states import RunState
from twolane.core.types import BEYOND_USAGE, UNKNOWN_USAGE, Lane
from twolane.core.wording import clock_time, gist
from twolane.core.wording import counted as counted  # noqa: PLC0414  # see shown
from twolane.front.streams import print_json as print_json  # noqa: PLC0414  # see shown
from twolane.front.streams import shown as shown  # noqa: PLC0414  # with the rest of what is printed
from twolane.front.terminal import Console as Console  # noqa: PLC0414  # see shown
from twolane.front.terminal import Gauge
from twolane.front.terminal import Table as Table  # noqa: PLC0414  # see shown
from twolane.front.terminal import note_console as note_console  # noqa: PLC0414  # see shown
from twolane.front.terminal import result_console as result_console  # noqa: PLC0414  # see shown
from twolane.ledger.guards import gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from twolane.core.types import Failure, Kept, Orphans, Report, Wait
    from twolane.ledger import BatchRow, RunRow
    from twolane.ledger.reports import Expiring
    from twolane.run import Progress, Run

REFRESH_S = 0.25
PLAIN_LINE_EVERY_S = 5.0
SHOWN_FAILURES = 20
SHOWN_ALIKE = 3
SHOWN_BATCHES = 8
EXIT_FAILED, EXIT_CANCELED, EXIT_BUDGET = 3, 4, 5


def exit_code(report: Report) -> int:
    """Return what a command ends with, for a run in the state the report shows."""
    if report.state == RunState.STOPPED:
        return EXIT_BUDGET
    if report.state in (RunState.CANCELED, "partial") or report.items.canceled:
        return EXIT_CANCELED
    bad = report.items.failed + report.items.conflict + report.items.quarantined
    return EXIT_FAILED if bad else 0


def report_object(report: Report) -> dict[str, Any]:
    """Return the report as the object that `--json` prints."""
    items = report.items
    return {
        "run": report.run,
        "kind": report.kind,
        "state": report.state,
        "items": {
            "total": items.total,
            "succeeded": items.succeeded,
            "failed": items.failed,
            "canceled": items.canceled,
            "skipped": items.skipped,
            "conflict": items.conflict,
            "quarantined": items.quarantined,
            "uncertain": items.uncertain,
            "pending": items.open,
        },
        "lanes": {
            "realtime": {
                "items": report.lanes[Lane.REALTIME].items,
                "cost_usd": plain_usd(report.lanes[Lane.REALTIME].cost_nano),
            },
            "batch": {
                "items": report.lanes[Lane.BATCH].items,
                "batches": report.lanes[Lane.BATCH].batches,
                "cost_usd": plain_usd(report.lanes[Lane.BATCH].cost_nano),
            },
        },
        "cost": {
            "estimated_usd": plain_usd(report.estimated_nano),
            "actual_usd": plain_usd(report.actual_nano),
            "all_realtime_usd": plain_usd(report.all_realtime_nano),
            "saved_usd": plain_usd(report.all_realtime_nano - report.actual_nano),
            "unpriced": dict(report.unpriced),
        },
        "endings": dict(report.endings),
        "failures": [
            {
                "item": one.item,
                "custom_id": one.custom_id,
                "kind": one.kind,
                "message": one.message,
                "retryable": one.retryable,
            }
            for one in report.failures
        ],
        "duration_s": round(report.duration_s, 3),
        **({"waiting": _waiting_object(report.waiting)} if report.waiting else {}),
        **({"orphans": _orphans_object(report.orphans)} if report.orphans.batches else {}),
        **({"deadline": _deadline_object(report.deadline)} if report.deadline else {}),
        **({"month": month_object(report.month)} if report.month else {}),
    }


def _orphans_object(orphans: Orphans) -> dict[str, Any]:
    return {
        "batches": orphans.batches,
        "answers": orphans.answers,
        "cost_usd": plain_usd(orphans.cost_nano),
    }


def _waiting_object(wait: Wait) -> dict[str, Any]:
    until = None if wait.until is None else datetime.fromtimestamp(wait.until, UTC)
    return {
        "for": wait.why,
        "until": None if until is None else until.isoformat(timespec="seconds"),
    }


def waiting_line(wait: Wait, now: float) -> str:
    """Return what is waited for, and until when, in words."""
    if wait.until is None:
        return f"{shown(wait.why)}, waiting"
    return f"{shown(wait.why)}, waiting until {clock_time(wait.until, now)}"


def _deadline_object(kept: Kept) -> dict[str, Any]:
    return {
        "at": datetime.fromtimestamp(kept.deadline_at, UTC).isoformat(timespec="seconds"),
        "held": kept.held,
        "batches_given_up": kept.given_up,
    }


def _endings_line(report: Report) -> str:
    """Return how answers ended that did not end as usual, '' where all did."""
    told = ", ".join(f"{count:,} with {shown(how)}" for how, count in report.endings.items())
    total = sum(report.endings.values())
    return f"{counted(total, 'answer')} ended otherwise than usual: {told}" if told else ""


def _unpriced_lines(report: Report) -> Iterator[str]:
    """Yield what the costs do not hold, or hold at the worst case."""
    for name, count in report.unpriced.items():
        answers = counted(count, "answer")
        if name == UNKNOWN_USAGE:
            yield f"{answers} without readable token counts: booked at the worst case"
        elif name == BEYOND_USAGE:
            yield f"{answers} counted more tokens than the request allows: booked at the worst case"
        else:
            yield f"{answers} used {shown(name)}, of which no price is known: it may cost more"


def _deadline_line(kept: Kept) -> str:
    at = datetime.fromtimestamp(kept.deadline_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    held = {True: "held", False: "missed", None: "still to come"}[kept.held]
    if not kept.given_up:
        return f"deadline {at}: {held}"
    batches = "1 late batch" if kept.given_up == 1 else f"{kept.given_up:,} late batches"
    return f"deadline {at}: {held}; {batches} given up, what they left went in real time"


def print_standing(run: RunRow, console: Console) -> None:
    """Say where a run went, and what of it is gone; nothing of one that is all here."""
    if run.handed_over is not None:
        console.print(f"handed over with the export {shown(run.handed_over)}")
    if run.dropped_at is not None:
        console.print(gone(run))


def print_expiring(batches: Iterable[Expiring], console: Console, *, now: float) -> None:
    """Warn of batches whose results the provider deletes soon, or has deleted."""
    for one in batches:
        until = datetime.fromtimestamp(one.expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        told = (
            f"kept by the provider until {until} only; fetch them before, with"
            if now < one.expires_at
            else f"gone since {until}; what was not fetched is asked anew by"
        )
        console.print(f"warning: the results of batch {one.batch} are {told}: resume {one.run}")


def _remark_lines(report: Report) -> Iterator[str]:
    """Yield what there is to say of a run beside its counts and its cost."""
    if report.orphans.batches:
        yield (
            f"{counted(report.orphans.batches, 'batch')} arrived after they had been given up: "
            f"{counted(report.orphans.answers, 'answer')} paid for and not used, "
            f"{format_usd(report.orphans.cost_nano)}"
        )
    if report.waiting is not None:
        yield waiting_line(report.waiting, time.time())
    if report.deadline is not None:
        yield _deadline_line(report.deadline)
    if endings := _endings_line(report):
        yield endings
    yield from _unpriced_lines(report)
    if report.month is not None:
        yield month_line(report.month)
    if report.items.uncertain and report.is_free:
        yield f"{counted(report.items.uncertain, 'call')} without an answer, sent again"
    elif report.items.uncertain:
        yield (
            f"{counted(report.items.uncertain, 'call')} may have been paid for without an answer; "
            "the worst case counts as spent"
        )


def print_report(report: Report, console: Console) -> None:
    """Show a run's report to a person."""
    items = report.items
    columns = ("lane", "items", "batches", "cost")
    table = Table(
        columns, frozenset(columns[1:]), title=f"run {report.run}: {report.state}", lines=True
    )
    for lane, totals in report.lanes.items():
        table.add(
            "real time" if lane is Lane.REALTIME else "batch",
            f"{totals.items:,}",
            f"{totals.batches:,}" if lane is Lane.BATCH else "",
            format_usd(totals.cost_nano),
        )
    console.print_table(table)
    parts = [
        f"{count:,} {word}"
        for word, count in (
            ("succeeded", items.succeeded),
            ("failed", items.failed),
            ("quarantined", items.quarantined),
            ("in conflict", items.conflict),
            ("skipped", items.skipped),
            ("canceled", items.canceled),
            ("still to do", items.open),
        )
        if count
    ]
    console.print(f"{counted(items.total, 'item')}: {', '.join(parts) or 'nothing to do'}")
    saved = report.all_realtime_nano - report.actual_nano
    if report.is_free:
        console.print("cost: free of charge")
    else:
        console.print(
            f"cost {format_usd(report.actual_nano)} (estimated "
            f"{format_usd(report.estimated_nano)}); all in real time "
            f"{format_usd(report.all_realtime_nano)}, saved {format_usd(saved)}"
        )
    for line in _remark_lines(report):
        console.print(line)
    print_failures(report.failures, console)


def print_failures(failures: Iterable[Failure], console: Console) -> None:
    """Show what failed, each reason once with the items that it is the same for."""
    alike: dict[tuple[str, str], list[Failure]] = {}
    for one in failures:
        key = (one.kind, gist(one.message, one.item, one.custom_id))
        alike.setdefault(key, []).append(one)
    groups = sorted(alike.values(), key=len, reverse=True)
    for group in groups[:SHOWN_FAILURES]:
        first, names = group[0], [shown(one.item) for one in group[:SHOWN_ALIKE]]
        said = f"{first.kind}: {shown(first.message)}"
        more = f" and {len(group) - len(names):,} more" if len(group) > len(names) else ""
        several = f"{counted(len(group), 'item')}: {said} ({', '.join(names)}{more})"
        line = several if len(group) > 1 else f"{names[0]}: {said}"
        console.print(f"  {line}")
    if len(groups) > SHOWN_FAILURES:
        left = sum(map(len, groups[SHOWN_FAILURES:]))
        console.print(f"  … and {left:,} more (--json has all)")


def left_line(left: Mapping[str, int], noun: str) -> str:
    """Say how many failed ones a retry leaves, and why."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in left.items())
    return (
        f"left as failed: {counted(sum(left.values()), noun)} that would fail again as it is "
        f"({kinds}); --all sends those, too"
    )


async def drive(run: Run, console: Console, *, stage: int | None = None) -> RunState:
    """Drive a run with its progress shown; Ctrl-C once stops it cleanly, twice at once.

    Raises what Run.drive raises.
    """
    async with following(run, console):
        return await run.drive(stage)


@contextlib.asynccontextmanager
async def following(run: Run, console: Console) -> AsyncIterator[None]:
    """Show a run's progress while the block drives it; see `drive` for Ctrl-C."""
    with _stop_on_signals(run, console):
        watching = asyncio.get_running_loop().create_task(_watch(run, console))
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


@contextlib.contextmanager
def _stop_on_signals(run: Run, console: Console) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the run; a second one raises KeyboardInterrupt.

    It is raised between two callbacks of the loop, as a callback of its own: raised in the midst
    of one, it may take a wake-up with it whose task could then not even be canceled. A third one
    raises at once, for a loop that comes to no other callback.
    """
    asked = 0
    loop = asyncio.get_running_loop()
    previous: dict[signal.Signals, Any] = {}

    def stop() -> None:
        console.print(
            "stopping: what is in flight is waited for and booked; press again to stop now"
        )
        run.stop()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal asked
        asked += 1
        if asked > len(answers):
            raise KeyboardInterrupt
        # Not answered from here: the signal may have come in the middle of a write.
        loop.call_soon_threadsafe(answers[asked - 1])

    answers = (stop, interrupt)

    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):  # not in the main thread: nothing to catch there
            previous[one] = signal.signal(one, on_signal)
    try:
        yield
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)


async def _watch(run: Run, console: Console) -> None:
    """Show a run's progress until canceled: a live table, or plain lines without a terminal."""
    began = time.monotonic()
    if not console.is_terminal:
        last = ""
        while True:
            await asyncio.sleep(PLAIN_LINE_EVERY_S)
            line = _line(await run.progress(), time.monotonic() - began)
            if line != last:
                console.print(line)
            last = line
    with console.gauge() as show:
        while True:
            show(_gauge(await run.progress(), time.monotonic() - began))
            await asyncio.sleep(REFRESH_S)


def _line(progress: Progress, elapsed_s: float) -> str:
    items = progress.items
    done = items.total - items.open
    parts = [
        f"{done:,}/{counted(items.total, 'item')}",
        f"{items.running:,} in real time",
        f"{items.submitted:,} in {len(progress.batches)} batches",
        f"{format_usd(progress.spent_nano)} so far",
    ]
    if items.failed or items.quarantined:
        parts.append(f"{items.failed:,} failed, {items.quarantined:,} quarantined")
    if progress.waiting is not None:
        parts.append(waiting_line(progress.waiting, time.time()))
    elif (left := time_left_s(done, items.total, elapsed_s)) is not None:
        parts.append(f"about {clock(left)} left")
    return ", ".join(parts)


def _gauge(progress: Progress, elapsed_s: float) -> Gauge:
    items, now = progress.items, time.time()
    details = [
        (
            f"  batch {batch.provider_id or batch.nonce}",
            f"{counted(batch.size, 'item')}, {batch.state}, {clock(now - _begun_at(batch))}",
        )
        for batch in progress.batches[:SHOWN_BATCHES]
    ]
    if details:
        tempo = progress.tempo
        ends = f"half of them end within {span(tempo.queue_p50_s)}, nine of ten within "
        details.append(("", ends + span(tempo.queue_p90_s)))
    line = _line(progress, elapsed_s)
    return Gauge(items.total - items.open, items.total, line, details)


def _begun_at(batch: BatchRow) -> float:
    return batch.submitted_at or batch.intended_at


def time_left_s(done: int, total: int, elapsed_s: float) -> float | None:
    """Return the time left at the pace so far; None while nothing has ended."""
    return elapsed_s / done * (total - done) if done and done < total else None


def clock(seconds: float) -> str:
    """Return a length of time as it is read off: `40 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = max(0, round(seconds))
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
