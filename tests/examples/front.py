"""A front: curates a vault offline, accepts every description and writes them. VAULT, HOME."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from notemill.app.events import AgreeToChange, StageBegan
from notemill.app.mill import Mill
from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.stores.proposals import Decision, ProposalKind
from notemill.workflows.curation.survey import Selection
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notemill.app.events import Event, Question
    from twolane import Run


class PlainFront:
    """Prints a little of what services tell, and answers for a person."""

    def tell(self, event: Event) -> None:
        """Show an event; there are many more, and each may be left out."""
        if isinstance(event, StageBegan):
            print(f"stage {event.number} of {event.of}: {event.purpose}")

    async def ask(self, question: Question) -> bool:
        """Say yes to changes of the notes, and no to whatever costs money."""
        return isinstance(question, AgreeToChange)

    @asynccontextmanager
    async def following(self, run: Run) -> AsyncIterator[None]:
        """Begin and end a display of progress around the work on a run."""
        print(f"working on {run.id}")
        yield


async def main(vault: Path, home: Path) -> None:
    """Curate, review and apply."""
    settings = Settings(home=home, provider="offline")
    async with await Mill.open(vault, settings, PlainFront()) as mill:
        await mill.curating.curate(Selection(), RunTerms(stages="none"))
        descriptions = Wanted(kinds=(ProposalKind.DESCRIPTION,))
        decided = await mill.reviewing.decide_all(descriptions, Decision.ACCEPT, by="example")
        written = await mill.applying.accepted()
        print(f"{len(decided.changed)} accepted, {len(written.notes)} notes written")
        print(f"to take it back: notemill undo {written.run}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
