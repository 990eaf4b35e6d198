"""Tidy the properties of a whole vault: planned over all notes, written as one run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from notemill.errors import ExternallyChangedError, NotemillError
from notemill.vault.left_alone import LeftAlone
from notemill.vault.tidy import Left, Step, TidyKind, tidy
from notemill.workflows.tags.retagging import write_edits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from notemill.index import NoteFacts
    from notemill.privacy import Privacy
    from notemill.stores.review import Review
    from notemill.vault.files import Vault


@dataclass(frozen=True, slots=True)
class TidyNote:
    """A note with what would be tidied, and what is left as it is and why."""

    key: str
    steps: tuple[Step, ...]
    left: tuple[Left, ...]

    def apply(self, raw: bytes, *, turned_down: Collection[TidyKind] = ()) -> bytes:
        """Return the tidied note.

        Raises ExternallyChangedError if `raw` is another version, or one of its kinds is
        `turned_down`.
        """
        if any(step.kind in turned_down for step in self.steps):
            raise ExternallyChangedError(
                "a change of it was rejected since it was shown; run the command again"
            )
        if raw != self.steps[0].before:
            raise ExternallyChangedError(
                "the note has changed since it was read; run the command again"
            )
        return self.steps[-1].after


@dataclass(frozen=True, slots=True)
class TidyPlan:
    """What tidying a vault would do.

    `untouched` notes cannot be read; `hidden` ones are excluded, and not named. `rejected` notes
    have something that a person rejected: it is not among the changes.
    """

    notes: tuple[TidyNote, ...]
    untouched: tuple[LeftAlone, ...]
    hidden: int = 0
    rejected: int = 0

    @property
    def changed(self) -> tuple[TidyNote, ...]:
        """The notes that would change."""
        return tuple(one for one in self.notes if one.steps)

    def counts(self) -> dict[TidyKind, int]:
        """Return the number of notes that each kind applies to."""
        return {
            kind: sum(any(step.kind is kind for step in one.steps) for one in self.notes)
            for kind in TidyKind
        }


def plan_tidying(
    vault: Vault,
    facts: Iterable[NoteFacts],
    kinds: Collection[TidyKind],
    *,
    privacy: Privacy,
    turned_down: Callable[[str], Collection[TidyKind]] = lambda _: (),
) -> TidyPlan:
    """Return what tidying these notes would do; every one of them is read.

    `turned_down` gives the kinds that were rejected for a note.
    """
    notes: list[TidyNote] = []
    untouched: list[LeftAlone] = []
    hidden = rejected = 0
    for one in facts:
        if privacy.hides(one):
            hidden += 1
            continue
        try:
            raw = vault.read(one.key)
            tidied = tidy(raw, kinds)
            no = turned_down(one.key)
            if any(step.kind in no for step in tidied.steps):
                rejected += 1
                tidied = tidy(raw, [kind for kind in kinds if kind not in no])
        except NotemillError as error:
            untouched.append(LeftAlone(one.key, str(error)))
            continue
        if tidied.steps or tidied.left:
            notes.append(TidyNote(one.key, tidied.steps, tidied.left))
    return TidyPlan(tuple(notes), tuple(untouched), hidden, rejected)


def write_tidying(
    vault: Vault,
    review: Review,
    plan: TidyPlan,
    *,
    privacy: Privacy,
    run: str,
    turned_down: Callable[[str], Collection[TidyKind]] = lambda _: (),
    holds: Callable[[], bool] = lambda: True,
    also: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, str]]:
    """Write a plan as `run`; return what `write_edits` yields.

    A note that has changed since the plan was made is left alone, and so is one with something
    `turned_down` by now. Curated notes stay curated.
    """
    edits = (
        (one.key, partial(one.apply, turned_down=turned_down(one.key))) for one in plan.changed
    )
    return write_edits(vault, review, edits, privacy=privacy, run=run, holds=holds, also=also)
