"""The allowed values of each setting, whatever its source: one form per setting, with bounds.

A text comes from the environment or a flag, anything else from the config file. An invalid value is
refused, saying what is allowed; it is not shown if it may be a key or hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twolane.core.outside import MAX_NAME_CHARS, amount, name, whole
from twolane.files import path_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The bounds of settings: beyond them a number is a slip or meant to do harm.
LEAST_USD: Final = 1e-9
"""One nano-dollar, the unit of all sums."""
MAX_USD: Final = 1_000_000_000
MAX_CONCURRENCY: Final = 10_000
"""A machine has few more sockets for one address (RFC 6335: 16,384 dynamic ports)."""
MAX_BATCH_SIZE: Final = 1_000_000
"""Providers take 100,000 requests in a batch, or fewer."""
MAX_KEEP_DAYS: Final = 36_500
MIN_PAUSE_S: Final = 0.001
MAX_POLL_S: Final = 86_400
"""A batch lives for a day."""
MAX_GRACE_S: Final = 7 * 86_400
MAX_VISIBLE: Final = 4_096
"""Keys have about a hundred characters, signed tokens a few thousand; servers accept 8 KB headers."""
MAX_URL_CHARS: Final = 2_048
ENVIRONMENT: Final = "environment"
KEYRING: Final = "keyring"
"""Where a key is looked for: nowhere else, or in the system's keyring."""
EXAMPLE_URL: Final = "https://api.anthropic.com"
_VISIBLE: Final = re.compile(r"[!-~]+")
_SHOWN_CHARS: Final = 200


def shortened(text: str) -> str:
    """Return a value shortened for a message."""
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


@dataclass(frozen=True, slots=True)
class Form:
    """A setting's form: in words, its types in the config file, and its parser.

    `parse` returns None for an invalid value; `hides` tells whether a value must not be shown.
    """

    what: str
    types: tuple[type, ...]
    parse: Callable[[Any], object]
    hides: Callable[[object], bool] = lambda _: False

    def read(self, value: object, *, texts: bool = False) -> Any:  # noqa: ANN401
        """Return a parsed value. Raises ValueError saying what is allowed.

        `texts` allows a number written as a text.
        """
        fits = isinstance(value, self.types) and not isinstance(value, bool)  # `true` is no number
        parsed = self.parse(value) if fits or (texts and isinstance(value, str)) else None
        if parsed is None:
            raise ValueError(f"it must be {self.what}")
        return parsed

    def shown(self, value: object) -> str:
        """Return what a message may show of a value, as written in the file."""
        if self.hides(value):
            return "that"
        return str(value).lower() if isinstance(value, bool) else shortened(repr(value))


def _key(value: object) -> str | None:
    """Return a key as a header can carry it, None if it is none."""
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= MAX_VISIBLE and _VISIBLE.fullmatch(text) else None


def _url(value: object) -> str | None:
    """Return an address without a slash at its end, None if it is none.

    It is shown in messages and kept with runs, so there may be no password in it.
    """
    text = value.strip().rstrip("/") if isinstance(value, str) else ""
    return text if len(text) <= MAX_URL_CHARS and not _tells(text) else None


def _tells(value: object) -> bool:
    """Tell whether an address may hold a password, a key, or more than an address."""
    text = str(value).strip()
    return not _VISIBLE.fullmatch(text) or any(sign in text for sign in "@?#")


def _path(value: str | Path) -> Path | None:
    return path_named(str(value)) if str(value).strip() else None


def _whole(most: int) -> Form:
    return Form(f"a whole number from 1 to {most:,}", (int,), lambda value: whole(value, 1, most))


def _seconds(most: int) -> Form:
    def parse(value: object) -> float | None:
        number = amount(value, MIN_PAUSE_S, most)
        return None if number is None else float(number)

    return Form(f"a number of seconds from {MIN_PAUSE_S} to {most:,}", (int, float), parse)


NAME = Form(
    f"a text of 1 to {MAX_NAME_CHARS} characters that all show",
    (str,),
    lambda value: name(value.strip()),
)
KEY = Form(
    f"a text of 1 to {MAX_VISIBLE:,} ASCII characters without blanks, as it was given to you",
    (str,),
    _key,
    hides=lambda _: True,
)
URL = Form(
    f"a text such as {EXAMPLE_URL}: an address without user, password and query",
    (str,),
    _url,
    hides=_tells,
)
_PATH = Form("a path", (str, Path), _path)
_DOLLARS = Form(
    f"an amount in dollars from 0 to {MAX_USD:,}",
    (int, float, Decimal),
    lambda value: amount(value, 0, MAX_USD),
)
FORMS: Mapping[str, Form] = {
    "home": _PATH,
    "config": _PATH,
    "provider": NAME,
    "model": NAME,
    "api_key": KEY,
    "auth_token": KEY,
    "base_url": URL,
    "poll_s": _seconds(MAX_POLL_S),
    "concurrency": _whole(MAX_CONCURRENCY),
    "reconcile_grace_s": _seconds(MAX_GRACE_S),
    "batch_size": _whole(MAX_BATCH_SIZE),
    "prices": _PATH,
    "confirm_usd": _DOLLARS,
    "keep_days": _whole(MAX_KEEP_DAYS),
    "month_budget": _DOLLARS,
    "run_budget": Form(
        f"an amount in dollars above 0, at most {MAX_USD:,}",
        (int, float, Decimal),
        lambda value: amount(value, LEAST_USD, MAX_USD),
    ),
    "key_from": Form(
        f"{ENVIRONMENT} or {KEYRING}",
        (str,),
        lambda value: value.strip() if value.strip() in (ENVIRONMENT, KEYRING) else None,
    ),
}
