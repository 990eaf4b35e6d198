"""A front that shows nothing: it keeps what services report, and answers as a test says."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from notemill.app.mill import Mill
from notemill.config import Exclusions
from notemill.errors import WaitingForPersonError
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from notemill.app.events import Event, Question
    from twolane import Run

E = TypeVar("E", bound="Event")


@dataclass
class KeepingFront:
    """Keeps events and questions; `answer` None is nobody there to ask."""

    answer: bool | None = True
    before_answer: Callable[[], object] = lambda: None
    """What happens while a person makes up their mind."""
    events: list[Event] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    async def ask(self, question: Question) -> bool:
        """Keep a question, and answer it."""
        self.asked.append(question)
        self.before_answer()
        if self.answer is None:
            raise WaitingForPersonError(question.alone)
        return self.answer

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:  # noqa: ARG002
        """Show nothing."""
        yield

    def told(self, kind: type[E]) -> list[E]:
        """Return the events of a kind, in their order."""
        return [one for one in self.events if isinstance(one, kind)]


def front_of(mill: Mill) -> KeepingFront:
    """Return the front of an open vault."""
    assert isinstance(mill.front, KeepingFront)
    return mill.front


@asynccontextmanager
async def offline_mill(folder: Path, notes: Mapping[str, str | bytes]) -> AsyncIterator[Mill]:
    """Open a vault of these notes, below `folder`; its front says yes."""
    root = write_notes(folder / "vault", notes)
    settings = Settings(home=folder / "home", provider="offline")
    async with await Mill.open(
        root, settings, KeepingFront(), exclusions=Exclusions(), clock=lambda: 1_800_000_000.0
    ) as mill:
        yield mill
