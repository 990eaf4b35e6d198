"""Numbers, times and messages in words for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: `1 note`, `1,200 notes`, `2 batches`, `3 replies`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('ch', 's', 'sh', 'x')) else 's'}"


# Kinds of failures whose own words say too little; the provider's names are those of its API.
_FAILURES: Final[Mapping[str, str]] = {
    "api_error": "internal error of the provider",
    "authentication_error": "API key refused",
    "billing_error": "no credit left",
    "connection": "no connection",
    "context_exceeded": "too long for the model",
    "enforced_spend_limit_reached": "spend limit reached",
    "errored": "error",
    "invalid_reply": "reply in the wrong form",
    "invalid_request_error": "invalid request",
    "max_tokens": "reply cut off",
    "missing": "no result",
    "model_context_window_exceeded": "too long for the model",
    "not_found_error": "not found",
    "not_the_provider": "answered by something else",
    "other_ending": "unusual ending",
    "overloaded_error": "provider overloaded",
    "pause_turn": "turn paused",
    "permission_error": "not permitted",
    "rate_limit_error": "rate limit",
    "refusal": "refused by the model",
    "stop_sequence": "cut off by a stop sequence",
    "timeout_error": "provider too slow",
    "tool_use": "tool asked for",
    "uncertain": "answer lost",
}


def failure_words(kind: str) -> str:
    """Return the kind of a failure, or of an unusual ending, in words: `reply cut off`."""
    return _FAILURES.get(kind) or kind.replace("_", " ")


def printable(text: str) -> str:
    """Return a text that any file and terminal accepts: half an emoji becomes U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def clock_time(at: float, now: float) -> str:
    """Return a time in seconds since the epoch for people: `14:05`, or with its day."""
    moment = datetime.fromtimestamp(at, UTC).astimezone()
    today = datetime.fromtimestamp(now, UTC).astimezone().date() == moment.date()
    seconds = ":%S" if at - now < 120 else ""  # noqa: PLR2004  # a minute would say too little
    return moment.strftime(f"%H:%M{seconds}" if today else "%Y-%m-%d %H:%M")


def time_left_s(done: int, total: int, elapsed_s: float) -> float | None:
    """Return the time left at the pace so far; None while nothing has ended."""
    return elapsed_s / done * (total - done) if done and done < total else None


def clock(seconds: float) -> str:
    """Return a duration for people: `40 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = max(0, round(seconds))
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


# What differs between messages that say the same: request ids, quoted texts, numbers.
_OWN = re.compile(r"""\breq_\w+|"[^"\n]{1,200}"|'[^'\n]{1,200}'|\d[\d,.]*""")
_COMPARED_CHARS: Final = 1_000


def gist(message: str, *own: str) -> str:
    """Return the common gist of messages that report the same fault for several items.

    `own` are the item's names; they, ids, quoted texts and numbers are left out.
    """
    text = message[:_COMPARED_CHARS]
    # Looking first is much faster than searching by a pattern of each item's own.
    for name in sorted((one for one in own if one and one in text), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text)
    return _OWN.sub("…", text)
