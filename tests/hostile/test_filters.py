"""Patterns of whoever made a vault, or wrote a config: bounded, and nothing is shown for their sake."""

from __future__ import annotations

import json
import os
import time
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.config import load_exclusions
from notemill.errors import NotemillError, VaultSettingsError
from notemill.vault.globs import folded, matcher
from tests.hostile.unfit_files import UNFIT
from tests.notemill.vault.folders import make_vault

if TYPE_CHECKING:
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="no such files there")
# Three folders deep: some expressions are through with one name just within the limit of a look.
BACKTRACKING = "/".join(["a" * 200] * 3) + "!.md"

REFUSED: dict[str, object] = {
    "backtracks within": ["/^(([a-z])+.)+[A-Z]([a-z])+$/"],
    "backtracks ahead": ["/(?=(a|a?a)+!$)/"],
    "counts of counts": ["/(?:(?:a{1,99}){1,99}){1,99}$/"],
    "a thousand million copies": ["/a{1000000000}/"],
    "a number of many digits": ["/a{" + "9" * 900 + "}/"],
    "recursion": ["/(?R)/"],
    "unclosed": ["/(/"],
    "no class": ["/[^]/"],
    "no group": ["/\\k<name>/"],
    "a number": [7],
    "null": [None],
    "a list": [["Private/"]],
    "no list": "Private/",
    "a table": {"Private/": True},
    "true": True,
    "2 MB": ["x" * 2_000_000],
    "a hundred thousand": ["x"] * 100_000,
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_filter_that_cannot_be_evaluated_opens_no_vault(tmp_path: Path, kind: str) -> None:
    """What its owner keeps out may be anything: nothing is read, and the filter is named."""
    settings = {"userIgnoreFilters": REFUSED[kind]}
    files = {".obsidian/app.json": json.dumps(settings).encode(), f"b/{BACKTRACKING}": b""}
    began = time.process_time()
    with pytest.raises(VaultSettingsError, match=r"app\.json") as refused:
        make_vault(tmp_path, files).scan()
    assert time.process_time() - began < 3
    assert refused.value.exit_code == 2
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (["/^(?!Projects)/"], ["Projects/a.md"]),
        (["/(?<what>draft)-\\k<what>/"], ["Projects/a.md", "b.md", "x.md"]),
        (["/\\d+\\.md$/", "/^b/u"], ["Projects/a.md", "b.md", "draft-draft.md", "x.md"]),
        (["/\\u0078\\.md/", "/"], ["Projects/a.md", "b.md", "draft-draft.md"]),
        (["Projects/", ""], ["b.md", "draft-draft.md", "x.md"]),
        (None, ["Projects/a.md", "b.md", "draft-draft.md", "x.md"]),
    ],
)
def test_honest_filters_leave_out_what_they_say(
    tmp_path: Path, filters: object, kept: list[str]
) -> None:
    """Lookaheads, named groups and escapes are as in JavaScript."""
    files = dict.fromkeys(("Projects/a.md", "b.md", "draft-draft.md", "x.md"), b"")
    settings = json.dumps({"userIgnoreFilters": filters}).encode()
    vault = make_vault(tmp_path, {**files, ".obsidian/app.json": settings})
    assert [note.key for note in vault.scan()] == kept


@POSIX
@pytest.mark.parametrize("kind", UNFIT)
def test_settings_that_are_no_file_open_no_vault(tmp_path: Path, kind: str) -> None:
    """A pipe is not waited for; and where the exclusions cannot be read, no note is."""
    root = tmp_path / "vault"
    (root / ".obsidian").mkdir(parents=True)
    UNFIT[kind](root / ".obsidian" / "app.json")
    with pytest.raises(VaultSettingsError, match=r"app\.json"):
        make_vault(tmp_path, {"a.md": b""})


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "5", '{"a":' * 100_000, "[" * 100_000, "\0", "1" * 9_000]
)
def test_settings_that_cannot_be_parsed_open_no_vault(tmp_path: Path, text: str) -> None:
    """Half a file may have had exclusions in its other half."""
    with pytest.raises(VaultSettingsError, match=r"app\.json") as refused:
        make_vault(tmp_path, {".obsidian/app.json": text.encode(), "a.md": b""})
    assert refused.value.exit_code == 2


@POSIX
@pytest.mark.parametrize("kind", [one for one in UNFIT if not one.startswith("a link")])
def test_settings_of_a_plugin_that_are_no_file_are_named(tmp_path: Path, kind: str) -> None:
    """Which notes are templates is then not known, and that is said; nothing hangs."""
    root = tmp_path / "vault"
    (root / ".obsidian/plugins/templater-obsidian").mkdir(parents=True)
    for name in (".obsidian/daily-notes.json", ".obsidian/plugins/templater-obsidian/data.json"):
        UNFIT[kind](root / name)
    vault = make_vault(tmp_path, {"a.md": b""})
    assert [note.key for note in vault.scan()] == ["a.md"]
    assert len([one for one in vault.skipped if "templates are unknown" in one.reason]) == 2


def test_all_settings_together_have_a_bound(tmp_path: Path) -> None:
    """A thousand plugins of megabytes each are not read before every command."""
    large = b'{"templates": [' + b'"t",' * 900_000 + b'"t"]}'
    files = {f".obsidian/plugins/p{one}/data.json": large for one in range(6)}
    vault = make_vault(tmp_path, {**files, "a.md": b""})
    began = time.process_time()
    vault.scan()
    assert time.process_time() - began < 5
    assert any("larger" in one.reason for one in vault.skipped)


GLOBS = [
    "*a" * 400 + "b", "**a" * 300 + "b", "**/a" * 200 + "/b", "?*" * 450, "[a-z]*" * 150 + "9",
    "**/" + "*a" * 400 + "b", "*/" * 400 + "b", "**a*a/" * 150 + "b", "**/*a*a*a*a*b",
]  # fmt: skip
PATHS = ["a" * 4_000, "a/" * 2_000, ("a" * 50 + "/") * 80]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("glob", GLOBS)
def test_no_glob_backtracks(glob: str, wide: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """Whatever its stars, the longest path there is takes less than a second."""
    fits = matcher(glob, wide=wide)
    began = time.process_time()
    assert not any(fits(path) for path in PATHS) or glob.startswith("?*")
    assert time.process_time() - began < 1


def plainly(glob: str, path: str, *, wide: bool) -> bool:
    """Tell whether a glob of letters, `/`, `?`, `*`, `**` and whole `**/` fits, by trying all ways."""

    @cache
    def fits(at: int, begin: int) -> bool:
        rest, left = glob[at:], path[begin:]
        if not rest:
            return left in ("", ".md") * wide + ("",) or left.startswith(
                ("/", ".md/") if wide else "/"
            )
        if rest.startswith("**/"):
            starts = [begin, *(begin + one + 1 for one, char in enumerate(left) if char == "/")]
            return any(fits(at + 3, one) for one in starts)
        if rest.startswith("*"):
            stars = 2 if rest.startswith("**") else 1
            crosses = wide or stars > 1
            reach = len(left) if crosses else len(left.partition("/")[0])
            return any(fits(at + stars, begin + one) for one in range(reach + 1))
        if not left or (rest[0] == "?" and left[0] == "/"):
            return False
        return rest[0] in ("?", left[0]) and fits(at + 1, begin + 1)

    anchored = "/" in glob
    starts = [0] if anchored else [0, *(one + 1 for one, char in enumerate(path) if char == "/")]
    return any(fits(0, one) for one in starts)


_FOLDER = st.lists(st.sampled_from(["a", "b", "?", "*"]), min_size=1, max_size=4).map("".join)


@given(
    st.lists(st.one_of(_FOLDER, st.just("**")), min_size=1, max_size=4).map("/".join),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join),
    st.booleans(),
)
def test_a_glob_fits_what_trying_all_ways_finds(glob: str, path: str, wide: bool) -> None:  # noqa: FBT001
    """Nothing is lost by not coming back to a place: each glob fits what it says."""
    while "***" in glob:
        glob = glob.replace("***", "**")
    assert matcher(glob, wide=wide)(folded(path)) == plainly(glob, path, wide=wide)


@pytest.mark.parametrize(
    "flags", [["x" * 1_001], ["*a" * 10_000], [f"f{one}" for one in range(1_001)]]
)
def test_exclusions_have_a_bound(flags: list[str]) -> None:
    """Each is held against every note, so neither their number nor their length is endless."""
    with pytest.raises(NotemillError, match=r"1,000") as refused:
        load_exclusions(flags, {"TWOLANE_CONFIG": os.devnull})
    assert refused.value.exit_code == 2
    assert len(str(refused.value)) < 300
