"""Requests beside a curation: asked once, under its cap, and in its report."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app import runs
from notemill.app.aside import ASIDES_BEFORE, Aside, ask_before, ask_beside, capped_after, texts_of
from notemill.app.driving import begin_again, report_of
from notemill.app.kinds import KIND_CONSOLIDATE, KIND_PROPOSE
from notemill.app.terms import RunTerms
from notemill.workflows.curation.survey import Selection
from notemill.workflows.forms import TEXT, object_of, params_of
from tests.doubles import Crash, ScriptedProvider
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, curated, many
from twolane import Lane, Reader, Request, RunState, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from twolane import Report, Run

MODEL = "claude-haiku-4-5"
QUESTION = "What about the tags?"


def answer(params: Mapping[str, Any]) -> str:
    """Answer the question beside, and every note."""
    content = str(params["messages"][0]["content"])
    return json.dumps({"said": "this"}) if QUESTION in content else curated(params)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A vault of three notes, and a provider that answers both."""
    return Desk(tmp_path, many(3), ScriptedProvider(answer))


def aside(kind: str = KIND_CONSOLIDATE) -> Aside:
    """Return the question."""
    form = object_of(said=TEXT)
    params = params_of([QUESTION], system="Be brief.", form=form, model=MODEL, max_tokens=64)
    return Aside(kind, "1", [Request(key="tags", params=params, name="tags")], 16)


def asked(desk: Desk) -> int:
    """Return how often the question was sent."""
    return desk.everything_sent.count(QUESTION)


async def the_run(mill: Mill) -> Run:
    """Return the vault's curation."""
    run = await mill.engine.latest(mill.source_of("curate"))
    assert run is not None
    return run


async def besides(mill: Mill) -> tuple[list[str], Report, int | None]:
    """Ask beside the curation; return the answers, the curation's report and its cap."""
    run = await the_run(mill)
    answers = texts_of(await ask_beside(mill, run, aside()))
    return answers, await report_of(mill, run), run.row.cap_nano


def begun(desk: Desk, cap_nano: int) -> None:
    """Begin a curation and let it wait after its first stage."""
    front = KeepingFront(answer=None)

    async def job(mill: Mill) -> None:
        terms = RunTerms(Lane.REALTIME, cap_nano, stages="1")
        await mill.curating.curate(Selection(), terms, vocabulary=False)

    with pytest.raises(Exception, match="review"):
        desk.through_the_door(job, front)


def test_what_is_asked_beside_a_run_is_paid_from_its_cap_and_shows_in_its_report(
    desk: Desk,
) -> None:
    """Asked twice it is sent once, and its cost is taken from the cap once."""
    begun(desk, 10_000_000)
    before = desk.report()
    answers, report, cap_nano = desk.through_the_door(besides)
    again = desk.through_the_door(besides)
    assert [json.loads(one) for one in answers] == [{"said": "this"}]
    assert asked(desk) == 1
    cost_nano = report.actual_nano - before.actual_nano
    assert cost_nano > 0
    assert cap_nano == 10_000_000 - cost_nano
    assert sum(one.cost_nano for one in report.lanes.values()) == report.actual_nano
    assert report.items.total == before.items.total
    assert again == (answers, report, cap_nano)


def test_a_cap_without_room_keeps_it_back(desk: Desk) -> None:
    """Nothing is sent; with a higher cap the same question is asked, and taken from that cap."""
    begun(desk, 10_000_000)

    async def lowered(mill: Mill) -> RunState:
        run = await the_run(mill)
        await run.set_cap((await run.report()).actual_nano + 1)
        return (await ask_beside(mill, run, aside())).row.state

    assert desk.through_the_door(lowered) is RunState.STOPPED
    assert asked(desk) == 0

    async def raised(mill: Mill) -> tuple[int | None, int]:
        run = await the_run(mill)
        await begin_again(mill, run, cap_nano=9_000_000, failed=False, everything=False)
        await ask_beside(mill, run, aside())
        await begin_again(mill, run, cap_nano=8_000_000, failed=False, everything=False)
        whole = (await report_of(mill, run)).actual_nano
        return run.row.cap_nano, 8_000_000 - (whole - (await run.report()).actual_nano)

    cap_nano, left_nano = desk.through_the_door(raised)
    assert asked(desk) == 1
    assert cap_nano == left_nano


def test_a_kill_in_between_asks_nothing_again(desk: Desk) -> None:
    """The batch that was posted is taken up by the next process, and its answer is used."""
    desk.provider.create_script.append("crash_after")
    terms = RunTerms(Lane.BATCH)

    async def before(mill: Mill) -> list[str]:
        return texts_of(await ask_before(mill, aside(KIND_PROPOSE), terms, settings={"of": "x"}))

    with pytest.raises(Crash):
        desk.through_the_door(before)
    assert desk.through_the_door(before) == [json.dumps({"said": "this"})]
    assert asked(desk) == 1


def test_what_was_asked_before_a_run_is_asked_again_for_other_settings_only(desk: Desk) -> None:
    """The same settings find it, others and a start from the beginning do not."""

    def ask(of: str, *, again: bool = False) -> str:
        """Ask, as a process of its own; return the run."""

        async def job(mill: Mill) -> str:
            found = await ask_before(
                mill, aside(KIND_PROPOSE), RunTerms(Lane.REALTIME), settings={"of": of}, again=again
            )
            return found.id

        return desk.through_the_door(job)

    first = ask("one")
    assert ask("one") == first
    assert len({first, ask("two"), ask("two", again=True)}) == 3
    assert asked(desk) == 3


def test_a_run_is_listed_and_forgotten_with_its_asides(desk: Desk) -> None:
    """One row has the cost of both; forgetting the run leaves neither."""

    async def job(mill: Mill) -> int | None:
        terms = RunTerms(Lane.REALTIME, 10_000_000)
        found = await ask_before(mill, aside(KIND_PROPOSE), terms, settings={})
        left = capped_after(terms.cap_nano, [await found.report()])
        await mill.engine.start(
            [Request(key="n000.md", params=aside().requests[0].params, name="n")],
            kind="curate", label=str(mill.root), source=mill.source_of("curate"),
            lane=Lane.REALTIME, cap_nano=left, settings={ASIDES_BEFORE: [found.id]},
        )  # fmt: skip
        await (await the_run(mill)).drive()
        return left

    left = desk.through_the_door(job)
    settings = Settings(home=desk.home)
    found = runs.listed(settings)
    (run,) = found.runs
    assert left is not None
    assert found.reports[run.id].actual_nano == desk.report(run.id).actual_nano + 10_000_000 - left
    asyncio.run(runs.forget(settings, [run.id], KeepingFront()))
    assert runs.listed(settings).runs == ()
    with Reader.open(settings) as reader:
        assert reader.runs() == []
