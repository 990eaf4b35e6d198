"""The only door to a vault: it opens one, and has a service for every feature.

A service is imported on first use: all together take longer than many commands.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Self

from notemill.app.workbench import Workbench
from notemill.config import load_exclusions, load_properties
from notemill.offline import Responder
from twolane import Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notemill.app.applying import Applying
    from notemill.app.curating import Curating
    from notemill.app.events import Front
    from notemill.app.excluding import Excluding
    from notemill.app.following import Follows
    from notemill.app.graph import Graphing
    from notemill.app.ingest_shown import IngestShown
    from notemill.app.ingesting import Ingesting
    from notemill.app.links import Linking
    from notemill.app.overview import Overviewing
    from notemill.app.planning import Planning
    from notemill.app.reading import Reading
    from notemill.app.review_page import ReviewPage
    from notemill.app.reviewing import Reviewing
    from notemill.app.tags import Tagging
    from notemill.app.tidying import Tidying
    from notemill.app.vocabulary import Arranging
    from notemill.config import Exclusions
    from notemill.properties import Properties
    from notemill.stores.dropped import Dropped
    from twolane import Settings


class Mill(Workbench):
    """An open vault and all its services, for any number of concurrent tasks."""

    @classmethod
    async def open(
        cls,
        folder: Path,
        settings: Settings,
        front: Front,
        *,
        exclusions: Exclusions | None = None,
        used: Properties | None = None,
        clock: Callable[[], float] = time.time,
        engine: Engine | None = None,
        rehearsal: bool = False,
        processes: int = 1,
    ) -> Self:
        """Open the vault in `folder`; without `exclusions` or `used`, the configured ones hold.

        `used` are the properties that are proposed and written. Services report to and ask `front`.
        `engine` None opens the one that `settings` describe; it is closed with the vault in either
        case. A `rehearsal` only shows what a model would be asked, and needs no key. Many new notes are read by up to `processes` processes: more than
        one requires an importable main module. Raises VaultError or ConfigError saying what to do.
        """
        kept = load_exclusions(config=settings.config) if exclusions is None else exclusions
        chosen = load_properties(config=settings.config) if used is None else used
        responder = Responder()
        if engine is None:
            engine = Engine.open(settings, responder=responder, rehearsal=rehearsal)
        mill = cls(settings, front, engine, clock, responder, used=chosen)
        try:
            await mill.open_vault(folder, kept, processes=processes)
        except BaseException:
            await mill.aclose()
            raise
        return mill

    @cached_property
    def tags(self) -> Tagging:
        """Report on, change and decide tags."""
        from notemill.app.tags import Tagging  # noqa: PLC0415

        return Tagging(self)

    @cached_property
    def tidying(self) -> Tidying:
        """Bring properties into the form that Obsidian writes."""
        from notemill.app.tidying import Tidying  # noqa: PLC0415

        return Tidying(self)

    @cached_property
    def vocabulary(self) -> Arranging:
        """Arrange tags as a list, which is then the vault's vocabulary."""
        from notemill.app.vocabulary import Arranging  # noqa: PLC0415

        return Arranging(self)

    @cached_property
    def curating(self) -> Curating:
        """Propose descriptions, tags and topics for notes."""
        from notemill.app.curating import Curating  # noqa: PLC0415

        return Curating(self)

    @cached_property
    def ingesting(self) -> Ingesting:
        """Make notes of videos, transcripts, articles, documents and feeds."""
        from notemill.app.ingesting import Ingesting  # noqa: PLC0415

        return Ingesting(self)

    @cached_property
    def following(self) -> Follows:
        """Follow playlists, channels and feeds."""
        from notemill.app.following import Follows  # noqa: PLC0415

        return Follows(self)

    @cached_property
    def ingest_shown(self) -> IngestShown:
        """Show the notes that ingests have made."""
        from notemill.app.ingest_shown import IngestShown  # noqa: PLC0415

        return IngestShown(self, self.reviewing)

    @cached_property
    def dropped(self) -> Dropped:
        """Keep the files that pages are given, until they are ingested."""
        from notemill.stores.dropped import Dropped  # noqa: PLC0415

        return Dropped(self._vault.state, self.clock)

    @cached_property
    def applying(self) -> Applying:
        """Show the proposals of runs, write them into notes, and undo them."""
        from notemill.app.applying import Applying  # noqa: PLC0415

        return Applying(self, self.curating, self.ingesting)

    @cached_property
    def links(self) -> Linking:
        """Find notes that belong together, and link them."""
        from notemill.app.links import Linking  # noqa: PLC0415

        return Linking(self)

    @cached_property
    def excluding(self) -> Excluding:
        """Tell which notes an exclusion matches."""
        from notemill.app.excluding import Excluding  # noqa: PLC0415

        return Excluding(self)

    @cached_property
    def graph(self) -> Graphing:
        """Show notes and links as a graph."""
        from notemill.app.graph import Graphing  # noqa: PLC0415

        return Graphing(self)

    @cached_property
    def overview(self) -> Overviewing:
        """Show the vault at a glance."""
        from notemill.app.overview import Overviewing  # noqa: PLC0415

        return Overviewing(self, self.graph)

    @cached_property
    def planning(self) -> Planning:
        """Say what work would cost and when it would end."""
        from notemill.app.planning import Planning  # noqa: PLC0415

        return Planning(self, self.links, self.ingesting)

    @cached_property
    def reading(self) -> Reading:
        """Read single notes."""
        from notemill.app.reading import Reading  # noqa: PLC0415

        return Reading(self, self.graph)

    @cached_property
    def reviewing(self) -> Reviewing:
        """Review all proposals in one queue."""
        from notemill.app.reviewing import Reviewing  # noqa: PLC0415

        return Reviewing(self)

    @cached_property
    def review_page(self) -> ReviewPage:
        """Show the queue on a page, in groups, with the notes' source."""
        from notemill.app.review_page import ReviewPage  # noqa: PLC0415

        return ReviewPage(self, self.reviewing)
