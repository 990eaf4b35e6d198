"""JSONL in and out: requests in the Anthropic batch shape, results one line per input."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core.pricing import plain_usd
from twolane.core.states import ItemState
from twolane.core.types import Request
from twolane.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twolane.outcomes import ItemOutcome

_BOM = b"\xef\xbb\xbf"
_NO_ANSWER = {"type": "canceled"}


@dataclass(frozen=True, slots=True)
class JsonlRequests:
    """The requests of a file, read anew at every iteration, one line at a time.

    `model` is taken where a line's params name none. A line without custom_id gets the key `#`
    and its index.
    """

    path: Path
    model: str | None = None

    def __iter__(self) -> Iterator[Request]:
        """Iterate the requests. Raises InputError naming the line that cannot be used."""
        index = 0
        try:
            with self.path.open("rb") as file:
                for number, raw in enumerate(file, 1):
                    line = raw.removeprefix(_BOM) if number == 1 else raw
                    if not line.strip():
                        continue
                    yield self._request(line, number, index)
                    index += 1
        except OSError as error:
            message = f"the input {self.path} cannot be read: {error.strerror}"
            raise InputError(message) from error

    def _request(self, line: bytes, number: int, index: int) -> Request:
        where = f"{self.path.name}, line {number}"
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
        """Return the hash of the file's bytes and of the model that fills them up."""
        digest = hashlib.blake2b((self.model or "").encode() + b"\0", digest_size=16)
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            message = f"the input {self.path} cannot be read: {error.strerror}"
            raise InputError(message) from error
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
        "result": outcome.result or _no_result(outcome),
    }
    try:
        return orjson.dumps(value)
    except TypeError:
        # An id with a lone surrogate is no valid UTF-8; as an escape it passes.
        return json.dumps(value).encode()


def _no_result(outcome: ItemOutcome) -> dict[str, Any]:
    if outcome.state is ItemState.CANCELED or not outcome.error_kind:
        return _NO_ANSWER
    error = {"type": outcome.error_kind, "message": outcome.message}
    return {"type": "errored", "error": {"type": "error", "error": error}}


def write_results(outcomes: Iterable[ItemOutcome], run_id: str, path: Path) -> int:
    """Write a line per item in input order, all or nothing; return how many.

    The file appears under its name only when it is complete and on disk. Raises ConfigError
    where it cannot be written.
    """
    count = 0
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                for outcome in outcomes:
                    out.write(result_line(outcome) + b"\n")
                    count += 1
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, path)  # noqa: PTH105  # mkstemp gives a name, not a Path
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        message = (
            f"the output {path} cannot be written: {error.strerror}; nothing is lost, "
            f"`twolane export {run_id} -o FILE` writes it elsewhere"
        )
        raise ConfigError(message) from error
    return count
