"""The screen of tags: the tree, a tag's notes and other places, and changes with their preview."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from notemill.app.reviewing import Wanted
from notemill.app.views import tags as views
from notemill.app.views.tag_preview import preview
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.web.parts import TheDesk, TheMill, documented, page

if TYPE_CHECKING:
    from collections.abc import Iterable

pages = APIRouter()
api = APIRouter(prefix="/api/tags", tags=["tags"])

MOST_ROWS: Final = 1_000
"""The most tags and notes of a page without script: the script shows all, page by page."""
MOST_FOUND: Final = 100
"""The most suggestions beside the tree; the rest is in review."""
NOTES_A_PAGE: Final = 50
DIFFS_A_PAGE: Final = 10
WAITS_S: Final = 1.0
"""How long a change is waited for before a page is told that it goes on."""

Name = Annotated[str, Field(max_length=1_000)]
TagQuery = Annotated[str, Query(max_length=1_000)]
After = Annotated[int, Field(ge=0, le=10_000_000)]


class TagShown(BaseModel):
    """A tag: `notes` have exactly it, `with_children` it or a tag below it."""

    tag: str
    key: str
    parent: str
    leaf: str
    level: int
    notes: int
    with_children: int
    listed: bool
    aliases: list[str]
    description: str
    spellings: dict[str, int]


class TreeShown(BaseModel):
    """All tags, parents before their children; `vocabulary` is the note that holds it, or ''."""

    notes: int
    tagged: int
    has_vocabulary: bool
    vocabulary: str
    tags: list[TagShown]


class NoteShown(BaseModel):
    """A note with the tags that it was looked for by."""

    note: str
    title: str
    tags: list[str]


class NotesShown(BaseModel):
    """Some notes of a tag; `next` is what to ask for `after`, null at the end."""

    tag: str
    items: list[NoteShown]
    total: int
    next: int | None


class PlaceShown(BaseModel):
    """A place in which a tag is used beside the notes that have it; `line` 0 is none."""

    tag: str
    kind: str
    item: str
    line: int
    text: str


class PlacesShown(BaseModel):
    """The other places of a tag and its children, and how many are in excluded notes."""

    places: list[PlaceShown]
    hidden_places: dict[str, int]


class Suggestion(BaseModel):
    """A change that was found; `becomes` null drops the tag."""

    tag: str
    becomes: str | None
    kind: str
    reason: str
    notes: int


class Suggestions(BaseModel):
    """The first of `total` changes that were found."""

    items: list[Suggestion]
    total: int


class Rejected(BaseModel):
    """A change that is not to be suggested again; `becomes` null is that the tag is dropped."""

    model_config = ConfigDict(extra="forbid")

    tag: Name
    becomes: Name | None = None


class TakenBack(BaseModel):
    """A tag whose rejected changes may be suggested again."""

    model_config = ConfigDict(extra="forbid")

    tag: Name


class Counted(BaseModel):
    """How many decisions, or proposals, there are now."""

    total: int


class Change(BaseModel):
    """A tag and what it becomes, null to drop it; `also` keeps it as another spelling of that."""

    model_config = ConfigDict(extra="forbid")

    tag: Name
    becomes: Name | None = None
    also: bool = False


class Changes(BaseModel):
    """Changes of tags to look at, from the note number `after` on."""

    model_config = ConfigDict(extra="forbid")

    changes: Annotated[list[Change], Field(max_length=200)]
    after: After = 0


class Agreed(BaseModel):
    """Changes of tags to make; `agreed` is the digest of the preview."""

    model_config = ConfigDict(extra="forbid")

    changes: Annotated[list[Change], Field(max_length=200)]
    agreed: Annotated[str, Field(min_length=1, max_length=100)]


class LineShown(BaseModel):
    """A line of a change: `op` is "-", "+", " ", or "@" where lines are left out."""

    op: str
    text: str


class NoteChanged(BaseModel):
    """A note as it would change; `more` lines are left out."""

    note: str
    problem: str
    lines: list[LineShown]
    more: int


class Preview(PlacesShown):
    """What changes would do, in sentences and note by note; `changes` if they do anything."""

    digest: str
    changes: bool
    total: int
    said: list[str]
    warnings: list[str]
    notes: list[NoteChanged]
    next: int | None


class Begun(BaseModel):
    """The run of a change, '' until it has one, and the work on it."""

    run: str
    job: dict[str, Any]


# -- the page -------------------------------------------------------------------------------------


@pages.get("/tags", response_class=HTMLResponse)
async def tags_page(request: Request, mill: TheMill, tag: TagQuery = "") -> HTMLResponse:
    """Show the tags as a tree, and the notes of one of them."""
    tree = await mill.tags.tree()
    notes = await mill.tags.notes(tag, limit=MOST_ROWS) if tag else None
    return await page(
        request,
        "tags.html",
        title=f"#{notes.tag}" if notes else "Tags",
        active="tags",
        tree=tree,
        shown=tree.nodes[:MOST_ROWS],
        notes=notes,
    )


# -- the API --------------------------------------------------------------------------------------


@api.get("", responses=documented(404))
async def tree_of_tags(mill: TheMill) -> TreeShown:
    """Return the tags of the vocabulary and of the notes."""
    return TreeShown(**views.tree(await mill.tags.tree()))


@api.get("/notes", responses=documented(404))
async def notes_of_tag(
    mill: TheMill, tag: TagQuery, after: Annotated[int, Query(ge=0, le=10_000_000)] = 0
) -> NotesShown:
    """Return the notes of a tag and its children, from number `after` on."""
    found = await mill.tags.notes(tag, start=after, limit=NOTES_A_PAGE)
    return NotesShown(**views.notes_of(found))


@api.get("/places", responses=documented(404))
async def places_of_tag(mill: TheMill, tag: TagQuery) -> PlacesShown:
    """Return where else a tag is used: queries, templates, sentences, plugins, pages."""
    return PlacesShown(**views.places_of(await mill.tags.places(tag)))


@api.get("/findings", responses=documented(404))
async def suggestions(mill: TheMill) -> Suggestions:
    """Return the merges, moves and drops that are found now, without those that were rejected."""
    found = await mill.tags.suggested()
    items = [
        Suggestion(
            tag=one.tag,
            becomes=one.becomes,
            kind=one.kind,
            reason=one.reason,
            notes=len(one.notes),
        )
        for one in found[:MOST_FOUND]
    ]
    return Suggestions(items=items, total=len(found))


@api.post("/findings/review", responses=documented(404, 409))
async def review_suggestions(mill: TheMill) -> Counted:
    """Queue all changes that are found for review."""
    await mill.reviewing.look_for([ProposalKind.TAG_CHANGE, ProposalKind.QUERY_CHANGE])
    counts = await mill.reviewing.counts(Wanted(kinds=(ProposalKind.TAG_CHANGE,)))
    return Counted(total=counts[ProposalState.PENDING])


@api.post("/findings/reject", responses=documented(404, 409))
async def reject(mill: TheMill, body: Rejected) -> Counted:
    """Never suggest a change again."""
    done = await mill.tags.reject([body.tag], into=body.becomes or "")
    return Counted(total=len(done))


@api.post("/findings/take-back", responses=documented(404, 409))
async def take_back(mill: TheMill, body: TakenBack) -> Counted:
    """Let the rejected changes of a tag be suggested again."""
    return Counted(total=await mill.tags.take_back([body.tag]))


@api.post("/preview", responses=documented(404))
async def preview_of(mill: TheMill, body: Changes) -> Preview:
    """Return what changes would do, note by note and place by place. Nothing is written."""
    changes, aliases = _split(body.changes)
    found = await mill.tags.preview(changes, aliases=aliases, start=body.after, limit=DIFFS_A_PAGE)
    return Preview(**preview(found))


@api.post("/change", responses=documented(404, 409))
async def change(desk: TheDesk, _: TheMill, body: Agreed) -> Begun:
    """Make changes that a preview showed, as one run."""
    changes, aliases = _split(body.changes)
    job = desk.jobs.start(
        "change tags", {"changes": changes, "aliases": aliases, "agreed": body.agreed}
    )
    if job.task is not None:
        await asyncio.wait([job.task], timeout=WAITS_S)
    if job.error is not None:
        raise job.error
    return Begun(run=job.run, job=job.shown())


def _split(changes: Iterable[Change]) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return changes, and apart from them those of other spellings."""
    plain = {one.tag: one.becomes for one in changes if not (one.also and one.becomes)}
    return plain, {one.tag: one.becomes for one in changes if one.also and one.becomes}
