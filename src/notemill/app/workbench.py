"""What all services of an open vault share: its thread, clock, locks, engine and front."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeVar

from notemill.app.events import (
    AgreeToPrice,
    ExclusionsUnmatched,
    NotesRead,
    Planned,
    ProviderChosen,
    ResultsExpiring,
    SendUnmatched,
    ServerSlow,
    VocabularySeen,
    agreed,
)
from notemill.app.opened import OpenVault
from notemill.app.terms import OFFLINE
from notemill.app.thread import VaultThread
from notemill.errors import UsageError, VaultLockedError
from notemill.privacy import Privacy
from notemill.properties import listed
from notemill.vault.curatelock import curate_lock
from notemill.workflows.fitting import Room
from notemill.workflows.tags.gating import changed_since
from twolane import offer_of

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from notemill.app.events import Event, Front
    from notemill.app.terms import RunTerms
    from notemill.config import Exclusions
    from notemill.offline import Responder
    from notemill.privacy import Sight, Unmatched
    from notemill.properties import Properties
    from twolane import Engine, Offer, Plan, Request, Settings

P = ParamSpec("P")
T = TypeVar("T")

READ_TOLD_EVERY_S: Final = 0.2
SERVER_QUIET_S: Final = 3.0
"""Seconds until a silent server is reported: it may take minutes to load its model."""


@dataclass(eq=False, slots=True)
class _Turn:
    """Work of one kind in progress; one of the current workers holds the lock for all."""

    what: str
    lock: AbstractContextManager[None] | None = None


class Workbench:
    """An open vault and the engine, for any number of concurrent tasks."""

    def __init__(
        self,
        settings: Settings,
        front: Front,
        engine: Engine,
        clock: Callable[[], float],
        responder: Responder,
        *,
        used: Properties,
    ) -> None:
        """Assemble it within its running event loop; `open_vault` opens the vault.

        `responder` answers for the engine if no model does. Only the properties `used` are proposed
        and written.
        """
        self.settings = settings
        self.front = front
        self.engine = engine
        self.clock = clock
        self.responder = responder
        self.used = used
        self.thread = VaultThread()
        self._opened: OpenVault | None = None
        self._loop = asyncio.get_running_loop()
        self._working: dict[str, _Turn] = {}

    async def open_vault(self, folder: Path, exclusions: Exclusions, *, processes: int) -> None:
        """Open the vault in `folder`, on its own thread; see `Index` for `processes`.

        Raises VaultError saying what to do.
        """
        self._opened = await self.thread.run(
            OpenVault,
            folder,
            home=self.settings.home,
            privacy=Privacy(exclusions),
            used=self.used,
            clock=self.clock,
            watch=self._watched,
            processes=processes,
        )

    async def __aenter__(self) -> Self:
        """Return it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close everything."""
        await self.engine.aclose()
        if self._opened is not None:
            await self.thread.run(self._opened.close)
        self.thread.close()

    # -- the vault's thread -------------------------------------------------------------------

    async def on(
        self, call: Callable[Concatenate[OpenVault, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function with the open vault, on the vault's thread."""
        return await self.thread.run(call, self._vault, *args, **kwargs)

    def each(self, make: Callable[[OpenVault], Iterable[T]]) -> AsyncGenerator[T, None]:
        """Iterate what `make` returns for the open vault, step by step on the vault's thread."""
        return self.thread.each(lambda: make(self._vault))

    @property
    def _vault(self) -> OpenVault:
        if self._opened is None:
            raise RuntimeError("the vault is closed")
        return self._opened

    @property
    def root(self) -> Path:
        """The vault's folder, resolved."""
        return self._vault.root

    @contextmanager
    def _watched(self) -> Iterator[Callable[[int], None]]:
        """Report the reading of notes; runs on the vault's thread."""
        count, told = 0, time.monotonic()

        def tell(more: int) -> None:
            nonlocal count, told
            self.thread.check_stop()
            count += more
            if time.monotonic() - told >= READ_TOLD_EVERY_S:
                told = time.monotonic()
                self.tell(NotesRead(count))

        yield tell
        if count:
            self.tell(NotesRead(count, done=True))

    def tell(self, event: Event) -> None:
        """Show an event, from any thread."""
        self._loop.call_soon_threadsafe(self.front.tell, event)

    @asynccontextmanager
    async def working(self, what: str) -> AsyncIterator[None]:
        """Be the only task that does `what`, in the only process that curates the vault.

        Raises VaultLockedError naming the other.
        """
        turn = _Turn(what)
        try:
            await self.on(self._begin_work, turn)
            yield
        finally:
            # In any case: a task may be canceled while it begins.
            await self.thread.run(self._end_work, turn)

    def _begin_work(self, opened: OpenVault, turn: _Turn) -> None:
        if turn.what in self._working:
            raise VaultLockedError(
                f"{turn.what} is already working on {opened.root}; wait for it, or stop it"
            )
        if not self._working:
            turn.lock = curate_lock(opened.state, opened.root)
            turn.lock.__enter__()
        self._working[turn.what] = turn

    def _end_work(self, turn: _Turn) -> None:
        if self._working.get(turn.what) is not turn:
            return
        del self._working[turn.what]
        if turn.lock is None:
            return
        if self._working:
            # One of the remaining workers holds it from now on.
            next(iter(self._working.values())).lock = turn.lock
        else:
            turn.lock.__exit__(None, None, None)

    # -- what all services share --------------------------------------------------------------

    @property
    def sends(self) -> bool:
        """Whether requests go to a model, and not to the built-in extractive provider."""
        return self.settings.provider != OFFLINE

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.settings.model or self.engine.default_model()

    def check_used(self, needed: Properties, what: str) -> None:
        """Check that one of the properties `needed` is used. Raises UsageError saying `what` is off."""
        if self.used.isdisjoint(needed):
            raise UsageError(
                f"{what} switched off: of the properties, only {listed(self.used)} may be filled in; "
                "choose others in Settings, or with `notemill config set properties "
                f'"{listed(self.used | needed)}"`'
            )

    def room(self) -> Room:
        """Return the room for a note in the model's context."""
        served = self.engine.served
        return Room(served.context_tokens, small=True) if served else Room()

    async def connect(self, model: str | None = None, base_url: str = "") -> None:
        """Connect to the provider, and report it; `base_url` is where the run was begun.

        Raises ConfigError saying what to do.
        """
        if not self.sends:
            self.front.tell(ProviderChosen(OFFLINE))
        finding = asyncio.ensure_future(self.engine.connect(model, base_url))
        try:
            done, _ = await asyncio.wait([finding], timeout=SERVER_QUIET_S)
            if not done:
                self.front.tell(ServerSlow())
            served = await finding
        finally:
            finding.cancel()
        if served is not None:
            self.front.tell(ProviderChosen(self.engine.provider.name, served.words))

    async def warn_of_expiry(self) -> None:
        """Report the batches whose results the provider will soon delete."""
        if batches := await self.engine.expiring():
            self.front.tell(ResultsExpiring(batches, self.engine.now()))

    async def see_exclusions(self, sight: Sight, *, sends: bool, allow: bool) -> None:
        """Report the exclusions that match no note; if notes will be sent, ask about them.

        Exclusions that a person agrees to, or `allow` permits, are remembered for the vault. Raises
        WaitingForPersonError if nobody can be asked, or the answer is no.
        """
        unmatched = await self.on(OpenVault.unmatched, sight)
        if not unmatched:
            return
        self.front.tell(ExclusionsUnmatched(unmatched))
        if not sends:
            return
        if not allow:
            await agreed(self.front, _send_unmatched(unmatched))
        entries = [one.entry for one in unmatched]
        await self.on(lambda opened: opened.allowed.allow(entries, now=self.clock()))

    async def see_vocabulary(self, sight: Sight) -> None:
        """Report the notes whose tag lists have no effect, and what changed in the one that has."""
        seen = await self.on(_vocabulary_seen, sight)
        if seen.moved or seen.strays or seen.changes:
            self.front.tell(seen)

    async def planned(
        self, requests: Iterable[Request], terms: RunTerms, *, reply_tokens: int
    ) -> Offer:
        """Return where requests would go and what that would cost. Raises ConfigError."""
        return self.offer(await self.plan(requests, terms, reply_tokens=reply_tokens), terms)

    async def plan(
        self,
        requests: Iterable[Request],
        terms: RunTerms,
        *,
        reply_tokens: int,
        beside: Sequence[Plan] = (),
    ) -> Plan:
        """Return the plan for requests, under a cap that also covers what is asked `beside`.

        Raises ConfigError.
        """
        cap_nano = terms.cap_nano
        if cap_nano is not None:
            cap_nano = max(1, cap_nano - sum(one.estimated_nano for one in beside))
        # Each request reads its note: of many notes that takes long, and others have to read, too.
        return await self.thread.beside(
            partial(
                self.engine.plan,
                lane=terms.lane,
                cap_nano=cap_nano,
                deadline_at=terms.deadline_at(self.engine.now()),
                reply_tokens=reply_tokens,
            ),
            requests,
        )

    def capped(self, terms: RunTerms) -> RunTerms:
        """Return the terms with the budget per run of the settings, unless they have a cap."""
        cap_nano = self.settings.run_cap_nano if terms.cap_nano is None else terms.cap_nano
        return replace(terms, cap_nano=cap_nano)

    def offer(self, plan: Plan, terms: RunTerms, *, beside: Sequence[Plan] = ()) -> Offer:
        """Return the offer for a plan, with the price of what is asked `beside`."""
        for one in beside:
            plan = plan.with_price_of(one)
        return offer_of(plan, self.engine, self.settings, cap_nano=terms.cap_nano)

    async def agree(self, offer: Offer) -> None:
        """Report an offer, and get a person's agreement. Raises WaitingForPersonError."""
        self.front.tell(Planned(offer))
        if offer.question:
            await agreed(self.front, AgreeToPrice(offer.question, "nothing was sent"))

    def source_of(self, kind: str) -> str:
        """Return the source by which runs of a kind over this vault are found."""
        return f"{kind}:{self.root}"

    def new_run_id(self, kind: str) -> str:
        """Return a new id for a run without a model, from its kind and the time."""
        at = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.clock()))
        return f"{kind}-{at}-{secrets.token_hex(2)}"

    def kept(self, terms: RunTerms) -> Mapping[str, Any]:
        """Return the settings that must be unchanged when a run on these terms resumes."""
        return {**terms.kept(), **self.engine.place}


def _send_unmatched(unmatched: Iterable[Unmatched]) -> SendUnmatched:
    return SendUnmatched(
        "send the notes anyway?",
        "nothing was sent; correct the exclusion",
        "an exclusion matches no note and may be misspelled: "
        f"{', '.join(one.entry for one in unmatched)}. Nothing was sent; correct it, or run "
        "the command again with --allow-unmatched",
    )


def _vocabulary_seen(opened: OpenVault, sight: Sight) -> VocabularySeen:
    place = opened.place(sight)
    shown = sight.shows(place.note)
    return VocabularySeen(
        place.note if shown else "",
        place.note if shown and place.may_have_moved else "",
        tuple(one for one in place.strays if sight.shows(one)),
        changed_since(opened.vault, place, opened.decisions) if shown else (),
    )
