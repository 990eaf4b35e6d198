"""What a command imports before it knows what it is asked for: little, and nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import EVERYTHING, TOOLS

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = frozenset(
    (
        *("aiohttp", "asyncio", "email", "fastjsonschema", "filelock", "genai_prices", "http"),
        *("importlib.metadata", "logging", "numpy", "orjson", "prompt_toolkit", "regex", "rich"),
        *("scipy", "sqlite3", "ssl", "subprocess", "tempfile", "yaml"),
    )
)
READING = frozenset(
    ("notemill.stores.store", "notemill.vault.note", "twolane.core.types", "twolane.ledger.store")
)
PROGRAM = """
import contextlib, sys
from sys import argv, modules
before = set(modules)
from {tool}.cli import main
for line in argv[1:]:
    sys.argv = line.split()
    with contextlib.suppress(SystemExit):
        main()
print(*sorted(set(modules) - before), file=sys.stderr)
"""


def imported(*lines: str, **environ: str) -> set[str]:
    """Return the modules that commands of one tool import, one after another in one process."""
    program = PROGRAM.format(tool=lines[0].split()[0])
    done = subprocess.run(  # noqa: S603  # this very Python
        [sys.executable, "-c", program, *lines],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout
    return set(done.stderr.split())


def commands_in(modules: set[str]) -> list[str]:
    """Return the modules that hold commands with their flags."""
    return [one for one in modules if one.endswith("_commands")]


@pytest.mark.loopback
@pytest.mark.parametrize("tool", TOOLS)
def test_the_list_of_commands_imports_none_of_them(tool: str) -> None:
    """The help of a tool needs their summaries alone, and nothing heavy."""
    found = imported(f"{tool} --help")
    assert not found & HEAVY
    assert not commands_in(found)


@pytest.mark.loopback
@pytest.mark.parametrize("tool", TOOLS)
def test_a_commands_help_imports_nothing_heavy(tool: str) -> None:
    """The help of a command needs its flags, and nothing of what it does."""
    lines = [" ".join([*one.words, "--help"]) for one in EVERYTHING if one.words[0] == tool]
    found = imported(*lines)
    assert not found & HEAVY
    assert commands_in(found)


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("line", "commands"), [("twolane ex", 0), ("notemill c", 0), ("notemill curate --", 1)]
)
@pytest.mark.parametrize("name", ["bash", "fish", "zsh"])
def test_completing_a_word_imports_nothing_heavy(line: str, commands: int, name: str) -> None:
    """A shell waits for the names of commands and flags: they come without what commands do."""
    tool, *_, begun = line.split()
    number = begun if name == "fish" else str(line.count(" "))
    asked = {f"_{tool.upper()}_COMPLETE": f"{name}_complete", "COMP_WORDS": line}
    found = imported(tool, **asked, COMP_CWORD=number)
    assert not found & HEAVY
    assert len(commands_in(found)) == commands


@pytest.mark.loopback
@pytest.mark.parametrize("tool", TOOLS)
def test_config_opens_and_imports_no_database(tool: str, tmp_path: Path) -> None:
    """The settings and paths are told without what reads ledgers, notes or replies."""
    found = imported(f"{tool} config --json --home {tmp_path}")
    assert not found & {*HEAVY, *READING} - {"tempfile"}  # of platformdirs


@pytest.mark.loopback
def test_completing_a_note_imports_what_a_folder_needs(tmp_path: Path) -> None:
    """The names of notes come without what reads their text, and without the ledger."""
    (tmp_path / "One.md").write_text("Text.\n")
    line = f"notemill link reject --home {tmp_path} --vault {tmp_path} O"
    asked = {"_NOTEMILL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "7"}
    found = imported("notemill", **asked)
    assert not found & {*HEAVY, *READING} - {"sqlite3", "tempfile"}


@pytest.mark.loopback
def test_a_search_for_links_without_many_imports_nothing_that_learns(tmp_path: Path) -> None:
    """What fits weights loads for a third of a second, and is for vaults with links enough."""
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "One.md").write_text("Compost for tomatoes.\n")
    (vault / "Two.md").write_text("Tomatoes want compost. [[One]]\n")
    found = imported(
        f"notemill link {vault} --dry-run --embedding off --json --home {tmp_path / 'home'}"
    )
    assert "scipy.sparse" in found
    assert "scipy.optimize" not in found
