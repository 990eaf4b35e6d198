"""Work that asks no model, with all its options: tags and form, writing, undoing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from notemill.app.runs import find_run
from notemill.app.work_ended import MOST_LEFT, WorkEnded, looked_for, notes_of, written_words
from notemill.errors import UsageError
from notemill.stores.proposals import ProposalKind
from notemill.vault.endings import Ending
from notemill.vault.tidy import TidyKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.app.mill import Mill
    from notemill.app.options import Options
    from notemill.app.planning import WorkPlan


class _Here:
    """Work that asks no model."""

    __slots__ = ()

    async def plan(self, mill: Mill) -> WorkPlan:
        """Plan it: it costs nothing."""
        return mill.planning.here()


# -- tags and form --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookForTagChanges(_Here):
    """Find changes of tags, and of the queries with them, and queue them for review."""

    kind: ClassVar[str] = "tags"

    @classmethod
    def of(cls, _: Options) -> LookForTagChanges:
        """Return it: there are no options."""
        return cls()

    async def run(self, mill: Mill) -> WorkEnded:
        """Look, and queue what is found."""
        return await looked_for(mill, ProposalKind.TAG_CHANGE, ProposalKind.QUERY_CHANGE)


@dataclass(frozen=True, slots=True)
class Tidy:
    """Bring properties into Obsidian's form: the `kinds` named, at once when a person agrees.

    Without kinds, all changes are only queued for review.
    """

    kind: ClassVar[str] = "tidy"

    kinds: tuple[TidyKind, ...]
    only: str | None

    @classmethod
    def of(cls, given: Options) -> Tidy:
        """Return it from its options. Raises UsageError."""
        kinds = tuple(map(TidyKind, given.names("kinds", TidyKind) or ()))
        only = given.text("only")
        if only is not None and not kinds:
            raise UsageError("tidy: only needs kinds; without them, all notes are looked into")
        return cls(kinds, only)

    async def run(self, mill: Mill) -> WorkEnded:
        """Tidy, or look."""
        if not self.kinds:
            return await looked_for(mill, ProposalKind.TIDY_CHANGE)
        done = await mill.tidying.tidy(self.kinds, only=self.only)
        if not done.plan.changed:
            return WorkEnded("", "Nothing to do: no note would change.")
        return WorkEnded(
            done.run, written_words(len(done.notes), len(done.failed)), not done.failed
        )

    async def plan(self, mill: Mill) -> WorkPlan:
        """Count the notes that would change, by kind."""
        found = await mill.tidying.look(self.kinds, only=self.only)
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.counts().items() if count)
        changed = len(found.changed)
        here = mill.planning.here()
        words = f"{notes_of(changed)} would change: {kinds}" if changed else "no note would change"
        return replace(here, items=changed, reason=f"{words}; {here.reason}")


@dataclass(frozen=True, slots=True)
class ChangeTags(_Here):
    """Change tags as a preview showed, to whose digest a person `agreed`; see `Tagging.change`."""

    kind: ClassVar[str] = "change tags"

    changes: Mapping[str, str | None]
    aliases: Mapping[str, str]
    agreed: str

    @classmethod
    def of(cls, given: Options) -> ChangeTags:
        """Return it from its options. Raises UsageError."""
        aliases = given.texts_by_name("aliases")
        return cls(
            given.texts_by_name("changes"),
            {name: tag for name, tag in aliases.items() if tag is not None},
            given.named("agreed"),
        )

    async def run(self, mill: Mill) -> WorkEnded:
        """Change them, in the notes and in the vocabulary."""
        done = await mill.tags.change(self.changes, aliases=self.aliases, agreed=self.agreed)
        words = written_words(len(done.notes), len(done.failed))
        if done.run and not done.notes:
            words = "The vocabulary is changed."
        return WorkEnded(done.run, words, not done.failed)


# -- what was proposed, and what was written ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Apply(_Here):
    """Write accepted proposals as one run: those with these `ids`, or all if None."""

    kind: ClassVar[str] = "apply"

    ids: tuple[str, ...] | None

    @classmethod
    def of(cls, given: Options) -> Apply:
        """Return it from its options. Raises UsageError."""
        ids = given.names("ids")
        if ids == ():
            raise UsageError("apply: ids is empty; leave it out to write all that is accepted")
        return cls(ids)

    async def run(self, mill: Mill) -> WorkEnded:
        """Write them."""
        done = await mill.applying.accepted(self.ids)
        if not (done.notes or done.failed or done.hidden):
            return WorkEnded("", "Nothing is accepted yet.")
        words = written_words(len(done.notes), len(done.failed))
        return WorkEnded(done.run, words, done.complete, left=done.failed[:MOST_LEFT])


@dataclass(frozen=True, slots=True)
class Undo(_Here):
    """Restore what a run replaced; see `Applying.undo`."""

    kind: ClassVar[str] = "undo"

    named: str
    note: str | None
    through: bool

    @classmethod
    def of(cls, given: Options) -> Undo:
        """Return it from its options. Raises UsageError."""
        return cls(given.named("run"), given.text("note"), given.flag("through"))

    async def run(self, mill: Mill) -> WorkEnded:
        """Restore the notes."""
        found = await mill.thread.run(find_run, mill.settings, self.named)
        if found.vault != mill.root or not found.wrote:
            raise UsageError(f"run {found.id} has written nothing into this vault")
        restored = await mill.applying.undo(found.id, note=self.note, through=self.through)
        done = sum(one.restored for one in restored)
        removed = sum(one.ending is Ending.REMOVED for one in restored)
        words = (
            f"{notes_of(done - removed)} restored" if restored else "The vocabulary is as it was"
        )
        if removed:
            words = f"{notes_of(removed)} removed" + (f", {words}" if done > removed else "")
        if left := len(restored) - done:
            words += f", {notes_of(left)} left as they are"
        return WorkEnded(found.id, f"{words}.", not left)
