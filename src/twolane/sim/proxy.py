"""Proxies between a client and the provider, and how they write waits."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from twolane.sim.answers import Answer
from twolane.sim.routes import Endpoint

if TYPE_CHECKING:
    from twolane.sim.answers import Call
    from twolane.sim.faults import Dice, Faults

ELSEWHERE: Final = "https://elsewhere.example"
_HTML: Final = {"content-type": "text/html"}
_TITLES: Final = {
    200: "Log in to the network",
    403: "Your request was blocked",
    413: "413 Request Entity Too Large",
    502: "502 Bad Gateway",
    504: "504 Gateway Time-out",
}


def page(
    call: Call, endpoint: Endpoint | None, faults: Faults, dice: Dice, about: tuple[object, ...]
) -> Answer | None:
    """Return what a proxy answers in the provider's place, None if it forwards the call."""
    if faults.redirects:
        dice.log["redirects"] += 1
        return Answer(301, b"", {"location": f"{ELSEWHERE}{call.path}"})
    largest = faults.create_bytes
    if endpoint is Endpoint.CREATE and largest is not None and len(call.body) > largest:
        dice.log["create_bytes"] += 1
        return html(413)
    if dice.strikes("html_error", faults.html_error, *about):
        return html(502)
    if dice.strikes("login_page", faults.login_page, *about):
        return html(200)
    # Of a message what it says counts, and not how often it has come.
    firewalled = endpoint is Endpoint.MESSAGES
    if firewalled and dice.strikes("forbidden", faults.forbidden, about[1]):
        return html(403)
    return None


def html(status: int) -> Answer:
    """Return an HTML page of an intermediary."""
    body = f"<html><body><h1>{_TITLES[status]}</h1><hr>a proxy</body></html>\n"
    return Answer(status, body.encode(), dict(_HTML))


def pause_headers(form: str, wait_s: float, *, now: float, speed: float) -> dict[str, str]:
    """Return the headers that ask for a pause of simulated seconds, in the client's time.

    Whole seconds, unless time is sped up; a date matches the answer's own.
    """
    real_s = wait_s / speed
    match form:
        case "none":
            return {}
        case "odd":
            return {"retry-after": "in a while"}
        case "hurry":
            return {"retry-after-ms": "nan", "retry-after": "0"}
        case "ms":
            return {"retry-after-ms": f"{real_s * 1_000:.0f}"}
        case "date":
            sent = datetime.fromtimestamp(math.floor(now), UTC)
            until = sent + timedelta(seconds=max(1, math.ceil(real_s)))
            return {
                "date": format_datetime(sent, usegmt=True),
                "retry-after": format_datetime(until, usegmt=True),
            }
        case _:
            whole = str(max(1, math.ceil(real_s)))
            return {"retry-after": whole if speed == 1 else f"{real_s:.3f}"}
