"""The output of commands: reports, failures and warnings, for people and scripts.

Names never crash a run: characters that a console cannot print are escaped.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twolane.core.budget import month_line, month_object
from twolane.core.money import format_usd, plain_usd
from twolane.core.states import RunState
from twolane.core.types import BEYOND_USAGE, UNKNOWN_USAGE, Lane
from twolane.core.wording import clock as clock  # noqa: PLC0414  # see shown
from twolane.core.wording import clock_time, failure_words, gist
from twolane.core.wording import counted as counted  # noqa: PLC0414  # see shown
from twolane.core.wording import time_left_s as time_left_s  # noqa: PLC0414  # see shown
from twolane.front.streams import print_json as print_json  # noqa: PLC0414  # see shown
from twolane.front.streams import shown as shown  # noqa: PLC0414  # with the rest of what is printed
from twolane.front.terminal import Console as Console  # noqa: PLC0414  # see shown
from twolane.front.terminal import Table as Table  # noqa: PLC0414  # see shown
from twolane.front.terminal import note_console as note_console  # noqa: PLC0414  # see shown
from twolane.front.terminal import result_console as result_console  # noqa: PLC0414  # see shown
from twolane.ledger.guards import gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twolane.core.types import Failure, Kept, Orphans, Report, Wait
    from twolane.ledger import RunRow
    from twolane.ledger.reports import Expiring

SHOWN_FAILURES = 20
SHOWN_ALIKE = 3
EXIT_FAILED, EXIT_CANCELED, EXIT_BUDGET = 3, 4, 5


def exit_code(report: Report) -> int:
    """Return a command's exit code for a run in the report's state."""
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
    """Return what a run waits for, and until when, in words."""
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
    """Return how answers ended that did not end as usual, '' if all did."""
    total = sum(report.endings.values())
    how = _failure_counts(report.endings)
    return f"{counted(total, 'answer')} ended in an unusual way ({how})" if total else ""


def _failure_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{shown(failure_words(kind))}: {count:,}" for kind, count in counts.items())


def _unpriced_lines(report: Report) -> Iterator[str]:
    """Yield what the costs do not hold, or hold at the worst case."""
    for name, count in report.unpriced.items():
        answers = counted(count, "answer")
        if name == UNKNOWN_USAGE:
            yield f"{answers} without readable token counts: booked at the worst case"
        elif name == BEYOND_USAGE:
            yield f"{answers} counted more tokens than the request allows: booked at the worst case"
        else:
            yield f"{answers} used {shown(name)}, which has no known price: the cost may be higher"


def _deadline_line(kept: Kept) -> str:
    at = datetime.fromtimestamp(kept.deadline_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    held = {True: "held", False: "missed", None: "still to come"}[kept.held]
    if not kept.given_up:
        return f"deadline {at}: {held}"
    batches = counted(kept.given_up, "late batch")
    return f"deadline {at}: {held}; {batches} given up; the rest went in real time"


def print_standing(run: RunRow, console: Console) -> None:
    """Say if a run was handed over or its data deleted; print nothing otherwise."""
    if run.handed_over is not None:
        console.print(f"handed over with the export {shown(run.handed_over)}")
    if run.dropped_at is not None:
        console.print(gone(run))


def print_expiring(batches: Iterable[Expiring], console: Console, *, now: float) -> None:
    """Warn of batches whose results the provider deletes soon, or has deleted."""
    for one in batches:
        until = datetime.fromtimestamp(one.expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        told = (
            f"kept by the provider only until {until}; fetch them before then with"
            if now < one.expires_at
            else f"gone since {until}; what was not fetched is asked again by"
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
    if report.month is not None and not report.is_free:
        yield month_line(report.month)
    if report.items.uncertain and report.is_free:
        yield f"{counted(report.items.uncertain, 'call')} without an answer, sent again"
    elif report.items.uncertain:
        yield (
            f"{counted(report.items.uncertain, 'call')} may have been paid for without an answer; "
            "the worst case counts as spent"
        )


def print_decision(report: Report, console: Console) -> None:
    """Say which lane a run took, and why; print nothing for a free run."""
    if not report.is_free:
        console.print(f"lane: {report.decision.reason}")


def print_report(report: Report, console: Console) -> None:
    """Show a run's report to a person, for a free run without lanes and prices."""
    items = report.items
    title = f"run {report.run}: {report.state}"
    if report.is_free:
        console.print(title)
    else:
        console.print_table(_lanes_table(report, title))
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
    if not report.is_free:
        console.print(
            f"cost {format_usd(report.actual_nano)} (estimated "
            f"{format_usd(report.estimated_nano)}); all in real time "
            f"{format_usd(report.all_realtime_nano)}, saved {format_usd(saved)}"
        )
    for line in _remark_lines(report):
        console.print(line)
    print_failures(report.failures, console)


def _lanes_table(report: Report, title: str) -> Table:
    columns = ("lane", "items", "batches", "cost")
    table = Table(columns, frozenset(columns[1:]), title=title, lines=True)
    for lane, totals in report.lanes.items():
        table.add(
            "real time" if lane is Lane.REALTIME else "batch",
            f"{totals.items:,}",
            f"{totals.batches:,}" if lane is Lane.BATCH else "",
            format_usd(totals.cost_nano),
        )
    return table


def print_failures(failures: Iterable[Failure], console: Console) -> None:
    """Show what failed, each reason once with all its items."""
    alike: dict[tuple[str, str], list[Failure]] = {}
    for one in failures:
        key = (one.kind, gist(one.message, one.item, one.custom_id))
        alike.setdefault(key, []).append(one)
    groups = sorted(alike.values(), key=len, reverse=True)
    for group in groups[:SHOWN_FAILURES]:
        first, names = group[0], [shown(one.item) for one in group[:SHOWN_ALIKE]]
        said = f"{shown(failure_words(first.kind))}: {shown(first.message)}"
        more = f" and {len(group) - len(names):,} more" if len(group) > len(names) else ""
        several = f"{counted(len(group), 'item')}: {said} ({', '.join(names)}{more})"
        line = several if len(group) > 1 else f"{names[0]}: {said}"
        console.print(f"  {line}")
    if len(groups) > SHOWN_FAILURES:
        left = sum(map(len, groups[SHOWN_FAILURES:]))
        console.print(f"  … and {left:,} more (--json has all)")


def left_line(left: Mapping[str, int], noun: str) -> str:
    """Say how many failed items a retry would leave, and why."""
    return (
        f"left as failed: {counted(sum(left.values()), noun)} that would fail again as it is "
        f"({_failure_counts(left)}); --all sends those, too"
    )
