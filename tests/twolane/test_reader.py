"""A ledger is read without a provider or a key, at any time, and never changed by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fundamentals.shouting import question, settings, shout
from tests.twolane.ledger.sound import make_sound
from tests.twolane.ledger.test_damage import as_format_1
from tests.twolane.worker.scene import Scene, ask
from twolane import Engine, ItemState, Reader, RunState, cancel_run, errors, forget_runs
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.store import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Settings


async def shouted(home: Path, count: int = 3) -> Settings:
    """Have `count` questions answered in a ledger, and return settings without any key."""
    async with Engine.open(settings(home), responder=shout) as engine:
        run = await engine.start([question(f"k{n}", f"text {n}") for n in range(count)], name="x")
        await run.drive()
    return replace(settings(home), provider="anthropic")


async def test_all_there_is_of_a_run_is_read_without_a_provider(tmp_path: Path) -> None:
    """Row, counts, report, items, requests and results come from the ledger alone."""
    keyless = await shouted(tmp_path)
    with pytest.raises(errors.ConfigError, match="API key"):
        Engine.open(keyless)
    with Reader.open(keyless) as reader:
        (row,) = reader.runs()
        assert reader.run("last") == reader.run(row.id[:8]) == row
        assert reader.counts(row).succeeded == row.total == 3
        report = reader.report(row)
        assert (report.run, report.state, report.items.succeeded) == (row.id, "done", 3)
        assert reader.spent_nano(row) == report.actual_nano
        assert sum(one.size for one in reader.batches(row)) == 3
        assert [one.key for one in reader.items(row)] == ["k0", "k1", "k2"]
        assert [one.text for one in reader.outcomes(row)] == ["TEXT 0", "TEXT 1", "TEXT 2"]
        item = reader.item(row, "k1")
        assert item is not None
        assert item.state is ItemState.SUCCEEDED
        assert reader.outcome(row, item.index).text == "TEXT 1"
        assert reader.request(row, item.index)["messages"][0]["content"] == "text 1"
        assert b"TEXT 1" in (reader.result(row, item.index).body or b"")
        assert reader.item(row, "nobody") is None


def test_a_run_and_a_reader_say_the_same(tmp_path: Path) -> None:
    """What an engine's run reports is what a reader reads, item by item."""
    scene = Scene(tmp_path)
    report = scene.finish(ask(5))
    outcomes = scene.outcomes()
    with Reader.open(scene.settings) as reader:
        row = reader.run("last")
        assert reader.report(row) == report
        assert list(reader.outcomes(row)) == outcomes


def test_the_month_stands_in_a_report_where_it_has_a_budget(tmp_path: Path) -> None:
    """The budget is the settings', the month the clock's."""
    scene = Scene(tmp_path, month_budget=7)
    scene.finish(ask(1))
    with Reader.open(scene.settings, now=lambda: 0.0) as reader:
        month = reader.report(reader.run("last")).month
    assert month is not None
    assert (month.name, month.cap_nano, month.spent_nano) == ("1970-01", 7 * 10**9, 0)


def test_where_there_is_no_ledger_there_are_no_runs(tmp_path: Path) -> None:
    """A folder that is new reads as an empty ledger."""
    home = tmp_path / "none"
    with Reader.open(settings(home)) as reader:
        assert reader.runs() == []
        assert reader.expiring() == []
        with pytest.raises(errors.UnknownRunError):
            reader.run("last")


def test_a_folder_that_can_hold_no_ledger_is_named(tmp_path: Path) -> None:
    """It is not taken for one without runs."""
    (tmp_path / "file").touch()
    with pytest.raises(errors.LedgerError, match="file"):
        Reader.open(settings(tmp_path / "file" / "home"))


async def test_reading_changes_no_byte(tmp_path: Path) -> None:
    """The ledger's file is the same before and after."""
    keyless = await shouted(tmp_path)
    before = (tmp_path / LEDGER_FILE).read_bytes()
    with Reader.open(keyless) as reader:
        list(reader.outcomes(reader.run("last")))
    assert (tmp_path / LEDGER_FILE).read_bytes() == before


def test_a_ledger_of_an_older_format_is_brought_up_and_read(tmp_path: Path) -> None:
    """Looking at one's runs is enough after an update; nobody has to be told."""
    path = make_sound(tmp_path)
    as_format_1(path)
    with pytest.raises(errors.LedgerOutdatedError):
        Ledger(path, read_only=True)
    with Reader.open(settings(tmp_path)) as reader:
        assert {run.id for run in reader.runs()} >= {"canceled", "stopped"}
    ledger = Ledger(path, read_only=True)
    assert ledger.store.db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    ledger.close()


@pytest.mark.parametrize("found", ["another program's", "a newer one", "a folder"])
def test_what_is_no_ledger_of_ours_is_refused(tmp_path: Path, found: str) -> None:
    """A reader takes nothing for a ledger that is none, and replaces nothing."""
    path = make_sound(tmp_path)
    if found == "a folder":
        path.unlink()
        path.mkdir()
    else:
        ledger = Ledger(path)
        name = "application_id" if found == "another program's" else "user_version"
        ledger.store.db.execute(f"PRAGMA {name} = 99")
        ledger.close()
    with pytest.raises(errors.LedgerError):
        Reader.open(settings(tmp_path))


async def test_an_open_reader_sees_what_becomes_of_a_run_meanwhile(tmp_path: Path) -> None:
    """Another connection's commits show at the next question, however long a reader is open."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question(f"k{n}", "text") for n in range(40)])
        with Reader.open(settings(tmp_path)) as reader:
            row = reader.run(run.id)
            assert (row.state, reader.counts(row).succeeded) == (RunState.OPEN, 0)
            seen = [reader.counts(row).succeeded async for _ in run]
            assert seen == sorted(seen)
            assert reader.run(run.id).state is RunState.DONE
            assert reader.counts(row).succeeded == 40


async def test_a_run_is_canceled_without_a_provider(tmp_path: Path) -> None:
    """A wish left in the ledger is carried out by the process that works on the run."""
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        run = await engine.start([question(f"k{n}", "text") for n in range(3)])
        keyless = replace(settings(tmp_path), provider="anthropic")
        assert not cancel_run(keyless, run.id, "nobody")
        assert cancel_run(keyless, "last", "k1")
        assert await run.drive() is RunState.DONE
        assert [one.state for one in run.outcomes()] == ["succeeded", "canceled", "succeeded"]


async def test_a_run_is_forgotten_without_a_provider(tmp_path: Path) -> None:
    """What has ended can be deleted by whoever has the ledger; what has not, is refused."""
    keyless = await shouted(tmp_path)
    async with Engine.open(settings(tmp_path), responder=shout) as engine:
        left = await engine.start([question("later", "text")])
    with Reader.open(keyless) as reader:
        ids = {run.id for run in reader.runs()}
    with pytest.raises(errors.LedgerError, match="not finished"):
        forget_runs(keyless, sorted(ids))
    forget_runs(keyless, sorted(ids - {left.id}))
    with Reader.open(keyless) as reader:
        assert [run.id for run in reader.runs()] == [left.id]
