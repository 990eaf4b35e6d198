"""Planning a run before it begins: its requests, its lane, its cost."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import orjson

from twolane.core.deadline import Owed, Window, finish_s
from twolane.core.forecast import Forecast, at_once, finishing
from twolane.core.identity import note_ref, with_note_ref
from twolane.core.money import format_usd
from twolane.core.packing import batch_size
from twolane.core.params import body_of
from twolane.core.plan import ECHO_BYTES, RequestSurvey, place, survey
from twolane.core.pricing import LanePrices, Quote, most_nano, quote
from twolane.core.render import Renderer, joined_bytes, own_part
from twolane.core.routing import route
from twolane.core.types import Lane, LaneDecision
from twolane.errors import BudgetExceededError, ConfigError, InputError, UnknownModelError
from twolane.ledger import NewItem, NewRun, history, months
from twolane.ledger.history import Service, Workspace
from twolane.pricebook import load_price_book
from twolane.services import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from twolane.config import Settings
    from twolane.core.plan import Stage
    from twolane.core.types import MinuteLimits, Month, Request
    from twolane.ledger import Ledger, RunRow
    from twolane.providers.base import Provider

# What a reply is expected to take where nobody says; only the estimate depends on it.
DEFAULT_REPLY_TOKENS = 512
REHEARSAL = "dry-run"
OFFLINE_MODEL = "extractive"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that could begin: its requests, its lane, its cost."""

    survey: RequestSurvey
    quote: Quote
    decision: LaneDecision
    prices: LanePrices
    batch_size: int
    month: Month | None = None

    @property
    def estimated_nano(self) -> int:
        """The estimate in the chosen lane, in nano-dollars."""
        in_batch = self.decision.lane is Lane.BATCH
        return self.quote.batch_nano if in_batch else self.quote.realtime_nano

    def with_price_of(self, other: Plan) -> Plan:
        """Return this plan with the price of another that is asked beside it, in its own lane."""
        whole = replace(
            self.quote,
            realtime_nano=self.quote.realtime_nano + other.quote.realtime_nano,
            batch_nano=self.quote.batch_nano + other.estimated_nano,
        )
        return replace(self, quote=whole)


class Preview(NamedTuple):
    """A request as it would be sent: its address, own headers and JSON body."""

    key: str
    base_url: str
    headers: Mapping[str, str]
    body: bytes


class Planner:
    """Plans lanes and costs from prices and measurements."""

    def __init__(
        self, settings: Settings, provider: Provider, ledger: Ledger, now: Callable[[], float]
    ) -> None:
        """Plan for one provider. Raises ConfigError if the price file cannot be used."""
        self._settings = settings
        self._provider = provider
        self._ledger = ledger
        self._now = now
        self._prices = load_price_book(settings.prices)

    def plan(
        self,
        requests: Iterable[Request],
        *,
        lane: Lane | None = None,
        cap_nano: int | None = None,
        deadline_at: float | None = None,
        reply_tokens: int,
    ) -> Plan:
        """See Engine.plan."""
        self._check_lane(lane)
        found = survey(
            _Checked(requests, self._provider),
            max_bytes=self._provider.limits.max_request_bytes,
            reply_tokens=reply_tokens,
        )
        return self._planned(found, lane=lane, cap_nano=cap_nano, deadline_at=deadline_at)

    def replan(
        self,
        plan: Plan,
        *,
        items: int | None,
        lane: Lane | None,
        cap_nano: int | None,
        deadline_at: float | None,
    ) -> Plan:
        """See Engine.replan."""
        self._check_lane(lane)
        found = plan.survey if items is None else plan.survey.grown(items)
        return self._planned(found, lane=lane, cap_nano=cap_nano, deadline_at=deadline_at)

    def _check_lane(self, lane: Lane | None) -> None:
        no_batches = self._provider.traits.no_batches
        if lane is Lane.BATCH and no_batches:
            message = f"--lane batch cannot be kept: {no_batches}; leave it out"
            raise ConfigError(message)

    def _planned(
        self,
        found: RequestSurvey,
        *,
        lane: Lane | None,
        cap_nano: int | None,
        deadline_at: float | None,
    ) -> Plan:
        """Return the plan for surveyed requests. Raises as `Engine.plan` does."""
        traits = self._provider.traits
        month = months.standing(self._ledger.store, self._settings.month_cap_nano, self._now())
        if not traits.free:
            _check_bounded(found, cap_nano, month)
        prices = self.lane_prices(found.model, lane) if found.total else LanePrices.free()
        each = max(1, found.total)
        estimate = quote(
            found.model,
            prices,
            found.total,
            -(-found.input_tokens // each),
            -(-found.output_tokens // each),
        )
        if deadline_at is not None and cap_nano is not None and estimate.realtime_nano > cap_nano:
            message = (
                f"to keep the deadline all of it may have to go in real time, at about "
                f"{format_usd(estimate.realtime_nano)}, and the cap is {format_usd(cap_nano)}; "
                "raise --max-cost to that, or leave out --by"
            )
            raise BudgetExceededError(message)
        size = batch_size(found.total, self._settings.batch_size, self._provider.limits)
        decision = route(
            found.total,
            forced=lane,
            budget_nano=least(cap_nano, month),
            realtime_nano=estimate.realtime_nano,
            batch_nano=estimate.batch_nano,
            window=self._window(found, size, deadline_at),
            no_batches=traits.no_batches,
        )
        if found.no_batch and decision.lane is Lane.BATCH:
            raise InputError(found.no_batch)
        return Plan(found, estimate, decision, prices, size, month)

    def preview(self, request: Request, plan: Plan, *, cache: bool) -> Preview:
        """See Engine.preview."""
        shared = plan.survey.shared
        token = note_ref(REHEARSAL, 0, request.content_hash) if request.echo else None
        body = Renderer(orjson.dumps(shared), cache=cache).body(
            own_part(body_of(request.params), shared), plan.decision.lane, token
        )
        betas = plan.survey.betas
        headers = {"anthropic-beta": ",".join(betas)} if betas else {}
        return Preview(request.key, self._provider.base_url, headers, body)

    def _window(self, found: RequestSurvey, size: int, deadline_at: float | None) -> Window | None:
        """Return what a deadline leaves for batches, by what the ledger has measured."""
        if deadline_at is None or self._provider.traits.no_batches:
            return None
        service = Service(self._provider.name, self._provider.base_url, found.model)
        tempo = history.tempo(self._ledger, service, size=size)
        needed_s = finish_s(
            Owed(found.total, found.input_tokens),
            concurrency=self._settings.concurrency,
            tempo=tempo,
            limits=self._limits(found.model),
        )
        return Window(deadline_at - self._now(), needed_s, tempo)

    def _limits(self, model: str) -> MinuteLimits:
        provider = self._provider
        workspace = Workspace(provider.base_url, provider.key_fingerprint)
        return history.minute_limits(self._ledger, workspace, model)

    def forecast(
        self, plan: Plan, *, deadline_at: float | None, by_strict: bool, cache: bool
    ) -> Forecast:
        """See Engine.forecast."""
        found, provider = plan.survey, self._provider
        service = Service(provider.name, provider.base_url, found.model)
        size = min(plan.batch_size, found.total)
        tempo = history.tempo(self._ledger, service, size=size)
        if provider.ephemeral:
            tempo = at_once(tempo, size)
        time = finishing(
            plan.decision.lane,
            Owed(found.total, found.input_tokens),
            concurrency=self._settings.concurrency,
            tempo=tempo,
            limits=self._limits(found.model),
            left_s=None if deadline_at is None else deadline_at - self._now(),
        )
        worst_nano = self._worst_nano(plan, deadline_at, by_strict=by_strict, cache=cache)
        return Forecast(time, worst_nano, tempo)

    def _worst_nano(
        self, plan: Plan, deadline_at: float | None, *, by_strict: bool, cache: bool
    ) -> int:
        """Return the most that a plan's requests can cost, each answered once."""
        found = plan.survey

        def most(lane: Lane) -> int:
            return most_nano(
                found.bound_tokens,
                found.most_tokens,
                plan.prices.rates(lane),
                longest_tokens=found.longest_tokens,
                caches=cache or found.caches,
            )

        in_lane = most(plan.decision.lane)
        if deadline_at is None or plan.decision.lane is Lane.REALTIME:
            return in_lane
        late = most(Lane.REALTIME)
        return in_lane + late if by_strict else late

    def lane_prices(self, model: str, lane: Lane | None) -> LanePrices:
        """Return a model's current prices in the requested lanes.

        Raises UnknownModelError naming similar models.
        """
        if self._provider.traits.free:
            return LanePrices.free(model)
        at = datetime.fromtimestamp(self._now(), UTC)
        try:
            return self._prices.lookup(self._provider.name, model, at)
        except UnknownModelError:
            if lane is not Lane.REALTIME:
                raise
        # A model without a batch price has a real-time one, and here no other is asked for.
        rates = self._prices.lookup_realtime(self._provider.name, model, at)
        return LanePrices(rates, rates, model)

    def prices_of(self, row: RunRow) -> LanePrices:
        """Return a run's current prices; a run without items needs none."""
        return self.lane_prices(row.model, row.lane_forced) if row.total else LanePrices.free()

    def default_model(self) -> str:
        """Return the default model: the cheapest current Haiku."""
        if self._provider.name == OFFLINE:
            return OFFLINE_MODEL
        return self._prices.cheapest_haiku(datetime.fromtimestamp(self._now(), UTC))

    def known_prices(self) -> dict[str, LanePrices]:
        """Return the prices of every model of the provider that has both lanes."""
        at = datetime.fromtimestamp(self._now(), UTC)
        found: dict[str, LanePrices] = {}
        for model in self._prices.models(self._provider.name):
            with contextlib.suppress(UnknownModelError):
                found[model] = self._prices.lookup(self._provider.name, model, at)
        return found


class _Checked:
    """Requests, each seen to be one that the provider can be asked."""

    def __init__(self, requests: Iterable[Request], provider: Provider) -> None:
        """Take requests that can be iterated again."""
        self._requests = requests
        self._provider = provider

    def __iter__(self) -> Iterator[Request]:
        """Iterate the requests. Raises InputError naming the one that cannot be asked."""
        for index, request in enumerate(self._requests):
            try:
                self._provider.check(request.params)
            except InputError as error:
                message = f"item {index} ({request.key}): {error}"
                raise InputError(message) from error
            yield request


def _check_bounded(found: RequestSurvey, cap_nano: int | None, month: Month | None) -> None:
    """Raise ConfigError if what the requests cost cannot be bounded, and has to be."""
    if not found.unbounded or (cap_nano is None and month is None):
        return
    flag = "--max-cost" if cap_nano is not None else "--month-budget"
    message = (
        f"{found.unbounded} asks for images, files, server tools or another speed: what that costs "
        f"is known only afterwards, so no cap can be kept; leave out {flag} or split the input"
    )
    raise ConfigError(message)


def least(cap_nano: int | None, month: Month | None) -> int | None:
    """Return the most that may be spent under a run's cap and a month's budget, None for no limit."""
    bounds = [cap_nano, None if month is None else month.left_nano]
    return min((one for one in bounds if one is not None), default=None)


def new_run(
    plan: Plan,
    provider: Provider,
    *,
    run_id: str,
    kind: str,
    label: str,
    source: str,
    input_hash: str,
    lane: Lane | None,
    cap_nano: int | None,
    deadline_at: float | None,
    settings: Mapping[str, object],
) -> NewRun:
    """Return a plan's run for the ledger, with the survey's findings in `settings`."""
    found = plan.survey
    return NewRun(
        id=run_id,
        kind=kind,
        label=label,
        source=source,
        input_hash=input_hash,
        settings={
            **settings,
            "caches": found.caches,
            "unbounded": bool(found.unbounded),
            "betas": found.betas,
            "own_schemas": found.own_schemas,
            "brings_in": bool(found.unbounded),
        },
        provider=provider.name,
        base_url=provider.base_url,
        model=found.model,
        lane_forced=lane,
        decision_lane=plan.decision.lane,
        decision_reason=plan.decision.reason,
        batch_size=plan.batch_size,
        total=found.total,
        estimated_nano=plan.estimated_nano,
        cap_nano=cap_nano,
        shared=orjson.dumps(found.shared),
        deadline_at=deadline_at,
    )


def new_items(
    requests: Iterable[Request], plan: Plan, stages: Sequence[Stage]
) -> Iterator[NewItem]:
    """Yield the items of a run for the ledger."""
    stage_of = {index: number for number, stage in enumerate(stages) for index in stage.items}
    last = len(stages)
    lanes = [stage.lane or plan.decision.lane for stage in stages] + [plan.decision.lane]
    shared = plan.survey.shared
    shared_json = orjson.dumps(shared)
    for index, request in enumerate(requests):
        params, echo = body_of(request.params), request.echo
        if echo:
            _check_echo_fits(request, index)
        stage = stage_of.get(index, last)
        own = own_part(params, shared)
        yield NewItem(
            request.key,
            request.name or request.key,
            request.content_hash,
            echo,
            request.need,
            stage,
            lanes[stage],
            joined_bytes(shared_json, own) + ECHO_BYTES * echo,
            params["max_tokens"],
            own,
        )


def _check_echo_fits(request: Request, index: int) -> None:
    """See now, before anything is sent, that the note_ref line has a place in the request."""
    try:
        with_note_ref(request.params, "")
    except InputError as error:
        message = f"{place(index, request)}: {error}"
        raise InputError(message) from error
