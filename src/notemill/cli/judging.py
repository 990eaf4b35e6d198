"""`notemill link --ask-model`: the candidates judged through the engine, priced and agreed first."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.cli.curate_showing import show_dry_run, show_going_on, show_provider
from notemill.cli.curating import through_stages
from notemill.cli.link_showing import show_undecided, show_uniform
from notemill.errors import NotemillError
from notemill.stores.pairs import LinkRun, Pair, PairState
from notemill.workflows.curation.curate import load_template
from notemill.workflows.links.explaining import Explainer
from notemill.workflows.links.judging import (
    BOTH,
    JUDGEMENT_TOKENS,
    LINK_KIND,
    Judgement,
    JudgeRequests,
    Uniform,
    decided,
    judgements_of,
    uniform_of,
)
from twolane import RunState, TwolaneError
from twolane.front.consent import agree
from twolane.front.console import counted, print_report, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notemill.app.mill import Mill
    from notemill.privacy import Sight
    from notemill.stores.pairs import NewPair
    from notemill.workflows.curation.survey import CurateOptions, Curation
    from twolane import Report, Run
    from twolane.front.console import Console

# What pairs are kept by until the engine has a run for them.
_ASKING: Final = "asking"
_SAMPLE_PAIRS: Final = 4


async def begin_judging(
    mill: Mill,
    pairs: Sequence[NewPair],
    options: CurateOptions,
    console: Console,
    *,
    kept: Mapping[str, Any],
    yes: bool,
) -> Curation:
    """Record a run that asks about pairs, its price agreed. Raises WaitingError, TwolaneError."""
    await show_provider(mill, console)
    sight = mill.look()
    waiting = mill.links.pairs(states=[PairState.PROPOSED])
    mill.links.propose(LinkRun(_ASKING, time.time(), kept), pairs, PairState.ASKED)
    try:
        requests = _requests(mill, mill.links.pairs(run=_ASKING, states=[PairState.ASKED]))
        plan = mill.plan(requests, options, reply_tokens=_reply_tokens(len(pairs), len(requests)))
        agree(plan, mill.engine, mill.settings, console, cap_nano=options.cap_nano, yes=yes)
        mill.check_still(sight)
        notes = [mill.to_send(key)[0] for key in requests.notes]
        curation = await mill.start(notes, requests, plan, options, kind=LINK_KIND)
    except (NotemillError, TwolaneError):
        _give_back(mill, waiting)
        raise
    mill.links.adopt(_ASKING, curation.run.id)
    return curation


def _give_back(mill: Mill, waiting: Sequence[Pair]) -> None:
    """Let pairs that nobody was asked about wait where they did before."""
    known = {one.id: one for one in waiting}
    now = time.time()
    for one in mill.links.pairs(run=_ASKING, states=[PairState.ASKED]):
        if (before := known.get(one.id)) is not None:
            mill.links.decide(
                [one.id], before.state, because=before.because, now=now, run=before.run
            )
        else:
            mill.links.decide([one.id], PairState.WITHDRAWN, because="nobody was asked", now=now)


def unjudged(mill: Mill, pairs: Sequence[NewPair]) -> tuple[list[NewPair], list[Pair]]:
    """Part pairs into those to ask about, and those a model accepted that still wait.

    Where a note was edited since, its pairs are asked about again.
    """
    accepted = {
        (one.a, one.b, one.source_a, one.source_b): one
        for one in mill.links.pairs(states=[PairState.PROPOSED])
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


def _reply_tokens(pairs: int, notes: int) -> int:
    return JUDGEMENT_TOKENS * max(1, round(2 * pairs / max(1, notes)))


async def show_judging(
    mill: Mill, pairs: Sequence[NewPair], options: CurateOptions, console: Console, *, as_json: bool
) -> int:
    """Show lane, price and a request; nothing is kept or sent. Raises ConfigError."""
    await show_provider(mill, console)
    as_if = [
        Pair(
            number, one.a, one.b, PairState.ASKED, "", one.score, one.reason, one.source_a,
            one.source_b, "",
        )
        for number, one in enumerate(pairs, start=1)
    ]  # fmt: skip
    requests = _requests(mill, as_if)
    plan = mill.plan(requests, options, reply_tokens=_reply_tokens(len(pairs), len(requests)))
    return show_dry_run(mill, plan, requests, console, as_json=as_json)


def _requests(mill: Mill, pairs: Sequence[Pair]) -> JudgeRequests:
    return JudgeRequests(
        pairs,
        to_send=lambda key: mill.to_send(key)[0],
        explainer=Explainer(mill.vault, mill.look()),
        template=load_template(LINK_KIND),
        model=mill.settings.model or mill.engine.default_model(),
        room=mill.room(),
    )


async def drive_judging(mill: Mill, curation: Curation, console: Console, *, yes: bool) -> Report:
    """Drive a run to its end, or as far as it goes; return its report.

    What stops it early is raised after the report is shown.
    """
    run = curation.run
    if mill.links.run(run.id) is None:
        # The process that began it died before it had written that down.
        mill.links.adopt(_ASKING, run.id)

    async def collect(_: Curation) -> None:
        decide_run(mill, run)

    try:
        await through_stages(
            mill,
            curation,
            console,
            yes=yes,
            hold_back=lambda: withdraw_private(mill, curation, console),
            collect=collect,
            sample=lambda: _show_sample(mill, run, console),
        )
    finally:
        report = await mill.report(run)
        print_report(report, console)
        show_going_on(report, run.row.state, console)
    return report


def decide_run(mill: Mill, run: Run) -> None:
    """Write down what was answered about a run's pairs, once both notes' answers are there.

    Where the run has ended, what is missing counts as no answer. May be called again.
    """
    # An answer that was missing may have come since: a retry settles what it left undecided.
    asked = mill.links.pairs(run=run.id, states=[PairState.ASKED, PairState.UNDECIDED])
    if not asked or run.row.dropped_at is not None:
        return
    ended = run.row.state in (RunState.DONE, RunState.CANCELED)
    verdicts = judgements_of(run.outcomes(), asked)
    mill.links.decide_each(
        [
            (one.id, *decided(one, verdicts))
            for one in asked
            if ended or len(verdicts.get(one.id, ())) == BOTH
        ],
        now=time.time(),
    )


async def decide_left_over(mill: Mill) -> None:
    """Decide what ended runs have answered, and a process that died had not read."""
    asked = mill.links.pairs(states=[PairState.ASKED])
    runs = {row.id: row for row in await mill.engine.runs()} if asked else {}
    for run in {one.run for one in asked} & runs.keys():
        decide_run(mill, await mill.engine.run(run))


@dataclass(frozen=True, slots=True)
class Answers:
    """What a run's answers say: of each pair, and where all answers about a note are the same."""

    verdicts: Mapping[int, Sequence[Judgement]]
    uniform: Sequence[Uniform]

    def about(self, pair: Pair) -> dict[str, Any]:
        """Return the answers about a pair as JSON has them, nothing where there are none."""
        answers = [
            {"item": one.note, "accept": one.accept, "reason": one.reason}
            for one in self.verdicts.get(pair.id, ())
        ]
        return {"answers": answers} if answers else {}

    @property
    def uniform_object(self) -> dict[str, Any]:
        """The notes with the same answer throughout as JSON has them, nothing without a model."""
        if not self.verdicts:
            return {}
        return {
            "uniform": [
                {"item": one.note, "accept": one.accept, "own": one.own, "others": one.others}
                for one in self.uniform
            ]
        }


NO_ANSWERS: Final = Answers({}, ())


async def answers_of(mill: Mill, run_id: str, pairs: Sequence[Pair]) -> Answers:
    """Return what was answered about `pairs` of a run; nothing where no model was asked."""
    if all(row.id != run_id or row.dropped_at for row in await mill.engine.runs()):
        return NO_ANSWERS
    verdicts = judgements_of((await mill.engine.run(run_id)).outcomes(), pairs)
    return Answers(verdicts, uniform_of(pairs, verdicts))


async def show_answers(mill: Mill, run_id: str, console: Console) -> Answers:
    """Show what a run's answers leave to a person, and return them."""
    shows = mill.look().shows
    pairs = [one for one in mill.links.pairs(run=run_id) if shows(one.a) and shows(one.b)]
    answers = await answers_of(mill, run_id, pairs)
    show_undecided(pairs, console)
    show_uniform(answers.uniform, console)
    return answers


async def withdraw_private(mill: Mill, curation: Curation, console: Console) -> None:
    """Cancel what has not ended of notes that are hidden by now."""
    asked = mill.links.pairs(run=curation.run.id, states=[PairState.ASKED])

    def told(sight: Sight) -> set[str]:
        """Return the notes whose requests hold lines of hidden ones: each has all its candidates."""
        return {one.other(key) for one in asked for key in (one.a, one.b) if not sight.shows(key)}

    if held := await mill.withdraw(curation, told=told):
        console.print(
            f"excluded by now, or asked with one that is, and left out: {counted(held, 'note')}"
        )


def _show_sample(mill: Mill, run: Run, console: Console) -> None:
    """Show what was decided of the first pairs, and why."""
    shows = mill.look().shows
    pairs = [one for one in mill.links.pairs(run=run.id) if shows(one.a) and shows(one.b)]
    verdicts = judgements_of(run.outcomes(), pairs)
    for pair in [one for one in pairs if one.id in verdicts][:_SAMPLE_PAIRS]:
        for verdict in verdicts[pair.id]:
            said = "yes" if verdict.accept else "no"
            console.print(f"  {shown(pair.a)} and {shown(pair.b)}: {said}, {shown(verdict.reason)}")
