"""JSONL in and out: requests in the Anthropic batch shape, results one line per input."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.pricing import plain_usd
from twolane.core.states import TERMINAL_ITEMS, ItemState
from twolane.core.types import Request
from twolane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twolane.channels import Output, Source
    from twolane.outcomes import ItemOutcome

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class JsonlRequests:
    """The requests of an input, read anew at every iteration, one line at a time.

    `model` is taken where a line's params name none. A line without custom_id gets the key `#`
    and its index.
    """

    source: Source
    model: str | None = None

    def __iter__(self) -> Iterator[Request]:
        """Iterate the requests. Raises InputError naming the line that cannot be used."""
        index = 0
        with self.source.open() as file:
            for number, raw in enumerate(file, 1):
                line = raw.removeprefix(_BOM) if number == 1 else raw
                if not line.strip():
                    continue
                yield self._request(line, number, index)
                index += 1

    def _request(self, line: bytes, number: int, index: int) -> Request:
        where = f"{self.source.name}, line {number}"
        try:
            value = _parsed(line)
        except orjson.JSONDecodeError as error:
            message = f"{where}: this is not JSON ({error.msg} at column {error.colno})"
            raise InputError(message) from error
        if not isinstance(value, dict) or not isinstance(value.get("params"), dict):
            message = (
                f'{where}: a line has to be an object with "params", an object: '
                '{"custom_id": "…", "params": {"model": …, "max_tokens": …, "messages": […]}}'
            )
            raise InputError(message)
        custom_id = value.get("custom_id")
        if custom_id is not None and (not isinstance(custom_id, str) or not custom_id):
            message = f"{where}: custom_id has to be a text that is not empty"
            raise InputError(message)
        params: dict[str, Any] = value["params"]
        if self.model and "model" not in params:
            params = {"model": self.model, **params}
        key = custom_id if custom_id is not None else anonymous_key(index)
        return Request(key=key, params=params, name=custom_id or "line", origin=where)

    def hash(self) -> str:
        """Return the hash of the input's bytes and of the model that fills them up."""
        digest = hashlib.blake2b((self.model or "").encode() + b"\0", digest_size=16)
        with self.source.open() as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()


def _parsed(line: bytes) -> Any:  # noqa: ANN401
    """Return a line's value. Raises orjson.JSONDecodeError."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        # orjson refuses escapes of lone surrogates, which an id made of a file's name may hold.
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(line, parse_constant=_refuse)
        raise


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def anonymous_key(index: int) -> str:
    """Return the key of a line that has no custom_id."""
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
    """Write a line per item in input order, a file all or nothing; return how many.

    Raises ConfigError where it cannot be written, BrokenPipeError where its reader has left.
    """
    return output.write(map(result_line, outcomes), run_id)
