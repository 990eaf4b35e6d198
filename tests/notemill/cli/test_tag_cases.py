"""What vaults of others held where a change of tags was half done, or did more than it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import tree, write_notes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell; each test writes a vault of its own."""
    return Shell(tmp_path, monkeypatch, capsys)


def vault(shell: Shell, notes: Mapping[str, str | bytes]) -> Path:
    """Write a vault of its own beside the shell's."""
    return write_notes(shell.vault.parent / "cases", notes)


def undone(shell: Shell, before: dict[str, bytes], *runs: str) -> None:
    """See that undoing the runs, the newest first, gives back every byte."""
    for run in reversed(runs):
        assert shell("undo", run, "--yes") == 0
    assert tree(shell.vault.parent / "cases") == before


def test_words_of_hex_digits_are_renamed_everywhere_and_back(shell: Shell) -> None:
    """Counted, renamed and dropped in property and text; the way back is open, and undo exact."""
    where = vault(
        shell,
        {
            "Audit.md": "---\ntags: [c2c, 3d]\n---\nPeers trade by themselves. #C2C\n",
            "Model.md": "Printed in #3D, sold #c2c.\n\n- [ ] ask about #c2c/fees\n",
            "Paint.md": "The wall is #A1B2C3 now.\n",
        },
    )
    before = tree(where)
    assert shell("tags", where, "--json") == 0
    counts = {one["tag"].lower(): one["notes"] for one in shell.report["tags"]}
    assert counts == {"c2c": 2, "3d": 2, "a1b2c3": 1, "c2c/fees": 1}
    assert all(one["hint"] for one in shell.report["junk"])
    assert shell("tags", "rename", "c2c", "trade/c2c", "--vault", where, "--yes", "--json") == 0
    first = shell.report["run"]
    after = tree(where)
    assert after["Audit.md"] == (
        b"---\ntags: [trade/c2c, 3d]\n---\nPeers trade by themselves. #trade/c2c\n"
    )
    assert after["Model.md"] == (
        b"Printed in #3D, sold #trade/c2c.\n\n- [ ] ask about #trade/c2c/fees\n"
    )
    assert shell("tags", "rename", "c2c", "trade/c2c", "--vault", where, "--yes") == 2
    assert tree(where) == after
    assert shell("tags", "drop", "a1b2c3", "--vault", where, "--yes", "--json") == 0
    second = shell.report["run"]
    assert shell("tags", "rename", "trade/c2c", "c2c", "--vault", where, "--yes", "--json") == 0
    undone(shell, before, first, second, shell.report["run"])


def test_a_level_is_taken_away_and_what_becomes_the_same_stands_once(shell: Shell) -> None:
    """Children into their parent, which a list may have already; the same again changes nothing."""
    where = vault(
        shell,
        {
            "Fugue.md": "---\ntags: [music/organ, theory]\n---\nFour voices enter. #music/organ/bach\n",
            "Valve.md": "---\ntags:\n  - music/horn\n  - Music\n---\nThe valve sticks.\n",
        },
    )
    before = tree(where)
    words = (
        "tags",
        "merge",
        "music/organ",
        "music/horn",
        "--into",
        "music",
        "--vault",
        where,
        "--yes",
    )
    assert shell(*words, "--json") == 0
    run = shell.report["run"]
    after = tree(where)
    assert after["Fugue.md"] == (
        b"---\ntags: [music, theory]\n---\nFour voices enter. #music/bach\n"
    )
    assert after["Valve.md"] == b"---\ntags:\n  - Music\n---\nThe valve sticks.\n"
    assert shell(*words) == 2
    assert tree(where) == after
    undone(shell, before, run)


def test_every_casing_of_a_note_is_changed(shell: Shell) -> None:
    """A note that has a tag in two spellings keeps none of the old one."""
    where = vault(
        shell, {"Both.md": "---\ntags: [tea]\n---\n#Tea in the morning, #TEA at night.\n"}
    )
    before = tree(where)
    assert shell("tags", "rename", "TEA", "tea", "--vault", where, "--yes", "--json") == 0
    run = shell.report["run"]
    assert tree(where)["Both.md"] == b"---\ntags: [tea]\n---\n#tea in the morning, #tea at night.\n"
    undone(shell, before, run)


def test_brackets_dates_comments_and_long_lines_stay(shell: Shell) -> None:
    """Only the tag's own bytes change, by a rename as by a curation, whatever stands around it."""
    long = (
        "a/folder/with-a-name-that-goes-on-and-on-for-much-longer-than-any-line-should-be-in-yaml"
    )
    note = (
        f"---\nfrom: [[Someone]]\nsee:\n  -   [[{long}]]\nday: 2025-02-03\n"
        "parts:\n  - one # first\n  - two\ntags: [1999, dn/1☀️, no]\n---\nHerons stand in the weir.\n"
    )
    where = vault(shell, {"Odd.md": note})
    before = tree(where)
    assert shell("tags", "rename", "dn", "d", "--vault", where, "--yes", "--json") == 0
    runs = [shell.report["run"]]
    assert tree(where)["Odd.md"] == note.replace("dn/1", "d/1").encode()
    assert shell("curate", where, "--apply", "--yes", "--json") == 0
    runs.append(shell.report["run"])
    lines = tree(where)["Odd.md"].decode().splitlines()
    kept = [line for line in lines if not line.startswith(("description:", "topics:", "tags:"))]
    assert [line for line in note.splitlines() if not line.startswith("tags:")] == [
        line for line in kept if line in note.splitlines()
    ]
    undone(shell, before, *runs)


def test_line_ends_a_bom_and_a_tag_below_the_fence_stay(shell: Shell) -> None:
    """Curated twice, renamed, dropped and all undone: every line ends as it did, one frontmatter."""
    note = b"\xef\xbb\xbf---\r\ntitle: 'y'\r\ntags:\r\n- w\r\n---\r\n#w \r\n\r\nEels go to the sea to breed.\r\n"
    where = vault(shell, {"Eels.md": note})
    before = tree(where)
    assert shell("curate", where, "--apply", "--yes", "--json") == 0
    runs = [shell.report["run"]]
    assert shell("curate", where, "--apply", "--yes") == 0
    for words in (("rename", "w", "water"), ("drop", "water")):
        assert shell("tags", *words, "--vault", where, "--yes", "--json") == 0
        runs.append(shell.report["run"])
        raw = tree(where)["Eels.md"]
        assert raw.startswith(b"\xef\xbb\xbf---\r\n")
        assert raw.count(b"---\r\n") == 2
        assert raw.count(b"\n") == raw.count(b"\r\n")
        assert b"\r\n---\r\n" in raw
    undone(shell, before, *runs)


def test_one_bad_note_stops_no_change(shell: Shell) -> None:
    """The others are written; each that cannot be read is named with the line, and kept."""
    where = vault(
        shell,
        {
            "Fine.md": "---\ntags: [chess]\n---\nThe endgame is long. #chess\n",
            "Colon.md": "---\nday: 2025-01-01\nOdd: Second: colon\ntags: [chess]\n---\n#chess\n",
            "Form.md": "---\nmade: {{date}}, {{time}}\ntags: [chess]\n---\n#chess\n",
            "Mark.md": "---\naliases:\n- %% none %%\n---\n#chess\n",
        },
    )
    before = tree(where)
    assert shell("tags", "rename", "chess", "games/chess", "--vault", where, "--yes", "--json") == 3
    assert shell.report["written"] == ["Fine.md"]
    messages = {one["item"]: one["message"] for one in shell.report["left_alone"]}
    assert {key: "in line" in said for key, said in messages.items()} == {
        "Colon.md": True, "Form.md": True, "Mark.md": True,
    }  # fmt: skip
    run = shell.report["run"]
    assert {key for key, raw in tree(where).items() if raw != before[key]} == {"Fine.md"}
    undone(shell, before, run)


def test_what_only_looks_like_a_tag_is_left(shell: Shell) -> None:
    """Before an embed, in a label, a callout's title and a query it is one; in other code and links it is not."""
    note = (
        '#fig![[plan.svg]] and <b style="color: #FFEEAA;">bold</b>, the #2 thing, no. #98765\n\n'
        "[[Note#fig]] [t](n.md#fig) [see #fig](u) `#fig` <!-- #fig --> $#fig$ \\#fig https://x.example/#fig\n\n"
        "```dataview\nLIST FROM #fig\n```\n    #fig in code below it\n\n> [!tip] Head #fig\n> ```\n> #fig\n> ```\n"
    )
    where = vault(shell, {"Mixed.md": note})
    before = tree(where)
    assert shell("tags", "rename", "fig", "figure", "--vault", where, "--yes", "--json") == 0
    run = shell.report["run"]
    expected = note.replace("#fig!", "#figure!").replace("see #fig]", "see #figure]")
    expected = expected.replace("FROM #fig\n", "FROM #figure\n")
    assert tree(where)["Mixed.md"].decode() == expected.replace("Head #fig\n", "Head #figure\n")
    undone(shell, before, run)


@pytest.mark.parametrize(
    ("value", "changed"),
    [
        ("tags: oak", "tags: tree/oak"), ("tags: oak, elm", "tags: tree/oak, elm"), ("tags: elm Oak", "tags: elm tree/oak"),
        ("tags: [elm, 'oak']", "tags: [elm, 'tree/oak']"), ('tags: ["#oak"]', 'tags: ["#tree/oak"]'),
        ("tags:\n  - elm\n  - oak # mine", "tags:\n  - elm\n  - tree/oak # mine"), ("TAG: oak", "TAG: tree/oak"),
        ('"tags": [oak]', '"tags": [tree/oak]'), ("tags: >-\n  oak elm", "tags: >-\n  tree/oak elm"),
        ("tags: [[oak, elm]]", None), ("tags: {oak: 1}", None), ("tags:\n  - x: oak", None), ("tags: #oak", None),
        ("tags: elm #oak", None), ("tags: [oak\nx: 1", None), ("tags: [#oak, elm]", None),
    ],
)  # fmt: skip
def test_a_property_is_changed_with_the_text_or_the_note_is_named(
    shell: Shell, value: str, changed: str | None
) -> None:
    """However the tag is written: never is one of the two changed without the other."""
    text = "---\n{}\n---\nUnder the #oak.\n"
    where = vault(shell, {"Tree.md": text.format(value), "Other.md": "#oak\n"})
    code = shell("tags", "rename", "oak", "tree/oak", "--vault", where, "--yes", "--json")
    if changed is None:
        assert code == 3
        assert [one["item"] for one in shell.report["left_alone"]] == ["Tree.md"]
        assert tree(where)["Tree.md"].decode() == text.format(value)
    else:
        assert code == 0
        assert tree(where)["Tree.md"].decode() == text.format(changed).replace(
            "#oak.", "#tree/oak."
        )
    assert tree(where)["Other.md"] == b"#tree/oak\n"
