"""`notemill link`: related notes found, shown with their why, written to both sides on request."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from notemill.cli.exclusions import see_exclusions
from notemill.cli.judging import (
    NO_ANSWERS,
    begin_judging,
    decide_left_over,
    drive_judging,
    show_answers,
    show_judging,
    unjudged,
)
from notemill.cli.link_showing import (
    show_findings,
    show_left_out,
    show_pairs,
    show_upkeep,
    show_written,
    written_object,
)
from notemill.cli.meaning import vectors_of
from notemill.cli.opening import open_mill
from notemill.config import load_embedding
from notemill.stores.pairs import LinkRun, PairState
from notemill.vault.globs import folded, matcher
from notemill.vault.related import Form
from notemill.workflows.curation.survey import CurateOptions
from notemill.workflows.links.explaining import Explainer
from notemill.workflows.links.finding import find_links
from notemill.workflows.links.judging import LINK_KIND
from notemill.workflows.links.upkeep import Mend, look_after
from notemill.workflows.links.writing import LinksWritten, LinkWriting
from notemill.workflows.stages import check_stages
from twolane import Lane
from twolane.front.consent import cap_of, within_s
from twolane.front.console import EXIT_FAILED, exit_code, note_console, print_json, report_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from notemill.app.mill import Mill
    from notemill.cli.judging import Answers
    from notemill.config import EmbeddingSettings
    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.stores.pairs import NewPair, Pair
    from notemill.workflows.links.finding import Findings
    from notemill.workflows.links.scene import Scene
    from notemill.workflows.links.upkeep import Upkeep
    from twolane import Report, Settings
    from twolane.front.console import Console


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """What `link` was asked for."""

    top: int
    min_score: float
    form: Form
    only: str | None
    embedding: EmbeddingSettings

    def takes(self, key: str) -> bool:
        """Tell whether a note was asked for."""
        return self.only is None or matcher(self.only)(folded(key))

    def settings(self) -> dict[str, Any]:
        """Return what is kept of them with a run."""
        return {
            "top": self.top,
            "min_score": self.min_score,
            "form": str(self.form),
            "only": self.only or "",
        }


@dataclass(frozen=True, slots=True)
class Looked:
    """A vault looked through for links."""

    scene: Scene
    upkeep: Upkeep
    findings: Findings


async def link_with_flags(
    settings: Settings,
    *,
    top: int,
    min_score: float,
    section: bool,
    only: str | None,
    embedding: str | None,
    ask_model: bool,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    stages: str,
    **flags: Any,  # noqa: ANN401
) -> int:
    """Look for links as the command's flags say; return the exit code."""
    check_stages(stages)
    form = Form.SECTION if section else Form.PROPERTY
    asking = CurateOptions(
        lane=None if lane == "auto" else Lane(lane),
        cap_nano=cap_of(max_cost),
        by_s=within_s(by, strict=by_strict),
        by_strict=by_strict,
        stages=stages,
        only=only,
    )
    options = LinkOptions(
        top, min_score, form, only, load_embedding(embedding, config=settings.config)
    )
    return await link_vault(settings, options, asking=asking if ask_model else None, **flags)


async def link_vault(
    settings: Settings,
    options: LinkOptions,
    *,
    asking: CurateOptions | None,
    vault: Path,
    exclude: tuple[str, ...],
    review: bool,
    again: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    allow_unmatched: bool,
) -> int:
    """Look for links in a vault; return the exit code.

    `asking` None asks no model. Raises NotemillError, TwolaneError.
    """
    mill = open_mill(vault, settings, exclude, dry_run=dry_run)
    try:
        with mill.working():
            asks = asking is not None and mill.sends and not dry_run
            sends = asks or options.embedding.leaves
            see_exclusions(
                mill,
                mill.look(with_contents=True),
                note_console(),
                sends=sends,
                allow=allow_unmatched,
            )
            if dry_run:
                return await _dry_run(mill, options, asking, as_json=as_json)
            await decide_left_over(mill)
            job = LinkJob(mill, options, review=review, as_json=as_json)
            if asking is None:
                return job.without_model()
            return await job.with_model(asking, again=again, yes=yes)
    finally:
        await mill.aclose()


async def _dry_run(
    mill: Mill, options: LinkOptions, asking: CurateOptions | None, *, as_json: bool
) -> int:
    """Show what is found, and with a model what would be asked; keep nothing."""
    console = note_console()
    looked = look(mill, options, console)
    if asking is not None and looked.findings.pairs:
        return await show_judging(mill, looked.findings.pairs, asking, console, as_json=as_json)
    explainer = Explainer(mill.vault, looked.scene.sight)
    show_pairs(looked.findings.pairs, explainer, looked.findings.orphans, console)
    if as_json:
        print_json(_object(mill, looked, "", None))
    return 0


class LinkJob:
    """One look for links, and what is done with what it finds."""

    def __init__(self, mill: Mill, options: LinkOptions, *, review: bool, as_json: bool) -> None:
        """Look through the vault of `mill`."""
        self._mill = mill
        self._options = options
        self._review = review
        self._as_json = as_json
        self.console = note_console()

    def without_model(self) -> int:
        """Propose what ranking finds; return the exit code."""
        looked = look(self._mill, self._options, self.console)
        found = looked.findings
        explainer = Explainer(self._mill.vault, looked.scene.sight)
        show_pairs(found.pairs, explainer, found.orphans, self.console)
        if not found.pairs and not looked.upkeep.repairs:
            return self._nothing(looked)
        run = keep(self._mill, found.pairs, self._options)
        return self._conclude(looked, run, None)

    async def with_model(self, asking: CurateOptions, *, again: bool, yes: bool) -> int:
        """Have a model judge what ranking finds, and propose what it accepts."""
        mill, console = self._mill, self.console
        looked = look(mill, self._options, console)
        fresh, judged = unjudged(mill, looked.findings.pairs)
        curation = None if again else await mill.unfinished(asking, kind=LINK_KIND)
        if curation is not None:
            console.print(f"going on with run {curation.run.id}")
        elif fresh:
            curation = await begin_judging(
                mill, fresh, asking, console, kept=self._options.settings(), yes=yes
            )
        elif judged:
            console.print("every pair that was found is judged already")
            mill.links.take_over([one.id for one in judged], judged[0].run)
            return self._conclude(looked, judged[0].run, None)
        elif looked.upkeep.repairs:
            return self._conclude(looked, keep(mill, (), self._options), None)
        else:
            return self._nothing(looked)
        report = await drive_judging(mill, curation, console, yes=yes)
        mill.links.take_over([one.id for one in judged], curation.run.id)
        accepted = seen_pairs(mill, curation.run.id, sight := mill.look(), PairState.PROPOSED)
        show_pairs(accepted, Explainer(mill.vault, sight), looked.findings.orphans, console)
        answers = await show_answers(mill, curation.run.id, console)
        code = self._conclude(looked, curation.run.id, report, answers)
        return code or exit_code(report)

    def _nothing(self, looked: Looked) -> int:
        self.console.print("nothing to do: no new link is likely enough")
        if self._as_json:
            print_json(_object(self._mill, looked, "", None))
        return 0

    def _conclude(
        self, looked: Looked, run: str, report: Report | None, answers: Answers = NO_ANSWERS
    ) -> int:
        """Write what was found where that is wanted, and report; return the exit code."""
        written: LinksWritten | None = None
        if self._review:
            show_next(run, self.console)
        else:
            written = write_run(self._mill, run, self.console)
        if self._as_json:
            about = report_object(report) if report else {}
            print_json({**about, **_object(self._mill, looked, run, written, answers)})
        return EXIT_FAILED if written and (written.problems or written.conflicts) else 0


def look(mill: Mill, options: LinkOptions, console: Console) -> Looked:
    """Look through a vault, and show what was found but the pairs.

    Raises VaultError, EmbeddingError.
    """
    scene = mill.scene()
    upkeep = look_after(scene, mill.links, now=time.time())
    with contextlib.ExitStack() as display:

        def meanings(facts: Sequence[NoteFacts]) -> NDArray[np.float32] | None:
            made = vectors_of(mill, options.embedding, facts, console)
            # From here on the notes are compared, and nothing else shows that.
            display.enter_context(console.status("comparing the notes"))
            return made

        findings = find_links(
            scene,
            mill.links,
            mill.index.contents,
            top=options.top,
            min_score=options.min_score,
            only=options.takes,
            vectors_of=meanings,
        )
    # What an undo left on one side is completed where its pair is proposed again.
    again = {frozenset((one.a, one.b)) for one in findings.pairs}
    repairs = tuple(
        one
        for one in upkeep.repairs
        if one.mend is not Mend.REMOVE or frozenset((one.note, one.other)) not in again
    )
    upkeep = replace(upkeep, repairs=repairs).shown(scene.sight)
    show_findings(findings, console)
    skipped = [one for one in mill.vault.skipped if scene.sight.shows(one.key)]
    show_left_out(findings, skipped, console)
    show_upkeep(upkeep, console)
    return Looked(scene, upkeep, findings)


def keep(mill: Mill, pairs: Iterable[NewPair], options: LinkOptions) -> str:
    """Keep pairs as proposals, and return their run: an earlier one that has just these.

    What earlier runs proposed of the same notes, and is not found any more, is withdrawn.
    """
    found = list(pairs)
    pending = mill.links.pairs(states=[PairState.PROPOSED])
    runs = {one.run for one in pending}
    if len(runs) == 1 and _ends(pending) == _ends(found):
        (run,) = runs
        known = mill.links.run(run)
        if known is not None and dict(known.settings) == options.settings():
            return run
    new = LinkRun(new_run_id(), time.time(), options.settings())
    mill.links.propose(new, found)
    mill.links.decide(
        [
            one.id
            for one in mill.links.pairs(states=[PairState.PROPOSED])
            if one.run != new.id and (options.takes(one.a) or options.takes(one.b))
        ],
        PairState.WITHDRAWN,
        because="it was not found again",
        now=new.at_s,
    )
    return new.id


def _ends(pairs: Iterable[NewPair] | Iterable[Pair]) -> set[tuple[frozenset[str], ...]]:
    """Return pairs with what their notes were, to be compared."""
    return {(frozenset((one.a, one.b)), frozenset((one.source_a, one.source_b))) for one in pairs}


def new_run_id() -> str:
    """Return a new name to keep and journal links by."""
    return f"{LINK_KIND}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def write_run(mill: Mill, run: str, console: Console, *, item: str | None = None) -> LinksWritten:
    """Write a run's pairs and what has to be mended, and show it. Raises VaultError."""
    known = mill.links.run(run)
    form = Form(known.settings["form"] if known else Form.PROPERTY)
    scene = mill.scene()
    upkeep = look_after(scene, mill.links, now=time.time())
    pairs = mill.links.to_write(run)
    if item is not None:
        pairs = [one for one in pairs if item in (one.a, one.b)]
    repairs = [one for one in upkeep.repairs if item is None or item in (one.note, one.other)]
    writing = LinkWriting(scene, mill.links, run, form, now=time.time)
    writing.plan(pairs, repairs)
    written = writing.write()
    show_written(written, run, mill.look(), console)
    return written


def show_next(run: str, console: Console) -> None:
    """Say what can be done with a run that waits for decisions."""
    console.print(f"nothing is written yet; look at all of it: notemill show {run}")
    console.print("turn a pair down: notemill link reject NOTE NOTE")
    console.print(f"write them into both notes: notemill apply {run}")


def _object(
    mill: Mill,
    looked: Looked,
    run: str,
    written: LinksWritten | None,
    answers: Answers = NO_ANSWERS,
) -> dict[str, Any]:
    findings, upkeep = looked.findings, looked.upkeep
    explainer = Explainer(mill.vault, looked.scene.sight)
    known = {frozenset((one.a, one.b)): one for one in mill.links.pairs(run=run or None)}
    state = "nothing" if not run else "proposed" if written is None else "done"
    return {
        "run": run,
        "kind": LINK_KIND,
        "state": state,
        "notes": findings.before.notes,
        "orphans": {"before": findings.before.orphans, "after": findings.after.orphans},
        "components": {"before": findings.before.components, "after": findings.after.components},
        "pairs": [
            {
                **pair_object(one, explainer),
                **_standing(known.get(frozenset((one.a, one.b))) if run else None, answers),
            }
            for one in findings.pairs
        ],
        **answers.uniform_object,
        "taken_over": upkeep.taken_over,
        "renamed": [{"from": old, "to": new} for old, new in upkeep.renamed.items()],
        "rejected": [{"item": note, "other": other} for note, other in upkeep.rejected],
        "away": [{"item": key, "message": why} for key, why in upkeep.away.items()],
        "repairs": [
            {"item": one.note, "other": one.other, "mend": one.mend, "text": one.text,
             "message": one.why}
            for one in upkeep.repairs
        ],
        "left_alone": [
            {"item": one.key, "message": one.reason} for one in findings.left_out
        ],
        "excluded": findings.hidden,
        **(
            written_object(written, mill.look())
            if written
            else {"written": [], "problems": []}
        ),
    }  # fmt: skip


def _standing(pair: Pair | None, answers: Answers) -> dict[str, Any]:
    """Return where a pair that was found stands in its run, and what a model said of it."""
    return {"state": pair.state, **answers.about(pair)} if pair else {"state": "found"}


def seen_pairs(mill: Mill, run: str, sight: Sight, *states: PairState) -> list[Pair]:
    """Return a run's pairs, those in `states` or all, but those of hidden notes."""
    pairs = mill.links.pairs(run=run, states=states or list(PairState))
    return [one for one in pairs if sight.shows(one.a) and sight.shows(one.b)]


def pair_object(pair: NewPair | Pair, explainer: Explainer) -> dict[str, Any]:
    """Return a pair with its why as JSON has it."""
    why = explainer.why(pair.a, pair.b, pair.reason)
    return {
        "a": pair.a,
        "b": pair.b,
        "score": pair.score,
        "words": list(why.words),
        "mentions": [{"item": key, "sentence": text} for key, text in why.mentions],
        "neighbours": list(why.neighbours),
        "tags": list(why.tags),
    }
