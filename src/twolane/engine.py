"""The composition root: it makes an Engine from settings, ledger, provider and prices.

A caller writes:

For example::

    async with Engine.open(settings) as engine:
        run = await engine.start(requests)
        async for outcome in run:
            ...
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar
from weakref import WeakSet

from twolane.core.identity import make_nonce
from twolane.core.states import RunState
from twolane.core.types import Lane
from twolane.errors import ConfigError
from twolane.ledger import LEDGER_FILE, Ledger
from twolane.ledger.forgetting import let_go
from twolane.ledger.runlock import LOCKS_FOLDER, SPOOL_FOLDER, source_lock
from twolane.planning import DEFAULT_REPLY_TOKENS, Planner, new_items, new_run
from twolane.reader import Reader
from twolane.run import Run, RunFiles
from twolane.services import open_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from twolane.config import Settings
    from twolane.core.forecast import Forecast
    from twolane.core.plan import Stage
    from twolane.core.pricing import LanePrices
    from twolane.core.types import Request
    from twolane.ledger import NewRun, RunRow
    from twolane.ledger.reports import Expiring
    from twolane.planning import Plan, Preview
    from twolane.providers.base import Provider, Served

P = ParamSpec("P")
T = TypeVar("T")


class Engine:
    """Answers any number of model requests, each exactly once, in one of two lanes."""

    def __init__(
        self,
        settings: Settings,
        provider: Provider,
        *,
        executor: ThreadPoolExecutor | None,
        now: Callable[[], float] = time.time,
        seed: int | None = None,
        rehearsal: bool = False,
    ) -> None:
        """Assemble an engine; `open` is the usual way. Raises LedgerError.

        With `executor` None ledger calls run in place; `seed` makes all randomness repeatable.
        Simulations on a virtual clock need both.
        """
        self.settings = settings
        self.provider = provider
        self.ledger = Ledger(settings.home / LEDGER_FILE, rehearsal=rehearsal)
        self.now = now
        self._reader = Reader(self.ledger, month_cap_nano=settings.month_cap_nano, now=now)
        self._executor = executor
        self._runs: WeakSet[Run] = WeakSet()
        self._random = random.Random(secrets.randbits(64) if seed is None else seed)  # noqa: S311
        self._planner = Planner(settings, provider, self.ledger, now)
        self.served: Served | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        provider: Provider | None = None,
        responder: Callable[[Mapping[str, Any]], str] | None = None,
        rehearsal: bool = False,
    ) -> Engine:
        """Open the engine that `settings` describe.

        A custom `provider` replaces the one that the settings name; the engine closes it.
        `responder` answers requests inside this process if the provider is `offline`: it gets a
        request's params and returns the reply's text. A `rehearsal` is only for plans and previews:
        it needs no key, and neither creates nor changes a ledger. Raises ConfigError if the
        provider is unknown or its key is missing, LedgerError if the ledger cannot be used.
        """
        if provider is None:
            provider = open_provider(settings, responder, rehearsal=rehearsal)
        executor = ThreadPoolExecutor(1, "twolane-ledger")
        return cls(settings, provider, executor=executor, rehearsal=rehearsal)

    async def __aenter__(self) -> Self:
        """Return the engine."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close provider and ledger."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close provider and ledger; open batches continue at the provider.

        A run still being driven here, by a task or an iteration left early, is stopped first.
        """
        for run in list(self._runs):
            await run.let_go()
        await self.provider.aclose()
        if self._executor is not None:
            self._executor.shutdown(wait=True)
        self.ledger.close()

    # -- planning and starting ----------------------------------------------------------------

    async def connect(self, model: str | None = None, base_url: str = "") -> Served | None:
        """Find the server and model of a provider that has to be discovered.

        `base_url` is the server that a run was started with. Returns None for a service that needs
        no discovery. Raises ConfigError saying what to do.
        """
        self.served = await self.provider.connect(model, base_url)
        return self.served

    def plan(
        self,
        requests: Iterable[Request],
        *,
        lane: Lane | None = None,
        cap_nano: int | None = None,
        deadline_at: float | None = None,
        reply_tokens: int = DEFAULT_REPLY_TOKENS,
    ) -> Plan:
        """Plan `requests`: their lane, the reason, and what they would cost.

        `reply_tokens` is the expected length of a reply, `deadline_at` when everything must be
        answered, in seconds since the epoch. Raises InputError naming a request that cannot be
        sent, UnknownModelError if there is no price, BudgetExceededError if a deadline may need the
        real-time price and the cap does not cover it.
        """
        return self._planner.plan(
            requests,
            lane=lane,
            cap_nano=cap_nano,
            deadline_at=deadline_at,
            reply_tokens=reply_tokens,
        )

    def replan(
        self,
        plan: Plan,
        *,
        items: int | None = None,
        lane: Lane | None = None,
        cap_nano: int | None = None,
        deadline_at: float | None = None,
    ) -> Plan:
        """Return the plan for the same requests on other terms, without reading them again.

        With `items` it is for so many requests like these, as an estimate: it cannot be started.
        The others are as for `plan`.
        """
        return self._planner.replan(
            plan, items=items, lane=lane, cap_nano=cap_nano, deadline_at=deadline_at
        )

    def forecast(
        self,
        plan: Plan,
        *,
        deadline_at: float | None = None,
        by_strict: bool = False,
        cache: bool = False,
    ) -> Forecast:
        """Return when a plan's requests will be answered, by this ledger's history, and at most for what.

        `deadline_at` and `by_strict` are as for `start`, and so is `cache`.
        """
        return self._planner.forecast(
            plan, deadline_at=deadline_at, by_strict=by_strict, cache=cache
        )

    def preview(self, request: Request, plan: Plan, *, cache: bool = False) -> Preview:
        """Return a planned request exactly as it would be sent; `cache` as for `start`.

        Its `note_ref`, if any, is a sample: it depends on the run's id, which does not exist yet.
        """
        return self._planner.preview(request, plan, cache=cache)

    def default_model(self) -> str:
        """Return the default model: a server's only one, or the cheapest Haiku.

        Raises ConfigError listing a server's models if it has several.
        """
        if self.served is not None:
            return self.served.the_model()
        return self._planner.default_model()

    @property
    def place(self) -> Mapping[str, object]:
        """The provider, and the server found, that a resume must match."""
        name = self.provider.name
        if self.served is None:
            return {"provider": name}
        return {"provider": name, "server": self.served.base_url, "model": self.served.model}

    @property
    def only_lane(self) -> Lane | None:
        """The only lane, if there is just one."""
        return Lane.REALTIME if self.provider.traits.no_batches else None

    def known_prices(self) -> dict[str, LanePrices]:
        """Return the prices of every model of the provider that has both lanes."""
        return self._planner.known_prices()

    async def start(
        self,
        requests: Iterable[Request],
        *,
        name: str = "",
        again: bool = False,
        plan: Plan | None = None,
        kind: str = "run",
        label: str = "",
        source: str = "",
        input_hash: str = "",
        lane: Lane | None = None,
        cap_nano: int | None = None,
        deadline_at: float | None = None,
        by_strict: bool = False,
        stages: Sequence[Stage] = (),
        settings: Mapping[str, object] | None = None,
        cache: bool = False,
        usable: Mapping[str, Any] | None = None,
    ) -> Run:
        """Return the run of these requests: the existing one, or a new one with all items pending.

        Nothing is sent yet. The same requests at the same provider are the same run, unfinished or
        done: they are never paid for twice. With a `name` the run is found by its name, and other
        requests under it are refused; `again` starts over. A different `cap_nano` becomes the run's
        new cap. Callers who look for earlier runs themselves (`unfinished`) give a `source` and an
        `input_hash` to find them by, and get a new run.

        `requests` are iterated twice. `settings` must be unchanged on a resume; `cache` marks the
        shared system prompt for the provider's cache. A reply that does not meet `usable`, a JSON
        schema besides the one that a request sends, is asked for once more; the `description` of
        that schema says what is wrong with such a reply. Items in no stage form a last one. Batches
        that would miss `deadline_at` (seconds since the epoch) are given up for real time;
        `by_strict` does not even wait for their end, and may pay for some items twice. Raises
        ConfigError, LedgerError; LedgerLockedError if another process starts the same run.
        """
        plan = plan or self.plan(requests, lane=lane, cap_nano=cap_nano, deadline_at=deadline_at)
        if plan.survey.total:
            await self.connect(plan.survey.model)
        found_by_caller = bool(source)
        if not found_by_caller:
            input_hash = plan.survey.digest
            source = self._source(name, input_hash)
        kept = {**(settings or {}), "cache": cache, "by_strict": by_strict}
        if usable is not None:
            kept["usable"] = usable
        new = new_run(
            plan, self.provider, run_id=self._new_id(kind), kind=kind, label=label, source=source,
            input_hash=input_hash, lane=lane, cap_nano=cap_nano, deadline_at=deadline_at,
            settings=kept,
        )  # fmt: skip
        if found_by_caller:
            return await self._record(new, requests, plan, stages)
        with source_lock(self.settings.home / LOCKS_FOLDER, source):
            earlier = None if again else await self._earlier(new, name)
            return earlier or await self._record(new, requests, plan, stages)

    async def _record(
        self, new: NewRun, requests: Iterable[Request], plan: Plan, stages: Sequence[Stage]
    ) -> Run:
        """Write a run with all its items, and let go of what is older than it is to be kept."""
        items = new_items(requests, plan, stages)
        if self.settings.keep_days is not None:
            await self._db(let_go, self.ledger, keep_days=self.settings.keep_days, now=self.now())
        row = await self._db(self.ledger.create_run, new, items, self.now())
        return self._run(row, prices=plan.prices)

    def _source(self, name: str, digest: str) -> str:
        """Return what a run is found by: its name, or its requests, at this provider alone.

        What a simulator answered must not be taken for the provider's answers.
        """
        what = f"named {name}" if name else digest
        return f"start:{self.provider.name}:{self.provider.base_url}:{what}"

    async def _earlier(self, new: NewRun, name: str) -> Run | None:
        """Return the run that `new` would begin once more, with the cap that `new` has.

        Raises ConfigError if requests or lane are others than then.
        """
        run = await self.latest(new.source)
        if run is None:
            return None
        changed = []
        if run.row.input_hash != new.input_hash:
            changed.append("with other requests")
        if new.lane_forced is not None and run.row.lane_forced != new.lane_forced:
            changed.append(f"for the lane {run.row.lane_forced or 'auto'}")
        if changed:
            called = f" named {name!r}" if name else ""
            message = (
                f"run {run.id}{called} was started {' and '.join(changed)}; give another name, or "
                "again=True to start over"
            )
            raise ConfigError(message)
        closed = run.row.state in (RunState.DONE, RunState.CANCELED)
        if not closed and new.cap_nano not in (None, run.row.cap_nano):
            await run.set_cap(new.cap_nano)
        return run

    def _new_id(self, kind: str) -> str:
        day = datetime.fromtimestamp(self.now(), UTC).strftime("%Y%m%d")
        drawn = make_nonce(self._random.randbytes(8)) + make_nonce(self._random.randbytes(8))
        return f"{kind}-{day}-{drawn}"

    # -- runs there are -----------------------------------------------------------------------

    async def runs(self) -> list[RunRow]:
        """Return every run of the ledger, newest first."""
        return await self._db(self._reader.runs)

    async def expiring(self) -> list[Expiring]:
        """Return the open batches, of all runs, whose results the provider will soon delete."""
        return await self._db(self._reader.expiring)

    async def run(self, named: str) -> Run:
        """Return a run of the ledger by its id, a unique beginning of it, or `last`.

        Raises UnknownRunError, AmbiguousRunError.
        """
        return self._run(await self._db(self._reader.run, named))

    async def latest(self, source: str) -> Run | None:
        """Return the newest run of a source, None if there is none."""
        row = await self._db(self.ledger.latest_run, source)
        return None if row is None else self._run(row)

    async def unfinished(
        self, source: str, input_hash: str, settings: Mapping[str, object]
    ) -> Run | None:
        """Return the newest run of `source` if this is the same command again.

        None if the source has no run. Raises ConfigError naming the difference if the input or a
        setting has changed since the run was started.
        """
        run = await self.latest(source)
        if run is None:
            return None
        changed = [
            f"{name} was {run.row.setting(name)!r} and is {value!r}"
            for name, value in settings.items()
            if run.row.setting(name) != value
        ]
        if run.row.input_hash != input_hash:
            changed.append("the input has changed")
        if changed:
            message = (
                f"run {run.id} was started with other settings: {'; '.join(changed)}. "
                f"Go on with it as it was (`resume {run.id}`), or start over with --again"
            )
            raise ConfigError(message)
        return run

    def _run(self, row: RunRow, *, prices: LanePrices | None = None) -> Run:
        files = RunFiles(
            locks=self.settings.home / LOCKS_FOLDER, spool=self.settings.home / SPOOL_FOLDER
        )
        run = Run(
            row,
            ledger=self.ledger,
            reader=self._reader,
            provider=self.provider,
            prices=lambda: prices or self._planner.prices_of(row),
            settings=self.settings,
            files=files,
            executor=self._executor,
            now=self.now,
            draw=self._random,
        )
        self._runs.add(run)
        return run

    async def _db(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._executor is None:
            return call(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: call(*args, **kwargs))
