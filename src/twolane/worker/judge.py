"""One code path for both lanes: an answer's validity, its cost, and its item's next state."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from twolane.core.deadline import LATE
from twolane.core.identity import ECHO, Echo, check_echo, make_custom_id, note_ref
from twolane.core.pricing import Bill, bill, reserve_nano
from twolane.core.render import WrongReply, repair_bytes
from twolane.core.retry import (
    FaultClass,
    RetryDecision,
    advice,
    classify,
    decide,
    ending_kind,
    run_refused,
)
from twolane.core.schema import parse_reply
from twolane.core.states import ItemState
from twolane.core.tokens import bound_input_tokens
from twolane.core.types import (
    UNKNOWN_USAGE,
    Canceled,
    Errored,
    Expired,
    Lane,
    Missing,
    Quarantined,
    Reply,
    Succeeded,
)
from twolane.ledger import SentItem, Settlement
from twolane.ledger.rows import NO_USAGE
from twolane.providers.messages import with_text
from twolane.worker.forms import Forms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twolane.core.retry import Ending
    from twolane.core.types import Outcome
    from twolane.ledger import ItemRow
    from twolane.worker.context import Context

SUCCEEDED = "succeeded"
UNCERTAIN = "uncertain"
UNSENT = "unsent"
TOO_LARGE = "reply_too_large"


_WHY_ENDED = {
    "refusal": "the model refuses to answer",
    "max_tokens": "the reply was cut off at max_tokens",
    "model_context_window_exceeded": "the reply was cut off where the context window ends",
}


class Judge:
    """Checks answers and turns them into settlements."""

    def __init__(self, context: Context) -> None:
        """Judge for one run. Raises InputError if its schema cannot be used."""
        self._context = context
        self.forms = Forms(context)
        self._caches = bool(context.run.setting("caches"))
        self._bounded = context.run.bounded
        self._capped = context.run.cap_nano is not None

    # -- before it is sent --------------------------------------------------------------------

    def token(self, item: ItemRow) -> str | None:
        """Return what the reply has to echo, None if the request asks for no echo."""
        if not item.echo:
            return None
        return note_ref(self._context.run.id, item.index, item.content_hash)

    def body(self, item: ItemRow, own: bytes, lane: Lane, wrong: WrongReply | None = None) -> bytes:
        """Return the request as sent to the provider; `wrong` is an answer to be corrected."""
        self.forms.note(item.id, own)
        return self._context.renderer.body(own, lane, self.token(item), wrong)

    async def wrong(self, items: Iterable[ItemRow]) -> dict[int, WrongReply]:
        """Return, by item, the answers that were billed but cannot be used."""
        faulty = [one.id for one in items if one.fault and FaultClass.BAD_REPLY in one.faults]
        if not faulty:
            return {}
        context = self._context
        found = await context.db(context.ledger.wrong_replies, faulty)
        return {
            item: WrongReply(context.provider.result_text(body), problem)
            for item, (problem, body) in found.items()
        }

    def custom_id(self, item: ItemRow, nonce: str) -> str:
        """Return the engine's own id of one attempt at the item."""
        return make_custom_id(item.index, item.name, nonce)

    def reserve_nano(self, item: ItemRow, lane: Lane) -> int:
        """Return the worst case of the item: every byte a token, and all of max_tokens.

        With a deadline that is its real-time price, since a late batch's items go in real time.
        """
        dear = Lane.REALTIME if self._context.run.deadline_at is not None else lane
        return reserve_nano(
            bound_input_tokens(item.size_bytes),
            item.max_tokens,
            self._context.prices.rates(dear),
            caches=self._context.renderer.cached or self._caches,
        )

    def sent(self, attempt_no: int, item: ItemRow, reserve: int, nonce: str) -> SentItem:
        """Return a real-time attempt that was just claimed."""
        claimed = item._replace(tries=item.tries + 1)
        return SentItem(attempt_no, claimed, Lane.REALTIME, nonce, None, reserve, settled=False)

    # -- when it ended ------------------------------------------------------------------------

    def ending(self, sent: SentItem, outcome: Outcome, *, given_up: bool = False) -> Settlement:
        """Return the settlement of an attempt that the provider ended with `outcome`.

        `given_up` says that we canceled its batch: canceled items are sent again. An error that
        refuses the whole run stops it, and the item stays to be done.
        """
        outcome = self._checked(sent, outcome)
        if isinstance(outcome, Succeeded):
            return self._success(sent, outcome)
        if given_up and isinstance(outcome, Canceled):
            return self.unsent(sent, LATE, "canceled")
        if isinstance(outcome, Errored) and classify(outcome) is FaultClass.RUN_REFUSED:
            self._context.stop(run_refused(outcome.kind, outcome.message))
            return self.refused(sent, outcome.message, outcome.kind)
        reply = _reply_of(outcome)
        paid = self._bill(sent, reply) if reply else Bill()
        state, faults, reason = self._fate(sent, outcome)
        kind, message = _error_of(outcome)
        repairs = state is ItemState.PENDING and kind == "invalid_reply"
        return Settlement(
            attempt_no=sent.attempt_no,
            item=sent.item.id,
            outcome=type(outcome).__name__.lower(),
            item_state=state,
            reason=reason,
            fault=faults,
            error_kind=kind,
            message=message,
            request_id=reply.request_id if reply else getattr(outcome, "request_id", None),
            # Whether a request without a result was billed, nobody can tell: it is booked.
            cost_nano=sent.reserve_nano if isinstance(outcome, Missing) else paid.cost_nano,
            realtime_nano=paid.realtime_nano,
            usage=paid.usage,
            unpriced=", ".join(paid.unpriced),
            ending=_told(reply.stop_reason) if reply and not reply.problem else None,
            # Of an answer that is not used the ledger keeps the answer: a person may look at it.
            body=self._context.provider.result_body(
                Succeeded(reply) if reply and not reply.problem else outcome
            ),
            settled_at=self._context.now(),
            grows_bytes=repair_bytes(reply.text, message) if repairs and reply else 0,
        )

    def _success(self, sent: SentItem, outcome: Succeeded) -> Settlement:
        context, reply = self._context, outcome.reply
        paid = self._bill(sent, reply)
        return Settlement(
            attempt_no=sent.attempt_no,
            item=sent.item.id,
            outcome=SUCCEEDED,
            item_state=ItemState.SUCCEEDED,
            settled_at=context.now(),
            request_id=reply.request_id,
            cost_nano=paid.cost_nano,
            realtime_nano=paid.realtime_nano,
            usage=paid.usage,
            unpriced=", ".join(paid.unpriced),
            ending=_told(reply.stop_reason),
            body=context.provider.result_body(outcome),
        )

    def _bill(self, sent: SentItem, reply: Reply) -> Bill:
        return bill(
            reply,
            self._context.prices,
            sent.lane,
            sent.reserve_nano,
            bounded=self._bounded,
            capped=self._capped,
        )

    def uncertain(self, sent: SentItem, message: str, kind: str = "connection") -> Settlement:
        """Return the settlement of a call that may or may not have been billed.

        Its reserve counts as spent; the item is sent again while it has tries left.
        """
        fault = FaultClass.DROPPED
        decision = decide(fault, attempt=sent.item.tries, again=fault in sent.item.faults)
        again = decision is RetryDecision.RESEND
        return Settlement(
            attempt_no=sent.attempt_no,
            item=sent.item.id,
            outcome=UNCERTAIN,
            item_state=ItemState.PENDING if again else ItemState.FAILED,
            reason="" if again else f"{message}. {advice(kind)}",
            fault=with_fault(sent.item, fault),
            error_kind=kind,
            message=message,
            cost_nano=sent.reserve_nano,
            # It counts as spent in either lane, so that what was saved is not blamed for it.
            realtime_nano=sent.reserve_nano,
            settled_at=self._context.now(),
        )

    def refused(self, sent: SentItem, message: str, kind: str) -> Settlement:
        """Return the settlement of an attempt that was refused with the whole run, at no cost.

        The refusal is noted at the item: if it recurs while others are answered, the item is at
        fault.
        """
        fault = with_fault(sent.item, FaultClass.RUN_REFUSED)
        return self.unsent(sent, message, kind)._replace(fault=fault)

    def unsent(self, sent: SentItem, message: str, kind: str) -> Settlement:
        """Return the settlement of an attempt that certainly cost nothing; it is not a try."""
        return Settlement(
            attempt_no=sent.attempt_no,
            item=sent.item.id,
            outcome=UNSENT,
            item_state=ItemState.PENDING,
            fault=sent.item.fault,
            error_kind=kind,
            message=message,
            refunds_try=True,
            settled_at=self._context.now(),
        )

    def _checked(self, sent: SentItem, outcome: Outcome) -> Outcome:
        """Return `outcome`, or what a check of ours makes of a success.

        A reply that has its JSON among a fence, thoughts or prose is taken as that JSON.
        """
        if not isinstance(outcome, Succeeded):
            return outcome
        reply = outcome.reply
        if reply.problem:
            return Errored(reply.problem_kind, reply.problem, reply)
        found = self._held_against_form(sent, reply)
        if not isinstance(found, Errored):
            return found
        inner = self.forms.json_in(sent.item.id, reply.text)
        if inner == reply.text:
            return found
        taken = self._held_against_form(sent, with_text(reply, inner))
        # Of what cannot be used the whole answer is kept.
        return Errored(taken.kind, taken.message, reply) if isinstance(taken, Errored) else taken

    def _held_against_form(self, sent: SentItem, reply: Reply) -> Succeeded | Errored | Quarantined:
        """Return what an answer is worth by its echo and its form."""
        token = self.token(sent.item)
        echo = Echo.OK if token is None else check_echo(reply.text, token)
        if echo is Echo.WRONG:
            return Quarantined(
                "the answer echoes another note's reference; it is kept and not used", reply
            )
        problem = (
            _why_unreadable(reply)
            if echo is Echo.UNREADABLE
            else self.forms.problem(sent.item.id, reply.text)
        )
        if not problem:
            return Succeeded(reply)
        kind = ending_kind(reply.stop_reason)
        return Errored(kind or "invalid_reply", _why_ended(kind) or problem, reply)

    def _fate(self, sent: SentItem, outcome: Ending) -> tuple[ItemState, str, str]:
        """Return where the item goes, its fault classes, and why, in words for a person."""
        match outcome:
            case Quarantined(message):
                return ItemState.QUARANTINED, FaultClass.UNPROVEN, message
            case Errored() | Expired() | Canceled() | Missing():
                fault = classify(outcome)
                decision = decide(fault, attempt=sent.item.tries, again=fault in sent.item.faults)
                faults = with_fault(sent.item, fault)
                if decision in (RetryDecision.RESEND, RetryDecision.REPAIR):
                    return ItemState.PENDING, faults, ""
                kind, message = _error_of(outcome)
                return ItemState.FAILED, faults, f"{message}. {advice(kind)}".lstrip(". ")
            case _:
                assert_never(outcome)


def unread(beginning: bytes, problem: str, kind: str = "unreadable_reply") -> Reply:
    """Return a reply for a successful answer that was not read; its cost is unknown."""
    return Reply(
        beginning, "", NO_USAGE, None, "",
        unpriced=(UNKNOWN_USAGE,), problem=problem, problem_kind=kind,
    )  # fmt: skip


def with_fault(item: ItemRow, fault: FaultClass) -> str:
    """Return the item's faults so far and this one, as the ledger stores them."""
    return item.fault if fault in item.faults else f"{item.fault} {fault}".strip()


def _reply_of(outcome: Ending) -> Reply | None:
    return outcome.reply if isinstance(outcome, Errored | Quarantined) else None


def _error_of(outcome: Ending) -> tuple[str, str]:
    match outcome:
        case Errored(kind, message):
            return kind, message
        case Quarantined(message):
            return "quarantined", message
        case Missing():
            return "missing", "the batch's results have no line for it"
        case Expired():
            return "expired", "the provider did not get to it within the batch's 24 hours"
        case Canceled():
            return "canceled", "its batch was canceled before the provider got to it"
        case _:
            assert_never(outcome)


def _told(stop_reason: str | None) -> str | None:
    """Return how a reply ended, None for as usual."""
    return None if stop_reason == "end_turn" else (stop_reason or "unknown")


def _why_ended(kind: str | None) -> str:
    """Say how the model ended a reply that has not the form asked for; '' for as usual."""
    if kind is None:
        return ""
    return _WHY_ENDED.get(kind, f"the model ended the reply with {kind}, not with its form")


def _why_unreadable(reply: Reply) -> str:
    try:
        parse_reply(reply.text)
    except ValueError:
        return f"the reply is not JSON: {reply.text[:80]!r}"
    return f"the reply lacks the string `{ECHO}`"
