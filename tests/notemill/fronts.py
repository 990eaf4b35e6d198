"""A front that shows nothing: it keeps what services report, and answers as a test says."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from notemill.errors import WaitingForPersonError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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
