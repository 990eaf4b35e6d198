"""The price before a run, and a person's consent to it."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.budget import month_line, month_object
from twolane.core.expiry import LONGEST_DEADLINE_S
from twolane.core.money import NANO_PER_USD, format_usd, plain_usd
from twolane.core.outside import amount
from twolane.core.wording import counted
from twolane.errors import ConfigError, WaitingError
from twolane.front.streams import shown
from twolane.offer import in_lane, offer_of
from twolane.values import LEAST_USD, MAX_USD, shortened

if TYPE_CHECKING:
    from twolane.config import Settings
    from twolane.engine import Engine
    from twolane.front.terminal import Console
    from twolane.offer import Offer
    from twolane.planning import Plan, Preview

SHOWN_ALTERNATIVES = 3
# A server that is there answers at once; one that loads its model may take minutes.
QUIET_S = 3.0
_SPAN = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII)
_SPAN_S = (86_400, 3_600, 60, 1)


def cap_of(max_cost: str | None) -> int | None:
    """Parse a cap that a person wrote, into nano-dollars. Raises ConfigError."""
    if max_cost is None:
        return None
    usd = amount(max_cost.removeprefix("$"), LEAST_USD, MAX_USD)
    if usd is None:
        message = (
            f"--max-cost must be an amount in dollars above 0, at most {MAX_USD:,}, "
            f"not {shortened(repr(max_cost))}"
        )
        raise ConfigError(message)
    return int(usd * NANO_PER_USD)


def within_s(by: str | None, *, strict: bool) -> int | None:
    """Parse a duration that a person wrote, into seconds. Raises ConfigError."""
    if by is None:
        if strict:
            message = "--by-strict says how a deadline is kept; give the deadline with --by"
            raise ConfigError(message)
        return None
    parts = _SPAN.fullmatch(by.strip().lower())
    seconds = 0
    if parts is not None:
        seconds = sum(
            int(count or 0) * each for count, each in zip(parts.groups(), _SPAN_S, strict=True)
        )
    if not 0 < seconds <= LONGEST_DEADLINE_S:
        message = (
            f"--by must be a time such as 90s, 45m, 2h, 1h30m or 1d, not {shortened(repr(by))}"
        )
        raise ConfigError(message)
    return seconds


async def find_server(
    engine: Engine, console: Console, *, model: str | None = None, base_url: str = ""
) -> None:
    """Find the server of a provider that needs discovery, and say what answered.

    `base_url` is the server that a run was started with. Raises ConfigError saying what to do.
    """
    finding = asyncio.ensure_future(engine.connect(model, base_url))
    try:
        done, _ = await asyncio.wait([finding], timeout=QUIET_S)
        if not done:
            console.print("waiting for the server: it may be loading its model")
        served = await finding
    finally:
        finding.cancel()
    if served is not None:
        console.print(f"provider: {engine.provider.name}, {served.words}")


def show_plan(plan: Plan, console: Console) -> None:
    """Show where a run goes, why, and what it is estimated to cost in either lane.

    For a free run neither lane nor price is shown.
    """
    quote = plan.quote
    if quote.realtime_nano == 0:
        console.print(f"{counted(quote.items, 'item')}, free of charge")
        return
    console.print(f"lane: {plan.decision.reason}")
    console.print(
        f"price: {counted(quote.items, 'item')} with {quote.model}, about "
        f"{format_usd(plan.estimated_nano)} (real time {format_usd(quote.realtime_nano)}, "
        f"batch {format_usd(quote.batch_nano)})"
    )
    if plan.month is not None:
        console.print(month_line(plan.month))


def show_request(preview: Preview, console: Console) -> None:
    """Show a complete request as it would be sent."""
    console.print(f"the request for {shown(preview.key)}, as it would go to {preview.base_url}:")
    for name, value in preview.headers.items():
        console.print(f"{name}: {value}")
    body = orjson.dumps(orjson.loads(preview.body), option=orjson.OPT_INDENT_2).decode()
    console.print_lines(body)


def plan_object(plan: Plan, preview: Preview | None) -> dict[str, Any]:
    """Return a plan and its complete first request, as in `--dry-run --json`."""
    told: dict[str, Any] = {
        "items": plan.quote.items,
        "lane": plan.decision.lane,
        "reason": plan.decision.reason,
        "estimated_usd": plain_usd(plan.estimated_nano),
        "realtime_usd": plain_usd(plan.quote.realtime_nano),
        "batch_usd": plain_usd(plan.quote.batch_nano),
        "betas": list(plan.survey.betas),
    }
    if plan.month is not None:
        told["month"] = month_object(plan.month)
    if preview is not None:
        told["request"] = {
            "item": preview.key,
            "base_url": preview.base_url,
            "headers": dict(preview.headers),
            "body": orjson.loads(preview.body),
        }
    return told


def agree(
    plan: Plan,
    engine: Engine,
    settings: Settings,
    console: Console,
    *,
    cap_nano: int | None,
    yes: bool,
) -> None:
    """Show the plan and make sure that somebody agrees to its price.

    Asks if there is a terminal. Raises WaitingError if nobody can be asked, or the answer is no.
    """
    offer = offer_of(plan, engine, settings, cap_nano=cap_nano)
    show_offer(offer, console)
    if offer.question:
        confirm(offer.question, console, yes=yes, otherwise="nothing was sent")


def show_offer(offer: Offer, console: Console) -> None:
    """Show a plan, and how much of it a budget covers."""
    plan = offer.plan
    show_plan(plan, console)
    items = counted(plan.quote.items, "item")
    if offer.month_fitting is not None:
        console.print(
            f"the month's budget is below the estimate: about {offer.month_fitting:,} of {items} "
            "fit, the others are left out until next month"
        )
    if offer.fitting is not None and offer.cap_nano is not None:
        console.print(
            f"the cap of {format_usd(offer.cap_nano)} is below the estimate: about "
            f"{offer.fitting:,} of {items} fit"
        )
        for other in offer.cheaper[:SHOWN_ALTERNATIVES]:
            console.print(f"  with {other.model}: about {format_usd(in_lane(plan, other))}")


def confirm(question: str, console: Console, *, yes: bool, otherwise: str) -> None:
    """Make sure that somebody answers yes to a question, or did so beforehand with `yes`.

    Asks if there is a terminal. Raises WaitingError if nobody can be asked, and with `otherwise` if
    the answer is not yes.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"{question} There is no terminal to ask; run the command again with --yes"
        raise WaitingError(message)
    if not says_yes(question, console):
        raise WaitingError(otherwise)


def says_yes(question: str, console: Console) -> bool:
    """Ask a question at the terminal, and tell whether the answer is yes."""
    console.print(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
