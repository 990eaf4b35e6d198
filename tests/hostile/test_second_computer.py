"""A vault opened with a store that knows nothing of it: honest links are taken over, and only those."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_link import COMPOST, MULCH, SOIL, ends, linked, replaced
from tests.notemill.cli.test_link import NOTES as GARDEN
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.linking.reader import assert_linked_both_ways, related_links
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

FORMS = pytest.mark.parametrize("form", ["--property", "--section"])
NEW = {
    "Leaves.md": "Leaves and mulch feed worms; compost of leaves makes garden soil moist.\n",
    "Salt.md": "Salt and rye flour in sourdough bread; the wild yeast ferments with water.\n",
}
REGION = "\n<!-- notemill: related -->\n\n## Related\n\n{}\n<!-- notemill: end of related -->\n"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault without any link."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "linked", GARDEN)
    return shell


def at(shell: Shell, computer: str) -> None:
    """Go on at a computer with a store of its own."""
    shell.patch.setenv("TWOLANE_HOME", str(shell.home / computer))


@FORMS
def test_what_stands_in_both_notes_is_taken_over_as_it_is(shell: Shell, form: str) -> None:
    """No byte and no pair twice; what is new joins the same list; either store undoes its own."""
    before = tree(shell.vault)
    first = linked(shell, form)
    written = tree(shell.vault)
    at(shell, "second")
    report = linked(shell, form)
    assert report["taken_over"] == len(first["linked"])
    assert (report["pairs"], report["repairs"], report["written"]) == ([], [], [])
    assert tree(shell.vault) == written
    new = {key: raw.encode() for key, raw in NEW.items()}
    write_notes(shell.vault, NEW)
    later = linked(shell, form)
    assert (later["taken_over"], bool(later["linked"])) == (0, True)
    assert not ends(later["linked"]) & ends(first["linked"])
    assert_linked_both_ways(shell.vault, ends(later["linked"]) | ends(first["linked"]))
    assert {raw.count(b"<!-- notemill: related -->") for raw in tree(shell.vault).values()} <= {
        0,
        1,
    }
    links = [(one.note, one.target) for one in related_links(shell.vault)]
    assert len(links) == len(set(links))
    assert shell("undo", later["run"], "--yes") == 0
    assert tree(shell.vault) == written | new
    shell.patch.setenv("TWOLANE_HOME", str(shell.home))
    assert shell("undo", first["run"], "--yes") == 0
    assert tree(shell.vault) == before | new


def test_links_taken_over_follow_a_rename(shell: Shell) -> None:
    """What stands in both notes is looked after as if this store had written it."""
    linked(shell)
    at(shell, "second")
    linked(shell)
    (shell.vault / SOIL).rename(shell.vault / "Earth.md")
    assert linked(shell)["renamed"] == [{"from": SOIL, "to": "Earth.md"}]
    assert_linked_both_ways(shell.vault, {("Earth.md", MULCH), ("Earth.md", COMPOST)})


def test_a_link_taken_out_of_a_list_goes_from_the_other_as_well(shell: Shell) -> None:
    """In the list stands what notemill wrote, whichever computer did."""
    linked(shell, "--section")
    at(shell, "second")
    linked(shell, "--section")
    replaced(shell.vault / MULCH, b"- [[Soil]]\n", b"")
    assert linked(shell, "--section")["rejected"] == [{"item": MULCH, "other": SOIL}]
    assert b"[[Mulch]]" not in (shell.vault / SOIL).read_bytes()


def test_what_may_be_its_owners_is_never_taken_out(shell: Shell) -> None:
    """A property that was there before the store may be written by hand: its entries stay."""
    write_notes(shell.vault, {
        MULCH: '---\nrelated:\n  - "[[Soil]]"\n---\nMulch.\n',
        SOIL: '---\nrelated:\n  - "[[Mulch]]"\n---\nSoil.\n',
    })  # fmt: skip
    assert linked(shell)["taken_over"] == 1
    replaced(shell.vault / MULCH, b'related:\n  - "[[Soil]]"\n', b"")
    assert linked(shell)["rejected"] == [{"item": MULCH, "other": SOIL}]
    assert b'- "[[Mulch]]"' in (shell.vault / SOIL).read_bytes()
    (shell.vault / MULCH).unlink()
    linked(shell)
    assert b'- "[[Mulch]]"' in (shell.vault / SOIL).read_bytes()


LINKS = "- [[Soil]]\n- [[Mulch]]\n- [[Trains]]\n- [[Vienna]]\n"
PROPERTY = '---\nrelated: ["[[Soil]]", "[[Mulch]]", "[[Trains]]"]\n---\nClipped.\n'


@pytest.mark.parametrize(
    ("clipped", "harmless"),
    [
        ("Clipped.\n" + REGION.format(LINKS), "Clipped.\n"),
        (PROPERTY, PROPERTY.replace("related", "see")),
        (f"Clipped.\n<!-- notemill: related -->\n{LINKS}", f"Clipped.\n<!-- nothing: related -->\n{LINKS}"),
        (2 * REGION.format(LINKS), 2 * REGION.format(LINKS).replace("notemill", "nothing!")),
    ],
    ids=["region", "property", "open region", "two regions"],
)  # fmt: skip
def test_a_link_in_one_note_alone_decides_nothing_for_the_other(
    shell: Shell, clipped: str, harmless: str
) -> None:
    """A clipped note's list stays to the byte; all others end as beside one without marks."""
    write_notes(shell.vault, {"Clip.md": harmless})
    linked(shell)
    expected = {key: raw for key, raw in tree(shell.vault).items() if key != "Clip.md"}
    write_notes(shell.vault, {**GARDEN, "Clip.md": clipped})
    at(shell, "second")
    assert linked(shell)["taken_over"] == 0
    found = tree(shell.vault)
    assert found.pop("Clip.md") == clipped.encode()
    assert found == expected


def test_a_second_store_beside_the_first_takes_over_what_comes_later(shell: Shell) -> None:
    """Two computers in turn: neither doubles a link of the other's, in either's list."""
    linked(shell, "--section")
    at(shell, "second")
    linked(shell, "--section")
    write_notes(shell.vault, NEW)
    later = linked(shell, "--section")
    assert later["linked"]
    written = tree(shell.vault)
    shell.patch.setenv("TWOLANE_HOME", str(shell.home))
    report = linked(shell, "--section")
    assert report["taken_over"] == len(later["linked"])
    assert tree(shell.vault) == written


def test_a_copy_beside_a_note_is_not_that_note_when_it_is_deleted(shell: Shell) -> None:
    """Whoever copies its links, words and name gets none of the links that led to it."""
    linked(shell)
    write_notes(shell.vault, {"Clip/Soil.md": (shell.vault / SOIL).read_bytes()})
    linked(shell)
    (shell.vault / SOIL).unlink()
    report = linked(shell)
    assert report["renamed"] == []
    assert {one["mend"] for one in report["repairs"]} == {"remove"}
    assert b"Soil" not in (shell.vault / MULCH).read_bytes().split(b"---")[1]


def test_the_links_of_hidden_notes_are_not_looked_at(shell: Shell) -> None:
    """What is excluded is neither taken over nor counted."""
    first = linked(shell, "--section")
    at(shell, "second")
    report = linked(shell, "--section", "--exclude", "Garden")
    garden = [one for one in ends(first["linked"]) if one[0].startswith("Garden")]
    assert report["taken_over"] == len(first["linked"]) - len(garden)
