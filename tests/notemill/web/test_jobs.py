"""Work that a server does: begun by a page, asked about, stopped, and taken up again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from notemill.app.ledger_lines import StageState
from notemill.app.terms import OFFLINE
from notemill.errors import UsageError
from notemill.web.desk import Desk, NoVaultError
from notemill.web.jobs import MOST_AT_ONCE, Job, JobState
from notemill.web.site import create_site
from tests.fundamentals.shouting import question, settings, shout
from tests.notemill.web.asking import asked
from tests.notemill.workflows.notes import write_notes
from twolane import Engine, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOTES = {
    f"bees/{n}.md": f"# Hive {n}\n\nBees of hive {n} collect honey from the lime trees in June.\n"
    for n in range(12)
}


@asynccontextmanager
async def desk_over(folder: Path) -> AsyncIterator[Desk]:
    """Open a desk over a dozen notes."""
    root = folder / "vault"
    if not root.exists():
        write_notes(root, NOTES)
    desk = await Desk.open(root, Settings(home=folder / "home", provider=OFFLINE))
    try:
        yield desk
    finally:
        await desk.aclose()


async def settled(job: Job) -> Job:
    """Wait until a job has ended."""
    assert job.task is not None
    await asyncio.wait([job.task])
    return job


async def test_a_stage_pauses_its_run_and_a_yes_resumes_it(tmp_path: Path) -> None:
    """After a stage the run holds nothing; each yes goes on with one stage, to the end."""
    async with desk_over(tmp_path) as desk:
        first = await settled(desk.jobs.start("curate", {"stages": "2,6", "vocabulary": False}))

        assert first.state is JobState.STOPPED
        assert first.asked is not None
        assert len(first.asked.sample) == 2
        second = await settled(await desk.jobs.answer(first.run, first.asked.number, yes=True))
        assert second.run == first.run
        assert second.asked is not None
        last = await settled(await desk.jobs.answer(second.run, second.asked.number, yes=True))
        assert (last.state, last.asked) == (JobState.ENDED, None)
        run = await desk.ledger.run(last.run)
        assert run.line.counts is not None
        assert run.line.counts.succeeded == len(NOTES)


async def test_a_question_is_answered_once(tmp_path: Path) -> None:
    """The second answer to the same question says that it was answered."""
    async with desk_over(tmp_path) as desk:
        job = await settled(desk.jobs.start("curate", {"stages": "2", "vocabulary": False}))
        assert job.asked is not None
        number = job.asked.number
        await desk.jobs.answer(job.id, number, yes=False)

        with pytest.raises(UsageError, match="has been answered"):
            await desk.jobs.answer(job.id, number, yes=True)


async def test_what_cannot_be_done_is_told_at_once(tmp_path: Path) -> None:
    """A kind or an option that does not exist begins nothing."""
    async with desk_over(tmp_path) as desk:
        with pytest.raises(UsageError):
            desk.jobs.start("curat", {})
        with pytest.raises(UsageError):
            desk.jobs.start("curate", {"limt": 3})

        assert list(desk.jobs) == []


async def test_work_that_breaks_off_has_failed(tmp_path: Path) -> None:
    """Also for a reason that nobody thought of: it does not go on for ever on the screen."""

    def broken() -> Engine:
        raise RuntimeError("nobody thought of this")

    root = write_notes(tmp_path / "vault", NOTES)
    offline = Settings(home=tmp_path / "home", provider=OFFLINE)
    desk = await Desk.open(root, offline, engine=broken)
    try:
        job = await settled(desk.jobs.start("tidy", {}))
        assert (job.state, job.shown()["error"]) == (JobState.FAILED, "nobody thought of this")
        assert isinstance(job.task, asyncio.Task)
        assert isinstance(job.task.exception(), RuntimeError)
    finally:
        await desk.aclose()


async def test_only_so_much_at_once(tmp_path: Path) -> None:
    """A page that begins work again and again is refused in the end."""
    async with desk_over(tmp_path) as desk:
        for _ in range(MOST_AT_ONCE):
            desk.jobs.start("curate", {"stages": "none", "vocabulary": False})

        with pytest.raises(UsageError, match="let one end first"):
            desk.jobs.start("curate", {})


async def test_a_run_that_was_stopped_with_the_server_goes_on_with_the_next(tmp_path: Path) -> None:
    """A server that stops amid a run takes it up when it starts again, and finishes it."""
    async with desk_over(tmp_path) as desk:
        began = asyncio.Event()
        desk.jobs.listeners.append(lambda job: began.set() if job.driven is not None else None)
        job = desk.jobs.start("curate", {"stages": "none", "vocabulary": False})
        await began.wait()
    assert job.state is not JobState.WORKING

    async with desk_over(tmp_path) as desk:
        desk.jobs.take_up()
        (again,) = desk.jobs
        await settled(again)

        assert again.state is JobState.ENDED
        found = await desk.ledger.run(again.run)
        assert found.line.counts is not None
        assert found.line.counts.succeeded == len(NOTES)


async def test_a_stage_is_agreed_to_while_a_new_server_takes_its_run_up(tmp_path: Path) -> None:
    """The page had its button before the server stopped: the yes counts, and begins no second job."""
    async with desk_over(tmp_path) as desk:
        job = await settled(desk.jobs.start("curate", {"stages": "2,6", "vocabulary": False}))

    async with desk_over(tmp_path) as desk:
        desk.jobs.start("resume", {"run": job.run})
        answer = await asked(
            create_site(desk), "POST", f"/api/runs/{job.run}/resume",
            [("content-type", "application/json")], [b'{"after_stage": 1}'],
        )  # fmt: skip
        assert answer.status == 200, answer.body
        taken_up, again = desk.jobs
        await settled(again)
        assert (taken_up.state, again.state) == (JobState.STOPPED, JobState.STOPPED)
        assert again.asked is not None
        states = [one.state for one in (await desk.ledger.run(job.run)).stages]
        assert states == [StageState.VERIFIED, StageState.WAITS, StageState.TO_DO]


async def test_a_run_without_a_vault_goes_on_without_one(tmp_path: Path) -> None:
    """A server of the engine's runs alone resumes one of them to its end."""
    home = settings(tmp_path / "home")
    async with Engine.open(home, responder=shout) as engine:
        run = await engine.start([question(f"k{n}", "text") for n in range(3)])
    desk = await Desk.open(None, home, engine=lambda: Engine.open(home, responder=shout))
    try:
        job = await settled(desk.jobs.start("resume", {"run": run.id}))

        assert (job.state, job.run) == (JobState.ENDED, run.id)
        assert job.result is not None
        assert job.result["words"].startswith("3 of 3 succeeded")
        refused = await settled(desk.jobs.start("curate", {}))
        assert isinstance(refused.error, NoVaultError)
    finally:
        await desk.aclose()


async def test_a_run_of_another_vault_goes_on_in_that_one(tmp_path: Path) -> None:
    """A run that waits in another vault is resumed there: the vault that is served is left alone."""
    async with desk_over(tmp_path) as desk:
        job = await settled(desk.jobs.start("curate", {"stages": "2", "vocabulary": False}))
    other = tmp_path / "other"
    write_notes(other, {"a.md": "# A\n\nNothing about bees.\n"})
    desk = await Desk.open(other, Settings(home=tmp_path / "home", provider=OFFLINE))
    try:
        last = await settled(desk.jobs.start("resume", {"run": job.run}, goes_on=True))

        assert last.state is JobState.ENDED
        assert last.result is not None
        assert last.result["words"].startswith(f"{len(NOTES)} of {len(NOTES)} notes answered")
    finally:
        await desk.aclose()
