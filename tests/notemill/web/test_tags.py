"""The tags' screen as a program asks for it: the page without script, and its API."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.terms import OFFLINE
from notemill.web.desk import Desk
from notemill.web.jobs import RUNNING
from notemill.web.site import create_site
from tests.notemill.web.asking import Answer, asked
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import ASGIApp

HOSTILE = "<img>"
NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [food/soup, bread]\n---\nWords.\n",
    "two.md": "---\ntags: [foods]\n---\nMore words.\n",
    "three.md": "A #food/soup in words.\n",
    "board.md": "```dataview\nLIST FROM #food/soup\n```\n",
    "odd.md": f"---\ntags: ['{HOSTILE}']\n---\n",
    "Plan.md": "---\nnotemill: ignore\ntags: [zeppelin, bread]\n---\nNobody reads of it.\n",
}


class Asking:
    """Asks the site of a desk, as its own page would."""

    def __init__(self, desk: Desk) -> None:
        """Ask about the vault of `desk`."""
        self.desk = desk
        self.site: ASGIApp = create_site(desk)

    async def get(self, path: str) -> Answer:
        """Get a page, or an answer of the API."""
        return await asked(self.site, "GET", path, [])

    async def read(self, path: str) -> Any:  # noqa: ANN401
        """Return what the API answers to a question, which it has to understand."""
        answer = await self.get(f"/api/tags{path}")
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    async def post(self, path: str, **body: object) -> tuple[int, Any]:
        """Post to the API; return the status and the answer."""
        raw = json.dumps(body).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(raw)))]
        answer = await asked(self.site, "POST", f"/api{path}", headers, [raw])
        return answer.status, json.loads(answer.body)

    async def settled(self, job: dict[str, Any]) -> dict[str, Any]:
        """Wait until a job has ended, and return it."""
        found = next(one for one in self.desk.jobs if one.id == job["id"])
        if found.state in RUNNING and found.task is not None:
            await found.task
        return dict(found.shown())


@asynccontextmanager
async def asking(folder: Path, notes: dict[str, str | bytes] = NOTES) -> AsyncIterator[Asking]:
    """Open a desk over these notes."""
    root = write_notes(folder / "vault", notes)
    desk = await Desk.open(root, Settings(home=folder / "home", provider=OFFLINE))
    try:
        yield Asking(desk)
    finally:
        await desk.aclose()


async def test_the_page_is_read_without_script(tmp_path: Path) -> None:
    """The tags are links, the chosen one's notes stand beside them, and names are only text."""
    async with asking(tmp_path) as site:
        page = (await site.get("/tags?tag=food")).body.decode()
        assert 'href="/tags?tag=food/soup"' in page
        assert "three.md" in page
        assert "<img>" not in page
        assert "&lt;img&gt;" in page
        assert "zeppelin" not in page + (await site.get("/tags?tag=bread")).body.decode()
        assert "Plan.md" not in page


async def test_a_vault_without_tags_says_what_to_do(tmp_path: Path) -> None:
    """There is no empty tree."""
    async with asking(tmp_path, {"a.md": "Words.\n"}) as site:
        page = (await site.get("/tags")).body.decode()
        assert "No note has a tag yet" in page
        assert "nm-tags" not in page


async def test_the_tree_its_notes_and_places_are_told(tmp_path: Path) -> None:
    """Nothing of an excluded note is named, and a tag that nobody has is no error."""
    async with asking(tmp_path) as site:
        found = await site.read("")
        shown = {one["key"]: (one["notes"], one["with_children"]) for one in found["tags"]}
        assert shown.items() >= {"food": (0, 2), "food/soup": (2, 2), "bread": (1, 1)}.items()
        assert "zeppelin" not in shown
        assert (found["notes"], found["has_vocabulary"]) == (5, False)
        notes = await site.read("/notes?tag=food")
        assert [one["note"] for one in notes["items"]] == ["one.md", "three.md"]
        assert (await site.read("/notes?tag=food&after=1"))["items"] == notes["items"][1:]
        places = await site.read("/places?tag=food")
        assert [(one["kind"], one["item"]) for one in places["places"]] == [("query", "board.md")]
        assert (await site.read("/notes?tag=zeppelin"))["items"] == []


async def test_a_change_is_previewed_agreed_to_and_undone(tmp_path: Path) -> None:
    """The query that names the tag is shown before; the run is the one to undo."""
    async with asking(tmp_path) as site:
        root = site.desk.root
        assert root is not None
        before = tree(root)
        changes = [{"tag": "food/soup", "becomes": "dish"}]
        status, plan = await site.post("/tags/preview", changes=changes)
        assert status == 200
        assert plan["said"] == [
            "#food/soup becomes #dish.", "Queries in 1 note change with it.",
        ]  # fmt: skip
        assert [one["note"] for one in plan["notes"]] == ["board.md", "one.md", "three.md"]
        assert {"op": "+", "text": "LIST FROM #dish"} in plan["notes"][0]["lines"]
        assert (plan["total"], plan["next"], plan["changes"]) == (3, None, True)
        assert tree(root) == before
        status, begun = await site.post("/tags/change", changes=changes, agreed=plan["digest"])
        assert status == 200
        job = await site.settled(begun["job"])
        assert (job["state"], job["result"]["words"]) == ("ended", "3 notes written.")
        assert "A #dish in words." in (root / "three.md").read_text()
        undone = site.desk.jobs.start("undo", {"run": job["run"]})
        await site.settled(undone.shown())
        assert tree(root) == before


async def test_what_was_not_previewed_is_not_written(tmp_path: Path) -> None:
    """A note that changed since is a conflict; another digest, or none, is refused as well."""
    async with asking(tmp_path) as site:
        root = site.desk.root
        assert root is not None
        changes = [{"tag": "bread", "becomes": "loaf"}]
        _, plan = await site.post("/tags/preview", changes=changes)
        (root / "one.md").write_text("---\ntags: [food/soup, bread]\n---\nOther words.\n")
        before = tree(root)
        status, said = await site.post("/tags/change", changes=changes, agreed=plan["digest"])
        assert (status, said["error"]["kind"]) == (409, "ExternallyChanged")
        assert "changed since the preview" in said["error"]["message"]
        assert (await site.post("/tags/change", changes=changes))[0] == 422
        assert tree(root) == before


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ([], 400, "no tag is named"),
        ([{"tag": "nowhere", "becomes": "x"}], 400, "no note has #nowhere"),
        ([{"tag": "bread", "becomes": HOSTILE}], 400, "cannot be a tag"),
        ([{"tag": "loaf", "becomes": "bread", "also": True}], 400, "has no vocabulary"),
        ([{"tag": "bread", "into": "loaf"}], 422, "Extra inputs"),
        ([{"tag": "x" * 1_001}], 422, "at most 1000 characters"),
        ("bread", 422, "list"),
    ],
)
async def test_a_change_that_cannot_be_made_says_why(
    tmp_path: Path, changes: object, status: int, why: str
) -> None:
    """The page shows the sentence; nothing is begun."""
    async with asking(tmp_path) as site:
        answered, said = await site.post("/tags/preview", changes=changes)
        assert (answered, why in said["error"]["message"]) == (status, True)


async def test_a_preview_comes_in_pages_and_counts_what_it_leaves(tmp_path: Path) -> None:
    """Each note once, lines within a bound, and an excluded note as a number alone."""
    notes: dict[str, str | bytes] = {
        f"n{n:02}.md": "A #bread, " + "#bread\n" * 90 for n in range(12)
    }
    async with asking(tmp_path, {**notes, "Plan.md": NOTES["Plan.md"]}) as site:
        changes = [{"tag": "bread", "becomes": None}]
        _, first = await site.post("/tags/preview", changes=changes)
        _, last = await site.post("/tags/preview", changes=changes, after=first["next"])
        shown = [one["note"] for one in (*first["notes"], *last["notes"])]
        assert shown == sorted(notes)
        assert (first["digest"], last["next"]) == (last["digest"], None)
        assert all(len(one["lines"]) == 60 and one["more"] > 0 for one in first["notes"])
        assert first["said"] == ["#bread goes."]
        assert first["warnings"] == ["1 excluded note keeps the tag."]


async def test_suggestions_are_decided_without_a_visit_changing_the_queue(tmp_path: Path) -> None:
    """To look queues nothing; a rejected one stays away until it is taken back."""
    async with asking(tmp_path, {**NOTES, "four.md": "---\ntags: [food]\n---\n"}) as site:
        mill = site.desk.mill
        assert mill is not None

        async def found() -> list[tuple[str, str | None]]:
            answer = await site.read("/findings")
            assert answer["total"] == len(answer["items"])
            return [(one["tag"], one["becomes"]) for one in answer["items"]]

        version = await mill.reviewing.version()
        (wanted,) = [one for one in await found() if one[0] == "foods"]
        assert await mill.reviewing.version() == version
        body = {"tag": wanted[0], "becomes": wanted[1]}
        assert (await site.post("/tags/findings/reject", **body))[0] == 200
        assert wanted not in await found()
        assert (await site.post("/tags/findings/take-back", tag="foods"))[1] == {"total": 1}
        assert wanted in await found()
        status, queued = await site.post("/tags/findings/review")
        assert (status, queued["total"]) == (200, len(await found()))
