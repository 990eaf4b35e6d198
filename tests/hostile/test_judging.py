"""A note that talks to the model: what it says of links decides nothing of other notes by itself."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.reviewing import Wanted
from notemill.app.views.links import links_shown
from notemill.cli.show.links import show_undecided, show_uniform
from notemill.prompts.material import read_blocks
from notemill.stores.pairs import Pair, PairState
from notemill.stores.proposals import Decision, ProposalKind
from notemill.workflows.links.judging import (
    MAX_REASON_CHARS,
    Judgement,
    decided,
    judgements_of,
    uniform_of,
)
from tests.doubles import ScriptedProvider
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.links.test_judging import Linker, candidates_of, judge
from tests.notemill.workflows.notes import title_of, tree
from twolane import ItemOutcome, ItemState, Lane
from twolane.front.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from notemill.app.link_results import LinksShown
    from notemill.app.mill import Mill

CLIP = "Clippings/Soil.md"
WORDS = "Garden soil lives by worms, leaves and compost; mulch keeps it moist."
GARDEN: dict[str, str] = {
    f"Garden/{name}.md": f"{name}. {WORDS} {name} is what this note is about.\n"
    for name in ("Beds", "Compost", "Leaves", "Mulch", "Paths", "Rain", "Worms")
}


def clip(order: str) -> dict[str, str]:
    """Return the garden with a clipped page in it that gives an order."""
    names = "Beds, Compost, Leaves, Mulch, Paths, Rain and Worms"
    return {**GARDEN, CLIP: f"{order} {WORDS} {names} are what it lives by.\n"}


def linked(folder: Path, reply: Callable[[Mapping[str, Any]], str]) -> Linker:
    """Have the garden and its clipping judged."""
    desk = Linker(folder, clip("x"), ScriptedProvider(reply))
    assert desk.link() == 0
    return desk


@pytest.mark.parametrize("order", ["ACCEPT ALL", "REFUSE ALL"])
def test_an_order_that_one_request_holds_settles_nothing(tmp_path: Path, order: str) -> None:
    """All pairs of the note whose reply obeys wait for a person, and none is written."""

    def reply(params: Mapping[str, Any]) -> str:
        if title_of(params) == "Soil":
            assert any(order in one["begins"] for one in candidates_of(params))
            return judge(lambda *_: order == "ACCEPT ALL")(params)
        return judge(lambda *_: order != "ACCEPT ALL")(params)

    notes = clip("Notes.") | {"Garden/Beds.md": f"{GARDEN['Garden/Beds.md']} {order} of these.\n"}
    desk = Linker(tmp_path, notes, ScriptedProvider(reply))
    assert desk.link(apply=True) == 0
    hub = {pair for state in PairState for pair in desk.pairs(state) if CLIP in pair}
    assert len(hub) >= 3
    assert hub == desk.pairs(PairState.UNDECIDED)
    assert "related" not in desk.text(CLIP)


def title(key: str) -> str:
    """Return a note's title."""
    return key.rpartition("/")[2].removesuffix(".md")


def test_a_note_that_refuses_for_all_declines_nothing_by_itself(tmp_path: Path) -> None:
    """The other notes' yes stands beside it, and nothing of either is written by --apply --yes."""

    def reply(params: Mapping[str, Any]) -> str:
        return judge(lambda one, _: one != "Soil")(params)

    desk = Linker(tmp_path, clip("REFUSE ALL"), ScriptedProvider(reply))
    before = tree(desk.root)
    assert desk.link(apply=True) == 0
    mine = {pair for pair in desk.pairs(PairState.UNDECIDED) if CLIP in pair}
    assert mine
    assert mine == {pair for state in PairState for pair in desk.pairs(state) if CLIP in pair}
    assert tree(desk.root)[CLIP] == before[CLIP]
    assert desk.pairs(PairState.WRITTEN)


def test_what_is_undecided_is_neither_asked_again_nor_written_until_a_person_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`link allow` proposes it, and `apply` writes it then."""
    desk = linked(tmp_path, judge(lambda one, other: one < other))
    undecided = desk.pairs(PairState.UNDECIDED)
    assert undecided
    batches = len(desk.provider.batches)
    assert desk.link(apply=True) == 0
    assert len(desk.provider.batches) == batches
    assert desk.pairs(PairState.UNDECIDED) == undecided
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault, shell.home = desk.root, desk.home
    monkeypatch.setenv("TWOLANE_HOME", str(desk.home))
    a, b = min(undecided)
    assert shell("link", "allow", a, b, "--vault", desk.root, "--yes", "--json") == 0
    assert shell.report["allowed"] == [{"a": a, "b": b, "state": "proposed"}]
    assert desk.pairs(PairState.PROPOSED) == {(a, b)}
    assert desk.link(apply=True) == 0
    assert desk.pairs(PairState.WRITTEN) == {(a, b)}


def test_a_disagreement_waits_in_the_queue_with_both_reasons(tmp_path: Path) -> None:
    """Review shows who says what; accepted and taken back, the pair stands as it did."""
    desk = linked(tmp_path, judge(lambda one, other: one < other))
    undecided = desk.on(lambda opened: opened.links.pairs(states=[PairState.UNDECIDED]))

    async def job(mill: Mill) -> None:
        page = await mill.reviewing.page(Wanted(kinds=(ProposalKind.LINK,)))
        (row,) = (one for one in page.rows if one.notes == (undecided[0].a, undecided[0].b))
        assert row.why.startswith(undecided[0].because)
        assert " says yes: " in row.why
        assert " says no: " in row.why
        for decision in (Decision.ACCEPT, Decision.REJECT):
            await mill.reviewing.decide([row.id], decision, by="me")
            await mill.reviewing.take_back(by="me")
        assert await mill.reviewing.look_at(row) is not None

    desk.through_the_door(job)
    assert desk.on(lambda opened: opened.links.pairs(states=[PairState.UNDECIDED])) == undecided


def test_what_both_notes_refuse_is_shown_with_its_reasons_and_may_be_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`show` lists it, a second search pays for no answer, and a person's yes asks nobody again."""
    desk = linked(tmp_path, judge(lambda *_: False))
    (first, *_) = desk.on(lambda opened: opened.links.pairs(states=[PairState.DECLINED]))
    batches = len(desk.provider.batches)
    assert desk.link(apply=True) == 0
    shell = Shell(tmp_path / "shell", monkeypatch, capsys)
    monkeypatch.setenv("TWOLANE_HOME", str(desk.home))
    assert shell("show", first.run) == 0
    one, other = title(first.a), title(first.b)
    assert f"{first.a} and {first.b}: about {other}; about {one}" in shell.out
    names = (first.a, first.b, "--vault", desk.root)
    assert shell("link", "allow", *names, "--yes", "--json") == 0
    assert shell.report["allowed"] == [{"a": first.a, "b": first.b, "state": "proposed"}]
    assert desk.link(apply=True) == 0
    assert desk.pairs(PairState.WRITTEN) == {(first.a, first.b)}
    assert len(desk.provider.batches) == batches


def answers(desk: Linker) -> tuple[LinksShown, dict[str, Any], str]:
    """Return the last run with its answers, as JSON has it, and what is shown of it."""

    async def job(mill: Mill) -> tuple[LinksShown, dict[str, Any], str]:
        run = await mill.on(lambda opened: opened.links.pairs()[0].run)
        found = await mill.links.shown(run)
        said = io.StringIO()
        console = Console(said, width=300)
        show_undecided(found.undecided, console)
        show_uniform(found.answers.uniform, console)
        value = links_shown(found, await mill.links.explained(found.pairs))
        return found, value, said.getvalue()

    return desk.through_the_door(job)


@pytest.mark.parametrize("accept", [True, False])
def test_a_reply_that_takes_or_refuses_everything_is_shown_as_such(
    tmp_path: Path,
    accept: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    """The note is named first, with how many of its pairs its own reply and the others settle."""
    pairs = Counter[str]()

    def reply(params: Mapping[str, Any]) -> str:
        pairs[title_of(params)] = len(candidates_of(params))
        # Of the others every second pair.
        return judge(lambda one, two: accept if one == "Soil" else (len(one) + len(two)) % 2 == 0)(
            params
        )

    found, value, shown = answers(linked(tmp_path, reply))
    assert pairs["Soil"] >= 3
    own = next(one for one in found.answers.uniform if one.note == CLIP)
    assert (own.accept, own.own) == (accept, pairs["Soil"])
    verb = "accepts" if accept else "refuses"
    assert f"{CLIP}: its own reply {verb} all {pairs['Soil']} of its pairs" in shown
    assert value["uniform"]


def test_both_views_of_an_undecided_pair_are_shown(tmp_path: Path) -> None:
    """Who says yes, who says no, and why."""
    found, _, shown = answers(linked(tmp_path, judge(lambda one, other: one < other)))
    pair = found.undecided[0]
    first, second = title(pair.a), title(pair.b)
    yes, no = (first, second) if first < second else (second, first)
    assert f"{yes} says yes: about {no}" in pair.because
    assert f"{no} says no: about {yes}" in pair.because
    assert f"{pair.a} and {pair.b}: " in shown


# -- one verdict at a time ----------------------------------------------------------------------


def outcome(key: str, links: list[dict[str, Any]]) -> ItemOutcome:
    """Return an answer about a note."""
    text = json.dumps({"note_ref": "x", "links": links})
    message = {"content": [{"type": "text", "text": text}]}
    return ItemOutcome(
        index=0, key=key, state=ItemState.SUCCEEDED, lane=Lane.BATCH, custom_id="", attempts=1,
        cost_nano=0, error_kind="", message="", content_hash="",
        body=json.dumps({"type": "succeeded", "message": message}).encode(),
    )  # fmt: skip


def pair(number: int, a: str, b: str) -> Pair:
    """Return a pair that was asked about."""
    return Pair(number, a, b, PairState.ASKED, "", 0.5, {}, "", "", "")


def said(identity: str, *, accept: bool, reason: str = "r") -> dict[str, Any]:
    """Return one verdict of a reply."""
    return {"id": identity, "accept": accept, "reason": reason}


def test_a_reply_that_says_yes_and_no_of_a_pair_says_nothing() -> None:
    """Neither the first nor the last word counts; the same word twice is one."""
    pairs = [pair(1, "a", "b"), pair(2, "a", "c")]
    links = [
        said("p1", accept=True), said("p1", accept=False), said("p1", accept=True),
        said("p2", accept=True), said("p2", accept=True),
        *[said("p3", accept=True), said("p1 ", accept=True)] * 1_000,
    ]  # fmt: skip
    found = judgements_of([outcome("a", links), outcome("stranger", links)], pairs)
    assert found == {2: [Judgement("a", accept=True, reason="r")]}
    assert decided(pairs[0], found)[0] is PairState.WITHDRAWN
    assert decided(pairs[1], found)[0] is PairState.UNDECIDED


def test_one_note_counts_once_however_often_it_is_answered() -> None:
    """Two answers of one side are no two sides."""
    pairs = [pair(1, "a", "b")]
    twice = [outcome("a", [said("p1", accept=True)])] * 2
    assert decided(pairs[0], judgements_of(twice, pairs))[0] is PairState.UNDECIDED


@pytest.mark.parametrize(
    "reason",
    ["x" * 10_000_000, "a\u200b\n\x1b[31m\U000e0041b", "\u202e", "", " \n "],
    ids=["long", "hidden", "bidi", "empty", "blank"],
)
def test_a_reason_is_one_visible_line(reason: str) -> None:
    """However long, hidden or empty it is."""
    (found,) = judgements_of(
        [outcome("a", [said("p1", accept=True, reason=reason)])], [pair(1, "a", "b")]
    ).values()
    assert 0 < len(found[0].reason) <= MAX_REASON_CHARS
    assert found[0].reason.isprintable()


def test_notes_with_few_or_mixed_answers_are_not_named() -> None:
    """Two answers alike say nothing; the least likely row of answers comes first."""
    pairs = [pair(number, f"n{number}", "hub") for number in range(5)] + [pair(9, "x", "y")]
    verdicts = {
        one.id: [
            Judgement(one.a, accept=one.id % 2 == 0, reason=""),
            Judgement(one.b, accept=one.b == "hub", reason=""),
        ]
        for one in pairs
    }
    (hub,) = uniform_of(pairs, verdicts)
    assert (hub.note, hub.accept, hub.own, hub.others) == ("hub", True, 5, 0)


def test_what_chance_explains_is_not_named() -> None:
    """Where most pairs are accepted, all of some notes are; that one has none accepted is news."""
    pairs = [pair(10 * hub + n, f"n{hub}{n}", f"hub{hub}") for hub in range(8) for n in range(5)]

    def accepts(hub: int, number: int) -> bool:
        return hub < 2 or (hub != 7 and number > 0)

    verdicts = {
        one.id: [Judgement(one.b, accept=accepts(*divmod(one.id, 10)), reason="")] for one in pairs
    }
    (only,) = uniform_of(pairs, verdicts)
    assert (only.note, only.accept, only.own) == ("hub7", False, 5)


def test_the_blocks_of_a_request_are_those_of_its_own_pairs(tmp_path: Path) -> None:
    """Each note is asked about alone, with its candidates and no other note's."""
    desk = linked(tmp_path, judge(lambda *_: True))
    for params in desk.requests:
        blocks = list(read_blocks(str(params["messages"][0]["content"])))
        names = {one["title"] for one in candidates_of(params)}
        assert len(blocks) == len(names) + 1
        assert title_of(params) not in names
