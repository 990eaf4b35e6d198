"""Marks in notes: whoever wrote them there, they decide nothing that the vault's owner did not."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.errors import MalformedNoteError
from notemill.stores.decisions import Decisions
from notemill.stores.store import FILE, Store
from notemill.tagging.taglist import (
    Entry,
    Vocabulary,
    differences,
    read_vocabulary,
    with_entries,
)
from notemill.vault.marks import RELATED_BEGIN, RELATED_END, TAGS_BEGIN, tag_list
from notemill.vault.note import parse
from notemill.vault.region import is_damaged
from notemill.vault.related import Form, LinkChanges, LinkStyle, edit_links, link_entries, link_text
from notemill.vault.resolve import Names
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

LIST = (
    "<!-- notemill: tags -->\n- pwned (soup, bread)\n- ~~dinner~~\n<!-- notemill: end of tags -->\n"
)
MINE = "<!-- notemill: tags -->\n- food\n  - soup (broth)\n<!-- notemill: end of tags -->\n"
NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [soup, dinner]\n---\nLeek soup with bread.\n",
    "two.md": "---\ntags:\n  - broth\n---\nA broth of bones, for dinner.\n",
    "three.md": "Rye bread keeps for a week. #bread\n",
}


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault of food, and no vocabulary."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "food", NOTES)
    return shell


def clip(shell: Shell, key: str, text: str) -> None:
    """Put a note into the vault that nobody has read."""
    write_notes(shell.vault, {key: text})


def others(shell: Shell, *keys: str) -> dict[str, bytes]:
    """Return every note of the vault but those."""
    return {key: raw for key, raw in tree(shell.vault).items() if key not in keys}


def through_everything(shell: Shell) -> None:
    """Run each command that writes tags, as one who says yes to all."""
    shell.curate("--apply")
    assert shell("tags", "accept", "--all", "--vault", shell.vault, "--yes") == 0


# -- the vocabulary -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Clippings/recipe.md", "Tags.md", "a.md"])
def test_a_clipped_page_is_no_vocabulary(shell: Shell, key: str) -> None:
    """Its list retags nothing and is named; the notes end as beside the same page without marks."""
    clip(shell, key, LIST)
    through_everything(shell)
    assert f"{key} is marked as a vocabulary but is not used" in shell.err
    assert f"notemill tags adopt {key}" in shell.err
    marked = others(shell, key)
    assert not any(b"pwned" in raw for raw in marked.values())
    write_notes(shell.vault, {**NOTES, key: LIST.replace("notemill", "notebill")})
    shell.patch.setenv("TWOLANE_HOME", str(shell.home / "another"))
    through_everything(shell)
    assert others(shell, key) == marked


def test_three_clipped_lists_beside_the_owners_change_nothing(shell: Shell) -> None:
    """The note that was named decides, wherever the others stand in the order."""
    write_notes(shell.vault, {"M/Tags.md": MINE})
    assert shell("tags", "adopt", "M/Tags.md", "--vault", shell.vault) == 0
    assert "#broth becomes #food/soup" in shell.err
    for key in ("A.md", "M/A.md", "Z.md"):
        clip(shell, key, LIST)
    assert shell("tags", "review", shell.vault, "--json") == 0
    assert {one["tag"]: one["becomes"] for one in shell.report["changes"]} == {"broth": "food/soup"}
    assert shell.err.count("is not used") == 3
    assert shell("tags", "accept", "--all", "--vault", shell.vault, "--yes") == 0
    assert b"- food/soup\n" in (shell.vault / "two.md").read_bytes()
    assert (shell.vault / "one.md").read_bytes() == str(NOTES["one.md"]).encode()


def test_on_another_computer_the_list_waits_to_be_adopted(shell: Shell) -> None:
    """A store that knows nothing yet takes no list by itself, not with --yes; one word takes it."""
    (shell.vault / "Tags.md").write_text("# Mine\n")
    assert shell("tags", "vocabulary", shell.vault, "--note", "Tags.md", "--yes") == 0
    shell.patch.setenv("TWOLANE_HOME", str(shell.home / "second"))
    assert shell("tags", "review", shell.vault) == 0
    assert "Tags.md is marked as a vocabulary but is not used" in shell.err
    before = (shell.vault / "Tags.md").read_bytes()
    shell.curate("--apply", "--only", "Tags.md")
    assert shell("tags", "adopt", "Tags.md", "--vault", shell.vault, "--json") == 0
    assert shell.report["note"] == "Tags.md"
    assert "Tags.md now holds the vocabulary" in shell.err
    assert (
        before.splitlines()[1:]
        == (shell.vault / "Tags.md").read_bytes().splitlines()[-len(before.splitlines()) + 1 :]
    )
    assert shell("tags", "review", shell.vault) == 0
    assert "is not used" not in shell.err


def test_a_change_of_the_owners_list_is_named_before_it_is_carried_out(shell: Shell) -> None:
    """Whoever made it: review and accept say what the list decides otherwise, until it is taken."""
    (shell.vault / "Tags.md").write_text(MINE)
    assert shell("tags", "adopt", "Tags.md", "--vault", shell.vault) == 0
    (shell.vault / "Tags.md").write_text(MINE.replace("(broth)", "(broth, dinner)\n- ~~bread~~"))
    for words in (("review", shell.vault), ("accept", "dinner", "--vault", shell.vault, "--yes")):
        assert shell("tags", *words) == 0
        assert (
            "Tags.md has changed since you adopted it:\n  #dinner becomes #food/soup\n" in shell.err
        )
        assert "  #bread is struck out\n" in shell.err
    assert shell("tags", "adopt", "Tags.md", "--vault", shell.vault) == 0
    assert shell("tags", "review", shell.vault) == 0
    assert "has changed since you adopted it" not in shell.err


def test_a_vocabulary_that_was_moved_holds_until_its_owner_says_where_it_is(shell: Shell) -> None:
    """A renamed note is asked about, and a clipped one in its place decides nothing meanwhile."""
    (shell.vault / "Tags.md").write_text(MINE)
    assert shell("tags", "adopt", "Tags.md", "--vault", shell.vault) == 0
    (shell.vault / "Tags.md").rename(shell.vault / "Words.md")
    clip(shell, "Clip.md", LIST)
    assert shell("tags", "review", shell.vault, "--json") == 0
    assert [one["tag"] for one in shell.report["changes"]] == ["broth"]
    assert "Tags.md held the vocabulary but has no list now" in shell.err
    assert "notemill tags adopt Words.md" in shell.err
    assert shell("tags", "adopt", "Words.md", "--vault", shell.vault) == 0
    assert "instead of Tags.md" in shell.err
    assert shell("tags", "review", shell.vault, "--json") == 0
    assert [one["tag"] for one in shell.report["changes"]] == ["broth"]


def test_naming_a_note_without_agreeing_adopts_nothing(shell: Shell) -> None:
    """A rehearsal and a no leave the store as it was."""
    clip(shell, "Clip.md", LIST)
    shell("tags", "apply", "Clip.md", "--vault", shell.vault, "--dry-run")
    assert shell("tags", "apply", "Clip.md", "--vault", shell.vault) == 8
    shell("tags", "vocabulary", shell.vault, "--note", "Clip.md", "--dry-run")
    assert shell("tags", "vocabulary", shell.vault, "--note", "Clip.md") == 8
    assert "#soup becomes #pwned" in shell.err
    assert shell("tags", "review", shell.vault) == 0
    assert "Clip.md is marked as a vocabulary but is not used" in shell.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no marks\n", "has no list of tags"),
        ("```\n" + LIST + "```\n", "has no list of tags"),
        ("    " + LIST.replace("\n", "\n    "), "has no list of tags"),
        ("%%\n" + LIST + "%%\n", "has no list of tags"),
        ("$$\n" + LIST + "$$\n", "has no list of tags"),
        ("<!--\n" + LIST, "has no list of tags"),
        ("> " + LIST.replace("\n", "\n> "), "has no list of tags"),
        ("---\nx: |\n  " + LIST.replace("\n", "\n  ") + "\n---\n", "has no list of tags"),
        (LIST.replace("notemill:", "notemill :"), "has no list of tags"),
        (LIST.upper(), "has no list of tags"),
        (LIST + LIST, "line 5: a second list starts or ends here"),
        ("<!-- notemill: tags -->\n" + LIST, "line 2: a second list starts or ends here"),
        (LIST + "<!-- notemill: end of tags -->\n", "line 5: a second list"),
        (LIST.replace("- pwned", "- a b\n- A\n- a\n- pwned"), "line 3: #A is already in line 2"),
    ],
)
def test_only_a_list_that_can_be_read_is_adopted(shell: Shell, text: str, said: str) -> None:
    """Exit 2 with the reason where the marks are an example, doubled, or something else."""
    clip(shell, "Clip.md", text)
    assert shell("tags", "adopt", "Clip.md", "--vault", shell.vault) == 2
    assert said in shell.err
    assert shell("tags", "adopt", "Nowhere.md", "--vault", shell.vault) == 2
    with closing(Store(next(shell.home.rglob(FILE)))) as store:
        assert Decisions(store).adopted().note == ""


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_a_list_is_found_whatever_stands_around_it(ending: str) -> None:
    """An example before it, a BOM, spaces around its marks, any line ending."""
    text = f"---\na: 1\n---\n```\n{LIST}```\n\n  <!-- notemill: tags --> \n- food\n".replace(
        "\n", ending
    )
    assert read_vocabulary(text).entries == (Entry("food"),)
    added = with_entries(text, [Entry("wine", ("wines",))], frozenset())
    assert added == f"{text}- wine (wines){ending}"


@pytest.mark.parametrize(
    "name",
    ["<!-- notemill: end of tags -->", "a\n- b", "~~a", "%%", "`", "<!--", "$$", "a) (b", "\x00"],
)
def test_what_is_written_into_a_list_never_ends_it(name: str) -> None:
    """A tag, spelling or reason with markup in it is left out, or loses it."""
    entries = [Entry(name), Entry(name, dropped=True), Entry("wine", (name,)),
               Entry("beer", dropped=True, reason=name)]  # fmt: skip
    text = with_entries(MINE, entries, frozenset())
    read = read_vocabulary(text)
    assert read.problems == ()
    assert {one.tag for one in read.entries} - {name} == {"food", "food/soup", "wine", "beer"}
    assert text.endswith("<!-- notemill: end of tags -->\n")


def test_what_another_list_decides_is_told_tag_by_tag() -> None:
    """Spellings, drops and tags, whether they come, go or change."""
    before = Vocabulary((Entry("a", ("b", "c")), Entry("d", dropped=True), Entry("e"), Entry("f")))
    after = Vocabulary((Entry("A", ("b",)), Entry("g", ("c",)), Entry("e", dropped=True)))
    assert differences(before, before) == ()
    assert set(differences(before, after)) == {
        "#c becomes #g", "#e is struck out", "#d is struck out no more", "#g is new", "#f is gone",
    }  # fmt: skip


# -- the list of related notes --------------------------------------------------------------------


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize(
    "name",
    [
        RELATED_BEGIN,
        RELATED_END,
        TAGS_BEGIN,
        "a\n" + RELATED_END,
        "]] " + RELATED_END,
        "%%",
        "```",
        "<!--",
    ],
)
def test_no_name_of_a_note_makes_a_mark(name: str, form: Form) -> None:
    """A link to a note that is called like a mark ends no list, hides none and begins none."""
    key = f"{name}.md"
    text = link_text(Names([key, "A.md"]), key, source="A.md", form=form, style=LinkStyle())
    if text is None:
        return
    raw = edit_links(b"Text.\n", LinkChanges(add=(text, "[[B]]")), form)
    note = parse(raw)[0]
    assert [one.text for one in link_entries(note)] == [text, "[[B]]"]
    assert tag_list(note.reading) == ([], [])
    assert note.body.count(RELATED_BEGIN) == (form is Form.SECTION)
    removed = edit_links(raw, LinkChanges(remove=(text, "[[B]]")), form)
    assert parse(removed)[0].body == "Text.\n"


@given(
    st.lists(
        st.sampled_from([RELATED_BEGIN, RELATED_END, "- [[Soil]]", "```", "%%", "> x", "", "\r"])
    )
)
def test_a_list_of_related_notes_is_one_or_none(lines: list[str]) -> None:
    """However its marks stand, what is added comes into the one list, or the note is left."""
    raw = "\n".join(lines).encode()
    damaged = is_damaged(parse(raw)[0].reading)
    try:
        after = edit_links(raw, LinkChanges(add=("[[New]]",)), Form.SECTION)
    except MalformedNoteError:
        return
    assert not damaged
    texts = [one.text for one in link_entries(parse(after)[0])]
    assert texts.count("[[New]]") == 1
    assert set(raw.split()) <= set(after.split())
