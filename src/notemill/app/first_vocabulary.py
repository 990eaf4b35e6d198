"""The vocabulary that comes before a curation: proposed once, decided by a person, put in force.

Its rows in the queue say how far it is: none, and it is proposed; pending ones wait for a person;
accepted ones are put in force; any others, and it is never proposed again unasked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.aside import ASIDES_BEFORE, Aside, ask_before, priced, texts_of
from notemill.app.events import agreed
from notemill.app.kinds import KIND_CURATE, KIND_PROPOSE
from notemill.app.vocabulary_events import (
    AcceptVocabulary,
    GoOnWithoutVocabulary,
    VocabularyInForce,
    VocabularyRejected,
    VocabularyUnusable,
)
from notemill.app.vocabulary_steps import (
    edited,
    material_in,
    proposed_in,
    seeded_in,
    stand_in,
    store_proposed,
)
from notemill.properties import Property
from notemill.stores.proposals import ProposalState
from notemill.tagging.taglist import write_entries
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.tags.proposing import (
    expected_entries,
    expected_requests,
    joining_request,
    part_requests,
    proposed_by,
    reply_tokens,
)
from twolane import RunState, content_hash

if TYPE_CHECKING:
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.privacy import Sight
    from notemill.tagging.taglist import Entry
    from notemill.workflows.tags.proposing import Material
    from twolane import Plan, Preview, Request, Run

ATTEMPTS: Final = 2
"""A reply that is of no use is asked for once more."""
_LATER: Final = (
    "nothing was curated yet; decide on the vocabulary with `notemill review --kind vocabulary`, "
    "and run the command again"
)


@dataclass(frozen=True, slots=True)
class VocabularyPlan:
    """What will be asked for a vocabulary, and its price; `expected` is one of the usual size."""

    material: Material
    plan: Plan
    expected: tuple[Entry, ...]
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome: the `tags` put in force, or the run that asks and is `unfinished`."""

    tags: int = 0
    unfinished: Run | None = None


class FirstVocabulary:
    """The vocabulary of one vault before its curation."""

    def __init__(
        self, bench: Workbench, sight: Sight, terms: RunTerms, *, again: bool = False
    ) -> None:
        """Propose it from the notes of `sight`; `again` asks anew instead of continuing."""
        self._bench = bench
        self._sight = sight
        self._terms = terms
        self._again = again

    async def planned(self) -> VocabularyPlan | None:
        """Return what would be asked, None if nothing would be. Raises UsageError, ConfigError."""
        bench = self._bench
        if not bench.sends or Property.TAGS not in bench.used or not await self._is_missing():
            return None
        material = await bench.on(material_in, self._sight)
        requests = await bench.thread.run(
            lambda: expected_requests(material, model=bench.model, room=bench.room())
        )
        aside = Aside(KIND_PROPOSE, "expected", requests, reply_tokens(material))
        plan = await priced(bench, aside, self._terms)
        return VocabularyPlan(material, plan, expected_entries(material), tuple(requests))

    def expected(self, planned: VocabularyPlan) -> Candidates:
        """Return the tags that the notes' prompts are expected to carry, to price them."""
        return Candidates.of([[one.tag for one in planned.expected]])

    def preview(self, planned: VocabularyPlan) -> Preview:
        """Return the first request as it would be sent."""
        return self._bench.engine.preview(planned.requests[0], planned.plan, cache=True)

    async def settle(self, planned: VocabularyPlan | None) -> Settled:
        """Ask for the vocabulary if one is `planned`, have a person decide, put it in force.

        It stays unfinished if a person or the cap stopped the asking. Raises WaitingForPersonError,
        TwolaneError.
        """
        bench = self._bench
        if Property.TAGS not in bench.used:
            return Settled()
        if planned is not None:
            if (unfinished := await self._ask(planned.material)) is not None:
                return Settled(unfinished=unfinished)
        elif not bench.sends and await self._is_missing():
            entries = await bench.on(seeded_in, self._sight)
            run = bench.new_run_id(KIND_PROPOSE)
            await bench.on(store_proposed, run, entries)
        return Settled(await self._decide())

    async def asides(self) -> tuple[str, ...]:
        """Return the runs that a vocabulary came from and that no curation has taken over yet.

        A curation that begins takes them over: with `ASIDES_BEFORE` in its settings.
        """
        rows = await self._bench.engine.runs()
        root = str(self._bench.root)
        taken = {
            one
            for row in rows
            if row.kind == KIND_CURATE and isinstance(ids := row.setting(ASIDES_BEFORE), list)
            for one in ids
        }
        asked = [row.id for row in rows if row.kind == KIND_PROPOSE and row.label == root]
        stored = await self._bench.on(lambda opened: opened.decisions.vocabulary.runs())
        mine = [one for one in stored if one.startswith(f"{KIND_PROPOSE}-")]
        return tuple(one for one in dict.fromkeys((*asked, *mine)) if one not in taken)

    # -- asking -------------------------------------------------------------------------------

    async def _is_missing(self) -> bool:
        """Return whether a vocabulary is to be proposed."""
        bench = self._bench
        if self._again:
            await bench.on(lambda opened: opened.decisions.vocabulary.discard())
        if not await bench.on(stand_in, self._sight):
            return False
        if self._again:
            return True
        # One that was asked for another run, and was of no use to it, is not asked for again.
        free = await self.asides()
        rows = await bench.engine.runs()
        root = str(bench.root)
        return all(row.id in free for row in rows if row.kind == KIND_PROPOSE and row.label == root)

    async def _ask(self, material: Material) -> Run | None:
        """Ask a model, and once more if its answer is of no use; store what it proposes.

        Returns the run if it has not ended.
        """
        bench = self._bench
        for attempt in range(1, ATTEMPTS + 1):
            run, entries = await self._attempt(material, attempt)
            if run.row.state is not RunState.DONE:
                return run
            if entries:
                await bench.on(store_proposed, run.id, entries)
                return None
        await agreed(bench.front, _WITHOUT)
        bench.front.tell(VocabularyUnusable())
        return None

    async def _attempt(self, material: Material, attempt: int) -> tuple[Run, tuple[Entry, ...]]:
        """Ask once; return the last run and the vocabulary, empty if it is of no use."""
        bench = self._bench
        requests = await bench.thread.run(
            lambda: part_requests(material, model=bench.model, room=bench.room())
        )
        run = await self._asked(f"parts {attempt}", requests, material)
        texts = await bench.thread.run(texts_of, run)
        if run.row.state is RunState.DONE and len(requests) > 1 and texts:
            joining = await bench.thread.run(
                lambda: joining_request(material, texts, model=bench.model, room=bench.room())
            )
            run = await self._asked(f"joined {attempt}", [joining], material)
            texts = await bench.thread.run(texts_of, run)
        return run, proposed_by(texts[0], material) if texts else ()

    async def _asked(self, name: str, requests: list[Request], material: Material) -> Run:
        bench = self._bench
        return await ask_before(
            bench,
            Aside(KIND_PROPOSE, name, requests, reply_tokens(material)),
            self._terms,
            settings={**bench.engine.place, "model_asked": bench.model, "hidden": self._hidden},
            again=self._again,
        )

    @property
    def _hidden(self) -> str:
        """The hidden notes, as a hash: what was asked before others were hidden is not used."""
        keys = "\n".join(sorted(self._sight.hidden))
        return content_hash(keys.encode("utf-8", "replace"))[:12]

    # -- deciding -----------------------------------------------------------------------------

    async def _decide(self) -> int:
        """Have a person decide on what waits; put in force what they accepted, and count it."""
        bench, now = self._bench, self._bench.clock()
        states = await bench.on(lambda opened: opened.decisions.vocabulary.counts())
        if states[ProposalState.PENDING]:
            proposed = await bench.on(proposed_in, self._sight)
            bench.front.tell(proposed)
            if await bench.front.ask(self._question(proposed.entries)):
                await bench.on(lambda opened: opened.decisions.vocabulary.accept(now=now))
            else:
                await bench.on(lambda opened: opened.decisions.vocabulary.reject(now=now))
                bench.front.tell(VocabularyRejected())
        tags = await bench.on(lambda opened: opened.decisions.vocabulary.put_in_force(now=now))
        if tags:
            bench.front.tell(VocabularyInForce(tags))
        return tags

    def _question(self, entries: tuple[Entry, ...]) -> AcceptVocabulary:
        async def edit(text: str) -> int:
            return await self._bench.on(edited, text)

        return AcceptVocabulary(
            "use this vocabulary?",
            _LATER,
            "the vocabulary waits for your decision: see it with `notemill review --kind "
            "vocabulary` and decide; then run the command again. Or run it with --yes to use the "
            "vocabulary as it is, or with --no-vocabulary to go without",
            listed=write_entries(entries),
            edit=edit,
            later=_LATER,
        )


async def taken_over(bench: Workbench, run: Run) -> None:
    """Record that a vocabulary belongs to the curation that began with it: also to its undo."""
    before = run.row.setting(ASIDES_BEFORE)
    if isinstance(before, list):
        await bench.on(lambda opened: opened.decisions.vocabulary.join(map(str, before), run.id))


_WITHOUT: Final = GoOnWithoutVocabulary(
    "no usable vocabulary came out of the answers; curate without one?",
    "nothing was curated; ask once more with --again",
    "no usable vocabulary came out of the answers, and nothing was curated; run the command again "
    "with --again to ask once more, or with --no-vocabulary to go without",
)
