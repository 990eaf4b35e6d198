"""Changes of tags as a person decides on them: what kind each is, and which notes it touches."""

from __future__ import annotations

from notemill.tagging.census import Census
from notemill.tagging.changes import Change, ChangeKind, changes_of, without
from notemill.tagging.gate import Gate, Ruling
from notemill.tagging.taglist import read_vocabulary

TAGS = {
    "1.md": ["soup", "ml"],
    "2.md": ["soup/pea", "soups"],
    "3.md": ["Bread", "machine-learning"],
    "4.md": ["bread", "x", "stew"],
}


def found(wanted: dict[str, str | None]) -> dict[str, Change]:
    """Return the changes of the tags above by tag."""
    census = Census.of(TAGS.items())
    made = changes_of(wanted, census, reasons={("x", ""): "says nothing"}, otherwise="so")
    return {one.tag: one for one in made}


def test_each_change_has_its_kind_its_reason_and_its_notes() -> None:
    """Children follow their parent unless they are named; what touches no note is no change."""
    made = found(
        {
            "soup": "food/soup",
            "soups": "food/soup",
            "soup/pea": "food/pea",
            "ml": "machine-learning",
            "stew": "food/hotpot",
            "Bread": "bread",
            "x": None,
            "gone": "nowhere",
        }
    )
    assert {tag: one.kind for tag, one in made.items()} == {
        "soup": ChangeKind.MOVE,
        "soups": ChangeKind.MERGE,
        "soup/pea": ChangeKind.MOVE,
        "ml": ChangeKind.MERGE,
        "stew": ChangeKind.RENAME,
        "Bread": ChangeKind.RENAME,
        "x": ChangeKind.DROP,
    }
    assert made["soup"].notes == {"1.md"}
    assert made["soup/pea"].notes == {"2.md"}
    assert (made["x"].reason, made["ml"].reason) == ("says nothing", "so")
    assert found({"soup": "food"})["soup"].notes == {"1.md", "2.md"}


def test_what_was_turned_down_is_left_out_by_both_tags() -> None:
    """Another target is another change."""
    made = found({"ml": "machine-learning", "x": None})
    left = without(made.values(), {("ml", "machine-learning"), ("x", "y")})
    assert [one.tag for one in left] == ["x"]


LIST = "<!-- notemill: tags -->\n- food\n  - soup (soups)\n- a/b\n- ~~fff~~\n"


def test_the_gate_rules_by_list_and_decisions() -> None:
    """Spellings become their tag, parents of listed tags count, the nearest word counts most."""
    gate = Gate(
        read_vocabulary(LIST),
        kept=[("soups", "food/soup")],
        accepted=["yes/please"],
        rejected=["no", "food"],
        rejected_in={"n.md": ["a/b"]},
    )
    assert gate.of("Food/SOUP", "") == Ruling("food/soup", is_new=False)
    assert gate.of("a", "") == Ruling("a", is_new=False)
    assert gate.of("soups", "") == Ruling("soups", is_new=True)
    assert gate.of("yes/please", "") == Ruling("yes/please", is_new=False)
    assert gate.of("food", "") == Ruling("food", is_new=False)
    assert gate.of("no", "") is None
    assert gate.of("fff", "") is None
    assert gate.of("a/b", "n.md") is None
    assert gate.of("a/b", "m.md") == Ruling("a/b", is_new=False)
    assert Gate().of("anything", "") == Ruling("anything", is_new=False)
