"""The command line as a front: whatever a service reports has its line."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import TYPE_CHECKING

import notemill.app
from notemill.app.events import Event, NotesRead
from notemill.app.link_events import EmbeddingMade, LinksStudied, NotesCompared
from notemill.cli.front import TerminalFront, renderer_of

if TYPE_CHECKING:
    import pytest

PATH = notemill.app.__path__
WAITS = {NotesRead, EmbeddingMade, LinksStudied, NotesCompared}
"""Shown while they go on, by the line that says so."""


def test_every_event_of_a_service_can_be_shown() -> None:
    """One that no renderer knows would end the command that it is reported to."""
    modules = [import_module(one.name) for one in pkgutil.iter_modules(PATH, "notemill.app.")]
    kinds = {
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Event)
    } - {Event, *WAITS}
    assert len(kinds) > 30
    assert [one for one in kinds if not callable(renderer_of(one))] == []


def test_what_a_vault_taught_is_said_with_the_seconds_that_it_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where its links were too few to learn from, nothing is said."""
    front = TerminalFront()
    front.tell(LinksStudied(1_234))
    front.tell(LinksStudied(1_234, done=True))
    assert capsys.readouterr().err == ""
    front.tell(LinksStudied(1_234))
    front.tell(LinksStudied(1_234, done=True, taught=True))
    line = r"learned from 1,234 links how this vault is linked \(\d+\.\d s\)\n"
    assert re.fullmatch(line, capsys.readouterr().err)
