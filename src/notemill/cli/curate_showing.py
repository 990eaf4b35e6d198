"""What `notemill curate` shows: the survey, a sample, what was written, what comes next."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from notemill.app.mill import OFFLINE, Mill
from notemill.cli.diffs import print_diff
from notemill.cli.endings import names_of, show_not_seen, show_troubles
from notemill.errors import NotemillError
from notemill.privacy import DOUBTFUL
from notemill.workflows.curation.apply import TAGS
from twolane import RunState
from twolane.front.consent import find_server, plan_object, show_plan, show_request
from twolane.front.console import counted, print_expiring, print_json, report_object, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.curation.reply_text import Loss
    from notemill.workflows.curation.survey import Survey
    from notemill.workflows.fitting import Room
    from twolane import Plan, Report, Request
    from twolane.front.console import Console

SAMPLE_NOTES = 2


def show_applied(done: list[Applied], run_id: str, console: Console) -> None:
    """Say what was written, what waits for a person, and what could not be written."""
    written = sum(bool(one.written) for one in done)
    waiting = sum(proposal.kind not in TAGS for one in done for proposal in one.waiting)
    new_tags = {p.value.casefold() for one in done for p in one.waiting if p.kind in TAGS}
    troubled = [one for one in done if one.problem]
    console.print(f"{counted(written, 'note')} written; undo with: notemill undo {run_id}")
    if waiting:
        console.print(
            f"held back for what you wrote: {counted(waiting, 'proposal')}; see them with "
            f"`notemill show {run_id}`, take them with `notemill apply {run_id} --replace`"
        )
    if new_tags:
        console.print(
            f"{len(new_tags):,} new tags are not in the vocabulary, and wait for your decision: "
            "notemill tags review"
        )
    if refused := [(one.note, proposal) for one in done for proposal in one.refused]:
        console.print(
            f"{counted(len(refused), 'proposal')} not written: they refer to what the note does not, "
            "or hold what does not show"
        )
        show_troubles(((note, proposal.kind) for note, proposal in refused), console)
    show_troubles(((one.note, one.problem) for one in troubled), console)


def show_losses(losses: Sequence[tuple[str, Loss]], console: Console) -> None:
    """Show what was not taken of answers as it was."""
    if losses:
        notes = len({note for note, _ in losses})
        console.print(f"not everything was taken of the answers about {counted(notes, 'note')}:")
        show_troubles(((note, loss.as_line()) for note, loss in losses), console)


def losses_object(losses: Iterable[tuple[str, Loss]]) -> list[dict[str, Any]]:
    """Return what was not taken of answers as JSON has it."""
    return [
        {"item": note, "field": loss.field, "reason": loss.reason, "count": loss.count}
        for note, loss in losses
    ]


async def show_provider(mill: Mill, console: Console) -> None:
    """Say so where no model is asked, and name the server where one had to be found."""
    if mill.settings.provider == OFFLINE:
        console.print(
            "provider: offline (extractive: the notes' own sentences and phrases, no model; set "
            "ANTHROPIC_API_KEY for written ones)"
        )
    await find_server(mill.engine, console)


async def warn_of_expiry(mill: Mill, console: Console) -> None:
    """Name the batches whose results the provider will soon delete."""
    engine = mill.engine
    print_expiring(await engine.expiring(), console, now=engine.now())


def print_pending(mill: Mill, run_id: str, key: str, console: Console) -> None:
    """Show what a run's pending proposals would make of a note, or why they cannot."""
    try:
        before, after = mill.before_and_after(run_id, key)
    except NotemillError as error:
        console.print(f"  {shown(key)}: {shown(str(error))}")
        return
    print_diff(console, before, after, key)


def show_survey(survey: Survey, console: Console) -> None:
    """Show how many notes need work and why, and what is left alone."""
    console.print(
        f"{counted(survey.seen, 'note')}: {len(survey.work):,} need work, "
        f"{survey.up_to_date:,} need nothing, "
        f"{len(survey.skipped) + len(survey.without_text):,} are left alone"
    )
    if without := survey.without_text:
        names = names_of(without)
        console.print(f"  {len(without):,} left alone: without text{names}")
    if survey.put_off:
        console.print(f"  {survey.put_off:,} more need work, beyond --limit")
    if hidden := survey.sight.hidden:
        console.print(f"  {len(hidden):,} more are excluded: nothing of them leaves this machine")
        if doubtful := sum(why == DOUBTFUL for why in hidden.values()):
            console.print(f"  {doubtful:,} of them in doubt: {DOUBTFUL}")
    show_not_seen(survey.not_seen, console)
    reasons = Counter(need.reason for _, need in survey.work)
    for reason, count in reasons.most_common(6):
        console.print(f"  {count:,} {reason}")
    show_troubles(survey.skipped, console, lead="left alone: ")


def show_sample(mill: Mill, run_id: str, console: Console) -> None:
    """Show the first notes of a stage as diffs."""
    for key in mill.pending_notes(run_id)[:SAMPLE_NOTES]:
        print_pending(mill, run_id, key, console)


def show_cut(room: Room, console: Console) -> None:
    """Say how many notes are longer than the context of the model that is asked."""
    if room.cut:
        console.print(
            f"{counted(len(room.cut), 'note')} cut to what the model's context of "
            f"{room.context_tokens:,} tokens holds"
        )


def show_going_on(report: Report, state: RunState, console: Console) -> None:
    """Say how a run that has not ended goes on."""
    if state is RunState.OPEN:
        console.print(f"not finished; go on with: notemill resume {report.run}")
    elif state is RunState.STOPPED:
        console.print(f"more money lets it go on: notemill resume {report.run} --max-cost USD")


def show_next_steps(report: Report, state: RunState, console: Console, *, review: bool) -> None:
    """Say how the run goes on, or what can be done with its proposals."""
    show_going_on(report, state, console)
    if review and report.items.succeeded:
        console.print(f"look at the proposals: notemill show {report.run}")
        console.print(f"write them into the notes: notemill apply {report.run}")


def show_dry_run(
    mill: Mill,
    plan: Plan,
    requests: Iterable[Request],
    console: Console,
    *,
    as_json: bool,
    cut: int = 0,
    without_text: int = 0,
) -> int:
    """Show lane, price and the first request whole, as it would be sent.

    `cut` notes are longer than the model's context; those `without_text` are not asked about.
    """
    show_plan(plan, console)
    preview = None
    for request in islice(requests, 1):
        preview = mill.engine.preview(request, plan, cache=True)
        show_request(preview, console)
    if as_json:
        left = {"cut": cut, "without_text": without_text}
        told = plan_object(plan, preview)
        print_json({**told, **{name: count for name, count in left.items() if count}})
    return 0


def with_skipped(
    report: Report, survey: Survey, unwritten: Sequence[Applied] = ()
) -> dict[str, Any]:
    """Return the report with the notes that were left alone as skipped items, or without text.

    Among the failures stand also the answers that could not be written into their notes.
    """
    value = report_object(report)
    value["items"]["total"] += len(survey.skipped)
    value["items"]["skipped"] += len(survey.skipped)
    value["failures"] += [_failure(one.key, "skipped", one.reason) for one in survey.skipped]
    value["without_text"] = list(survey.without_text)
    value["failures"] += [
        _failure(one.note, "not_written", one.problem, retryable=True) for one in unwritten
    ]
    return value


def _failure(key: str, kind: str, message: str, *, retryable: bool = False) -> dict[str, Any]:
    return {
        "item": key,
        "custom_id": "",
        "kind": kind,
        "message": message,
        "retryable": retryable,
    }


def nothing_to_do(survey: Survey) -> dict[str, Any]:
    """Return the report of a curation that has nothing to ask."""
    from twolane import EMPTY_REPORT  # noqa: PLC0415

    return with_skipped(EMPTY_REPORT, survey)
