"""The table of kinds in SECURITY.md and the tests that it names."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\|.*`tests/[\w/]+\.py`", line)
]


def test_every_kind_names_a_test_that_is_there() -> None:
    """Each row of the table says what happens, and names test files of this project."""
    assert ROWS
    for kind, happens, tests in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)`", tests)
        assert kind
        assert happens
        assert named
        assert all((ROOT / name).is_file() for name in named), tests


def test_every_hostile_test_is_in_the_table() -> None:
    """No test of hostile input is missing from the table that readers go by."""
    named = {name for row in ROWS for name in re.findall(r"`(tests/[\w/]+\.py)`", row[2])}
    there = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/hostile").glob("test_*.py")
    }
    assert there - {"tests/hostile/test_table.py"} <= named
