"""The ledger for a front that stays open: every run, current, bounded, and without hidden names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from notemill.app.engine_runs import go_on
from notemill.app.events import AskedAgain, RunBegan, RunReported
from notemill.app.failure_groups import grouped
from notemill.app.ledger_lines import EXCLUDED, StageState
from notemill.app.ledger_view import LedgerView
from notemill.app.terms import RunTerms
from notemill.app.views.ledger import items_view, run_line_view, run_view
from notemill.errors import UsageError
from notemill.vault.tidy import TidyKind
from notemill.workflows.curation.survey import Selection
from tests.doubles import ScriptedProvider
from tests.fundamentals.shouting import question, settings, shout
from tests.notemill.app.test_links import OFF, SEARCH
from tests.notemill.fronts import KeepingFront, offline_mill
from tests.twolane.ledger.sound import T0, make_sound
from tests.twolane.worker.scene import Scene, ask
from twolane import Engine, ItemLine, ItemState, Lane, RunState, Settings, UnknownRunError
from twolane.ledger import LEDGER_FILE, Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.mill import Mill

NOTES = {
    "Soil.md": "Compost feeds garden soil with worms and leaves. Turn the heap often.\n",
    "Mulch.md": "Mulch of leaves protects garden soil. It feeds worms, as compost does.\n",
    "Diary.md": "I write of soil and worms in my diary. Nobody else reads it.\n",
}


@pytest.fixture
async def mill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mill]:
    """An open vault that was curated once."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    async with offline_mill(tmp_path, NOTES) as mill:
        await mill.curating.curate(Selection(), RunTerms(stages="none"))
        yield mill


@pytest.fixture
async def view(tmp_path: Path) -> AsyncIterator[LedgerView]:
    """A view of the ledger in the test's home."""
    (tmp_path / "home").mkdir(exist_ok=True, mode=0o700)
    opened = await LedgerView.open(Settings(home=tmp_path / "home"), clock=lambda: T0 + 300)
    yield opened
    await opened.aclose()


# -- runs -----------------------------------------------------------------------------------------


async def test_every_run_is_listed_whoever_began_it(mill: Mill, tmp_path: Path) -> None:
    """Curations, runs of `twolane run` and those that asked no model stand in one list."""
    (mill.root / "Untidy.md").write_text("---\ntag: soil\n---\nText.\n")
    await mill.tidying.tidy((TidyKind.PLURAL,))
    await mill.links.find(SEARCH, OFF)
    async with Engine.open(settings(tmp_path / "home"), responder=shout) as engine:
        await engine.start([question("k", "text")], label="prompts.jsonl")
    view = await LedgerView.open(mill.settings)
    found = {one.kind: one for one in await view.runs()}
    assert found["run"].label == "prompts.jsonl"
    assert (found["run"].became, found["run"].of_vault) == ("paused", False)
    assert (found["curate"].became, found["curate"].of_vault) == ("proposed", True)
    assert found["curate"].counts is not None
    assert found["curate"].counts.succeeded == found["curate"].total == 3
    assert (found["tidy"].noun, found["tidy"].total) == ("note", 1)
    assert (found["link"].noun, found["link"].counts) == ("pair", None)
    for one in found.values():
        assert (await view.run(one.id)).line == one
    assert len(await view.runs(limit=1)) == 1
    await view.aclose()


async def test_a_report_is_read_again_after_the_ledger_has_changed(
    view: LedgerView, tmp_path: Path
) -> None:
    """It is reckoned over all items: once for every state of the ledger."""
    make_sound(tmp_path / "home")
    before = (await view.run("open")).report
    assert (await view.run("open")).report is before
    ledger = Ledger(tmp_path / "home" / LEDGER_FILE)
    ledger.cancel_all(ledger.run("open"), reason="canceled by hand")
    ledger.close()
    after = (await view.run("open")).report
    assert before is not None
    assert after is not None
    assert after.items.canceled > before.items.canceled


async def test_a_run_has_its_report_and_what_can_be_done(view: LedgerView, tmp_path: Path) -> None:
    """The state decides what is offered: an open run is resumed, a done one retried."""
    with pytest.raises(UnknownRunError):
        await view.run("last")
    make_sound(tmp_path / "home")
    offered = {one.id: (one, await view.run(one.id)) for one in await view.runs()}
    assert {
        name: (detail.can_cancel, detail.can_resume, detail.can_retry)
        for name, (_, detail) in offered.items()
    } == {
        "done": (False, False, True),
        "open": (True, True, False),
        "canceled": (False, False, False),
        "stopped": (True, True, False),
    }
    done = offered["done"][1]
    assert (done.line.is_partial, done.retryable, dict(done.left)) == (True, 1, {})
    assert done.command == "twolane resume done"
    (group,) = (await view.failures("done")).groups
    assert (group.kind, group.count, group.keys) == ("invalid_reply", 1, ("k3",))
    shown = run_view(done, await view.failures("done"))
    assert shown["report"]["items"]["succeeded"] == shown["counts"]["succeeded"] == 3
    assert shown["failures"][0]["advice"] == "may pass when it is sent again: retry what failed"


def test_what_was_paid_for_and_not_read_is_asked_again_on_purpose() -> None:
    """Nothing is wrong with the request, so nobody is told to change it."""
    line = ItemLine(
        index=0, key="a", stage=0, lane=Lane.BATCH, state=ItemState.FAILED, attempts=1,
        sent_at=T0, settled_at=T0, cost_nano=1, reason="cut off", kind="unreadable_reply",
        retryable=False,
    )  # fmt: skip
    (group,) = grouped([line], hidden=())
    assert group.advice == "to ask once more, retry all that failed"


async def test_a_batch_that_is_out_has_an_age_and_an_expected_end(
    view: LedgerView, tmp_path: Path
) -> None:
    """Nothing is said of its items; one that has ended has a duration and no expectation."""
    make_sound(tmp_path / "home")
    (ended,) = await view.batches("done")
    assert (ended.age_s, ended.expected_at, ended.is_open) == (7_199.0, None, False)
    out = (await view.batches("open"))[-1]
    assert (out.provider_id, out.age_s) == ("msgbatch_gggg", 299.0)
    assert (out.expected_at, out.late_at) == (T0 + 1 + 420, T0 + 1 + 3_600)
    assert out.expires_at == T0 + 1 + 86_400


async def test_what_another_process_writes_changes_the_version_and_the_list(
    view: LedgerView, tmp_path: Path
) -> None:
    """The version stays as long as nobody writes, and the next list has what was written."""
    before = await view.version()
    assert await view.version() == before
    make_sound(tmp_path / "home")
    assert await view.version() != before
    kept = await view.runs()
    while (now := await view.version()) != before:
        before, kept = now, await view.runs()
    ledger = Ledger(tmp_path / "home" / LEDGER_FILE)
    ledger.move_item((1 << 32) | 0, ItemState.CONFLICT, reason="changed since")
    ledger.close()
    assert await view.version() != before
    assert await view.runs() != kept
    done = next(one for one in await view.runs() if one.id == "done")
    assert done.counts is not None
    assert done.counts.conflict == 1


async def test_counts_catch_up_little_by_little_until_the_version_stays(
    view: LedgerView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is time for one run a list, every list brings one more up to date."""
    monkeypatch.setattr("notemill.app.ledger_runs.COUNTED_WITHIN_S", -1.0)
    make_sound(tmp_path / "home")
    await view.version()
    await view.runs()
    ledger = Ledger(tmp_path / "home" / LEDGER_FILE)
    ledger.move_item((1 << 32) | 0, ItemState.CONFLICT, reason="changed since")
    ledger.close()
    before, lists = 0, 0
    while (now := await view.version()) != before:
        before, lists = now, lists + 1
        found = {one.id: one.counts for one in await view.runs()}
    assert lists == 4
    counts = found["done"]
    assert counts is not None
    assert counts.conflict == 1


async def test_a_ledger_put_in_the_place_of_another_is_read(
    view: LedgerView, tmp_path: Path
) -> None:
    """After an import the runs are those of the new file."""
    before = await view.version()
    make_sound(tmp_path).replace(tmp_path / "home" / LEDGER_FILE)
    assert await view.version() != before
    assert {one.id for one in await view.runs()} == {"done", "open", "canceled", "stopped"}


async def test_a_decision_in_a_vault_changes_the_version(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of a run is in its vault's store; the list follows it."""
    monkeypatch.setattr("notemill.app.kept_stores.READ_SHARE", 0)  # reading may be slow here
    view = await LedgerView.open(mill.settings)
    assert (await view.runs())[0].became == "proposed"
    before = await view.version()
    run = await mill.engine.run("last")
    await mill.applying.apply(run, replacing=False)
    assert await view.version() != before
    assert (await view.runs())[0].became == "applied"
    await view.aclose()


async def test_a_store_that_takes_long_to_read_is_read_less_often(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is read again the version goes on changing, so that the outcome is not missed."""
    view = await LedgerView.open(mill.settings)
    run = (await view.runs())[0].id
    monkeypatch.setattr("notemill.app.kept_stores.READ_SHARE", 1_000_000)
    await mill.applying.apply(await mill.engine.run(run), replacing=False)
    for _ in range(3):
        before = await view.version()
        assert (await view.runs())[0].became == "proposed"
        assert await view.version() != before
    monkeypatch.setattr("notemill.app.kept_stores.READ_SHARE", 0)
    assert (await view.runs())[0].became == "applied"
    await view.aclose()


# -- items ----------------------------------------------------------------------------------------


async def test_pages_of_items_follow_each_other(view: LedgerView, tmp_path: Path) -> None:
    """Each cursor leads to the next page; an index is a cursor as well."""
    make_sound(tmp_path / "home")
    first = await view.items("open", limit=2)
    second = await view.items("open", after=first.next, limit=2)
    last = await view.items("open", after=second.next, limit=2)
    assert [one.index for one in (*first.items, *second.items, *last.items)] == [0, 1, 2, 3, 4]
    assert last.next is None
    assert (await view.items("open", after="3")).items == last.items
    only = await view.items("open", states=[ItemState.RUNNING, ItemState.SUBMITTED], skip=1)
    assert [one.index for one in only.items] == [1, 2, 3]
    (out,) = (await view.items("open", limit=1)).items
    assert (out.seconds, out.state) == (300.0, ItemState.RUNNING)
    shown = items_view(first)
    assert set(shown["items"][0]) == {
        "key", "lane", "state", "attempts", "seconds", "cost_usd", "reason",
    }  # fmt: skip
    for wrong in ("x", "-1", "1" * 40, "٣"):
        with pytest.raises(UsageError):
            await view.items("open", after=wrong)
    with pytest.raises(UnknownRunError):
        await view.items("nothing")


@pytest.mark.parametrize("how", ["a property", "a pattern", "a tag"])
async def test_a_note_that_was_excluded_since_is_named_nowhere(
    mill: Mill, tmp_path: Path, how: str
) -> None:
    """Its row stays, without its name and reason, from the moment at which it is excluded."""
    config = tmp_path / "config.toml"
    config.write_text("")
    view = await LedgerView.open(replace(mill.settings, config=config))
    run = (await view.runs())[0].id
    assert "Diary.md" in str(items_view(await view.items(run)))
    if how == "a property":
        (mill.root / "Diary.md").write_text("---\nnotemill: ignore\n---\nMine alone.\n")
    elif how == "a pattern":
        config.write_text('[notemill]\nexclude = ["Diary*"]\n')
    else:
        config.write_text('[notemill]\nexclude = ["#mine"]\n')
        (mill.root / "Diary.md").write_text("---\ntags: [mine/alone]\n---\nMine alone.\n")
    page = await view.items(run)
    assert "Diary" not in str(items_view(page))
    assert [one.reason for one in page.items if not one.key] == [EXCLUDED]
    assert {one.key for one in page.items} == {"", "Soil.md", "Mulch.md"}
    with pytest.raises(UsageError):
        await view.cancel(run, "Diary.md")
    await view.aclose()


async def test_without_its_vault_a_run_names_nothing(mill: Mill, tmp_path: Path) -> None:
    """A vault on a drive that is not there cannot tell what it excludes."""
    view = await LedgerView.open(mill.settings)
    run = (await view.runs())[0].id
    mill.root.rename(tmp_path / "away")
    assert {one.key for one in (await view.items(run)).items} == {""}
    (tmp_path / "away").rename(mill.root)
    (mill.root / "Diary.md").unlink()
    assert "Diary.md" in {one.key for one in (await view.items(run)).items}
    await view.aclose()


def test_failures_of_hidden_notes_tell_no_reason(tmp_path: Path) -> None:
    """They are one group without names and messages; what else failed alike stands together."""
    scene = Scene(tmp_path)
    scene.scripted.refuse = lambda params: (
        "invalid_request_error",
        f"bad: {params['messages'][0]['content']}",
    )
    scene.finish(ask(4, echo=False), kind="curate", label=str(tmp_path / "gone"))

    async def look() -> None:
        view = await LedgerView.open(scene.settings)
        (run,) = await view.runs()
        (group,) = (await view.failures(run.id)).groups
        assert (group.message, group.count, group.keys) == (EXCLUDED, 4, ())
        assert not group.retryable
        await view.aclose()

    asyncio.run(look())


# -- stages ---------------------------------------------------------------------------------------


async def test_a_stage_waits_with_its_check_until_a_person_agrees(mill: Mill) -> None:
    """The first stage is checked and waits; once the run went on it stands as verified."""
    front = mill.front
    assert isinstance(front, KeepingFront)
    front.answer = False
    mill.front = front
    view = await LedgerView.open(mill.settings)
    for note in ("A.md", "B.md", "C.md"):
        (mill.root / note).write_text(f"Bread {note} wants flour and salt. It bakes for an hour.\n")
    stages = [one.state for one in (await view.run("last")).stages]
    assert stages == []
    with pytest.raises(Exception, match="continue with"):
        await mill.curating.curate(Selection(), RunTerms(stages="1"))
    detail = await view.run("last")
    assert [one.state for one in detail.stages] == [StageState.WAITS, StageState.TO_DO]
    assert (detail.stages[0].checked, detail.stages[0].problems) == (1, ())
    assert detail.can_resume
    front.answer = True
    await mill.curating.resume(await mill.engine.run(detail.line.id), cap_nano=None)
    detail = await view.run("last")
    assert [one.state for one in detail.stages] == [StageState.VERIFIED, StageState.ENDED]
    assert detail.line.state is RunState.DONE
    await view.aclose()


# -- what is done with runs -----------------------------------------------------------------------


async def test_a_run_and_an_item_are_canceled_by_a_request(tmp_path: Path) -> None:
    """The process that works on the run carries it out; what has ended is left."""
    home = settings(tmp_path / "home")
    async with Engine.open(home, responder=shout) as engine:
        run = await engine.start([question(f"k{n}", "text") for n in range(3)])
        view = await LedgerView.open(home)
        with pytest.raises(UsageError, match="nothing about"):
            await view.cancel(run.id, "nobody")
        assert (await view.cancel(run.id, "k1")).ended == ""
        assert not (await view.run(run.id)).cancel_asked
        await run.drive()
        assert "canceled" in (await view.cancel(run.id, "k1")).ended
        assert "done" in (await view.cancel(run.id)).ended
        other = await engine.start([question("x", "text")])
        assert (await view.cancel(other.id)).ended == ""
        detail = await view.run(other.id)
        assert (detail.cancel_asked, detail.can_cancel) == (True, False)
        await other.drive()
        assert (await view.run(other.id)).line.became == "canceled"
        await view.aclose()


async def test_a_run_of_prompts_goes_on_and_its_failures_are_sent_again(tmp_path: Path) -> None:
    """The engine drives it, the front follows; what would fail again is left unless it is asked."""
    provider, front = ScriptedProvider(), KeepingFront()
    provider.refuse = lambda _: ("invalid_request_error", "not like this")
    async with Engine.open(Settings(home=tmp_path, poll_s=0.001), provider=provider) as engine:
        run = await engine.start(ask(1))
        assert (await go_on(engine, run.id, front)).items.failed == 1
        assert front.told(RunBegan) == [RunBegan(run.id)]
        assert [one.state for one in front.told(RunReported)] == [RunState.DONE]
        provider.refuse = lambda _: None
        assert (await go_on(engine, run.id, front, failed=True)).items.failed == 1
        assert front.told(AskedAgain) == [AskedAgain(0, {"invalid_request_error": 1})]
        report = await go_on(engine, run.id, front, failed=True, everything=True, cap_nano=10**9)
        assert report.items.succeeded == 1


async def test_a_curation_is_not_continued_as_a_run_of_prompts(mill: Mill) -> None:
    """Its answers would reach no note."""
    view = await LedgerView.open(mill.settings)
    run = (await view.runs())[0]
    with pytest.raises(UsageError, match="notemill resume"):
        await go_on(mill.engine, run.id, mill.front)
    assert run_line_view(run)["counts"]["succeeded"] == 3
    await view.aclose()
