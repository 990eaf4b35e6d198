"""Faults in an answer's bytes: odd JSON, missing counts, truncation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twolane.sim.faults import Dice, Faults

# Members that strict readers refuse, whatever else the answer is like.
_ODD: Final = (
    b'"odd":"\\ud83d"',
    b'"odd":NaN',
    b'"odd":-Infinity',
    b'"odd":1e400',
    b'"odd":' + b"[" * 3_000 + b"]" * 3_000,
    b'"odd":"caf\xe9"',
)
_KEPT: Final = 0.7
_NO_COUNTS: Final = {"input_tokens": None, "output_tokens": None}


def on_its_way(value: Mapping[str, Any], faults: Faults, dice: Dice, *about: object) -> bytes:
    """Return the bytes of a message as they arrive."""
    if dice.strikes("no_usage", faults.no_usage, *about):
        value = {**value, "usage": _NO_COUNTS}
    raw = orjson.dumps(value)
    if dice.strikes("odd_bytes", faults.odd_bytes, *about):
        odd = _ODD[int(dice.draw("odd", *about) * len(_ODD))]
        raw = raw[:-1] + b"," + odd + b"}"
    if dice.strikes("cut_bytes", faults.cut_bytes, *about):
        raw = raw[: int(len(raw) * _KEPT)]
    return raw
