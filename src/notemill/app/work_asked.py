"""Work that asks a model, with all its options: curation, links, and going on with a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from notemill.app.ingest_steps import IngestOptions, as_configured
from notemill.app.kinds import KIND_INGEST
from notemill.app.runs import find_asked, open_run
from notemill.app.terms import LEAST_SCORE, LINKS_A_NOTE, MOST_LINKS_A_NOTE, RunTerms
from notemill.app.work_ended import (
    WorkEnded,
    curation_ended,
    ingest_ended,
    linking_ended,
    resumed,
)
from notemill.config import TRANSCRIPTS, load_embedding, load_ingest, load_reviewed
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import UsageError
from notemill.sources.arguments import is_address
from notemill.vault.related import Form
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.stages import check_stages
from twolane import Lane
from twolane.values import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
class Ingest:
    """Make notes of sources; see `Ingesting.ingest` for the options.

    `sources` are addresses, `dropped` names a batch of files, see `Dropped`. Unless `again` is
    false, they are a run of their own, whatever another one waits for.
    """

    kind: ClassVar[str] = KIND_INGEST

    sources: tuple[str, ...]
    dropped: str | None
    limit: int | None
    making: Mapping[str, str | None]
    terms: RunTerms
    again: bool
    apply: bool | None
    allow_unmatched: bool

    @classmethod
    def of(cls, given: Options) -> Ingest:
        """Return it from its options. Raises UsageError."""
        sources = given.names("sources") or ()
        for one in sources:
            if not is_address(one):
                raise UsageError(
                    f"“{shortened(one)}” is no address; one begins with https:// (drop a file, or "
                    "name it to `notemill ingest`)"
                )
        dropped = given.text("dropped")
        if not sources and dropped is None:
            raise UsageError("name what to ingest: an address, or a file")
        transcript = given.one_of("transcript", ("", *TRANSCRIPTS), "")
        return cls(
            sources,
            dropped,
            given.whole("limit", 1, MOST_NOTES),
            {"folder": given.text("folder"), "transcript": transcript or None},
            _terms(given),
            again=given.flag("again", default=True),
            apply=given.choice("apply"),
            allow_unmatched=given.flag("allow_unmatched"),
        )

    async def run(self, mill: Mill) -> WorkEnded:
        """Ingest; the files are deleted once they are read."""
        ended = await mill.ingesting.ingest(
            await self._all(mill),
            self._options(mill),
            self.terms,
            limit=self.limit,
            again=self.again,
            apply=_applies(mill, self.apply),
            allow_unmatched=self.allow_unmatched,
            recalls=True,
        )
        if self.dropped is not None:
            await asyncio.to_thread(mill.dropped.remove, self.dropped)
        return await ingest_ended(mill, ended)

    async def plan(self, mill: Mill) -> WorkPlan:
        """Plan it, which reads the sources."""
        return await mill.planning.ingest(
            await self._all(mill), self._options(mill), self.terms, limit=self.limit
        )

    async def _all(self, mill: Mill) -> tuple[str | Path, ...]:
        if self.dropped is None:
            return self.sources
        files = await asyncio.to_thread(mill.dropped.files, self.dropped)
        if not files and not self.sources:
            raise UsageError("the files that were dropped are gone; drop them again")
        return (*self.sources, *files)

    def _options(self, mill: Mill) -> IngestOptions:
        return as_configured(load_ingest(self.making, config=mill.settings.config))


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
