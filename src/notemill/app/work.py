"""Work that is named by its kind and options, as a page or a program names it.

The one place that turns plain values into calls of services: `work_of` checks them, and the `Work`
it returns is carried out over an open vault.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from notemill.app.kinds import KIND_INGEST
from notemill.app.options import Options
from notemill.app.runs import find_asked, find_run, open_run
from notemill.app.terms import LEAST_SCORE, LINKS_A_NOTE, MOST_LINKS_A_NOTE, RunTerms
from notemill.app.work_ended import (
    WorkEnded,
    curation_ended,
    linking_ended,
    looked_for,
    notes_of,
    resumed,
    written_words,
)
from notemill.config import load_embedding, load_reviewed
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import UsageError
from notemill.stores.proposals import ProposalKind
from notemill.vault.endings import Ending
from notemill.vault.related import Form
from notemill.vault.tidy import TidyKind
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.stages import check_stages
from twolane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.curating import Curating
    from notemill.app.ingesting import Ingesting
    from notemill.app.links import Linking
    from notemill.app.mill import Mill
    from notemill.app.planning import WorkPlan
    from notemill.config import EmbeddingSettings

AUTO: Final = "auto"
MOST_LEFT: Final = 100
"""How many notes that were not written are named: the command names all of them."""
MOST_NOTES: Final = 1_000_000
"""The largest limit of notes: more than any vault has."""


class Work(Protocol):
    """Work with all its options, ready to be carried out."""

    kind: ClassVar[str]

    async def run(self, mill: Mill) -> WorkEnded:
        """Carry it out over an open vault, whose front is told and asked.

        Raises NotemillError, TwolaneError.
        """

    async def plan(self, mill: Mill) -> WorkPlan:
        """Return what it would cost and when it would end. Raises NotemillError, TwolaneError."""


def work_of(kind: str, options: Mapping[str, object]) -> Work:
    """Return the work of a kind with its options.

    Raises UsageError if there is no such kind, an option is unknown, or its value is not allowed.
    """
    make = _KINDS.get(kind)
    if make is None:
        raise UsageError(f"there is no work of this kind; there is {', '.join(_KINDS)}")
    given = Options(kind, options)
    work = make(given)
    given.end()
    return work


class _Here:
    """Work that asks no model."""

    __slots__ = ()

    async def plan(self, mill: Mill) -> WorkPlan:
        """Plan it: it costs nothing."""
        return mill.planning.here()


# -- curation and links ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Curation:
    """Propose descriptions, tags and topics; see `Curating.curate` for the options."""

    kind: ClassVar[str] = "curate"

    selection: Selection
    terms: RunTerms
    again: bool
    apply: bool | None
    allow_unmatched: bool
    vocabulary: bool

    @classmethod
    def of(cls, given: Options) -> Curation:
        """Return it from its options. Raises UsageError."""
        return cls(
            Selection(
                given.text("only"), given.whole("limit", 1, MOST_NOTES), given.flag("refresh")
            ),
            _terms(given),
            again=given.flag("again"),
            apply=given.choice("apply"),
            allow_unmatched=given.flag("allow_unmatched"),
            vocabulary=given.flag("vocabulary", default=True),
        )

    async def run(self, mill: Mill) -> WorkEnded:
        """Curate."""
        ended = await mill.curating.curate(
            self.selection,
            self.terms,
            again=self.again,
            apply=_applies(mill, self.apply),
            allow_unmatched=self.allow_unmatched,
            vocabulary=self.vocabulary,
        )
        return await curation_ended(mill, ended)

    async def plan(self, mill: Mill) -> WorkPlan:
        """Plan it."""
        return await mill.planning.curation(
            self.selection, self.terms, again=self.again, vocabulary=self.vocabulary
        )


@dataclass(frozen=True, slots=True)
class LinkSearching:
    """Find links; see `Linking.find` for the options. `terms` None asks no model."""

    kind: ClassVar[str] = "link"

    search: LinkSearch
    embedding: str | None
    terms: RunTerms | None
    again: bool
    apply: bool | None
    allow_unmatched: bool

    @classmethod
    def of(cls, given: Options) -> LinkSearching:
        """Return it from its options. Raises UsageError."""
        score = given.share("min_score")
        embedding = given.one_of("embedding", ("", *EmbeddingKind), "")
        search = LinkSearch(
            given.whole("top", 1, MOST_LINKS_A_NOTE) or LINKS_A_NOTE,
            LEAST_SCORE if score is None else score,
            Form.SECTION if given.flag("section") else Form.PROPERTY,
            given.text("only"),
        )
        terms = _terms(given)
        return cls(
            search,
            embedding or None,
            terms if given.flag("ask_model") else None,
            again=given.flag("again"),
            apply=given.choice("apply"),
            allow_unmatched=given.flag("allow_unmatched"),
        )

    def model_of(self, mill: Mill) -> EmbeddingSettings:
        """Return which model embeds notes. Raises UsageError, ConfigError."""
        return load_embedding(self.embedding, config=mill.settings.config)

    async def run(self, mill: Mill) -> WorkEnded:
        """Find links, then compute the embeddings that the next search will use."""
        model = self.model_of(mill)
        ended = await mill.links.find(
            self.search,
            model,
            self.terms,
            again=self.again,
            apply=_applies(mill, self.apply),
            allow_unmatched=self.allow_unmatched,
        )
        await mill.links.embed(model, ended.found)
        return await linking_ended(mill, ended)

    async def plan(self, mill: Mill) -> WorkPlan:
        """Plan it."""
        return await mill.planning.linking(
            self.search, self.model_of(mill), self.terms, again=self.again
        )


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


@dataclass(frozen=True, slots=True)
class Resume:
    """Continue a run that asks a model; see `Curating.resume` for the options."""

    kind: ClassVar[str] = "resume"

    named: str
    cap_nano: int | None
    failed: bool
    everything: bool
    apply: bool | None
    allow_unmatched: bool

    @classmethod
    def of(cls, given: Options) -> Resume:
        """Return it from its options. Raises UsageError."""
        return cls(
            given.named("run"),
            given.cap_nano("max_cost_usd"),
            failed=given.flag("failed"),
            everything=given.flag("everything"),
            apply=given.choice("apply"),
            allow_unmatched=given.flag("allow_unmatched"),
        )

    async def run(self, mill: Mill) -> WorkEnded:
        """Continue it, with all that was excluded when it began."""
        found = await mill.thread.run(find_asked, mill.settings, self.named)
        excluded = set(await mill.on(lambda opened: opened.privacy.entries))
        if found.vault == mill.root and excluded.issuperset(found.exclude):
            return await self._resumed(mill, found.id)
        async with await open_run(mill.settings, found, mill.front) as other:
            return await self._resumed(other, found.id)

    async def plan(self, mill: Mill) -> WorkPlan:
        """Plan it: the run was agreed to, as it goes on."""
        return await mill.planning.resuming(self.named)

    async def _resumed(self, mill: Mill, named: str) -> WorkEnded:
        run = await mill.engine.run(named)
        service: Curating | Ingesting | Linking = mill.curating
        if run.row.kind in (LINK_KIND, KIND_INGEST):
            service = mill.links if run.row.kind == LINK_KIND else mill.ingesting
        ended = await service.resume(
            run,
            cap_nano=self.cap_nano,
            failed=self.failed,
            everything=self.everything,
            apply=_applies(mill, self.apply),
            allow_unmatched=self.allow_unmatched,
        )
        return await resumed(mill, named, ended.report)


_KINDS: Final[Mapping[str, Callable[[Options], Work]]] = {
    Curation.kind: Curation.of,
    LinkSearching.kind: LinkSearching.of,
    LookForTagChanges.kind: LookForTagChanges.of,
    ChangeTags.kind: ChangeTags.of,
    Tidy.kind: Tidy.of,
    Apply.kind: Apply.of,
    Undo.kind: Undo.of,
    Resume.kind: Resume.of,
}
KINDS: Final = tuple(_KINDS)
"""All kinds of work."""


def _applies(mill: Mill, given: bool | None) -> bool:  # noqa: FBT001  # an option
    """Return whether additions are written at once: the settings say so, unless an option does."""
    return not load_reviewed(None if given is None else not given, config=mill.settings.config)


def _terms(given: Options) -> RunTerms:
    lane = given.one_of("lane", (AUTO, *Lane), AUTO)
    by_s, strict = given.seconds("by"), given.flag("by_strict")
    if strict and by_s is None:
        raise UsageError("by_strict says how a deadline is kept; give the deadline as by")
    stages = given.text("stages") or AUTO
    check_stages(stages)
    return RunTerms(
        lane=None if lane == AUTO else Lane(lane),
        cap_nano=given.cap_nano("max_cost_usd"),
        by_s=by_s,
        by_strict=strict,
        stages=stages,
    )
