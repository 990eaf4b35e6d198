"""Ctrl-C, wherever it meets a command."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.notemill.workflows.notes import tree, write_notes
from twolane.front.command import finish

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "from notemill.cli import main; main()"
PATIENCE_S = 30


def test_a_computation_is_ended_where_it_is() -> None:
    """Code that computes is interrupted at once, and what it holds is closed."""
    said: list[str] = []

    async def work() -> int:
        try:
            signal.raise_signal(signal.SIGINT)
            said.append("went on")
        finally:
            await asyncio.sleep(0)
            said.append("closed")
        return 0

    with pytest.raises(KeyboardInterrupt):
        finish(work())
    assert said == ["closed"]


def test_what_waits_is_canceled() -> None:
    """A signal that meets the loop itself cancels the task, which closes what it holds."""
    said: list[str] = []

    async def work() -> int:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            said.append("closed")
        return 0

    with pytest.raises(KeyboardInterrupt):
        finish(work())
    assert said == ["closed"]


def test_ctrl_c_means_what_it_meant_when_a_command_has_ended() -> None:
    """The handler that was there before is there again."""
    before = signal.getsignal(signal.SIGINT)

    async def work() -> int:
        return 0

    with pytest.raises(SystemExit):
        finish(work())
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.loopback
def test_a_question_is_left_by_one_ctrl_c(tmp_path: Path) -> None:
    """A person who is asked for consent and presses Ctrl-C is out, and nothing is written."""
    vault = write_notes(tmp_path / "vault", {"one.md": "#bread\n", "two.md": "#bread\n"})
    before = tree(vault)
    person, terminal = pty.openpty()
    command = subprocess.Popen(  # noqa: S603  # this interpreter, the words above
        [sys.executable, "-c", PROGRAM, "tags", "rename", "bread", "food", "--vault", str(vault)],
        env={**os.environ, "NOTEMILL_HOME": str(tmp_path / "home")},
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    os.close(terminal)
    assert command.stderr is not None
    try:
        said = b""
        while b"[y/N]" not in said:
            some = os.read(command.stderr.fileno(), 4_096)
            assert some, said
            said += some
        command.send_signal(signal.SIGINT)
        _, rest = command.communicate(timeout=PATIENCE_S)
    finally:
        command.kill()
        os.close(person)
    assert b"stopped" in rest
    assert command.returncode == 4
    assert tree(vault) == before
