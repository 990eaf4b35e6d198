"""The screens of runs: their list, one run with its items, and what can be done with it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from notemill.app.ledger_lines import UNSUCCESSFUL, Failures, RunDetail, StageState
from notemill.app.ledger_view import RUNS_SHOWN
from notemill.app.views.ledger import counts_view, items_view, run_line_view, run_view
from notemill.errors import UsageError
from notemill.web.parts import TheDesk, documented, page
from notemill.web.timeline import Chart, chart_of
from twolane import ItemState

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api")

MOST_ID_CHARS: Final = 100
MOST_KEY_CHARS: Final = 4_096
MOST_CURSOR_CHARS: Final = 20
MOST_ITEMS: Final = 500
"""The most items of an answer: what a screen shows is a tenth of it."""
ITEMS_OF_A_PAGE: Final = 100
WHOLE_UP_TO: Final = 20_000
"""Of a run with more items, the page comes before its timeline does."""
TITLES: Final = {
    "curate": "Curation",
    "ingest": "Ingest",
    "link": "Links",
    "vocabulary": "Vocabulary",
    "propose": "First vocabulary",
    "consolidate": "New tags",
    "tags": "Tags",
    "tidy": "Tidying",
    "apply": "Applying",
    "run": "Prompts",
}
"""What the kinds of runs are called; others by their own name."""
STATES: Final = (
    ("", "All"),
    (ItemState.PENDING, "Waiting"),
    (ItemState.RUNNING, "Running"),
    (ItemState.SUBMITTED, "In a batch"),
    (ItemState.SUCCEEDED, "Succeeded"),
    (ItemState.FAILED, "Failed"),
    (ItemState.QUARANTINED, "Quarantined"),
    (ItemState.CONFLICT, "In conflict"),
    (ItemState.SKIPPED, "Skipped"),
    (ItemState.CANCELED, "Canceled"),
)
"""The states of items in the order of a run's course, and what they are called."""

RunId = Annotated[str, Path(max_length=MOST_ID_CHARS, description="A run's id.")]
Cursor = Annotated[str | None, Query(max_length=MOST_CURSOR_CHARS, pattern=r"^[0-9]*$")]


# -- what the API answers -------------------------------------------------------------------------


class RunsAnswer(BaseModel):
    """The newest runs, newest first."""

    runs: list[dict[str, Any]]


class Item(BaseModel):
    """An item; its key is empty and its reason `excluded` if its name may not be shown."""

    key: str
    lane: str
    state: str
    attempts: int
    seconds: float | None
    cost_usd: str
    reason: str


class ItemsAnswer(BaseModel):
    """A page of items in input order, and the cursor of the next one, null for the last."""

    items: list[Item]
    next: str | None


class CancelBody(BaseModel):
    """What to cancel: one item by its key, or the whole run."""

    model_config = ConfigDict(extra="forbid")

    item: str | None = Field(default=None, max_length=MOST_KEY_CHARS)


class CancelAnswer(BaseModel):
    """The run, and how it or the item had ended before, '' if the request stands."""

    run: str
    ended: str


class ResumeBody(BaseModel):
    """How to continue: with a new budget in dollars, or after the stage that was looked at."""

    model_config = ConfigDict(extra="forbid")

    max_cost_usd: str | None = Field(
        default=None, max_length=20, pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$"
    )
    after_stage: int | None = Field(default=None, ge=1, le=100)


class RetryBody(BaseModel):
    """Whether to send also what would fail the same way."""

    model_config = ConfigDict(extra="forbid")

    everything: bool = False


class JobAnswer(BaseModel):
    """The work that was started."""

    job: dict[str, Any]


# -- the API --------------------------------------------------------------------------------------


@api.get("/runs")
async def list_runs(
    desk: TheDesk, limit: Annotated[int, Query(ge=1, le=1_000)] = RUNS_SHOWN
) -> RunsAnswer:
    """List the newest runs, of the ledger and of the vault."""
    return RunsAnswer(runs=[run_line_view(one) for one in await desk.ledger.runs(limit=limit)])


@api.get("/runs/{run_id}", responses=documented(404))
async def show_run(desk: TheDesk, run_id: RunId) -> dict[str, Any]:
    """Show a run: its counts, stages, batches, failures in groups, and its report."""
    detail = await desk.ledger.run(run_id)
    return run_view(detail, await _failures(desk, detail))


@api.get("/runs/{run_id}/items", responses=documented(404))
async def list_items(
    desk: TheDesk,
    run_id: RunId,
    *,
    after: Cursor = None,
    skip: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    state: ItemState | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = ITEMS_OF_A_PAGE,
) -> ItemsAnswer:
    """List a run's items in input order, those behind the index `after`, by state if one is given."""
    found = await desk.ledger.items(
        run_id, after=after, skip=skip, limit=limit, states=None if state is None else [state]
    )
    return ItemsAnswer.model_validate(items_view(found))


@api.post("/runs/{run_id}/cancel", responses=documented(404, 409))
async def cancel_run(desk: TheDesk, run_id: RunId, body: CancelBody) -> CancelAnswer:
    """Request the cancellation of a run, or of an item of it."""
    wish = await desk.ledger.cancel(run_id, body.item)
    return CancelAnswer(run=wish.run, ended=wish.ended)


@api.post("/runs/{run_id}/resume", responses=documented(404, 409))
async def resume_run(desk: TheDesk, run_id: RunId, body: ResumeBody) -> JobAnswer:
    """Continue a run; after a stage only if that stage still waits for an answer."""
    detail = await desk.ledger.run(run_id)
    before = desk.jobs.of_run(detail.line.id)
    waits = [one.number for one in detail.stages if one.state is StageState.WAITS]
    if body.after_stage in waits and before is not None:
        # A server that has just started took the run up, and is about to ask the same.
        await desk.jobs.at_rest(before)
        detail = await desk.ledger.run(run_id)
    if not detail.can_resume:
        raise UsageError(f"run {detail.line.id} cannot be continued: it is {detail.line.became}")
    if body.after_stage is not None and body.after_stage not in waits:
        raise UsageError(f"stage {body.after_stage} does not wait for an answer; reload the page")
    question = None if before is None else before.asked
    if before is not None and question is not None:
        if body.after_stage is None or question.answer is not None:
            raise UsageError("this run asks a question; answer that first")
        # The question after this stage: it is answered, and not left open beside the run.
        job = await desk.jobs.answer(before.id, question.number, yes=True)
        return JobAnswer(job=job.shown())
    options: dict[str, object] = {"run": detail.line.id}
    if body.max_cost_usd is not None:
        options["max_cost_usd"] = body.max_cost_usd
    job = desk.jobs.start("resume", options, goes_on=body.after_stage is not None)
    return JobAnswer(job=job.shown())


@api.post("/runs/{run_id}/retry", responses=documented(404, 409))
async def retry_run(desk: TheDesk, run_id: RunId, body: RetryBody) -> JobAnswer:
    """Send what failed again, except what would fail the same way, unless `everything`."""
    detail = await desk.ledger.run(run_id)
    if not detail.can_retry:
        raise UsageError(f"run {detail.line.id} has nothing to retry: it is {detail.line.became}")
    options = {"run": detail.line.id, "failed": True, "everything": body.everything}
    return JobAnswer(job=desk.jobs.start("resume", options).shown())


# -- pages ----------------------------------------------------------------------------------------


@pages.get("/runs")
async def runs_page(request: Request, desk: TheDesk) -> HTMLResponse:
    """Show the list of runs."""
    return await page(
        request,
        "runs.html",
        title="Runs",
        active="runs",
        runs=await desk.ledger.runs(),
        most=RUNS_SHOWN,
        expiring=await desk.ledger.expiring(),
        titles=TITLES,
        now=desk.clock(),
    )


@pages.get("/runs/{run_id}")
async def run_page(
    request: Request,
    desk: TheDesk,
    run_id: RunId,
    *,
    state: ItemState | None = None,
    after: Cursor = None,
    whole: bool = False,
) -> Response:
    """Show one run, with the first of its items; of a large one the rest only if it is `whole`."""
    detail = await desk.ledger.run(run_id)
    line = detail.line
    if line.id != run_id:
        return RedirectResponse(f"/runs/{line.id}", 303)
    items = None
    if line.counts is not None:
        items = await desk.ledger.items(
            line.id, after=after, limit=ITEMS_OF_A_PAGE, states=None if state is None else [state]
        )
    return await page(
        request,
        "run.html",
        title=f"{TITLES.get(line.kind, line.kind)} {line.id}",
        active="runs",
        run=detail,
        line=line,
        heading=TITLES.get(line.kind, line.kind),
        items=items,
        state=state or "",
        states=STATES,
        failures=await _failures(desk, detail),
        whole=whole or line.total <= WHOLE_UP_TO,
        chart=await _chart(desk, detail) if whole or line.total <= WHOLE_UP_TO else None,
        expiring=[one for one in await desk.ledger.expiring() if one.run == line.id],
        now=desk.clock(),
        unsuccessful=UNSUCCESSFUL,
        data={
            "run": line.id,
            "state": state or "",
            "states": STATES,
            "counts": None if line.counts is None else counts_view(line.counts),
            "items": None if items is None else items_view(items),
        },
    )


async def _failures(desk: TheDesk, detail: RunDetail) -> Failures | None:
    if detail.line.counts is None:
        return None
    return await desk.ledger.failures(detail.line.id)


async def _chart(desk: TheDesk, detail: RunDetail) -> Chart | None:
    if detail.line.counts is None:
        return None
    timeline = await desk.ledger.timeline(detail.line.id)
    return chart_of(timeline, detail.batches, now=desk.clock())
