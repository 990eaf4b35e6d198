"""Have a model judge pairs of notes: price, agreement, the run, and decisions from its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.driving import report_of, start, through_stages, withdraw
from notemill.app.events import HeldBack, Planned, RunReported
from notemill.app.kinds import ENDED
from notemill.app.link_events import PairsAnswered, PairsSampled
from notemill.app.opened import OpenVault
from notemill.errors import NotemillError
from notemill.stores.pairs import LinkRun, Pair, PairState
from notemill.workflows.curation.curate import load_template
from notemill.workflows.links.explaining import Explainer
from notemill.workflows.links.judging import (
    BOTH,
    JUDGEMENT_TOKENS,
    LINK_KIND,
    NO_ANSWERS,
    Answers,
    JudgeRequests,
    decided,
    judgements_of,
    uniform_of,
)
from notemill.workflows.stages import spread
from twolane import TwolaneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.app.driving import Staged
    from notemill.app.terms import RunTerms
    from notemill.app.workbench import Workbench
    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.stores.pairs import NewPair
    from notemill.workflows.links.finding import LinkSearch
    from notemill.workflows.links.judging import Judgement
    from twolane import Offer, Preview, Report, Run

# The run id of pairs until the engine has a run for them.
_ASKING: Final = "asking"
_SAMPLE_PAIRS: Final = 4


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """What would be asked about links: its price, and the whole first request."""

    offer: Offer
    preview: Preview | None


class LinkAsking:
    """The runs of one vault that ask about links."""

    def __init__(self, bench: Workbench) -> None:
        """Ask about the notes in the vault of `bench`."""
        self._bench = bench

    async def plan(self, pairs: Sequence[NewPair], terms: RunTerms) -> LinkPlan:
        """Return what would be asked and what it would cost; nothing is stored or sent.

        Raises ConfigError.
        """
        bench, terms = self._bench, self._bench.capped(terms)
        await bench.connect()
        as_if = [
            Pair(
                number, one.a, one.b, PairState.ASKED, "", one.score, one.reason, one.source_a,
                one.source_b, "",
            )
            for number, one in enumerate(pairs, start=1)
        ]  # fmt: skip
        requests = await bench.on(_requests, bench, as_if)
        offer = await bench.planned(requests, terms, reply_tokens=_reply_tokens(pairs, requests))
        bench.front.tell(Planned(offer))

        def first() -> Preview | None:
            one = next(iter(requests), None)
            return None if one is None else bench.engine.preview(one, offer.plan, cache=True)

        return LinkPlan(offer, await bench.thread.run(first))

    async def begin(self, pairs: Sequence[NewPair], search: LinkSearch, terms: RunTerms) -> Staged:
        """Record a run that asks about pairs, once a person has agreed to its price.

        Raises WaitingForPersonError, TwolaneError, ExternallyChangedError.
        """
        bench = self._bench
        await bench.connect()
        sight, waiting, requests = await bench.on(_ask, bench, pairs, search)
        try:
            reply_tokens = _reply_tokens(pairs, requests)
            offer = await bench.planned(requests, terms, reply_tokens=reply_tokens)
            await bench.agree(offer)
            await bench.on(OpenVault.check_still, sight)
            notes = await bench.on(_facts_of, requests.notes)
            excluded = await bench.on(lambda opened: opened.privacy.entries)
            job = await start(
                bench, notes, requests, offer.plan, terms,
                kind=LINK_KIND, settings={**kept(search), "exclude": excluded},
            )  # fmt: skip
        except (NotemillError, TwolaneError):
            await bench.on(_give_back, waiting)
            raise
        await bench.on(lambda opened: opened.links.adopt(_ASKING, job.run.id))
        return job

    async def drive(self, job: Staged) -> Report:
        """Drive a run as far as it goes; return its report.

        An error that stops it is raised after the run has been reported.
        """
        bench, run = self._bench, job.run
        await bench.on(_adopt_lost, run.id)
        try:
            await through_stages(bench, job, _Between(bench, run))
        finally:
            report = await report_of(bench, run)
            bench.front.tell(RunReported(report, run.row.state))
        return report

    async def decide_left_over(self) -> None:
        """Decide pairs from answers of ended runs that a process did not read before it died."""
        bench = self._bench
        asked = await bench.on(lambda opened: opened.links.pairs(states=[PairState.ASKED]))
        runs = {row.id for row in await bench.engine.runs()} if asked else set()
        for name in {one.run for one in asked} & runs:
            await bench.on(_decide, await bench.engine.run(name))

    async def answers(self, run_id: str, pairs: Sequence[Pair]) -> Answers:
        """Return the answers about `pairs` of a run; empty if no model was asked."""
        rows = await self._bench.engine.runs()
        if all(row.id != run_id or row.dropped_at for row in rows):
            return NO_ANSWERS
        run = await self._bench.engine.run(run_id)

        def read() -> Answers:
            verdicts = judgements_of(run.outcomes(), pairs)
            return Answers(verdicts, uniform_of(pairs, verdicts))

        return await self._bench.thread.run(read)

    async def report_answers(self, run_id: str) -> Answers:
        """Report the pairs that a run's answers leave undecided, and return the answers."""
        pairs = await self._bench.on(seen_pairs, run_id)
        answers = await self.answers(run_id, pairs)
        declined = sum(one.state is PairState.DECLINED for one in pairs)
        self._bench.front.tell(
            PairsAnswered(run_id, declined, undecided_of(pairs), tuple(answers.uniform))
        )
        return answers


class _Between:
    """The work around the stages of a run that asks about links."""

    def __init__(self, bench: Workbench, run: Run) -> None:
        self._bench = bench
        self._run = run

    async def hold_back(self) -> None:
        asked = await self._bench.on(
            lambda opened: opened.links.pairs(run=self._run.id, states=[PairState.ASKED])
        )

        def told(_: OpenVault, sight: Sight) -> set[str]:
            """Return the notes whose requests have hidden ones among their candidates."""
            ends = ((one, key) for one in asked for key in (one.a, one.b))
            return {one.other(key) for one, key in ends if not sight.shows(key)}

        if held := await withdraw(self._bench, self._run, told=told):
            self._bench.front.tell(HeldBack(held, with_others=True))

    async def collect(self) -> None:
        await self._bench.on(_decide, self._run)

    async def sample(self, stage: int) -> None:
        self._bench.front.tell(PairsSampled(await self._bench.on(_sample, self._run, stage)))


def kept(search: LinkSearch) -> dict[str, object]:
    """Return the settings that, beside the terms, must be unchanged when a run resumes."""
    return {"only": search.only}


def undecided_of(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Return the pairs that wait for a person's decision."""
    return tuple(one for one in pairs if one.state is PairState.UNDECIDED)


def _reply_tokens(pairs: Sequence[NewPair], requests: JudgeRequests) -> int:
    return JUDGEMENT_TOKENS * max(1, round(2 * len(pairs) / max(1, len(requests))))


# -- on the vault's thread ------------------------------------------------------------------------


def seen_pairs(opened: OpenVault, run: str, *states: PairState) -> list[Pair]:
    """Return a run's pairs, those in `states` or all, except those of hidden notes."""
    shows = opened.look().shows
    pairs = opened.links.pairs(run=run, states=states or list(PairState))
    return [one for one in pairs if shows(one.a) and shows(one.b)]


def _ask(
    opened: OpenVault, bench: Workbench, pairs: Sequence[NewPair], search: LinkSearch
) -> tuple[Sight, list[Pair], JudgeRequests]:
    """Store pairs as being asked about; return the requests, and the pairs that waited before."""
    sight = opened.look()
    waiting = opened.links.pairs(states=[PairState.PROPOSED])
    run = LinkRun(_ASKING, opened.clock(), search.settings())
    opened.links.propose(run, pairs, PairState.ASKED)
    asked = opened.links.pairs(run=_ASKING, states=[PairState.ASKED])
    return sight, waiting, _requests(opened, bench, asked)


def _requests(opened: OpenVault, bench: Workbench, pairs: Sequence[Pair]) -> JudgeRequests:
    return JudgeRequests(
        pairs,
        to_send=lambda key: opened.to_send(key)[0],
        explainer=Explainer(opened.vault, opened.look()),
        template=load_template(LINK_KIND),
        model=bench.model,
        room=bench.room(),
    )


def _facts_of(opened: OpenVault, keys: Sequence[str]) -> list[NoteFacts]:
    return [opened.to_send(key)[0] for key in keys]


def _give_back(opened: OpenVault, waiting: Sequence[Pair]) -> None:
    """Return pairs that were not asked about to their previous runs."""
    known = {one.id: one for one in waiting}
    now = opened.clock()
    for one in opened.links.pairs(run=_ASKING, states=[PairState.ASKED]):
        if (before := known.get(one.id)) is not None:
            opened.links.decide(
                [one.id], before.state, because=before.because, now=now, run=before.run
            )
        else:
            because = "nothing was sent"
            opened.links.decide([one.id], PairState.WITHDRAWN, because=because, now=now)


def _adopt_lost(opened: OpenVault, run: str) -> None:
    """Give a run its pairs if the process that began it died before doing so."""
    if opened.links.run(run) is None:
        opened.links.adopt(_ASKING, run)


def unjudged(opened: OpenVault, pairs: Sequence[NewPair]) -> tuple[list[NewPair], list[Pair]]:
    """Split pairs into those to ask about, and those a model accepted that still wait.

    Pairs of a note that was edited since are asked about again.
    """
    accepted = {
        (one.a, one.b, one.source_a, one.source_b): one
        for one in opened.links.pairs(states=[PairState.PROPOSED])
        if one.because
    }
    fresh: list[NewPair] = []
    judged: list[Pair] = []
    for one in pairs:
        known = accepted.get((one.a, one.b, one.source_a, one.source_b))
        if known is None:
            fresh.append(one)
        else:
            judged.append(known)
    return fresh, judged


def _decide(opened: OpenVault, run: Run) -> None:
    """Record the decisions on a run's pairs, once the answers about both notes have arrived.

    Once the run has ended, a missing answer counts as no answer. May be called repeatedly.
    """
    # A missing answer may have arrived since: a retry decides pairs that were undecided for it.
    asked = opened.links.pairs(run=run.id, states=[PairState.ASKED, PairState.UNDECIDED])
    if not asked or run.row.dropped_at is not None:
        return
    ended = run.row.state in ENDED
    verdicts = judgements_of(run.outcomes(), asked)
    opened.links.decide_each(
        [
            (one.id, *decided(one, verdicts))
            for one in asked
            if ended or len(verdicts.get(one.id, ())) == BOTH
        ],
        now=opened.clock(),
    )


def _sample(
    opened: OpenVault, run: Run, stage: int
) -> tuple[tuple[Pair, tuple[Judgement, ...]], ...]:
    """Return some of the pairs that a stage has answers about, with all answers about each."""
    pairs = seen_pairs(opened, run.id)
    verdicts = judgements_of(run.outcomes(), pairs)
    asked = frozenset(run.keys_of_stage(stage))
    judged = [one for one in pairs if any(said.note in asked for said in verdicts.get(one.id, ()))]
    return tuple((one, tuple(verdicts[one.id])) for one in spread(judged, _SAMPLE_PAIRS))
