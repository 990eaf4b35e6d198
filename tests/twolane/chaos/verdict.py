"""The invariants, looked for in what a whole schedule left: the ledger against the bill.

The ledger is the engine's word; the simulator's bill and the witness's counts are the word of
those it dealt with. Which charges may repeat, and why:

- A real-time call that left and whose answer is not durable (the process died, the connection
  dropped, a person canceled the item in flight) may have been answered and billed. No provider
  can be asked afterwards, so the attempt is listed as `uncertain` at its reserve and the item is
  sent again. There are at most as many as calls dropped, plus, for each death, the calls in
  flight, those claimed and not sent yet, and the answers of the last commit window.
- A line that is in none of three complete reads of a batch's results (or whose results are gone)
  may have been billed: the attempt is `missing`, at its reserve, and the item is sent again. The
  same holds for a batch that its provider lost: its attempts are `uncertain`.
- A create of which nobody can say any more whether it arrived (the results that could tell are
  gone, or name nobody) may have been billed: its attempts are `uncertain`. One that the list hid
  for longer than the grace is booked as an orphan when it turns up, which may be too late for a
  schedule to see; only schedules that hide batches for so long may have unbooked charges.
- An answer whose counts cannot be read, or that cannot be read at all, is booked at its reserve
  and not asked again; so is a line of results that lost the name of its request, and a result of a
  type that nobody knows. A gateway's 504 in real time is like a dropped call.
- An answer that came and is of no use (it fails its schema) was billed and is on record with its
  cost; asking again, once by itself or whenever a person says so, is a new, known cost.

So every charge belongs to one attempt that the ledger has on record as paid for, at the very
price or, where nobody could know it, at its reserve. Nothing else may be billed at all.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

import orjson

from tests.twolane.chaos.process import MODEL, question
from tests.twolane.chaos.schedule import DAY_S
from tests.virtual_time import START
from twolane import Lane, RunState
from twolane.core.deadline import Owed, Tempo, finish_s
from twolane.core.identity import parse_custom_id
from twolane.core.pricing import cost_nano
from twolane.core.types import UNKNOWN_USAGE, MinuteLimits
from twolane.ledger import reports
from twolane.ledger.rows import ITEM_BITS
from twolane.pricebook import load_price_book

if TYPE_CHECKING:
    from tests.twolane.chaos.process import World
    from tests.twolane.chaos.schedule import Workload
    from twolane import Engine, ItemOutcome, Report
    from twolane.core.pricing import LanePrices
    from twolane.ledger import RunRow
    from twolane.sim import Charge

COMPLETE_READS: Final = 3
KEPT_DAYS: Final = 29
HURRY_S: Final = 60.0
# Endings of which nobody knows whether they were billed, and those with an answer.
UNKNOWN: Final = frozenset({"uncertain", "missing"})
ANSWERED: Final = frozenset({"succeeded", "quarantined", "orphan"})
# A line without its name is no line of anybody's, where it holds no answer either; and under an id
# that another computer's batch has are that one's lines.
_LINES: Final = (
    "missing_line", "nameless_line", "short", "results_404", "deleted_by_other", "repeated_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of the ledger, with what its batch is known by."""

    tag: str
    index: int
    question: str
    lane: str
    nonce: str
    provider_id: str | None
    batch_state: str | None
    outcome: str | None
    cost_nano: int
    reserve_nano: int
    unpriced: str

    @property
    def certain(self) -> bool:
        """Whether an answer came, and its price is known."""
        if self.unpriced == UNKNOWN_USAGE:
            return False
        return self.outcome in ANSWERED or (self.outcome == "errored" and self.cost_nano > 0)

    @property
    def doubtful(self) -> bool:
        """Whether it is booked at its reserve, for want of knowledge."""
        return self.outcome in UNKNOWN or self.unpriced == UNKNOWN_USAGE

    def covers(self, price_nano: int, *, unbounded: bool) -> bool:
        """Tell whether it is booked for want of knowledge, with enough where that has a bound."""
        return self.doubtful and (unbounded or self.cost_nano >= price_nano)


@cache
def _prices() -> LanePrices:
    at = datetime.fromtimestamp(START, UTC)
    return load_price_book(None).lookup("anthropic", MODEL, at)


def _price(charge: Charge) -> int:
    prices = _prices()
    return cost_nano(charge.usage, prices.batch if charge.lane is Lane.BATCH else prices.realtime)


def judge(world: World) -> None:
    """Look for every invariant that does not hold once all is over; complain about each."""
    attempts: list[Attempt] = []
    for load in world.schedule.workloads:
        engine = world.engine(load, f"{load.tag}.verdict")
        try:
            attempts += _attempts(load, engine)
            _judge_run(world, load, engine)
        finally:
            engine.ledger.close()
    charges = list(world.simulator.billing)
    _judge_batches(world, attempts, [one for one in charges if one.custom_id is not None])
    _judge_calls(world, attempts, [one for one in charges if one.custom_id is None])
    _judge_repeats(world, attempts)
    _judge_unknown(world, attempts)
    _judge_races(world, attempts)
    _write_down(world, attempts)


_ATTEMPTS: Final = """
SELECT a.item, a.lane, a.nonce, b.provider_id, b.state,
       a.outcome, a.cost_nano, a.reserve_nano, a.unpriced
  FROM attempts a
  JOIN runs r ON r.run_no = a.item / :items
  LEFT JOIN batches b ON b.batch_no = a.batch_no
 WHERE r.source = :tag
 ORDER BY a.attempt_no
"""


def _attempts(load: Workload, engine: Engine) -> list[Attempt]:
    of_run = {"items": 1 << ITEM_BITS, "tag": load.tag}
    found = []
    for number, *columns in engine.ledger.store.db.execute(_ATTEMPTS, of_run):
        index = number % (1 << ITEM_BITS)
        found.append(Attempt(load.tag, index, question(load, index), *columns))
    return found


# -- items and runs ---------------------------------------------------------------------------


def _judge_run(world: World, load: Workload, engine: Engine) -> None:
    """See that a run that ended is closed, adds up, and gave everybody their own answer."""
    row = engine.ledger.latest_run(load.tag)
    if row is None:
        world.witness.complain(load.tag, "was never recorded")
        return
    report = reports.report(engine.ledger, row)
    items = report.items
    ended = (
        items.succeeded + items.failed + items.canceled + items.skipped
        + items.conflict + items.quarantined
    )  # fmt: skip
    if items.total != load.items or items.open + ended != items.total:
        world.witness.complain("counts", f"{load.tag}: {items}")
    if row.state is not RunState.OPEN:
        spent, reserved = engine.ledger.money(row)
        left = [one.nonce for one in engine.ledger.batches(row, open_only=True)]
        # A budget that stops a stage leaves the items of later stages for when there is money.
        waiting = items.pending if row.state is RunState.STOPPED and load.stages else 0
        if items.open - waiting or left or reserved:
            text = f"{row.state}, with {items.open} open items, {reserved} set aside, {left} open"
            world.witness.complain("closed", f"{load.tag} is {text}")
        if report.actual_nano != spent:
            world.witness.complain("money", f"{load.tag}: {report.actual_nano} is not {spent}")
    _judge_wishes(world, load, engine, row)
    run = engine._run(row)  # noqa: SLF001  # the run as its owner sees it, without a loop
    for outcome in run.outcomes():
        _judge_outcome(world, load, outcome)
    if _undisturbed(world, load):
        _judge_calm(world, load, row, report)
    world.witness.note(load.tag, f"{row.state} {items} {report.actual_nano}")
    world.witness.met[f"run:{row.state}"] += 1


def _judge_wishes(world: World, load: Workload, engine: Engine, row: RunRow) -> None:
    """See that what others wished was done, and that nothing left behind a canceled run."""
    db, where = engine.ledger.store.db, {"run": row.run_no, "began": world.began[load.tag]}
    ignored = db.execute(
        "SELECT count(*) FROM controls WHERE run_no = :run AND done_at IS NULL"
        " AND asked_at < :began",
        where,
    ).fetchone()[0]
    if ignored and row.state is not RunState.CANCELED:
        world.witness.complain("wishes", f"{load.tag}: {ignored} are older than its last process")
    late = db.execute(
        "SELECT count(*) FROM attempts a JOIN controls c ON c.run_no = :run AND c.item IS NULL"
        " WHERE a.item / 4294967296 = :run AND c.done_at < a.sent_at",
        where,
    ).fetchone()[0]
    if late:
        world.witness.complain("wishes", f"{load.tag}: {late} attempts left after its cancel")


def _judge_calm(world: World, load: Workload, row: RunRow, report: Report) -> None:
    """See that where nothing went wrong, all is answered, in good time and by the deadline."""
    schedule, items = world.schedule, report.items
    if schedule.last_s > DAY_S:  # batches expire, some items time and again
        return
    if items.succeeded + items.canceled != load.items:
        world.witness.complain("liveness", f"{load.tag}: nothing went wrong, and {items}")
    if load.stages or any(life.wishes for life in load.lives):
        return
    slowest_s = schedule.pace.request_s[1]
    tempo = Tempo(call_p90_s=max(slowest_s, 10.0), cancel_p90_s=max(slowest_s, 30.0))
    finish = finish_s(
        Owed(load.items, 0),
        concurrency=schedule.concurrency,
        tempo=tempo,
        limits=MinuteLimits(),
    )
    # Batches run side by side, are posted a tenth of a second apart and polled ten times `poll_s`
    # apart at most.
    batches_s = schedule.last_s + 0.1 * load.items + 11.0 * schedule.poll_s
    took_s = (row.ended_at or math.inf) - row.created_at
    if took_s > batches_s + load.items * slowest_s + HURRY_S:
        world.witness.complain("liveness", f"{load.tag}: took {took_s:.0f} s undisturbed")
    if report.deadline is None or load.deadline is None:
        return
    within_s = load.deadline.within_s
    if report.deadline.given_up and batches_s + finish < within_s:
        world.witness.complain("deadline", f"{load.tag}: gave up batches that were in time")
    if not report.deadline.held and slowest_s < HURRY_S / 10 and finish + HURRY_S < within_s:
        world.witness.complain(
            "deadline", f"{load.tag}: missed {within_s:.0f} s, took {took_s:.0f}"
        )


def _undisturbed(world: World, load: Workload) -> bool:
    """Tell whether nothing happened that could fail an item."""
    quiet = not world.simulator.log and load.cap_share is None
    return quiet and not any(life.end or life.pause_s for life in load.lives)


def _judge_outcome(world: World, load: Workload, outcome: ItemOutcome) -> None:
    """See that a success holds the answer to its own question, and that nothing else holds one."""
    if outcome.state == "failed" and outcome.error_kind == "canceled":
        # Nobody but the engine cancels batches here, and what it gives up it sends again.
        world.witness.complain("canceled", f"{outcome.key} failed because its batch was canceled")
    if outcome.state != "succeeded":
        if outcome.body is not None and orjson.loads(outcome.body)["type"] == "succeeded":
            world.witness.complain("source", f"{outcome.key} is {outcome.state} and has an answer")
        return
    own = question(load, outcome.index)
    text, faults = outcome.text, world.schedule.faults
    checked = load.echo or load.schema
    if checked:
        fits = _said(text) == own
    else:
        # Nothing was asked of its form, so a reply may be cut, or refused.
        cut = bool(faults.cut_reply or faults.refused or faults.paused)
        fits = text == own or (cut and own.startswith(text))
    if not fits:
        world.witness.complain("source", f"{outcome.key} has the answer {text!r}")


def _said(text: str) -> object:
    """Return what an answer in the form asked for says, None where it has another form."""
    try:
        return orjson.loads(text)["text"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


# -- the bill ---------------------------------------------------------------------------------


def _judge_batches(world: World, attempts: list[Attempt], charges: list[Charge]) -> None:
    """See that each batch charge is one attempt's, at its price, and the other way round."""
    complain = world.witness.complain
    posted: dict[tuple[str | None, int], Attempt] = {
        (one.provider_id or one.nonce, one.index): one for one in attempts if one.lane == Lane.BATCH
    }
    # Under swapped ids two answers of a batch have each other's price: only their sum is right,
    # and not even that where one of the two is missing, or its counts are.
    swapped = world.simulator.log["swapped"] > 0
    unbounded = world.schedule.faults.searched > 0
    torn = {one.provider_id for one in attempts if one.doubtful} if swapped else set()
    off: Counter[str] = Counter()
    billed: set[Attempt] = set()
    for charge in charges:
        index, nonce = parse_custom_id(charge.custom_id or "") or (-1, "")
        one = posted.get((charge.batch_id, index)) or posted.get((nonce, index))
        price = _price(charge)
        if one is not None and not one.cost_nano and world.schedule.lists_late:
            continue  # a batch that may turn up after everybody has gone
        if one is None or one in billed:
            complain("paid twice", f"{charge.custom_id} of {charge.batch_id}, {one}")
            continue
        billed.add(one)
        if one.certain and swapped:
            off[charge.batch_id or ""] += price - one.cost_nano
        elif not (
            one.cost_nano == price if one.certain else one.covers(price, unbounded=unbounded)
        ):
            free = "paid twice" if one.outcome == "unsent" else "money"
            complain(free, f"{one} was billed with {price}")
    for batch_id, difference in off.items():
        if difference and batch_id not in torn:
            complain("money", f"the bill of {batch_id} is off by {difference}")
    for one in posted.values():
        if one.certain and one not in billed:
            complain("money", f"{one} was never billed")


def _judge_calls(world: World, attempts: list[Attempt], charges: list[Charge]) -> None:
    """See that each real-time charge is an attempt's: an answered one's, or an uncertain one's.

    A call has no id, so calls are told apart by what they ask.
    """
    billed, booked, doubtful = _by_question(), _by_question(), _by_question()
    for charge in charges:
        billed[world.witness.asked[charge.body_hash]].append(_price(charge))
    for one in attempts:
        if one.lane != Lane.REALTIME:
            continue
        if one.certain:
            booked[one.question].append(one.cost_nano)
        elif one.doubtful:
            doubtful[one.question].append(one.cost_nano)
    for asked in sorted({*billed, *booked, *doubtful}):
        over = Counter(billed[asked])
        over.subtract(booked[asked])
        unpaid = [price for price, count in over.items() if count < 0]
        left = list(over.elements())
        if unpaid:
            world.witness.complain("money", f"{asked}: answers at {unpaid} were never billed")
        # No reserve bounds what searches cost, which is why a cap is refused with them.
        over_reserve = sum(left) > sum(doubtful[asked]) and not world.schedule.faults.searched
        if len(left) > len(doubtful[asked]) or over_reserve:
            text = f"billed {billed[asked]}, booked {booked[asked]}, uncertain {doubtful[asked]}"
            world.witness.complain("paid twice", f"{asked} in real time: {text}")


def _by_question() -> defaultdict[str, list[int]]:
    return defaultdict(list)


def _judge_repeats(world: World, attempts: list[Attempt]) -> None:
    """See that no item was billed more often than the ledger says it may have been."""
    asked: Counter[str] = Counter()
    for load in world.schedule.workloads:
        asked.update(question(load, index) for index in range(load.items))
    paid = Counter(one.question for one in attempts if one.certain or one.doubtful)
    allowed = sum(max(0, count - asked[name]) for name, count in paid.items())
    repeats = world.simulator.paid_twice()
    told_apart = not any(load.paired for load in world.schedule.workloads)
    if repeats > allowed and told_apart and not world.schedule.lists_late:
        world.witness.complain("paid twice", f"{repeats} repeats, and the ledger lists {allowed}")


def _judge_unknown(world: World, attempts: list[Attempt]) -> None:
    """See that every attempt without a known end has a cause that the outside confirms."""
    witness, log = world.witness, world.simulator.log
    calls = sum(one.outcome == "uncertain" and one.lane == Lane.REALTIME for one in attempts)
    bound = witness.drops + witness.dropped + witness.at_death
    if calls > bound:
        witness.complain("uncertain", f"{calls} calls, and at most {bound} were cut off")
    lost = {one.provider_id for one in attempts if one.batch_state == "lost" and one.provider_id}
    if len(lost) > log["deleted_by_other"]:
        witness.complain("lost", f"{len(lost)} batches, {log['deleted_by_other']} were deleted")
    pauses = sum(life.pause_s for load in world.schedule.workloads for life in load.lives)
    gone = log["results_404"] or log["deleted_by_other"] or pauses > (KEPT_DAYS - 3) * 86_400
    undecided = any(one.batch_state == "lost" and not one.provider_id for one in attempts)
    if undecided and not (gone or any(log[name] for name in _LINES)):
        witness.complain("lost", "a create was given up, though its batch could be looked at")
    for one in attempts:
        if one.outcome != "missing" or gone:
            continue
        reads = witness.whole.get(one.provider_id or "", 0)
        if reads < COMPLETE_READS or not any(log[name] for name in _LINES):
            witness.complain("missing", f"{one} after {reads} complete reads")


def _judge_races(world: World, attempts: list[Attempt]) -> None:
    """See that an item was answered once, or twice where a strict deadline let its lanes race."""
    for load in world.schedule.workloads:
        if load.paired:
            continue
        strict = load.deadline is not None and load.deadline.strict
        answers = Counter(one.question for one in attempts if one.outcome == "succeeded")
        for index in range(load.items):
            count = answers[question(load, index)]
            if count > 1 + strict:
                world.witness.complain("races", f"{load.tag} {index} was answered {count} times")


def _write_down(world: World, attempts: list[Attempt]) -> None:
    """End the trace with what is left of it all, so that its hash covers the outcome."""
    for one in attempts:
        text = f"{one.index} {one.lane} {one.nonce} {one.provider_id} {one.outcome}"
        world.witness.met[f"attempt:{one.lane} {one.outcome}"] += 1
        world.witness.note(one.tag, f"{text} {one.cost_nano}")
