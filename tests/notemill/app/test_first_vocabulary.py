"""The vocabulary before a curation: priced and agreed to with it, decided, and part of its run."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app import runs
from notemill.app.events import Planned
from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.app.vocabulary_events import (
    AcceptVocabulary,
    GoOnWithoutVocabulary,
    VocabularyInForce,
    VocabularyProposed,
    VocabularyRejected,
    VocabularyTakenBack,
    VocabularyToAsk,
    VocabularyUnusable,
)
from notemill.config import Exclusions
from notemill.errors import UsageError, WaitingForPersonError
from notemill.stores.proposals import Decision, ProposalKind
from notemill.workflows.curation.survey import Selection
from tests.doubles import Crash, ScriptedProvider
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, curated, tree
from twolane import Lane, Reader, RunState, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.curating import CurationEnded
    from notemill.app.events import Question
    from notemill.app.mill import Mill

NOTES = {
    "Garden/Soil.md": "Compost feeds garden soil with worms and leaves.\n",
    "Garden/Mulch.md": "Mulch of leaves protects soil; see [[Bread]].\n",
    "Kitchen/Bread.md": "---\ntags: [Baking]\n---\nBread wants flour. Salt comes last.\n",
    "Secret/Plan.md": "Nobody reads of the zeppelin.\n",
}
TAGS = ("garden", "garden/soil", "kitchen", "kitchen/baking", "tools")


def vocabulary(*tags: str) -> str:
    """Return a reply that proposes these tags."""
    return json.dumps(
        {"tags": [{"tag": one, "description": f"for {one}", "aliases": []} for one in tags]}
    )


@dataclass
class Model:
    """Answers for vocabularies, one of `proposals` after the other, and for notes."""

    proposals: list[str] = field(default_factory=lambda: [vocabulary(*TAGS)])
    tags: tuple[str, ...] = ("garden/soil", "unheard-of")
    asked: list[str] = field(default_factory=list)
    """What it was asked for: the notes of each request about a vocabulary."""

    def __call__(self, params: Mapping[str, Any]) -> str:
        """Answer."""
        content = str(params["messages"][0]["content"])
        if "aim: " not in content:
            return curated(params, tags=self.tags)
        self.asked.append(content)
        said = json.loads(self.proposals[min(len(self.asked), len(self.proposals)) - 1])
        token = content.partition("\n")[0].removeprefix("note_ref: ")
        return json.dumps({"note_ref": token, **said})


@pytest.fixture
def model() -> Model:
    """A model that proposes five tags."""
    return Model()


@pytest.fixture
def desk(tmp_path: Path, model: Model) -> Desk:
    """A vault of four notes, one of them excluded."""
    exclusions = Exclusions(patterns=("Secret",))
    return Desk(tmp_path, NOTES, ScriptedProvider(model), exclusions)


def curate(
    desk: Desk,
    front: KeepingFront,
    *,
    again: bool = False,
    **options: Any,  # noqa: ANN401
) -> CurationEnded:
    """Curate in real time, as a process of its own."""

    async def job(mill: Mill) -> CurationEnded:
        terms = RunTerms(**{"lane": Lane.REALTIME, "stages": "none", **options})
        return await mill.curating.curate(Selection(refresh=again), terms, again=again)

    return desk.through_the_door(job, front)


def in_force(desk: Desk) -> list[str]:
    """Return the tags of the vocabulary that the vault's gate goes by."""
    found = desk.on(lambda opened: opened.gate().vocabulary)
    return [one.tag for one in found.entries] if found else []


def test_a_vocabulary_comes_before_the_notes_and_they_are_asked_by_it(
    desk: Desk, model: Model
) -> None:
    """One price is agreed to, one run has both, and what the vocabulary lacks waits as new."""
    front = KeepingFront()
    ended = curate(desk, front, cap_nano=50_000_000)
    (to_ask,) = front.told(VocabularyToAsk)
    (planned,) = front.told(Planned)
    assert planned.offer.plan.estimated_nano > to_ask.plan.estimated_nano > 0
    assert [type(one) for one in front.asked] == [AcceptVocabulary]
    (proposed,) = front.told(VocabularyProposed)
    assert [one.tag for one in proposed.entries] == list(TAGS)
    assert front.told(VocabularyInForce) == [VocabularyInForce(5)]
    assert in_force(desk) == list(TAGS)
    assert ended.run is not None
    kinds = {one.value: one.kind for one in desk.proposals(ended.run.id) if "tag" in one.kind}
    assert kinds == {"garden/soil": ProposalKind.TAG, "unheard-of": ProposalKind.NEW_TAG}
    assert "Worms" not in model.asked[0]
    assert "Garden > Kitchen | 1" in model.asked[0]
    assert "Baking | 1" in model.asked[0]
    assert ended.report.items.total == 3
    assert ended.report.actual_nano > desk.report(ended.run.id).actual_nano
    curate(desk, KeepingFront(), again=True)
    assert len(model.asked) == 1


def test_nothing_of_an_excluded_note_is_told(desk: Desk, model: Model) -> None:
    """Neither its folder nor its title nor its words."""
    curate(desk, KeepingFront())
    assert model.asked
    assert not any(word in desk.everything_sent for word in ("Secret", "Plan", "zeppelin"))


def test_a_dry_run_shows_both_and_asks_nothing(desk: Desk, model: Model) -> None:
    """The price is that of vocabulary and notes, and the first request is shown."""
    front = KeepingFront()

    async def plan(mill: Mill, *, first: bool) -> tuple[int, bool]:
        terms = RunTerms(lane=Lane.REALTIME)
        found = await mill.curating.plan(Selection(), terms, vocabulary=first)
        assert found.offer is not None
        ordering_nano = found.ordering.estimated_nano if found.ordering else 0
        notes_nano = found.offer.plan.estimated_nano - ordering_nano
        return notes_nano, found.vocabulary_preview is not None

    whole, shown = desk.through_the_door(lambda mill: plan(mill, first=True), front)
    alone, none = desk.through_the_door(lambda mill: plan(mill, first=False), front)
    (to_ask,) = front.told(VocabularyToAsk)
    assert whole - to_ask.plan.estimated_nano >= alone
    assert (shown, none) == (True, False)
    assert model.asked == []
    assert desk.provider.sent == []


def test_with_nobody_to_ask_it_waits_and_goes_on_from_the_queue(desk: Desk, model: Model) -> None:
    """What is edited and rejected there holds, and nothing is asked for again."""
    before = tree(desk.root)
    with pytest.raises(WaitingForPersonError, match="notemill review --kind vocabulary"):
        curate(desk, KeepingFront(answer=None))
    assert tree(desk.root) == before

    async def decide(mill: Mill) -> None:
        rows = {
            one.value: one.id
            for one in (
                await mill.reviewing.page(Wanted(kinds=(ProposalKind.VOCABULARY_TAG,)))
            ).rows
        }
        yes = Decision.ACCEPT
        await mill.reviewing.decide([rows["tools"]], Decision.REJECT, by="me")
        await mill.reviewing.decide([rows["kitchen"]], yes, by="me", value="food")
        with pytest.raises(UsageError, match="not a tag"):
            await mill.reviewing.decide([rows["garden"]], yes, by="me", value="two words")
        left = Wanted(kinds=(ProposalKind.VOCABULARY_TAG,))
        await mill.reviewing.decide_all(left, yes, by="me")

    desk.through_the_door(decide)
    front = KeepingFront()
    ended = curate(desk, front)
    assert front.asked == []
    assert in_force(desk) == ["garden", "garden/soil", "food", "food/baking"]
    assert len(model.asked) == 1
    assert ended.run is not None
    assert ended.report.actual_nano > desk.report(ended.run.id).actual_nano


def test_a_rejected_vocabulary_is_never_proposed_again(desk: Desk, model: Model) -> None:
    """The notes are curated without one, now and later."""

    class Rejecting(KeepingFront):
        async def ask(self, question: Question) -> bool:
            """Say no to the vocabulary alone."""
            await super().ask(question)
            return not isinstance(question, AcceptVocabulary)

    front = Rejecting()
    ended = curate(desk, front)
    assert front.told(VocabularyRejected) == [VocabularyRejected()]
    assert ended.run is not None
    assert in_force(desk) == []
    assert {one.kind for one in desk.proposals(ended.run.id) if "tag" in one.kind} == {"tag"}
    curate(desk, KeepingFront(), again=True)
    assert len(model.asked) == 1


def test_a_list_edited_as_a_whole_takes_its_place(desk: Desk) -> None:
    """Lines that cannot be read are named by their numbers in the list."""

    class Editing(KeepingFront):
        async def ask(self, question: Question) -> bool:
            """Edit, wrongly at first."""
            await super().ask(question)
            if isinstance(question, AcceptVocabulary) and question.edit is not None:
                assert "  - soil - for garden/soil\n" in question.listed
                with pytest.raises(UsageError, match="line 2"):
                    await question.edit("- food\n- 2024\n")
                assert await question.edit("- food - meals\n  - bread (loaf)\n") == 2
            return True

    curate(desk, Editing())
    vocabulary = desk.on(lambda opened: opened.gate().vocabulary)
    assert vocabulary is not None
    assert [(one.tag, one.aliases, one.description) for one in vocabulary.entries] == [
        ("food", (), "meals"), ("food/bread", ("loaf",), "")
    ]  # fmt: skip


def test_a_reply_of_no_use_is_asked_for_once_more(desk: Desk, model: Model) -> None:
    """The second answer is taken, and both are paid from the run's cap."""
    model.proposals = [vocabulary("one"), vocabulary(*TAGS)]
    model.tags = ("garden/soil",)
    ended = curate(desk, KeepingFront(), cap_nano=50_000_000)
    assert len(model.asked) == 2
    assert in_force(desk) == list(TAGS)
    assert ended.run is not None
    spent = ended.report.actual_nano - desk.report(ended.run.id).actual_nano
    assert ended.run.row.cap_nano == 50_000_000 - spent


def test_without_a_usable_reply_a_person_may_go_on_without(desk: Desk, model: Model) -> None:
    """Nobody to ask means stop; a yes goes on, and later curations do not ask again."""
    model.proposals = [vocabulary("one")]
    with pytest.raises(WaitingForPersonError, match="--no-vocabulary"):
        curate(desk, KeepingFront(answer=None))
    front = KeepingFront()
    ended = curate(desk, front)
    assert [type(one) for one in front.asked] == [GoOnWithoutVocabulary]
    assert front.told(VocabularyUnusable) == [VocabularyUnusable()]
    assert ended.run is not None
    assert len(model.asked) == 2
    later = KeepingFront()

    async def refreshed(mill: Mill) -> CurationEnded:
        return await mill.curating.curate(
            Selection(refresh=True), RunTerms(lane=Lane.REALTIME, stages="none")
        )

    desk.through_the_door(refreshed, later)
    assert later.asked == []
    assert len(model.asked) == 2


@pytest.mark.parametrize("lane", list(Lane))
def test_a_kill_in_between_pays_for_nothing_twice(desk: Desk, model: Model, lane: Lane) -> None:
    """Whether its answer was on its way or it waits for a person, the same command goes on."""
    script = desk.provider.create_script if lane is Lane.BATCH else desk.provider.send_script
    if lane is Lane.BATCH:
        script.append("crash_after")
        with pytest.raises(Crash):
            curate(desk, KeepingFront(), lane=lane)

    class Dying(KeepingFront):
        async def ask(self, question: Question) -> bool:
            """Die while a person makes up their mind."""
            self.asked.append(question)
            raise Crash

    with pytest.raises(Crash):
        curate(desk, Dying(), lane=lane)
    ended = curate(desk, KeepingFront(), lane=lane)
    assert len(model.asked) == 1
    assert ended.report.items.succeeded == 3
    assert in_force(desk) == list(TAGS)


def test_the_cap_holds_for_both(desk: Desk, model: Model) -> None:
    """A cap without room for the vocabulary stops before it, with the code of a spent budget."""
    ended = curate(desk, KeepingFront(), cap_nano=1_000)
    assert ended.state is RunState.STOPPED
    assert model.asked == []
    assert desk.provider.sent == []
    more = curate(desk, KeepingFront(), cap_nano=50_000_000)
    assert more.report.items.succeeded == 3
    assert len(model.asked) == 1


def test_undoing_the_curation_takes_its_vocabulary_back(desk: Desk, model: Model) -> None:
    """Notes are as they were, the vocabulary is no longer in force, and none is proposed again."""
    before = tree(desk.root)

    async def job(mill: Mill) -> str:
        ended = await mill.curating.curate(
            Selection(), RunTerms(lane=Lane.REALTIME, stages="none"), apply=True
        )
        assert ended.run is not None
        return ended.run.id

    run = desk.through_the_door(job)
    assert "garden/soil" in desk.text("Kitchen/Bread.md")
    (known,) = runs.known_runs(Settings(home=desk.home))
    assert known.vocabulary
    front = KeepingFront()
    desk.through_the_door(lambda mill: mill.applying.undo(run), front)
    assert tree(desk.root) == before
    assert front.told(VocabularyTakenBack) == [VocabularyTakenBack(5)]
    assert in_force(desk) == []
    curate(desk, KeepingFront())
    assert len(model.asked) == 1


def test_forgetting_the_curation_erases_its_vocabulary(desk: Desk) -> None:
    """A person is told; no row of either run stays."""
    ended = curate(desk, KeepingFront())
    assert ended.run is not None
    front = KeepingFront()
    asyncio.run(runs.forget(Settings(home=desk.home), [ended.run.id], front))
    assert "vocabulary is deleted" in front.asked[0].text
    with Reader.open(Settings(home=desk.home)) as reader:
        assert reader.runs() == []
    assert in_force(desk) == []


def test_a_tag_that_only_excluded_notes_have_by_now_is_not_told(desk: Desk) -> None:
    """A vocabulary that was accepted before does not give it away."""
    curate(desk, KeepingFront())
    desk.path("Secret/Plan.md").write_text("---\ntags: [tools]\n---\nNobody reads that.\n")
    desk.path("Garden/New.md").write_text("A new note about rakes.\n")
    before = len(desk.provider.sent)
    curate(desk, KeepingFront())
    later = json.dumps(desk.provider.sent[before:])
    assert "soil" in later
    assert "tools" not in later


def test_a_word_with_a_mark_in_a_single_text_is_not_told_as_a_tag(
    tmp_path: Path, model: Model
) -> None:
    """A channel that one note names is no tag of its owner; what two notes have may be one."""
    said = {"Chat.md": "Ask in the #mobile-apps channel.\n"}
    used = {f"{name}.md": f"Roast, boil, fry. #{name} #recipe\n" for name in ("beef", "corn")}
    desk = Desk(tmp_path, NOTES | said | used, ScriptedProvider(model))
    curate(desk, KeepingFront())
    assert "recipe | 2" in model.asked[0]
    assert "mobile-apps | " not in model.asked[0]
    assert "Baking | 1" in model.asked[0]


def test_offline_it_follows_from_the_notes_without_a_request(tmp_path: Path) -> None:
    """Folders and words that three notes share, decided as a model's would be."""
    notes = {
        f"{folder}/{word} {n}.md": f"{word} and {word} in the {folder.lower()}, with {word}.\n" * 3
        for folder, word in (("Garden", "Compost"), ("Trains", "Signal"))
        for n in range(6)
    }
    desk = Desk(tmp_path, notes, changes={"provider": "offline"})
    front = KeepingFront(answer=None)
    with pytest.raises(WaitingForPersonError):
        curate(desk, front)
    (proposed,) = front.told(VocabularyProposed)
    assert {"compost", "signal"} <= {one.tag for one in proposed.entries}
    assert front.told(VocabularyToAsk) == []
    curate(desk, KeepingFront())
    assert in_force(desk) == [one.tag for one in proposed.entries]
    assert "aim: " not in desk.everything_sent


def test_a_list_in_a_note_takes_over_what_was_in_force(desk: Desk) -> None:
    """`tags vocabulary --note` writes it with what its tags are for; from then on the note holds."""
    curate(desk, KeepingFront())
    desk.path("Tags.md").write_text("")
    shown = desk.through_the_door(lambda mill: mill.vocabulary.propose(), KeepingFront())
    assert shown.entries is not None
    assert {one.tag for one in shown.entries} >= {*TAGS, "Baking"}
    desk.through_the_door(lambda mill: mill.vocabulary.propose("Tags.md"), KeepingFront())
    assert "- garden - for garden\n  - soil - for garden/soil\n" in desk.text("Tags.md")
    desk.path("Tags.md").write_text(desk.text("Tags.md").replace("- tools - for tools\n", ""))
    assert "tools" not in in_force(desk)
    assert "garden/soil" in in_force(desk)
