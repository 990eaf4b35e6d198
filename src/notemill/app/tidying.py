"""Tidying: properties of a vault's notes are brought into the form Obsidian writes, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.editing import agree_to, write_edits, writing_into
from notemill.app.events import Event
from notemill.app.opened import OpenVault
from notemill.vault.tidy import TidyKind
from notemill.workflows.tags.queueing import tidying_turned_down
from notemill.workflows.tags.tidying import plan_tidying, write_tidying

if TYPE_CHECKING:
    from collections.abc import Collection

    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.tags.tidying import TidyPlan

KIND_TIDY: Final = "tidy"


@dataclass(frozen=True, slots=True)
class TidyPlanned(Event):
    """What bringing notes into form would do, before it is agreed to."""

    plan: TidyPlan


@dataclass(frozen=True, slots=True)
class NotLookedInto(Event):
    """Files and folders that were not looked into, each for a reason."""

    paths: tuple[LeftAlone, ...]


@dataclass(frozen=True, slots=True)
class Tidied:
    """What bringing notes into form did.

    `run` takes it back, '' if nothing was written: `notes` were, `failed` ones could not be.
    """

    plan: TidyPlan
    run: str = ""
    notes: tuple[str, ...] = ()
    failed: tuple[LeftAlone, ...] = ()


class Tidying:
    """The tidying of one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Work on the vault of `bench`."""
        self._bench = bench

    async def look(self, kinds: Collection[TidyKind] = (), *, only: str | None = None) -> TidyPlan:
        """Return what could be brought into form, of the `kinds` named or of all.

        `only` is a glob that notes' paths have to fit. What a person rejected is left out. Nothing
        is written. Raises VaultError.
        """
        bench = self._bench
        sight = await bench.on(OpenVault.look)
        await bench.see_exclusions(sight, sends=False, allow=False)
        plan, left_out = await bench.on(_planned, sight, kinds or tuple(TidyKind), only)
        bench.front.tell(NotLookedInto(left_out))
        return plan

    async def tidy(self, kinds: Collection[TidyKind], *, only: str | None = None) -> Tidied:
        """Bring notes into form, once a person agrees; see `look`.

        Raises WaitingForPersonError, VaultError.
        """
        bench = self._bench
        async with bench.working(KIND_TIDY):
            plan = await self.look(kinds, only=only)
            bench.front.tell(TidyPlanned(plan))
            if not plan.changed:
                return Tidied(plan)
            await agree_to(bench, writing_into(len(plan.changed)))
            run = bench.new_run_id(KIND_TIDY)
            written = await write_edits(
                bench,
                run,
                lambda opened: write_tidying(
                    opened.vault,
                    opened.review,
                    plan,
                    privacy=opened.privacy,
                    run=run,
                    turned_down=tidying_turned_down(opened.queue),
                ),
            )
        return Tidied(plan, run if written.notes else "", written.notes, written.failed)


# -- on the vault's thread ------------------------------------------------------------------------


def _planned(
    opened: OpenVault, sight: Sight, kinds: Collection[TidyKind], only: str | None
) -> tuple[TidyPlan, tuple[LeftAlone, ...]]:
    """Return what tidying would do, and what of the vault was not looked into."""
    wanted = {file.key for file in opened.vault.scan(only)}
    plan = plan_tidying(
        opened.vault,
        [one for one in sight.facts if one.key in wanted],
        kinds,
        privacy=opened.privacy,
        turned_down=tidying_turned_down(opened.queue),
    )
    return plan, tuple(one for one in opened.vault.skipped if sight.shows(one.key))
