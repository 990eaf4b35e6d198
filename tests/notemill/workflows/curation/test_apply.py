"""Proposals become bytes, guarded by what was read; and out again, to the byte."""

from __future__ import annotations

import errno
import multiprocessing
import os
import time
from typing import TYPE_CHECKING

import pytest

from notemill.errors import VaultLockedError
from notemill.stores.journal import StoredJournal
from notemill.stores.proposals import Proposal, ProposalKind, ProposalState
from notemill.stores.review import Review
from notemill.tagging.gate import OPEN, Gate
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.vault import writerlock
from notemill.vault.disk import Disk
from notemill.vault.files import Ending, Vault
from notemill.vault.note import parse, source_hash
from notemill.workflows.curation.apply import preview, waits_for_person
from tests.doubles import Crash
from tests.notemill.vault.folders import open_vault
from tests.notemill.workflows.notes import Desk, curated, many, tree, undone
from tests.thinning import thinned

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault

MINE = "---\ntags: [Mine, area/tested]\ndescription: Mine, by hand.  # stays\n---\nWords.\n"


# -- what is written ------------------------------------------------------------------------------


def test_nothing_is_written_without_apply(tmp_path: Path) -> None:
    """Proposals wait: the vault's files are byte for byte what they were."""
    desk = Desk(tmp_path, {**many(3), "mine.md": MINE})
    before = tree(desk.root)
    assert desk.curate().code == 0
    assert tree(desk.root) == before


@pytest.mark.parametrize("reviewed", [False, True])
def test_what_a_person_wrote_stays_under_apply(tmp_path: Path, reviewed: bool) -> None:  # noqa: FBT001
    """Only additions go in; a description of a person's, and their tags, stay word for word."""
    desk = Desk(tmp_path, {"mine.md": MINE})
    desk.curate(apply=not reviewed)
    if reviewed:
        (done,) = desk.apply()
        assert [one.value for one in done.waiting] == ["All about mine."]
    text = desk.text("mine.md")
    assert "description: Mine, by hand.  # stays" in text
    assert "tags: [Mine, area/tested]" in text
    assert text.replace("topics: [mine]\n", "") == MINE


def test_only_replace_replaces_a_description_and_undo_brings_it_back(tmp_path: Path) -> None:
    """With `--replace` a person says so; the old one comes back to the byte."""
    desk = Desk(tmp_path, {"mine.md": MINE})
    desk.curate()
    desk.apply(replace=True)
    assert "All about mine." in desk.text("mine.md")
    assert "Mine, by hand" not in desk.text("mine.md")
    desk.undo()
    assert desk.text("mine.md") == MINE


def test_replace_leaves_what_was_written_after_the_proposal_was_made(tmp_path: Path) -> None:
    """A person agreed to lose the description they saw, not the one they wrote since."""
    desk = Desk(tmp_path, {"mine.md": MINE})
    desk.curate()
    desk.path("mine.md").write_text(MINE.replace("by hand", "rewritten"), "utf-8")
    desk.apply(replace=True)
    assert "description: Mine, rewritten.  # stays" in desk.text("mine.md")
    found = next(one for one in desk.proposals() if one.state is ProposalState.PENDING)
    assert found.replaces == "Mine, rewritten."
    desk.apply(replace=True)
    assert "All about mine." in desk.text("mine.md")


@pytest.mark.parametrize(
    "description",
    [
        "description: Mine, since.",
        "description: [Mine, since]",
        "description: 7",
        "description: >-\n  Mine",
    ],
)
def test_a_description_written_after_curate_is_kept_by_apply(
    tmp_path: Path, description: str
) -> None:
    """Owned properties edited in between are merged with, never overwritten."""
    desk = Desk(tmp_path, many(1))
    desk.curate()
    path = desk.path("n000.md")
    path.write_text(f"---\n{description}\ntags: [by-hand]\n---\n" + many(1)["n000.md"], "utf-8")
    (done,) = desk.apply()
    assert not done.problem
    text = path.read_text("utf-8")
    assert description in text
    assert "tags: [by-hand, area/tested]" in text
    assert [one.value for one in done.waiting] == ["All about n000."]


def test_a_description_of_our_own_that_a_person_edited_is_theirs(tmp_path: Path) -> None:
    """The next run would replace it only by name."""
    desk = Desk(tmp_path, many(1))
    desk.curate(apply=True)
    path = desk.path("n000.md")
    path.write_text(path.read_text("utf-8").replace("All about", "Much about"), "utf-8")
    desk.curate(apply=True, refresh=True)
    assert "Much about n000." in path.read_text("utf-8")
    (found,) = [one for one in desk.proposals() if one.kind == "description"]
    assert found.replaces == "Much about n000."


def test_a_note_edited_between_curate_and_apply_is_a_conflict(tmp_path: Path) -> None:
    """What was proposed for another text is not written; the others are."""
    desk = Desk(tmp_path, many(3))
    desk.curate()
    desk.path("n001.md").write_text("Quite another text.\n", "utf-8")
    done = {one.note: one for one in desk.apply()}
    assert done["n001.md"].conflict
    assert "curate it again" in done["n001.md"].problem
    assert desk.text("n001.md") == "Quite another text.\n"
    assert "All about n002" in desk.text("n002.md")
    assert desk.report().items.conflict == 1
    assert desk.needs() == {"n001.md": "changed since it was last curated"}


def test_a_note_to_be_ignored_since_it_was_read_is_left_alone(tmp_path: Path) -> None:
    """A person who says so after the proposals were made is obeyed."""
    desk = Desk(tmp_path, many(1))
    desk.curate()
    path = desk.path("n000.md")
    path.write_text("---\nnotemill: ignore\n---\n" + many(1)["n000.md"], "utf-8")
    before = tree(desk.root)
    (done,) = desk.apply()
    assert done.conflict
    assert "notemill: ignore" in done.problem
    assert tree(desk.root) == before


def test_a_tag_that_was_added_meanwhile_is_not_written_twice(tmp_path: Path) -> None:
    """The user's own spelling of a proposed tag is the one that stays."""
    desk = Desk(tmp_path, many(1))
    desk.curate()
    path = desk.path("n000.md")
    path.write_text("---\ntags:\n- AREA/Tested\n---\n" + many(1)["n000.md"], "utf-8")
    desk.apply()
    assert path.read_text("utf-8").lower().count("area/tested") == 1
    assert "- AREA/Tested" in path.read_text("utf-8")


@pytest.mark.parametrize("how", ["deleted", "renamed"])
def test_a_note_that_is_gone_is_a_conflict_and_comes_back_under_its_new_name(
    tmp_path: Path, how: str
) -> None:
    """Neither the other notes nor later commands stumble over it."""
    desk = Desk(tmp_path, many(3))
    desk.curate()
    if how == "deleted":
        desk.path("n001.md").unlink()
    else:
        desk.path("n001.md").rename(desk.path("new name.md"))
    done = {one.note: one for one in desk.apply()}
    assert done["n001.md"].conflict
    assert done["n000.md"].written
    assert done["n002.md"].written
    assert desk.apply() == []
    assert list(desk.needs()) == ([] if how == "deleted" else ["new name.md"])


def test_two_runs_add_up_and_share_no_tag(tmp_path: Path) -> None:
    """A second run's proposals are beyond what the first has written."""
    desk = Desk(tmp_path, many(1))
    desk.curate(apply=True)
    desk.provider.reply = lambda params: curated(params, tags=["AREA/tested", "more/words"])
    desk.curate(apply=True, refresh=True)
    text = desk.text("n000.md")
    assert text.count("/tested") == 1
    assert "more/words" in text


def test_proposals_of_two_runs_applied_in_any_order_make_no_double_tag(tmp_path: Path) -> None:
    """Both runs read the note before either was applied."""
    desk = Desk(tmp_path, many(1))
    first = desk.curate().run
    second = desk.curate(refresh=True).run
    assert first != second
    desk.apply(second)
    desk.apply(first)
    assert desk.text("n000.md").count("area/tested") == 1
    assert desk.text("n000.md").count("description:") == 1


def test_rejected_proposals_never_come_back(tmp_path: Path) -> None:
    """What a person turned down for a note is not proposed again, in any spelling."""
    desk = Desk(tmp_path, many(1))
    desk.curate()

    def reject(opened: OpenVault) -> None:
        tags = [one for one in opened.review.proposals(desk_run) if one.kind == "tag"]
        opened.review.decide(tags, ProposalState.REJECTED, now=0.0)

    desk_run = desk.latest()
    desk.on(reject)
    desk.provider.reply = lambda params: curated(params, tags=["Area/TESTED", "fine/one"])
    desk.curate(apply=True, refresh=True)
    assert "tested" not in desk.text("n000.md").lower()
    assert "fine/one" in desk.text("n000.md")


# -- what stands in the way -----------------------------------------------------------------------


class FullDisk(Disk):
    """A disk that refuses to create files."""

    def __init__(self, number: int) -> None:
        """Refuse with the error `number`."""
        self._number = number

    def create(self, path: str, data: bytes, like: str) -> None:
        """Refuse."""
        del path, data, like
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_to_keeps_notes_and_proposals(
    tmp_path: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says so and fails, and applying again once there is room writes them."""
    desk = Desk(tmp_path, many(2))
    before = tree(desk.root)

    def break_disk(_: Mill, opened: OpenVault) -> None:
        journal = StoredJournal(opened.store)
        opened.vault = Vault(
            desk.root, opened.state, journal, clock=time.time, disk=FullDisk(number)
        )

    ended = desk.curate(apply=True, tamper=break_disk, as_json=True)
    assert ended.code == 3
    assert "0 notes written" in ended.shown
    assert '"not_written"' in capsys.readouterr().out
    assert tree(desk.root) == before
    again = desk.curate(apply=True)
    assert again.code == 0
    assert "2 notes written" in again.shown
    assert len(desk.asked) == 2


def _hold(root: Path, state: Path, held: Event, done: Event) -> None:
    """Hold a vault's lock in another process until told."""
    vault = open_vault(root, state)
    with vault.lock():
        held.set()
        done.wait(30)
    vault.close()


@pytest.mark.loopback
def test_a_vault_that_another_process_writes_to_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command names the process and changes nothing; afterwards it does its work."""
    monkeypatch.setattr(writerlock, "LOCK_WAIT_S", 0)
    desk = Desk(tmp_path, many(2))
    run = desk.curate().run
    before = tree(desk.root)
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    (state,) = (desk.home / "vaults").iterdir()
    other = context.Process(target=_hold, args=(desk.root, state, held, done))
    other.start()
    try:
        assert held.wait(30)
        with pytest.raises(VaultLockedError, match=f"process {other.pid} ") as refused:
            desk.apply(run)
        assert refused.value.exit_code == 7
        with pytest.raises(VaultLockedError):
            desk.undo(run)
        ended = desk.curate(apply=True)
        assert ended.code == 7
        assert tree(desk.root) == before
    finally:
        done.set()
        other.join()
    assert "2 notes written" in desk.curate(apply=True).shown
    assert len(desk.asked) == 2


# -- crashes --------------------------------------------------------------------------------------


class DyingAtStore(Review):
    """A queue whose process dies before the proposals are kept."""

    def store(self, *_: object, **__: object) -> None:
        """Die."""
        raise Crash


class DyingAtDecision(Review):
    """A queue whose process dies before a decision is written down."""

    def decide(self, *_: object, **__: object) -> None:
        """Die."""
        raise Crash


class DyingAtUndo(Review):
    """A queue whose process dies before it knows of an undo."""

    def forget_curated(self, *_: object, **__: object) -> None:
        """Die."""
        raise Crash


def dying(kind: type[Review]) -> Callable[[Mill, OpenVault], None]:
    """Return what puts another queue into an open vault."""

    def change(_: Mill, opened: OpenVault) -> None:
        opened.review = kind(opened.store)

    return change


def test_a_crash_between_the_last_answer_and_its_proposals_costs_nothing(tmp_path: Path) -> None:
    """The same command again reads the answers there are; nothing is asked twice."""
    desk = Desk(tmp_path, many(4))

    with pytest.raises(Crash):
        desk.curate(apply=True, tamper=dying(DyingAtStore))
    assert desk.report().state == "done"
    ended = desk.curate(apply=True)
    assert ended.code == 0
    assert len(desk.asked) == 4
    assert desk.report().items.succeeded == 4
    assert all("All about" in desk.text(name) for name in many(4))


@pytest.mark.parametrize("reviewed", [False, True])
def test_a_crash_between_a_note_and_its_decision_makes_no_double_tag(
    tmp_path: Path,
    reviewed: bool,  # noqa: FBT001
) -> None:
    """The note is written, the queue does not know: again is harmless, and undo is whole."""
    desk = Desk(tmp_path, many(3))
    before = tree(desk.root)
    with pytest.raises(Crash):
        desk.curate(apply=True, tamper=dying(DyingAtDecision))
    assert sum("All about" in desk.text(name) for name in many(3)) == 1
    if reviewed:
        desk.apply()
    else:
        assert desk.curate(apply=True).code == 0
    for name in many(3):
        assert desk.text(name).count("area/tested") == 1
        assert desk.text(name).count("description:") == 1
    assert len(desk.asked) == 3
    assert all(one.restored for one in desk.undo())
    assert tree(desk.root) == before


def test_a_crash_between_undo_and_its_entry_is_mended_by_undoing_again(tmp_path: Path) -> None:
    """The notes are back, the queue does not know: undo again lets them need work."""
    desk = Desk(tmp_path, many(2))
    run = desk.curate(apply=True).run

    def undo(opened: OpenVault) -> None:
        opened.review = DyingAtUndo(opened.store)
        undone(opened, run)

    with pytest.raises(Crash):
        desk.on(undo)
    assert all(one.restored for one in desk.undo(run))
    assert len(desk.needs()) == 2


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("ends_at", thinned(range(1, 14), every=3))
def test_a_crash_at_any_commit_of_the_ledger_is_finished_by_the_same_command(
    tmp_path: Path,
    ends_at: int,
    after: bool,  # noqa: FBT001
) -> None:
    """Every note ends with its own description, once, and none is paid for twice in a batch."""
    desk = Desk(tmp_path, many(4))
    try:
        desk.curate(apply=True, mortal={"ends_at": ends_at, "after": after})
        assert ends_at > 5, "it should have died"
    except Crash:
        desk.clock.advance(3_600)
        ended = desk.curate(apply=True)
        assert ended.code == 0, ended.shown
    for index, name in enumerate(many(4)):
        assert desk.text(name).count(f"description: All about n{index:03d}.") == 1
        assert desk.text(name).count("area/tested") == 1
    assert desk.asked == [f"n{index:03d}" for index in range(4)]
    assert desk.curate(apply=True).shown.count("nothing to do") == 1


# -- undo -----------------------------------------------------------------------------------------

ODD = {
    "crlf.md": b"---\r\ntitle: x # comment\r\ntags: [a]\r\n---\r\nText\r\n",
    "bom.md": b"\xef\xbb\xbf---\ntitle: x\n---\nText",
    "no end of line.md": b"Text",
    "quotes.md": b'---\n"tags": [\'a\', "b"]\nticket: 007\ntime: 10:30\n---\nText\n',
    "\U0001f336 caf\u00e9.md": b"\xf0\x9f\x8c\xb6 hot\n",
    "folder/cafe\u0301.md": b"Text\n\n\n",
}


def test_undo_restores_the_exact_bytes(tmp_path: Path) -> None:
    """Whatever line ends, marks, quotes and names there are, everything is as it was."""
    desk = Desk(tmp_path, ODD)
    before = tree(desk.root)
    desk.curate(apply=True)
    written = tree(desk.root)
    assert written.keys() == before.keys()
    assert all(written[name] != before[name] for name in before)
    assert all(one.restored for one in desk.undo())
    assert tree(desk.root) == before


def test_undo_leaves_an_edited_note_alone_and_names_it(tmp_path: Path) -> None:
    """Work done since is worth more than an undo; all other notes are restored."""
    desk = Desk(tmp_path, many(3))
    run = desk.curate(apply=True).run
    path = desk.path("n001.md")
    path.write_text(path.read_text("utf-8") + "Mine.\n", "utf-8")
    edited = path.read_bytes()
    done = {one.key: one for one in desk.undo(run)}
    assert done["n001.md"].ending is Ending.EDITED
    assert done["n001.md"].problem
    assert path.read_bytes() == edited
    assert desk.text("n000.md") == many(3)["n000.md"]
    assert "n001.md" not in desk.needs() or "changed" in desk.needs()["n001.md"]


def test_undo_names_the_later_runs_and_through_undoes_them_together(tmp_path: Path) -> None:
    """Newest first: an earlier run is undone only with what was built upon it."""
    desk = Desk(tmp_path, many(2))
    before = tree(desk.root)
    first = desk.curate(apply=True).run
    desk.provider.reply = lambda params: curated(params, tags=["later/tag"])
    second = desk.curate(apply=True, refresh=True, limit=1).run
    done = {one.key: one for one in desk.undo(first)}
    blocked = next(one for one in done.values() if not one.restored)
    assert second in blocked.problem
    assert "--through" in blocked.problem
    assert "later/tag" in desk.text(blocked.key)
    assert all(one.restored for one in desk.undo(first, through=True))
    assert tree(desk.root) == before


def test_undo_of_one_note_leaves_the_others(tmp_path: Path) -> None:
    """`--item` restores a single note, and the rest can follow."""
    desk = Desk(tmp_path, many(3))
    before = tree(desk.root)
    desk.curate(apply=True)
    assert [one.key for one in desk.undo(note="n002.md")] == ["n002.md"]
    assert desk.text("n002.md") == many(3)["n002.md"]
    assert "All about" in desk.text("n000.md")
    desk.undo()
    assert tree(desk.root) == before


def proposal(kind: ProposalKind, value: str, replaces: str = "") -> Proposal:
    """Return a pending proposal for MINE."""
    source = source_hash(parse(MINE.encode())[0])
    return Proposal(1, "r", "mine.md", source, kind, value, replaces, ProposalState.PENDING)


def test_a_preview_has_the_additions_and_every_other_byte() -> None:
    """What its owner wrote is not replaced, and what is there already comes in once."""
    raw = MINE.encode()
    found = preview(
        raw,
        [
            proposal(ProposalKind.DESCRIPTION, "Another.", replaces="Mine, by hand."),
            proposal(ProposalKind.TAG, "mine"),
            proposal(ProposalKind.TAG, "area/new"),
            proposal(ProposalKind.TOPIC, "soil"),
        ],
        ours=frozenset(),
    )
    assert found.decode() == (
        "---\ntags: [Mine, area/tested, area/new]\ndescription: Mine, by hand.  # stays\n"
        "topics: [soil]\n---\nWords.\n"
    )
    assert preview(raw, [], ours=frozenset()) == raw


def test_what_replaces_and_what_is_new_waits_for_a_person() -> None:
    """A tag of the vocabulary and an addition do not."""
    gate = Gate(Vocabulary((Entry("area"),)))
    assert waits_for_person(proposal(ProposalKind.DESCRIPTION, "x", replaces="Mine."), OPEN)
    assert not waits_for_person(proposal(ProposalKind.DESCRIPTION, "x"), OPEN)
    assert waits_for_person(proposal(ProposalKind.NEW_TAG, "new"), gate)
    assert not waits_for_person(proposal(ProposalKind.TAG, "area"), gate)
