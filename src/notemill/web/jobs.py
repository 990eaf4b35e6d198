"""The work that a server does: started by a page, followed by all, stopped with the server.

A page only asks for work; what it costs was shown before, so a price up to what was agreed needs no
second yes. Every other question waits here for an answer from any page. A question after a stage
holds nothing: the run pauses, and the answer resumes it, also after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notemill.app.events import (
    AgreeToChange,
    AgreeToPrice,
    GoOnAfterStage,
    Planned,
    RunBegan,
    RunTakenUp,
    Sampled,
)
from notemill.app.work import work_of
from notemill.errors import NotemillError, UsageError, WaitingForPersonError
from notemill.web.wording import question_shown, told
from twolane import TwolaneError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from notemill.app.events import Event, Front, NoteChange, Question
    from notemill.app.work import Work
    from notemill.app.work_ended import WorkEnded
    from notemill.web.kept_runs import KeptRuns
    from twolane import Run

MOST_JOBS: Final = 100
"""How many are remembered: the oldest that ended go first."""
MOST_AT_ONCE: Final = 8
MOST_LINES: Final = 200
RESTS_WITHIN_S: Final = 10.0
STOPS_WITHIN_S: Final = 5.0
"""How long a server that stops waits for calls in flight before it gives them up."""


class JobState(StrEnum):
    """Where a piece of work stands."""

    WORKING = "working"
    ASKS = "asks"
    ENDED = "ended"
    FAILED = "failed"
    STOPPED = "stopped"


RUNNING: Final = (JobState.WORKING, JobState.ASKS)


class SilentFront:
    """The front of the vault that pages read: nothing is asked there, and nothing reported."""

    def tell(self, event: Event) -> None:
        """Show nothing."""

    async def ask(self, question: Question) -> bool:
        """Refuse: a person is asked about work alone."""
        raise WaitingForPersonError(question.alone)

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:  # noqa: ARG002
        """Show nothing."""
        yield


@dataclass(slots=True)
class Asked:
    """A question that waits: `number` names it, `answer` is None if the answer resumes the run."""

    number: str
    question: Question
    answer: asyncio.Future[bool] | None
    sample: tuple[NoteChange, ...] = ()

    def shown(self) -> dict[str, Any]:
        """Return it as JSON."""
        return question_shown(self.number, self.question, self.sample)


@dataclass(eq=False)
class Job:
    """A piece of work: `run` is the run that it works on or has written, '' before there is one."""

    id: str
    kind: str
    began_at_s: float
    agreed_nano: int
    state: JobState = JobState.WORKING
    run: str = ""
    asked: Asked | None = None
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    result: Mapping[str, Any] | None = None
    error: Exception | None = None
    ended_at_s: float | None = None
    driven: Run | None = None
    task: asyncio.Task[None] | None = None
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a run, a question or an end: what the page that began it waits for."""

    def shown(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "run": self.run,
            "began_at": self.began_at_s,
            "ended_at": self.ended_at_s,
            "lines": list(self.lines)[-20:],
            "question": None if self.asked is None else self.asked.shown(),
            "result": self.result,
            "error": None if self.error is None else str(self.error),
        }


class _JobFront:
    """The front of one job: events become lines, questions wait for a page."""

    def __init__(self, job: Job, changed: Callable[[Job], None], *, goes_on: bool) -> None:
        self._job = job
        self._changed = changed
        self._goes_on = goes_on
        self._price_nano = 0
        self._sample: tuple[NoteChange, ...] = ()
        self._questions = 0

    def tell(self, event: Event) -> None:
        match event:
            case RunBegan() | RunTakenUp():
                self._job.run = event.run
                self._job.moved.set()
            case Planned():
                self._price_nano = event.offer.plan.estimated_nano
            case Sampled():
                self._sample = event.changes
            case _:
                pass
        if line := told(event):
            self._job.lines.append(line)
        self._changed(self._job)

    async def ask(self, question: Question) -> bool:
        job = self._job
        if isinstance(question, AgreeToPrice) and self._price_nano <= job.agreed_nano:
            return True
        if type(question) is AgreeToChange:  # the page that began it showed what changes
            return True
        self._questions += 1
        number = f"{job.id}-{self._questions}"
        if isinstance(question, GoOnAfterStage):
            if self._goes_on:
                self._goes_on = False
                return True
            job.asked = Asked(number, question, None, self._sample)
            raise WaitingForPersonError(question.declined)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        job.asked = Asked(number, question, answer, self._sample)
        job.state = JobState.ASKS
        job.moved.set()
        self._changed(job)
        try:
            return await answer
        finally:
            job.asked, job.state = None, JobState.WORKING
            self._changed(job)

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:
        """Remember the run while it is driven, so that the server can stop it."""
        self._job.driven, self._job.run = run, run.id
        self._changed(self._job)
        try:
            yield
        finally:
            self._job.driven = None


class Jobs:
    """All work that a server does or has done, newest last."""

    def __init__(
        self,
        carry_out: Callable[[Work, Front], Awaitable[WorkEnded]],
        clock: Callable[[], float],
        kept: KeptRuns,
    ) -> None:
        """Do work by `carry_out`; `kept` are the runs to take up later."""
        self._carry_out = carry_out
        self._clock = clock
        self._kept = kept
        self._jobs: dict[str, Job] = {}
        self._number = 0
        self._stopping = False
        self.listeners: list[Callable[[Job], None]] = []

    def __iter__(self) -> Iterator[Job]:
        """Iterate the jobs, oldest first."""
        return iter(tuple(self._jobs.values()))

    def of_run(self, run: str) -> Job | None:
        """Return the newest job about a run."""
        return next((one for one in reversed(self._jobs.values()) if run and one.run == run), None)

    async def at_rest(self, job: Job) -> None:
        """Wait, for some seconds at most, until a job has ended or asks something."""
        if job.task is not None and job.asked is None:
            await asyncio.wait([job.task], timeout=RESTS_WITHIN_S)

    def take_up(self) -> None:
        """Resume the runs that the server worked on when it stopped."""
        for run in self._kept.read():
            with contextlib.suppress(NotemillError, TwolaneError):
                self.start("resume", {"run": run})

    def start(
        self,
        kind: str,
        options: Mapping[str, object],
        *,
        agreed_nano: int = 0,
        goes_on: bool = False,
    ) -> Job:
        """Begin a piece of work; see `app.work` for kinds and options.

        A price up to `agreed_nano` needs no other yes; with `goes_on` the next stage was agreed to.
        Raises UsageError.
        """
        work = work_of(kind, options)
        if sum(one.state in RUNNING for one in self._jobs.values()) >= MOST_AT_ONCE:
            raise UsageError(f"{MOST_AT_ONCE} pieces of work are running; let one end first")
        self._number += 1
        job = Job(f"job-{self._number}", kind, self._clock(), agreed_nano)
        job.run = str(options.get("run", ""))
        self._forget_oldest()
        self._jobs[job.id] = job
        job.task = asyncio.get_running_loop().create_task(self._work(job, work, goes_on=goes_on))
        self._changed(job)
        return job

    async def answer(self, named: str, number: str, *, yes: bool) -> Job:
        """Answer a question of a job or run; return the job that goes on.

        Raises UsageError if the question no longer waits.
        """
        job = self._jobs.get(named) or self.of_run(named)
        if job is None or job.asked is None or job.asked.number != number:
            raise UsageError("this question has been answered, or its run has ended")
        asked = job.asked
        if asked.answer is not None:
            if not asked.answer.done():
                asked.answer.set_result(yes)
            return job
        job.asked = None
        self._changed(job)
        return self.start("resume", {"run": job.run}, goes_on=True) if yes else job

    async def stop(self) -> None:
        """Stop all work: runs end cleanly where their calls in flight come back in time."""
        self._stopping = True
        tasks = []
        for job in self._jobs.values():
            if job.task is None or job.task.done():
                continue
            tasks.append(job.task)
            if job.driven is not None:
                job.driven.stop()
            else:
                job.task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOPS_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, job: Job, work: Work, *, goes_on: bool) -> None:
        front = _JobFront(job, self._changed, goes_on=goes_on)
        try:
            done = await self._carry_out(work, front)
            job.run = done.run or job.run
            job.result = {
                "words": done.words,
                "whole": done.whole,
                "found": done.found,
                "left": [{"note": one.key, "message": one.reason} for one in done.left],
            }
            job.state = JobState.ENDED
        except WaitingForPersonError as error:
            job.state, job.error = JobState.STOPPED, error
        except (NotemillError, TwolaneError, OSError) as error:
            job.state, job.error = JobState.FAILED, error
        except asyncio.CancelledError:
            job.state = JobState.STOPPED
            raise
        except Exception as error:
            job.state, job.error = JobState.FAILED, error  # no work goes on for ever on a screen
            raise
        finally:
            job.ended_at_s = self._clock()
            job.driven = None
            job.moved.set()
            self._changed(job)

    def _forget_oldest(self) -> None:
        ended = [one.id for one in self._jobs.values() if one.state not in RUNNING]
        for one in ended[: max(0, len(self._jobs) - MOST_JOBS + 1)]:
            del self._jobs[one]

    def _changed(self, job: Job) -> None:
        if not self._stopping:
            working = (one for one in self._jobs.values() if one.state in RUNNING)
            self._keep(tuple(dict.fromkeys(one.run for one in working if one.driven is not None)))
        for listener in self.listeners:
            listener(job)

    def _keep(self, runs: tuple[str, ...]) -> None:
        if runs != getattr(self, "_last_kept", None):
            self._last_kept = runs
            self._kept.write(runs)
