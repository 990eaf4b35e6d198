"""The results of an ended batch, generated line by line while they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.types import Lane
from twolane.sim.answers import error_body
from twolane.sim.batch import Batch, Fate
from twolane.sim.billing import Charge, body_hash
from twolane.sim.reply import Responder, Spoken, message, speak, usage_of
from twolane.sim.spoil import on_its_way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twolane.core.types import Usage
    from twolane.sim.faults import Dice, Faults

# What a line loses with its name: the custom_id's member, most of it.
NAME_BYTES: Final = 20
_PIECE_BYTES: Final = 1 << 16
_ERROR_WORDS: Final = {
    "overloaded_error": "Overloaded",
    "api_error": "Internal server error",
    "timeout_error": "Request timed out",
    "rate_limit_error": "This request would exceed a rate limit",
    "invalid_request_error": "Invalid request",
}


@dataclass(frozen=True, slots=True)
class Printer:
    """Writes the results of batches, with `faults` applied."""

    responder: Responder
    faults: Faults
    dice: Dice

    def fetch(self, batch: Batch) -> tuple[Iterator[bytes], bool]:
        """Return the next fetch of a batch's results, and whether its connection breaks."""
        batch.fetches += 1
        about = (batch.id, batch.fetches)
        for name in ("cut_in_line", "cut_at_line", "short"):
            if self.dice.strikes(name, getattr(self.faults, name), *about):
                stop = int(self.dice.draw("stop", *about) * batch.size)
                half = name == "cut_in_line"
                return _pieces(_until(self._lines(batch), stop, half=half)), name != "short"
        return _pieces(self._lines(batch)), False

    def charges(self, batch: Batch) -> Iterator[Charge]:
        """Yield a batch's current charges: only for successes, under their own ids."""
        for group in batch.items.shuffled(batch.id):
            for index, custom_id, raw in group:
                if batch.fate(index) is Fate.SUCCEEDED:
                    params = orjson.loads(raw)
                    _, usage = self._spoken(batch, index, params)
                    yield Charge(
                        body_hash(params), Lane.BATCH, usage, params["model"], custom_id, batch.id
                    )

    def _spoken(self, batch: Batch, index: int, params: Mapping[str, Any]) -> tuple[Spoken, Usage]:
        spoken = speak(params, self.responder, self.faults, self.dice, batch.id, index)
        return spoken, usage_of(params, spoken, batch.cache_use(index))

    def _lines(self, batch: Batch) -> Iterator[bytes]:
        for group in batch.items.shuffled(batch.id):
            answered = self._swapped(batch, {index: raw for index, _, raw in group})
            for index, custom_id, _ in group:
                source, raw = answered[index]
                result = self._result(batch, index, source, raw)
                line = b'{"custom_id":"%b","result":%b}\n' % (custom_id.encode(), result)
                yield from self._spoiled(batch, index, line)

    def _swapped(self, batch: Batch, group: Mapping[int, bytes]) -> dict[int, tuple[int, bytes]]:
        """Return, for every item of a group, whose answer it gets: its own, or its pair's."""
        answered = {index: (index, raw) for index, raw in group.items()}
        for index in group:
            pair = index ^ 1
            if (
                index < pair
                and pair in group
                and batch.fate(index) is batch.fate(pair) is Fate.SUCCEEDED
                and self.dice.strikes("swapped", self.faults.swapped, batch.id, index)
            ):
                answered[index], answered[pair] = answered[pair], answered[index]
        return answered

    def _result(self, batch: Batch, index: int, source: int, raw: bytes) -> bytes:
        fate = batch.fate(index)
        if fate is Fate.SUCCEEDED:
            params = orjson.loads(raw)
            spoken, usage = self._spoken(batch, source, params)
            message_id = f"msg_{batch.id.removeprefix('msgbatch_')}_{source}"
            value = message(params, spoken, usage, message_id, "batch")
            sent = on_its_way(value, self.faults, self.dice, batch.id, source)
            return b'{"type":"succeeded","message":%b}' % sent
        if fate in (Fate.INVALID, Fate.ERRORED):
            kind, words = self._error(batch, index, fate)
            request_id = f"req_{batch.id.removeprefix('msgbatch_')}_{index}"
            error = error_body(kind, words, request_id)
            return orjson.dumps({"type": "errored", "error": error})
        if fate is Fate.UNKNOWN:
            return b'{"type":"postponed","until":"later"}'
        return b'{"type":"canceled"}' if fate is Fate.CANCELED else b'{"type":"expired"}'

    def _error(self, batch: Batch, index: int, fate: Fate) -> tuple[str, str]:
        if fate is Fate.INVALID:
            return "invalid_request_error", batch.problems[index]
        kinds = self.faults.errored_kinds or ("api_error",)
        kind = kinds[int(self.dice.draw("kind", batch.id, index) * len(kinds))]
        return kind, _ERROR_WORDS.get(kind, kind)

    def _spoiled(self, batch: Batch, index: int, line: bytes) -> Iterator[bytes]:
        """Yield a line with what is wrong before, behind and instead of it."""
        faults, about = self.faults, (batch.id, index)
        if self.dice.strikes("blank_line", faults.blank_line, *about):
            yield b"\n"
        if self.dice.strikes("unknown_line", faults.unknown_line, *about):
            yield b'{"type":"notice","text":"nothing to see here"}\n'
        if self.dice.strikes("unsent_line", faults.unsent_line, *about):
            yield b'{"custom_id":"file_99999_never_sent-zzzz","result":{"type":"expired"}}\n'
        if self.dice.strikes("missing_line", faults.missing_line, *about):
            return
        if self.dice.strikes("nameless_line", faults.nameless_line, *about):
            yield line[NAME_BYTES:]
            return
        yield line
        if self.dice.strikes("duplicate_line", faults.duplicate_line, *about):
            yield line


def _until(lines: Iterator[bytes], stop: int, *, half: bool) -> Iterator[bytes]:
    """Yield the first `stop` lines, and with `half` one half of the next."""
    for place, line in enumerate(lines):
        if place == stop:
            if half:
                yield line[: len(line) // 2]
            return
        yield line


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines to pieces worth sending."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
