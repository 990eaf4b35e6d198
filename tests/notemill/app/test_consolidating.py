"""New tags of a curation: put in order after each stage, before anything of it is shown."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.applying import ProposalFilter
from notemill.app.consolidating import Invented, TagsAsInvented, TagsConsolidated, invented_in
from notemill.app.driving import report_of
from notemill.app.events import Sampled
from notemill.app.kinds import KIND_CONSOLIDATE
from notemill.app.terms import RunTerms
from notemill.app.views.runs import run_shown
from notemill.config import Exclusions
from notemill.errors import WaitingForPersonError
from notemill.stores.proposals import TAG_KINDS
from notemill.workflows.curation.survey import Selection
from tests.doubles import Crash, ScriptedProvider
from tests.notemill.fronts import KeepingFront, offline_mill
from tests.notemill.workflows.notes import Desk, asks_about_tags, curated, title_of, tree
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault
    from twolane import Run

# What notes bring out of a model that sees one at a time, and what becomes of that.
INVENTED = {
    "Clay": ["garden/soil"],
    "Humus": ["earth"],
    "Tea": ["hot-drinks", "leaves"],
    "Coffee": ["drinks"],
    "Sun": ["sky/sun"],
}
BECOMES = {"earth": "garden/soil", "hot-drinks": "drinks", "leaves": "", "sky/sun": "sky/sun"}
ORDERED = {
    "Clay": ["garden/soil"],
    "Coffee": ["drinks"],
    "Humus": ["garden/soil"],
    "Sun": ["sky/sun"],
    "Tea": ["drinks"],
}
VOCABULARY = "<!-- notemill: tags -->\n- drinks\n- garden\n"


@dataclass
class Model:
    """Answers about notes by their titles, and about new tags from a table."""

    becomes: Mapping[str, str] = field(default_factory=lambda: BECOMES)
    invented: Mapping[str, list[str]] = field(default_factory=lambda: INVENTED)
    usable: bool = True

    def __call__(self, params: dict[str, Any]) -> str:
        """Answer a request."""
        if not asks_about_tags(params):
            return curated(params, tags=self.invented.get(title_of(params), []))
        reply = json.loads(curated(params))
        entries = [
            {"tag": tag, "becomes": into, "why": f"because of {tag}"}
            for tag, into in self.becomes.items()
        ]
        return json.dumps(reply | {"tags": entries}) if self.usable else "no answer"


def desk_of(folder: Path, model: Model | None = None, **more: Any) -> Desk:  # noqa: ANN401
    """Return a vault of a note for each title."""
    notes = {f"{title}.md": f"All there is to say of {title}.\n" for title in INVENTED}
    extra = more.pop("notes", {})
    return Desk(folder, {**notes, **extra}, ScriptedProvider(model or Model()), **more)


def questions(desk: Desk) -> list[str]:
    """Return the requests about new tags."""
    return [str(one["messages"][0]["content"]) for one in desk.requests if asks_about_tags(one)]


def tags_of(desk: Desk, state: str = "pending") -> dict[str, list[str]]:
    """Return the proposed tags of each note, by its title."""
    found: dict[str, list[str]] = {}
    for one in desk.proposals():
        if one.kind.endswith("tag") and one.state == state:
            found.setdefault(one.note.removesuffix(".md"), []).append(one.value)
    return found


def invented(desk: Desk) -> Invented:
    """Return what became of the tags that the newest run invented."""
    run = desk.latest()
    return desk.on(lambda opened: invented_in(opened, run))


def test_new_tags_are_put_in_order_once_and_said(tmp_path: Path) -> None:
    """Notes get what their tags became; each change is one line, each new tag has its notes."""
    desk = desk_of(tmp_path)
    ended = desk.curate()
    assert ended.code == 0, ended.shown
    assert tags_of(desk) == ORDERED
    assert len(questions(desk)) == 1
    found = invented(desk)
    assert [(one.tag, one.notes) for one in found.new] == [
        ("drinks", ("Coffee.md", "Tea.md")),
        ("garden/soil", ("Clay.md", "Humus.md")),
        ("sky/sun", ("Sun.md",)),
    ]
    assert "#earth → #garden/soil (1 note): because of earth" in ended.shown
    assert "#leaves left out (1 note): because of leaves" in ended.shown
    assert "#drinks (Coffee.md, Tea.md)" in ended.shown
    desk.curate(apply=True)
    assert "garden/soil" in desk.text("Humus.md")
    assert len(questions(desk)) == 1


def test_a_run_is_shown_with_its_new_tags(tmp_path: Path) -> None:
    """They are in the JSON of `show` too, before the run is applied and after."""
    desk = desk_of(tmp_path)
    run = desk.curate().run

    async def shown(mill: Mill) -> dict[str, Any]:
        return run_shown(
            await mill.applying.shown(await mill.engine.run(run), ProposalFilter()), ""
        )

    value = desk.through_the_door(shown)
    assert value["new_tags"][0] == {"tag": "drinks", "notes": ["Coffee.md", "Tea.md"]}
    changed = {one["tag"]: one["becomes"] for one in value["new_tags_changed"]}
    assert changed == {"earth": "garden/soil", "hot-drinks": "drinks", "leaves": ""}
    desk.apply()
    after = desk.through_the_door(shown)
    for name in ("new_tags", "new_tags_changed"):
        assert after[name] == value[name]


def test_nothing_is_shown_before_it_is_in_order(tmp_path: Path) -> None:
    """The sample of a stage is what the notes would get."""
    desk, front = desk_of(tmp_path, Model({"sky/sun": "drinks"} | BECOMES)), KeepingFront()
    terms = RunTerms(stages="2,4")
    desk.through_the_door(
        lambda mill: mill.curating.curate(Selection(), terms, vocabulary=False), front
    )
    kinds = [type(one) for one in front.events if isinstance(one, TagsConsolidated | Sampled)]
    assert kinds == [TagsConsolidated, Sampled, TagsConsolidated, Sampled, TagsConsolidated]
    shown = b"".join(one.after for event in front.told(Sampled) for one in event.changes)
    assert not [tag for tag in (b"earth", b"hot-drinks", b"leaves") if b"- " + tag in shown]


def test_the_question_is_part_of_the_run(tmp_path: Path) -> None:
    """Its cost is in the run's report, and under the run's cap."""
    desk = desk_of(tmp_path)
    run = desk.curate(lane=Lane.REALTIME).run

    async def costs(mill: Mill) -> tuple[int, int]:
        found = await mill.engine.run(run)
        return (await found.report()).actual_nano, (await report_of(mill, found)).actual_nano

    own, whole = desk.through_the_door(costs)
    assert 0 < own < whole


def test_a_crash_between_answer_and_store_asks_nothing_again(tmp_path: Path) -> None:
    """The same command uses the answer that was paid for; nothing is half changed."""
    desk = desk_of(tmp_path)

    def dies(_: Mill, opened: OpenVault) -> None:
        def crash(*_: object, **__: object) -> None:
            raise Crash

        opened.review.consolidate = crash  # type: ignore[method-assign]

    with pytest.raises(Crash):
        desk.curate(tamper=dies)
    assert tags_of(desk) == {title: INVENTED[title] for title in sorted(INVENTED)}
    desk.curate()
    assert tags_of(desk) == ORDERED
    assert len(questions(desk)) == 1


def test_a_new_name_is_asked_about_once(tmp_path: Path) -> None:
    """What a tag was renamed to is as settled as what stayed."""
    desk = desk_of(tmp_path, Model(BECOMES | {"sky/sun": "weather/sun"}))
    run = desk.curate().run
    assert tags_of(desk)["Sun"] == ["weather/sun"]
    desk.resume(run)
    desk.curate()
    assert len(questions(desk)) == 1


class Stopping(KeepingFront):
    """A person who presses Ctrl-C while the model is asked about new tags."""

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:
        """Stop the run at once."""
        if run.row.kind == KIND_CONSOLIDATE:
            run.stop()
        yield


def test_stopped_before_the_answer_nothing_is_written(tmp_path: Path) -> None:
    """Tags as they were invented reach no note; the run goes on where it was stopped."""
    desk = desk_of(tmp_path)
    before = tree(desk.root)

    async def job(mill: Mill) -> None:
        await mill.curating.curate(
            Selection(), RunTerms(Lane.REALTIME, stages="none"), apply=True, vocabulary=False
        )

    with pytest.raises(WaitingForPersonError, match="resume"):
        desk.through_the_door(job, Stopping())
    assert tree(desk.root) == before
    assert desk.resume(desk.latest(), apply=True).code == 0
    assert tags_of(desk, "applied") == ORDERED


def test_without_an_answer_the_tags_stay_as_they_were_invented(tmp_path: Path) -> None:
    """No proposal is lost, it is said, and the next stage asks again."""
    desk = desk_of(tmp_path, Model(usable=False))
    ended = desk.curate(lane=Lane.REALTIME)
    assert ended.code == 0
    assert "6 new tags not put in order" in ended.shown
    assert tags_of(desk) == {title: INVENTED[title] for title in sorted(INVENTED)}
    assert invented(desk).changed == ()
    assert len(invented(desk).new) == 6


@dataclass
class Failing(Model):
    """A model whose first answers about new tags are of no use."""

    failures: int = 2

    def __call__(self, params: dict[str, Any]) -> str:
        """Answer a request."""
        if asks_about_tags(params):
            self.failures -= 1
            self.usable = self.failures < 0
        return super().__call__(params)


def test_what_was_asked_in_vain_is_asked_again_with_the_next_stage(tmp_path: Path) -> None:
    """Though that brings no further tags; once answered, it is not asked again."""
    model = Failing(invented={title: ["earth", "garden/soil"] for title in ("Clay", "Coffee")})
    desk = desk_of(tmp_path, model)
    ended = desk.curate(stages="2,4", lane=Lane.REALTIME)
    assert ended.code == 0, ended.shown
    assert "2 new tags not put in order" in ended.shown
    stages = [asks_about_tags(one) for one in desk.requests]
    assert sum(stages) == 3  # an answer off its schema is asked for once more
    assert stages[2:5] == [True, True, False]
    assert tags_of(desk) == {"Clay": ["garden/soil"], "Coffee": ["garden/soil"]}
    desk.resume(desk.latest())
    desk.curate()
    assert len(questions(desk)) == 3


def test_a_cap_without_room_leaves_them_as_they_are(tmp_path: Path) -> None:
    """The budget is for the notes first: what it does not cover is said, and nothing is sent."""
    desk, front = desk_of(tmp_path), KeepingFront()

    async def job(mill: Mill) -> None:
        ended = await mill.curating.curate(
            Selection(), RunTerms(Lane.REALTIME, stages="none"), vocabulary=False
        )
        assert ended.run is not None

    def lowers(mill: Mill, _: OpenVault) -> None:
        collect = mill.curating.collect

        async def collecting(run: Run) -> None:
            await run.set_cap((await run.report()).actual_nano + 1)
            await collect(run)

        mill.curating.collect = collecting  # type: ignore[method-assign]

    desk.through_the_door(job, front, lowers)
    assert [one.count for one in front.told(TagsAsInvented)] == [6]
    assert "budget" in front.told(TagsAsInvented)[0].why
    assert questions(desk) == []
    assert tags_of(desk) == {title: INVENTED[title] for title in sorted(INVENTED)}


def test_with_a_vocabulary_what_is_new_waits_for_a_person(tmp_path: Path) -> None:
    """What became a tag of the list passes; the rest waits under its new name."""
    desk = desk_of(tmp_path, notes={"Tags.md": VOCABULARY})
    desk.adopt("Tags.md")
    desk.curate(apply=True)
    assert {title: tags for title, tags in tags_of(desk, "applied").items() if tags} == {
        "Coffee": ["drinks"],
        "Tea": ["drinks"],
    }
    waiting = tags_of(desk)
    assert waiting["Humus"] == waiting["Clay"] == ["garden/soil"]
    assert {one.kind for one in desk.proposals() if one.value == "garden/soil"} == {"new tag"}


def test_a_tag_of_the_list_is_told_with_the_notes_that_get_it(tmp_path: Path) -> None:
    """What this run proposes counts, and standing in the list does not."""
    model = Model(invented={"Clay": ["garden", "loam"], "Humus": ["garden", "humus"]})
    desk = desk_of(tmp_path, model, notes={"Tags.md": VOCABULARY.replace("drinks", "drinks - Tea")})
    desk.adopt("Tags.md")
    desk.curate()
    (question,) = questions(desk)
    assert "\ndrinks | 0 | Tea\ngarden | 2\n" in question


def test_names_that_are_one_by_program_need_no_question(tmp_path: Path) -> None:
    """Where that leaves one tag alone, no request is sent."""
    model = Model(invented={"Clay": ["garden/soil"], "Humus": ["nature/soil"]})
    desk = desk_of(tmp_path, model)
    ended = desk.curate()
    assert questions(desk) == []
    assert tags_of(desk) == {"Clay": ["garden/soil"], "Humus": ["garden/soil"]}
    assert "#nature/soil → #garden/soil (1 note): the same name" in ended.shown


def test_what_became_of_a_tag_holds_for_later_stages(tmp_path: Path) -> None:
    """A name that comes again becomes the same, and is not asked about for its own sake."""
    model = Model(invented={key: ["earth", "garden/soil"] for key in INVENTED})
    desk = desk_of(tmp_path, model)
    desk.curate(stages="2,4", lane=Lane.REALTIME)
    assert tags_of(desk) == {title: ["garden/soil"] for title in sorted(INVENTED)}
    assert len(questions(desk)) == 1


def told(desk: Desk) -> dict[str, str]:
    """Return the new tags that the request about each note carried."""
    contents = [str(one["messages"][0]["content"]) for one in desk.requests]
    found = {}
    for one in contents:
        if title := re.search("^title: (.*)$", one, re.MULTILINE):
            carried = re.search("^new_tags: (.*)$", one, re.MULTILINE)
            found[title[1]] = carried[1] if carried else ""
    return found


def test_later_stages_carry_what_came_out(tmp_path: Path) -> None:
    """Their requests name the new tags that stay; notes and tags are as they are by then."""
    model = Model(BECOMES, {key: ["earth"] for key in INVENTED} | {"Clay": ["soil", "leaves"]})
    desk, front = desk_of(tmp_path, model), KeepingFront()

    def edit() -> None:
        for title in INVENTED:
            if title not in told(desk):
                desk.path(f"{title}.md").write_text(f"Now {title} is a mineral.\n", "utf-8")

        desk.path("Mine.md").write_text("---\ntags: [minerals]\n---\nOf my own.\n", "utf-8")

    front.before_answer = edit
    terms = RunTerms(Lane.REALTIME, stages="2,4")
    ended = desk.through_the_door(
        lambda mill: mill.curating.curate(Selection(), terms, vocabulary=False), front
    )
    stages = [title_of(one) for one in desk.requests if not asks_about_tags(one)]
    carried = told(desk)
    assert [bool(carried[title]) for title in stages] == [False, False, True, True, True]
    assert set(carried.values()) - {""} == {"garden/soil"}
    asked = [one["messages"][0]["content"] for one in desk.requests if not asks_about_tags(one)]
    assert ["minerals" in str(one) for one in asked] == [False, False, True, True, True]
    assert sum("Now " in str(one) for one in desk.requests if not asks_about_tags(one)) == 3
    assert ended.report.items.succeeded == 5
    assert ended.report.items.conflict == 0


def test_a_note_that_is_hidden_by_then_is_not_asked_about(tmp_path: Path) -> None:
    """It is left out as before, and the others carry the new tags."""
    desk, front = desk_of(tmp_path), KeepingFront()

    def hide() -> None:
        for title in set(INVENTED) - told(desk).keys():
            desk.path(f"{title}.md").write_text("---\nnotemill: ignore\n---\nMine.\n", "utf-8")

    front.before_answer = hide
    terms = RunTerms(Lane.REALTIME, stages="4")
    desk.through_the_door(
        lambda mill: mill.curating.curate(Selection(), terms, vocabulary=False), front
    )
    assert len(told(desk)) == 4
    assert "Mine." not in desk.everything_sent


def test_nothing_of_hidden_notes_is_in_the_question(tmp_path: Path) -> None:
    """Not their titles, their texts, their tags or what they were given."""
    hidden = {"Secret.md": "---\ntags: [private/affair]\nnotemill: ignore\n---\nOf a secret.\n"}
    desk = desk_of(
        tmp_path,
        notes={**hidden, "Away/Plan.md": "---\ntags: [covert]\n---\nA plan.\n"},
        exclusions=Exclusions(patterns=("Away",)),
    )
    desk.curate()
    (question,) = questions(desk)
    for word in ("Secret", "affair", "Plan", "covert"):
        assert word not in question


def test_a_new_tag_comes_with_how_often_the_vault_has_its_subject(tmp_path: Path) -> None:
    """Notes count that the run does not read, and hidden ones do not."""
    more = {
        "Old/Earth.md": "---\ndescription: Mine.\ntags: [x]\ntopics: [y]\n---\nOf the earth.\n",
        "Away/Earthworms and earth.md": "The earth again.\n",
    }
    desk = desk_of(tmp_path, notes=more, exclusions=Exclusions(patterns=("Away",)))
    desk.curate(only="Humus.md")
    (question,) = questions(desk)
    assert "\nearth | 1 | in all: titles 1, texts 1 | " in question
    assert "\n1 of the 1 notes of this run read; 6 notes in all; new roots: 2 at most\n" in question


def test_no_tag_becomes_a_state_or_what_its_note_lists(tmp_path: Path) -> None:
    """What an answer about new tags says is held to what holds for one about a note."""
    done = "---\nsr-due: 2024-05-01\ntags: [review]\n---\nDone.\n"
    query = "All there is to say.\n\n```dataview\nLIST FROM #drinks\n```\n"
    notes = {**{f"old/{n}.md": done for n in range(6)}, "Tea.md": query}
    model = Model({"earth": "review", "hot-drinks": "drinks"})
    desk = desk_of(tmp_path, model, notes=notes)
    desk.curate(only="[CHST]*.md")
    found = tags_of(desk)
    assert found["Humus"] == ["earth"]
    assert (found["Coffee"], found["Tea"]) == (["drinks"], ["leaves"])
    assert "review" not in questions(desk)[0]


def test_offline_no_model_is_asked(tmp_path: Path) -> None:
    """What is the same by its name is one, and no tag stays for fewer than three notes."""

    async def job() -> Invented:
        async with offline_mill(tmp_path, {f"{t}.md": f"{t}.\n" for t in INVENTED}) as mill:
            ended = await mill.curating.curate(Selection(), RunTerms(), vocabulary=False)
            assert ended.run is not None
            run = ended.run.id
            return await mill.on(lambda opened: invented_in(opened, run))

    found = asyncio.run(job())
    assert all(len(one.notes) >= 3 for one in found.new)


def test_offline_a_tag_of_the_proposed_vocabulary_waits_for_three_notes(tmp_path: Path) -> None:
    """Curated alone, a note does not get a tag that no other note has; three at once do."""
    places = ("Alp", "Bay", "Cliff"), ("Dale", "Edge", "Fen"), ("Glen", "Hill", "Isle")
    kinds = zip(("Quartz", "Mica", "Flint"), places, strict=True)
    names = [(place, kind) for kind, some in kinds for place in some]
    notes = {f"{place} {kind}.md": f"{kind} found by the brook.\n" for place, kind in names}

    async def tags(mill: Mill, only: str | None = None) -> set[str]:
        ended = await mill.curating.curate(Selection(only=only), RunTerms())
        assert ended.run is not None
        run = ended.run.id
        pending = await mill.on(lambda opened: opened.review.proposals(run))
        return {one.value for one in pending if one.kind in TAG_KINDS}

    async def job() -> None:
        async with offline_mill(tmp_path, notes) as mill:
            assert await tags(mill, "Alp Quartz.md") == set()
            assert await tags(mill) <= {"mica", "flint"}

    asyncio.run(job())
