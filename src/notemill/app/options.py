"""The options of work as plain values, such as a page sends them: each checked, none unknown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from notemill.errors import UsageError
from twolane import ConfigError
from twolane.front.consent import cap_of, within_s
from twolane.values import MAX_USD, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_TEXT: Final = 1_000
"""The longest text of an option, in characters: longer than any glob that a person writes."""
MOST_NAMED: Final = 10_000
"""The most names in an option that lists some: more proposals than a person decides in a day."""

MAX_S: Final = 1e11
"""The year 5138."""


class Options:
    """What was given for one kind of work; every option is taken by its name, once."""

    def __init__(self, kind: str, given: Mapping[str, object]) -> None:
        """Take what was `given`; a value of None counts as not given."""
        self._kind = kind
        self._left = {name: value for name, value in given.items() if value is not None}

    def text(self, name: str) -> str | None:
        """Return a text that is not empty, None if it was not given. Raises UsageError."""
        value = self._left.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > MAX_TEXT or "\0" in value:
            raise self._wrong(name, f"a text of at most {MAX_TEXT:,} characters", value)
        return value

    def named(self, name: str) -> str:
        """Return a text that has to be given. Raises UsageError."""
        if (value := self.text(name)) is None:
            raise UsageError(f"{self._kind}: {name} is missing")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no. Raises UsageError."""
        value = self._left.pop(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def choice(self, name: str) -> bool | None:
        """Return a yes or no, None if it was not given. Raises UsageError."""
        return self.flag(name) if name in self._left else None

    def whole(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number, None if it was not given. Raises UsageError."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(name, f"a whole number from {least:,} to {most:,}", value)
        return value

    def share(self, name: str) -> float | None:
        """Return a number from 0 to 1, None if it was not given. Raises UsageError."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self._wrong(name, "a number from 0 to 1", value)
        return float(value)

    def moment(self, name: str) -> float | None:
        """Return a time in seconds since the epoch, None if it was not given. Raises UsageError."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_S:
            raise self._wrong(name, "a time in seconds since 1970", value)
        return float(value)

    def cap_nano(self, name: str) -> int | None:
        """Return an amount of dollars in nano-dollars, None if it was not given.

        It may be a text or a number. Raises UsageError.
        """
        value = self._left.pop(name, None)
        if value is None or value == "":
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, str) or (is_number and math.isfinite(float(str(value)))):
            try:
                return cap_of(str(value))
            except ConfigError:
                pass
        raise self._wrong(name, f"an amount in dollars above 0, at most {MAX_USD:,}", value)

    def seconds(self, name: str) -> int | None:
        """Return a duration such as `90m` in seconds, None if it was not given. Raises UsageError."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return within_s(value, strict=False)
        except ConfigError:
            raise self._wrong(name, "a time such as 90s, 45m, 2h, 1h30m or 1d", value) from None

    def one_of(self, name: str, known: Iterable[str], default: str) -> str:
        """Return one of the `known` names, `default` if none was given. Raises UsageError."""
        value = self._left.pop(name, default)
        known = tuple(known)
        if not isinstance(value, str) or value not in known:
            raise self._wrong(name, f"one of {', '.join(known)}", value)
        return value

    def names(self, name: str, known: Iterable[str] | None = None) -> tuple[str, ...] | None:
        """Return a list of names, each once, None if there is none; all of them `known` ones.

        Raises UsageError.
        """
        value = self._left.pop(name, None)
        if value is None:
            return None
        allowed = None if known is None else frozenset(known)
        if not isinstance(value, list | tuple) or len(value) > MOST_NAMED:
            raise self._wrong(name, f"a list of at most {MOST_NAMED:,} names", value)
        for one in value:
            if not isinstance(one, str) or (allowed is not None and one not in allowed):
                what = "names" if allowed is None else ", ".join(sorted(allowed))
                raise self._wrong(name, f"a list of {what}", one)
        return tuple(dict.fromkeys(value))

    def texts_by_name(self, name: str) -> dict[str, str | None]:
        """Return names with a text each, or with nothing; none if not given. Raises UsageError."""
        value = self._left.pop(name, {})
        if not isinstance(value, dict) or len(value) > MOST_NAMED:
            raise self._wrong(name, f"an object of at most {MOST_NAMED:,} names", value)
        for key, text in value.items():
            if not all(isinstance(one, str) and len(one) <= MAX_TEXT for one in (key, text or "")):
                raise self._wrong(name, "an object of names with a text each, or null", {key: text})
        return value

    def end(self) -> None:
        """Check that every option was taken. Raises UsageError naming one that is unknown."""
        for name in self._left:
            raise UsageError(f"{self._kind} has no option {shortened(repr(name))}")

    def _wrong(self, name: str, what: str, value: object) -> UsageError:
        return UsageError(f"{self._kind}: {name} must be {what}, not {shortened(repr(value))}")
