"""Work by its kind and options: what is refused, and what each kind does to a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.mill import Mill
from notemill.app.reviewing import Wanted
from notemill.app.work import KINDS, work_of
from notemill.app.work_asked import Curation, LinkSearching, Resume
from notemill.config import Exclusions
from notemill.errors import UsageError, WaitingForPersonError
from notemill.stores.proposals import Decision, ProposalKind
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import KeepingFront, front_of, offline_mill
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Lane, Settings, UnknownRunError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from notemill.app.work_ended import WorkEnded

NOTES = {
    "Garden/Soil.md": "Compost feeds garden soil with worms and leaves. Turn the heap often.\n",
    "Garden/Mulch.md": "Mulch of leaves protects garden soil. It feeds worms, as compost does.\n",
    "Garden/Beds.md": "---\ntag: Garden\n---\nRaised beds hold garden soil, and warm up early.\n",
    "Bread.md": "---\ntags: [garden]\n---\nBread wants flour. Salt comes last, after the water.\n",
    "Tea.md": "Green tea is steeped for two minutes. Black tea takes four of them.\n",
}


@pytest.fixture
async def mill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mill]:
    """An open vault; its front says yes."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    async with offline_mill(tmp_path, NOTES) as mill:
        yield mill


async def done(mill: Mill, kind: str, **options: object) -> WorkEnded:
    """Carry out work of a kind."""
    return await work_of(kind, options).run(mill)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("bake", {}, "no work of this kind"),
        ("curate", {"colour": "red"}, "no option 'colour'"),
        ("tags", {"only": "a"}, "no option 'only'"),
        ("curate", {"limit": 0}, "limit must be a whole number from 1"),
        ("curate", {"limit": "5"}, "limit must be a whole number"),
        ("curate", {"limit": True}, "limit must be a whole number"),
        ("curate", {"only": 7}, "only must be a text"),
        ("curate", {"only": "x" * 2_000}, "only must be a text of at most 1,000"),
        ("curate", {"apply": "yes"}, "apply must be true or false"),
        ("curate", {"lane": "fast"}, "lane must be one of auto, realtime, batch"),
        ("curate", {"lane": ["auto"]}, "lane must be one of"),
        ("curate", {"by": "soon"}, "by must be a time such as"),
        ("curate", {"by_strict": True}, "give the deadline"),
        ("curate", {"max_cost_usd": "much"}, "max_cost_usd must be an amount in dollars"),
        ("curate", {"max_cost_usd": 0}, "max_cost_usd must be an amount in dollars"),
        ("curate", {"max_cost_usd": float("nan")}, "max_cost_usd must be an amount in dollars"),
        ("curate", {"max_cost_usd": True}, "max_cost_usd must be an amount in dollars"),
        ("curate", {"stages": "some"}, "stages cannot be"),
        ("link", {"min_score": 2}, "min_score must be a number from 0 to 1"),
        ("link", {"top": 51}, "top must be a whole number from 1 to 50"),
        ("link", {"embedding": "gold"}, "embedding must be one of"),
        ("tidy", {"kinds": ["rhymes"]}, "kinds must be a list of"),
        ("tidy", {"kinds": "dates"}, "kinds must be a list of"),
        ("tidy", {"only": "Garden/**"}, "only needs kinds"),
        ("apply", {"ids": []}, "ids is empty"),
        ("apply", {"ids": [3]}, "ids must be a list of names"),
        ("change tags", {"changes": {"a": "b"}}, "agreed is missing"),
        ("change tags", {"changes": ["a"], "agreed": "x"}, "changes must be an object"),
        ("change tags", {"changes": {"a": 1}, "agreed": "x"}, "changes must be an object of names"),
        ("undo", {}, "run is missing"),
        ("resume", {"run": "a", "cap": 1}, "no option 'cap'"),
    ],
)
def test_what_is_not_allowed_is_refused_and_named(
    kind: str, options: dict[str, Any], said: str
) -> None:
    """Nothing unknown is ignored, and no value of another type is taken for one that is meant."""
    with pytest.raises(UsageError, match=said):
        work_of(kind, options)


def test_options_become_terms_and_a_selection() -> None:
    """A budget may be a text or a number, a deadline is a duration, and nothing given is as usual."""
    work = work_of(
        "curate",
        {"only": "Garden/**", "limit": 3, "lane": "batch", "by": "90m", "max_cost_usd": "0.25"},
    )
    assert isinstance(work, Curation)
    assert work.selection == Selection("Garden/**", 3)
    assert (work.terms.lane, work.terms.by_s) == (Lane.BATCH, 5_400)
    assert work.terms.cap_nano == 250_000_000
    assert work_of("curate", {"max_cost_usd": 0.25, "limit": None}) == work_of(
        "curate", {"max_cost_usd": "0.25"}
    )
    usual = work_of("link", {})
    assert isinstance(usual, LinkSearching)
    assert usual.terms is None
    assert (usual.search.top, usual.search.min_score) == (5, 0.65)
    assert isinstance(work_of("resume", {"run": "last", "failed": True}), Resume)
    assert set(KINDS) == {
        "curate", "link", "tags", "change tags", "tidy", "ingest", "apply", "undo",
        "followed", "resume",
    }  # fmt: skip


async def test_a_curation_proposes_and_what_is_accepted_is_applied_and_undone(mill: Mill) -> None:
    """The kinds follow each other as the commands do, and the notes end as they began."""
    before = tree(mill.root)
    curated = await done(mill, "curate", stages="none")
    assert curated.run
    assert curated.whole
    assert curated.found > 0
    assert curated.words == f"5 of 5 notes answered, {curated.found} proposals to review."
    assert tree(mill.root) == before
    assert (await done(mill, "apply")).words == "Nothing is accepted yet."
    page = await mill.reviewing.page(Wanted(kinds=(ProposalKind.DESCRIPTION,)))
    ids = [row.id for row in page.rows]
    await mill.reviewing.decide(ids, Decision.ACCEPT, by="test")
    assert (await done(mill, "apply", ids=ids[:1])).words == "1 note written."
    await done(mill, "undo", run="last")
    assert tree(mill.root) == before
    await mill.reviewing.decide(ids, Decision.ACCEPT, by="test")
    applied = await done(mill, "apply")
    assert applied.words == f"{len(ids) - 1} notes written."
    assert tree(mill.root) != before
    undone = await done(mill, "undo", run=applied.run)
    assert undone.words == f"{len(ids) - 1} notes restored."
    assert tree(mill.root) == before


async def test_additions_are_written_at_once_where_the_settings_say_so(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option stands above them."""
    monkeypatch.setenv("NOTEMILL_PROPOSALS", "apply")
    before = tree(mill.root)
    await done(mill, "curate", stages="none", vocabulary=False, apply=False)
    assert tree(mill.root) == before
    await done(mill, "curate", stages="none", vocabulary=False, again=True)
    assert tree(mill.root) != before


async def test_a_run_that_stopped_between_stages_is_resumed_by_its_name(mill: Mill) -> None:
    """Where a person said no to the next stage, the run waits, and resuming asks again."""
    front_of(mill).answer = False
    with pytest.raises(WaitingForPersonError):
        await done(mill, "curate", stages="2")
    front_of(mill).answer = True
    ended = await done(mill, "resume", run="curate-")
    assert ended.whole
    assert ended.words.startswith("5 of 5 notes answered")
    with pytest.raises(UnknownRunError):
        await done(mill, "resume", run="nothing")


async def test_a_resumed_run_keeps_what_was_excluded_when_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another exclusion of its beginning holds, though the vault is open without it."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    root = write_notes(tmp_path / "vault", NOTES)
    settings = Settings(home=tmp_path / "home", provider="offline")
    no, yes = KeepingFront(answer=False), KeepingFront()
    async with await Mill.open(root, settings, no, exclusions=Exclusions(("Garden",))) as mill:
        with pytest.raises(WaitingForPersonError):
            await done(mill, "curate", stages="1")
    async with await Mill.open(root, settings, yes, exclusions=Exclusions()) as mill:
        ended = await done(mill, "resume", run="last")
        assert ended.words.startswith("2 of 2 notes answered")
        # Notes that were excluded then may be proposed for by a run of their own.
        assert (await done(mill, "curate", stages="none")).words.startswith("3 of 3 notes")


async def test_what_wrote_nothing_is_not_undone(mill: Mill) -> None:
    """A run that only proposed is refused by name; one that put a vocabulary in force is not."""
    curated = await done(mill, "curate", stages="none", vocabulary=False)
    with pytest.raises(UsageError, match="has written nothing"):
        await done(mill, "undo", run=curated.run)
    with_tags = await done(mill, "curate", stages="none", refresh=True)
    undone = await done(mill, "undo", run=with_tags.run)
    assert undone.words == "The vocabulary is as it was."


async def test_links_are_proposed_or_there_is_nothing_to_do(mill: Mill) -> None:
    """The score decides; no model is asked without saying so."""
    found = await done(mill, "link", min_score=0)
    assert found.run
    assert found.found > 0
    assert found.words == f"{found.found} proposals to review."
    assert (await done(mill, "link", min_score=1.0)).words.startswith("Nothing to do")


async def test_changes_of_tags_and_form_are_queued_and_kinds_are_tidied_at_once(mill: Mill) -> None:
    """Looking writes nothing; kinds that are named are written after a yes, as one run."""
    before = tree(mill.root)
    await done(mill, "tags")
    looked = await done(mill, "tidy")
    assert looked.found > 0
    assert tree(mill.root) == before
    planned = await work_of("tidy", {"kinds": ["plural"]}).plan(mill)
    assert planned.items == 1
    assert planned.reason.startswith("1 note would change: plural 1; ")
    assert (await work_of("tidy", {"kinds": ["dates"]}).plan(mill)).items == 0
    tidied = await done(mill, "tidy", kinds=["plural"])
    assert tidied.words == "1 note written."
    assert b"tags:" in (mill.root / "Garden/Beds.md").read_bytes()
    assert (await done(mill, "tidy", kinds=["dates"])).words.startswith("Nothing to do")
    assert (await done(mill, "undo", run=tidied.run)).words == "1 note restored."
    assert tree(mill.root) == before


async def test_tags_change_as_agreed_and_go_back(mill: Mill) -> None:
    """The digest of the preview is the yes; the run is the one to undo."""
    before = tree(mill.root)
    looked = await mill.tags.preview({"garden": "plot"})
    options = {"changes": {"garden": "plot"}, "agreed": looked.digest}
    ended = await done(mill, "change tags", **options)
    assert (ended.words, ended.whole) == ("2 notes written.", True)
    assert "tags: [plot]" in (mill.root / "Bread.md").read_text()
    with pytest.raises(UsageError, match="no note has #garden"):
        await done(mill, "change tags", **options)
    await done(mill, "undo", run=ended.run)
    assert tree(mill.root) == before
