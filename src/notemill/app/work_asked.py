"""Work that asks a model, with all its options: curation, links, and going on with a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from notemill.app.kinds import KIND_INGEST
from notemill.app.runs import find_asked, open_run
from notemill.app.terms import LEAST_SCORE, LINKS_A_NOTE, MOST_LINKS_A_NOTE, RunTerms
from notemill.app.work_ended import WorkEnded, curation_ended, linking_ended, resumed
from notemill.config import load_embedding, load_reviewed
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import UsageError
from notemill.vault.related import Form
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.stages import check_stages
from twolane import Lane

if TYPE_CHECKING:
    from notemill.app.curating import Curating
    from notemill.app.ingesting import Ingesting
    from notemill.app.links import Linking
    from notemill.app.mill import Mill
    from notemill.app.options import Options
    from notemill.app.planning import WorkPlan
    from notemill.config import EmbeddingSettings

AUTO: Final = "auto"
MOST_NOTES: Final = 1_000_000
"""The largest limit of notes: more than any vault has."""


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
