"""What `notemill tidy` shows: what it could tidy, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app.tidying import NotLookedInto, TidyPlanned
from notemill.cli.diffs import print_diff
from notemill.cli.endings import show_hidden, show_not_seen, show_troubles
from notemill.vault.tidy import TidyKind
from twolane.front.console import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.events import Event
    from notemill.workflows.tags.tidying import TidyPlan
    from twolane.front.console import Console

SHOWN_NOTES: Final = 20
SHOWN_LEFT: Final = 10
MEANINGS: Final = {
    TidyKind.INLINE: "`key:: value` at the top of a note becomes a property",
    TidyKind.CASE: "`Title`, `Created` become lower case",
    TidyKind.PLURAL: "`tag`, `alias`, `cssclass` become `tags`, `aliases`, `cssclasses`",
    TidyKind.LISTS: "plain strings become lists in `tags`, `aliases`, `cssclasses`",
    TidyKind.DUPLICATES: "a tag listed twice is kept once",
    TidyKind.DATES: "unambiguous dates become ISO 8601",
}


def show_survey(plan: TidyPlan, console: Console) -> None:
    """Show how many notes each kind applies to, with an example of each."""
    for kind, count in plan.counts().items():
        console.print(f"{kind}: {counted(count, 'note')}; {MEANINGS[kind]}")
        steps = ((one.key, step) for one in plan.notes for step in one.steps)
        example = next(((key, step) for key, step in steps if step.kind is kind), None)
        if example is not None:
            key, step = example
            console.print(f"  as in {key}: {step.what[0]}")
    _show_left(plan, console)
    if plan.changed:
        console.print(
            "nothing was changed; to review and write the changes of a kind: notemill tidy "
            "--kind KIND"
        )


def show_plan(plan: TidyPlan, console: Console, *, most: int = SHOWN_NOTES) -> None:
    """Show the changes note by note and kind by kind, and what is left alone."""
    for one in plan.changed[:most]:
        for step in one.steps:
            console.print(f"{step.kind}: {one.key}: {'; '.join(step.what)}")
            print_diff(console, step.before, step.after, one.key)
    if len(plan.changed) > most:
        left = len(plan.changed) - most
        console.print(f"  … and {counted(left, 'note')} more; --dry-run shows all")
    _show_left(plan, console)
    if not plan.changed:
        console.print("nothing to change")


def _show_left(plan: TidyPlan, console: Console) -> None:
    left = [(one.key, reason) for one in plan.notes for reason in one.left]
    for key, reason in left[:SHOWN_LEFT]:
        console.print(f"  left: {key}: {reason.kind}: {reason.reason}")
    if len(left) > SHOWN_LEFT:
        console.print(f"  … and {len(left) - SHOWN_LEFT:,} more left; --json has all")
    if plan.rejected:
        notes = counted(plan.rejected, "note")
        console.print(f"  left out: changes in {notes} that you rejected")
    show_hidden(plan.hidden, console)
    show_troubles(plan.untouched, console, lead="left alone: ")


def _planned(event: TidyPlanned, console: Console) -> None:
    show_plan(event.plan, console)


def _not_looked_into(event: NotLookedInto, console: Console) -> None:
    show_not_seen(event.paths, console)


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    TidyPlanned: _planned,
    NotLookedInto: _not_looked_into,
}
