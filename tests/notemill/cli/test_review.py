"""`notemill review`, `accept` and `reject`: without a terminal, and key by key at one."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.proposing import BOTH, RUN, propose, propose_note, states
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("a.md", "b.md", "c.md")
HOSTILE = "<img src=x onerror=alert(1)> \x1b[31m\u202egnp.md"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with three notes, a description and a tag proposed for each: p1 to p6."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.vault = write_notes(tmp_path / "small", {name: f"About {name}.\n" for name in NAMES})
    propose(shell.home, shell.vault, dict.fromkeys(NAMES, BOTH))
    return shell


def there(shell: Shell) -> dict[str, str]:
    """Return where each proposal stands."""
    return states(shell.home, shell.vault)


def decide(shell: Shell, *words: object) -> int:
    """Run a command on the vault."""
    return shell(*words, "--vault", shell.vault)


# -- without a terminal ---------------------------------------------------------------------------


def test_what_waits_is_listed_as_json(shell: Shell) -> None:
    """The list has every open proposal in the order asked for, and the counts over all states."""
    assert decide(shell, "reject", "p2") == 0
    assert decide(shell, "review", "--json", "--by", "value") == 0
    items = shell.report["items"]
    assert [one["id"] for one in items] == ["p1", "p3", "p5", "p4", "p6"]
    assert items[3] == {
        "id": "p4", "kind": "tag", "note": "b.md", "notes": ["b.md"], "value": "garden/soil",
        "replaces": "", "why": "", "confidence": None, "run": items[3]["run"], "state": "pending",
    }  # fmt: skip
    assert shell.report["next"] is None
    assert shell.report["counts"]["pending"] == 5
    assert shell.report["counts"]["rejected"] == 1


def test_new_tags_are_listed_by_run_with_their_notes(shell: Shell) -> None:
    """They stand apart; none are listed where tags are not wanted, or for some notes alone."""
    assert decide(shell, "review", "--json") == 0
    assert shell.report["runs"] == {
        RUN: {"new_tags": [{"tag": "garden/soil", "notes": [*NAMES]}], "new_tags_changed": []}
    }
    for words in (("--kind", "topic"), ("--only", "a.md")):
        assert decide(shell, "review", "--json", *words) == 0
        assert shell.report["runs"] == {}
    assert decide(shell, "reject", "p2", "--never") == 0
    assert decide(shell, "review", "--json") == 0
    assert shell.report["runs"] == {}


def test_the_list_is_narrowed_by_kind_and_note(shell: Shell) -> None:
    """`--kind` and `--only` both have to fit, and the counts are of the same proposals."""
    assert decide(shell, "review", "--json", "--kind", "tag", "--only", "[bc].md") == 0
    assert [one["id"] for one in shell.report["items"]] == ["p4", "p6"]
    assert shell.report["counts"]["pending"] == 2


def test_only_the_accepted_proposals_that_are_named_are_written(shell: Shell) -> None:
    """`apply --id` leaves the others accepted, and goes with no run."""
    assert decide(shell, "accept", "p1", "p3") == 0
    assert decide(shell, "apply", "--id", "p3", "--yes", "--json") == 0
    assert shell.report["written"] == ["b.md"]
    assert (there(shell)["p1"], there(shell)["p3"]) == ("accepted", "applied")
    assert shell("apply", RUN, "--id", "p1") == 2


def test_a_note_that_does_not_exist_is_listed_written_and_removed(shell: Shell) -> None:
    """Its tag waits for it; both are written as one run, whose undo says what it removed."""
    before = tree(shell.vault)
    propose_note(shell.home, shell.vault, "In/New one.md", "# New one\n", *BOTH)
    assert decide(shell, "review", "--json", "--kind", "note") == 0
    (item,) = shell.report["items"]
    assert (item["kind"], item["note"], item["value"], item["why"]) == (
        "note", "In/New one.md", "New one", "a file; 1 kB",
    )  # fmt: skip
    assert decide(shell, "accept", "p8", "p9") == 0
    assert decide(shell, "apply", "--yes") == 0
    assert "2 accepted proposals for notes that are not accepted themselves" in shell.err
    assert tree(shell.vault) == before
    assert decide(shell, "accept", "p7") == 0
    assert decide(shell, "apply", "--yes", "--json") == 0
    assert shell.report["written"] == ["In/New one.md"]
    assert b"garden/soil" in tree(shell.vault)["In/New one.md"]
    assert shell("undo", shell.report["run"], "--yes") == 0
    assert "1 note removed" in shell.out + shell.err
    assert tree(shell.vault) == before


def test_decisions_are_kept_and_change_no_note(shell: Shell) -> None:
    """`accept` and `reject` decide just the proposals named; the notes are as they were."""
    before = tree(shell.vault)
    assert decide(shell, "accept", "p1", "p4", "--json") == 0
    assert [one["id"] for one in shell.report["changed"]] == ["p1", "p4"]
    assert decide(shell, "reject", "p3") == 0
    assert there(shell) == {
        "p1": "accepted", "p2": "pending", "p3": "rejected", "p4": "accepted", "p5": "pending",
        "p6": "pending",
    }  # fmt: skip
    assert tree(shell.vault) == before


def test_never_ends_the_value_for_every_note(shell: Shell) -> None:
    """`reject --never` turns down what waits with the same value, and nothing else."""
    assert decide(shell, "reject", "p2", "--never") == 0
    assert "rejected: 3 proposals" in shell.err
    assert {id_ for id_, state in there(shell).items() if state == "rejected"} == {"p2", "p4", "p6"}


def test_another_value_can_be_accepted(shell: Shell) -> None:
    """`--value` is accepted in place of what was proposed, without its mark."""
    assert decide(shell, "accept", "p2", "--value", "#garden/Worms", "--json") == 0
    assert shell.report["changed"][0]["value"] == "garden/Worms"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("p2", "--value", "two words"), "is not a tag"),
        (("p2", "--value", "2024"), "is not a tag"),
        (("p1", "--value", "See https://example.com/"), "address"),
        (("p1", "--value", "  "), "empty"),
        (("p1", "p2", "--value", "soil"), "a single ID"),
        (("p99",), "no proposal p99"),
        (("last", "p-1", "\x1b[31m"), "no proposal"),
        (("p99999999999999999999999",), "no proposal"),
    ],
)
def test_what_cannot_be_is_refused(shell: Shell, words: tuple[str, ...], said: str) -> None:
    """A value that cannot be written and an id of nothing are errors of usage: nothing is decided."""
    assert decide(shell, "accept", *words) == 2
    assert said in shell.err
    assert "\x1b" not in shell.err
    assert set(there(shell).values()) == {"pending"}


def test_what_a_part_of_the_ids_came_to_is_said(shell: Shell) -> None:
    """Ids of nothing are named beside those that were decided, and the command ends with 3."""
    assert decide(shell, "accept", "p1", "p99", "--json") == 3
    assert [one["id"] for one in shell.report["changed"]] == ["p1"]
    assert shell.report["missing"] == ["p99"]
    assert "p99: there is no such proposal" in shell.err


def test_errors_are_objects_too(shell: Shell) -> None:
    """With `--json` an error is one object on standard output."""
    assert decide(shell, "accept", "p99", "--json") == 2
    assert shell.report["error"]["exit"] == 2


@pytest.mark.parametrize("lines", ["", "a\na\na\n"])
def test_without_a_terminal_nothing_is_decided(shell: Shell, lines: str) -> None:
    """From a pipe or from nothing no key is read: the command says what to use, and ends with 8."""
    shell.patch.setattr(sys, "stdin", io.StringIO(lines))
    assert decide(shell, "review") == 8
    for word in ("--json", "accept", "reject"):
        assert word in shell.err
    assert set(there(shell).values()) == {"pending"}


def test_hidden_notes_are_not_listed_nor_decided(shell: Shell) -> None:
    """Of a note that says so by now nothing is shown, counted or decided, and no id tells of it."""
    (shell.vault / "b.md").write_text("---\nnotemill: ignore\n---\nAbout b.md.\n")
    assert decide(shell, "review", "--json") == 0
    assert {one["note"] for one in shell.report["items"]} == {"a.md", "c.md"}
    assert shell.report["counts"]["pending"] == 4
    assert decide(shell, "accept", "p3") == 2
    assert "no proposal p3" in shell.err
    assert decide(shell, "accept", "p1", "p4", "--json") == 3
    assert shell.report["missing"] == ["p4"]
    assert {id_ for id_, state in there(shell).items() if state != "pending"} == {"p1"}


def test_never_tells_nothing_of_hidden_notes(shell: Shell) -> None:
    """A value that is turned down for good is so for hidden notes, too, which are not named."""
    (shell.vault / "b.md").write_text("---\nnotemill: ignore\n---\nAbout b.md.\n")
    assert decide(shell, "reject", "p2", "--never", "--json") == 0
    assert [one["id"] for one in shell.report["changed"]] == ["p2", "p6"]
    assert "b.md" not in shell.out + shell.err
    assert there(shell)["p4"] == "rejected"


def test_hidden_by_their_path(shell: Shell) -> None:
    """An excluded path hides a note's proposals also when the note is gone."""
    config = shell.vault.parent / "config.toml"
    config.write_text('[notemill]\nexclude = ["b.md"]\n')
    shell.patch.setenv("TWOLANE_CONFIG", str(config))
    (shell.vault / "b.md").unlink()
    assert decide(shell, "review", "--json") == 0
    assert {one["note"] for one in shell.report["items"]} == {"a.md", "c.md"}
    assert decide(shell, "reject", "p3") == 2
    assert there(shell)["p3"] == "pending"
