"""What bash, at a terminal, makes of the script that lets it complete names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has other terminals")
if sys.platform != "win32":
    from tests.terminal import OnTerminal

if TYPE_CHECKING:
    from pathlib import Path

LEAST = "((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404))"


@pytest.fixture
def bash() -> str:
    """Return the path of a bash that can complete as the script needs it, of 4.4 or later."""
    path = shutil.which("bash")
    if path is None or subprocess.run([path, "-c", LEAST], check=False).returncode:  # noqa: S603
        pytest.skip("there is no bash of 4.4 or later here")
    return path


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("name", "begun"),
    [
        ("My note.md", "My"),
        ("My note.md", "My\\ n"),
        ("My note.md", '"My n'),
        ("My note.md", "'My n"),
        ("It's (mine) $HOME & yours; `id`.md", "It"),
        ("It's (mine) $HOME & yours; `id`.md", '"It'),
        ('A "quoted" * name\\n.md', "A"),
        ("Two, three,.md", "Tw"),
        ("Work/Größe.md", "Wo"),
        ("plain.md", "pl"),
    ],
)
def test_a_name_is_completed_as_one_word(tmp_path: Path, bash: str, name: str, begun: str) -> None:
    """Blanks, quotes, parentheses and dollars arrive in the command as they are in the name."""
    note = tmp_path / "vault" / name
    note.parent.mkdir(parents=True)
    note.write_text("Text.\n")
    tool = tmp_path / "bin" / "notemill"
    tool.parent.mkdir()
    tool.write_text(f"#!{sys.executable}\nfrom notemill.cli import main\nmain()\n")
    tool.chmod(0o700)
    own = {"HOME": str(tmp_path), "TWOLANE_HOME": str(tmp_path / "home"), "PS1": "$ "}
    environment = {**os.environ, **own, "PATH": f"{tool.parent}:{os.environ['PATH']}"}
    shell = OnTerminal([bash, "--norc", "--noprofile", "-i"], environment, 200)
    try:
        shell.type('eval "$(notemill completion bash)"; notemill() { printf "<%s>" "${@:5}"; }\r')
        shell.type(f"cd '{tmp_path}'; clear\r")
        shell.type(f"notemill link reject --vault vault {begun}\t\r")
        shell.read_until(lambda: f"<{name}>" in "".join(shell.screen.lines))
        assert f"<{name}>" in "".join(shell.screen.lines)
    finally:
        shell.kill()
