"""`notemill review` of a vocabulary at a terminal: rename, say what a tag is for, reject a branch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from notemill.stores.proposals import ProposalState
from notemill.stores.vocabulary import StoredVocabulary, VocabularyTag
from tests.notemill.cli.test_review_keys import PROGRAM, Desk
from tests.notemill.proposing import propose, store_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.terminal import OnTerminal

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal"),
]

TAGS = [
    VocabularyTag("food", (), "what is eaten"),
    VocabularyTag("food/bread"),
    VocabularyTag("trains"),
    VocabularyTag("trains/signals"),
]
ACCEPTED, PENDING, REJECTED = ProposalState.ACCEPTED, ProposalState.PENDING, ProposalState.REJECTED
LINE_START, TO_END = "\x01", "\x0b"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A vault with a vocabulary of four tags that waits."""
    desk = Desk(tmp_path)
    propose(desk.home, desk.vault, {})
    with store_of(desk.home, desk.vault) as store:
        StoredVocabulary(store).propose("propose-1", TAGS, now=1.0)
    yield desk
    desk.close()


def tags(desk: Desk, state: ProposalState) -> list[tuple[str, str]]:
    """Return the tags in a state, with what they are for."""
    with store_of(desk.home, desk.vault) as store:
        return [(one.tag, one.description) for one in StoredVocabulary(store).tags(state)]


def edit(terminal: OnTerminal, text: str) -> None:
    """Replace what stands in the line that is edited."""
    terminal.type("e")
    terminal.read_line("  vocabulary tag: ")
    terminal.type(f"{LINE_START}{TO_END}{text}\r")


def test_a_tag_is_renamed_with_what_it_is_for_and_with_those_below(desk: Desk) -> None:
    """What is there already is refused with a reason, and nothing is decided."""
    terminal = desk.review("--kind", "vocabulary")
    terminal.read_until(lambda: "q quit" in terminal.screen.raw)
    edit(terminal, "trains")
    terminal.read_until(lambda: "#trains is in this vocabulary already" in terminal.screen.raw)
    edit(terminal, "meals - breakfast, too")
    terminal.read_until(lambda: "accepted: #meals, with 1 tag below it" in terminal.screen.raw)
    terminal.read_until(lambda: "vocabulary tag: #meals/bread" in terminal.screen.raw)
    terminal.type("q")
    assert terminal.end() == 0
    assert tags(desk, ACCEPTED) == [("meals", "breakfast, too")]
    assert tags(desk, PENDING) == [("meals/bread", ""), ("trains", ""), ("trains/signals", "")]


def test_a_branch_is_rejected_with_one_key_and_comes_back_with_one(desk: Desk) -> None:
    """The tags below it are not asked about any more, until the step is undone."""
    terminal = desk.review("--kind", "vocabulary")
    terminal.read_until(lambda: "q quit" in terminal.screen.raw)
    terminal.type("x")
    terminal.read_until(lambda: "rejected: #food, with 1 tag below it" in terminal.screen.raw)
    terminal.read_until(lambda: "vocabulary tag: #trains" in terminal.screen.raw)
    assert [tag for tag, _ in tags(desk, REJECTED)] == ["food", "food/bread"]
    terminal.type("u")
    terminal.read_until(lambda: "undone: 2 decisions" in terminal.screen.raw)
    terminal.type("q")
    assert terminal.end() == 0
    assert len(tags(desk, PENDING)) == 4


def test_scripts_edit_a_tag_by_its_id(desk: Desk) -> None:
    """`accept --value` takes the tag alone or with what it is for."""
    words = ("accept", "p1", "--value", "meals - and drinks", "--vault", str(desk.vault))
    terminal = desk.run((sys.executable, "-c", PROGRAM, *words), columns=200)
    assert terminal.end() == 0, terminal.screen.raw
    assert tags(desk, ACCEPTED) == [("meals", "and drinks")]
