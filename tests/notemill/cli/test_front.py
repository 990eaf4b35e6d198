"""The command line as a front: whatever a service reports has its line."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import notemill.app
from notemill.app.events import Event, NotesRead
from notemill.app.link_events import EmbeddingMade, LinksStudied, NotesCompared
from notemill.cli.front import renderer_of

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
