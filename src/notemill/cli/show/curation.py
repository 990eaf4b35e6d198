"""What `notemill curate` shows: one function per event, and the next steps."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from notemill.app import events
from notemill.app.terms import OFFLINE
from notemill.cli.diffs import print_beginning, print_diff
from notemill.cli.endings import names_of, show_not_seen, show_troubles
from notemill.privacy import DOUBTFUL
from notemill.workflows.curation.apply import TAGS
from twolane import RunState
from twolane.front.consent import show_offer
from twolane.front.console import counted, left_line, print_expiring, print_report, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notemill.workflows.curation.reply_text import Loss
    from twolane import Report
    from twolane.front.console import Console

SHOWN_STRAYS: Final = 3
SHOWN_CHANGES: Final = 20
SHOWN_STATES: Final = 8


def _provider(event: events.ProviderChosen, console: Console) -> None:
    """Show if no model is asked, and name the server if one was discovered."""
    if event.name == OFFLINE:
        console.print(
            "provider: offline (extractive: sentences and phrases from the notes, no model; "
            "set ANTHROPIC_API_KEY to use one)"
        )
    else:
        console.print(f"provider: {event.name}, {event.words}")


def _server_slow(_: events.ServerSlow, console: Console) -> None:
    console.print("waiting for the server: it may be loading its model")


def _expiring(event: events.ResultsExpiring, console: Console) -> None:
    print_expiring(event.batches, console, now=event.now)


def _unmatched(event: events.ExclusionsUnmatched, console: Console) -> None:
    for one in event.entries:
        hint = f"; did you mean {one.nearest!r}?" if one.nearest else ""
        console.print(shown(f"the exclusion {one.entry!r} matches no note of this vault{hint}"))


def _vocabulary(event: events.VocabularySeen, console: Console) -> None:
    """Show which notes' tag lists have no effect, and what changed in the one that has."""
    if event.moved:
        console.print(
            f"{event.moved} held the vocabulary but has no list now; the vocabulary stays as "
            "you last adopted it"
        )
    for one in event.strays[:SHOWN_STRAYS]:
        line = f"{one} is marked as a vocabulary but is not used; to use it: "
        console.print(f"{line}notemill tags adopt {shlex.quote(one)}")
    if len(event.strays) > SHOWN_STRAYS:
        console.print(f"so are {counted(len(event.strays) - SHOWN_STRAYS, 'more note')}")
    if event.changes:
        console.print(f"{event.note} has changed since you adopted it:")
        for change in event.changes[:SHOWN_CHANGES]:
            console.print(f"  {change}")
        if len(event.changes) > SHOWN_CHANGES:
            console.print(f"  … and {len(event.changes) - SHOWN_CHANGES:,} more")
        line = f"use it as it is now: notemill tags adopt {shlex.quote(event.note)}"
        console.print(line)


def _surveyed(event: events.Surveyed, console: Console) -> None:
    """Show how many notes need work and why, and what is left alone."""
    survey = event.survey
    console.print(
        f"{counted(survey.seen, 'note')}: {len(survey.work):,} need work, "
        f"{survey.up_to_date:,} are up to date, "
        f"{len(survey.skipped) + len(survey.without_text):,} are left alone"
    )
    if without := survey.without_text:
        names = names_of(without)
        console.print(f"  {len(without):,} left alone: without text{names}")
    if survey.put_off:
        console.print(f"  {survey.put_off:,} more need work but exceed --limit")
    if hidden := survey.sight.hidden:
        console.print(f"  {len(hidden):,} more are excluded: nothing of them leaves this machine")
        if doubtful := sum(why == DOUBTFUL for why in hidden.values()):
            console.print(f"  {doubtful:,} of them in doubt: {DOUBTFUL}")
    show_not_seen(survey.not_seen, console)
    reasons = Counter(need.reason for _, need in survey.work)
    for reason, count in reasons.most_common(6):
        console.print(f"  {count:,} {reason}")
    show_troubles(survey.skipped, console, lead="left alone: ")
    if survey.work and (states := sorted(survey.candidates.states)):
        named = ", ".join(f"#{one}" for one in states[:SHOWN_STATES])
        more = f" and {len(states) - SHOWN_STATES:,} more" if len(states) > SHOWN_STATES else ""
        console.print(
            f"not offered as tags, as they stand for a state or kind of note: {named}{more}; "
            "to offer one, write in the tag list what it is for"
        )
    if event.selection.only and not survey.seen:
        console.print(f"no note matches --only {event.selection.only!r}")


def _left_over(event: events.LeftOverFound, console: Console) -> None:
    console.print(f"run {event.run} has unprocessed answers")


def _waiting(event: events.ProposalsWaiting, console: Console) -> None:
    verb = "waits" if event.count == 1 else "wait"
    console.print(
        f"{counted(event.count, 'earlier proposal')} {verb} for your decision: notemill review"
    )


def _cut(event: events.NotesCut, console: Console) -> None:
    """Show how many notes are longer than the model's context."""
    console.print(
        f"{counted(event.count, 'note')} shortened to fit the model's context of "
        f"{event.context_tokens:,} tokens holds"
    )


def _planned(event: events.Planned, console: Console) -> None:
    show_offer(event.offer, console)


def _taken_up(event: events.RunTakenUp, console: Console) -> None:
    console.print(f"continuing run {event.run}")


def _asked_again(event: events.AskedAgain, console: Console) -> None:
    console.print(f"sent again: {counted(event.count, 'note')}")
    if event.left:
        console.print(left_line(event.left, "note"))


def _began(event: events.RunBegan, console: Console) -> None:
    console.print(f"run {event.run}")


def _stage(event: events.StageBegan, console: Console) -> None:
    console.print(f"stage {event.number} of {event.of}: {event.purpose}")


def _verified(event: events.StageVerified, console: Console) -> None:
    console.print(f"verified: {counted(event.checked, 'result')}, each matched to its note")


def _held_back(event: events.HeldBack, console: Console) -> None:
    what = (
        "left out, because they or a note they were sent with are excluded now"
        if event.with_others
        else "left out, because they are excluded now"
    )
    console.print(f"{what}: {counted(event.count, 'note')}")


def _sampled(event: events.Sampled, console: Console) -> None:
    for one in event.changes:
        print_change(one, console)


def print_change(change: events.NoteChange, console: Console) -> None:
    """Show a note with its pending proposals, or why they cannot be applied."""
    if change.problem:
        console.print(f"  {shown(change.note)}: {shown(change.problem)}")
    elif not change.before:
        print_beginning(console, change.after, change.note)
    else:
        print_diff(console, change.before, change.after, change.note)


def show_applied(event: events.Written, console: Console) -> None:
    """Show what was written, what waits for a person, and what could not be written."""
    done, run_id = event.applied, event.run
    written = sum(bool(one.written) for one in done)
    waiting = sum(proposal.kind not in TAGS for one in done for proposal in one.waiting)
    new_tags = {p.value.casefold() for one in done for p in one.waiting if p.kind in TAGS}
    troubled = [one for one in done if one.problem]
    console.print(f"{counted(written, 'note')} written; undo with: notemill undo {run_id}")
    if waiting:
        console.print(
            f"{counted(waiting, 'proposal')} would replace your text; not applied: see them "
            f"with `notemill show {run_id}`, apply them with `notemill apply {run_id} "
            "--replace`"
        )
    if new_tags:
        console.print(
            f"{len(new_tags):,} new tags are not in the vocabulary; decide with: notemill tags "
            "review"
        )
    if refused := [(one.note, proposal) for one in done for proposal in one.refused]:
        console.print(
            f"{counted(len(refused), 'proposal')} not written: they have links that the note "
            "does not have, or invisible characters"
        )
        show_troubles(((note, proposal.kind) for note, proposal in refused), console)
    show_troubles(((one.note, one.problem) for one in troubled), console)


def show_losses(losses: Sequence[tuple[str, Loss]], console: Console) -> None:
    """Show what was dropped or changed in answers."""
    if losses:
        notes = len({note for note, _ in losses})
        console.print(f"parts of the answers about {counted(notes, 'note')} were left out:")
        show_troubles(((note, loss.as_line()) for note, loss in losses), console)


def show_going_on(report: Report, state: RunState, console: Console) -> None:
    """Show how to continue a run that has not ended."""
    if state is RunState.OPEN:
        console.print(f"not finished; continue with: notemill resume {report.run}")
    elif state is RunState.STOPPED:
        console.print(
            f"it can continue with a higher cap: notemill resume {report.run} --max-cost USD"
        )


def _reported(event: events.RunReported, console: Console) -> None:
    """Show a run's report, the losses in its answers, and how to continue."""
    print_report(event.report, console)
    if event.stopped:
        return
    show_losses(event.losses, console)
    if event.cut:
        console.print(f"{counted(event.cut, 'note')} shortened to fit the model's context")
    show_going_on(event.report, event.state, console)


RENDERERS: Final[Mapping[type[events.Event], Callable[[Any, Console], None]]] = {
    events.ProviderChosen: _provider,
    events.ServerSlow: _server_slow,
    events.ResultsExpiring: _expiring,
    events.ExclusionsUnmatched: _unmatched,
    events.VocabularySeen: _vocabulary,
    events.Surveyed: _surveyed,
    events.LeftOverFound: _left_over,
    events.NotesCut: _cut,
    events.ProposalsWaiting: _waiting,
    events.Planned: _planned,
    events.RunTakenUp: _taken_up,
    events.AskedAgain: _asked_again,
    events.RunBegan: _began,
    events.StageBegan: _stage,
    events.StageVerified: _verified,
    events.HeldBack: _held_back,
    events.Sampled: _sampled,
    events.Written: show_applied,
    events.RunReported: _reported,
}
