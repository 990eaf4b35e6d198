"""Home: the vault at a glance, what is next, what runs here, money, and starting work."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from notemill.app.kinds import KIND_CURATE
from notemill.app.ledger_lines import StageState
from notemill.app.spending import money_spent
from notemill.app.views.spending import money
from notemill.app.views.work import overview, work_plan
from notemill.app.work import work_of
from notemill.errors import UsageError
from notemill.web.charts import HEIGHT, WIDTH, month_bars
from notemill.web.figures import alike_usd
from notemill.web.home_shapes import (
    MOST_ID_CHARS,
    Answered,
    OverviewAnswer,
    PlanAnswer,
    RunNamed,
    SpendingAnswer,
    StartAnswer,
    WorkBegun,
    WorkWanted,
)
from notemill.web.jobs import RUNNING
from notemill.web.parts import TheDesk, TheMill, documented, page

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from notemill.app.mill import Mill
    from notemill.app.overview import LinkOverview
    from notemill.app.spending import MoneySpent
    from notemill.web.desk import Desk
    from notemill.web.jobs import Job

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api")

READY_WITHIN_S: Final = 0.1
"""How long a page waits for what is counted; after that it is shown without, and asks for it."""
NAMED_WITHIN_S: Final = 5.0
"""How long the answer to a start waits for the run's name."""
GONE_WITHIN_S: Final = 0.5
"""How soon a plan is given up after the page that asked for it."""
NANO: Final = 1_000_000_000
T = TypeVar("T")
Named = Annotated[str, Path(max_length=MOST_ID_CHARS, description="The id of a run, or of a job.")]


@pages.get("/")
async def home(request: Request, desk: TheDesk, *, whole: bool = False) -> Response:
    """Show Home; `whole` waits until everything is counted, for reading without script."""
    if desk.root is None:
        return RedirectResponse("/runs", 303)
    await desk.look_again()
    if desk.mill is None:
        return await page(
            request, "empty_vault.html", title="Home", active="home", folder=desk.root
        )
    within_s = None if whole else READY_WITHIN_S
    seen, spent = await asyncio.gather(
        _within(_seen(desk, desk.mill, links=whole), within_s),
        _within(_spending(desk), within_s),
    )
    return await page(
        request,
        "home.html",
        title="Home",
        active="home",
        # Counted with the rest; a page that is shown without it hears it from the socket.
        waiting=sum(one["count"] for one in seen["waiting"]) if seen else 0,
        seen=seen,
        asking=any(one.asked for one in desk.jobs),
        spent=spent,
        bars=month_bars(spent.months) if spent else (),
        chart=(WIDTH, HEIGHT),
        usd=alike_usd(_amounts(spent)) if spent else None,
        sends=desk.mill.sends,
        provider=desk.settings.provider,
    )


@api.get("/overview", responses=documented(404, 409))
async def get_overview(desk: TheDesk, mill: TheMill, *, links: bool = False) -> OverviewAnswer:
    """Return the vault at a glance; `links` also counts links and orphans, which may take seconds."""
    return OverviewAnswer.model_validate(await _overview(desk, mill, links=links))


@api.get("/spending")
async def get_spending(desk: TheDesk) -> SpendingAnswer:
    """Return what the runs of the ledger have cost and saved, and where that leads."""
    return SpendingAnswer.model_validate(money(await _spending(desk)))


@api.post("/plan", responses=documented(404, 409))
async def plan(request: Request, wanted: WorkWanted, desk: TheDesk, _: TheMill) -> PlanAnswer:
    """Return lane, reason, price, worst case and expected end of work; nothing is begun.

    It may take minutes, and ends early when nobody waits for the answer any more.
    """
    planning = asyncio.ensure_future(desk.plan(work_of(wanted.kind, wanted.options)))
    try:
        while not (await asyncio.wait([planning], timeout=GONE_WITHIN_S))[0]:
            if await request.is_disconnected():
                raise UsageError("nobody waits for this plan any more")
        return PlanAnswer.model_validate(work_plan(planning.result()))
    finally:
        planning.cancel()


@api.post("/runs", responses=documented(404, 409))
async def start(wanted: WorkBegun, desk: TheDesk, _: TheMill) -> StartAnswer:
    """Start work; a page follows it on the socket."""
    agreed = Decimal(wanted.agreed_usd or 0) * NANO
    return await _begun(desk.jobs.start(wanted.kind, wanted.options, agreed_nano=int(agreed)))


@api.post("/runs/{named}/answer", responses=documented(404, 409))
async def answer(named: Named, said: Answered, desk: TheDesk) -> StartAnswer:
    """Answer a question of a run; a yes to its next stage goes on with it."""
    return await _begun(await desk.jobs.answer(named, said.question, yes=said.yes))


@api.post("/undo", responses=documented(404, 409))
async def undo(wanted: RunNamed, desk: TheDesk, _: TheMill) -> StartAnswer:
    """Restore the notes that a run has written."""
    return await _begun(desk.jobs.start("undo", {"run": wanted.run}))


async def _begun(job: Job) -> StartAnswer:
    """Return a job once it has a run, a question or an end; soon in any case."""
    with suppress(TimeoutError):
        await asyncio.wait_for(job.moved.wait(), NAMED_WITHIN_S)
    return StartAnswer(run=job.run, job=job.shown())


async def _seen(desk: Desk, mill: Mill, *, links: bool) -> dict[str, Any]:
    """Return the vault at a glance.

    With it come the `stage` of the next step's run that waits for a yes, and what is new of what is
    `followed`.
    """
    seen = await _overview(desk, mill, links=links)
    stage = None
    if run := seen["next"]["run"]:
        detail = await desk.ledger.run(run)
        waits = [one for one in detail.stages if one.state is StageState.WAITS]
        if detail.can_resume and waits:
            first = waits[0].number
            stage = {
                "number": first,
                "done": sum(one.total for one in detail.stages if one.number <= first),
                "rest": sum(one.total for one in detail.stages if one.number > first),
                "curates": detail.line.kind == KIND_CURATE,
            }
    return seen | {"stage": stage, "followed": await mill.following.news()}


async def _overview(desk: Desk, mill: Mill, *, links: bool) -> dict[str, Any]:
    seen = await mill.overview.glance()
    found: LinkOverview | None = await mill.overview.links() if links else None
    working = {one.run for one in desk.jobs if one.state in RUNNING}
    working |= {one.id for one in await desk.ledger.runs() if one.is_running}
    return overview(seen, found, working=working)


def _amounts(spent: MoneySpent) -> Iterator[int]:
    """Yield the amounts that Home shows beside each other."""
    yield from (spent.cost_nano, spent.saved_nano, spent.budget_nano or 0, spent.left_nano or 0)
    if spent.projection is not None:
        yield spent.projection.year_nano


async def _spending(desk: Desk) -> MoneySpent:
    return await asyncio.to_thread(money_spent, desk.settings, now_s=desk.clock())


async def _within(made: Coroutine[Any, Any, T], seconds: float | None) -> T | None:
    """Return a result, None if it takes longer than `seconds`; it is then left to end by itself."""
    task = asyncio.ensure_future(made)
    _LATE.add(task)
    task.add_done_callback(_ended)
    done, _ = await asyncio.wait([task], timeout=seconds)
    return task.result() if done else None


_LATE: Final[set[asyncio.Future[Any]]] = set()
"""What is still being counted for a page that was shown without."""


def _ended(task: asyncio.Future[Any]) -> None:
    _LATE.discard(task)
    if not task.cancelled():
        task.exception()  # looked at: a page that was shown without asks again, and is told
