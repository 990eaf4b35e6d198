"""What Home is asked and answers, in the form that the API describes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from notemill.app.options import MAX_TEXT, MOST_NAMED
from notemill.app.overview import Step
from twolane import Lane

MOST_OPTIONS = 30
MOST_ID_CHARS = 200

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Name = Annotated[str, Field(max_length=MAX_TEXT)]
Id = Annotated[str, Field(min_length=1, max_length=MOST_ID_CHARS)]
Value = bool | int | float | Text | Annotated[list[Name], Field(max_length=MOST_NAMED)] | None
Options = Annotated[dict[Name, Value], Field(max_length=MOST_OPTIONS)]


class _Body(BaseModel):
    """A request's body: nothing unknown is ignored."""

    model_config = ConfigDict(extra="forbid")


class WorkWanted(_Body):
    """Work, by its kind and options: as a command's, with `_` for `-` in their names."""

    kind: Text
    options: Options = Field(default_factory=dict)


class WorkBegun(WorkWanted):
    """Work to start. A price up to `agreed_usd` was agreed to, and needs no second yes."""

    agreed_usd: Annotated[str, Field(pattern=r"^\d{1,9}(\.\d{1,12})?$")] | None = None


class Answered(_Body):
    """The answer to a question of a run."""

    question: Id
    yes: bool


class RunNamed(_Body):
    """A run to undo."""

    run: Id


class Measured(BaseModel):
    """How many batches and calls an expected end is from; 0 for what is usual elsewhere."""

    batches: int
    calls: int


class SourceAnswer(BaseModel):
    """What would become of a source of an ingest: see `SourceSeen`."""

    became: str
    title: str
    words: str


class PlanAnswer(BaseModel):
    """What work would cost and when it would end: see `WorkPlan`. Times are seconds from now."""

    lane: Lane
    reason: str
    price_usd: str
    worst_usd: str
    realtime_usd: str
    batch_usd: str
    p50: float | None
    p90: float | None
    measured: Measured
    items: int
    priced: int
    fitting: int | None
    problem: str
    question: str
    stages: list[int]
    vocabulary: bool
    unfinished: str
    sources: list[SourceAnswer]


class StartAnswer(BaseModel):
    """Work that was started: its run, '' until there is one, and the job that does it."""

    run: str
    job: dict[str, Any]


class NeedCount(BaseModel):
    """So many notes need work for this reason."""

    reason: str
    count: int


class KindCount(BaseModel):
    """So many proposals of this kind."""

    kind: str
    count: int


class LinkCounts(BaseModel):
    """How connected the notes are; `written` of the links are notemill's."""

    links: int
    written: int
    linked: int
    orphans: int


class NextAnswer(BaseModel):
    """The obvious next step."""

    step: Step
    count: int
    run: str


class OverviewAnswer(BaseModel):
    """The vault at a glance: see `Overview`. `links` is null unless they were asked for."""

    at: float
    notes: int
    described: int
    tagged: int
    with_topics: int
    needy: int
    needs: list[NeedCount]
    without_text: int
    left_alone: int
    excluded: int
    waiting: list[KindCount]
    accepted: list[KindCount]
    vocabulary: bool
    new: bool
    links: LinkCounts | None
    next: NextAnswer


class MonthAnswer(BaseModel):
    """What a month has cost and saved, in dollars."""

    month: str
    spent_usd: str
    saved_usd: str
    reserved_usd: str
    forgotten_usd: str


class RunMoney(BaseModel):
    """What a run has cost and saved, in dollars."""

    run: str
    kind: str
    created_at: float
    spent_usd: str
    saved_usd: str


class ProjectionAnswer(BaseModel):
    """What a week, a month and a year will cost if it goes on like in the last `from_days`."""

    from_days: int
    from_usd: str
    week_usd: str
    month_usd: str
    year_usd: str


class SpendingAnswer(BaseModel):
    """What the runs of the ledger have cost and saved."""

    spent_usd: str
    saved_usd: str
    months: list[MonthAnswer]
    runs: list[RunMoney]
    projection: ProjectionAnswer | None
    month_budget_usd: str | None
    month_left_usd: str | None
