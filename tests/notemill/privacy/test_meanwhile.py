"""A note that is hidden while a command works: between plan and start, between stages, at apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notemill.config import Exclusions
from notemill.stores.pairs import PairState
from tests.doubles import ScriptedProvider
from tests.notemill.cli.test_link import COMPOST, SOIL
from tests.notemill.workflows.links.test_judging import linker
from tests.notemill.workflows.notes import Desk, curated, many
from tests.notemill.workflows.tags.test_arranging import Table
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.opened import OpenVault

TAGGED = "---\ntags: [griffin/inner]\ndescription: D.\ntopics: [t]\n---\nA basilisk.\n"


def hide(path: Path) -> None:
    """Have a note say that it is to be ignored."""
    text = path.read_text("utf-8").removeprefix("---\n")
    head = "---\nnotemill: ignore\n"
    path.write_text(head + (text if "---\n" in text else f"---\n{text}"), "utf-8")


def hidden_after_plan(path: Path) -> Callable[[Mill, OpenVault], None]:
    """Have a note hidden once the price is known: while the question of it waits for a person."""

    def tamper(mill: Mill, _: OpenVault) -> None:
        offer = mill.offer

        def and_hidden(*args: Any, **more: Any) -> Any:  # noqa: ANN401
            hide(path)
            return offer(*args, **more)

        mill.offer = and_hidden  # type: ignore[method-assign]

    return tamper


@pytest.mark.parametrize("lane", list(Lane))
def test_a_note_whose_tags_were_candidates_is_hidden_before_the_start(
    tmp_path: Path, lane: Lane
) -> None:
    """Nothing is sent; the next command goes without its tags."""
    desk = Desk(tmp_path, {**many(3), "tagged.md": TAGGED})

    ended = desk.curate(lane=lane, tamper=hidden_after_plan(desk.path("tagged.md")))
    assert ended.code == 3
    assert "a note was excluded" in ended.shown
    assert not desk.requests
    assert desk.curate(lane=lane).code == 0
    assert "griffin" not in desk.everything_sent


def test_a_note_hidden_during_a_stage_is_not_in_the_next(tmp_path: Path) -> None:
    """In one process, without a person in between."""
    desk = Desk(tmp_path, many(8), ScriptedProvider(curated))
    left: list[str] = []

    def reply(params: Mapping[str, Any]) -> str:
        if not left:
            asked = desk.asked
            left.append(next(one for one in (f"n{i:03d}" for i in range(8)) if one not in asked))
            hide(desk.path(f"{left[0]}.md"))
        return curated(params)

    desk.provider.reply = reply
    ended = desk.curate(stages="2", lane=None)
    assert "left out, because they are excluded now: 1 note" in ended.shown
    assert left[0] not in desk.asked
    assert len(desk.asked) == 7


def test_nothing_is_sent_on_once_an_example_is_hidden(tmp_path: Path) -> None:
    """Its title and tags are in every request of the run: all that are open are left out."""
    words = "Of the griffin, its feathers and its claws, and where it was seen. " * 4
    example = f"---\ntags: [beasts/griffin]\ndescription: D.\ntopics: [t]\n---\n{words}\n"
    other = example.replace("griffin", "kraken")
    notes = {**many(8), "Griffin.md": example, "Kraken.md": other}
    desk = Desk(tmp_path, notes, ScriptedProvider(curated))
    path = desk.path("Griffin.md")

    def reply(params: Mapping[str, Any]) -> str:
        if "ignore" not in path.read_text("utf-8"):
            hide(path)
        return curated(params)

    desk.provider.reply = reply
    ended = desk.curate(stages="2", lane=Lane.REALTIME)
    assert "they or a note they were sent with are excluded now: 6 notes" in ended.shown
    assert len(desk.asked) == 2
    assert desk.curate(lane=Lane.REALTIME, again=True).code == 0
    contents = [str(one["messages"][0]["content"]) for one in desk.requests]
    assert sum("\ntitle: " in one for one in contents) == 8
    assert "Griffin" not in str(desk.requests[2:])


def test_a_pair_is_not_judged_once_one_of_its_notes_is_hidden(tmp_path: Path) -> None:
    """Between the price and the start of a run over links nothing is sent, either."""
    desk = linker(tmp_path, lambda *_: True)
    with pytest.raises(Exception, match="a note was excluded"):
        desk.link(tamper=hidden_after_plan(desk.path(SOIL)))
    assert not desk.requests
    assert desk.link() == 0
    assert "Soil" not in {str(params) for params in desk.requests}
    assert not [one for one in desk.pairs(PairState.PROPOSED) if SOIL in one]


def test_a_vocabulary_that_was_asked_about_does_not_go_on_with_a_hidden_note(
    tmp_path: Path,
) -> None:
    """Its requests were made before and may name the note: nothing of them is sent again."""
    table = Table(tmp_path)
    table.desk.provider.reply = lambda _: "no JSON"
    table.ask()
    sent = len(table.desk.requests)
    hide(table.desk.path("Pea soup.md"))
    table.desk.path("Other.md").write_text("---\ntags: [soups, dinner]\n---\n", "utf-8")
    with pytest.raises(Exception, match="start over with --again"):
        table.ask()
    assert len(table.desk.requests) == sent
    table.ask(again=True)
    assert "Pea soup" not in str(table.desk.requests[sent:])


@pytest.mark.parametrize("how", ["property", "tag", "exclusion"])
def test_nothing_is_written_into_a_note_that_is_hidden_by_now(tmp_path: Path, how: str) -> None:
    """Its proposals end in conflict, and its bytes stay."""
    desk = Desk(tmp_path, many(2))
    desk.curate()
    path = desk.path("n000.md")
    if how == "property":
        hide(path)
    if how == "tag":
        path.write_text(path.read_text("utf-8") + "#Health/mind\n", "utf-8")
    desk.exclusions = Exclusions(("N000",) if how == "exclusion" else (), ("health",))
    before = path.read_bytes()
    done = {one.note: one for one in desk.apply()}
    assert path.read_bytes() == before
    assert done["n000.md"].conflict
    assert done["n001.md"].written


def test_a_link_is_not_written_into_a_note_that_is_hidden_by_now(tmp_path: Path) -> None:
    """Nor into the other one of its pair, which ends in conflict."""
    desk = linker(tmp_path, lambda *_: True)
    assert desk.link() == 0
    assert (COMPOST, SOIL) in desk.pairs(PairState.PROPOSED)
    before = {key: desk.path(key).read_bytes() for key in (COMPOST, SOIL)}
    desk.exclusions = Exclusions((SOIL.upper(),))
    assert desk.link(apply=True) == 3
    assert desk.path(SOIL).read_bytes() == before[SOIL]
    assert b"Soil" not in desk.path(COMPOST).read_bytes().replace(before[COMPOST], b"")


def test_a_hidden_notes_new_name_is_written_nowhere(tmp_path: Path) -> None:
    """Links to a note that was hidden stay as they stand, and follow it once it is seen again."""
    desk = linker(tmp_path, lambda *_: True)
    assert desk.link(apply=True) == 0
    before = desk.path(COMPOST).read_bytes()
    assert b"Soil" in before
    desk.exclusions = Exclusions(("Soil*",))
    secret = desk.path(SOIL).with_name("Soil of the basilisk.md")
    desk.path(SOIL).rename(secret)
    # Something has to be written, or nothing would be mended in passing.
    desk.path("Dough.md").write_bytes(desk.path("Sourdough.md").read_bytes() + b"Rye, too.\n")
    desk.link(apply=True)
    assert b"related" in desk.path("Dough.md").read_bytes()
    assert desk.path(COMPOST).read_bytes() == before
    desk.exclusions = Exclusions()
    desk.link(apply=True)
    assert b"[[Soil of the basilisk]]" in desk.path(COMPOST).read_bytes()
