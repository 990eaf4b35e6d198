"""`notemill link`: pairs shown with their why, written to both notes, and all ways back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.notemill.cli.test_notemill import SHARED_VAULTS, Shell
from tests.notemill.linking.reader import assert_linked_both_ways, related_links
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "Sourdough.md": "---\ntitle: Sourdough # mine\n---\nA sourdough starter of rye flour and water "
    "ferments for days. Bread rises slowly with wild yeast.\n",
    "Rye bread.md": "Rye bread needs a sourdough starter, rye flour, water and salt. The wild "
    "yeast ferments slowly.\n",
    "Yeast.md": "Wild yeast and bread flour. Yeast ferments sugar; a starter keeps yeast alive."
    "\r\nBread again.\r\n",
    "Garden/Compost.md": "Compost feeds garden soil with worms and leaves. Turn the heap; soil "
    "life warms it.\n",
    "Garden/Soil.md": "Garden soil lives by worms, leaves and compost. Mulch keeps the soil moist",
    "Garden/Mulch.md": "Mulch of leaves protects garden soil and feeds worms, as compost does.\n",
    "Trains.md": "Night trains from Vienna to Rome run daily with sleeper carriages.\n",
    "Vienna.md": b"\xef\xbb\xbf---\r\naliases: [Wien]\r\n---\r\nVienna has night trains to Rome and "
    b"Paris, with sleeper carriages and couchettes.\r\n",
    "Empty.md": "",
}
SCORE = ("--min-score", "0.9")
COMPOST, SOIL, MULCH = "Garden/Compost.md", "Garden/Soil.md", "Garden/Mulch.md"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault without any link."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "linked", NOTES)
    return shell


def linked(shell: Shell, *words: object, code: int = 0) -> dict[str, Any]:
    """Link the vault at once; return the report."""
    assert shell("link", shell.vault, *SCORE, "--apply", "--json", *words) == code, shell.err
    return shell.report


def ends(pairs: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Return the notes of pairs."""
    return {(one["a"], one["b"]) for one in pairs}


def replaced(path: Path, old: bytes, new: bytes) -> None:
    """Edit a note as a person would."""
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new))


def test_pairs_are_shown_with_their_why_and_nothing_is_written(shell: Shell) -> None:
    """Shared words, sentences that name the other, scores, and the vault's shape before and after."""
    before = tree(shell.vault)
    assert shell("link", shell.vault, *SCORE) == 0
    assert "without any link: 9 → 1" in shell.err
    assert "Garden/Compost.md  has no link yet" in shell.err
    assert "Soil says: “Mulch keeps the soil moist”" in shell.err
    assert "  likely 0.9" in shell.err
    assert "both say" in shell.err
    assert tree(shell.vault) == before
    assert shell("link", shell.vault, *SCORE, "--json") == 0
    report = shell.report
    assert report["state"] == "proposed"
    assert report["orphans"] == {"before": 9, "after": 1}
    assert report["components"]["before"] == 9
    pair = next(one for one in report["pairs"] if (one["a"], one["b"]) == (MULCH, SOIL))
    assert "worms" in pair["words"]
    assert {"item": SOIL, "sentence": "Mulch keeps the soil moist"} in pair["mentions"]
    assert shell("runs", "--json") == 0
    assert [(one["run"], one["state"]) for one in shell.report["runs"]] == [
        (report["run"], "proposed")
    ]


def test_the_same_look_again_is_the_same_run(shell: Shell) -> None:
    """Proposals that wait are not piled up."""
    assert shell("link", shell.vault, *SCORE, "--json") == 0
    first = shell.report
    assert shell("link", shell.vault, *SCORE, "--json") == 0
    assert shell.report["run"] == first["run"]
    assert shell("link", shell.vault, "--min-score", "0.95", "--json") == 0
    assert shell.report["run"] != first["run"]
    assert shell("show", first["run"], "--json") == 0
    assert {one["state"] for one in shell.report["pairs"]} == {"withdrawn"}


@pytest.mark.parametrize("form", ["--property", "--section"])
def test_every_pair_is_written_to_both_notes_and_undone_to_the_byte(
    shell: Shell, form: str
) -> None:
    """A second reader finds both directions; a second and third run change no byte; undo does."""
    before = tree(shell.vault)
    report = linked(shell, form)
    assert len(report["linked"]) >= 5
    assert_linked_both_ways(shell.vault, ends(report["linked"]))
    assert all(link.target is not None for link in related_links(shell.vault))
    after = tree(shell.vault)
    assert after["Empty.md"] == b""
    assert all(raw.rpartition(b"---")[2] in after[name] for name, raw in before.items())
    for _ in range(2):
        again = linked(shell, form)
        assert (again["state"], again["pairs"], again["run"]) == ("nothing", [], "")
        assert tree(shell.vault) == after
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before
    third = linked(shell, form)
    assert ends(third["linked"]) == ends(report["linked"])
    assert tree(shell.vault) == after


def test_a_run_is_shown_applied_in_part_and_then_wholly(shell: Shell) -> None:
    """Review is per pair: some are turned down, one note's are written first, then the rest."""
    before = tree(shell.vault)
    assert shell("link", shell.vault, *SCORE, "--json") == 0
    run, pairs = shell.report["run"], ends(shell.report["pairs"])
    assert shell("show", run, "--item", SOIL) == 0
    assert '+  - "[[Mulch]]"' in shell.out
    assert shell("link", "reject", "Mulch", COMPOST, "--vault", shell.vault) == 0
    assert shell("apply", run, "--item", "Trains.md", "--json") == 0
    assert set(shell.report["written"]) == {"Trains.md", "Vienna.md"}
    assert shell("apply", run, "--json") == 0
    assert ends(shell.report["linked"]) <= pairs - {(COMPOST, MULCH)}
    assert_linked_both_ways(shell.vault, pairs - {(COMPOST, MULCH)})
    assert (COMPOST, MULCH) not in {(one.note, one.target) for one in related_links(shell.vault)}
    assert linked(shell)["state"] == "nothing"
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def test_a_run_without_the_note_named_or_without_writes_says_so(shell: Shell) -> None:
    """A slip in a note's name is no success, and what was only proposed needs no undo."""
    before = tree(shell.vault)
    assert shell("link", shell.vault, *SCORE, "--json") == 0
    run = shell.report["run"]
    for command in ("show", "apply"):
        assert shell(command, run, "--item", "Trian.md") == 2
        assert f"run {run} has nothing about 'Trian.md'" in shell.err
    assert shell("undo", run, "--yes") == 2
    assert f"run {run} has written nothing" in shell.err
    assert tree(shell.vault) == before


@pytest.mark.parametrize("form", ["--property", "--section"])
@pytest.mark.parametrize("side", [0, 1])
def test_a_link_taken_out_of_one_note_goes_from_the_other_and_stays_away(
    shell: Shell, form: str, side: int
) -> None:
    """Also after one of the two was renamed, in place of being proposed again."""
    linked(shell, form)
    names = ("Mulch", "Soil")
    path = shell.vault / "Garden" / f"{names[side]}.md"
    dash = b'  - "[[' if form == "--property" else b"- [["
    line = dash + names[1 - side].encode() + (b']]"\n' if form == "--property" else b"]]\n")
    replaced(path, line, b"")
    edited = path.read_bytes()
    assert shell("link", shell.vault, *SCORE) == 0
    assert f"you removed the link to {names[1 - side]} from Garden/{names[side]}.md" in shell.err
    report = linked(shell, form)
    assert [one["mend"] for one in report["repairs"]] == ["remove"]
    assert report["pairs"] == []
    assert path.read_bytes() == edited
    pairs = {(one.note, one.target) for one in related_links(shell.vault)}
    assert (MULCH, SOIL) not in pairs
    assert (SOIL, MULCH) not in pairs
    (shell.vault / SOIL).rename(shell.vault / "Earth.md")
    linked(shell, form)
    pairs = {(one.note, one.target) for one in related_links(shell.vault)}
    assert ("Earth.md", MULCH) not in pairs
    assert ("Earth.md", COMPOST) in pairs
    assert linked(shell, form)["state"] == "nothing"
    assert shell("link", "allow", "Earth", "--vault", shell.vault, "--yes") == 0
    assert ends(linked(shell, form)["linked"]) == {("Earth.md", MULCH)}


@pytest.mark.parametrize("edit", [b"", b" And an edit in the text."])
def test_a_rename_repairs_the_other_side_and_only_our_entries(shell: Shell, edit: bytes) -> None:
    """A note that moved, and was edited, is known again; a person's own entry is left alone."""
    linked(shell)
    mulch = shell.vault / MULCH
    replaced(mulch, b"related:\n", b'related:\n  - "[[Soil|by hand]]" # mine\n')
    path = shell.vault / SOIL
    path.write_bytes(path.read_bytes() + edit)
    path.rename(shell.vault / "Earth & more.md")
    report = linked(shell)
    assert report["renamed"] == [{"from": SOIL, "to": "Earth & more.md"}]
    assert {one["mend"] for one in report["repairs"]} == {"retarget"}
    assert b'  - "[[Soil|by hand]]" # mine\n' in mulch.read_bytes()
    assert b"[[Earth & more]]" in mulch.read_bytes()
    assert_linked_both_ways(shell.vault, {(MULCH, "Earth & more.md"), (COMPOST, "Earth & more.md")})
    after = tree(shell.vault)
    assert linked(shell)["state"] == "nothing"
    assert tree(shell.vault) == after


def test_two_notes_that_swap_their_names_keep_their_links(shell: Shell) -> None:
    """Each is known again by the links in it, and every link still means the same note."""
    linked(shell)
    a, b = shell.vault / "Trains.md", shell.vault / MULCH
    trains, mulch = a.read_bytes(), b.read_bytes()
    a.write_bytes(mulch)
    b.write_bytes(trains)
    report = linked(shell)
    assert report["rejected"] == []
    meant = {(one.note, one.target) for one in related_links(shell.vault)}
    assert (MULCH, "Vienna.md") in meant
    assert ("Vienna.md", MULCH) in meant
    assert ("Trains.md", SOIL) in meant
    assert (SOIL, "Trains.md") in meant
    assert linked(shell)["state"] == "nothing"


def test_two_linked_notes_that_swap_their_names_stay_linked(shell: Shell) -> None:
    """A link to a third note that both have does not hide the swap, and is not turned down."""
    assert ends(linked(shell)["linked"]) >= {(COMPOST, SOIL), (COMPOST, MULCH), (MULCH, SOIL)}
    a, b = shell.vault / COMPOST, shell.vault / SOIL
    compost, soil = a.read_bytes(), b.read_bytes()
    a.write_bytes(soil)
    b.write_bytes(compost)
    report = linked(shell)
    assert (report["rejected"], len(report["renamed"])) == ([], 2)
    meant = {(one.note, one.target) for one in related_links(shell.vault)}
    assert {(COMPOST, SOIL), (SOIL, COMPOST), (COMPOST, MULCH), (MULCH, SOIL)} <= meant
    assert not [one for one in meant if one[0] == one[1]]
    assert linked(shell)["state"] == "nothing"


def test_links_taken_out_right_after_they_were_written_stay_away(shell: Shell) -> None:
    """A note whose very bytes of before its links are back, by hand or by git, turned them down."""
    before = (shell.vault / SOIL).read_bytes()
    first = linked(shell)
    pairs = {pair for pair in ends(first["linked"]) if SOIL in pair}
    (shell.vault / SOIL).write_bytes(before)
    again = linked(shell)
    assert {one["item"] for one in again["rejected"]} == {SOIL}
    assert len(again["rejected"]) == len(pairs)
    assert (shell.vault / SOIL).read_bytes() == before
    assert SOIL not in {one.target for one in related_links(shell.vault)}
    assert linked(shell)["state"] == "nothing"


def test_a_deleted_note_leaves_no_dead_link(shell: Shell) -> None:
    """Our entries for it go; what its owner wrote about it stays."""
    linked(shell)
    (shell.vault / SOIL).unlink()
    report = linked(shell)
    assert {one["mend"] for one in report["repairs"]} == {"remove"}
    assert all(one.target is not None for one in related_links(shell.vault))
    assert b"worms, as compost does." in (shell.vault / MULCH).read_bytes()
    assert linked(shell)["state"] == "nothing"


def test_links_of_a_note_without_text_are_looked_after(shell: Shell) -> None:
    """Where only a picture is left of a note, a rename and a deletion still reach its links."""
    linked(shell)
    path = shell.vault / MULCH
    head = path.read_bytes().rpartition(b"---\n")[0] + b"---\n"
    path.write_bytes(head + b"![[heap.png]]\n")
    (shell.vault / SOIL).rename(shell.vault / "Earth.md")
    (shell.vault / COMPOST).unlink()
    report = linked(shell)
    assert MULCH in {one["item"] for one in report["left_alone"]}
    assert {one["mend"] for one in report["repairs"] if one["item"] == MULCH} == {
        "retarget", "remove",
    }  # fmt: skip
    assert b"[[Earth]]" in path.read_bytes()
    assert b"[[Compost]]" not in path.read_bytes()


def test_a_second_note_of_the_same_name_does_not_steal_a_link(shell: Shell) -> None:
    """A link that would mean another note by now gets its whole path."""
    linked(shell)
    (shell.vault / "Soil.md").write_text("Potting mixes, sold in bags.\n")
    report = linked(shell)
    assert {one["text"] for one in report["repairs"]} == {"[[Garden/Soil|Soil]]"}
    assert_linked_both_ways(shell.vault, {(MULCH, SOIL), (COMPOST, SOIL)})


def test_a_link_that_its_owner_moved_into_the_text_is_no_rejection(shell: Shell) -> None:
    """It is the owner's then; the other side stays."""
    linked(shell)
    path = shell.vault / MULCH
    replaced(path, b'  - "[[Soil]]"\n', b"")
    path.write_bytes(path.read_bytes() + b"See [[Soil]].\n")
    report = linked(shell)
    assert (report["rejected"], report["repairs"]) == ([], [])
    assert b"[[Mulch]]" in (shell.vault / SOIL).read_bytes()


def test_a_section_that_cannot_be_is_a_property(shell: Shell) -> None:
    """Behind an open comment nobody would see it: that note gets its links in the property."""
    path = shell.vault / SOIL
    path.write_bytes(path.read_bytes() + b"\n\n%% board settings\n{}\n")
    replaced(path, b"%% board", b"%%\nboard")
    report = linked(shell, "--section")
    assert b"related:\n" in path.read_bytes()
    assert_linked_both_ways(shell.vault, ends(report["linked"]))
    assert linked(shell, "--section")["state"] == "nothing"


def test_links_never_make_a_note_need_work(shell: Shell) -> None:
    """Curate, link in both forms, curate: the second one has nothing to ask."""
    assert shell("curate", shell.vault, "--apply", "--yes", "--json") == 0
    for form in ("--section", "--property"):
        run = linked(shell, form)["run"]
        assert shell("curate", shell.vault, "--yes", "--json") == 0
        assert shell.report["items"]["total"] == 0
        assert shell("undo", run, "--yes") == 0


def test_a_note_edited_between_look_and_apply_is_left_alone_with_its_pairs(shell: Shell) -> None:
    """Neither side is written, the message says what to do, and the next look finds them anew."""
    assert shell("link", shell.vault, *SCORE, "--json") == 0
    run = shell.report["run"]
    replaced(shell.vault / SOIL, b"worms", b"beetles")
    assert shell("apply", run, "--json") == 3
    assert {one["item"] for one in shell.report["problems"]} >= {COMPOST}
    assert "edited since it was read; run `notemill link` again" in shell.err
    assert b"related" not in (shell.vault / SOIL).read_bytes()
    assert not [one for one in related_links(shell.vault) if one.target == SOIL]
    linked(shell)
    assert_linked_both_ways(shell.vault, {(MULCH, SOIL)})


def test_notes_that_may_not_be_written_are_neither_linked_nor_linked_to(shell: Shell) -> None:
    """Broken, read-only notes and templates are left alone, each with its reason; hidden unnamed."""
    replaced(shell.vault / "Trains.md", b"Night", b"---\nnotemill: ignore\n---\nNight")
    replaced(shell.vault / "Yeast.md", b"Wild", b"---\nx: [\n---\nWild")
    if os.name == "posix" and os.geteuid() != 0:
        (shell.vault / SOIL).chmod(0o444)
    (shell.vault / ".obsidian").mkdir()
    (shell.vault / ".obsidian" / "templates.json").write_text('{"folder": "Templates"}')
    write_notes(shell.vault, {"Templates/Soil note.md": "Garden soil, worms, leaves, compost.\n"})
    before = tree(shell.vault)
    report = linked(shell, "--exclude", "Garden/Mulch.md")
    left = {one["item"]: one["message"] for one in report["left_alone"]}
    assert report["excluded"] == 2
    assert MULCH not in shell.out + shell.err
    assert "Trains" not in shell.out + shell.err
    assert "cannot be read" in left["Yeast.md"]
    assert {one for pair in ends(report["linked"]) for one in pair} <= {
        "Sourdough.md", "Rye bread.md", COMPOST, SOIL,
    }  # fmt: skip
    for name in ("Trains.md", "Yeast.md", MULCH, "Templates/Soil note.md"):
        assert tree(shell.vault)[name] == before[name]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_note_whose_name_is_no_utf8_is_neither_linked_nor_linked_to(shell: Shell) -> None:
    """No link can name it; the message says what to do."""
    name = os.fsencode(shell.vault) + b"/caf\xe9.md"
    with open(name, "wb") as file:  # noqa: PTH123  # pathlib takes no bytes
        file.write(b"Coffee grounds feed compost, worms and garden soil with leaves.\n")
    report = linked(shell)
    left = {one["item"]: one["message"] for one in report["left_alone"]}
    assert left.keys() == {"caf\\xe9.md", "Empty.md"}
    assert "rename it" in left["caf\\xe9.md"]
    assert all(one.target is not None for one in related_links(shell.vault))


def test_only_says_which_notes_a_pair_needs_one_of(shell: Shell) -> None:
    """The others wait as they were."""
    report = linked(shell, "--only", "Garden/**")
    assert ends(report["linked"])
    assert all("Garden/" in a + b for a, b in ends(report["linked"]))


def test_a_run_of_links_can_be_forgotten(shell: Shell) -> None:
    """Its reasons go from the disk; what was turned down and what is written stays known."""
    report = linked(shell)
    assert shell("link", "reject", "Yeast", "Sourdough", "--vault", shell.vault) == 0
    assert shell("forget", report["run"], "--yes") == 0
    files = b"".join(path.read_bytes() for path in shell.home.rglob("vault.sqlite3*"))
    assert b"couchettes" not in files
    assert b"carriages" not in files
    after = linked(shell)
    assert {one["mend"] for one in after["repairs"]} == {"remove"}
    assert linked(shell)["state"] == "nothing"


@pytest.mark.parametrize(
    ("vault", "form"),
    [
        ("foam", "--property"),
        pytest.param("foam", "--section", marks=pytest.mark.long),
        pytest.param("logseq-docs", "--property", marks=pytest.mark.long),
    ],
)
def test_links_into_a_real_vault_resolve_both_ways(
    shell: Shell, tmp_path: Path, vault: str, form: str
) -> None:
    """A second reader finds every link, a second run changes nothing, and undo restores all."""
    source = SHARED_VAULTS / vault
    if not source.is_dir():
        pytest.skip(f"there is no {vault} among the shared vaults")
    shell.vault = write_notes(
        tmp_path / "real",
        {
            path.relative_to(source).as_posix(): path.read_bytes()
            for path in source.rglob("*")
            if path.is_file()
        },
    )
    before = tree(shell.vault)
    known = set(related_links(shell.vault))
    assert shell("link", shell.vault, "--apply", "--json", form) == 0, shell.err
    report = shell.report
    assert report["linked"]
    assert_linked_both_ways(shell.vault, ends(report["linked"]))
    assert all(one.target is not None for one in set(related_links(shell.vault)) - known)
    after = tree(shell.vault)
    assert shell("link", shell.vault, "--apply", "--json", form) == 0
    assert tree(shell.vault) == after
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before
