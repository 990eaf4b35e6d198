"""Work on what is followed: a server begins it every night, a page when a person asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from notemill.app.ingest_steps import as_configured
from notemill.app.terms import RunTerms
from notemill.app.work_ended import WorkEnded, ingest_ended
from notemill.config import load_ingest, load_reviewed
from notemill.errors import UsageError

if TYPE_CHECKING:
    from notemill.app.mill import Mill
    from notemill.app.options import Options
    from notemill.app.planning import WorkPlan

MOST_NEW: Final = 100
"""How many entries of each source are taken at once, the first of it: the next night has the rest.

A publisher who gives all entries new names makes a whole archive new.
"""


@dataclass(frozen=True, slots=True)
class TakeNew:
    """Make notes of what is new in the followed sources that were not looked at `since` a time."""

    kind: ClassVar[str] = "followed"

    since: float | None

    @classmethod
    def of(cls, given: Options) -> TakeNew:
        """Return it from its options. Raises UsageError."""
        return cls(given.moment("since"))

    async def run(self, mill: Mill) -> WorkEnded:
        """Take it, by the settings alone: the cheap lane, the budget of a run, review or not."""
        config = mill.settings.config
        ended = await mill.ingesting.ingest(
            None,
            as_configured(load_ingest({}, config=config)),
            RunTerms(),
            limit=MOST_NEW,
            since=self.since,
            apply=not load_reviewed(config=config),
        )
        if ended.run is None and not ended.unread:
            return WorkEnded("", "Nothing is new in what is followed.")
        return await ingest_ended(mill, ended)

    async def plan(self, mill: Mill) -> WorkPlan:  # noqa: ARG002
        """Refuse: nobody knows what is new before it is looked for. Raises UsageError."""
        raise UsageError(
            "followed: what is new is known once the sources are looked at; a price that has to be "
            "agreed to is asked then"
        )
