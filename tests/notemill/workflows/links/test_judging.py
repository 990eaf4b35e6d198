"""Links judged by a model: one request for each note, both notes' answers, nothing paid twice."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.terms import RunTerms
from notemill.cli.front import TerminalFront
from notemill.cli.link import conclude_resumed, find
from notemill.config import EmbeddingSettings, Exclusions
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import WaitingForPersonError
from notemill.prompts.material import CANDIDATE, read_blocks
from notemill.stores.pairs import PairState
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.links.judging import LINK_KIND
from tests.doubles import Crash, ScriptedProvider
from tests.notemill.cli.test_link import COMPOST, MULCH, NOTES, SOIL
from tests.notemill.workflows.notes import Desk, title_of, tree
from twolane import Lane
from twolane.front.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault

_TOKEN = re.compile(r"^note_ref: (.*)$", re.MULTILINE)


def candidates_of(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the candidates in a request."""
    blocks = read_blocks(str(params["messages"][0]["content"]))
    return [json.loads(block.text) for block in blocks if block.name == CANDIDATE]


def judge(says: Callable[[str, str], bool | None]) -> Callable[[Mapping[str, Any]], str]:
    """Answer as a model would: yes, no, or nothing about (title, other title)."""

    def reply(params: Mapping[str, Any]) -> str:
        token = _TOKEN.search(str(params["messages"][0]["content"]))
        verdicts = [(one, says(title_of(params), one["title"])) for one in candidates_of(params)]
        links = [
            {"id": one["id"], "accept": said, "reason": f"about {one['title']}"}
            for one, said in verdicts
            if said is not None
        ]
        return json.dumps({"note_ref": token[1] if token else "", "links": links})

    return reply


class Linker(Desk):
    """A desk that links."""

    def link(
        self,
        *,
        apply: bool = False,
        yes: bool = True,
        top: int = 5,
        min_score: float = 0.1,
        tamper: Callable[[Mill, OpenVault], None] = lambda *_: None,
        **options: Any,  # noqa: ANN401
    ) -> int:
        """Look for links and have them judged, as one process; return the exit code."""
        terms = RunTerms(**({"lane": Lane.BATCH, "stages": "none"} | options))
        off = EmbeddingSettings(kind=EmbeddingKind.OFF)
        front = TerminalFront(yes=yes, console=Console(file=io.StringIO(), width=200))

        async def job(mill: Mill) -> int:
            return await find(
                mill, LinkSearch(top, min_score), off, terms, front.console,
                again=False, apply=apply, as_json=False,
            )  # fmt: skip

        return self.through_the_door(job, front, tamper)

    def pairs(self, state: PairState) -> set[tuple[str, str]]:
        """Return the pairs that stand somewhere."""
        found = self.on(lambda opened: opened.links.pairs(states=[state]))
        return {(one.a, one.b) for one in found}


def linker(
    folder: Path,
    says: Callable[[str, str], bool | None],
    **changes: Any,  # noqa: ANN401
) -> Linker:
    """Return a desk whose model judges as `says` says."""
    return Linker(folder, NOTES, ScriptedProvider(judge(says)), **changes)


def test_a_request_says_who_names_whom_and_what_each_note_is(tmp_path: Path) -> None:
    """The note with its links, each candidate with its own words; nothing is said twice or empty."""
    notes = {
        **NOTES,
        COMPOST: "---\ndescription: How it rots.\naliases: [the heap]\n---\n# Compost\n\nCompost feeds "
        "garden soil with worms and leaves; [[Trains]] do not.\n\n## In May\n\nTurn it.\n",
        SOIL: "Garden soil lives by worms and leaves. The heap feeds it. Mulch keeps it moist.\n",
    }
    desk = Linker(tmp_path, notes, ScriptedProvider(judge(lambda *_: True)))
    desk.link(min_score=0.0)
    asked = {title_of(params): params for params in desk.requests}
    (soil,) = (one for one in candidates_of(asked["Compost"]) if one["title"] == "Soil")
    (compost,) = (one for one in candidates_of(asked["Soil"]) if one["title"] == "Compost")
    assert soil["names_note"] == compost["named_by_note"] == "The heap feeds it."
    assert not {"description", "aliases", "headings"} & soil.keys()
    assert (compost["description"], compost["aliases"]) == ("How it rots.", ["the heap"])
    assert compost["headings"] == ["In May"]
    assert compost["begins"].startswith("Compost feeds garden soil")
    assert compost["both_say"]
    assert "\nlinks: Trains\n" in str(asked["Compost"]["messages"][0]["content"])


@pytest.mark.parametrize("script", ["worm ", "蚯蚓养土", "червь "])
def test_a_note_of_any_script_costs_about_the_same(tmp_path: Path, script: str) -> None:
    """What is sent of a note is bound in bytes, which say as much in any script."""
    notes = {
        **NOTES,
        SOIL: f"Garden soil. {script * 2_000}",
        COMPOST: f"Garden soil. {script * 2_000}",
    }
    desk = Linker(tmp_path, notes, ScriptedProvider(judge(lambda *_: True)))
    desk.link(min_score=0.0)
    (soil,) = (params for params in desk.requests if title_of(params) == "Soil")
    (compost,) = (one for one in candidates_of(soil) if one["title"] == "Compost")
    sent = str(soil["messages"][0]["content"])
    assert len(compost["begins"].encode()) <= 440
    assert 2_600 < len(sent.partition("</note")[0].encode()) < 2_900


def test_every_note_is_asked_about_once_with_all_its_candidates(tmp_path: Path) -> None:
    """A request holds the note's lines and its candidates; a second look asks for nothing."""
    desk = linker(tmp_path, lambda *_: True)
    assert desk.link() == 0
    asked = [params for batch in desk.provider.batches for params in batch.requests]
    titles = [title_of(one["params"]) for one in asked]
    assert len(titles) == len(set(titles))
    soil = next(one["params"] for one in asked if title_of(one["params"]) == "Soil")
    assert {one["title"] for one in candidates_of(soil)} == {"Compost", "Mulch"}
    assert "Garden soil lives by worms" in str(soil["messages"])
    assert (MULCH, SOIL) in desk.pairs(PairState.PROPOSED)
    batches = len(desk.provider.batches)
    assert desk.link(apply=True) == 0
    assert len(desk.provider.batches) == batches
    assert b"[[Mulch]]" in desk.path(SOIL).read_bytes()
    after = tree(desk.root)
    assert desk.link(apply=True) == 0
    assert tree(desk.root) == after
    assert len(desk.provider.batches) == batches


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (True, True, PairState.PROPOSED),
        (True, None, PairState.UNDECIDED),
        (True, False, PairState.UNDECIDED),
        (None, False, PairState.UNDECIDED),
        (False, False, PairState.DECLINED),
        (None, None, PairState.WITHDRAWN),
    ],
)
def test_a_pair_takes_both_notes_answers(
    one: bool | None,  # noqa: FBT001  # pytest passes it by name
    other: bool | None,  # noqa: FBT001
    state: PairState,
    tmp_path: Path,
) -> None:
    """Each of the two notes is asked alone; one of them alone settles nothing, silence neither."""
    desk = linker(tmp_path, lambda title, _: one if title < "N" else other)
    assert desk.link() == 0
    assert {(COMPOST, SOIL), (MULCH, SOIL)} <= desk.pairs(state)


def test_what_a_model_declined_is_not_asked_again_until_a_note_changes(tmp_path: Path) -> None:
    """An edit of one of the two makes it worth another question."""
    desk = linker(tmp_path, lambda *_: False)
    desk.link()
    declined = desk.pairs(PairState.DECLINED)
    assert declined
    batches = len(desk.provider.batches)
    desk.link()
    assert len(desk.provider.batches) == batches
    desk.path(SOIL).write_bytes(desk.path(SOIL).read_bytes() + b" And beetles.")
    desk.link()
    sent = [title_of(one["params"]) for one in desk.provider.batches[-1].requests]
    assert set(sent) == {"Soil", "Mulch", "Compost"}


def test_nothing_of_an_excluded_note_leaves(tmp_path: Path) -> None:
    """Neither as a note, nor as a candidate, nor as a shared neighbour or sentence."""
    desk = linker(tmp_path, lambda *_: True, exclusions=Exclusions(patterns=(SOIL,)))
    desk.link()
    assert desk.provider.batches
    assert "moist" not in desk.everything_sent
    assert '"Soil"' not in desk.everything_sent


def test_a_foreign_id_in_an_answer_decides_nothing(tmp_path: Path) -> None:
    """An answer counts only for the pairs of the note it was asked about."""

    def reply(params: Mapping[str, Any]) -> str:
        token = _TOKEN.search(str(params["messages"][0]["content"]))
        everything = [
            {"id": f"p{number}", "accept": title_of(params) == "Trains", "reason": "x"}
            for number in range(1, 30)
        ]
        return json.dumps({"note_ref": token[1] if token else "", "links": everything})

    desk = Linker(tmp_path, NOTES, ScriptedProvider(reply))
    desk.link()
    assert desk.pairs(PairState.PROPOSED) == set()
    assert ("Trains.md", "Vienna.md") in desk.pairs(PairState.UNDECIDED)


def test_a_run_that_a_crash_stopped_goes_on_and_pays_nothing_twice(tmp_path: Path) -> None:
    """The batch is found again, its answers read, and the pairs written."""
    desk = linker(tmp_path, lambda *_: True)
    desk.provider.create_script.append("crash_after")
    with pytest.raises(Crash):
        desk.link(apply=True)
    assert desk.pairs(PairState.ASKED)
    assert desk.link(apply=True) == 0
    assert len(desk.provider.batches) == 1
    assert not desk.pairs(PairState.ASKED)
    assert (COMPOST, SOIL) in desk.pairs(PairState.WRITTEN)


def test_without_consent_nothing_is_sent_and_proposals_keep_waiting(tmp_path: Path) -> None:
    """A price nobody agrees to leaves the run that waits as it was."""
    desk = linker(tmp_path, lambda *_: True)
    desk.link()
    waiting = desk.pairs(PairState.PROPOSED)
    assert waiting
    desk.path(SOIL).write_bytes(desk.path(SOIL).read_bytes() + b" And beetles.")
    sent = desk.everything_sent
    with pytest.raises(WaitingForPersonError, match="--yes"):
        desk.link(yes=False, cap_nano=1)
    assert desk.everything_sent == sent
    assert desk.pairs(PairState.PROPOSED) == waiting
    assert not desk.pairs(PairState.ASKED)


def test_a_pair_without_an_answer_is_asked_about_again(tmp_path: Path) -> None:
    """The failed requests are named by the exit code; only their pairs are found anew."""
    desk = linker(tmp_path, lambda *_: True)
    desk.provider.refuse = lambda params: (
        ("invalid_request_error", "no") if title_of(params) in ("Trains", "Vienna") else None
    )
    assert desk.link() == 3
    assert ("Trains.md", "Vienna.md") in desk.pairs(PairState.WITHDRAWN)
    assert (MULCH, SOIL) in desk.pairs(PairState.PROPOSED)
    desk.provider.refuse = lambda _: None
    assert desk.link() == 0
    assert ("Trains.md", "Vienna.md") in desk.pairs(PairState.PROPOSED)
    titles = [title_of(one["params"]) for one in desk.provider.batches[-1].requests]
    assert sorted(titles) == ["Trains", "Vienna"]


def test_an_answer_that_comes_with_a_retry_settles_what_waited_for_it(tmp_path: Path) -> None:
    """One note's answer alone leaves its pairs undecided, and both propose them."""
    desk = linker(tmp_path, lambda *_: True)
    desk.provider.refuse = lambda params: (
        ("invalid_request_error", "no") if title_of(params) == "Vienna" else None
    )
    assert desk.link() == 3
    assert desk.pairs(PairState.UNDECIDED) == {("Trains.md", "Vienna.md")}
    desk.provider.refuse = lambda _: None

    async def retry(mill: Mill) -> int:
        run = await mill.engine.latest(mill.source_of(LINK_KIND))
        assert run is not None
        resumed = await mill.links.resume(run, failed=True, everything=True)
        return conclude_resumed(resumed, Console(io.StringIO(), width=200), as_json=False)

    assert desk.through_the_door(retry) == 0
    assert ("Trains.md", "Vienna.md") in desk.pairs(PairState.PROPOSED)
    assert not desk.pairs(PairState.UNDECIDED)


def test_a_note_excluded_while_a_run_is_open_is_not_asked_about_any_more(tmp_path: Path) -> None:
    """What has not left by then stays: its own request, and those that hold lines of it."""
    desk = linker(tmp_path, lambda *_: True)
    with pytest.raises(WaitingForPersonError):
        desk.link(yes=False, stages="2", lane=None)
    asked = {key for pair in desk.pairs(PairState.ASKED) for key in pair}
    told = {one["title"] for params in desk.provider.sent for one in candidates_of(params)}
    (key, *_) = sorted(
        key for key in asked if key.rpartition("/")[2][:-3] not in {*desk.asked, *told}
    )
    words = desk.path(key).read_bytes()
    desk.path(key).write_bytes(b"---\nnotemill: ignore\n---\n" + words)
    sent = desk.everything_sent
    desk.link(lane=None, stages="2")
    assert len(desk.everything_sent) > len(sent)
    assert words.decode().split(".")[0].strip("\ufeff-") not in desk.everything_sent
    assert not [pair for pair in desk.pairs(PairState.PROPOSED) if key in pair]
