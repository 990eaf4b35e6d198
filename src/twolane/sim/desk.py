"""The batch endpoints of one workspace: create, retrieve, list, cancel, delete, results."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from twolane.sim.answers import Answer, Refusal, invalid, json_answer, not_found
from twolane.sim.batch import Batch, accept
from twolane.sim.checks import batch_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twolane.sim.answers import Call
    from twolane.sim.faults import Dice, Faults
    from twolane.sim.pace import Pace
    from twolane.sim.results import Printer

MAX_PAGE: Final = 1_000
DEFAULT_PAGE: Final = 20
_FOREIGN_MODEL: Final = "claude-haiku-4-5"


class BatchDesk:
    """Keeps a workspace's batches, oldest first."""

    def __init__(self, name: str, pace: Pace, dice: Dice) -> None:
        """Serve the workspace `name`."""
        self._name = name
        self._pace = pace
        self._dice = dice
        self._batches: dict[str, Batch] = {}
        self._creates = 0

    def __iter__(self) -> Iterator[Batch]:
        """Iterate all batches ever accepted, oldest first."""
        return iter(self._batches.values())

    def create(self, call: Call, body: dict[str, Any], now: float, faults: Faults) -> Answer:
        """Accept a batch. Raises Refusal."""
        if problem := batch_problem(body):
            raise invalid(problem)
        requests = body["requests"]
        self._creates += 1
        earlier = next((one for one in self if not one.foreign), None)
        about = (self._name, self._creates)
        if earlier and self._dice.strikes("repeated_id", faults.repeated_id, *about):
            return json_answer(200, earlier.describe(now, call.base_url))
        queued = sum(batch.size for batch in self if not batch.ended(now))
        if faults.max_queued is not None and queued + len(requests) > faults.max_queued:
            self._dice.log["max_queued"] += 1
            text = f"Number of queued requests would exceed the limit of {faults.max_queued}"
            raise Refusal(429, "rate_limit_error", text, retry_after_s=faults.retry_after_s)
        version = call.headers.get("anthropic-version", "")
        serial = len(self._batches)
        with_foreign = self._dice.strikes("foreign", faults.foreign, self._name, serial)
        # Somebody else's create lands just before ours or just behind it.
        foreign_first = self._dice.draw("foreign_first", self._name, serial) < 0.5  # noqa: PLR2004
        if with_foreign and foreign_first:
            self._accept(_foreign_requests(len(requests)), version, now, faults, foreign=True)
        batch = self._accept(requests, version, now, faults, foreign=False)
        if with_foreign and not foreign_first:
            self._accept(_foreign_requests(len(requests)), version, now, faults, foreign=True)
        return json_answer(200, self._shown(batch, call, now, faults))

    def _accept(
        self,
        requests: list[Mapping[str, Any]],
        version: str,
        now: float,
        faults: Faults,
        *,
        foreign: bool,
    ) -> Batch:
        about = (self._name, len(self._batches))
        # The time belongs to it: a simulator that is started again must not repeat its ids.
        drawn = f"{self._dice.draw('id', *about)}:{about}:{now}"
        digest = blake2b(drawn.encode(), digest_size=12)
        batch = accept(
            f"msgbatch_{digest.hexdigest()}",
            requests,
            now=now,
            version=version,
            duration_s=self._dice.between(self._pace.batch_s, "batch_s", *about),
            took_s=self._dice.between(self._pace.request_s, "took_s", *about),
            faults=faults,
            dice=self._dice,
        )
        batch.foreign = foreign
        self._batches[batch.id] = batch
        return batch

    def retrieve(self, call: Call, batch_id: str, now: float, faults: Faults) -> Answer:
        """Return a batch's status. Raises Refusal."""
        batch = self._find(batch_id, now, faults)
        batch.polls += 1
        if self._dice.strikes("poll_error", faults.poll_error, batch_id, batch.polls):
            raise Refusal(500, "api_error", "Internal server error")
        if self._dice.strikes("poll_404", faults.poll_404, batch_id, batch.polls):
            raise _unknown(batch_id)
        return json_answer(200, self._shown(batch, call, now, faults))

    def page(self, call: Call, now: float, faults: Faults) -> Answer:
        """Return one page of the batches, newest first. Raises Refusal."""
        listed = []
        for batch in reversed(self._batches.values()):
            if self._gone(batch, now, faults):
                continue
            if now - batch.created_at < faults.list_lag_s:
                self._dice.log["list_lag_s"] += 1
                continue
            listed.append(batch)
        page, has_more = _page(call.query, listed)
        shown = [self._shown(batch, call, now, faults) for batch in page]
        value = {
            "data": shown,
            "has_more": has_more,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }
        return json_answer(200, value)

    def cancel(self, call: Call, batch_id: str, now: float, faults: Faults) -> Answer:
        """Begin to end a batch early. Raises Refusal, also if it has ended.

        The API does not document its answer to a cancel that comes too late; a client must cope
        with the harsher of the two possibilities.
        """
        batch = self._find(batch_id, now, faults)
        if batch.ended(now):
            raise invalid(f"Batch {batch_id} has ended and cannot be canceled")
        batch.cancel(now)
        return json_answer(200, batch.describe(now, call.base_url))

    def delete(self, batch_id: str, now: float, faults: Faults) -> Answer:
        """Forget an ended batch. Raises Refusal."""
        batch = self._find(batch_id, now, faults)
        if not batch.ended(now):
            text = f"Batch {batch_id} is in progress; cancel it before it can be deleted"
            raise invalid(text)
        batch.deleted = True
        return json_answer(200, {"id": batch_id, "type": "message_batch_deleted"})

    def results(self, batch_id: str, now: float, faults: Faults, printer: Printer) -> Answer:
        """Return the results of an ended batch as a stream. Raises Refusal."""
        batch = self._find(batch_id, now, faults)
        if not batch.ended(now) or batch.archived(now):
            raise not_found(f"Batch {batch_id} has no available results")
        if self._dice.strikes("results_404", faults.results_404, batch_id, batch.fetches):
            batch.fetches += 1
            raise not_found(f"Batch {batch_id} has no available results")
        pieces, cut = printer.fetch(batch)
        return Answer(200, pieces, {"content-type": "application/x-jsonl"}, cut=cut)

    # -- what is there ------------------------------------------------------------------------

    def _find(self, batch_id: str, now: float, faults: Faults) -> Batch:
        batch = self._batches.get(batch_id)
        if batch is None or self._gone(batch, now, faults):
            raise _unknown(batch_id)
        if now - batch.created_at < faults.fresh_404_s:
            self._dice.log["fresh_404_s"] += 1
            raise _unknown(batch_id)
        return batch

    def _gone(self, batch: Batch, now: float, faults: Faults) -> bool:
        if (
            not batch.deleted
            and not batch.foreign
            and batch.ended(now)
            and self._dice.strikes("deleted_by_other", faults.deleted_by_other, batch.id)
        ):
            batch.deleted = True
        return batch.deleted

    def _shown(self, batch: Batch, call: Call, now: float, faults: Faults) -> dict[str, Any]:
        shown = batch.describe(now, call.base_url)
        if batch.ended(now) and self._dice.strikes("miscount", faults.miscount, batch.id):
            shown["request_counts"]["succeeded"] += 1
        if not batch.ended(now) and self._dice.strikes("uncounted", faults.uncounted, batch.id):
            shown["request_counts"] = dict.fromkeys(shown["request_counts"], 0)
        return shown


def _unknown(batch_id: str) -> Refusal:
    return not_found(f"Could not find the batch {batch_id}")


def _page(query: Mapping[str, str], listed: list[Batch]) -> tuple[list[Batch], bool]:
    limit = _limit(query.get("limit"))
    after_id, before_id = query.get("after_id"), query.get("before_id")
    if after_id and before_id:
        raise invalid("only one of after_id and before_id may be given")
    if before_id:
        end = _place(listed, before_id, "before_id")
        return listed[max(0, end - limit) : end], end > limit
    start = _place(listed, after_id, "after_id") + 1 if after_id else 0
    return listed[start : start + limit], len(listed) > start + limit


def _limit(value: str | None) -> int:
    if not value:
        return DEFAULT_PAGE
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= MAX_PAGE:
        raise invalid(f"limit: Input should be between 1 and {MAX_PAGE}")
    return int(value)


def _place(listed: list[Batch], batch_id: str, name: str) -> int:
    for place, batch in enumerate(listed):
        if batch.id == batch_id:
            return place
    raise invalid(f"{name}: no such batch: {batch_id}")


def _foreign_requests(count: int) -> list[Mapping[str, Any]]:
    """Return the requests of somebody else who uses the same engine in the same workspace."""
    return [
        {
            "custom_id": f"file_{index:05d}_someone_elses_note-zzzz",
            "params": {
                "model": _FOREIGN_MODEL,
                "max_tokens": 16,
                "messages": [{"role": "user", "content": f"Somebody else's question {index}"}],
            },
        }
        for index in range(count)
    ]
