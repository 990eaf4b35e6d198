"""The command `notemill` without a key: what it says, writes and ends with."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from notemill.cli import main
from tests.notemill.workflows.notes import many, tree, write_notes
from twolane.ledger import Ledger
from twolane.ledger.transfer import export_state, import_state

SHARED_VAULTS = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "vaults"
NOTES: dict[str, str | bytes] = {
    **many(6),
    "Garden/soil.md": "# Soil\n\nThe compost heap feeds the garden soil. Worms do the work.\n",
    "mine.md": "---\ndescription: Mine, by hand.\ntags: [own]\n---\nWords of my own.\n",
    "bad.md": "---\ntags: [a\n---\nText.\n",
    "empty.md": "",
}


class Shell:
    """Runs commands in this process, each with a whole environment of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: Any) -> None:  # noqa: ANN401
        """Take a vault's folder away from every setting of this machine."""
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
                patch.delenv(name)
        self.home = folder / "home"
        self.vault = write_notes(folder / "vault", NOTES)
        patch.setenv("TWOLANE_HOME", str(self.home))
        patch.setenv("TWOLANE_CONFIG", os.devnull)
        # To load the model takes longer than what most tests do with it.
        patch.setenv("NOTEMILL_EMBEDDING", "off")
        self.patch, self._capture = patch, capture
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        """Run a command; return its exit code, and keep what it printed.

        A curation is of the notes alone: no vocabulary is proposed before it.
        """
        if words[:1] == ("curate",):
            words = (*words, "--no-vocabulary")
        self.patch.setattr(sys, "argv", ["notemill", *map(str, words)])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self.out, self.err = self._capture.readouterr()
        assert "Traceback" not in self.err
        return int(ended.value.code or 0)

    @property
    def report(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1
        value: dict[str, Any] = json.loads(self.out)
        return value

    def curate(self, *words: object) -> dict[str, Any]:
        """Curate the vault to the end; return the report."""
        code = self("curate", self.vault, "--yes", "--json", *words)
        assert code == 0, self.err
        return self.report


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault and no key."""
    return Shell(tmp_path, monkeypatch, capsys)


# -- the main job ---------------------------------------------------------------------------------


def test_without_a_key_it_works_offline_and_says_so(shell: Shell) -> None:
    """No key is no error: notes are described out of themselves, for nothing."""
    report = shell.curate("--apply")
    assert "provider: offline" in shell.err
    assert "ANTHROPIC_API_KEY" in shell.err
    assert report["cost"]["actual_usd"] == "0"
    assert "description: " in (shell.vault / "Garden" / "soil.md").read_text("utf-8")


def test_a_vault_goes_through_proposals_diff_apply_and_undo(shell: Shell) -> None:
    """Nothing is written before `apply`, `show` tells what will be, and `undo` restores it all."""
    before = tree(shell.vault)
    run = shell.curate()["run"]
    assert tree(shell.vault) == before
    assert f"notemill apply {run}" in shell.err
    assert shell("show", run) == 0
    assert "+++ Garden/soil.md" in shell.out
    assert "+description: " in shell.out
    assert "would replace: Mine, by hand." in shell.out
    assert tree(shell.vault) == before
    assert shell("apply", run) == 0
    assert f"notemill apply {run} --replace" in shell.err
    after = tree(shell.vault)
    assert after.keys() == before.keys()
    assert after["bad.md"] == before["bad.md"]
    assert b"description: Mine, by hand." in after["mine.md"]
    assert shell.curate()["items"]["total"] == 1
    assert "nothing to do" in shell.err
    shell.patch.chdir(shell.vault)
    assert shell("undo", run) == 0
    assert tree(shell.vault) == before


def test_undo_of_one_note_and_of_an_edited_one(shell: Shell) -> None:
    """`--item` restores one; an edited note is named, left alone, and makes the exit code 3."""
    run = shell.curate("--apply")["run"]
    assert shell("undo", run, "--item", "n001.md", "--yes") == 0
    assert (shell.vault / "n001.md").read_text("utf-8") == many(2)["n001.md"]
    edited = shell.vault / "n002.md"
    edited.write_text(edited.read_text("utf-8") + "More.\n", "utf-8")
    assert shell("undo", run, "--yes") == 3
    assert "n002.md: " in shell.err
    assert edited.read_text("utf-8").endswith("More.\n")
    assert shell("undo", run, "--item", "nowhere.md") == 2


def test_json_is_one_object_with_the_keys_of_the_contract(shell: Shell) -> None:
    """Scripts find what they were promised, and everything else is on standard error."""
    report = shell.curate()
    assert report.keys() >= {
        "run", "kind", "state", "items", "lanes", "cost", "failures", "duration_s",
    }  # fmt: skip
    assert report["kind"] == "curate"
    assert report["state"] == "done"
    items = report["items"]
    assert {
        "total", "succeeded", "failed", "canceled", "skipped", "conflict", "quarantined",
        "uncertain",
    } <= items.keys()  # fmt: skip
    assert items["total"] == 9
    assert (items["succeeded"], items["skipped"]) == (8, 1)
    assert sum(items.values()) - items["total"] - items["uncertain"] == items["total"]
    assert report["lanes"]["realtime"].keys() == {"items", "cost_usd"}
    assert report["lanes"]["batch"].keys() == {"items", "batches", "cost_usd"}
    assert sum(lane["items"] for lane in report["lanes"].values()) == 8
    assert report["cost"].keys() >= {
        "estimated_usd", "actual_usd", "all_realtime_usd", "saved_usd",
    }  # fmt: skip
    (failure,) = report["failures"]
    assert failure.keys() == {"item", "custom_id", "kind", "message", "retryable"}
    assert failure["item"] == "bad.md"


def test_without_anybody_to_ask_it_waits_after_the_first_stage(shell: Shell) -> None:
    """Exit 8 names the command that goes on, and that one finishes."""
    assert shell("curate", shell.vault, "--apply") == 8
    assert "verified: 2 results" in shell.err
    (line,) = [one for one in shell.err.splitlines() if one.strip().startswith("notemill resume")]
    assert shell(*line.split()[1:], "--apply", "--json") == 0
    assert shell.report["items"]["succeeded"] == 8


def test_a_dry_run_leaves_no_run(shell: Shell) -> None:
    """It shows what would be sent, and nothing is."""
    before = tree(shell.vault)
    assert shell("curate", shell.vault, "--dry-run", "--json", "--only", "Garden/*") == 0
    assert shell.report["items"] == 1
    assert "title: soil" in shell.err
    assert tree(shell.vault) == before
    assert shell("runs", "--json") == 0
    assert shell.report == {"runs": []}


def test_a_dry_run_shows_the_request_whole_without_a_key(shell: Shell) -> None:
    """The system prompt, the schema, the cache's mark and the note_ref line are all there."""
    words = ("curate", shell.vault, "--dry-run", "--provider", "anthropic", "--json")
    assert shell(*words) == 0
    body = shell.report["request"]["body"]
    assert body["system"]
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert body["messages"][0]["content"].startswith("note_ref: ")
    for part in ('"system": ', "json_schema", "note_ref: "):
        assert part in shell.err
    assert not (shell.home / "ledger.sqlite3").exists()
    assert shell("curate", shell.vault, "--provider", "anthropic", "--yes") == 2
    assert "ANTHROPIC_API_KEY" in shell.err


def test_a_deadline_covers_a_curation_with_all_its_stages(shell: Shell) -> None:
    """`--by` counts from the command on, over all stages, and the report says whether it held."""
    assert shell("curate", shell.vault, "--by", "45m", "--yes", "--review", "--json") == 0
    assert shell.report["deadline"]["held"] is True


def test_both_lanes_and_stages_give_the_same_notes(tmp_path: Path, shell: Shell) -> None:
    """Real time, batches and every kind of stage write the same bytes."""
    found = []
    for number, words in enumerate(
        (["--lane", "realtime"], ["--lane", "batch", "--batch-size", "3"], ["--stages", "2,6"])
    ):
        shell.vault = write_notes(tmp_path / f"v{number}", NOTES)
        shell.curate("--apply", *words)
        found.append(tree(shell.vault))
    assert found[0] == found[1] == found[2]


def test_a_run_canceled_from_outside_is_begun_anew(shell: Shell) -> None:
    """`cancel` is carried out by the next command on the run; then the vault is free again."""
    shell("curate", shell.vault)
    (line,) = [one for one in shell.err.splitlines() if one.strip().startswith("notemill resume")]
    run = line.split()[2]
    assert shell("cancel", run) == 0
    assert shell("curate", shell.vault, "--yes") == 4
    assert shell.curate()["items"]["succeeded"] == 6


def test_one_note_of_a_run_can_be_canceled(shell: Shell) -> None:
    """It is not sent, not written and counted; a note that is not there is named."""
    shell("curate", shell.vault)
    (line,) = [one for one in shell.err.splitlines() if one.strip().startswith("notemill resume")]
    run = line.split()[2]
    assert shell("show", run, "--json") == 0
    seen = {one["note"] for one in shell.report["proposals"]}
    left = next(name for name in many(6) if name not in seen)
    assert shell("cancel", run, "--item", left) == 0
    assert shell("cancel", run, "--item", "nowhere.md") == 2
    assert shell("curate", shell.vault, "--apply", "--yes", "--json") == 4
    report = shell.report
    assert report["run"] == run
    assert report["items"]["canceled"] == 1
    assert (shell.vault / left).read_text("utf-8") == many(6)[left]


def test_resume_of_a_run_that_has_ended_applies_what_waits(shell: Shell) -> None:
    """`resume --apply` asks nothing again and writes the proposals."""
    run = shell.curate()["run"]
    assert shell("resume", run, "--apply", "--json") == 0
    assert shell.report["items"]["succeeded"] == 8
    assert "description: " in (shell.vault / "n000.md").read_text("utf-8")


def test_curate_with_apply_writes_what_an_earlier_curate_proposed(shell: Shell) -> None:
    """Whoever decides to apply after all need not know the run, and nothing is asked again."""
    first = shell.curate()
    assert shell.curate("--apply")["run"] == first["run"]
    assert "description: " in (shell.vault / "n000.md").read_text("utf-8")
    assert shell.curate("--apply")["run"] == ""


def test_runs_and_export_tell_what_there_is(shell: Shell, tmp_path: Path) -> None:
    """Every run is listed with its vault; its answers can be had as lines."""
    run = shell.curate()["run"]
    assert shell("runs") == 0
    assert run in shell.out
    assert shell("export", run, "-o", tmp_path / "o.jsonl") == 0
    assert len((tmp_path / "o.jsonl").read_bytes().splitlines()) == 8


def test_show_survives_notes_that_are_gone_or_broken_by_now(shell: Shell) -> None:
    """What can be shown is shown, and of the others why not."""
    run = shell.curate()["run"]
    (shell.vault / "n000.md").unlink()
    (shell.vault / "n001.md").write_text("---\ntags: [a\n---\nText.\n", "utf-8")
    assert shell("show", run) == 0
    assert "n000.md: " in shell.out
    assert "n001.md: " in shell.out
    assert "+++ n002.md" in shell.out


def test_free_work_is_shown_without_lane_and_price(shell: Shell) -> None:
    """Offline there is nothing to choose and nothing to pay: neither is told."""
    run = shell.curate()["run"]
    assert shell("show", run) == 0
    shown = shell.out + shell.err
    assert "lane" not in shown
    assert "$" not in shown
    assert "proposed: 8 descriptions" in shown
    assert shell("curate", shell.vault, "--dry-run", "--refresh") == 0
    heading = next(line for line in shell.err.splitlines() if "the request for" in line)
    assert heading.endswith("as it would go to offline:")


def test_a_vault_whose_path_looks_like_markup_is_no_trouble(shell: Shell, tmp_path: Path) -> None:
    """Folders may be called what they like, in tables and in headings."""
    shell.vault = write_notes(tmp_path / "[bold]v[" / "x] \U0001f336", {"[/].md": "Words.\n"})
    run = shell.curate("--apply")["run"]
    assert shell("runs") == 0
    assert "\U0001f336" in shell.out
    assert shell("show", run) == 0
    assert shell("curate", shell.vault, "--dry-run", "--refresh") == 0
    assert shell("undo", run, "--yes") == 0


# -- what cannot be -------------------------------------------------------------------------------


def test_a_provider_named_without_its_key_is_a_configuration_error(shell: Shell) -> None:
    """Whoever asks for a model is not quietly given none."""
    assert shell("curate", shell.vault, "--provider", "anthropic") == 2
    assert "ANTHROPIC_API_KEY" in shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--stages", "6,2"], "increasing sizes"),
        (["--stages", "bogus"], "increasing sizes"),
        (["--stages", "bogus", "--dry-run"], "increasing sizes"),
        (["--by", "soon"], "such as 90s, 45m"),
        (["--by-strict"], "give the deadline with --by"),
        (["--lane", "slow"], "slow"),
        (["--limit", "0"], "limit"),
        (["--max-cost", "much"], "--max-cost"),
        (["--max-cost", "-1"], "--max-cost"),
        (["--provider", "nobody"], "nobody"),
        (["--no-such-flag"], "no-such-flag"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    shell: Shell, words: list[str], said: str
) -> None:
    """Exit 2, with the flag named, and no run."""
    assert shell("curate", shell.vault, "--yes", *words) == 2
    assert said in shell.err
    assert "Traceback" not in shell.err
    assert shell("runs", "--json") == 0
    assert shell.report == {"runs": []}


def test_what_is_no_vault_is_refused_with_what_to_do(shell: Shell, tmp_path: Path) -> None:
    """A missing folder, a file, and a folder without notes each end with 7 and a way out."""
    (tmp_path / "nothing").mkdir()
    for path in (tmp_path / "missing", shell.vault / "n000.md", tmp_path / "nothing"):
        assert shell("curate", path) == 7
        assert "name the folder" in shell.err


@pytest.mark.parametrize("command", ["show", "apply", "undo", "resume", "cancel"])
def test_a_run_there_is_not_is_named(shell: Shell, command: str) -> None:
    """A mistyped run ends with a message, not with a traceback."""
    assert shell(command, "curate-20260101-nothing") in (2, 7)
    assert "curate-20260101-nothing" in shell.err


def test_a_run_whose_vault_is_gone_says_so(shell: Shell) -> None:
    """The folder is named, so that it can be put back."""
    run = shell.curate()["run"]
    shell.vault.rename(shell.vault.with_name("moved"))
    assert shell("apply", run) == 7
    assert str(shell.vault) in shell.err


# -- demo and real vaults -------------------------------------------------------------------------


@pytest.mark.long
def test_the_demo_shows_three_notes_and_takes_everything_back(shell: Shell, tmp_path: Path) -> None:
    """Before and after of three notes and of the graph, all identical to the sample afterwards."""
    folder = tmp_path / "demo"
    assert shell("demo", folder, "--home", tmp_path / "demo-home") == 0
    assert shell.err == ""
    after = shell.out.split("Three notes, before and after")[1]
    assert after.count("\n+++ ") == 3
    graph = after.split("The graph, before and after")[1].split("\n\n")[0]
    counts = {
        name.strip(): (int(old), int(new))
        for name, old, new in re.findall(r"^ (.*\S) +(\d+) +(\d+) *$", graph, re.MULTILINE)
    }
    assert counts["notes with a description"][1] > 10 * counts["notes with a description"][0]
    assert counts["notes with tags"][1] > counts["notes with tags"][0]
    assert counts["pairs of linked notes"][1] >= counts["pairs of linked notes"][0] + 30
    for name in ("notes that share neither link nor tag", "parts not connected by links or tags"):
        assert counts[name][1] < counts[name][0] / 2
    assert re.search(r"notes with claude-\S+: \$0\.\d+ in batches, \$0\.\d+ in real time", after)
    restored = after.split(" are identical to the sample vault")[0].splitlines()[-1]
    same, total = restored.split(" of ")
    assert same == total
    assert int(total) > 100
    assert shell("demo", folder, "--home", tmp_path / "demo-home") == 2


def properties(raw: bytes) -> dict[str, Any]:
    """Read a note's frontmatter with a reader that is not ours."""
    text = raw.decode("utf-8").removeprefix("\ufeff")
    lines = text.split("\n")
    end = next(n for n, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    value = yaml.safe_load("\n".join(lines[1:end]))
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("name", [pytest.param("foam", marks=pytest.mark.long), "kepano"])
def test_a_real_vault_is_curated_readably_and_restored_to_the_byte(
    shell: Shell, tmp_path: Path, name: str
) -> None:
    """Every frontmatter that was written is read by another parser, and undo leaves no trace."""
    if not (SHARED_VAULTS / name).is_dir():
        pytest.skip(f"the vault {name} is not beside this checkout")
    shell.vault = Path(shutil.copytree(SHARED_VAULTS / name, tmp_path / name, symlinks=True))
    before = tree(shell.vault)
    report = shell.curate("--apply")
    after = tree(shell.vault)
    assert after.keys() == before.keys()
    changed = [key for key in before if after[key] != before[key]]
    assert report["items"]["succeeded"] >= len(changed) > 10
    for key in changed:
        assert key.endswith(".md")
        found = properties(after[key])
        assert {"description", "tags", "topics"} & found.keys()
        if before[key].startswith(b"---"):
            old = properties(before[key])
            assert all(found[one] == old[one] for one in old.keys() - {"tags", "topics"})
    assert shell.curate("--apply")["items"]["succeeded"] == 0
    assert shell("undo", report["run"], "--yes") == 0
    assert tree(shell.vault) == before


def kept(home: Path) -> bytes:
    """Return everything in the state folder but what can be made again from the notes."""
    files = (one for one in home.rglob("*") if one.is_file() and "derived" not in one.name)
    return b"".join(one.read_bytes() for one in files)


def test_a_forgotten_run_is_in_no_file_and_costs_nothing_again(shell: Shell) -> None:
    """Prompts, proposals and the bytes for undo are gone; the notes and their standing stay."""
    run = shell.curate("--apply")["run"]
    after = tree(shell.vault)
    assert run.encode() in kept(shell.home)
    assert shell("forget", run) == 8
    assert "What the runs wrote can then no longer be undone" in shell.err.replace("\n", " ")
    assert shell("forget", run, "--yes") == 0
    left = kept(shell.home)
    assert run.encode() not in left
    assert b"Worms do the work" not in left
    assert tree(shell.vault) == after
    assert shell("undo", run, "--yes") == 2
    assert shell.curate()["items"]["succeeded"] == 0
    assert "nothing to do" in shell.err


def test_an_unfinished_run_is_not_forgotten(shell: Shell) -> None:
    """What paused is refused, and told how it ends."""
    assert shell("curate", shell.vault, "--json") == 8
    run = shell.report["run"]
    assert shell("forget", run, "--yes") == 7
    assert f"finish it (`resume {run}`), or cancel it" in shell.err
    assert shell("resume", run, "--yes") == 0


def test_a_run_over_a_vault_that_is_gone_can_be_forgotten(shell: Shell) -> None:
    """Forgetting needs neither the vault nor its path."""
    run = shell.curate("--apply")["run"]
    shell.vault.rename(shell.vault.with_name("elsewhere"))
    assert shell("forget", run, "--yes") == 0
    assert run.encode() not in kept(shell.home)


def test_a_run_that_a_process_works_on_is_not_forgotten(shell: Shell) -> None:
    """A vault's locks hold for forgetting as well."""
    run = shell.curate("--apply")["run"]
    for name in ("curate.lock", "writer.lock"):
        (path,) = shell.home.glob(f"vaults/*/{name}")
        with FileLock(path):
            assert shell("forget", run, "--yes") == 7
        assert "wait for it, or stop it" in shell.err
    assert shell("show", run) == 0


def test_a_vaults_proposals_move_with_its_run(shell: Shell, tmp_path: Path) -> None:
    """A stage that waits is looked at and gone on with on the other computer, and not here."""
    assert shell("curate", shell.vault, "--json") == 8
    run = shell.report["run"]
    ledger = Ledger(shell.home / "ledger.sqlite3")
    export_state(ledger, tmp_path / "state", now=1.8e9)
    ledger.close()
    assert shell("resume", run, "--yes") == 7
    assert "handed over with the export state" in shell.err
    assert shell("curate", shell.vault, "--yes") == 7
    assert shell("runs") == 0
    assert "handed over" in shell.out
    there = tmp_path / "there"
    import_state(tmp_path / "state", there / "ledger.sqlite3")
    shell.patch.setenv("TWOLANE_HOME", str(there))
    assert shell("show", run, "--json") == 0
    assert shell.report["proposals"]
    assert shell("resume", run, "--yes", "--apply", "--json") == 0
    assert shell.report["state"] == "done"
    assert "description: " in (shell.vault / "Garden" / "soil.md").read_text("utf-8")
