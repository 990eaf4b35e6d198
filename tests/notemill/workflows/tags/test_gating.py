"""The vocabulary as a gate: which proposed tags are written, which wait, which never come back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from notemill.config import Exclusions
from notemill.tagging.taglist import read_vocabulary
from notemill.workflows.tags.arrangement import adopt
from notemill.workflows.tags.gating import candidates_of, changed_since, gate_of, place_of
from tests.notemill.workflows.kept import NOW, kept
from tests.notemill.workflows.notes import Desk, asks_about_tags, curated, tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from notemill.app.tags import Tagging

T = TypeVar("T")

LIST = "# Tags\n<!-- notemill: tags -->\n- area\n  - tested (trials)\n- ~~junk~~ says nothing\n"
NOTES: dict[str, str | bytes] = {
    "Tags.md": LIST,
    "one.md": "---\ntitle: x\n---\nA note about soil and compost.\n",
    "two.md": "Words on trials.\n",
}


def replying(*tags: str) -> Any:  # noqa: ANN401
    """Return a model that proposes just these tags."""
    return lambda params: curated(params, tags=list(tags))


def desk(folder: Path, *tags: str, notes: Mapping[str, str | bytes] = NOTES, **more: Any) -> Desk:  # noqa: ANN401
    """Return a desk with a vocabulary and a model that proposes `tags`."""
    made = Desk(folder, notes, **more)
    made.provider.reply = replying(*tags)
    if "Tags.md" in notes:
        made.adopt("Tags.md")
    return made


def candidates_for(title: str, made: Desk) -> list[str]:
    """Return the tags that a note's prompt carried."""
    asked = (str(one["messages"][0]["content"]) for one in made.requests)
    text = next(text for text in asked if f"title: {title}\n" in text)
    (line,) = re.findall("^candidate_tags: (.*)$", text, re.MULTILINE)
    return str(line).split(", ")


def decided(made: Desk, job: Callable[[Tagging], Awaitable[T]]) -> T:
    """Do something with the tags of a desk's vault, as one process that says yes."""
    return made.through_the_door(lambda mill: job(mill.tags))


def test_only_tags_of_the_vocabulary_are_written(tmp_path: Path) -> None:
    """A spelling becomes its tag, a struck-out one goes, and a new one waits whatever the flags."""
    made = desk(tmp_path, "trials", "junk", "garden/soil")
    made.curate(apply=True)
    kinds = {(one.kind, one.value, one.state) for one in made.proposals() if one.note == "one.md"}
    assert ("tag", "area/tested", "applied") in kinds
    assert ("new tag", "garden/soil", "pending") in kinds
    assert all(value not in ("junk", "trials") for _, value, _ in kinds)
    made.apply(replace=True)
    assert "area/tested" in made.text("one.md")
    assert "soil\n" not in made.text("one.md").split("---")[1]
    # The list itself is no note to be curated.
    assert made.text("Tags.md") == LIST
    assert "Tags" not in made.asked


def test_a_tag_put_into_the_list_by_hand_is_written(tmp_path: Path) -> None:
    """The list is read again at writing: an edit of it needs no model."""
    made = desk(tmp_path, "garden/soil")
    made.curate(apply=True)
    made.path("Tags.md").write_text(LIST + "- garden\n  - earth (soil, garden/soil)\n", "utf-8")
    sent = len(made.requests)
    made.apply()
    assert "garden/earth" in made.text("one.md")
    assert len(made.requests) == sent


def test_a_new_tag_is_accepted_into_the_list_and_undone_with_it(tmp_path: Path) -> None:
    """Accepting writes the list alone; the notes get the tag by `apply`."""
    made = desk(tmp_path, "area/soil")
    made.curate()
    before = tree(made.root)

    accepted = decided(made, lambda tags: tags.accept(["#Area/Soil"]))
    assert [note for new in accepted.new_tags for note in new.notes] == ["one.md", "two.md"]
    assert made.text("Tags.md") == LIST.replace("(trials)\n", "(trials)\n  - soil\n")
    made.apply()
    assert "area/soil" in made.text("two.md")
    made.undo()
    made.undo(accepted.run)
    assert tree(made.root) == before


def test_what_was_turned_down_is_told_and_never_proposed_again(tmp_path: Path) -> None:
    """For the vault or for one note; the prompt says so, and whatever comes back is not taken."""
    made = desk(tmp_path, "garden/soil", "area/tested")
    made.curate()
    decided(made, lambda tags: tags.reject(["garden/soil"]))
    decided(made, lambda tags: tags.reject(["area/tested"], note="two.md"))
    made.curate(refresh=True, again=True)
    prompts = {
        re.findall("^title: (.*)$", text, re.MULTILINE)[0]: re.findall(
            "^rejected_tags: (.*)$", text, re.MULTILINE
        )
        for one in made.requests
        if not asks_about_tags(one)
        for text in [one["messages"][0]["content"]]
    }
    assert prompts["one"] == ["garden/soil"]
    assert set(prompts["two"][0].split(", ")) == {"garden/soil", "area/tested"}
    found = {(one.note, one.value) for one in made.proposals() if one.kind.endswith("tag")}
    assert found == {("one.md", "area/tested")}
    assert decided(made, lambda tags: tags.take_back(["garden/soil"])) > 0
    waiting = decided(made, lambda tags: tags.waiting())
    assert [one.tag for one in waiting.decide.new_tags] == ["garden/soil"]


def test_a_rejected_tag_of_an_excluded_note_is_not_told(tmp_path: Path) -> None:
    """It was proposed for a note that may not leave any more, and would tell of it."""
    notes = {**NOTES, "Private/p.md": "A secret about soil.\n"}
    made = desk(tmp_path, notes=notes)
    made.provider.reply = lambda params: curated(
        params, tags=["garden/secret"] if "secret" in json.dumps(params["messages"]) else []
    )
    made.curate()
    decided(made, lambda tags: tags.reject(["garden/secret"]))
    made.exclusions = Exclusions(("Private",))
    before = len(made.requests)
    made.curate(refresh=True, again=True)
    sent = json.dumps(made.requests[before:])
    assert "title: one" in sent
    assert "garden/secret" not in sent


def test_a_tag_new_to_the_list_asks_again_only_where_it_fits(tmp_path: Path) -> None:
    """Moving, renaming and striking out ask nobody; a new tag asks about notes with its words."""
    made = desk(tmp_path)
    made.curate(apply=True)
    assert made.needs() == {}
    made.path("Tags.md").write_text(LIST.replace("- area\n", "- place\n"), "utf-8")
    assert made.needs() == {}
    made.clock.advance(1)
    made.path("Tags.md").write_text(LIST + "- garden\n  - compost\n", "utf-8")
    assert made.needs() == {"one.md": "#garden/compost is new in the vocabulary"}
    made.curate(apply=True)
    assert made.needs() == {}


def test_without_a_list_every_tag_may_be_written(tmp_path: Path) -> None:
    """A vault that has decided nothing could have no first tag otherwise; rejections hold."""
    notes = {key: text for key, text in NOTES.items() if key != "Tags.md"}
    made = desk(tmp_path, "garden/soil", "garden/beds", notes=notes)
    decided(made, lambda tags: tags.reject(["garden/beds"]))
    made.curate(apply=True)
    assert "garden/soil" in made.text("one.md")
    assert "garden/beds" not in made.text("one.md")


def test_a_list_that_is_gone_lets_nothing_through_that_waited(tmp_path: Path) -> None:
    """What was new stays new until somebody says yes, which then needs no list."""
    made = desk(tmp_path, "garden/soil")
    made.curate()
    made.path("Tags.md").unlink()
    made.apply()
    assert "garden/soil" not in made.text("one.md")
    decided(made, lambda tags: tags.accept(["garden/soil"]))
    made.apply()
    assert "garden/soil" in made.text("one.md")


def test_a_list_shown_as_an_example_is_none(tmp_path: Path) -> None:
    """Within a code block the marker is text; the list used last wins over another."""
    shown = f"```markdown\n{LIST}```\n"
    made = desk(tmp_path, "garden/soil", notes={**NOTES, "Tags.md": shown})
    made.curate(apply=True)
    assert "garden/soil" in made.text("one.md")


def test_candidates_of_prompts_are_the_lists_tags(tmp_path: Path) -> None:
    """Tags that notes have and the list does not are not offered; the list's unused ones are."""
    made = desk(tmp_path, notes={**NOTES, "three.md": "#stray and #trials\n"})
    made.curate()
    system = str(made.requests[0]["system"])
    assert "\narea\n  tested\n" in system
    assert "stray" not in system


SCHEDULED = {
    f"n{n}.md": f"---\nsr-due: 2024-05-{n:02}\ntags: [review]\n---\nOf rye and wheat.\n"
    for n in range(1, 9)
}


@pytest.mark.parametrize("purpose", ["", " - what to read again"])
def test_a_state_is_offered_only_where_the_list_says_what_it_is_for(
    tmp_path: Path, purpose: str
) -> None:
    """Neither as a tag nor in an example; a reply that gives it is said to lose it."""
    listed = f"<!-- notemill: tags -->\n- bread\n- review{purpose}\n"
    other = {f"b{n}.md": f"#bread of rye, wheat and water in loaf {n}\n" for n in range(9)}
    notes = {**SCHEDULED, **other, "new.md": "Of rye and wheat.\n", "Tags.md": listed}
    made = desk(tmp_path, "Review", "bread", notes=notes)
    made.adopt("Tags.md")
    ended = made.curate()
    system = str(made.requests[0]["system"])
    described = bool(purpose)
    assert ("\nreview" in system) is described
    assert ("review" in candidates_for("new", made)) is described
    tags = {one.value for one in made.proposals() if one.note == "new.md"}
    assert ("review" in tags, "bread" in tags) == (described, True)
    assert ("left out: it stands for a state" in ended.shown) is not described
    assert ("not offered as tags" in ended.shown) is not described


def test_prompts_carry_first_what_the_vaults_own_tagging_suggests(tmp_path: Path) -> None:
    """A tag whose words the note never says is offered where notes like it have that tag."""
    alike = {f"{n}.md": f"#husbandry on soil, compost and worms {n}\n" for n in range(8)}
    other = {f"s{n}.md": f"#sailing with wind and anchors {n}\n" for n in range(9)}
    made = desk(tmp_path, notes={**alike, **other, "one.md": "Compost makes soil, worms help.\n"})
    made.curate()
    assert candidates_for("one", made)[0] == "husbandry"


def test_a_list_decides_once_its_owner_has_taken_it(tmp_path: Path) -> None:
    """Until then it is a stray; its spellings become the tag, and what it strikes out is none."""
    with kept(tmp_path, NOTES) as one:
        sight = one.sight()
        facts = sight.facts
        assert place_of(one.vault, facts, one.decisions).strays == ("Tags.md",)
        adopt(one.decisions, "Tags.md", read_vocabulary(LIST))
        place = place_of(one.vault, facts, one.decisions)
        assert (place.note, place.listed, place.strays) == ("Tags.md", True, ())
        gate = gate_of(one.vault, place, one.decisions)
        ruling = gate.of("trials", "two.md")
        assert ruling is not None
        assert (ruling.tag, ruling.is_new) == ("area/tested", False)
        assert gate.of("junk", "two.md") is None
        assert set(candidates_of(gate, sight, place).counts) == {"area", "area/tested"}
        only_hidden = replace(sight, hidden_tags=frozenset({"area/tested"}))
        assert set(candidates_of(gate, only_hidden, place).counts) == {"area"}
        hidden = replace(sight, fits="Tags.md".__eq__)
        assert candidates_of(gate, hidden, place).counts == {}


def test_what_an_edit_of_the_list_changes_is_told(tmp_path: Path) -> None:
    """A tag that was turned down for one note may be written into all others."""
    with kept(tmp_path, NOTES) as one:
        adopt(one.decisions, "Tags.md", read_vocabulary(LIST))
        place = place_of(one.vault, one.sight().facts, one.decisions)
        assert changed_since(one.vault, place, one.decisions) == ()
        one.edit("Tags.md", LIST.replace("- area\n", "- area\n- more\n"))
        assert any("more" in line for line in changed_since(one.vault, place, one.decisions))
        one.decisions.decide("more", accepted=False, now=NOW, note="one.md")
        gate = gate_of(one.vault, place, one.decisions)
        assert gate.of("more", "one.md") is None
        assert gate.of("more", "two.md") is not None
