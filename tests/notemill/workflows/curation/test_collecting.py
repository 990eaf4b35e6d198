"""Answers become proposals, each for the note as it was when it was asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.stores.proposals import ProposalKind
from notemill.tagging.gate import OPEN, Gate
from notemill.workflows.curation.collecting import collected, losses_of
from notemill.workflows.curation.reply_text import HIDDEN, TURNED_DOWN
from tests.doubles import ScriptedProvider
from tests.notemill.workflows.notes import Desk, curated, many

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault


def collect(desk: Desk) -> tuple[list[str], list[tuple[int, str]]]:
    """Collect the newest run's answers; return the notes with proposals, and the conflicts."""
    name = desk.latest()

    async def job(mill: Mill) -> tuple[list[str], list[tuple[int, str]]]:
        run = await mill.engine.run(name)

        def collecting(opened: OpenVault) -> tuple[list[str], list[tuple[int, str]]]:
            review = opened.review
            conflicts = collected(name, run.outcomes(), opened.vault, review, gate=OPEN, now=1.0)
            return sorted(review.stored(name)), conflicts

        return await mill.on(collecting)

    return desk.through_the_door(job)


def answered(folder: Path, provider: ScriptedProvider | None = None) -> Desk:
    """Have three notes answered, and nothing collected yet."""
    desk = Desk(folder, many(3), provider or ScriptedProvider(curated))
    name = desk.curate().run

    desk.on(lambda opened: opened.review.forget(name))
    return desk


def test_every_answer_becomes_proposals_once(tmp_path: Path) -> None:
    """Collected again, what is there is left as it is."""
    desk = answered(tmp_path)
    whole: tuple[list[str], list[tuple[int, str]]] = (["n000.md", "n001.md", "n002.md"], [])
    assert collect(desk) == whole
    proposals = desk.proposals()
    assert [one.value for one in proposals if one.kind is ProposalKind.DESCRIPTION] == [
        f"All about n00{n}." for n in range(3)
    ]
    assert collect(desk) == whole
    assert desk.proposals() == proposals


def test_a_note_edited_since_it_was_asked_about_is_a_conflict(tmp_path: Path) -> None:
    """Its answer is about other words; the answers about other notes are taken."""
    desk = answered(tmp_path)
    desk.path("n001.md").write_text("Other words by now.\n", "utf-8")
    notes, ((index, why),) = collect(desk)
    assert notes == ["n000.md", "n002.md"]
    assert index == 1
    assert why.endswith("curate it again")


def test_a_note_that_is_gone_is_a_conflict(tmp_path: Path) -> None:
    """There is nothing to propose anything for."""
    desk = answered(tmp_path)
    desk.path("n001.md").unlink()
    notes, ((index, why),) = collect(desk)
    assert notes == ["n000.md", "n002.md"]
    assert index == 1
    assert why.endswith("curate it again")


def test_one_topic_has_one_form_in_all_notes_of_a_run(tmp_path: Path) -> None:
    """That of an earlier stage, else the one that most replies have."""
    forms = {"n000": ["canvas", "The Loom"], "n001": ["Canvas", "loom"]}

    def reply(params: dict[str, object]) -> str:
        said = next((one for key, one in forms.items() if key in str(params)), ["Canvas", "loom"])
        return curated(params, topics=said)

    desk = Desk(tmp_path, many(3), ScriptedProvider(reply))
    desk.curate()
    topics = {(one.note, one.value) for one in desk.proposals() if one.kind is ProposalKind.TOPIC}
    assert topics == {(f"n00{n}.md", name) for n in range(3) for name in ("Canvas", "loom")}


def test_another_form_of_a_notes_title_or_of_a_topic_in_use_is_that_name(tmp_path: Path) -> None:
    """Then one thing has one name in all notes, and one reply has it once."""
    used = "---\ntopics: [Ästhetik]\ntags: [t/a]\ndescription: D.\n---\nOf the beautiful.\n"
    notes = many(1) | {"Der Zauberberg.md": used}
    said = ["zauberberg", "asthetik", "Der Zauberberg", "The Magic Mountain"]
    desk = Desk(tmp_path, notes, ScriptedProvider(lambda params: curated(params, topics=said)))
    desk.curate()
    topics = [one.value for one in desk.proposals() if one.kind is ProposalKind.TOPIC]
    assert topics == ["Der Zauberberg", "Ästhetik", "The Magic Mountain"]


def test_what_was_not_taken_of_an_answer_is_told_with_its_note(tmp_path: Path) -> None:
    """Nothing is told of answers that were taken as they were."""

    def reply(params: dict[str, object]) -> str:
        odd = "Note 1" in str(params) or "n001" in str(params)
        return curated(params, topics=["so\u200bil" if odd else "soil"])

    desk = answered(tmp_path, ScriptedProvider(reply))
    name = desk.latest()

    async def job(mill: Mill) -> list[tuple[str, str]]:
        run = await mill.engine.run(name)
        losses = await mill.on(lambda opened: list(losses_of(run.outcomes(), opened.vault)))
        return [(key, one.reason) for key, one in losses]

    assert desk.through_the_door(job) == [("n001.md", HIDDEN)]


def test_a_tag_that_was_turned_down_is_told_but_not_one_that_was_proposed_first(
    tmp_path: Path,
) -> None:
    """What the gate drops of an answer is said; what a person rejects afterwards is no loss."""
    desk = answered(tmp_path)
    name = desk.latest()
    gate = Gate(rejected=["area/tested"])

    async def job(mill: Mill) -> list[list[tuple[str, str]]]:
        run = await mill.engine.run(name)
        proposed = {("n000.md", "area/tested"), ("n002.md", "area/tested")}

        def told(opened: OpenVault, /, **more: Any) -> list[tuple[str, str]]:  # noqa: ANN401
            found = losses_of(run.outcomes(), opened.vault, gate=gate, **more)
            return [(key, one.reason) for key, one in found]

        return [
            await mill.on(told),
            await mill.on(lambda opened: told(opened, proposed=proposed)),
        ]

    every, others = desk.through_the_door(job)
    assert every == [(f"n00{n}.md", TURNED_DOWN) for n in range(3)]
    assert others == [("n001.md", TURNED_DOWN)]


def test_a_fenced_answer_in_another_spelling_becomes_the_vaults_tag(tmp_path: Path) -> None:
    """And one that says nothing is asked for once more, in either lane."""
    empty: list[str] = []

    def reply(params: dict[str, Any]) -> str:
        if not empty:
            empty.append(curated(params, description="", tags=[], topics=[]))
            return empty[0]
        fields = curated(params, tags=["Areas/Test"])
        return f"```json\n{fields}\n```"

    notes = {**many(3), "own.md": "---\ntags: [area/tests]\n---\nWords.\n"}
    desk = Desk(tmp_path, notes, ScriptedProvider(reply))
    ended = desk.curate()
    assert ended.code == 0
    tags = {(one.note, one.value) for one in desk.proposals() if one.kind is ProposalKind.TAG}
    assert tags == {(f"n00{n}.md", "area/tests") for n in range(3)}
    assert len(desk.requests) == 5
    assert "it is empty: it has no description" in desk.everything_sent
