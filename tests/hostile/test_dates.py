"""Moments that a provider names: none of them crashes a run, hurries it, or gives up what was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twolane.worker.scene import ask
from tests.twolane.worker.wire import Wired, ended, wired
from tests.virtual_time import START
from twolane import Lane
from twolane.core.expiry import is_expiring, overdue_at, results_expire_at
from twolane.core.outside import clamped
from twolane.ledger import LEDGER_FILE, Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.twolane.worker.scene import Scene
    from tests.twolane.worker.wire import Wire
    from twolane.ledger import BatchRow

DAY_S = 86_400.0
MOMENTS = ("created_at", "expires_at", "ended_at")
STRANGE: list[Any] = [
    None, "", "now", 0, -1, 1_800_000_000, 1_800_000_000_000, 1e300, True, [], {"at": 5}, "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2027-01-15T08:00:00", "1990-01-01T00:00:00Z",
    "2099-01-01T00:00:00Z", "9" * 400,
]  # fmt: skip


def _saying(wire: Wire, scene: Scene, value: object) -> None:
    """Let all moments of every batch be `value`."""
    wire.now = scene.clock.now
    wire.odd = lambda _: dict.fromkeys(MOMENTS, value)


def _batches(scene: Scene) -> list[BatchRow]:
    ledger = Ledger(scene.settings.home / LEDGER_FILE)
    found = [batch for run in ledger.runs() for batch in ledger.batches(run)]
    ledger.close()
    return found


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: repr(value)[:25])
@pytest.mark.parametrize("lost", [0, 1], ids=["answered", "looked for"])
def test_a_batch_is_collected_whatever_its_moments_are(
    tmp_path: Path, value: object, lost: int
) -> None:
    """Also where its create was not answered; what the ledger keeps is between our own moments."""
    scene, wire = wired(tmp_path, lambda *_: None)
    _saying(wire, scene, value)
    wire.batch_s, wire.lose_creates = 60.0, lost
    report, error = ended(scene, ask(3, echo=False), lane=Lane.BATCH)
    assert (error, report.items.succeeded, len(wire.batches)) == (None, 3, 1)
    assert scene.clock.now() - START < 3_600.0
    (batch,) = _batches(scene)
    assert batch.submitted_at is not None
    assert batch.ended_at is not None
    assert START <= batch.intended_at <= batch.submitted_at <= batch.ended_at <= scene.clock.now()


@pytest.mark.parametrize("value", ["1990-01-01T00:00:00Z", "2001-01-01T00:00:00Z", None])
def test_results_are_not_given_up_for_a_moment_long_ago(tmp_path: Path, value: object) -> None:
    """Results that are late are waited for: by the provider's word alone none has expired."""
    scene, wire = wired(tmp_path, lambda *_: None)
    _saying(wire, scene, value)
    wire.lose_creates = 1
    late = iter([Wired(404, b'{"error":{"type":"not_found_error","message":"soon"}}')] * 5)
    wire.answer_to = {
        "/results": lambda: next(late, None) or Wired(200, wire.results("msgbatch_0000"))
    }
    report, error = ended(scene, ask(3, echo=False), lane=Lane.BATCH)
    assert (error, report.items.succeeded, report.items.uncertain) == (None, 3, 0)


@given(st.one_of(st.none(), st.floats(allow_nan=False)), st.floats(0, 1e10), st.floats(0, 1e10))
def test_a_moment_is_held_between_two_of_ours(
    at: float | None, earliest: float, more_s: float
) -> None:
    """However far off it is; also where our own clock was set back."""
    latest = earliest + more_s
    assert earliest <= clamped(at, earliest, latest) <= latest
    assert clamped(at, latest, earliest) == latest


@given(st.one_of(st.none(), st.floats(allow_nan=False)), st.floats(9e8, 4e9))
def test_no_word_makes_a_batch_expire_early_or_never(expires_at: float | None, at: float) -> None:
    """A batch is waited for a day at least and eight at most, its results for a month."""
    assert at + DAY_S <= overdue_at(at, expires_at) <= at + 8 * DAY_S
    assert results_expire_at(at) == at + 29 * DAY_S
    assert not is_expiring(at, at + DAY_S)


def test_a_list_of_strange_moments_is_a_list(tmp_path: Path) -> None:
    """What others have posted, whatever its moments, keeps no create from going out."""
    scene, wire = wired(tmp_path, lambda *_: None)
    wire.now = scene.clock.now
    data = [
        {"id": f"msgbatch_theirs_{number}", "processing_status": 5, **dict.fromkeys(MOMENTS, value)}
        for number, value in enumerate(STRANGE)
    ]
    page = orjson.dumps({"data": data, "has_more": False})
    wire.answer_to = {"GET /v1/messages/batches?": lambda: Wired(200, page)}
    report, error = ended(scene, ask(3, echo=False), lane=Lane.BATCH)
    assert (error, report.items.succeeded, len(wire.batches)) == (None, 3, 1)
