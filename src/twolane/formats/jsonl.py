"""JSONL in and out: requests in the Anthropic batch shape, results one line per input."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.money import plain_usd
from twolane.core.states import TERMINAL_ITEMS, ItemState
from twolane.core.types import Request
from twolane.errors import InputError
from twolane.formats.channels import MAX_LINE_BYTES
from twolane.front.streams import shown_json
from twolane.values import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twolane.formats.channels import Output, Source
    from twolane.outcomes import ItemOutcome

MAX_ID_CHARS: Final = 4_096
"""The length of the longest path: an id is often a file's."""
_LONG_LINE_BYTES: Final = 1 << 20
_MAX_VALUES: Final = 2_000_000
"""A value takes up to 30 times its text in memory; requests are long because of texts, not values."""
_BEGINNINGS: Final = (b",", b"[", b"{")
_MAX_DIGITS: Final = 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class JsonlRequests:
    """The requests of an input, read again at every iteration, one line at a time.

    `model` is used for lines whose params name none. A line without custom_id gets the key `#` and
    its index. The first complete pass checks each line; later ones can skip the checks and are
    faster.
    """

    source: Source
    model: str | None = None
    _held: list[bool] = field(default_factory=list, compare=False, repr=False)

    def __iter__(self) -> Iterator[Request]:
        """Iterate the requests. Raises InputError naming the line that cannot be used."""
        index = 0
        with self.source.open() as file:
            lines = iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")
            for number, raw in enumerate(lines, 1):
                line = raw.removeprefix(_BOM) if number == 1 else raw
                if not line.strip():
                    continue
                yield self._request(line, number, index)
                index += 1
        self._held.append(True)

    def _request(self, line: bytes, number: int, index: int) -> Request:
        where = f"{self.source.name}, line {number}"
        try:
            value = _reread(line) if self._held else _parsed(line)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
        if not isinstance(value, dict) or not isinstance(value.get("params"), dict):
            message = (
                f'{where}: a line must be an object with "params", an object: '
                '{"custom_id": "…", "params": {"model": …, "max_tokens": …, "messages": […]}}'
            )
            raise InputError(message)
        custom_id = value.get("custom_id")
        if custom_id is not None and not (
            isinstance(custom_id, str) and 0 < len(custom_id) <= MAX_ID_CHARS
        ):
            message = f"{where}: custom_id must be a string of 1 to {MAX_ID_CHARS:,} characters"
            raise InputError(message)
        params: dict[str, Any] = value["params"]
        if self.model and "model" not in params:
            params = {"model": self.model, **params}
        key = custom_id if custom_id is not None else anonymous_key(index)
        return Request(key=key, params=params, name=custom_id or "line", origin=where)

    def hash(self) -> str:
        """Return the hash of the input's bytes and of the default model."""
        digest = hashlib.blake2b((self.model or "").encode() + b"\0", digest_size=16)
        with self.source.open() as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()


def _parsed(line: bytes) -> Any:  # noqa: ANN401
    """Return a line's value. Raises ValueError with what is wrong.

    A member that stands twice means one thing to a reader and another to the next; a number that
    does not fit 64 bits would go out as another one.
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"a line has at most {MAX_LINE_BYTES:,} bytes; split the input into lines")
    if len(line) > _LONG_LINE_BYTES and sum(map(line.count, _BEGINNINGS)) > _MAX_VALUES:
        raise ValueError(f"a line may hold at most {_MAX_VALUES:,} values")
    with contextlib.suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
        value = orjson.loads(line)
        if orjson.dumps(value) == line.strip():
            return value  # to the byte, so nothing in it was read as something else
    try:
        return _JSON.decode(line.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"this is not JSON (byte {error.start + 1} is not UTF-8)") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise ValueError("this is nested too deeply") from None


def _reread(line: bytes) -> Any:  # noqa: ANN401
    """Return the value of a line that was parsed before. Raises ValueError with what is wrong."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _parsed(line)  # such as escapes of lone surrogates, which orjson refuses


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = next(
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        )
        raise ValueError(f"duplicate member {shortened(repr(twice))} in an object")
    return members


def _whole(digits: str) -> int:
    if len(digits) <= _MAX_DIGITS and -(2**63) <= (number := int(digits)) < 2**64:
        return number
    raise ValueError(f"the number {shortened(digits)} is beyond 64 bits")


def _fraction(digits: str) -> float:
    if isfinite(number := float(digits)):
        return number
    raise ValueError(f"the number {shortened(digits)} is beyond 64 bits")


def _refuse(constant: str) -> None:
    raise ValueError(f"this is not JSON ({constant} is not a JSON number)")


# Lone surrogates pass as escapes: an id that is made of a file's name may hold them.
_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_whole, parse_float=_fraction, parse_constant=_refuse
)


def anonymous_key(index: int) -> str:
    """Return the key of a line without custom_id."""
    return f"#{index}"


def result_line(outcome: ItemOutcome) -> bytes:
    """Return one line of output, without its newline."""
    custom_id = None if outcome.key == anonymous_key(outcome.index) else outcome.key
    value = {
        "index": outcome.index,
        "custom_id": custom_id,
        "lane": outcome.lane,
        "attempts": outcome.attempts,
        "cost_usd": plain_usd(outcome.cost_nano),
        "result": _result(outcome),
    }
    try:
        return orjson.dumps(value)
    except TypeError:
        # An id with a lone surrogate is no valid UTF-8; as an escape it passes.
        return json.dumps(value).encode()


def _result(outcome: ItemOutcome) -> dict[str, Any]:
    """Return an item's result as its state has it: an earlier attempt's error is not its ending."""
    if outcome.state not in TERMINAL_ITEMS:
        return {"type": "pending"}
    if outcome.state is ItemState.CANCELED:
        return {"type": "canceled"}
    if outcome.state is ItemState.SKIPPED:
        return {"type": "skipped", "reason": outcome.message}
    error = {"type": outcome.error_kind or outcome.state.value, "message": outcome.message}
    return outcome.result or {"type": "errored", "error": {"type": "error", "error": error}}


def write_results(outcomes: Iterable[ItemOutcome], run_id: str, output: Output) -> int:
    """Write one line per item in input order, a file atomically; return how many.

    Raises ConfigError if it cannot be written, BrokenPipeError if its reader has left.
    """
    lines = map(result_line, outcomes)
    return output.write(map(_harmless, lines) if output.is_standard else lines, run_id)


def _harmless(line: bytes) -> bytes:
    """Return a line as a console may show it: the same JSON, control characters as escapes."""
    return line if line.isascii() and b"\x7f" not in line else shown_json(line.decode()).encode()
