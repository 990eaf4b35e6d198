"""The command line as a front: events become lines on standard error, questions a prompt."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from notemill.app.events import (
    ChangeInUse,
    GoOnAfterStage,
    NotesRead,
    RunReported,
    SendUnmatched,
)
from notemill.app.link_events import EmbeddingMade, LinksStudied, NotesCompared
from notemill.app.vocabulary_events import AcceptVocabulary
from notemill.cli.waiting import WaitLine
from notemill.errors import NotemillError, WaitingForPersonError
from twolane import TwolaneError
from twolane.front.consent import says_yes
from twolane.front.console import note_console, print_json
from twolane.front.driving import following

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from notemill.app.events import Event, Question
    from twolane import Run
    from twolane.front.console import Console

_SHOWN_BY: Final = {
    "accepted": "proposals",
    "applying": "proposals",
    "consolidating": "invented",
    "editing": "tags",
    "events": "curation",
    "ingest_events": "ingest",
    "link_events": "links",
    "runs": "runs",
    "tag_events": "tags",
    "tidying": "tidy",
    "vocabulary_events": "first_vocabulary",
}
"""The module of `cli.show` that renders the events of each module of `app`.

Each is imported for its first event: together they take longer than many commands.
"""


def renderer_of(kind: type[Event]) -> Callable[[Any, Console], None]:
    """Return the function that prints events of a kind."""
    showing = import_module(f"notemill.cli.show.{_SHOWN_BY[kind.__module__.rpartition('.')[2]]}")
    found: Callable[[Any, Console], None] = showing.RENDERERS[kind]
    return found


class TerminalFront:
    """The person or program that gave a command, at a terminal or through a pipe."""

    def __init__(self, *, yes: bool = False, console: Console | None = None) -> None:
        """Answer every question with yes if `yes` was given; print to standard error."""
        self.console = console or note_console()
        self.reported: RunReported | None = None
        self._yes = yes
        self._waiting = WaitLine(self.console)

    def tell(self, event: Event) -> None:
        """Print an event."""
        match event:
            case NotesRead():
                self._waiting.for_notes(event)
            case EmbeddingMade():
                self._waiting.for_embedding(event)
            case LinksStudied():
                self._waiting.for_studying(event)
            case NotesCompared():
                self._waiting.for_ranking(event)
            case _:
                if isinstance(event, RunReported):
                    self.reported = event
                renderer_of(type(event))(event, self.console)

    @contextmanager
    def reporting(self, view: Callable[[RunReported], dict[str, Any]] | None) -> Iterator[None]:
        """Print the `view` of a run that an error stops, for scripts; None prints nothing."""
        try:
            yield
        except (NotemillError, TwolaneError):
            if view is not None and self.reported is not None:
                print_json(view(self.reported))
            raise

    async def ask(self, question: Question) -> bool:
        """Return the answer given by flag or at the terminal.

        Raises WaitingForPersonError if there is neither.
        """
        if self._yes and not isinstance(question, (SendUnmatched, ChangeInUse)):
            return True
        if not sys.stdin.isatty():
            if question.unattended_yes:
                return True
            if isinstance(question, GoOnAfterStage):
                self.console.print("once you have reviewed it, continue with:")
                self.console.print(f"  {question.command}")
            raise WaitingForPersonError(question.alone)
        if isinstance(question, AcceptVocabulary):
            from notemill.cli.show.first_vocabulary import ask_about  # noqa: PLC0415  # once a vault

            return await ask_about(question, self.console)
        return says_yes(question.text, self.console)

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:
        """Show a run's progress; Ctrl-C once stops it cleanly, twice immediately."""
        async with following(run, self.console):
            yield
