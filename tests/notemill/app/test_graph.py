"""The graph through the door: what is linked before and after, around a note, and as rows."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

import pytest

from notemill.app.graph import MOST_NEAR, Sort
from notemill.app.mill import Mill
from notemill.app.views import graph as views
from notemill.config import EmbeddingSettings, Exclusions
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import NoteNotFoundError
from notemill.stores.pairs import PairState
from notemill.stores.proposals import NewProposal, ProposalKind
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.links.network import OTHERS, UNTAGGED, Shown, Standing, note_id
from tests.notemill.cli.test_link import MULCH, NOTES, SOIL
from tests.notemill.fronts import KeepingFront, offline_mill
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.graph import Picture

OFF = EmbeddingSettings(EmbeddingKind.OFF)
ODD: dict[str, str | bytes] = {
    "Self.md": "I link to [[Self]] and [[#A heading]] of mine.\n\n# A heading\n",
    "Twice.md": "Once [[Target]], and [[Target|again]], and [[Missing]].\n",
    "Target.md": "Back to [[Twice]].\n",
    "Alone.md": "No link at all.\n",
    "Empty.md": "",
}
TAGGED: dict[str, str | bytes] = {
    "Hub.md": "---\ntags: [garden/soil, Home]\n---\n[[Bed]] [[Path]]\n",
    "Bed.md": "---\ntags: [Garden]\ndescription: Where things grow.\n---\nA bed.\n",
    "Path.md": "[[Gate]]\n",
    "Gate.md": "#home\n",
    "Far.md": "[[Gate]]\n",
}


def linked(picture: Picture) -> set[tuple[str, str, str]]:
    """Return the links of a picture by the notes' keys, in the order of the alphabet."""
    keys = [one.row.note.key for one in picture.notes]
    return {
        (*sorted((keys[one.a], keys[one.b])), str(one.standing))  # type: ignore[misc]
        for one in picture.links
    }


def keys_of(picture: Picture) -> list[str]:
    """Return the notes of a picture."""
    return [one.row.note.key for one in picture.notes]


@pytest.fixture
async def tagged(tmp_path: Path) -> AsyncIterator[Mill]:
    """An open vault with tags, and with links of its owner alone."""
    async with offline_mill(tmp_path, TAGGED) as mill:
        yield mill


async def test_links_of_any_kind_make_a_graph(tmp_path: Path) -> None:
    """Two links are one, one to itself or to no note is none; every note is there."""
    async with offline_mill(tmp_path, ODD) as mill:
        picture = await mill.graph.whole()
        assert linked(picture) == {("Target.md", "Twice.md", "own")}
        assert sorted(keys_of(picture)) == sorted(ODD)
        places = {(one.x, one.y) for one in picture.notes}
        assert len(places) == len(ODD)
        assert all(math.isfinite(number) for place in places for number in place)
        near = await mill.graph.near(note_id("Self.md"))
        assert keys_of(near) == ["Self.md"]
        assert json.loads(json.dumps(views.picture(near)))["links"] == []


@pytest.mark.parametrize("notes", [{"Only.md": "Alone."}, {"A.md": "a", "B.md": "b"}])
async def test_a_vault_without_links_has_its_notes(
    tmp_path: Path, notes: dict[str, str | bytes]
) -> None:
    """Also one of a single note: one of them is in the middle, all are in the rows."""
    async with offline_mill(tmp_path, notes) as mill:
        assert len((await mill.graph.near()).notes) == 1
        assert keys_of(await mill.graph.whole()) == sorted(notes)
        assert (await mill.graph.rows()).total == len(notes)


async def test_a_vault_without_notes_is_an_empty_graph(tmp_path: Path) -> None:
    """Nothing is drawn, and nothing fails."""
    async with offline_mill(tmp_path, {"Ignored.md": "---\nnotemill: ignore\n---\n"}) as mill:
        assert (await mill.graph.near()).notes == (await mill.graph.whole()).notes == ()
        assert (await mill.graph.rows()).rows == ()


async def test_before_has_the_owners_links_and_after_what_notemill_adds(tmp_path: Path) -> None:
    """A pair is proposed, accepted, then written; after an undo it is no link any more."""
    notes = NOTES | {MULCH: f"{NOTES[MULCH]!s}\n[[Trains]]\n"}
    async with offline_mill(tmp_path, notes) as mill:
        own = {(MULCH, "Trains.md", "own")}
        await mill.links.find(LinkSearch(5, 0.1), OFF)
        assert linked(await mill.graph.whole(shown=Shown.BEFORE)) == own
        pairs = await mill.on(lambda opened: opened.links.pairs(states=[PairState.PROPOSED]))
        proposed = {(one.a, one.b, "proposed") for one in pairs}
        assert (MULCH, SOIL, "proposed") in proposed
        assert linked(await mill.graph.whole()) == own | proposed
        first = next(one for one in pairs if (one.a, one.b) == (MULCH, SOIL))
        await mill.on(
            lambda opened: opened.links.decide([first.id], PairState.ACCEPTED, because="", now=1.0)
        )
        after = (own | proposed) - {(MULCH, SOIL, "proposed")} | {(MULCH, SOIL, "accepted")}
        assert linked(await mill.graph.whole()) == after
        ended = await mill.links.find(LinkSearch(5, 0.1), OFF, apply=True)
        written = {(a, b, "written") for a, b, _ in proposed}
        assert linked(await mill.graph.whole()) == own | written
        assert linked(await mill.graph.whole(shown=Shown.BEFORE)) == own
        await mill.applying.undo(ended.run)
        assert linked(await mill.graph.whole()) == own


async def test_a_note_that_is_excluded_is_nowhere(tmp_path: Path) -> None:
    """Neither it nor its links nor its tags are in a picture, a row, a search or a card."""
    notes = {
        "Open.md": "[[Diary]] [[Bed]]\n",
        "Diary.md": "---\ntags: [private/secret]\n---\n[[Open]]\n",
        "Bed.md": "---\ntags: [garden]\n---\n[[Diary]]\n",
    }
    root = write_notes(tmp_path / "vault", notes)
    async with await Mill.open(
        root,
        Settings(home=tmp_path / "home", provider="offline"),
        KeepingFront(),
        exclusions=Exclusions(tags=("private",)),
    ) as mill:
        whole, rows = await mill.graph.whole(), await mill.graph.rows()
        card = await mill.graph.card(note_id("Open.md"))
        told = json.dumps([views.picture(whole), views.rows(rows), views.card(card)])
        assert linked(whole) == {("Bed.md", "Open.md", "own")}
        assert "Diary" not in told
        assert "private" not in told
        assert await mill.graph.search("diary") == await mill.graph.search("secret") == ()
        with pytest.raises(NoteNotFoundError):
            await mill.graph.card(note_id("Diary.md"))
        with pytest.raises(NoteNotFoundError):
            await mill.graph.named("Diary")


async def test_a_neighbourhood_goes_as_far_as_asked(tagged: Mill) -> None:
    """The note is the first and lies in the middle; others come link by link."""
    hub = note_id("Hub.md")
    near = await tagged.graph.near(hub)
    assert keys_of(near)[0] == "Hub.md"
    assert (near.notes[0].x, near.notes[0].y) == (0, 0)
    assert set(keys_of(near)) == {"Hub.md", "Bed.md", "Path.md"}
    assert set(keys_of(await tagged.graph.near(hub, depth=2))) == set(TAGGED) - {"Far.md"}
    assert set(keys_of(await tagged.graph.near(hub, depth=99))) == set(TAGGED)
    with pytest.raises(NoteNotFoundError):
        await tagged.graph.near("0123")


async def test_without_a_name_the_most_linked_note_is_in_the_middle(tmp_path: Path) -> None:
    """Its neighbourhood is cut at a number of notes, which is told."""
    notes: dict[str, str | bytes] = {
        f"n{number:03d}.md": "[[Hub]]\n" for number in range(MOST_NEAR + 20)
    }
    async with offline_mill(tmp_path, notes | {"Hub.md": "Everybody's.\n"}) as mill:
        near = await mill.graph.near()
        assert keys_of(near)[0] == "Hub.md"
        assert (len(near.notes), near.left_out) == (MOST_NEAR, 21)
        assert len((await mill.graph.whole()).notes) == MOST_NEAR + 21


async def test_a_note_lies_at_the_same_place_before_and_after(tmp_path: Path) -> None:
    """What is proposed adds notes and links, and moves none."""
    notes = NOTES | {MULCH: f"{NOTES[MULCH]!s}\n[[Trains]]\n"}
    async with offline_mill(tmp_path, notes) as mill:
        await mill.links.find(LinkSearch(5, 0.1), OFF)
        mulch = note_id(MULCH)
        before = await mill.graph.near(mulch, shown=Shown.BEFORE)
        after = await mill.graph.near(mulch)
        assert set(keys_of(before)) == {MULCH, "Trains.md"}
        assert {MULCH, "Trains.md", SOIL} <= set(keys_of(after))
        where = {one.row.note.key: (one.x, one.y) for one in after.notes}
        assert all((one.x, one.y) == where[one.row.note.key] for one in before.notes)


async def test_top_tags_give_the_colours(tagged: Mill) -> None:
    """The most used of a note's top tags counts, in any case; proposed tags colour the after."""
    await tagged.on(
        lambda opened: opened.review.store(
            "run", [("Far.md", "", [NewProposal(ProposalKind.TAG, "garden/far")])], now=1.0
        )
    )
    whole = await tagged.graph.whole()
    groups = [one.tag.lower() for one in whole.groups]
    assert groups == ["garden", "home"]
    assert [(one.before, one.after) for one in whole.groups] == [(2, 3), (1, 1)]
    coloured = {one.row.note.key: one.row.note for one in whole.notes}
    assert {key: one.after for key, one in coloured.items()} == {
        "Hub.md": 0, "Bed.md": 0, "Far.md": 0, "Gate.md": 1, "Path.md": UNTAGGED
    }  # fmt: skip
    assert coloured["Far.md"].before == UNTAGGED
    assert coloured["Far.md"].proposed_tags == ("garden/far",)


async def test_tags_beyond_the_colours_share_one(tmp_path: Path) -> None:
    """Eight have their own; the others are told apart from notes without a tag."""
    notes: dict[str, str | bytes] = {
        f"{number}{copy}.md": f"#tag{number}\n" for number in range(10) for copy in range(2)
    }
    async with offline_mill(tmp_path, notes) as mill:
        whole = await mill.graph.whole()
        assert len(whole.groups) == 8
        assert {one.row.note.after for one in whole.notes} == {*range(8), OTHERS}


async def test_rows_come_in_every_order_and_in_parts(tagged: Mill) -> None:
    """By name, tag or links, both ways; equal ones by name."""

    async def names(sort: Sort, *, backwards: bool = False) -> list[str]:
        rows = (await tagged.graph.rows(sort=sort, backwards=backwards)).rows
        return [one.note.title for one in rows]

    assert await names(Sort.LINKS) == ["Gate", "Hub", "Path", "Bed", "Far"]
    assert await names(Sort.LINKS, backwards=True) == ["Bed", "Far", "Gate", "Hub", "Path"]
    assert await names(Sort.NAME) == ["Bed", "Far", "Gate", "Hub", "Path"]
    assert (await names(Sort.NAME, backwards=True))[0] == "Path"
    assert await names(Sort.TAG) == ["Bed", "Hub", "Gate", "Far", "Path"]
    part = await tagged.graph.rows(sort=Sort.NAME, skip=2, limit=2)
    assert [one.note.title for one in part.rows] == ["Gate", "Hub"]
    assert (part.total, part.notes, dict(part.links)) == (5, 5, {Standing.OWN: 4})
    near = await tagged.graph.rows(note_id("Far.md"), sort=Sort.NAME)
    assert [one.note.title for one in near.rows] == ["Far", "Gate"]
    assert near.focus is not None
    assert (near.focus.key, near.total, near.notes) == ("Far.md", 2, 5)


async def test_a_search_finds_names_first(tagged: Mill) -> None:
    """What a name begins with comes before what a path or a tag has in it."""
    found = [one.note.title for one in await tagged.graph.search("ga")]
    assert found[0] == "Gate"
    assert set(found) == {"Gate", "Hub", "Bed"}
    assert [one.note.title for one in await tagged.graph.search("#HOME")] == ["Gate", "Hub"]
    assert await tagged.graph.search("  ") == await tagged.graph.search("zz") == ()


async def test_a_card_tells_all_of_a_note(tagged: Mill) -> None:
    """Its description, tags, links and what waits for a decision."""
    await tagged.on(
        lambda opened: opened.review.store(
            "run", [("Bed.md", "", [NewProposal(ProposalKind.TAG, "garden/bed")])], now=1.0
        )
    )
    card = views.card(await tagged.graph.card(note_id("Bed.md")))
    assert (card["note"], card["description"]) == ("Bed.md", "Where things grow.")
    assert (card["tags"], card["proposed_tags"]) == (["Garden"], ["garden/bed"])
    assert [(one["note"], one["standing"]) for one in card["linked"]] == [("Hub.md", "own")]
    assert [(one["kind"], one["value"]) for one in card["proposals"]] == [("tag", "garden/bed")]
    assert card["waiting"] == 1


async def test_an_edit_on_disk_shows_at_once(tagged: Mill) -> None:
    """Nothing is kept that an edit could make wrong; the others keep about their places."""
    before = await tagged.graph.whole()
    path = tagged.root / "Far.md"
    path.write_text("[[Hub]] now, and a longer text.\n", "utf-8")
    after = await tagged.graph.whole()
    assert ("Far.md", "Hub.md", "own") in linked(after) - linked(before)
    assert ("Far.md", "Gate.md", "own") in linked(before) - linked(after)


async def test_the_picture_is_kept_and_is_the_same_the_next_time(tmp_path: Path) -> None:
    """Another process draws it as the last one did; a damaged file only costs the time."""
    async with offline_mill(tmp_path, TAGGED) as mill:
        before = await mill.graph.whole()
    async with offline_mill(tmp_path, TAGGED) as mill:
        assert (await mill.graph.whole()).notes == before.notes
        graph, places = await mill.on(lambda opened: opened.layout.last())
        assert graph
        assert places.keys() == set(TAGGED)
        await mill.on(lambda opened: opened.layout.keep(graph, {}))
        assert len((await mill.graph.whole()).notes) == len(TAGGED)


async def test_a_note_is_named_by_its_path_or_as_a_link_would(tagged: Mill) -> None:
    """As other commands take it."""
    assert await tagged.graph.named("Hub.md") == await tagged.graph.named("[[hub]]")
    with pytest.raises(NoteNotFoundError, match="there is no note 'Nobody'"):
        await tagged.graph.named("Nobody")


async def test_others_get_their_turn_while_all_notes_are_read(tmp_path: Path) -> None:
    """The first graph of a large vault does not keep a decision waiting until it is done."""
    notes: dict[str, str | bytes] = {f"{number}.md": f"[[{number + 1}]]\n" for number in range(450)}
    async with offline_mill(tmp_path, notes) as mill:
        reading = asyncio.create_task(mill.graph.network())
        turns = 0
        while not reading.done():
            await mill.on(lambda opened: opened.root)
            turns += 1
        assert len((await reading).links) == 449
        assert turns >= 4
