"""Links: find notes that belong together, optionally have a model judge them, and link them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from notemill.app.driving import begin_again, staged, unfinished
from notemill.app.events import AgreeToChange, NoteChange, RunTakenUp, agreed
from notemill.app.items import no_such_item
from notemill.app.link_asking import LinkAsking, kept, seen_pairs, unjudged
from notemill.app.link_events import (
    AllPairsJudged,
    LinksLookedFor,
    LinksToWrite,
    LinksWereWritten,
    NotesCompared,
    PairsProposed,
    PairsTurnedDown,
)
from notemill.app.link_results import LinkingEnded, LinksFound, LinksResumed, LinksShown
from notemill.app.meaning import embed, kept_vectors
from notemill.app.new_links import read_vault, taught_by
from notemill.app.opened import OpenVault
from notemill.app.turned_down import allow_pairs, reject_pair, turned_down
from notemill.properties import Property
from notemill.stores.pairs import PairState
from notemill.vault.related import Form
from notemill.workflows.links.explaining import Explainer
from notemill.workflows.links.finding import find_pairs
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.links.keeping import keep_pairs
from notemill.workflows.links.upkeep import Mend, look_after
from notemill.workflows.links.writing import LinkWriting
from twolane import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.app.link_asking import LinkPlan
    from notemill.app.terms import RunTerms
    from notemill.app.turned_down import PairRejected
    from notemill.app.workbench import Workbench
    from notemill.config import EmbeddingSettings
    from notemill.index import NoteFacts
    from notemill.index.embedder import EmbeddingProgress
    from notemill.stores.pairs import NewPair, Pair
    from notemill.workflows.links.explaining import ExplainedPair, PairGroup
    from notemill.workflows.links.finding import LinkSearch
    from notemill.workflows.links.scene import Scene
    from notemill.workflows.links.writing import LinksWritten
    from twolane import Run

SHOWN_NOTES: Final = 12
"""The most notes whose pairs are explained at once: each of them has to be read."""


class Linking:
    """The service that links the notes of one vault."""

    def __init__(self, bench: Workbench) -> None:
        """Link the notes in the vault of `bench`."""
        self._bench = bench
        self._asking = LinkAsking(bench)

    # -- finding ------------------------------------------------------------------------------

    def check_used(self) -> None:
        """Check that the property of links is used. Raises UsageError."""
        self._bench.check_used(frozenset({Property.RELATED}), "links are")

    async def find(
        self,
        search: LinkSearch,
        embedding: EmbeddingSettings,
        terms: RunTerms | None = None,
        *,
        again: bool = False,
        apply: bool = False,
        allow_unmatched: bool = False,
    ) -> LinkingEnded:
        """Find links and propose them; with `terms` a model judges them first.

        `embedding` names the embedding model whose stored vectors are used beside the notes' words;
        `embed` computes the others afterwards. `again` starts a new run instead of continuing;
        `apply` writes the links at once. Raises NotemillError, TwolaneError.
        """
        bench = self._bench
        self.check_used()
        async with bench.working(LINK_KIND):
            await self._see(embedding, asks=terms is not None, allow=allow_unmatched)
            await self._asking.decide_left_over()
            found = await self._look(search, embedding)
            if terms is not None:
                return await self._judged(found, search, terms, again=again, apply=apply)
            await self._report_pairs(found.findings.pairs, found.findings.orphans)
            if not found.findings.pairs and not found.upkeep.repairs:
                return LinkingEnded(found)
            run = await self._keep(found.findings.pairs, search)
            return await self._conclude(LinkingEnded(found, run), apply=apply)

    async def rehearse(
        self,
        search: LinkSearch,
        embedding: EmbeddingSettings,
        terms: RunTerms | None = None,
        *,
        allow_unmatched: bool = False,
    ) -> tuple[LinkingEnded, LinkPlan | None]:
        """Find links without proposing them; with `terms` return what a model would be asked.

        Raises NotemillError, ConfigError.
        """
        self.check_used()
        async with self._bench.working(LINK_KIND):
            await self._see(embedding, asks=False, allow=allow_unmatched)
            found = await self._look(search, embedding)
            if terms is not None and found.findings.pairs:
                return LinkingEnded(found), await self._asking.plan(found.findings.pairs, terms)
            await self._report_pairs(found.findings.pairs, found.findings.orphans)
            return LinkingEnded(found), None

    async def embed(
        self, embedding: EmbeddingSettings, found: LinksFound
    ) -> EmbeddingProgress | None:
        """Compute embeddings that the search `found` lacked, for the next one; a while at most.

        Those of notes without a link come first. A front may end it (`EmbeddingMade.skip`); what is
        finished is kept. Returns how many notes have theirs now, None if none was missing. Raises
        EmbeddingError.
        """
        had = found.embeddings
        if had is None or had.made == had.total:
            return None
        facts = await self._bench.on(_linkable)
        return await embed(self._bench, embedding, facts, first=found.findings.orphans)

    async def resume(
        self,
        run: Run,
        *,
        cap_nano: int | None = None,
        failed: bool = False,
        everything: bool = False,
        apply: bool = False,
        allow_unmatched: bool = False,
    ) -> LinksResumed:
        """Continue a run that asks about links; see `begin_again` for the options.

        Raises NotemillError, TwolaneError.
        """
        bench, row = self._bench, run.row
        self.check_used()
        async with bench.working(LINK_KIND):
            await bench.warn_of_expiry()
            if failed or row.state is not RunState.DONE:
                await bench.connect(row.model, row.begun_at)
            job = staged(run, kind=LINK_KIND)
            sight = await bench.on(OpenVault.look)
            await bench.see_exclusions(sight, sends=bench.sends, allow=allow_unmatched)
            await begin_again(bench, run, cap_nano=cap_nano, failed=failed, everything=everything)
            report = await self._asking.drive(job)
            answers = await self._asking.report_answers(run.id)
            written, hidden = await self._write(run.id) if apply else (None, 0)
        return LinksResumed(report, answers, written, hidden)

    async def standing(self, ended: LinkingEnded) -> tuple[tuple[ExplainedPair, Pair | None], ...]:
        """Return the found pairs with their reasons, and each as stored in its run."""
        return await self._bench.on(_standing, ended.run, ended.found.findings.pairs)

    # -- runs ---------------------------------------------------------------------------------

    async def shown(self, run: str, note: str | None = None) -> LinksShown:
        """Return a run's pairs, of one `note` or all. Raises UsageError if a note has none."""
        every = await self._bench.on(seen_pairs, run)
        answers = await self._asking.answers(run, every)
        return LinksShown(run, tuple(_of_note(every, run, note)), answers)

    async def explained(self, pairs: Sequence[Pair]) -> tuple[ExplainedPair, ...]:
        """Return pairs with their reasons."""
        return await self._bench.on(_explained, pairs)

    async def grouped(self, pairs: Sequence[Pair]) -> tuple[PairGroup, ...]:
        """Return pairs note by note, with their reasons."""
        groups, _ = await self._bench.on(_grouped, pairs, (), None)
        return groups

    async def change(self, run: str, pairs: Sequence[Pair], note: str) -> NoteChange | None:
        """Return one note as writing a run's `pairs` would change it, None if it would not."""
        return await self._bench.on(_change, run, pairs, note)

    async def apply(self, run: str, note: str | None = None) -> tuple[LinksWritten, int]:
        """Write a run's pairs, those of one `note` or all, once a person has agreed.

        Return the outcome, and the number of hidden notes. Raises UsageError if the run has nothing
        for the note, VaultError, WaitingForPersonError.
        """
        bench = self._bench
        async with bench.working(LINK_KIND):
            await self._asking.decide_left_over()
            _of_note(await bench.on(seen_pairs, run), run, note)
            waiting = await bench.on(lambda opened: _to_write(opened, run, note))
            if waiting:
                bench.front.tell(LinksToWrite(run, len(waiting)))
                question = "write them into both notes of each pair?"
                await agreed(bench.front, AgreeToChange(question, unattended_yes=True))
            return await self._write(run, note)

    # -- by hand ------------------------------------------------------------------------------

    async def reject(self, one: str, other: str) -> PairRejected:
        """Reject a pair of notes for good. Raises NoteNotFoundError, UsageError."""
        async with self._bench.working(LINK_KIND):
            return await self._bench.on(reject_pair, one, other)

    async def allow(self, *names: str) -> tuple[Pair, ...]:
        """Allow rejected pairs to be proposed again, once a person agrees.

        These are the pairs of the notes named, or all if none is. A pair that a model judged is
        proposed at once. Returns the pairs in their new state. Raises NoteNotFoundError,
        WaitingForPersonError.
        """
        bench = self._bench
        async with bench.working(LINK_KIND):
            pairs = await bench.on(turned_down, names)
            if pairs:
                bench.front.tell(PairsTurnedDown(pairs))
                what = "1 pair" if len(pairs) == 1 else f"{len(pairs):,} pairs"
                question = f"let {what} be proposed?"
                await agreed(bench.front, AgreeToChange(question))
            return await bench.on(allow_pairs, pairs)

    # -- steps --------------------------------------------------------------------------------

    async def _see(self, embedding: EmbeddingSettings, *, asks: bool, allow: bool) -> None:
        bench = self._bench
        sight = await bench.on(OpenVault.look, with_contents=True)
        sends = (asks and bench.sends) or embedding.leaves
        await bench.see_exclusions(sight, sends=sends, allow=allow)

    async def _look(self, search: LinkSearch, embedding: EmbeddingSettings) -> LinksFound:
        """Scan the vault, and report all findings except the pairs."""
        bench = self._bench
        read, upkeep = await bench.on(read_vault)
        vectors, embeddings = await bench.on(kept_vectors, embedding, read.facts)
        taught = await taught_by(bench, read)
        bench.front.tell(NotesCompared())
        try:
            findings = await bench.on(
                lambda opened: find_pairs(
                    read, opened.links, search, vectors=vectors, taught=taught
                )
            )
        finally:
            bench.front.tell(NotesCompared(done=True))
        # A link that an undo left on one side is completed once its pair is proposed again.
        again = {frozenset((one.a, one.b)) for one in findings.pairs}
        repairs = tuple(
            one
            for one in upkeep.repairs
            if one.mend is not Mend.REMOVE or frozenset((one.note, one.other)) not in again
        )
        sight = read.scene.sight
        upkeep = replace(upkeep, repairs=repairs).shown(sight)
        skipped = await bench.on(lambda opened: opened.vault.skipped)
        seen = tuple(one for one in skipped if sight.shows(one.key))
        bench.front.tell(LinksLookedFor(findings, upkeep, seen, embeddings))
        return LinksFound(findings, upkeep, embeddings)

    async def _judged(
        self, found: LinksFound, search: LinkSearch, terms: RunTerms, *, again: bool, apply: bool
    ) -> LinkingEnded:
        """Have a model judge the pairs found, and propose those it accepts."""
        bench, terms = self._bench, self._bench.capped(terms)
        fresh, judged = await bench.on(unjudged, found.findings.pairs)
        job = None if again else await unfinished(bench, LINK_KIND, terms, kept(search))
        if job is not None:
            bench.front.tell(RunTakenUp(job.run.id))
        elif fresh:
            job = await self._asking.begin(fresh, search, terms)
        elif judged:
            bench.front.tell(AllPairsJudged())
            await self._take_over(judged, run := judged[0].run)
            return await self._conclude(LinkingEnded(found, run), apply=apply)
        elif found.upkeep.repairs:
            run = await self._keep((), search)
            return await self._conclude(LinkingEnded(found, run), apply=apply)
        else:
            return LinkingEnded(found)
        report = await self._asking.drive(job)
        await self._take_over(judged, run := job.run.id)
        accepted = await bench.on(seen_pairs, run, PairState.PROPOSED)
        await self._report_pairs(accepted, found.findings.orphans)
        answers = await self._asking.report_answers(run)
        return await self._conclude(LinkingEnded(found, run, report, answers), apply=apply)

    async def _keep(self, pairs: Sequence[NewPair], search: LinkSearch) -> str:
        """Store pairs as proposals, and return their run."""
        run = self._bench.new_run_id(LINK_KIND)
        return await self._bench.on(
            lambda opened: keep_pairs(opened.links, pairs, search, run=run, now=opened.clock())
        )

    async def _take_over(self, pairs: Sequence[Pair], run: str) -> None:
        ids = [one.id for one in pairs]
        await self._bench.on(lambda opened: opened.links.take_over(ids, run))

    async def _report_pairs(
        self, pairs: Sequence[NewPair] | Sequence[Pair], orphans: frozenset[str]
    ) -> None:
        groups, more = await self._bench.on(_grouped, pairs, orphans, SHOWN_NOTES)
        self._bench.front.tell(PairsProposed(groups, more))

    async def _conclude(self, ended: LinkingEnded, *, apply: bool) -> LinkingEnded:
        """Write the pairs found if `apply`."""
        if not apply:
            return ended
        written, hidden = await self._write(ended.run)
        return replace(ended, written=written, hidden=hidden)

    async def _write(self, run: str, note: str | None = None) -> tuple[LinksWritten, int]:
        """Write a run's pairs and the repairs; the outcome names no hidden note."""
        writing = await self._bench.on(_planned_writing, run, note)
        async for _ in self._bench.each(lambda _: writing.write()):
            pass
        sight = await self._bench.on(OpenVault.look)
        written = await self._bench.on(lambda _: writing.written.shown(sight))
        self._bench.front.tell(LinksWereWritten(run, written))
        return written, len(sight.hidden)


def _of_note(pairs: Iterable[Pair], run: str, note: str | None) -> list[Pair]:
    """Return the pairs of one note, or all without one. Raises UsageError if it has none."""
    every = list(pairs)
    found = [one for one in every if note is None or note in (one.a, one.b)]
    if note is not None and not found:
        raise no_such_item(run, note, (key for one in every for key in (one.a, one.b)))
    return found


# -- on the vault's thread ------------------------------------------------------------------------


def _linkable(opened: OpenVault) -> list[NoteFacts]:
    scene = opened.scene()
    return [one for one in scene.facts.values() if not scene.why_not(one)]


def _to_write(opened: OpenVault, run: str, note: str | None) -> list[Pair]:
    return [one for one in opened.links.to_write(run) if note is None or note in (one.a, one.b)]


def _planned_writing(opened: OpenVault, run: str, note: str | None) -> LinkWriting:
    """Return the writing of a run's pairs and of the repairs. Raises VaultError."""
    scene = opened.scene()
    upkeep = look_after(scene, opened.links, now=opened.clock())
    writing = _writing(opened, scene, run)
    repairs = [one for one in upkeep.repairs if note is None or note in (one.note, one.other)]
    writing.plan(_to_write(opened, run, note), repairs)
    return writing


def _writing(opened: OpenVault, scene: Scene, run: str) -> LinkWriting:
    form = opened.links.forms().get(run, Form.PROPERTY)
    return LinkWriting(scene, opened.links, run, form, now=opened.clock)


def _change(opened: OpenVault, run: str, pairs: Sequence[Pair], note: str) -> NoteChange | None:
    for plan in _writing(opened, opened.scene(), run).plan(pairs, ()):
        if plan.key == note:
            before = opened.vault.read(note)
            return NoteChange(note, before, plan.edited(before))
    return None


def _grouped(
    opened: OpenVault,
    pairs: Sequence[NewPair] | Sequence[Pair],
    orphans: Iterable[str],
    limit: int | None,
) -> tuple[tuple[PairGroup, ...], int]:
    return Explainer(opened.vault, opened.look()).groups(pairs, frozenset(orphans), limit=limit)


def _explained(opened: OpenVault, pairs: Sequence[Pair]) -> tuple[ExplainedPair, ...]:
    return tuple(map(Explainer(opened.vault, opened.look()).explained, pairs))


def _standing(
    opened: OpenVault, run: str, pairs: Sequence[NewPair]
) -> tuple[tuple[ExplainedPair, Pair | None], ...]:
    explainer = Explainer(opened.vault, opened.look())
    kept = {frozenset((one.a, one.b)): one for one in opened.links.pairs(run=run)} if run else {}
    return tuple((explainer.explained(one), kept.get(frozenset((one.a, one.b)))) for one in pairs)
