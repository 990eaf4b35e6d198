"""A note, to be read: its text as inert HTML, and what it is linked with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request

from notemill.app.views import graph as views
from notemill.web.markdown import inert_html
from notemill.web.parts import TheMill, page

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse

pages = APIRouter()
api = APIRouter()

NoteId = Annotated[str, Path(max_length=16, pattern="^[0-9a-f]+$")]


@pages.get("/notes/{note}")
async def show_note(request: Request, mill: TheMill, note: NoteId) -> HTMLResponse:
    """Show a note's text; links in it to other notes are words, beside it they are links."""
    found = await mill.reading.note(note)
    card = views.card(found.card)
    text = await asyncio.to_thread(inert_html, found.text)
    title = found.card.row.note.title
    return await page(request, "note.html", title=title, active="graph", card=card, text=text)
