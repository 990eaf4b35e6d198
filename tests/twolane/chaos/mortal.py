"""A process that dies where it is told: its tasks, its ledger and its calls end at once.

Many of them live on one event loop. A process is whatever tasks were begun on its behalf, and
death means that from one moment on none of them reaches the ledger or the provider any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, cast

import orjson

from tests.doubles import Crash
from tests.twolane.chaos.schedule import AtCommit, AtExchange, DiskFull, Phase
from twolane.errors import ConnectionFailedError, LedgerFullError
from twolane.ledger.store import Store
from twolane.sim.billing import body_hash
from twolane.worker.realtime import MAX_RESTING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Mapping
    from pathlib import Path

    from tests.twolane.chaos.schedule import End
    from twolane.core.transport import Response, Transport

# The engine's own promise: an answer is durable within this time.
COMMIT_WINDOW_S = 0.1
_MESSAGES = ("POST", "/v1/messages")
_RESULTS = "/results"
_GATEWAYS = (502, 504)

_owner: ContextVar[Mortal | None] = ContextVar("owner", default=None)


@dataclass(slots=True)
class Witness:
    """What is seen from outside the engine: the independent side of every comparison.

    `asked` names the question of every body sent in real time; `drops` and `dropped` count calls
    that left and got no answer, and calls given up by a cancel; `at_death` is how many calls
    were in flight, or answered within the last commit window, when processes died; `whole`
    counts complete reads of a batch's results, `met` what else happened, by kind.
    """

    now: Callable[[], float]
    lines: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    drops: int = 0
    dropped: int = 0
    at_death: int = 0
    whole: dict[str, int] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def note(self, who: str, what: str) -> None:
        """Add a line to the trace."""
        self.lines.append(f"{self.now():.6f} {who} {what}")

    def complain(self, who: str, what: str) -> None:
        """Note that an invariant does not hold."""
        self.note(who, f"BROKEN {what}")
        self.broken.append(f"{who}: {what}")


class Mortal:
    """One process, from its first task to its death."""

    def __init__(self, name: str, end: End, concurrency: int, witness: Witness) -> None:
        """Be `name` in the trace, and end as `end` says."""
        self.name = name
        self.end = end
        self.witness = witness
        self.dead = False
        self.died = asyncio.Event()
        self.exchanges = 0
        self.flying = 0
        self.answered_at: list[float] = []
        self._concurrency = concurrency
        self._tasks: list[asyncio.Task[Any]] = []
        self._stores: list[MortalLedger] = []

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin `work` as this process; the tasks it begins belong to it as well."""
        token = _owner.set(self)
        try:
            return asyncio.get_running_loop().create_task(work)
        finally:
            _owner.reset(token)

    def own(self, task: asyncio.Task[Any]) -> None:
        """Count a task as this process's."""
        self._tasks.append(task)

    def hold(self, store: MortalLedger) -> None:
        """Count an open ledger as this process's."""
        self._stores.append(store)

    def die(self, where: str) -> None:
        """End now: nothing that is not durable, or with the provider, ever will be."""
        if self.dead:
            return
        self.dead = True
        self.witness.note(self.name, f"dies {where}")
        self.witness.met[f"process:dies {type(self.end).__name__}"] += 1
        self.lose()
        for store in self._stores:
            store.die()
        self.died.set()

    def lose(self) -> None:
        """Count the calls whose answers cannot become durable any more."""
        just_now = self.witness.now() - COMMIT_WINDOW_S
        late = sum(moment >= just_now for moment in self.answered_at)
        # Claims are durable before their calls leave, so up to a full house may be claimed, beside
        # those that rest after a refusal.
        self.witness.at_death += max(self._concurrency, self.flying) + MAX_RESTING + late

    def breathe(self) -> None:
        """Raise Crash in whatever still runs of a dead process."""
        if self.dead:
            raise Crash

    @property
    def busy(self) -> int:
        """How many of its tasks have not ended."""
        return sum(not task.done() for task in self._tasks)

    async def bury(self) -> None:
        """End every task, so that locks are free again, as they are when a process is gone."""
        while left := [task for task in self._tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left)
        for task in self._tasks:
            if not task.cancelled():
                task.exception()


def owned_task(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any],
    **options: Any,  # noqa: ANN401
) -> asyncio.Task[Any]:
    """Make a task that belongs to the process whose task makes it; fit to be a task factory."""
    task = asyncio.Task(work, loop=loop, **options)
    if (process := _owner.get()) is not None:
        process.own(task)
    return task


class MortalLedger(Store):
    """A ledger file as one process has it open. `watch` sees what each commit is about to write."""

    def __init__(
        self,
        path: Path,
        *,
        process: Mortal,
        watch: Callable[[Any], None],
        read_only: bool = False,
        rehearsal: bool = False,
    ) -> None:
        """Open the ledger at `path`, without waiting for a disk: only the process may fail."""
        self.commits = 0
        self._process: Mortal | None = None
        super().__init__(path, read_only=read_only, rehearsal=rehearsal)
        self.db.execute("PRAGMA synchronous = OFF")
        self.commits = 0
        self._watch = watch
        self._process = process
        process.hold(self)

    def commit(self) -> None:
        """Commit, or die as told."""
        process = self._process
        if process is None:
            super().commit()
            return
        self.commits += 1
        self._watch(self.db)
        end = process.end
        if isinstance(end, AtCommit) and end.number == self.commits:
            if end.after:
                super().commit()
            process.die(f"{'after' if end.after else 'before'} commit {self.commits}")
            raise Crash
        if isinstance(end, DiskFull) and self.commits >= end.number:
            if self.commits == end.number:
                process.lose()
                process.witness.met["process:has a full disk"] += 1
            process.witness.note(process.name, f"commit {self.commits} finds no space")
            raise LedgerFullError
        super().commit()
        process.witness.note(process.name, f"commit {self.commits}")

    def die(self) -> None:
        """Let nothing reach the file any more."""
        self.db.close()
        self.db = cast("Any", _Gone())


class _Gone:
    """What a dead process still reaches of its database: nothing."""

    in_transaction = False

    def execute(self, *_: object) -> NoReturn:
        raise Crash

    executemany = execute

    def close(self) -> None:
        """Be closed already."""


class MortalTransport:
    """A transport that dies with its process, before, in and behind an exchange."""

    def __init__(self, inner: Transport, process: Mortal) -> None:
        """Carry the calls of `process` over `inner`."""
        self._inner = inner
        self._process = process

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[Response]:
        """Open an exchange; see Transport.request."""
        process = self._process
        process.breathe()
        phase = self._phase(path)
        if phase is Phase.BEFORE:
            self._die(phase)
        if phase is Phase.TAKEN:
            # The simulator takes a call in the step it is made in, so this comes right behind.
            asyncio.get_running_loop().call_soon(process.die, f"with a call {phase}")
        call = _Call(process, method, path, body)
        with call.watched():
            async with self._inner.request(
                method, path, headers=headers, body=body, timeout_s=timeout_s
            ) as response:
                call.answered(response.status)
                if phase is Phase.ANSWERED:
                    self._die(phase)
                yield MortalResponse(response, call, dies=phase is Phase.READING)

    async def aclose(self) -> None:
        """Close what is behind it."""
        await self._inner.aclose()

    def _phase(self, path: str) -> Phase | None:
        """Count an exchange, and return where in it the process dies, if it does."""
        end = self._process.end
        if not isinstance(end, AtExchange) or not path.endswith(end.about):
            return None
        self._process.exchanges += 1
        return end.phase if self._process.exchanges == end.number else None

    def _die(self, phase: Phase) -> NoReturn:
        self._process.die(f"with a call {phase}")
        raise Crash


class _Call:
    """One exchange as the witness sees it."""

    def __init__(
        self, process: Mortal, method: str, path: str, body: bytes | AsyncIterable[bytes] | None
    ) -> None:
        self.process = process
        self.path = path
        self._name = f"{method} {path}"
        self._realtime = (method, path) == _MESSAGES
        self._open = True
        if self._realtime:
            params = orjson.loads(cast("bytes", body))
            question = question_of(str(params["messages"][0]["content"]))
            process.witness.asked[body_hash(params)] = question
            self._name += f" {question}"

    @contextlib.contextmanager
    def watched(self) -> Any:  # noqa: ANN401
        """Count the call as in flight, and see how it ends without an answer."""
        process, witness = self.process, self.process.witness
        process.flying += self._realtime
        try:
            yield
        except ConnectionFailedError as error:
            witness.note(process.name, f"{self._name} -> {error}")
            witness.drops += self._realtime and error.sent and not process.dead
            raise
        except asyncio.CancelledError:
            witness.dropped += self._realtime and not process.dead
            raise
        finally:
            self._land()

    def answered(self, status: int) -> None:
        """See the answer's head come."""
        process = self.process
        process.breathe()
        process.witness.note(process.name, f"{self._name} -> {status}")
        process.witness.drops += self._realtime and status in _GATEWAYS and not process.dead
        self._land()

    def read(self, *, whole: bool) -> None:
        """See the body come, whole or a piece of it."""
        self.process.breathe()
        if whole and self.path.endswith(_RESULTS):
            batch_id = self.path.removesuffix(_RESULTS).rpartition("/")[2]
            seen = self.process.witness.whole
            seen[batch_id] = seen.get(batch_id, 0) + 1

    def _land(self) -> None:
        if self._open and self._realtime:
            self._open = False
            self.process.flying -= 1
            self.process.answered_at.append(self.process.witness.now())


class MortalResponse:
    """An answer in whose middle the process may die."""

    def __init__(self, inner: Response, call: _Call, *, dies: bool) -> None:
        """Read from `inner`; with `dies` only as far as the middle."""
        self._inner = inner
        self._call = call
        self._dies = dies
        self.status = inner.status
        self.headers = inner.headers

    async def read(self, most_bytes: int) -> bytes:
        """Return the whole body; see Response.read."""
        body = await self._inner.read(most_bytes)
        self._maybe_die()
        self._call.read(whole=self.status == 200)
        return body

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate the body in pieces; see Response.chunks."""
        async for piece in self._inner.chunks():
            self._call.read(whole=False)
            if self._dies:
                yield piece[: len(piece) // 2]
                self._maybe_die()
            yield piece
        self._maybe_die()
        self._call.read(whole=True)

    def _maybe_die(self) -> None:
        if self._dies:
            self._call.process.die("while an answer is read")
            raise Crash


def question_of(content: str) -> str:
    """Return the question in a message: its last word, behind the reference and the filling."""
    return content.rsplit(maxsplit=1)[-1]
