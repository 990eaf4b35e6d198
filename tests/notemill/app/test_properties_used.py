"""The properties used: what is not is neither asked for, nor proposed, nor written, nor missed."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.work import work_of
from notemill.config import load_embedding
from notemill.errors import UsageError
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.vault.related import Form
from notemill.workflows.links.finding import LinkSearch
from tests.doubles import ScriptedProvider
from tests.notemill.fronts import KeepingFront, front_of, offline_mill
from tests.notemill.workflows.notes import Desk, asks_about_tags, curated, many, title_of
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault
    from notemill.app.planning import WorkPlan

NOTES = {
    "Soil.md": "---\ntags: [garden/soil]\n---\nGarden soil, worms, leaves and compost.\n",
    "Mulch.md": "Mulch of leaves protects the garden soil; worms make compost of it.\n",
    "Bread.md": "---\ndescription: Of bread.\n---\nBread wants flour. Salt comes last.\n",
}


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let these properties be used from now on."""
    return lambda names: monkeypatch.setenv("NOTEMILL_PROPERTIES", names)


def words(text: str) -> list[str]:
    """Return the words of a text, names with their underscores."""
    return re.findall(r"\w+", text)


def _with_own_tag(params: Mapping[str, Any]) -> str:
    return curated(
        params, **({} if asks_about_tags(params) else {"tags": [f"a/{title_of(params)}"]})
    )


async def links_resumed(mill: Mill, *, run: str) -> None:
    """Go on with a run as if it was about links."""
    await mill.links.resume(await mill.engine.run(run))


def kinds(desk: Desk, run: str = "") -> set[ProposalKind]:
    """Return the kinds of a run's proposals."""
    return {one.kind for one in desk.proposals(run)}


def test_what_is_not_used_is_not_asked_for_nor_proposed(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    """Without tags no list of tags is sent, no vocabulary comes first and none is put in order."""
    use("description, related")
    desk = Desk(tmp_path, NOTES | many(12))
    ended = desk.curate(vocabulary=True)
    assert ended.code == 0
    assert desk.asked == sorted(["Soil", "Mulch", *(f"n{index:03d}" for index in range(12))])
    assert len(desk.requests) == len(desk.asked), "something else was asked for"
    assert not {"topics", "candidate_tags", "rejected_tags"} & set(words(desk.everything_sent))
    assert "tags:\\n<data" not in desk.everything_sent, "the vault's tags were told"
    assert kinds(desk) == {ProposalKind.DESCRIPTION}
    assert desk.curate(apply=True).code == 0
    assert desk.text("Mulch.md").startswith("---\ndescription: All about Mulch.\n---\n")
    assert desk.text("Bread.md") == NOTES["Bread.md"]


def test_what_is_used_again_is_missing_where_it_was_not_asked_for(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    """A vault can be described first and get its topics later, with nothing asked in between."""
    use("description")
    desk = Desk(tmp_path, many(2))
    desk.curate(apply=True)
    assert desk.needs() == {}
    use("description, topics")
    assert desk.needs() == {"n000.md": "no topics", "n001.md": "no topics"}
    desk.curate()
    assert kinds(desk) == {ProposalKind.TOPIC}
    assert desk.needs() == {}


def test_a_run_that_goes_on_proposes_and_writes_only_what_is_used_by_then(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    """It was asked for more; what it proposed before is the person's, and waits for them."""
    desk = Desk(tmp_path, many(3))
    ended = desk.curate(stages="1", lane=Lane.REALTIME, yes=False)
    assert ended.code == 8
    (before,) = (one.note for one in desk.proposals() if one.kind is ProposalKind.TOPIC)
    use("description, tags")
    assert desk.resume(ended.run, apply=True).code == 0
    (topic,) = (one for one in desk.proposals() if one.kind is ProposalKind.TOPIC)
    assert (topic.note, topic.state) == (before, ProposalState.PENDING)
    assert all("description:" in desk.text(name) for name in many(3))
    assert not any("topics:" in desk.text(name) for name in many(3))
    asked = len(desk.requests)
    assert "nothing to do" in desk.curate(apply=True).shown
    assert len(desk.requests) == asked
    desk.apply(ended.run)
    assert [name for name in many(3) if "topics:" in desk.text(name)] == [before]


def test_less_is_expected_to_cost_less(tmp_path: Path, use: Callable[[str], None]) -> None:
    """The plan counts the notes that lack something used, and prices what is asked for."""
    desk = Desk(tmp_path, NOTES | many(12))

    async def plan(mill: Mill) -> WorkPlan:
        return await work_of("curate", {}).plan(mill)

    whole = desk.through_the_door(plan, KeepingFront())
    use("description")
    some = desk.through_the_door(plan, KeepingFront())
    assert (whole.items, some.items) == (15, 14)
    assert (whole.vocabulary, some.vocabulary) == (True, False)
    assert 0 < some.price_nano < whole.price_nano / 2


async def test_the_vault_at_a_glance_misses_nothing_that_is_not_used(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    """A note that lacks only that needs no work; without a model nothing else is proposed either."""
    use("description")
    async with offline_mill(tmp_path, NOTES) as mill:
        seen = await mill.overview.glance()
        assert seen.needs == {"no description": 2}
        await work_of("curate", {}).run(mill)
        seen = await mill.overview.glance()
    assert (seen.needs, seen.waiting) == ({}, {ProposalKind.DESCRIPTION: 2})


async def test_links_that_are_off_are_told_before_anything_is_paid_for(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    """With what to do, in every way to ask for them; a curation of nothing is told likewise."""
    use("description, tags")
    search = LinkSearch(5, 0.5, Form.SECTION, None)
    embedding = load_embedding("off")
    said = 'notemill config set properties "description, tags, related"'
    async with offline_mill(tmp_path, NOTES) as mill:
        for job in (
            lambda: mill.links.find(search, embedding),
            lambda: mill.links.rehearse(search, embedding),
            lambda: work_of("link", {}).plan(mill),
            lambda: work_of("link", {"ask_model": True}).run(mill),
        ):
            with pytest.raises(UsageError, match="links are switched off") as refused:
                await job()
            assert said in str(refused.value)
        assert front_of(mill).events == []
    use("related")
    async with offline_mill(tmp_path, NOTES) as mill:
        for work in (work_of("curate", {}).plan, work_of("curate", {}).run):
            with pytest.raises(UsageError, match=r"curation is switched off: .*only related"):
                await work(mill)
        await mill.links.find(search, embedding)


def test_a_run_of_what_is_off_does_not_go_on(tmp_path: Path, use: Callable[[str], None]) -> None:
    """It asks nothing, and waits to be canceled or for the setting."""
    desk = Desk(tmp_path, many(3))
    ended = desk.curate(stages="1", lane=Lane.REALTIME, yes=False)
    asked = len(desk.requests)
    use("related")
    refused = desk.resume(ended.run)
    assert (refused.code, len(desk.requests)) == (2, asked)
    assert "curation is switched off" in refused.shown
    use("description")
    with pytest.raises(UsageError, match="links are switched off"):
        desk.through_the_door(partial(links_resumed, run=ended.run))


def test_new_tags_of_an_earlier_run_are_not_put_in_order_while_tags_are_off(
    tmp_path: Path, use: Callable[[str], None]
) -> None:
    """A process died before it had done so: nothing is asked about them until tags are used."""
    desk = Desk(tmp_path, many(6), ScriptedProvider(_with_own_tag))
    run = desk.curate().run

    def in_order(opened: OpenVault) -> int:
        return len(opened.review.invented(run))

    def forget_order(opened: OpenVault) -> None:
        with opened.store.transaction() as db:
            db.execute("DELETE FROM invented_tags")

    assert desk.on(in_order) == 6
    desk.on(forget_order)
    use("description")
    assert "nothing to do" in desk.curate().shown
    assert desk.resume(run).code == 0
    assert desk.on(in_order) == 0
    use("description, tags")
    desk.curate()
    assert desk.on(in_order) == 6
