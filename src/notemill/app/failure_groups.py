"""Failures of a run, each reason once, with what a person can do about it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.app.ledger_lines import EXCLUDED, FailureGroup
from twolane import ItemState, gist, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from twolane import ItemLine

NAMED: Final = 3
"""How many items of a group are named."""
MESSAGE_CHARS: Final = 500
_BY_STATE: Final = {
    ItemState.SKIPPED: "left out by the budget: resume the run with a higher one",
    ItemState.QUARANTINED: (
        "the answer could not be proven to belong to this item, so it was not used; "
        "ask again in a new run"
    ),
    ItemState.CONFLICT: "the note has changed since: curate it again as it is now",
}
_BY_KIND: Final = {
    "unreadable_reply": "to ask once more, retry all that failed",
    "refusal": "the model declined to answer, and would again: change the text or the model",
    "max_tokens": "the answer was longer than the request allows, and would be again",
    "context_exceeded": "it is too long for the model: shorten it, or use another model",
    "model_context_window_exceeded": "it is too long for the model: shorten it, or use another",
}
_AGAIN: Final = "may pass when it is sent again: retry what failed"
_SAME: Final = "would fail the same way: change what is sent first"


def grouped(lines: Iterable[ItemLine], hidden: Collection[str]) -> tuple[FailureGroup, ...]:
    """Return items that did not succeed in groups, the largest first.

    Of `hidden` items neither name nor message is told.
    """
    alike: dict[tuple[object, ...], list[ItemLine]] = {}
    for one in lines:
        message = "" if one.key in hidden else gist(one.reason, one.key)
        alike.setdefault((one.key in hidden, one.state, one.kind, message), []).append(one)
    groups = sorted(alike.items(), key=lambda item: -len(item[1]))
    return tuple(_group(ones, is_hidden=bool(key[0])) for key, ones in groups)


def _group(ones: list[ItemLine], *, is_hidden: bool) -> FailureGroup:
    first = ones[0]
    retryable = any(one.retryable for one in ones) and first.state is ItemState.FAILED
    return FailureGroup(
        kind=first.kind,
        message=EXCLUDED if is_hidden else first.reason[:MESSAGE_CHARS],
        count=len(ones),
        keys=() if is_hidden else tuple(printable(one.key) for one in ones[:NAMED]),
        retryable=retryable,
        advice=_advice(first, retryable=retryable),
    )


def _advice(one: ItemLine, *, retryable: bool) -> str:
    if (told := _BY_STATE.get(one.state)) is not None:
        return told
    return _AGAIN if retryable else _BY_KIND.get(one.kind, _SAME)
