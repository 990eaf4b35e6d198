"""Long sources: parts are asked about first, the note by what they say; one price, cap and report."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app import ingest_parts
from notemill.app.events import Planned
from notemill.app.ingest_events import LongSourcesToAsk
from notemill.app.ingest_steps import IngestOptions
from notemill.app.kinds import KIND_PARTS
from notemill.app.terms import RunTerms
from notemill.errors import UsageError
from tests.doubles import Crash, ScriptedProvider
from tests.local_server import Manners, serving
from tests.notemill.cli.test_local import Shell
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, curated
from twolane import Lane, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.ingest_events import IngestEnded
    from notemill.app.mill import Mill

PARAGRAPHS = 40
_PIECE = re.compile(r"^\[(\d+)\] (.+)$", re.MULTILINE)
_POINT = re.compile(r"^point \[([\d, ]+)\]: (.+)$", re.MULTILINE)
_QUOTE = re.compile(r"^quote \[(\d+)\]: (.+)$", re.MULTILINE)
_TOKEN = re.compile(r"^note_ref: (.+)$", re.MULTILINE)
_CHAPTERS = re.compile(r"^chapters: (.+)$", re.MULTILINE)


def paragraph(number: int) -> str:
    """Return a paragraph that no other is like."""
    return f"Vessel {number} was fired for {number} hours with salt{number}, and it came out {'blue' * (number % 3 + 1)}."


@dataclass
class Model:
    """Makes points and quotes of the first and last piece, and a note of the points it is shown."""

    refuses: tuple[str, ...] = ()
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __call__(self, params: Mapping[str, Any]) -> str:
        """Answer."""
        content = str(params["messages"][0]["content"])
        return curated(params, **self.said(content))

    def said(self, content: str) -> dict[str, Any]:
        """Return what it says of a part or of a note."""
        pieces = _PIECE.findall(content)
        chapters = _CHAPTERS.search(content)
        starts = chapters[1].split(", ") if chapters else []
        if "\npart: " in content:
            self.parts.append(content)
            ends = [pieces[0], pieces[-1]]
            said = [{"text": f"Said: {text}", "pieces": [int(n)]} for n, text in ends]
            quotes = [{"text": pieces[0][1], "piece": int(pieces[0][0])}]
            if any(f"part: {one} of" in content for one in self.refuses):
                said, quotes = [], []
        else:
            self.notes.append(content)
            points = _POINT.findall(content) or [(n, f"Said: {text}") for n, text in pieces[:2]]
            said = [
                {"text": text, "pieces": [int(n) for n in numbers.split(", ")]}
                for numbers, text in points[:7]
            ]
            quotes = [{"text": text, "piece": int(n)} for n, text in _QUOTE.findall(content)[-1:]]
        titles = [{"title": f"Chapter at {n}", "piece": int(n)} for n in starts]
        return {"summary": said, "quotes": quotes, "chapters": titles}


@pytest.fixture
def model() -> Model:
    """A model that answers about parts and about notes."""
    return Model()


@pytest.fixture
def desk(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A vault, and a talk that is long for requests of 300 tokens; a vocabulary is not asked for."""
    monkeypatch.setattr(ingest_parts, "LONG_TOKENS", 300)
    monkeypatch.chdir(tmp_path)
    talk("Kilns.txt")
    return Desk(tmp_path, {"Home.md": "Home.\n"}, ScriptedProvider(model))


def talk(name: str, paragraphs: int = PARAGRAPHS) -> str:
    """Save a transcript in the current folder; return its name."""
    with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123  # the current folder
        file.write("\n\n".join(map(paragraph, range(1, paragraphs + 1))))
    return name


def ingest(
    desk: Desk,
    *sources: str,
    front: KeepingFront | None = None,
    again: bool = False,
    ends_at: int | None = None,
    after: bool = False,
    **terms: Any,  # noqa: ANN401
) -> IngestEnded:
    """Ingest as a process of its own, which may die at a commit of the ledger."""

    async def job(mill: Mill) -> IngestEnded:
        wanted = RunTerms(**{"lane": Lane.BATCH, "stages": "none", **terms})
        return await mill.ingesting.ingest(
            sources or ("Kilns.txt",), IngestOptions(), wanted, again=again, apply=True
        )

    mortal: dict[str, Any] = {} if ends_at is None else {"ends_at": ends_at, "after": after}
    return desk.through_the_door(job, front or KeepingFront(), **mortal)


def test_each_part_is_asked_about_and_the_note_rests_on_their_pieces(
    desk: Desk, model: Model
) -> None:
    """Every piece is shown once, and the note's points and quote lead to the places in the whole."""
    ended = ingest(desk)
    assert ended.state is RunState.DONE
    shown = [n for content in model.parts for n, _ in _PIECE.findall(content)]
    assert shown == [str(n) for n in range(1, PARAGRAPHS + 1)]
    assert 2 < len(model.parts) < 8
    (request,) = model.notes
    assert not _PIECE.findall(request)
    text = desk.text("Clippings/Kilns.md")
    last = _POINT.findall(request)[6]
    assert f"{last[1]} (" in text
    assert f"“{_QUOTE.findall(request)[-1][1]}”" in text
    assert "leaves out" not in text
    assert all(paragraph(n) in text for n in range(1, PARAGRAPHS + 1))


def test_a_short_source_is_asked_about_at_once(desk: Desk, model: Model) -> None:
    """A second one in the same run, whole, with its pieces."""
    ended = ingest(desk, "Kilns.txt", talk("Short.txt", 3))
    assert len(ended.notes) == 2
    assert [len(_PIECE.findall(one)) for one in model.notes] == [0, 3]


def test_one_price_is_agreed_to_and_one_report_has_all(desk: Desk, model: Model) -> None:
    """Parts and notes are in the price, the cost and the cap of the ingest; its items are notes."""
    front = KeepingFront()
    ended = ingest(desk, front=front, cap_nano=200_000_000)
    (told,) = front.told(LongSourcesToAsk)
    assert (told.sources, told.parts) == (1, len(model.parts))
    (planned,) = front.told(Planned)
    assert planned.offer.plan.estimated_nano > told.plan.estimated_nano > 0
    assert ended.report.items.total == 1
    assert ended.run is not None
    alone = desk.report(ended.run.id).actual_nano
    assert ended.report.actual_nano > alone > 0
    assert ended.run.row.cap_nano == 200_000_000 - (ended.report.actual_nano - alone)


def test_a_cap_without_room_for_the_parts_stops_before_anything_is_sent(
    desk: Desk, model: Model
) -> None:
    """And with a higher one the same command goes on."""
    assert ingest(desk, cap_nano=1_000).state is RunState.STOPPED
    assert not desk.requests
    assert ingest(desk, cap_nano=200_000_000).state is RunState.DONE
    assert len(model.notes) == 1


@pytest.mark.parametrize("after", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_kill_between_any_two_steps_pays_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    """Whichever commit of the ledger is the last, the same command ends with one note, paid once."""
    monkeypatch.setattr(ingest_parts, "LONG_TOKENS", 300)
    monkeypatch.chdir(tmp_path)
    talk("Kilns.txt")
    for number in range(1, 200):
        model = Model()
        desk = Desk(tmp_path / str(number), {"Home.md": "Home.\n"}, ScriptedProvider(model))
        died = False
        try:
            ingest(desk, ends_at=number, after=after)
        except Crash:
            died = True
            assert ingest(desk).state is RunState.DONE
        assert set(desk.provider.billed.values()) == {1}, number
        assert len(model.notes) == 1, number
        assert desk.text("Clippings/Kilns.md").count("Said: ") > 2
        if not died:
            break
    else:
        pytest.fail("it never ended")
    assert number > 5


@pytest.mark.parametrize("lane", [Lane.BATCH, Lane.REALTIME])
def test_a_part_without_an_answer_is_missing_and_the_note_says_so(
    desk: Desk, model: Model, lane: Lane
) -> None:
    """The note is made of the others."""
    model.refuses = ("2",)
    assert ingest(desk, lane=lane).state is RunState.DONE
    text = desk.text("Clippings/Kilns.md")
    first, last = (_PIECE.findall(model.parts[1])[at][0] for at in (0, -1))
    assert f"The summary leaves out what the part from ¶ {first} to ¶ {last} says" in text
    assert "Said: Vessel 1 " in text


def test_a_source_of_which_nothing_was_answered_is_named(desk: Desk, model: Model) -> None:
    """It gets no note; another one of the same run does."""
    model.refuses = tuple("123456789")
    ended = ingest(desk, "Kilns.txt", talk("Short.txt", 3))
    assert [one.note for one in ended.notes] == ["Clippings/Short.md"]
    (unread,) = ended.unread
    assert "any part of it" in unread.why
    model.refuses = ()
    assert len(ingest(desk, again=True).notes) == 1


def test_parts_that_were_paid_for_serve_a_second_ingest(desk: Desk, model: Model) -> None:
    """Once undone, the same source is made a note of anew by what is known, which costs it nothing."""
    first = ingest(desk)
    assert first.run is not None
    run = first.run.id
    desk.through_the_door(lambda mill: mill.applying.undo(run))
    asked = len(model.parts)
    second = ingest(desk)
    assert len(model.parts) == asked
    assert second.report.actual_nano < first.report.actual_nano
    assert second.report.actual_nano > 0


def test_a_run_about_parts_is_continued_by_its_ingest(desk: Desk) -> None:
    """Resuming it by its id says what continues it."""
    ingest(desk, cap_nano=1_000)

    async def resume(mill: Mill) -> None:
        (row,) = [one for one in await mill.engine.runs() if one.kind == KIND_PARTS]
        await mill.ingesting.resume(await mill.engine.run(row.id))

    with pytest.raises(UsageError, match="notemill ingest"):
        desk.through_the_door(resume)


def test_a_rehearsal_prices_both_steps(desk: Desk) -> None:
    """And sends nothing."""
    front = KeepingFront()

    async def job(mill: Mill) -> float:
        terms = RunTerms(lane=Lane.BATCH, stages="none")
        plan = await mill.ingesting.plan(("Kilns.txt",), IngestOptions(), terms)
        assert plan.offer is not None
        return plan.offer.plan.estimated_nano

    price = desk.through_the_door(job, front)
    assert price > front.told(LongSourcesToAsk)[0].plan.estimated_nano > 0
    assert not desk.requests


@pytest.mark.loopback
def test_a_model_with_little_room_reads_all_of_a_talk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server of 4,096 tokens sees all pieces; what is noted is thinned, from the whole talk."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.chdir(tmp_path)
    model = Model()

    def says(params: Mapping[str, Any]) -> str:
        content = str(params["messages"][-1]["content"])
        token = content.partition("\n")[0].removeprefix("note_ref: ")
        form = params["response_format"]["json_schema"]["schema"]["properties"]
        reply = {"description": "A talk.", "tags": [], "topics": [], **model.said(content)}
        reply["note_ref"] = token
        return json.dumps({name: said for name, said in reply.items() if name in form})

    words = ("ingest", talk("Hall.txt", 200), "--vault", shell.vault, "--provider", "local")
    with serving(Manners(says=says)) as server:
        assert shell.notemill(*words, "--base-url", server.url, "--apply", "--yes") == 0, shell.err
    shown = [int(n) for content in model.parts for n, _ in _PIECE.findall(content)]
    assert shown == list(range(1, 201))
    (request,) = model.notes
    assert any(int(one[0].split(", ")[0]) > 150 for one in _POINT.findall(request))
    assert "200 was fired" in (shell.vault / "Clippings" / "Hall.md").read_text()
    numbers = [int(one.split(", ")[0]) for one, _ in _POINT.findall(request)]
    assert min(numbers) < 50
    assert max(numbers) > 150
    assert json.dumps(request).count("Vessel") < 20
