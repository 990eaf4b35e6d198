"""The screen of the ingest: files that come in, what is worked on, the notes that came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path as FolderPath
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from notemill.app.kinds import KIND_INGEST
from notemill.config import load_ingest
from notemill.errors import UsageError
from notemill.stores.dropped import BATCH, MOST_NAME_BYTES
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.web.chapters import WIDTH, line_of
from notemill.web.markdown import inert_html
from notemill.web.parts import TheDesk, TheMill, documented, page
from twolane import ItemState

if TYPE_CHECKING:
    from notemill.app.ledger_lines import RunLine, ShownItem
    from notemill.web.desk import Desk

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/ingest")

RUNS_NAMED: Final = 12
ITEMS_SHOWN: Final = 40
MOST_RUN_CHARS: Final = 100
UNMADE: Final = tuple(one for one in ItemState if one is not ItemState.SUCCEEDED)
"""The states of sources that are no note yet, or will be none."""
STATES: Final = {
    ProposalState.PENDING: ("waits for you", "badge-warn"),
    ProposalState.ACCEPTED: ("accepted, not written yet", "badge-live"),
    ProposalState.REJECTED: ("rejected", ""),
    ProposalState.APPLIED: ("written", "badge-good"),
    ProposalState.CONFLICT: ("in conflict", "badge-bad"),
    ProposalState.UNDONE: ("undone", ""),
}
"""What the state of a proposed note is called, and how it looks."""
ITEM_STATES: Final = {
    ItemState.PENDING: "waiting",
    ItemState.RUNNING: "being answered",
    ItemState.SUBMITTED: "in a batch",
}
"""What the states of sources that are being asked about are called; others by their own name."""

Batch = Annotated[str, Path(pattern=BATCH, description="A batch of files: 32 hexadecimal digits.")]
Name = Annotated[
    str, Path(min_length=1, max_length=MOST_NAME_BYTES, description="A file's name, no path.")
]


class FilesAnswer(BaseModel):
    """The names of a batch's files."""

    files: list[str]


@api.put("/files/{batch}/{name}", responses=documented(404, 409))
async def put_file(request: Request, mill: TheMill, batch: Batch, name: Name) -> FilesAnswer:
    """Take a file, which is the body, into a batch, until the batch is ingested; for a day at most."""
    size = request.headers.get("content-length", "0")
    coming = await asyncio.to_thread(mill.dropped.begin, batch, name, int(size))
    try:
        async for part in request.stream():
            await asyncio.to_thread(coming.write, part)
        await asyncio.to_thread(coming.keep)
    except ClientDisconnect:
        raise UsageError(f"{name} did not come whole; add it again") from None
    finally:
        coming.close()
    return await _files(mill, batch)


@api.delete("/files/{batch}/{name}", responses=documented(404, 409))
async def remove_file(mill: TheMill, batch: Batch, name: Name) -> FilesAnswer:
    """Take a file out of a batch."""
    await asyncio.to_thread(mill.dropped.remove, batch, name)
    return await _files(mill, batch)


async def _files(mill: TheMill, batch: str) -> FilesAnswer:
    files = await asyncio.to_thread(mill.dropped.files, batch)
    return FilesAnswer(files=[one.name for one in files])


@pages.get("/ingest")
async def ingest_page(
    request: Request,
    desk: TheDesk,
    mill: TheMill,
    *,
    run: Annotated[str, Query(max_length=MOST_RUN_CHARS)] = "",
) -> HTMLResponse:
    """Show what sources are added with, and the notes of a run, the newest one if none is named."""
    runs = [
        one
        for one in await desk.ledger.runs()
        if one.kind == KIND_INGEST and FolderPath(one.label) == desk.root
    ]
    shown = next((one for one in runs if one.id == run), None if run else next(iter(runs), None))
    made = None if shown is None else await mill.ingest_shown.notes(shown.id)
    items, titles = await _unmade(desk, mill, shown)
    notes = () if made is None else made.notes
    texts = await asyncio.to_thread(lambda: [inert_html(one.text) for one in notes])
    return await page(
        request,
        "ingest.html",
        title="Ingest",
        active="ingest",
        named=run,
        run=shown,
        runs=runs[:RUNS_NAMED],
        made=made,
        notes=[(one, text, line_of(one)) for one, text in zip(notes, texts, strict=True)],
        items=items,
        titles=titles,
        states=STATES,
        item_states=ITEM_STATES,
        kinds=ProposalKind,
        kept=ProposalState,
        width=WIDTH,
        usual=load_ingest({}, config=desk.settings.config),
        sends=mill.sends,
    )


async def _unmade(
    desk: Desk, mill: TheMill, run: RunLine | None
) -> tuple[tuple[ShownItem, ...], dict[str, str]]:
    """Return the sources of a run that are no note, and the titles of those that wait."""
    if run is None or run.counts is None:
        return (), {}
    found = await desk.ledger.items(run.id, limit=ITEMS_SHOWN, states=UNMADE)
    return found.items, await mill.ingest_shown.titles(one.key for one in found.items if one.key)
