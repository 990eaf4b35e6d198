"""The screen of the review: the queue of proposals, decisions, and writing what was accepted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from notemill.app.review_page import View
from notemill.app.reviewing import OPEN, Wanted
from notemill.app.views import queue as views
from notemill.errors import UnknownProposalError
from notemill.stores.proposals import Decision, ProposalKind, ProposalState, value_key
from notemill.stores.queue_rows import Order
from notemill.web.parts import TheDesk, TheMill, documented, page

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/review")

MOST_ROWS: Final = 1_000
ROWS_OF_A_PAGE: Final = 60
"""The rows that the server writes into the page: more than two screens of them."""
MOST_TAGS: Final = 5_000
"""The most tags to complete from: a longer list of suggestions helps nobody."""
MOST_CHARS: Final = 4_096
MOST_VALUE_CHARS: Final = 10_000
SOMEONE: Final = "page"
"""The name of a front that says none."""

Id = Annotated[str, Field(pattern=r"^[pl][0-9]{1,18}$")]
Text = Annotated[str | None, Field(max_length=MOST_CHARS)]
Front = Annotated[str, Field(min_length=1, max_length=64)]
Turn = Annotated[int, Field(ge=0, le=1 << 53)]


class Asked(BaseModel):
    """Which proposals, in which order; without a state those in all states.

    `value` is in any spelling; `q` is a text in values or paths; `ids` asks for these rows alone,
    `at` for those from a row's note or value on.
    """

    state: list[ProposalState] = Field(default=[], max_length=10)
    kind: list[ProposalKind] = Field(default=[], max_length=20)
    order: Order = Order.NOTE
    note: Text = None
    folder: Text = None
    value: Text = None
    q: Text = None
    run: Text = None
    new: bool = False
    max_confidence: float | None = Field(default=None, ge=0, le=1)
    ids: list[Id] = Field(default=[], max_length=MOST_ROWS)
    at: Annotated[str, Field(max_length=20)] = ""
    after: Annotated[str, Field(max_length=2 * MOST_CHARS)] = ""
    limit: int = Field(default=100, ge=1, le=MOST_ROWS)
    by: Front = SOMEONE

    def view(self) -> View:
        """Return how the queue is to be shown."""
        kinds = (ProposalKind.NEW_TAG,) if self.new else tuple(self.kind)
        of_kind = kinds[0] if kinds else ProposalKind.TAG
        wanted = Wanted(
            states=tuple(self.state) or None,
            kinds=kinds or None,
            run=self.run or None,
            note=self.note or None,
            value=value_key(of_kind, self.value) if self.value else None,
            max_confidence=self.max_confidence,
            folder=self.folder or None,
            text=self.q or None,
        )
        return View(wanted, self.order, self.by)


class Step(BaseModel):
    """A step of a front: its number, and that of the one it has to come after, 0 for none."""

    model_config = ConfigDict(extra="forbid")

    by: Front = SOMEONE
    turn: Turn = 0
    after: Turn = 0


class Decisions(Step):
    """A decision on some proposals; `was` is the state that was shown, `value` an edit of one."""

    ids: list[Id] = Field(max_length=MOST_ROWS)
    decision: Decision
    was: ProposalState | None = None
    value: str | None = Field(default=None, max_length=MOST_VALUE_CHARS)


class GroupDecision(Step):
    """A decision on the open proposals of one's note or value; `count` is how many were shown."""

    id: Id
    decision: Decision
    count: int = Field(ge=0, le=10_000_000)


class TakeBack(Step):
    """Whose last step is undone."""


class ToApply(BaseModel):
    """Which accepted proposals are written, null for all."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Id] | None = Field(default=None, max_length=10 * MOST_ROWS)


class Proposed(BaseModel):
    """A proposal."""

    id: str
    kind: ProposalKind
    note: str
    notes: list[str]
    value: str
    replaces: str
    why: str
    confidence: float | None
    run: str
    state: ProposalState


class Listed(Proposed):
    """A proposal in a list; see the door's `Listed`."""

    scope: str
    edit: str | None
    group: str
    stale: bool


class ListAnswer(BaseModel):
    """Some proposals, the cursor of the next ones, and counts; see the door's `Listing`."""

    items: list[Listed]
    next: str | None
    counts: dict[str, int]
    matching: dict[str, int]
    kinds: dict[str, int]
    groups: dict[str, int]
    left_s: float


class DecidedAnswer(BaseModel):
    """The outcome of a decision: proposals as they are now, and ids that name none."""

    changed: list[Proposed]
    unchanged: list[Proposed]
    missing: list[str]


class LineAnswer(BaseModel):
    """A line of the source; each piece is what becomes of it, and its text."""

    old: int | None
    new: int | None
    pieces: list[tuple[str, str]]


class ExcerptAnswer(BaseModel):
    """The first lines of a note."""

    note: str
    lines: list[str]
    more: int
    problem: str


class DetailAnswer(BaseModel):
    """A proposal with its notes' source; see the door's `Detail`."""

    item: Listed
    lines: list[LineAnswer]
    above: int
    below: int
    excerpts: list[ExcerptAnswer]
    notes: list[str]
    more_notes: int
    problem: str


class TagsAnswer(BaseModel):
    """The tags to choose from."""

    tags: list[str]


class ToWriteAnswer(BaseModel):
    """What applying would write, by kind, and the edited notes that it would leave.

    `waiting` are accepted proposals for notes that are not accepted themselves yet.
    """

    kinds: dict[str, int]
    notes: int
    changed: list[str]
    more_changed: int
    waiting: int


class Left(BaseModel):
    """A note that was not written, and why."""

    note: str
    message: str


class AppliedAnswer(BaseModel):
    """The run that wrote, '' if nothing was accepted, and what became of it."""

    run: str
    words: str
    whole: bool
    left: list[Left]


# -- the API --------------------------------------------------------------------------------------


@api.get("", responses=documented(404))
async def list_proposals(mill: TheMill, asked: Annotated[Asked, Query()]) -> ListAnswer:
    """List proposals. The counts are those of the whole queue, whatever the filter."""
    if asked.ids:
        found = await mill.review_page.standing(asked.view(), asked.ids)
    else:
        found = await mill.review_page.listing(
            asked.view(), after=asked.after, at=asked.at, limit=asked.limit
        )
    return ListAnswer(**views.listing(found))


@api.get("/rows/{number}", responses=documented(404))
async def show_proposal(
    mill: TheMill,
    number: Annotated[str, Path(pattern=r"^[pl][0-9]{1,18}$")],
    order: Order = Order.NOTE,
) -> DetailAnswer:
    """Show a proposal with its note's source and what it would change there."""
    found = await mill.review_page.detail(number, order)
    if found is None:
        raise UnknownProposalError
    return DetailAnswer(**views.detail(found))


@api.post("/decisions", responses=documented(404, 409))
async def decide(mill: TheMill, desk: TheDesk, body: Decisions) -> DecidedAnswer:
    """Decide proposals in one step; it is saved on return."""
    async with desk.turns.of(body.by, body.turn, body.after):
        done = await mill.reviewing.decide(
            body.ids, body.decision, by=body.by, was=body.was, value=body.value
        )
    return DecidedAnswer(**views.decided(done))


@api.post("/group", responses=documented(404, 409))
async def decide_group(
    mill: TheMill, desk: TheDesk, asked: Annotated[Asked, Query()], body: GroupDecision
) -> DecidedAnswer:
    """Decide all open proposals of a note or value within the filter, as many as were shown."""
    view = View(asked.view().wanted, asked.order, body.by)
    async with desk.turns.of(body.by, body.turn, body.after):
        done = await mill.review_page.decide_group(view, body.id, body.decision, count=body.count)
        if done is None:
            raise UnknownProposalError
    return DecidedAnswer(**views.decided(done))


@api.post("/undo", responses=documented(404, 409))
async def undo(mill: TheMill, desk: TheDesk, body: TakeBack) -> DecidedAnswer:
    """Undo the last step of a front; nothing changes if it has none."""
    async with desk.turns.of(body.by, body.turn, body.after):
        done = await mill.reviewing.take_back(by=body.by)
    if done is None:
        return DecidedAnswer(changed=[], unchanged=[], missing=[])
    return DecidedAnswer(**views.decided(done))


@api.get("/vocabulary", responses=documented(404))
async def vocabulary(mill: TheMill) -> TagsAnswer:
    """List the tags to choose from when a tag is edited."""
    tags = await mill.reviewing.vocabulary()
    return TagsAnswer(tags=list(tags[:MOST_TAGS]))


@api.get("/apply", responses=documented(404))
async def to_apply(mill: TheMill) -> ToWriteAnswer:
    """Tell what applying would write now."""
    return ToWriteAnswer(**views.to_write(await mill.applying.to_write()))


@api.post("/apply", responses=documented(404, 409))
async def apply(desk: TheDesk, _: TheMill, body: ToApply | None = None) -> AppliedAnswer:
    """Write what was accepted, as one run; answer when it is written."""
    ids = None if body is None else body.ids
    job = desk.jobs.start("apply", {} if ids is None else {"ids": ids})
    if job.task is not None:
        await asyncio.wait([job.task])
    if job.error is not None:
        raise job.error
    return AppliedAnswer(run=job.run, **(job.result or {}))


# -- the page -------------------------------------------------------------------------------------


@pages.get("/review")
async def review_page(
    request: Request, mill: TheMill, asked: Annotated[Asked, Query()]
) -> HTMLResponse:
    """Show the queue: its first rows, open ones where no state is asked for, and one's source."""
    view = asked.view()
    if not asked.state:
        view = replace(view, wanted=replace(view.wanted, states=OPEN))
    begin = await mill.review_page.opening(
        view, after=asked.after, at=asked.at, limit=ROWS_OF_A_PAGE
    )
    listing = views.listing(begin.listing)
    more = begin.listing.next
    return await page(
        request,
        "review.html",
        title="Review",
        active="review",
        waiting=listing["counts"][ProposalState.PENDING],
        listing=listing,
        more=str(request.url.include_query_params(after=more).query) if more else "",
        first=request.url.path,
        data={
            "listing": listing,
            "folders": begin.folders,
            "detail": None if begin.detail is None else views.detail(begin.detail),
        },
    )
