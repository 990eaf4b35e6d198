"""The provider: workspaces, calls and their answers, as a model driven only by the clock.

No socket, no thread and no timer: a call goes in, an answer comes out, and time is whatever `now`
says. The two fronts (`transport`, `server`) wait out an answer's delay and deliver its bytes.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.types import Lane
from twolane.sim.answers import (
    Answer,
    Call,
    Drop,
    Refusal,
    error_body,
    invalid,
    json_answer,
    not_found,
)
from twolane.sim.billing import Billing, Charge, body_hash
from twolane.sim.checks import count_problem, is_known_model, message_problem
from twolane.sim.desk import BatchDesk
from twolane.sim.faults import NO_FAULTS, Dice, Faults
from twolane.sim.limits import RateLimits
from twolane.sim.pace import Pace
from twolane.sim.prompt import PromptCache, breakpoints, prompt_tokens
from twolane.sim.proxy import html, page, pause_headers
from twolane.sim.reply import (
    Responder,
    default_responder,
    events,
    message,
    speak,
    usage_of,
)
from twolane.sim.results import Printer
from twolane.sim.routes import Endpoint, body_limit_bytes, route
from twolane.sim.spoil import on_its_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from twolane.sim.batch import Batch

_OK: Final = 200


@dataclass(slots=True)
class Workspace:
    """The state of one API key; `taken` counts its accepted requests in both lanes."""

    limits: RateLimits
    desk: BatchDesk
    cache: PromptCache = field(default_factory=PromptCache)
    taken: int = 0


@dataclass(frozen=True, slots=True)
class _Visit:
    """A call on its way through: which endpoint, which batch, what its draws depend on."""

    call: Call
    endpoint: Endpoint | None
    batch_id: str
    about: tuple[object, ...]
    now: float


class Simulator:
    """An Anthropic-compatible provider that answers from a seed and a clock.

    `now` returns seconds since the epoch; `speed` is how many simulated seconds pass in one real
    second. `faults` may be replaced while it runs. A key that begins with `sk-bad` is refused, one
    that begins with `sk-broke` has no credit, any other key has its own workspace.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        seed: int = 0,
        pace: Pace | None = None,
        faults: Faults = NO_FAULTS,
        responder: Responder = default_responder,
        speed: float = 1.0,
    ) -> None:
        """Create an empty provider at the time `now()`."""
        self.faults = faults
        self.speed = speed
        self.log: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._now = now
        self._start = now()
        self._pace = pace or Pace()
        self._responder = responder
        self._dice = Dice(seed, self.log)
        self._quiet = Dice(seed, Counter())
        self._workspaces: dict[str, Workspace] = {}
        self._serial = 0
        self._created = 0
        self._repeats: Counter[bytes] = Counter()
        self._billing = Billing()
        self._billed: set[str] = set()

    # -- what a test asks -----------------------------------------------------------------------

    def time(self) -> float:
        """Return the simulated time in seconds since the epoch."""
        return self._start + (self._now() - self._start) * self.speed

    @property
    def billing(self) -> Billing:
        """The bill so far: batches are charged when they have ended."""
        now = self.time()
        for batch in self._own_batches():
            if batch.ended(now) and batch.id not in self._billed:
                self._billed.add(batch.id)
                for charge in self._charges(batch):
                    self._billing.add(charge)
        return self._billing

    def paid_twice(self, *, open_too: bool = True) -> int:
        """Return how many charges repeat one; see Billing.paid_twice.

        With `open_too` an unfinished batch counts as if it runs to its end.
        """
        bill = Billing(self.billing)
        if open_too:
            for batch in self._own_batches():
                if batch.id not in self._billed:
                    for charge in self._charges(batch):
                        bill.add(charge)
        return bill.paid_twice()

    def batches(self) -> list[dict[str, Any]]:
        """Return every batch that was accepted from a client, oldest first, as the API shows it."""
        now = self.time()
        return [batch.describe(now, "") for batch in self._own_batches()]

    def _own_batches(self) -> list[Batch]:
        spaces = self._workspaces.values()
        return [batch for space in spaces for batch in space.desk if not batch.foreign]

    def _charges(self, batch: Batch) -> list[Charge]:
        return list(self._printer(self._quiet).charges(batch))

    def _printer(self, dice: Dice) -> Printer:
        return Printer(self._responder, self.faults, dice)

    # -- calls ----------------------------------------------------------------------------------

    def handle(self, call: Call) -> Answer:
        """Answer a call; its effects are complete when this returns."""
        self._serial += 1
        request_id = f"req_sim{self._serial:09d}"
        visit = self._visit(call)
        self.calls[str(visit.endpoint or "unknown")] += 1
        if drop := self._dropped(visit):
            return Answer(0, b"", {}, self._pace.control_s, drop)
        headers = {"request-id": request_id}
        try:
            space = self._admit(visit)
            headers |= space.limits.headers(self.faults, visit.now)
            answer = self._trouble(visit) or self._answer(space, visit)
            headers |= space.limits.headers(self.faults, visit.now)
            if answer.status == _OK:
                answer = self._lose(answer, visit)
        except Refusal as refusal:
            body = error_body(refusal.kind, refusal.message, request_id, refusal.details)
            answer = json_answer(refusal.status, body)
            if refusal.retry_after_s is not None:
                headers |= pause_headers(
                    self.faults.retry_after_form,
                    refusal.retry_after_s,
                    now=visit.now,
                    speed=self.speed,
                )
        answer.headers |= headers
        if visit.endpoint is not Endpoint.MESSAGES or answer.status != _OK:
            answer.delay_s = self._pace.control_s
        if self._dice.strikes("slow", self.faults.slow, *visit.about):
            answer.delay_s += self.faults.slow_s
        return answer

    def _visit(self, call: Call) -> _Visit:
        endpoint, batch_id = route(call)
        # A create carries a nonce, and a poll no body: only a message is told by what it says.
        told_by = (
            call.body
            if endpoint in (Endpoint.MESSAGES, Endpoint.COUNT_TOKENS)
            else batch_id.encode()
        )
        digest = blake2b(told_by, digest_size=16, person=str(endpoint).encode()[-16:]).digest()
        self._repeats[digest] += 1
        about = (endpoint, digest.hex(), self._repeats[digest])
        return _Visit(call, endpoint, batch_id, about, self.time())

    def _dropped(self, visit: _Visit) -> Drop | None:
        if self._dice.strikes("refuse_connection", self.faults.refuse_connection, *visit.about):
            return Drop.REFUSED
        if self._dice.strikes("drop_before", self.faults.drop_before, *visit.about):
            return Drop.BEFORE
        return None

    def _lose(self, answer: Answer, visit: _Visit) -> Answer:
        """Let the answer to a call that was taken get lost on its way, or return it."""
        faults, about = self.faults, visit.about
        gives_up = self._dice.hits("gateway_timeout", faults.gateway_timeout, *about)
        if visit.endpoint is Endpoint.MESSAGES and gives_up:
            self.log["gateway_timeout"] += 1
            return html(504)
        if visit.endpoint is not Endpoint.CREATE:
            lost = self._dice.strikes("drop_after", faults.drop_after, *about)
        else:
            self._created += 1
            if lost := self._created <= faults.create_lost_first:
                self.log["create_lost_first"] += 1
            else:
                lost = self._dice.strikes("create_lost", faults.create_lost, *about)
            if not lost and self._dice.strikes("create_error", faults.create_error, *about):
                raise Refusal(500, "api_error", "Internal server error")
        if lost:
            answer.drop = Drop.AFTER
        return answer

    def _admit(self, visit: _Visit) -> Workspace:
        """Return the caller's workspace. Raises Refusal where the call is not let in."""
        call = visit.call
        key = call.headers.get("x-api-key") or ""
        key = key or call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not key or key.startswith("sk-bad"):
            text = "invalid x-api-key" if key else "x-api-key header is required"
            raise Refusal(401, "authentication_error", text)
        if key.startswith("sk-broke"):
            text = "Your credit balance is too low to access the API"
            raise Refusal(402, "billing_error", text)
        if not call.headers.get("anthropic-version"):
            raise invalid("anthropic-version: header is required")
        if visit.endpoint is None:
            raise not_found(f"Not found: {call.method} {call.path}")
        if len(call.body) > body_limit_bytes(call.path):
            raise Refusal(413, "request_too_large", "Request exceeds the maximum size")
        if key not in self._workspaces:
            name = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
            desk = BatchDesk(name, self._pace, self._dice)
            self._workspaces[key] = Workspace(RateLimits(visit.now), desk)
        return self._workspaces[key]

    def _trouble(self, visit: _Visit) -> Answer | None:
        """Return the page of a proxy, or None if nothing happens. Raises Refusal."""
        faults, dice, about = self.faults, self._dice, visit.about
        if dice.strikes("rate_limited", faults.rate_limited, *about):
            text = "This request would exceed your rate limit"
            raise Refusal(429, "rate_limit_error", text, retry_after_s=faults.retry_after_s)
        elapsed_s = visit.now - self._start
        if faults.storm_period_s and elapsed_s % faults.storm_period_s < faults.storm_s:
            self.log["storm_s"] += 1
            raise Refusal(529, "overloaded_error", "Overloaded")
        if dice.strikes("overloaded", faults.overloaded, *about):
            raise Refusal(529, "overloaded_error", "Overloaded")
        if dice.strikes("server_error", faults.server_error, *about):
            raise Refusal(500, "api_error", "Internal server error")
        # Told by what it says alone: however often it is asked, and by whom.
        unwanted = visit.endpoint is Endpoint.MESSAGES
        if unwanted and dice.strikes("never_taken", faults.never_taken, about[1]):
            text = "Usage credits are required for long context requests"
            raise Refusal(429, "rate_limit_error", text)
        return page(visit.call, visit.endpoint, faults, dice, about)

    def _answer(self, space: Workspace, visit: _Visit) -> Answer:
        call, batch_id, now = visit.call, visit.batch_id, visit.now
        match visit.endpoint:
            case Endpoint.MESSAGES:
                return self._message(space, visit)
            case Endpoint.COUNT_TOKENS:
                return self._count_tokens(call)
            case Endpoint.CREATE:
                self._spend(space)
                body = _object(call.body)
                answer = space.desk.create(call, body, now, self.faults)
                space.taken += len(body["requests"])
                return answer
            case Endpoint.LIST:
                return space.desk.page(call, now, self.faults)
            case Endpoint.RETRIEVE:
                return space.desk.retrieve(call, batch_id, now, self.faults)
            case Endpoint.DELETE:
                return space.desk.delete(batch_id, now, self.faults)
            case Endpoint.CANCEL:
                return space.desk.cancel(call, batch_id, now, self.faults)
            case _:
                printer = self._printer(self._dice)
                return space.desk.results(batch_id, now, self.faults, printer)

    # -- the real-time lane ---------------------------------------------------------------------

    def _message(self, space: Workspace, visit: _Visit) -> Answer:
        params = _object(visit.call.body)
        version = visit.call.headers["anthropic-version"]
        if problem := message_problem(params, version):
            raise invalid(problem)
        _check_model(params)
        self._spend(space)
        wait_s = space.limits.refusal_wait_s(self.faults, prompt_tokens(params), visit.now)
        if wait_s is not None:
            self.log["requests_per_min"] += 1
            text = "This request would exceed your rate limit"
            raise Refusal(429, "rate_limit_error", text, retry_after_s=wait_s)
        space.taken += 1
        delay_s = self._dice.between(self._pace.request_s, "request_s", *visit.about)
        spoken = speak(params, self._responder, self.faults, self._dice, *visit.about)
        marks = breakpoints(params, visit.call.body)
        usage = usage_of(params, spoken, space.cache.use(marks, visit.now, visit.now + delay_s))
        space.limits.count(usage)
        self._billing.add(Charge(body_hash(params), Lane.REALTIME, usage, params["model"]))
        message_id = f"msg_{visit.about[1]}_{visit.about[2]}"
        value = message(params, spoken, usage, message_id, "standard")
        if params.get("stream"):
            stream_headers = {"content-type": "text/event-stream; charset=utf-8"}
            return Answer(200, events(value), stream_headers, delay_s)
        sent = on_its_way(value, self.faults, self._dice, *visit.about)
        return Answer(200, sent, {"content-type": "application/json"}, delay_s)

    def _count_tokens(self, call: Call) -> Answer:
        params = _object(call.body)
        if problem := count_problem(params, call.headers["anthropic-version"]):
            raise invalid(problem)
        _check_model(params)
        return json_answer(200, {"input_tokens": prompt_tokens(params)})

    def _spend(self, space: Workspace) -> None:
        """Raise the refusal of a workspace whose spend limit is reached; it says no time."""
        cap = self.faults.spend_cap_after
        if cap is not None and space.taken >= cap:
            self.log["spend_cap_after"] += 1
            details = {"error_code": "enforced_spend_limit_reached"}
            text = "You have reached your monthly API usage limit"
            raise Refusal(429, "rate_limit_error", text, details=details)
        credit = self.faults.credit_after
        if credit is not None and space.taken >= credit:
            self.log["credit_after"] += 1
            raise invalid("Your credit balance is too low to access the API")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise invalid("Input should be an object")
    return value


def _check_model(params: dict[str, Any]) -> None:
    if not is_known_model(params["model"]):
        raise not_found(f"model: {params['model']}")
