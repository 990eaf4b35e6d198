"""Other requests for items of a run that were never sent."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.identity import with_note_ref
from twolane.core.params import body_of
from twolane.core.plan import ECHO_BYTES, survey
from twolane.core.render import joined_bytes, own_part
from twolane.errors import InputError
from twolane.ledger import unsent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twolane.core.types import Request
    from twolane.ledger import Ledger, RunRow
    from twolane.providers.base import Provider

_AT_A_TIME: Final = 100
"""Requests in memory at once."""


def replace_unsent(
    ledger: Ledger, run: RunRow, requests: Iterable[Request], provider: Provider
) -> int:
    """Replace the requests of items that were never sent, all or none; see Run.replace."""
    shared: dict[str, Any] = orjson.loads(run.shared)
    replaced, left = 0, iter(requests)
    with ledger.store.transaction() as db:
        open_, closed = unsent.keys_of(db, run)
        while some := list(islice(left, _AT_A_TIME)):
            for one in some:
                if one.key not in open_ and one.key not in closed:
                    message = f"run {run.id} has no item {one.key}; an item keeps its key"
                    raise InputError(message)
            wanted = {open_[one.key]: one for one in some if one.key in open_}
            _check(run, list(wanted.values()), provider)
            before = unsent.requests_of(db, list(wanted))
            rows = [
                _row(run, shared, item, before[item], request) for item, request in wanted.items()
            ]
            unsent.replace(db, rows)
            replaced += len(rows)
    return replaced


def _check(run: RunRow, requests: list[Request], provider: Provider) -> None:
    """Check requests as those of a new run are. Raises InputError naming one."""
    found = survey(requests, max_bytes=provider.limits.max_request_bytes, reply_tokens=0)
    if found.unbounded and run.bounded:
        message = f"{found.unbounded} asks for images or files, which run {run.id} did not before"
        raise InputError(message)
    if found.caches and not run.setting("caches"):
        message = f"a request marks a part for caching, which those of run {run.id} did not"
        raise InputError(message)
    for one in requests:
        provider.check(one.params)
        if one.echo:
            with_note_ref(one.params, "")


def _row(
    run: RunRow, shared: Mapping[str, Any], item: int, before: bytes, request: Request
) -> unsent.NewRequest:
    params = body_of(request.params)
    if _but_messages({**orjson.loads(before), **shared}) != _but_messages(params):
        message = (
            f"{request.key}: only the messages of a request can be replaced; its other members "
            f"must stay as they were when run {run.id} began"
        )
        raise InputError(message)
    own = own_part(params, shared)
    size_bytes = joined_bytes(run.shared, own) + ECHO_BYTES * request.echo
    return unsent.NewRequest(item, request.content_hash, request.echo, size_bytes, own)


def _but_messages(params: Mapping[str, Any]) -> bytes:
    """Return the members of a request except its messages, in a form to compare."""
    others = {key: value for key, value in params.items() if key != "messages"}
    return orjson.dumps(others, option=orjson.OPT_SORT_KEYS)
