"""The graph: a note's neighbourhood or the whole vault as a picture, and all of it as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from notemill.app.graph import MOST_DEPTH, Sort
from notemill.app.views import graph as views
from notemill.web.parts import TheMill, documented, page
from notemill.workflows.links.network import OTHERS, Shown, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi.responses import HTMLResponse

    from notemill.app.graph import GraphRow, GraphRows, Picture, PlacedNote

pages = APIRouter()
api = APIRouter(prefix="/api")

ROWS: Final = 50
"""Rows on a page of the table."""
MOST_LETTERS: Final = 32
"""The most letters of a name in a drawing."""
LETTER: Final = 6.6
ROW: Final = 15.0
"""The room of a letter, and of a line of them, in a drawing's units."""
WIDTH, HEIGHT, MARGIN = 1000.0, 620.0, 70.0
MOST_SCALE: Final = 40.0
"""The most units of a drawing for the width of a note: two notes need not fill the frame."""
MAX_TAGS: Final = 4
"""The most tags of a note that a row shows."""

NoteId = Annotated[str, Field(max_length=16, pattern="^[0-9a-f]*$")]
Depth = Annotated[int, Query(ge=1, le=MOST_DEPTH)]


# -- the page -------------------------------------------------------------------------------------


class Asked(BaseModel):
    """What the page shows: around which note, how far, before or after, and the table's part."""

    note: NoteId = ""
    depth: Annotated[int, Field(ge=1, le=MOST_DEPTH)] = 1
    shown: Shown = Shown.AFTER
    whole: bool = False
    q: Annotated[str, Field(max_length=200)] = ""
    sort: Sort = Sort.LINKS
    backwards: bool = False
    part: Annotated[int, Field(ge=1, le=10_000)] = 1

    def address(self, **changes: object) -> str:
        """Return the page's address with changes; what is as usual is left out of it."""
        plain = Asked().model_dump(mode="json")
        wanted = {**self.model_dump(mode="json"), **changes}
        parts = [
            f"{name}={str(value).lower() if isinstance(value, bool) else value}"
            for name, value in wanted.items()
            if value != plain[name] and name != "q"
        ]
        return f"/graph?{'&'.join(parts)}" if parts else "/graph"


@pages.get("/graph")
async def show_graph(
    request: Request, mill: TheMill, asked: Annotated[Asked, Query()]
) -> HTMLResponse:
    """Show the picture and the table; everything on it works without script."""
    graph, picture = mill.graph, None
    network = await graph.network()
    if not asked.whole:
        picture = await graph.near(
            asked.note, depth=asked.depth, shown=asked.shown, network=network
        )
    rows = await graph.rows(
        "" if asked.whole else asked.note,
        depth=asked.depth,
        sort=asked.sort,
        backwards=asked.backwards,
        skip=(asked.part - 1) * ROWS,
        limit=ROWS,
        network=network,
    )
    focus = picture.focus if picture else ""
    return await page(
        request,
        "graph.html",
        title="Graph",
        active="graph",
        asked=asked,
        drawing=_drawing(picture) if picture and picture.notes else None,
        legend=_legend(rows, asked.shown),
        rows=rows,
        parts=max(1, -(-rows.total // ROWS)),
        links=views.counts(rows.links),
        has_links=any(rows.links.values()),
        card=views.card(await graph.card(focus, network=network)) if focus else None,
        found=await graph.search(asked.q) if asked.q else None,
        start={
            "note": focus,
            "depth": asked.depth,
            "shown": asked.shown,
            "picture": views.picture(picture) if picture else None,
        },
        others=any(one.after == OTHERS for one in network.notes),
        max_tags=MAX_TAGS,
        letters=MOST_LETTERS,
    )


@dataclass(frozen=True, slots=True)
class Dot:
    """A note in a drawing, in its units; `is_named` if there is room for its name."""

    id: str
    title: str
    is_named: bool
    group: int
    x: float
    y: float
    r: float


@dataclass(frozen=True, slots=True)
class Line:
    """A link in a drawing."""

    standing: Standing
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A neighbourhood as SVG: its lines below its dots, the one in the middle last."""

    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    left_out: int
    width: float = WIDTH
    height: float = HEIGHT


def _drawing(picture: Picture) -> Drawing:
    """Return a picture that fits its frame, with the names of the most linked notes."""
    left, low, right, high = picture.box
    scale = min(
        (WIDTH - 2 * MARGIN) / ((right - left) or 1),
        (HEIGHT - 2 * MARGIN) / ((high - low) or 1),
        MOST_SCALE,
    )
    places = [
        (
            round(WIDTH / 2 + (one.x - (left + right) / 2) * scale, 1),
            round(HEIGHT / 2 - (one.y - (low + high) / 2) * scale, 1),
        )
        for one in picture.notes
    ]
    named = _named(picture.notes, places)
    dots = [
        Dot(
            one.row.note.id,
            one.row.note.title,
            number in named,
            one.row.note.group(picture.shown),
            *place,
            _radius(one.row),
        )
        for number, (one, place) in enumerate(zip(picture.notes, places, strict=True))
    ]
    lines = tuple(
        Line(one.standing, dots[one.a].x, dots[one.a].y, dots[one.b].x, dots[one.b].y)
        for one in picture.links
    )
    return Drawing((*dots[1:], dots[0]), lines, picture.left_out)


def _named(notes: Sequence[PlacedNote], places: Sequence[tuple[float, float]]) -> set[int]:
    """Return which notes have their names beside them: the most linked, none over another."""
    taken: list[tuple[float, float, float]] = []
    named: set[int] = set()
    # The note in the middle is the first, and gets its name in any case.
    for number in sorted(range(len(notes)), key=lambda one: (one > 0, -notes[one].row.every, one)):
        x, y = places[number]
        half = min(len(notes[number].row.note.title), MOST_LETTERS) * LETTER / 2
        y += _radius(notes[number].row)
        if all(abs(x - at) > half + wide or abs(y - up) > ROW for at, up, wide in taken):
            taken.append((x, y, half))
            named.add(number)
    return named


def _radius(row: GraphRow) -> float:
    return round(min(5 + math.sqrt(row.every), 14), 1)


def _legend(rows: GraphRows, shown: Shown) -> list[dict[str, Any]]:
    return [{**one, "group": number} for number, one in enumerate(views.groups(rows.groups, shown))]


# -- the API --------------------------------------------------------------------------------------


class GraphNoteLine(BaseModel):
    """A note, and how many of its links its owner wrote, notemill wrote, and wait."""

    id: str
    note: str
    title: str
    links: int
    written: int
    proposed: int


class PlacedLine(GraphNoteLine):
    """A note in a picture: its group's index, -1 without a tag, and its place."""

    group: int
    x: float
    y: float


class GroupLine(BaseModel):
    """A top tag that has a colour, and how many notes have that colour."""

    tag: str
    notes: int


class PictureAnswer(BaseModel):
    """A picture; links are two indexes of `notes` and how the link stands."""

    focus: str | None
    depth: int
    shown: Shown
    notes: list[PlacedLine]
    links: list[tuple[int, int, Standing]]
    groups: list[GroupLine]
    left_out: int
    box: tuple[float, float, float, float]


class FoundNotes(BaseModel):
    """The notes that a search found."""

    items: list[GraphNoteLine]


class LinkedNote(BaseModel):
    """A note that another is linked with, and how the link stands."""

    id: str
    note: str
    title: str
    standing: Standing


class WaitingLine(BaseModel):
    """A proposal of the queue that is about the note."""

    id: str
    kind: str
    note: str
    notes: list[str]
    value: str
    replaces: str
    why: str
    confidence: float | None
    run: str
    state: str


class CardAnswer(GraphNoteLine):
    """What is known of a note, with its first links and proposals, and how many wait."""

    description: str
    tags: list[str]
    proposed_tags: list[str]
    linked: list[LinkedNote]
    proposals: list[WaitingLine]
    waiting: int


@api.get("/graph", response_model=PictureAnswer, responses=documented(404))
async def get_graph(
    mill: TheMill,
    note: Annotated[NoteId, Query()] = "",
    depth: Depth = 1,
    shown: Shown = Shown.AFTER,
) -> Response:
    """Return the neighbourhood of a note, or the whole vault without one."""
    if note:
        picture = await mill.graph.near(note, depth=depth, shown=shown)
    else:
        picture = await mill.graph.whole(shown=shown)
    # Thousands of notes: already of this shape, so that checking each would only take time.
    return Response(orjson.dumps(views.picture(picture)), media_type="application/json")


@api.get("/graph/notes", response_model=FoundNotes, responses=documented(404))
async def search_notes(
    mill: TheMill, search: Annotated[str, Query(max_length=200)] = ""
) -> dict[str, Any]:
    """Return the notes whose name, path or tag has the words in it, at most 20."""
    found: tuple[GraphRow, ...] = await mill.graph.search(search)
    return {"items": [views.graph_note(one) for one in found]}


@api.get("/graph/notes/{note}", response_model=CardAnswer, responses=documented(404))
async def get_note(mill: TheMill, note: NoteId) -> dict[str, Any]:
    """Return what is known of a note: description, tags, links, proposals."""
    return views.card(await mill.graph.card(note))
