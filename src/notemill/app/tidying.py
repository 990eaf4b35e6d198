"""Tidying: bring properties of a vault's notes into Obsidian's form, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.editing import agree_to, write_edits, writing_into
from notemill.app.events import Event
from notemill.app.opened import OpenVault
from notemill.vault.tidy import TidyKind
from notemill.workflows.tags.queueing import tidying_carried_out, tidying_turned_down
from notemill.workflows.tags.tidying import plan_tidying, write_tidying

if TYPE_CHECKING:
    from collections.abc import Collection

    from notemill.app.editing import EditsWritten
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.tags.tidying import TidyPlan

KIND_TIDY: Final = "tidy"


@dataclass(frozen=True, slots=True)
class TidyPlanned(Event):
    """What tidying would do, before a person agrees."""

    plan: TidyPlan


@dataclass(frozen=True, slots=True)
class NotLookedInto(Event):
    """Files and folders that were not read, each with its reason."""

    paths: tuple[LeftAlone, ...]


@dataclass(frozen=True, slots=True)
class Tidied:
    """The outcome of tidying.

    `run` is the run to undo, '' if nothing was written; `notes` were written, `failed` ones could
    not be.
    """

    plan: TidyPlan
    run: str = ""
    notes: tuple[str, ...] = ()
    failed: tuple[LeftAlone, ...] = ()


class Tidying:
    """The service that tidies one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Work on the vault of `bench`."""
        self._bench = bench

    async def look(self, kinds: Collection[TidyKind] = (), *, only: str | None = None) -> TidyPlan:
        """Return what could be tidied, of the given `kinds` or of all.

        `only` is a glob that notes' paths must match. Rejected changes are left out. Nothing is
        written. Raises VaultError.
        """
        bench = self._bench
        sight = await bench.on(OpenVault.look)
        await bench.see_exclusions(sight, sends=False, allow=False)
        plan, left_out = await bench.on(_planned, sight, kinds or tuple(TidyKind), only)
        bench.front.tell(NotLookedInto(left_out))
        return plan

    async def tidy(self, kinds: Collection[TidyKind], *, only: str | None = None) -> Tidied:
        """Tidy notes, once a person agrees; see `look`.

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
            await bench.on(_carried_out, written, kinds)
        return Tidied(plan, run if written.notes else "", written.notes, written.failed)


# -- on the vault's thread ------------------------------------------------------------------------


def _planned(
    opened: OpenVault, sight: Sight, kinds: Collection[TidyKind], only: str | None
) -> tuple[TidyPlan, tuple[LeftAlone, ...]]:
    """Return what tidying would do, and the files and folders that were not read."""
    wanted = {file.key for file in opened.vault.scan(only)}
    plan = plan_tidying(
        opened.vault,
        [one for one in sight.facts if one.key in wanted],
        kinds,
        privacy=opened.privacy,
        turned_down=tidying_turned_down(opened.queue),
    )
    return plan, tuple(one for one in opened.vault.skipped if sight.shows(one.key))


def _carried_out(opened: OpenVault, written: EditsWritten, kinds: Collection[TidyKind]) -> None:
    notes, now = frozenset(written.notes), opened.clock()
    tidying_carried_out(opened.queue, notes, kinds, run=written.run, now=now)
