"""Links written while processes die, disks fail and people edit: no half stays unnoticed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pytest

from notemill.app.mill import Mill
from notemill.app.opened import OpenVault
from notemill.cli.front import TerminalFront
from notemill.cli.link import find
from notemill.config import EmbeddingSettings, Exclusions
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import VaultError
from notemill.index.derived import unseen
from notemill.privacy import Privacy
from notemill.stores.deciding import Deciding
from notemill.stores.journal import StoredJournal
from notemill.stores.pairs import LinkRun, NewPair, PairState
from notemill.stores.proposals import Decision
from notemill.stores.queue_rows import Filter
from notemill.vault.curatelock import curate_lock
from notemill.vault.files import Vault
from notemill.vault.related import Form
from notemill.workflows.links.finding import LinkSearch
from tests.notemill.cli.test_link import COMPOST, MULCH, NOTES, SOIL
from tests.notemill.linking.reader import assert_linked_both_ways, related_links
from tests.notemill.vault.folders import Death, ScriptedDisk
from tests.notemill.workflows.notes import tree, undone, write_notes
from tests.thinning import thinned
from twolane import Settings
from twolane.front.console import Console

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from notemill.vault.disk import Disk

STEPS = ("create", "half create", "replace", "after replace", "sync_folder")
WRITES = 8  # notes that get a link


@dataclass
class LateDisk(ScriptedDisk):
    """A disk that fails at the step named, but only when it is taken for the time `at`."""

    at: int = 0
    before: Callable[[str], None] = lambda _: None

    def _step(self, name: str) -> None:
        self.before(name)
        if name == self.fails and not self.dead:
            self.at -= 1
            if self.at >= 0:
                return
        super()._step(name)


OFF = EmbeddingSettings(kind=EmbeddingKind.OFF)
T = TypeVar("T")


def on_disk(one: OpenVault, disk: Disk) -> None:
    """Have the vault written to another disk."""
    one.vault = Vault(one.root, one.state, StoredJournal(one.store), clock=time.time, disk=disk)


@contextlib.contextmanager
def opened(folder: Path, disk: Disk | None = None) -> Iterator[OpenVault]:
    """Open the vault as a process of its own."""
    one = OpenVault(
        folder / "vault", home=folder / "home", privacy=Privacy(Exclusions()), clock=time.time,
        watch=unseen, processes=1,
    )  # fmt: skip
    if disk is not None:
        on_disk(one, disk)
    try:
        yield one
    finally:
        one.close()


def door(folder: Path, job: Callable[[Mill], Awaitable[T]], disk: Disk | None = None) -> T:
    """Do something with the vault through the door, as one process."""

    async def process() -> T:
        settings = Settings(home=folder / "home", provider="offline")
        front = TerminalFront(yes=True, console=Console(file=io.StringIO(), width=200))
        mill = await Mill.open(folder / "vault", settings, front, exclusions=Exclusions())
        async with mill:
            if disk is not None:
                await mill.on(on_disk, disk)
            return await job(mill)

    return asyncio.run(process())


def link(
    folder: Path, disk: Disk | None = None, form: Form = Form.PROPERTY, *, apply: bool = True
) -> int:
    """Find links and write them at once, as one process; return the exit code."""

    async def job(mill: Mill) -> int:
        return await find(
            mill, LinkSearch(5, 0.1, form), OFF, None, Console(file=io.StringIO(), width=200),
            again=False, apply=apply, as_json=False,
        )  # fmt: skip

    return door(folder, job, disk)


def pairs(folder: Path, *states: PairState) -> set[tuple[str, str]]:
    """Return the pairs that stand somewhere."""
    with opened(folder) as one:
        return {(one.a, one.b) for one in one.links.pairs(states=states or None)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the vault is when nothing went wrong."""
    folder = tmp_path_factory.mktemp("whole")
    write_notes(folder / "vault", NOTES)
    assert link(folder) == 0
    return tree(folder / "vault")


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow, as on a disk without space."""
    resource = pytest.importorskip("resource", reason="no limits of files on Windows")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_to_be_one_whichever_file_cannot_grow(tmp_path: Path) -> None:
    """Index, contents and links each end with their message, and work on when there is space."""
    write_notes(tmp_path / "vault", NOTES)
    with opened(tmp_path) as one:
        facts = one.index.refresh(one.vault, one.vault.scan())
        one.index.forget(SOIL)
        new = NewPair(SOIL, MULCH, 0.5, {}, "", "")
        run = LinkRun("link-1", 0.0, {})
        with full_disk():
            with pytest.raises(VaultError, match=r"derived\.sqlite3 cannot be written"):
                one.index.refresh(one.vault, one.vault.scan())
            with pytest.raises(VaultError, match=r"derived\.sqlite3 cannot be written"):
                one.index.contents.refresh(one.vault, facts)
            with pytest.raises(VaultError, match=r"vault\.sqlite3 cannot be written"):
                one.links.propose(run, [new])
            with curate_lock(one.state, one.root):
                pass
        assert one.index.refresh(one.vault, one.vault.scan()) == facts
        assert len(one.index.contents.documents(one.vault, facts)[0]) == len(NOTES)
        one.links.propose(run, [new])
        assert [one.state for one in one.links.pairs()] == [PairState.PROPOSED]


@pytest.mark.parametrize("at", thinned(range(WRITES), every=3))
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_dies_at_any_write_is_made_good_by_the_next(
    step: str, at: int, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """Notes are whole, old or new; the next run completes both sides, the one after has nothing."""
    root = write_notes(tmp_path / "vault", NOTES)
    before = tree(root)
    with pytest.raises(Death):
        link(tmp_path, LateDisk(fails=step, fault=Death(), at=at))
    now = tree(root)
    assert all(now[name] in (before[name], whole[name]) for name in before)
    assert link(tmp_path) == 0
    assert tree(root) == whole
    assert pairs(tmp_path) == pairs(tmp_path, PairState.WRITTEN)
    assert link(tmp_path) == 0
    assert tree(root) == whole


NUMBERED = "Garden/Soil #1.md"  # in no wikilink


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a vault is that has such a name from the start, when nothing went wrong."""
    folder = tmp_path_factory.mktemp("numbered")
    write_notes(folder / "vault", NOTES)
    (folder / "vault" / SOIL).rename(folder / "vault" / NUMBERED)
    assert link(folder) == 0
    return tree(folder / "vault")


@pytest.mark.parametrize("at", range(WRITES))
def test_links_below_the_text_and_in_properties_are_made_good_alike(
    at: int, tmp_path: Path, numbered: dict[str, bytes]
) -> None:
    """What a death left on one side is completed where a run without it had put it."""
    root = write_notes(tmp_path / "vault", NOTES)
    (root / SOIL).rename(root / NUMBERED)
    with pytest.raises(Death):
        link(tmp_path, LateDisk(fails="after replace", fault=Death(), at=at))
    assert link(tmp_path) == 0
    assert tree(root) == numbered


@pytest.mark.parametrize("at", range(2))
@pytest.mark.parametrize("step", ["create", "after replace"])
def test_a_link_that_moves_when_the_process_dies_stands_in_one_place(
    step: str, at: int, tmp_path: Path
) -> None:
    """A note got a name that the property cannot hold: its links are there or below, never both."""
    root = write_notes(tmp_path / "vault", NOTES)
    link(tmp_path)
    (root / SOIL).rename(root / NUMBERED)
    with pytest.raises(Death):
        link(tmp_path, LateDisk(fails=step, fault=Death(), at=at))
    for _ in range(2):
        assert link(tmp_path) == 0
    after = tree(root)
    for name in (COMPOST, MULCH):
        assert b"[[Soil]]" not in after[name]
        assert after[name].count(b"- [Soil #1](Soil%20%231.md)") == 1
    assert link(tmp_path) == 0
    assert tree(root) == after
    assert not pairs(tmp_path, PairState.REJECTED)


@pytest.mark.parametrize("at", thinned(range(WRITES), every=3))
@pytest.mark.parametrize("step", ["create", "after replace"])
def test_an_undo_that_dies_at_any_note_is_finished_or_made_good(
    step: str, at: int, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """The undo repeated restores all; so does a run after it write all again."""
    root = write_notes(tmp_path / "vault", NOTES)
    before = tree(root)
    link(tmp_path)
    with opened(tmp_path) as one:
        run = one.vault.runs()[0].run
    disk = LateDisk(fails=step, fault=Death(), at=at)
    with pytest.raises(Death), opened(tmp_path, disk) as one:
        undone(one, run)
    with opened(tmp_path) as one:
        undone(one, run)
    assert tree(root) == before
    assert pairs(tmp_path) == pairs(tmp_path, PairState.UNDONE)
    assert link(tmp_path) == 0
    assert tree(root) == whole


def test_accepted_pairs_that_cannot_be_written_stay_accepted(tmp_path: Path) -> None:
    """No rights or no space: nobody has to decide again, and the next writing has them all."""
    write_notes(tmp_path / "vault", NOTES)
    link(tmp_path, apply=False)
    with opened(tmp_path) as one:
        done = Deciding(one.store).decide_all(Filter(), Decision.ACCEPT, by="me", now=2.0)
    wanted = pairs(tmp_path, PairState.ACCEPTED)
    assert len(wanted) == len(done.changed) > 1
    with opened(tmp_path) as one:
        (run,) = one.links.runs()
    door(tmp_path, lambda mill: mill.links.apply(run.id), ScriptedDisk(fails="create"))
    assert pairs(tmp_path, PairState.ACCEPTED) == wanted
    door(tmp_path, lambda mill: mill.links.apply(run.id))
    assert pairs(tmp_path, PairState.WRITTEN) == wanted


def test_a_link_half_undone_is_no_rejection(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """One note is restored alone: the next run says so, and links the pair again."""
    root = write_notes(tmp_path / "vault", NOTES)
    link(tmp_path)
    with opened(tmp_path) as one:
        run = one.vault.runs()[0].run
        undone(one, run, note=SOIL)
    assert not pairs(tmp_path, PairState.REJECTED)
    assert (MULCH, SOIL) in pairs(tmp_path, PairState.UNDONE)
    link(tmp_path)
    assert tree(root) == whole


@pytest.mark.parametrize("at", thinned(range(WRITES), every=3))
def test_a_full_disk_leaves_halves_that_the_next_run_completes(
    at: int, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """One note cannot be written: it is named, the exit code says so, the next run mends it."""
    root = write_notes(tmp_path / "vault", NOTES)
    assert link(tmp_path, LateDisk(fails="create", at=at)) == 3
    assert link(tmp_path) == 0
    assert tree(root) == whole


@pytest.mark.parametrize("at", thinned(range(WRITES), every=3))
@pytest.mark.parametrize("name", [SOIL, "Sourdough.md", "Vienna.md"])
def test_a_note_edited_while_links_are_written_keeps_every_word(
    name: str, at: int, tmp_path: Path
) -> None:
    """The edit stands, whenever it comes; two runs later every pair is in both notes or none."""
    root = write_notes(tmp_path / "vault", NOTES)
    steps = {"replace": at}
    edit = b"\nAnd words of my own, typed meanwhile.\n"

    def typing(step: str) -> None:
        if step == "create":
            if steps["replace"] == 0:
                with (root / name).open("ab") as file:
                    file.write(edit)
            steps["replace"] -= 1

    code = link(tmp_path, LateDisk(before=typing))
    assert code in (0, 3)
    assert (root / name).read_bytes().endswith(edit)
    link(tmp_path)
    link(tmp_path)
    after = tree(root)
    assert link(tmp_path) == 0
    assert tree(root) == after
    assert (root / name).read_bytes().endswith(edit)
    assert_linked_both_ways(root, pairs(tmp_path, PairState.WRITTEN))
    linked = {(one.note, one.target) for one in related_links(root)}
    assert {(b, a) for a, b in linked} == linked
    assert not pairs(tmp_path, PairState.REJECTED, PairState.WRITING)


def test_a_note_deleted_while_links_are_written_takes_its_links_along(tmp_path: Path) -> None:
    """What it was to be linked with is cleared by the next run."""
    root = write_notes(tmp_path / "vault", NOTES)
    done: list[str] = []

    def deleting(step: str) -> None:
        if step == "after replace" and not done:
            (root / SOIL).unlink()
            done.append(step)

    assert link(tmp_path, LateDisk(before=deleting)) == 3
    link(tmp_path)
    assert all(one.target is not None for one in related_links(root))
    assert not [one for one in related_links(root) if one.target == SOIL]
    after = tree(root)
    assert link(tmp_path) == 0
    assert tree(root) == after
    assert b"related" in after[COMPOST]


def test_a_ledger_that_is_lost_costs_no_note_and_no_byte(tmp_path: Path) -> None:
    """Without it notemill's links are the owner's: nothing of them is touched or doubled."""
    root = write_notes(tmp_path / "vault", NOTES)
    link(tmp_path)
    before = tree(root)
    for path in (tmp_path / "home").rglob("vault.sqlite3*"):
        path.unlink()
    link(tmp_path)
    linked = related_links(root)
    assert len(linked) == len({(one.note, one.target) for one in linked})
    for name, raw in before.items():
        for line in raw.splitlines():
            assert line in tree(root)[name], "a line of the vault is gone"


def test_the_undo_of_a_run_is_exact_also_behind_another_form(tmp_path: Path) -> None:
    """A section below a property: each run takes out its own bytes."""
    root = write_notes(tmp_path / "vault", NOTES)
    before = tree(root)
    link(tmp_path)
    with opened(tmp_path) as one:
        first = one.vault.runs()[0].run
    write_notes(root, {"Worms.md": "Worms eat leaves in garden soil and make compost.\n"})
    link(tmp_path, form=Form.SECTION)
    with opened(tmp_path) as one:
        second = one.vault.runs()[0].run
        assert second != first
        ended = undone(one, first, through=True)
        assert {one.ending for one in ended} == {"restored"}
        undone(one, second)
    (root / "Worms.md").unlink()
    assert tree(root) == before
