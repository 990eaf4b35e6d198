"""A curation on its way: stage by stage, in both lanes, under a cap, while the vault changes."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from notemill.app.events import Sampled
from notemill.app.terms import RunTerms
from notemill.config import Exclusions
from notemill.workflows.curation.survey import Selection
from tests.doubles import Crash
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, curated, many, title_of, tree
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault

MODEL = "claude-haiku-5-5"
# A little more than the worst case of one note: a tenth of a cent.
CAP_NANO = 2_000_000


def swapped(params: Mapping[str, Any]) -> str:
    """Answer with the reference of no note that was asked about."""
    return curated(params, note_ref="nr-somebody-elses")


# -- stages ---------------------------------------------------------------------------------------


def test_without_terminal_and_yes_it_stops_after_the_first_stage(tmp_path: Path) -> None:
    """Two notes come first; the rest is sent only when somebody agrees, by the command named."""
    desk = Desk(tmp_path, many(10))
    before = tree(desk.root)
    ended = desk.curate(stages="auto", lane=None, yes=False, apply=True)
    assert ended.code == 8
    assert f"notemill resume {ended.run} --yes" in ended.shown
    assert len(desk.asked) == 2
    assert len(desk.provider.sent) == 2
    assert tree(desk.root) == before
    assert "+description: All about" in ended.shown
    resumed = desk.resume(ended.run, apply=True)
    assert resumed.code == 0
    assert len(desk.asked) == 10
    assert all("All about" in desk.text(name) for name in many(10))


def test_a_stage_shows_notes_of_its_own(tmp_path: Path) -> None:
    """Two of them, spread over the stage, and none that an earlier one asked about."""
    notes = {name: text + "More.\n" * at for at, (name, text) in enumerate(many(12).items())}
    desk, front = Desk(tmp_path, notes), KeepingFront()
    terms = RunTerms(stages="2,6,10")
    desk.through_the_door(
        lambda mill: mill.curating.curate(Selection(), terms, vocabulary=False), front
    )
    sampled = [[one.note for one in event.changes] for event in front.told(Sampled)]
    asked = [f"{title_of(params)}.md" for params in desk.requests]
    assert set(sampled[0]) == set(asked[:2])
    second = sorted(asked[2:6])
    assert sampled[1] == [second[1], second[3]]
    assert len(sampled[2]) == 2
    assert set(sampled[2]) <= set(asked[6:])


def test_the_same_command_again_does_not_stand_for_consent(tmp_path: Path) -> None:
    """A job that runs every hour without `--yes` never sends more than the first stage."""
    desk = Desk(tmp_path, many(10))
    for _ in range(3):
        ended = desk.curate(stages="2,6", lane=None, yes=False)
        assert ended.code == 8
        assert "+description: All about" in ended.shown
        assert len(desk.asked) == 2
    assert desk.curate(stages="2,6", lane=None).code == 0
    assert len(desk.asked) == 10


def test_a_stage_that_was_agreed_to_needs_no_second_consent(tmp_path: Path) -> None:
    """A run that died in its last stage goes on there, by the same command."""
    desk = Desk(tmp_path, many(10))
    desk.provider.create_script.append("crash_after")
    with pytest.raises(Crash):
        desk.curate(stages="auto", lane=None)
    ended = desk.curate(stages="auto", lane=None, yes=False)
    assert ended.code == 0, ended.shown
    assert len(desk.asked) == 10


@pytest.mark.parametrize("stages", ["2", "2,6"])
def test_answers_of_other_notes_stop_the_run_and_are_not_written(
    tmp_path: Path, stages: str
) -> None:
    """A stage with a swapped reference does not verify: exit 8, and no consent helps."""
    desk = Desk(tmp_path, many(10))
    before = tree(desk.root)
    desk.provider.reply = swapped
    ended = desk.curate(stages=stages, lane=None, apply=True)
    assert ended.code == 8
    assert "did not verify" in ended.shown
    assert "2 answers belong to other notes" in ended.shown
    assert len(desk.asked) == 2
    assert desk.report().items.quarantined == 2
    desk.provider.reply = curated
    again = desk.resume(ended.run, apply=True)
    assert again.code == 8
    assert len(desk.asked) == 2
    assert tree(desk.root) == before


def test_a_run_given_up_can_be_begun_anew(tmp_path: Path) -> None:
    """`--again` leaves a run that does not verify where it is and asks for everything."""
    desk = Desk(tmp_path, many(5))
    desk.provider.reply = swapped
    first = desk.curate(stages="2", lane=None, apply=True)
    desk.provider.reply = curated
    second = desk.curate(stages="2", lane=None, apply=True, again=True)
    assert second.code == 0
    assert second.run != first.run
    assert all("All about" in desk.text(name) for name in many(5))


def test_a_stage_of_which_nothing_can_be_used_stops_the_run(tmp_path: Path) -> None:
    """Where all that came first failed, the rest is not paid for; a retry goes on from there."""
    desk = Desk(tmp_path, many(10))
    desk.provider.refuse = lambda _: ("invalid_request_error", "no such thing")
    ended = desk.curate(stages="auto", lane=None)
    assert ended.code == 8
    assert "none of the 2 answers is usable" in ended.shown
    assert len(desk.asked) == 2
    assert desk.resume(ended.run).code == 8
    assert len(desk.asked) == 2
    desk.provider.refuse = lambda _: None

    async def retry(mill: Mill) -> int:
        return await (await mill.engine.run(ended.run)).retry_failed(everything=True)

    assert desk.through_the_door(retry) == 2
    assert desk.resume(ended.run, apply=True).code == 0
    assert all("All about" in desk.text(name) for name in many(10))


def test_a_swapped_answer_in_the_last_stage_is_reported_and_not_written(tmp_path: Path) -> None:
    """The other notes are written; exit 3 says that somebody has to look."""
    desk = Desk(tmp_path, many(6))
    desk.provider.reply = lambda params: (
        swapped(params) if title_of(params) == "n003" else curated(params)
    )
    ended = desk.curate(apply=True)
    assert ended.code == 3
    assert "n003.md: quarantined" in ended.shown
    assert desk.text("n003.md") == many(6)["n003.md"]
    assert sum("All about" in desk.text(name) for name in many(6)) == 5
    assert list(desk.needs()) == ["n003.md"]


# -- lanes ----------------------------------------------------------------------------------------


def test_both_lanes_propose_the_same(tmp_path: Path) -> None:
    """The lane decides price and time, nothing else."""
    found = []
    for lane in Lane:
        desk = Desk(tmp_path / lane, many(5))
        desk.curate(lane=lane)

        found.append([(one.note, one.kind, one.value, one.source_hash) for one in desk.proposals()])
        assert desk.report().lanes[lane].items == 5
    assert found[0] == found[1]
    assert len(found[0]) == 15


@pytest.mark.parametrize("lane", [*Lane, None])
def test_the_report_adds_up_in_every_lane(
    tmp_path: Path, lane: Lane | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON object, whose counts and costs are sums, skipped notes included."""
    desk = Desk(tmp_path, {**many(7), "bad.md": "---\ntags: [a\n---\nText.\n"})
    desk.provider.refuse = lambda params: (
        ("invalid_request_error", "no") if "title: n005" in str(params) else None
    )
    ended = desk.curate(lane=lane, stages="auto", as_json=True, apply=True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    value = json.loads(out)
    assert ended.code == 3
    assert value["kind"] == "curate"
    assert value["state"] == "done"
    items = value["items"]
    states = ("succeeded", "failed", "canceled", "skipped", "conflict", "quarantined", "pending")
    assert items["total"] == sum(items[state] for state in states) == 8
    assert (items["succeeded"], items["failed"], items["skipped"]) == (6, 1, 1)
    assert {one["item"]: one["kind"] for one in value["failures"]}.keys() == {"n005.md", "bad.md"}
    assert all(one["message"] for one in value["failures"])
    cost = value["cost"]
    lanes = [Decimal(value["lanes"][one]["cost_usd"]) for one in ("realtime", "batch")]
    assert sum(lanes) == Decimal(cost["actual_usd"]) > 0
    saved = Decimal(cost["all_realtime_usd"]) - Decimal(cost["actual_usd"])
    assert saved == Decimal(cost["saved_usd"]) >= 0
    assert value["duration_s"] >= 0


def test_a_command_that_waits_for_a_person_still_prints_its_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that sees exit 8 gets the run and its counts."""
    desk = Desk(tmp_path, many(6))
    ended = desk.curate(stages="auto", lane=None, yes=False, as_json=True)
    value = json.loads(capsys.readouterr().out)
    assert ended.code == 8
    assert value["run"] == ended.run
    assert value["items"]["succeeded"] == 2
    assert value["items"]["pending"] == 4


def test_nothing_to_do_is_an_object_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A vault that needs nothing is a run of no items, with the skipped ones named."""
    desk = Desk(tmp_path, {"empty.md": "", "bad.md": "---\ntags: [a\n---\nText.\n"})
    assert desk.curate(as_json=True).code == 0
    value = json.loads(capsys.readouterr().out)
    assert value["items"]["total"] == value["items"]["skipped"] == 1
    assert desk.asked == []


def test_a_dry_run_sends_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lane, price and a request are shown; no run begins and no note changes."""
    desk = Desk(tmp_path, many(3))
    before = tree(desk.root)
    ended = desk.curate(dry_run=True, apply=True, as_json=True, lane=None)
    assert ended.code == 0
    assert "title: n000" in ended.shown
    assert "Note 0 has words 0." in ended.shown
    value = json.loads(capsys.readouterr().out)
    assert value["items"] == 3
    assert value["lane"] == "batch"
    assert Decimal(value["estimated_usd"]) > 0
    assert ended.run == ""
    assert desk.asked == []
    assert tree(desk.root) == before


# -- money ----------------------------------------------------------------------------------------


def test_a_budget_stops_the_run_and_names_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 5: the neediest came first, the rest is listed, and more money finishes it."""
    needy = {name: text * 40 for name, text in many(6).items()}
    flat = "---\ndescription: d\ntags: [flat]\n---\nWords.\n" + "More words. " * 60
    desk = Desk(tmp_path, {**{f"flat{n}.md": flat for n in range(6)}, **needy})
    desk.changes["model"] = MODEL
    ended = desk.curate(cap_nano=CAP_NANO, as_json=True, apply=True, lane=Lane.REALTIME)
    value = json.loads(capsys.readouterr().out)
    assert ended.code == 5
    assert value["state"] == "stopped"
    items = value["items"]
    assert items["skipped"] > 0
    assert items["succeeded"] > 0
    assert items["succeeded"] + items["skipped"] == items["total"] == 12
    assert len(value["failures"]) == items["skipped"]
    assert all("cap" in one["message"] for one in value["failures"])
    assert Decimal(value["cost"]["actual_usd"]) <= Decimal("0.002")
    flat_asked = [title for title in desk.asked if title.startswith("flat")]
    assert len(flat_asked) == max(0, len(desk.asked) - 6)
    written = sum("All about" in desk.text(name) for name in (*needy, "flat0.md"))
    assert written == items["succeeded"] - len(flat_asked)

    async def more(mill: Mill) -> None:
        await (await mill.engine.run(ended.run)).set_cap(1_000 * CAP_NANO)

    desk.through_the_door(more)
    assert desk.resume(ended.run, apply=True).code == 0
    assert len(desk.asked) == 12


# -- a vault that lives ---------------------------------------------------------------------------


@pytest.mark.parametrize("lane", list(Lane))
def test_notes_edited_and_deleted_while_the_run_is_under_way_end_in_conflict(
    tmp_path: Path, lane: Lane
) -> None:
    """Nothing is written over an edit, nothing is brought back, and all others are written."""
    desk = Desk(tmp_path, many(8))

    def answer(params: Mapping[str, Any]) -> str:
        desk.path("n002.md").write_text("Edited meanwhile.\n", "utf-8")
        desk.path("n005.md").unlink(missing_ok=True)
        desk.path("new.md").write_text("A note that was not there.\n", "utf-8")
        return curated(params)

    desk.provider.reply = answer
    ended = desk.curate(apply=True, lane=lane)
    assert ended.code == 3
    report = desk.report()
    assert report.items.succeeded == 6
    assert report.items.conflict == 2
    assert (
        "n002.md: conflict: the note was edited since it was read; curate it again" in ended.shown
    )
    assert desk.text("n002.md") == "Edited meanwhile.\n"
    assert not desk.path("n005.md").exists()
    assert sorted(desk.needs()) == ["n002.md", "new.md"]
    desk.provider.reply = curated
    assert desk.curate(apply=True, lane=lane).code == 0
    assert "All about n002." in desk.text("n002.md")


def test_a_note_deleted_between_looking_and_asking_stops_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    """The command says so and can be run again; no run is left behind."""
    desk = Desk(tmp_path, many(3))

    def delete_later(_: Mill, opened: OpenVault) -> None:
        to_send = opened.to_send

        def deleting(key: str) -> Any:  # noqa: ANN401
            desk.path("n002.md").unlink(missing_ok=True)
            return to_send(key)

        opened.to_send = deleting  # type: ignore[method-assign]

    ended = desk.curate(tamper=delete_later)
    assert ended.code == 3
    assert "n002.md" in ended.shown
    assert "run the command again" in ended.shown
    assert desk.asked == []
    assert ended.run == ""
    assert desk.curate().code == 0
    assert desk.asked == ["n000", "n001"]


def test_an_edit_that_leaves_size_and_time_as_they_were_is_not_paid_for_for_ever(
    tmp_path: Path,
) -> None:
    """What is sent is what is hashed, so a stale index costs no conflict."""
    desk = Desk(tmp_path, many(2))
    desk.needs()
    path = desk.path("n001.md")
    info = path.stat()
    path.write_text("Note 1 was words 1.\n", "utf-8")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert desk.curate(apply=True).code == 0
    assert "Note 1 was words 1." in desk.everything_sent
    assert "All about n001." in desk.text("n001.md")


def test_a_note_made_private_behind_the_indexs_back_is_not_sent(tmp_path: Path) -> None:
    """Even an edit that leaves size and time alone cannot let an ignored note out."""
    text = "---\nnotemill: i_nore\n---\nNobody reads this.\n"
    desk = Desk(tmp_path, {"open.md": "Open.\n", "mine.md": text})
    desk.needs()
    path = desk.path("mine.md")
    info = path.stat()
    path.write_text(text.replace("i_nore", "ignore"), "utf-8")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert desk.curate().code == 3
    assert desk.curate().code == 0
    assert desk.asked == ["open"]
    assert "Nobody" not in desk.everything_sent


# -- names ----------------------------------------------------------------------------------------

NAMES = [
    "\U0001f680 rocket \U0001f469\u200d\U0001f469\u200d\U0001f467.md",
    "cafe\u0301 (NFD).md",
    "שלום עולם.md",
    "\u202eright to left\u202c.md",
    "日本語/のノート.md",
    "a" * 252 + ".md",
    "line\nbreak.md",
    "\x1b[31mred\x1b[0m.md",
    "[bold]not markup[/red].md",
    "tab\tand 'quotes' \".md",
    "{braces} %s $HOME `x`.md",
    "-n --json.md",
    " .md",
    os.fsdecode(b"stray \xff bytes.md"),
]


@pytest.mark.parametrize("lane", list(Lane))
def test_no_name_kills_a_run(
    tmp_path: Path, lane: Lane, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every note is asked about, shown, written and restored, whatever it is called."""
    desk = Desk(tmp_path, {})
    for number, name in enumerate(NAMES):
        path = desk.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Words {number}.\n", "utf-8")
    before = tree(desk.root)
    assert desk.curate(dry_run=True).code == 0
    ended = desk.curate(apply=True, lane=lane, stages="2,6", as_json=True)
    assert ended.code == 0, ended.shown
    out = capsys.readouterr().out
    assert orjson.loads(out.encode("ascii"))["items"]["succeeded"] == len(NAMES)
    assert "\x1b[31m" not in ended.shown
    for name in NAMES:
        assert "description: " in (desk.root / name).read_text("utf-8"), name
    assert all(one.restored for one in desk.undo())
    assert tree(desk.root) == before


# -- what is kept where ---------------------------------------------------------------------------


def test_nothing_is_left_in_the_vault_but_owned_properties(tmp_path: Path) -> None:
    """No file comes, goes or changes, save for properties at the head of curated notes."""
    notes: dict[str, str | bytes] = {
        **many(4),
        "attachment.pdf": b"%PDF",
        ".obsidian/app.json": "{}",
        "sub/x.md": "X y.\n",
    }
    desk = Desk(tmp_path, notes)
    before = tree(desk.root)
    desk.curate(apply=True, stages="2", lane=None)
    after = tree(desk.root)
    assert after.keys() == before.keys()
    for name, raw in before.items():
        head, tail = after[name][: -len(raw)], after[name][-len(raw) :]
        assert tail == raw
        if name.endswith(".md"):
            keys = [line.split(b":")[0] for line in head.splitlines()[1:-1] if line[:1] != b" "]
            assert keys == [b"description", b"tags", b"topics"]
        else:
            assert head == b""


@pytest.mark.skipif(os.name == "nt", reason="rights are kept in another way there")
def test_what_is_kept_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    """Prompts, proposals and old bytes of notes are nobody else's business."""
    desk = Desk(tmp_path, many(3))
    desk.curate(apply=True)
    desk.undo()
    kept = [path for path in desk.home.rglob("*") if path.is_file() and path.stat().st_size]
    assert len(kept) >= 3
    shut = [path for path in kept if path.stat().st_mode & 0o077]
    # A process's number, and nothing of a note, may stand in the open.
    assert all(path.read_text("ascii").isdigit() for path in shut if path.suffix == ".pid")
    assert [path.name for path in shut if path.suffix != ".pid"] == []


def test_a_deleted_or_damaged_index_costs_time_and_no_request(tmp_path: Path) -> None:
    """It is made again from the notes; what was curated stays curated."""
    desk = Desk(tmp_path, many(4))
    desk.curate(apply=True)
    (index,) = desk.home.rglob("derived.sqlite3")
    for damage in (b"", b"not a database at all, by no means" * 99, None):
        if damage is None:
            index.unlink()
        else:
            index.write_bytes(damage)
        assert "nothing to do" in desk.curate(apply=True).shown
    assert len(desk.asked) == 4


def test_a_lost_queue_is_filled_again_from_the_ledger(tmp_path: Path) -> None:
    """Deleting the proposals loses no paid answer."""
    desk = Desk(tmp_path, many(4))
    run = desk.curate().run
    for path in desk.home.rglob("vault.sqlite3*"):
        path.unlink()
    assert len(desk.apply(run)) == 4
    assert all("All about" in desk.text(name) for name in many(4))
    assert len(desk.asked) == 4


def test_an_unfinished_run_with_other_flags_is_refused_and_named(tmp_path: Path) -> None:
    """What was agreed to is not changed silently; `--again` begins anew."""
    desk = Desk(tmp_path, many(6))
    first = desk.curate(stages="auto", lane=None, yes=False)
    other = desk.curate(stages="auto", lane=Lane.REALTIME)
    assert other.code == 2
    assert first.run in other.shown
    assert "--again" in other.shown
    assert len(desk.asked) == 2
    assert desk.curate(lane=Lane.REALTIME, again=True).code == 0


def test_exclusions_added_for_a_run_that_waits_hold(tmp_path: Path) -> None:
    """A folder excluded on the second command is out of the first one's run as well."""
    desk = Desk(tmp_path, {**many(6), "Private/p.md": "Nobody. " * 90})
    desk.curate(stages="auto", lane=None, yes=False)
    assert "p" not in desk.asked
    desk.exclusions = Exclusions(("Private",))
    ended = desk.curate(stages="auto", lane=None)
    assert "left out, because they are excluded now: 1 note" in ended.shown
    assert "Nobody" not in desk.everything_sent


def test_the_provider_of_a_run_is_kept(tmp_path: Path) -> None:
    """A run with a model is never finished by another provider in passing."""
    desk = Desk(tmp_path, many(6))
    first = desk.curate(stages="auto", lane=None, yes=False)

    desk.provider.name = "another"
    ended = desk.curate(stages="auto", lane=None)
    assert ended.code == 2
    assert first.run in ended.shown
    assert len(desk.asked) == 2
