"""Every invariant of a ledger that SQL can show, as a query for the rows that break it."""

from __future__ import annotations

from typing import Final, NamedTuple

from twolane.core.identity import NONCE_CHARS
from twolane.core.states import (
    CLOSED_BATCHES,
    IN_FLIGHT_ITEMS,
    TERMINAL_ITEMS,
    BatchState,
    ItemState,
    RunState,
)
from twolane.core.types import Lane
from twolane.ledger.plausible import (
    MAX_NANO,
    MONEY_COLUMNS,
    TOKEN_COLUMNS,
    listed,
    odd_numbers,
    wrong_times,
    wrong_types,
)
from twolane.ledger.rows import ITEM_BITS

# The provider's clock and this machine's need not agree; a batch's times are of both.
CLOCK_SKEW_S: Final = 3_600.0
OUTCOMES: Final = (
    "succeeded", "errored", "expired", "canceled", "missing", "quarantined",
    "uncertain", "unsent", "orphan",
)  # fmt: skip

RESTORE: Final = (
    "the file was damaged or changed by another program: restore it from a copy (twolane state "
    "import); `export` still writes the results that can be read"
)
PAYS: Final = (
    "do not resume the run before the ledger is restored from a copy (twolane state import): it "
    "might pay twice, or wait for ever"
)
MONEY: Final = (
    "the costs that are shown may be wrong: compare them with the provider's own, and restore the "
    "ledger from a copy (twolane state import)"
)


class Invariant(NamedTuple):
    """An invariant in words, a one-column query for rows that break it, and what to do then."""

    name: str
    query: str
    advice: str


_RUN_OF = f"(item >> {ITEM_BITS})"
_INDEX = f"(id & {(1 << ITEM_BITS) - 1})"
_ITEM_OF_RUN = f"i.id >> {ITEM_BITS} = r.run_no"
_B = BatchState
# Not those that are lost: of some it never became known whether the provider took them.
_POSTED = listed([_B.SUBMITTED, _B.CANCELING, _B.ENDED, _B.COLLECTED, _B.ORPHAN])
_OPEN = "outcome IS NULL"
# A batch whose early end was asked for may be raced by a real-time call: only there may an item
# have two attempts out, or two answers.
_IN_A_RACE = (
    "EXISTS (SELECT 1 FROM batches b WHERE b.batch_no = a.batch_no AND b.cancel_at IS NOT NULL)"
)

_OF_RUNS = (
    Invariant(
        "a run has as many items as it was announced with, numbered from 0",
        (
            "SELECT id FROM runs r WHERE total <> (SELECT count(*) FROM items i"
            f" WHERE {_ITEM_OF_RUN}) OR total <> (SELECT coalesce(max({_INDEX}), -1) + 1"
            f" FROM items i WHERE {_ITEM_OF_RUN})"
        ),
        RESTORE,
    ),
    Invariant(
        "an item belongs to a run, and its key stands once there",
        (
            f"SELECT id FROM items WHERE id >> {ITEM_BITS} NOT IN (SELECT run_no FROM runs)"
            f" UNION ALL SELECT min(id) FROM items GROUP BY id >> {ITEM_BITS}, key"
            " HAVING count(*) > 1"
        ),
        RESTORE,
    ),
    Invariant(
        "a run that is done or canceled has only items that ended, and closed batches",
        (
            "SELECT r.id FROM runs r WHERE r.state IN ('done', 'canceled') AND (EXISTS (SELECT 1"
            f" FROM items i WHERE {_ITEM_OF_RUN} AND i.state NOT IN ({listed(TERMINAL_ITEMS)})) OR"
            " EXISTS (SELECT 1 FROM batches b WHERE b.run_no = r.run_no"
            f" AND b.state NOT IN ({listed(CLOSED_BATCHES)})))"
        ),
        RESTORE,
    ),
    Invariant(
        "a run has a time of its end, unless it is open",
        "SELECT id FROM runs WHERE (state = 'open') <> (ended_at IS NULL)",
        RESTORE,
    ),
    Invariant(
        "only a run that has work left is handed over to another computer",
        ("SELECT id FROM runs WHERE handed_over IS NOT NULL AND state NOT IN ('open', 'stopped')"),
        RESTORE,
    ),
    Invariant(
        "a run whose requests and replies were let go is closed, and has none",
        (
            "SELECT r.id FROM runs r WHERE dropped_at IS NOT NULL AND (state = 'open' OR EXISTS"
            f" (SELECT 1 FROM requests WHERE {_RUN_OF} = r.run_no) OR EXISTS (SELECT 1 FROM replies"
            f" JOIN attempts USING (attempt_no) WHERE {_RUN_OF} = r.run_no))"
        ),
        RESTORE,
    ),
    Invariant(
        "a run's spending and what it has set aside stay under its cap",
        (
            "SELECT r.id FROM runs r WHERE cap_nano IS NOT NULL AND cap_nano < (SELECT"
            f" coalesce(sum(CASE WHEN {_OPEN} THEN reserve_nano ELSE cost_nano END), 0)"
            f" FROM attempts WHERE {_RUN_OF} = r.run_no)"
        ),
        MONEY,
    ),
    Invariant(
        "a wish is for a run there is, or an item of it, and is one the worker knows",
        (
            "SELECT control_no FROM controls c WHERE run_no NOT IN (SELECT run_no FROM runs)"
            " OR action <> 'cancel' OR (item IS NOT NULL AND NOT EXISTS (SELECT 1 FROM items i"
            f" WHERE i.id = c.item AND i.id >> {ITEM_BITS} = c.run_no))"
        ),
        RESTORE,
    ),
)
_OF_ITEMS = (
    Invariant(
        "an item has its request, unless its run let them go, and a request its item",
        (
            f"SELECT i.id FROM items i JOIN runs r ON {_ITEM_OF_RUN} WHERE r.dropped_at IS NULL"
            " AND i.id NOT IN (SELECT item FROM requests) UNION ALL"
            " SELECT item FROM requests WHERE item NOT IN (SELECT id FROM items)"
        ),
        PAYS,
    ),
    Invariant(
        "an item in flight has an attempt without an ending, in real time where it is running",
        (
            f"SELECT id FROM items i WHERE state IN ({listed(IN_FLIGHT_ITEMS)}) AND NOT EXISTS"
            f" (SELECT 1 FROM attempts a WHERE a.item = i.id AND a.{_OPEN}"
            " AND (i.state = 'running') = (a.batch_no IS NULL))"
        ),
        PAYS,
    ),
    Invariant(
        "a second attempt is out only beside a batch whose early end was asked for",
        (
            f"SELECT item FROM attempts a WHERE {_OPEN} GROUP BY item HAVING"
            f" sum(NOT {_IN_A_RACE}) > 1 OR sum(batch_no IS NULL) > 1"
        ),
        PAYS,
    ),
    Invariant(
        "an item that is not in flight has no attempt out, unless canceled or in a race",
        (
            f"SELECT id FROM items i WHERE state NOT IN ({listed(IN_FLIGHT_ITEMS)}, 'canceled') AND"
            f" EXISTS (SELECT 1 FROM attempts a WHERE a.item = i.id AND a.{_OPEN})"
            # Either of the two may still be out when the other has answered.
            f" AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.item = i.id AND {_IN_A_RACE})"
        ),
        PAYS,
    ),
    Invariant(
        "an item that succeeded has a success, a second only in a race, and no other item has one",
        (
            "SELECT id FROM items i WHERE state IN ('succeeded', 'conflict') AND (NOT EXISTS"
            " (SELECT 1 FROM attempts a WHERE a.item = i.id AND a.outcome = 'succeeded') OR 1 <"
            " (SELECT count(*) FROM attempts a WHERE a.item = i.id AND a.outcome = 'succeeded'"
            f" AND NOT {_IN_A_RACE}))"
            " UNION ALL SELECT id FROM items i WHERE state NOT IN ('succeeded', 'conflict',"
            " 'canceled') AND EXISTS (SELECT 1 FROM attempts a WHERE a.item = i.id"
            " AND a.outcome = 'succeeded')"
        ),
        PAYS,
    ),
    Invariant(
        "an item was tried no more often than it has attempts",
        (
            "SELECT id FROM items i WHERE tries < 0"
            " OR tries > (SELECT count(*) FROM attempts a WHERE a.item = i.id)"
        ),
        RESTORE,
    ),
    Invariant(
        "an item that failed, was left out or quarantined says why",
        (
            "SELECT id FROM items WHERE state IN ('failed', 'skipped', 'quarantined')"
            " AND reason = ''"
        ),
        RESTORE,
    ),
)
_OF_BATCHES = (
    Invariant(
        "a batch belongs to a run, and has as many items as it was intended with, each once",
        (
            "SELECT batch_no FROM batches b WHERE run_no NOT IN (SELECT run_no FROM runs)"
            " OR size <> (SELECT count(DISTINCT item) FROM attempts a"
            " WHERE a.batch_no = b.batch_no) OR size <> (SELECT count(*) FROM attempts a"
            " WHERE a.batch_no = b.batch_no)"
        ),
        PAYS,
    ),
    Invariant(
        "a batch that the provider took has the provider's id, and one that it did not has none",
        (
            f"SELECT batch_no FROM batches WHERE (state IN ({_POSTED}) AND (provider_id IS NULL"
            " OR submitted_at IS NULL)) OR (state IN ('intended', 'sending')"
            " AND provider_id IS NOT NULL)"
        ),
        PAYS,
    ),
    Invariant(
        "a batch that ended has the time of its end",
        ("SELECT batch_no FROM batches WHERE state IN ('ended', 'collected') AND ended_at IS NULL"),
        RESTORE,
    ),
    Invariant(
        "a batch is intended, submitted and ended in this order",
        (
            f"SELECT batch_no FROM batches WHERE submitted_at < intended_at - {CLOCK_SKEW_S}"
            f" OR ended_at < submitted_at - {CLOCK_SKEW_S}"
            f" OR cancel_at < intended_at - {CLOCK_SKEW_S}"
        ),
        RESTORE,
    ),
    Invariant(
        "a closed batch has no attempt without an ending",
        (
            f"SELECT batch_no FROM batches b WHERE state IN ({listed(CLOSED_BATCHES)}) AND EXISTS"
            f" (SELECT 1 FROM attempts a WHERE a.batch_no = b.batch_no AND a.{_OPEN})"
        ),
        PAYS,
    ),
)
_OF_ATTEMPTS = (
    Invariant(
        "an attempt belongs to an item, and to a batch of the same run with its nonce",
        (
            "SELECT attempt_no FROM attempts a WHERE item NOT IN (SELECT id FROM items) OR"
            " (batch_no IS NOT NULL AND NOT EXISTS (SELECT 1 FROM batches b WHERE"
            f" b.batch_no = a.batch_no AND b.run_no = {_RUN_OF} AND b.nonce = a.nonce))"
        ),
        PAYS,
    ),
    Invariant(
        "an attempt travels in the batch lane where it has a batch, and only there",
        (
            "SELECT attempt_no FROM attempts"
            f" WHERE (lane = '{Lane.BATCH}') <> (batch_no IS NOT NULL)"
        ),
        MONEY,
    ),
    Invariant(
        "an attempt that was settled has its time and its outcome, any other neither",
        (
            f"SELECT attempt_no FROM attempts WHERE ({_OPEN}) <> (settled_at IS NULL)"
            f" OR settled_at < sent_at - {CLOCK_SKEW_S}"
        ),
        RESTORE,
    ),
    Invariant(
        "an attempt of an orphan is in a batch that was given up and turned up after all",
        (
            "SELECT attempt_no FROM attempts a WHERE outcome = 'orphan' AND NOT EXISTS (SELECT 1"
            " FROM batches b WHERE b.batch_no = a.batch_no AND b.state = 'orphan')"
        ),
        MONEY,
    ),
    Invariant(
        "a success has its reply, unless its run let them go, and a reply its attempt",
        (
            "SELECT attempt_no FROM attempts JOIN runs r ON r.run_no = "
            f"{_RUN_OF} WHERE outcome = 'succeeded' AND r.dropped_at IS NULL AND attempt_no NOT IN"
            " (SELECT attempt_no FROM replies) UNION ALL SELECT attempt_no FROM replies"
            f" WHERE attempt_no NOT IN (SELECT attempt_no FROM attempts WHERE NOT ({_OPEN}))"
        ),
        RESTORE,
    ),
    Invariant(
        "nothing costs more than was set aside for it where there is a cap, or less than nothing",
        (
            "SELECT attempt_no FROM attempts WHERE (cost_nano > reserve_nano AND EXISTS"
            f" (SELECT 1 FROM runs r WHERE r.run_no = {_RUN_OF} AND cap_nano IS NOT NULL)) OR "
            + " OR ".join(f"{name} < 0" for name in MONEY_COLUMNS + TOKEN_COLUMNS)
        ),
        MONEY,
    ),
    Invariant(
        "what may have been paid for counts as spent at its worst case",
        (
            "SELECT attempt_no FROM attempts WHERE outcome IN ('uncertain', 'missing')"
            " AND cost_nano <> reserve_nano"
        ),
        MONEY,
    ),
    Invariant(
        "what was not billed, or is not settled, costs nothing",
        (
            "SELECT attempt_no FROM attempts WHERE cost_nano <> 0 AND"
            f" ({_OPEN} OR outcome IN ('unsent', 'expired', 'canceled'))"
        ),
        MONEY,
    ),
    Invariant(
        "an answer that cost something used tokens, and in real time costs what real time costs",
        (
            "SELECT attempt_no FROM attempts WHERE outcome IN ('succeeded', 'quarantined',"
            f" 'errored') AND ((cost_nano > 0 AND {' + '.join(TOKEN_COLUMNS)} = 0"
            " AND unpriced = '') OR"
            f" (lane = '{Lane.REALTIME}' AND cost_nano <> realtime_nano))"
        ),
        MONEY,
    ),
)

INVARIANTS: Final = (
    Invariant(
        "a month has cost at least what its attempts have cost or set aside",
        "SELECT sent_in FROM (SELECT strftime('%Y-%m', sent_at, 'unixepoch') AS sent_in,"
        f" sum(iif({_OPEN}, reserve_nano, cost_nano)) AS nano FROM attempts GROUP BY 1)"
        " LEFT JOIN months ON month = sent_in WHERE nano > coalesce(committed_nano, 0)",
        MONEY,
    ),
    Invariant("a value is of the kind that its column holds", wrong_types(), RESTORE),
    Invariant("a time is one there can be", wrong_times(), RESTORE),
    Invariant(
        "a state, a lane and an outcome is one there is",
        (
            f"SELECT 'item ' || id || ' ' || state FROM items WHERE state NOT IN ({listed(ItemState)})"
            " UNION ALL SELECT 'batch ' || batch_no || ' ' || state FROM batches"
            f" WHERE state NOT IN ({listed(BatchState)})"
            f" UNION ALL SELECT 'run ' || id || ' ' || state FROM runs"
            f" WHERE state NOT IN ({listed(RunState)})"
            f" UNION ALL SELECT 'item ' || id || ' ' || lane FROM items"
            f" WHERE lane NOT IN ({listed(Lane)})"
            f" UNION ALL SELECT 'attempt ' || attempt_no || ' ' || lane FROM attempts"
            f" WHERE lane NOT IN ({listed(Lane)})"
            f" UNION ALL SELECT 'attempt ' || attempt_no || ' ' || outcome FROM attempts"
            f" WHERE outcome NOT IN ({listed(OUTCOMES)})"
            f" UNION ALL SELECT 'run ' || id || ' ' || decision_lane FROM runs"
            f" WHERE decision_lane NOT IN ({listed(Lane)}) OR lane_forced NOT IN ({listed(Lane)})"
        ),
        RESTORE,
    ),
    *_OF_RUNS,
    *_OF_ITEMS,
    *_OF_BATCHES,
    *_OF_ATTEMPTS,
    Invariant("a number is one there can be", odd_numbers(), RESTORE),
    Invariant(
        "an intent has a nonce, a month is one of the calendar, and a limit a number",
        (
            "SELECT 'batch ' || batch_no FROM batches WHERE nonce GLOB '*[^a-z2-9]*'"
            f" OR length(nonce) <> {NONCE_CHARS}"
            " UNION ALL SELECT 'attempt ' || attempt_no FROM attempts"
            f" WHERE nonce GLOB '*[^a-z2-9]*' OR length(nonce) <> {NONCE_CHARS}"
            " UNION ALL SELECT 'month ' || month FROM months WHERE month NOT GLOB"
            " '[0-9][0-9][0-9][0-9]-[01][0-9]' OR typeof(committed_nano) <> 'integer'"
            f" OR committed_nano NOT BETWEEN 0 AND {MAX_NANO}"
            " UNION ALL SELECT 'limits of ' || model FROM limits"
            " WHERE typeof(requests_per_min) NOT IN ('integer', 'null')"
            " OR typeof(input_tokens_per_min) NOT IN ('integer', 'null')"
            " OR typeof(seen_at) <> 'real'"
        ),
        RESTORE,
    ),
)
"""Checked and shown in this order."""
