"""What one address taught about time is never believed of another."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tests.doubles import ScriptedProvider
from tests.twolane.ledger.test_damage import as_format_1
from tests.twolane.worker.scene import Scene, ask
from twolane import Lane
from twolane.core.deadline import Tempo
from twolane.ledger import LEDGER_FILE, Ledger, history
from twolane.ledger.history import Service

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Engine

MODEL = "claude-haiku-4-5"
SIMULATED = "http://127.0.0.1:8765"
REAL = "https://api.anthropic.com"


def at(base_url: str) -> ScriptedProvider:
    """Return a provider of that address."""
    provider = ScriptedProvider()
    provider.base_url = base_url
    return provider


def taught(home: Path) -> Scene:
    """Return a ledger in which a simulator has taught how fast it is, in both lanes."""
    provider = at(SIMULATED)
    scene = Scene(home, provider, batch_size=2)
    provider.now = scene.clock.now

    async def work(engine: Engine) -> None:
        for forced in Lane:
            run = await engine.start(ask(12), source=forced, lane=forced)
            await run.drive()

    scene.run(work)
    return scene


def tempo(home: Path, base_url: str) -> Tempo:
    """Return what the ledger believes of an address."""
    ledger = Ledger(home / LEDGER_FILE)
    found = history.tempo(ledger, Service("anthropic", base_url, MODEL), size=2)
    ledger.close()
    return found


def test_a_simulator_teaches_nothing_about_the_provider(tmp_path: Path) -> None:
    """Its batches and calls count for its own address, and the other keeps the usual tempo."""
    taught(tmp_path)
    own = tempo(tmp_path, SIMULATED)
    assert own.queue_p50_s < Tempo().queue_p50_s
    assert own.call_p90_s < Tempo().call_p90_s
    assert tempo(tmp_path, REAL) == Tempo()


def test_a_deadline_is_planned_by_what_its_own_address_taught(tmp_path: Path) -> None:
    """The plan of a run at the provider is the same with and without a simulator's past."""
    scene = taught(tmp_path / "taught")
    fresh = Scene(tmp_path / "fresh", at(REAL))
    scene.provider = at(REAL)

    async def reason(engine: Engine) -> str:
        plan = engine.plan(ask(12), deadline_at=engine.now() + 900.0)
        return plan.decision.reason

    assert scene.run(reason) == fresh.run(reason)


def test_a_run_worked_on_at_two_addresses_teaches_of_neither(tmp_path: Path) -> None:
    """Nobody can tell which of them was how fast."""
    scene = Scene(tmp_path, at(SIMULATED))

    async def begin(engine: Engine) -> None:
        await engine.start(ask(12), source="both", lane=Lane.REALTIME)

    async def go_on(engine: Engine) -> None:
        run = await engine.latest("both")
        assert run is not None
        await run.drive()

    scene.run(begin)
    elsewhere = at(REAL)
    elsewhere.now = scene.clock.now
    scene.provider = elsewhere
    scene.run(go_on)
    assert tempo(tmp_path, SIMULATED) == tempo(tmp_path, REAL) == Tempo()


def test_an_older_ledger_knows_where_its_batches_were(tmp_path: Path) -> None:
    """Migrated, a run has the one address of its batches, and none where it had no batch."""
    taught(tmp_path)
    path = tmp_path / LEDGER_FILE
    as_format_1(path)
    Ledger(path).close()
    db = sqlite3.connect(path)
    found = dict(db.execute("SELECT source, base_url FROM runs"))
    db.close()
    assert found == {"batch": SIMULATED, "realtime": ""}
    assert tempo(tmp_path, REAL) == Tempo()


def test_what_one_address_answered_is_not_anothers_answer(tmp_path: Path) -> None:
    """The same requests at the provider are a new run, whatever a simulator said to them."""
    scene = Scene(tmp_path, at(SIMULATED))

    async def start(engine: Engine) -> str:
        return (await engine.start(ask(3))).id

    first = scene.run(start, seed=1)
    assert scene.run(start, seed=2) == first
    scene.provider = at(REAL)
    assert scene.run(start, seed=3) != first
