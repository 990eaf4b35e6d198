"""`notemill tags review`, `accept`, `reject` and `notemill tidy`: one by one, and all the way back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import curated, tree, write_notes
from tests.twolane.cli.served import served

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [recipe, bread]\n---\nSoup. #recipe/soup\n",
    "two.md": "---\ntags:\n  - Recipe\n  - recipes # mine\n---\nText.\n",
    "three.md": "A #recipe in words, and #soups.\n",
    "four.md": "---\nTag: asdf, breads\nDate: 2021/03/04 # d\nDue: 03/04/2021\n---\nwho:: me\n",
    "bad.md": "---\ntags: [recipes\n---\n",
    "mine.md": "---\nnotemill: ignore\nTag: recipes\n---\n",
}


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault of untidy tags."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "tagged", NOTES)
    return shell


def waiting(shell: Shell) -> dict[str, str | None]:
    """Return the changes that wait."""
    assert shell("tags", "review", shell.vault, "--json") == 0
    return {one["tag"]: one["becomes"] for one in shell.report["changes"]}


def test_every_change_is_shown_with_its_notes(shell: Shell) -> None:
    """Merges, cases and drops with kind, reason and notes; one of them with its diffs."""
    before = tree(shell.vault)
    assert shell("tags", "review", shell.vault) == 0
    assert "merge: #recipes → #recipe (1 note): singular and plural" in shell.out
    assert "drop: #asdf (1 note): used once, and a placeholder rather than a word" in shell.out
    assert waiting(shell) == {
        "recipes": "recipe",
        "Recipe": "recipe",
        "breads": "bread",
        "asdf": None,
    }
    assert shell("tags", "review", shell.vault, "--tag", "recipes") == 0
    assert "+++ two.md" in shell.out
    assert "-  - recipes # mine" in shell.out
    assert tree(shell.vault) == before


def test_one_change_is_accepted_and_undone_by_itself(shell: Shell) -> None:
    """Only the named one is written; the others wait on, and undo gives back the exact bytes."""
    before = tree(shell.vault)
    words = ("tags", "accept", "#asdf", "--vault", shell.vault)
    assert shell(*words) == 8
    assert shell(*words, "--dry-run") == 0
    assert tree(shell.vault) == before
    assert shell(*words, "--yes", "--json") == 0
    run = shell.report["run"]
    after = tree(shell.vault)
    assert {key for key in after if after[key] != before[key]} == {"four.md"}
    assert b"Tag: breads\n" in after["four.md"]
    assert "asdf" not in waiting(shell)
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def test_all_that_waits_is_accepted_as_one_run(shell: Shell) -> None:
    """`--all` carries everything out, nothing waits afterwards, and one undo takes it all back."""
    before = tree(shell.vault)
    assert shell("tags", "accept", "--all", "--vault", shell.vault, "--yes", "--json") == 3
    assert [one["item"] for one in shell.report["left_alone"]] == ["bad.md"]
    assert shell.report["excluded"] == 1
    run = shell.report["run"]
    assert waiting(shell) == {}
    assert tree(shell.vault)["two.md"] == b"---\ntags:\n  - recipe\n---\nText.\n"
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def test_a_rejected_change_never_comes_back(shell: Shell) -> None:
    """Not in review, report, arrangement or the list's application, until it is taken back."""
    words = ("--vault", shell.vault)
    assert shell("tags", "reject", "recipes", "asdf", *words) == 0
    assert "#recipes stays: it does not become #recipe" in shell.err
    assert waiting(shell) == {"Recipe": "recipe", "breads": "bread"}
    assert shell("tags", shell.vault, "--json") == 0
    assert "recipes" not in {one["tag"] for one in shell.report["merges"]}
    assert shell.report["junk"] == []
    (shell.vault / "Tags.md").write_bytes(b"")
    note = ("tags", "vocabulary", shell.vault, "--note", "Tags.md", "--yes")
    assert shell(*note) == 0
    text = (shell.vault / "Tags.md").read_text("utf-8")
    assert "- recipes\n" in text
    assert "- asdf\n" in text
    (shell.vault / "Tags.md").write_text(text.replace("- asdf\n", "- ~~asdf~~\n"), "utf-8")
    assert shell("tags", "apply", "Tags.md", *words, "--yes") == 0
    assert "#asdf stays" in shell.err
    assert b"asdf" in tree(shell.vault)["four.md"]
    assert shell("tags", "reject", "asdf", "--take-back", *words) == 0
    assert waiting(shell) == {"Recipe": "recipe", "asdf": None}


def test_a_pair_can_be_kept_apart_before_anybody_proposes_it(shell: Shell) -> None:
    """`--into` names what a tag shall never become."""
    words = ("tags", "reject", "bread", "--vault", shell.vault)
    assert shell(*words) == 2
    assert "--into TAG rejects" in shell.err
    assert shell("tags", "reject", "bread", "--into", "recipe", "--vault", shell.vault) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("accept", "nowhere"), "nothing is proposed for #nowhere"),
        (("accept",), "name the tags to accept, or use --all"),
        (("reject", "#"), "a tag is missing"),
        (("reject", "x", "--item", "none.md"), "there is no note none.md"),
        (("reject", "a", "b", "--into", "c"), "--into works on"),
    ],
)
def test_what_cannot_be_decided_is_said(shell: Shell, words: tuple[str, ...], said: str) -> None:
    """A decision about nothing is a usage error that says what to do."""
    assert shell("tags", *words, "--vault", shell.vault) == 2
    assert said in shell.err


@pytest.mark.loopback
def test_new_tags_wait_and_are_taken_into_the_list(shell: Shell) -> None:
    """A curation's new tag is listed, accepted into the note, written by apply; forgotten whole."""
    (shell.vault / "Tags.md").write_bytes(b"<!-- notemill: tags -->\n- area\n")
    assert shell("tags", "adopt", "Tags.md", "--vault", shell.vault) == 0
    (shell.vault / "soil.md").write_bytes(
        b"# Garden soil\n\nThe garden soil of the compost heap. Garden soil feeds the worms.\n"
    )
    with served(responder=lambda params: curated(params, tags=["area/soil", "worms"])) as sim:
        for name, value in sim.environment(shell.home).items():
            shell.patch.setenv(name, value)
        run = shell.curate("--apply", "--only", "soil.md", "--max-cost", "1")["run"]
    assert "new tags are not in the vocabulary" in shell.err
    assert shell("tags", "review", shell.vault, "--json") == 0
    news = [one["tag"] for one in shell.report["new_tags"]]
    assert news
    assert shell("show", run) == 0
    assert f"new tag, to be decided: #{news[0]}" in shell.out
    assert shell("tags", "accept", news[0], "--vault", shell.vault, "--yes") == 0
    assert f"notemill apply {run}" in shell.err
    assert news[0].rpartition("/")[2].encode() in tree(shell.vault)["Tags.md"]
    assert shell("apply", run) == 0
    assert news[0] in (shell.vault / "soil.md").read_text("utf-8").split("---")[1]
    for tag in news[1:]:
        assert shell("tags", "reject", tag, "--vault", shell.vault) == 0
    assert shell("forget", run, "--yes") == 0
    kept = b"".join(path.read_bytes() for path in shell.home.rglob("decisions*"))
    assert not any(tag.encode() in kept for tag in news[1:])


def test_offline_the_model_is_not_asked_and_that_is_said(shell: Shell) -> None:
    """Without a key the tags are arranged by the notes they stand in."""
    assert shell("tags", "vocabulary", shell.vault, "--ask-model") == 0
    assert "to ask a model" in shell.err
    assert "- recipe (recipes)\n  - soup\n" in shell.out


def test_what_waits_says_how_many_places_it_waits_for(shell: Shell) -> None:
    """The list counts them, for scripts too; one change names each."""
    (shell.vault / "Cook.md").write_text("See [[recipes]].\n", "utf-8")
    assert shell("tags", "review", shell.vault) == 0
    assert "as #recipe; 1 place would keep its name" in shell.out
    assert shell("tags", "review", shell.vault, "--json") == 0
    places = {one["tag"]: one["places"] for one in shell.report["changes"]}
    assert (places["recipes"], places["asdf"]) == (1, 0)
    assert shell("tags", "review", shell.vault, "--tag", "recipes") == 0
    assert "  link of that name: Cook.md:1: See [[recipes]]." in shell.out


@pytest.mark.loopback
def test_a_model_arranges_the_tags_into_the_note(shell: Shell) -> None:
    """Through HTTP: priced, written on consent, listed, reused by the same command, forgotten."""
    (shell.vault / "Tags.md").write_bytes(b"# Mine\r\n")
    before = tree(shell.vault)
    with served(responder=arranging) as sim:
        for name, value in sim.environment(shell.home).items():
            shell.patch.setenv(name, value)
        words = ("tags", "vocabulary", shell.vault, "--ask-model", "--note", "Tags.md")
        assert shell(*words, "--dry-run") == 0
        assert "price: 1 item" in shell.err
        assert tree(shell.vault) == before
        assert shell(*words, "--max-cost", "1", "--yes", "--json") == 0
        written, (asked,) = shell.report["run"], shell.report["asked"]
        assert asked["items"]["succeeded"] == 1
        assert tree(shell.vault)["Tags.md"].startswith(
            b"# Mine\r\n<!-- notemill: tags -->\r\n- recipe (recipes)\r\n  - soup\r\n"
        )
        assert shell(*words, "--yes", "--json") == 0
        assert shell.report["run"] == ""
        assert shell("runs", "--json") == 0
        assert {one["run"] for one in shell.report["runs"]} == {asked["run"], written}
        assert shell("resume", asked["run"]) == 2
        assert "tags vocabulary --ask-model" in shell.err
    assert shell("undo", written, "--yes") == 0
    assert tree(shell.vault) == before
    assert shell("forget", asked["run"], "--yes") == 0


def arranging(params: Mapping[str, Any]) -> str:
    """File every tag that is asked about below one heading."""
    head, _, rest = str(params["messages"][0]["content"]).partition("\n")
    tags = [line.split(" | ")[0] for line in rest.split("tags:\n")[1].split("\n")]
    entries = [{"tag": tag, "parent": "kitchen", "aliases": []} for tag in tags]
    reply = {"note_ref": head.removeprefix("note_ref: "), "entries": entries}
    return json.dumps({**reply, "dropped": [], "pairs": []})


# -- tidy -----------------------------------------------------------------------------------------


def test_tidy_shows_every_kind_and_writes_nothing(shell: Shell) -> None:
    """Without a kind there is a survey with examples, and what is left with its reason."""
    before = tree(shell.vault)
    assert shell("tidy", shell.vault) == 0
    assert "case: 1 note" in shell.out
    assert "as in four.md: date: 2021/03/04 → 2021-03-04" in shell.out
    assert "may be the 3. of month 4" in shell.out
    assert "bad.md: its frontmatter cannot be read" in shell.out
    assert tree(shell.vault) == before


def test_tidy_writes_the_chosen_kinds_on_consent(shell: Shell) -> None:
    """Kind by kind and note by note; a second time nothing is left to do; undo is exact."""
    before = tree(shell.vault)
    words = ("tidy", shell.vault, "--kind", "dates", "--kind", "case")
    assert shell(*words) == 8
    assert "-Date: 2021/03/04 # d" in shell.err
    assert tree(shell.vault) == before
    assert shell(*words, "--only", "t*.md", "--yes") == 0
    assert "nothing to change" in shell.err
    assert shell(*words, "--yes", "--json") == 0
    run = shell.report["run"]
    assert shell.report["written"] == ["four.md"]
    assert tree(shell.vault)["four.md"] == (
        b"---\ntag: asdf, breads\ndate: 2021-03-04 # d\ndue: 03/04/2021\n---\nwho:: me\n"
    )
    assert tree(shell.vault)["mine.md"] == before["mine.md"]
    assert shell(*words, "--yes") == 0
    assert "nothing to change" in shell.err
    assert shell("runs") == 0
    assert run in shell.out
    assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


def test_a_tidied_note_does_not_need_work_again(shell: Shell) -> None:
    """What notemill brought into form is no change of the owner's."""
    shell.curate("--apply")
    kinds = [word for kind in ("inline", "case", "lists") for word in ("--kind", kind)]
    assert shell("tidy", shell.vault, *kinds, "--yes", "--json") == 0
    run = shell.report["run"]
    assert shell.curate("--apply")["items"]["succeeded"] == 0
    assert shell("undo", run, "--yes") == 0
    assert shell.curate("--apply")["items"]["succeeded"] == 0


def test_tidy_says_what_it_leaves_out_because_it_was_rejected(shell: Shell) -> None:
    """In words and in JSON, and nothing of it is written."""
    before = tree(shell.vault)
    assert shell("review", "--vault", shell.vault, "--kind", "tidy", "--json") == 0
    (row,) = shell.report["items"]
    assert shell("reject", row["id"], "--vault", shell.vault) == 0
    words = ("tidy", shell.vault, "--kind", "dates")
    assert shell(*words, "--yes") == 0
    assert "left out: changes in 1 note that you rejected" in shell.err
    assert shell(*words, "--dry-run", "--json") == 0
    assert (shell.report["notes"], shell.report["rejected"]) == ([], 1)
    assert tree(shell.vault) == before
