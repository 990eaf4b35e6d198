"""Notes that an ingest proposes: read, decided, written with their tags, and taken back."""

from __future__ import annotations

import dataclasses
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

from notemill.app.accepted import AcceptedCounted
from notemill.app.mill import Mill
from notemill.app.review_page import View
from notemill.app.reviewing import OPEN, Wanted
from notemill.config import Exclusions
from notemill.errors import StoreError
from notemill.properties import ALL
from notemill.stores.new_notes import NewNote
from notemill.stores.proposals import Decision, NewProposal, ProposalKind, ProposalState
from notemill.vault.disk import Disk
from notemill.vault.note import bytes_hash, parse
from notemill.workflows.creating import NoteCreation, apply_ingested
from tests.notemill.fronts import KeepingFront, front_of, offline_mill
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from notemill.app.opened import OpenVault
    from notemill.stores.queue_rows import QueueRow
    from notemill.workflows.curation.apply import Applied

T = TypeVar("T")

NOTES = {"Garden/Soil.md": "---\ntags: [soil]\n---\nCompost feeds soil.\n"}
BY = "a test"
PATH = "Clippings/On worms.md"
TEXT = b"---\ntitle: On worms\ntags: [clippings]\n---\n# On worms\n\nWorms turn leaves.\n"
WORMS = NewNote(
    PATH, "On worms", TEXT, "", "https://example.org/worms", ("https://example.org/worms",), "d1",
    (
        NewProposal(ProposalKind.TAG, "soil"),
        NewProposal(ProposalKind.DESCRIPTION, "How worms turn leaves."),
        NewProposal(ProposalKind.TOPIC, "Worms"),
    ),
)  # fmt: skip


@pytest.fixture
async def mill(tmp_path: Path) -> AsyncIterator[Mill]:
    """An open vault without any proposal."""
    async with offline_mill(tmp_path, NOTES) as mill:
        yield mill


async def on(mill: Mill, work: Callable[[OpenVault], T]) -> T:
    """Do something on the vault's own thread."""
    return await mill.on(work)


async def propose(mill: Mill, *notes: NewNote, run: str = "ingest-1") -> None:
    """Propose notes, as an ingest does."""
    await on(mill, lambda opened: opened.new_notes.store(run, notes, now=1.0))


async def accept(mill: Mill, *kinds: ProposalKind) -> int:
    """Accept what waits, of some kinds or of all."""
    wanted = Wanted(kinds=kinds or None)
    return len((await mill.reviewing.decide_all(wanted, Decision.ACCEPT, by=BY)).changed)


async def rows(mill: Mill, *kinds: ProposalKind, note: str | None = None) -> list[QueueRow]:
    """Return the rows that may be shown, in whatever state."""
    wanted = Wanted(states=None, kinds=kinds or None, note=note)
    return list((await mill.reviewing.page(wanted)).rows)


async def states(mill: Mill) -> dict[str, str]:
    """Return the state of each row by its kind."""
    return {str(one.kind): str(one.state) for one in await rows(mill)}


async def test_a_note_is_written_with_its_tags_and_goes_with_its_undo(mill: Mill) -> None:
    """One run: the note, then what was accepted for it; its undo gives the folder back."""
    before = tree(mill.root)
    await propose(mill, WORMS)
    assert await accept(mill) == 4
    written = await mill.applying.accepted()
    assert (written.complete, set(written.notes)) == (True, {PATH})
    (counted,) = front_of(mill).told(AcceptedCounted)
    assert dict(counted.counts) == {"description": 1, "tag": 1, "topic": 1, "note": 1}
    assert (counted.notes, counted.changed) == (1, ())
    note, _ = parse(tree(mill.root)[PATH])
    assert note.tags == ("clippings", "soil")
    assert note.text_of("description") == "How worms turn leaves."
    assert note.list_of("topics") == ("Worms",)
    sources = await on(mill, lambda opened: opened.new_notes.sources())
    assert sources["https://example.org/worms"].run == written.run
    (undone,) = await mill.applying.undo(written.run)
    assert undone.restored
    assert tree(mill.root) == before
    assert not (mill.root / "Clippings").exists()
    assert set((await states(mill)).values()) == {"undone"}
    assert await on(mill, lambda opened: opened.new_notes.sources()) == {}


async def test_what_is_for_a_note_that_is_not_accepted_waits(mill: Mill) -> None:
    """Its tags stay open, without an error; once the note is written, they are, too."""
    await propose(mill, WORMS)
    await accept(mill, ProposalKind.TAG, ProposalKind.TOPIC)
    written = await mill.applying.accepted()
    assert (written.run, written.complete, written.failed) == ("", True, ())
    assert front_of(mill).told(AcceptedCounted)[-1].waiting == 2
    other = dataclasses.replace(WORMS, note="Other.md", keys=("2",), proposals=())
    await propose(mill, other)
    (row,) = await rows(mill, ProposalKind.NOTE, note="Other.md")
    await mill.reviewing.decide([row.id], Decision.ACCEPT, by=BY)
    written = await mill.applying.accepted()
    assert (written.notes, written.complete) == (("Other.md",), True)
    assert (await states(mill))["tag"] == "accepted"
    await accept(mill, ProposalKind.NOTE)
    assert (await mill.applying.accepted()).notes == (PATH,)
    assert parse(tree(mill.root)[PATH])[0].tags == ("clippings", "soil")
    assert (await states(mill))["description"] == "pending"
    await accept(mill, ProposalKind.DESCRIPTION)
    assert (await mill.applying.accepted()).complete
    assert b"How worms" in tree(mill.root)[PATH]


async def test_only_the_note_that_was_chosen_is_written(mill: Mill) -> None:
    """What is chosen for a note that is not waits for it."""
    await propose(mill, WORMS)
    await accept(mill)
    by_kind = {one.kind: one.id for one in await rows(mill)}
    assert (await mill.applying.accepted([by_kind[ProposalKind.TAG]])).run == ""
    assert PATH not in tree(mill.root)
    written = await mill.applying.accepted([by_kind[ProposalKind.NOTE]])
    assert written.notes == (PATH,)
    assert tree(mill.root)[PATH] == TEXT


async def test_a_name_taken_meanwhile_is_left_and_the_tags_follow(mill: Mill) -> None:
    """The owner's own note of that name is not touched; what was accepted finds the other."""
    await propose(mill, WORMS)
    await accept(mill)
    (mill.root / "clippings").mkdir()
    (mill.root / "clippings" / "on worms.md").write_text("Mine.\n", "utf-8")
    written = await mill.applying.accepted()
    assert written.complete
    after = tree(mill.root)
    assert after["clippings/on worms.md"] == b"Mine.\n"
    assert parse(after["clippings/On worms 2.md"])[0].tags == ("clippings", "soil")
    assert {one.under for one in await rows(mill)} == {"clippings/On worms 2.md"}
    assert all(one.restored for one in await mill.applying.undo(written.run))
    assert tree(mill.root) == {k: v for k, v in after.items() if "2.md" not in k}
    assert set((await states(mill)).values()) == {"undone"}


def replacing(mill: Mill) -> NewNote:
    """Return a note in place of one that there is."""
    raw = (mill.root / "Garden/Soil.md").read_bytes()
    return dataclasses.replace(
        WORMS, note="Garden/Soil.md", replaces=bytes_hash(raw), content=raw + b"\nMore.\n"
    )


async def test_a_note_is_replaced_as_a_whole_and_comes_back(mill: Mill) -> None:
    """Unless its owner has changed it since: then nothing of it is written, and that is said."""
    before = tree(mill.root)
    await propose(mill, replacing(mill))
    await accept(mill)
    written = await mill.applying.accepted()
    assert tree(mill.root)["Garden/Soil.md"].endswith(b"More.\n")
    assert all(one.restored for one in await mill.applying.undo(written.run))
    assert tree(mill.root) == before


async def test_a_note_that_was_changed_since_is_not_replaced(mill: Mill) -> None:
    """It ends in conflict with all that was proposed for its new text."""
    await propose(mill, replacing(mill))
    await accept(mill)
    (mill.root / "Garden/Soil.md").write_text("Mine alone.\n", "utf-8")
    written = await mill.applying.accepted()
    assert [one.key for one in written.failed] == ["Garden/Soil.md"]
    assert (mill.root / "Garden/Soil.md").read_text("utf-8") == "Mine alone.\n"
    assert set((await states(mill)).values()) == {"conflict"}


async def test_an_edited_note_stays_when_its_run_is_undone(mill: Mill) -> None:
    """The owner's words are not removed with it."""
    await propose(mill, WORMS)
    await accept(mill)
    written = await mill.applying.accepted()
    path = mill.root / PATH
    path.write_bytes(path.read_bytes() + b"Mine.\n")
    (undone,) = await mill.applying.undo(written.run)
    assert not undone.restored
    assert path.read_bytes().endswith(b"Mine.\n")
    assert (await states(mill))["note"] == "applied"


async def test_a_note_whose_writer_was_killed_is_not_written_twice(mill: Mill) -> None:
    """What is there under the next free name is found, and belongs to the run that wrote it."""
    await propose(mill, WORMS)
    await accept(mill, ProposalKind.NOTE)
    (mill.root / "Clippings").mkdir()
    (mill.root / PATH).write_text("Mine.\n", "utf-8")

    def die(opened: OpenVault) -> None:
        def fail() -> None:
            raise StoreError("as told")

        opened.vault.create("Clippings/On worms 2.md", TEXT, run="killed", also=fail)

    await on(mill, die)
    before = tree(mill.root)
    assert (await mill.applying.accepted()).notes == ("Clippings/On worms 2.md",)
    assert tree(mill.root) == before
    assert (await states(mill))["note"] == "applied"
    (undone,) = await mill.applying.undo("killed")
    assert undone.restored
    assert (await states(mill))["note"] == "undone"


async def test_a_full_disk_leaves_the_note_accepted(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left behind, the problem is named, and the same command finishes it."""
    await propose(mill, WORMS)
    await accept(mill)
    with monkeypatch.context() as broken:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr(Disk, "create", full)
        written = await mill.applying.accepted()
    assert [(one.key, "space" in one.reason) for one in written.failed] == [(PATH, True)]
    assert not (mill.root / "Clippings").exists()
    assert (await states(mill))["note"] == "accepted"
    assert (await mill.applying.accepted()).complete


async def test_a_note_is_shown_as_it_would_be(mill: Mill) -> None:
    """Its text is there to be read; its tags are shown in it; none of that counts as outdated."""
    await propose(mill, WORMS)
    view = View(Wanted(states=OPEN))
    listing = await mill.review_page.listing(view)
    assert [(one.row.kind, one.is_stale) for one in listing.rows] == [
        ("note", False), ("description", False), ("tag", False), ("topic", False),
    ]  # fmt: skip
    assert len({one.group for one in listing.rows}) == 1
    shown = await mill.review_page.detail(listing.rows[0].row.id)
    assert shown is not None
    assert shown.excerpts[0].lines == tuple(TEXT.decode().rstrip().splitlines())
    tagged = await mill.review_page.detail(listing.rows[2].row.id)
    assert tagged is not None
    assert tagged.diff is not None
    assert not tagged.problem
    assert "soil" in str(tagged.diff)
    told = await mill.reviewing.look_at(listing.rows[1].row)
    assert told is not None
    assert told.change is not None
    assert told.change.after.startswith(b"---\ntitle: On worms\n")
    edited = await mill.reviewing.decide(
        [listing.rows[1].row.id], Decision.ACCEPT, by=BY, value="Worms at work."
    )
    assert [one.value for one in edited.changed] == ["Worms at work."]


async def test_a_replaced_note_is_shown_with_what_changes(mill: Mill) -> None:
    """As a difference to the note as it is; as outdated once its owner has edited it."""
    await propose(mill, replacing(mill))
    (row,) = await rows(mill, ProposalKind.NOTE)
    shown = await mill.review_page.detail(row.id)
    assert shown is not None
    assert not shown.listed.is_stale
    assert "More." in str(shown.diff)
    (mill.root / "Garden/Soil.md").write_text("Mine.\n", "utf-8")
    listing = await mill.review_page.listing(View(Wanted(states=OPEN)))
    assert [one.is_stale for one in listing.rows if one.row.kind is ProposalKind.NOTE] == [True]


async def test_a_note_whose_text_was_dropped_says_so_and_is_not_written(mill: Mill) -> None:
    """A rejection that is taken back too late leaves nothing to write, and that is said."""
    await propose(mill, WORMS)
    (row,) = await rows(mill, ProposalKind.NOTE)
    await mill.reviewing.decide([row.id], Decision.REJECT, by=BY)
    await on(mill, lambda opened: opened.new_notes.drop())
    await mill.reviewing.decide([row.id], Decision.ACCEPT, by=BY)
    shown = await mill.review_page.detail(row.id)
    assert shown is not None
    assert "no longer kept" in shown.excerpts[0].problem
    written = await mill.applying.accepted()
    assert ["no longer kept" in one.reason for one in written.failed] == [True]
    assert PATH not in tree(mill.root)


def ingested(opened: OpenVault, *, replace: bool = False) -> list[Applied]:
    """Write what a run proposes without asking, as `--apply` does."""
    both = (ProposalState.PENDING, ProposalState.ACCEPTED)
    creation = NoteCreation(
        opened.vault, opened.new_notes, "ingest-1", opened.clock, opened.privacy, both
    )
    return list(
        apply_ingested(
            creation, opened.review, "ingest-1",
            replacing=replace, gate=opened.gate(), used=ALL,
        )
    )  # fmt: skip


async def test_unasked_a_run_writes_what_needs_no_person(mill: Mill) -> None:
    """Notes that are new and their additions; what would replace a note waits, with its tags."""
    other = dataclasses.replace(replacing(mill), keys=("https://example.org/soil",))
    await propose(mill, WORMS, other)
    before = tree(mill.root)
    done = await on(mill, ingested)
    assert [(one.note, len(one.written), one.problem) for one in done] == [
        (PATH, 1, ""), (PATH, 3, ""),
    ]  # fmt: skip
    assert tree(mill.root) == before | {PATH: tree(mill.root)[PATH]}
    left = await rows(mill, note="Garden/Soil.md")
    assert {one.state for one in left} == {ProposalState.PENDING}
    done = await on(mill, lambda opened: ingested(opened, replace=True))
    assert all(not one.problem for one in done)
    assert all(one.restored for one in await mill.applying.undo("ingest-1"))
    assert tree(mill.root) == before


HIDDEN = {
    "by its folder": (Exclusions(("Clippings",), ()), WORMS),
    "by its property": (Exclusions((), ("clippings",)), WORMS),
    "by its text": (
        Exclusions((), ("secret",)),
        dataclasses.replace(WORMS, content=TEXT + b"\n#Secret/plan\n"),
    ),
}


@asynccontextmanager
async def opened_with(tmp_path: Path, exclusions: Exclusions) -> AsyncIterator[Mill]:
    """Open a vault with exclusions."""
    settings = Settings(home=tmp_path / "home", provider="offline")
    root = write_notes(tmp_path / "vault", NOTES)
    async with await Mill.open(
        root, settings, KeepingFront(), exclusions=exclusions, clock=lambda: 1_800_000_000.0
    ) as mill:
        yield mill


@pytest.mark.parametrize("how", HIDDEN)
async def test_a_note_that_would_be_excluded_is_not_shown_nor_written(
    how: str, tmp_path: Path
) -> None:
    """By folder or tag: neither it nor what is proposed for it, not even where it was accepted."""
    exclusions, note = HIDDEN[how]
    async with opened_with(tmp_path, Exclusions((), ())) as mill:
        await propose(mill, note)
        ids = [one.id for one in await rows(mill)]
        other = NewNote("Other.md", "Other", b"Shown.\n", "", "", ("2",), "d2")
        await propose(mill, other)
        await accept(mill)
    async with opened_with(tmp_path, exclusions) as mill:
        assert [one.under for one in await rows(mill)] == ["Other.md"]
        assert [await mill.review_page.detail(one) for one in ids] == [None] * 4
        decided = await mill.reviewing.decide(ids, Decision.REJECT, by=BY)
        assert (decided.changed, decided.missing) == ((), tuple(ids))
        assert (await mill.applying.to_write()).counts == {"note": 1}
        written = await mill.applying.accepted()
        assert (written.notes, written.failed, written.hidden) == (("Other.md",), (), 1)
        assert PATH not in tree(mill.root)
