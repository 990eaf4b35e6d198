"""A page learns that the queue has changed, whoever changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.mill import Mill
from notemill.app.reviewing import Wanted
from notemill.app.terms import RunTerms
from notemill.config import Exclusions
from notemill.stores.proposals import Decision
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import KeepingFront, offline_mill

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"Soil.md": "Compost feeds garden soil with worms and leaves.\n"}


async def test_the_version_grows_with_decisions_of_this_front_and_of_others(tmp_path: Path) -> None:
    """Each decision gives another version, also one of another process; reading gives none."""
    async with offline_mill(tmp_path, NOTES) as mill:
        await mill.curating.curate(Selection(), RunTerms(stages="none"))
        first = await mill.reviewing.version()
        await mill.reviewing.counts(Wanted())
        assert await mill.reviewing.version() == first
        await mill.reviewing.decide_all(Wanted(), Decision.ACCEPT, by="here")
        own = await mill.reviewing.version()
        assert own > first
        async with await Mill.open(
            mill.root, mill.settings, KeepingFront(), exclusions=Exclusions()
        ) as other:
            await other.reviewing.decide_all(Wanted(states=None), Decision.ACCEPT, by="there")
            unchanged = await mill.reviewing.version()
            page = await other.reviewing.page(Wanted(states=None))
            await other.reviewing.decide([page.rows[0].id], Decision.REJECT, by="there")
        others = await mill.reviewing.version()
        assert others > unchanged >= own
        await mill.reviewing.take_back(by="here")
        assert await mill.reviewing.version() > others
