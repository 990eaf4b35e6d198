"""When a run's work was done, by lane, as shapes for a picture and rows for the table beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.web.figures import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.app.ledger_lines import BatchLine
    from twolane import Timeline

WIDTH: Final = 1_000
CALLS_HEIGHT: Final = 56
BATCH_HEIGHT: Final = 10
BATCH_GAP: Final = 4
MOST_BATCH_ROWS: Final = 12
"""Batches side by side that get a row of their own; more share the last one."""
MOST_ROWS: Final = 100
"""How many batches, the newest, are rows of the table."""
LEAST_WIDTH: Final = 3.0
"""What is shorter would not be seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the picture, in units of its box; `tone` is a class of the style sheet."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what happened from `begin_at` to `end_at`; None is not over."""

    lane: str
    what: str
    begin_at: float
    end_at: float | None
    took: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture of a run: two strips on one axis of time, which begins and ends at instants."""

    begin_at: float
    end_at: float
    calls: tuple[Bar, ...]
    batches: tuple[Bar, ...]
    batches_height: int
    rows: tuple[Row, ...]

    @property
    def middle_at(self) -> float:
        """The instant in the middle of the axis."""
        return (self.begin_at + self.end_at) / 2


def chart_of(
    timeline: Timeline | None, batches: Sequence[BatchLine], *, now: float
) -> Chart | None:
    """Return the picture of a run, None if nothing was sent yet. `now` ends what is not over."""
    posted = [one for one in batches if one.submitted_at is not None]
    if timeline is None and not posted:
        return None
    begins = [one.submitted_at for one in posted if one.submitted_at is not None]
    ends = [_end_of(one, now) for one in posted]
    if timeline is not None:
        begins.append(timeline.begin_at)
        ends.append(timeline.end_at)
    begin, end = min(begins), max(ends)
    scale = WIDTH / max(end - begin, 0.001)
    bars, height = _batch_bars(posted, begin, scale, now)
    return Chart(
        begin,
        end,
        tuple(_call_bars(timeline, begin, scale)),
        tuple(bars),
        height,
        (*_call_rows(timeline), *_batch_rows(posted[-MOST_ROWS:])),
    )


def _end_of(batch: BatchLine, now: float) -> float:
    if batch.ended_at is not None:
        return batch.ended_at
    return now if batch.is_open else batch.submitted_at or now


def _call_bars(timeline: Timeline | None, begin: float, scale: float) -> Iterable[Bar]:
    if timeline is None or not timeline.intervals:
        return
    most = max(one.succeeded + one.failed for one in timeline.intervals)
    width = max(timeline.step_s * scale - 1, LEAST_WIDTH)
    for one in timeline.intervals:
        x = min((one.begin_at - begin) * scale, WIDTH - width)
        good = one.succeeded * CALLS_HEIGHT / most
        bad = one.failed * CALLS_HEIGHT / most
        title = f"{one.succeeded:,} answered, {one.failed:,} failed in {span(timeline.step_s)}"
        yield Bar(x, CALLS_HEIGHT - good, width, good, "answered", title)
        if bad:
            yield Bar(x, CALLS_HEIGHT - good - bad, width, bad, "failed", title)


def _batch_bars(
    batches: Iterable[BatchLine], begin: float, scale: float, now: float
) -> tuple[list[Bar], int]:
    """Return a bar for each batch, in the first row that is free when it begins."""
    free_at: list[float] = []
    bars = []
    for one in batches:
        at = one.submitted_at or begin
        end = _end_of(one, now)
        row = next((n for n, free in enumerate(free_at) if free <= at), len(free_at))
        row = min(row, MOST_BATCH_ROWS - 1)
        free_at[row : row + 1] = [max(end, *free_at[row : row + 1], at)]
        width = max((end - at) * scale, LEAST_WIDTH)
        x = min((at - begin) * scale, WIDTH - width)
        title = f"{one.provider_id}: {one.size:,} items, {one.state}, {span(one.age_s)}"
        tone = "out" if one.is_open and one.ended_at is None else "ended"
        bars.append(Bar(x, row * (BATCH_HEIGHT + BATCH_GAP), width, BATCH_HEIGHT, tone, title))
    return bars, max(1, len(free_at)) * (BATCH_HEIGHT + BATCH_GAP)


def _call_rows(timeline: Timeline | None) -> Iterable[Row]:
    for one in timeline.intervals if timeline else ():
        assert timeline is not None  # noqa: S101  # it has the intervals
        yield Row(
            "real time",
            f"{one.succeeded:,} answered, {one.failed:,} failed",
            one.begin_at,
            one.begin_at + timeline.step_s,
            span(timeline.step_s),
        )


def _batch_rows(batches: Iterable[BatchLine]) -> Iterable[Row]:
    for one in batches:
        yield Row(
            "batch",
            f"{one.provider_id}: {one.size:,} items, {one.state}",
            one.submitted_at or 0.0,
            one.ended_at,
            span(one.age_s),
        )
