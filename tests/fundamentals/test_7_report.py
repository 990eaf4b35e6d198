"""7. The report: counts that add up, lanes, money, and every item that did not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fundamentals.shouting import question, settings
from twolane import Engine, Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = {
    "type": "object",
    "properties": {"mood": {"type": "string"}},
    "required": ["mood"],
    "additionalProperties": False,
}


def _moody(params: Mapping[str, Any]) -> str:
    sad = "rain" in params["messages"][0]["content"]
    return "no idea" if sad else '{"mood": "sunny"}'


async def test_what_did_not_succeed_is_named_with_its_reason(tmp_path: Path) -> None:
    """A reply that misses its schema is tried once more, then listed for a person to act on."""
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    requests = [
        Request(key=one.key, params={**one.params, "output_config": form})
        for one in (question("monday", "sun"), question("tuesday", "rain"))
    ]
    async with Engine.open(settings(tmp_path), responder=_moody) as engine:
        run = await engine.start(requests)
        await run.drive()
        report = await run.report()
    items = report.items
    assert (items.total, items.succeeded, items.failed, items.open) == (2, 1, 1, 0)
    (failure,) = report.failures
    assert (failure.item, failure.kind, failure.retryable) == ("tuesday", "invalid_reply", True)
    assert "not JSON" in failure.message


async def test_progress_can_be_asked_for_at_any_time(tmp_path: Path) -> None:
    """While a run is driven, or before and after it, its counts are one call away."""
    async with Engine.open(settings(tmp_path), responder=_moody) as engine:
        run = await engine.start([question(str(n), "sun") for n in range(3)])
        assert (await run.progress()).items.pending == 3
        await run.drive()
        progress = await run.progress()
        assert progress.items.succeeded == 3
        assert progress.batches == ()
