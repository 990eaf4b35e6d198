"""Results of curations and runs as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twolane import EMPTY_REPORT
from twolane.front.consent import plan_object
from twolane.front.console import report_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notemill.app.consolidating import Invented
    from notemill.app.curating import CurationEnded, CurationPlan
    from notemill.app.events import RunReported
    from notemill.workflows.curation.apply import Applied
    from notemill.workflows.curation.reply_text import Loss
    from notemill.workflows.curation.survey import Survey
    from twolane import Report


def curation_plan(plan: CurationPlan) -> dict[str, Any]:
    """Return a curation's plan, or a report if it has nothing to ask."""
    if plan.offer is None:
        return curation_report(EMPTY_REPORT, plan.survey)
    left = {"cut": plan.cut, "without_text": len(plan.survey.without_text)}
    first = plan.vocabulary
    return {
        **plan_object(plan.offer.plan, plan.preview),
        **({"vocabulary": plan_object(first.plan, plan.vocabulary_preview)} if first else {}),
        **({"new_tags": plan_object(plan.ordering, None)} if plan.ordering else {}),
        **{name: count for name, count in left.items() if count},
    }


def curation_ended(ended: CurationEnded) -> dict[str, Any]:
    """Return the state of a curation when the work on it ends."""
    return {
        **curation_report(ended.report, ended.survey, ended.unwritten),
        **({"dropped": losses(ended.losses)} if ended.losses else {}),
        **({"cut": ended.cut} if ended.cut else {}),
    }


def stopped(reported: RunReported) -> dict[str, Any]:
    """Return the state of a run that an error stopped."""
    if reported.survey is None:
        return report_object(reported.report)
    return curation_report(reported.report, reported.survey)


def curation_report(
    report: Report, survey: Survey, unwritten: Sequence[Applied] = ()
) -> dict[str, Any]:
    """Return the report, with the notes left alone or without text as skipped items.

    The failures include answers that could not be written into their notes.
    """
    value = report_object(report)
    value["items"]["total"] += len(survey.skipped)
    value["items"]["skipped"] += len(survey.skipped)
    value["failures"] += [_failure(one.key, "skipped", one.reason) for one in survey.skipped]
    value["without_text"] = list(survey.without_text)
    value["tags_not_offered"] = sorted(survey.candidates.states)
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


def losses(found: Iterable[tuple[str, Loss]]) -> list[dict[str, Any]]:
    """Return the losses in answers."""
    return [
        {"item": note, "field": loss.field, "reason": loss.reason, "count": loss.count}
        for note, loss in found
    ]


def new_tags(invented: Invented) -> dict[str, Any]:
    """Return the new tags of a run with their notes, and what became of others."""
    return {
        "new_tags": [{"tag": one.tag, "notes": list(one.notes)} for one in invented.new],
        "new_tags_changed": [
            {"tag": one.tag, "becomes": one.becomes, "why": one.why, "notes": list(one.notes)}
            for one in invented.changed
        ],
    }


def applied(run: str, done: Sequence[Applied], *, hidden: int) -> dict[str, Any]:
    """Return the outcome of a run's proposals; `hidden` is the number of hidden notes."""
    return {
        "run": run,
        "written": [one.note for one in done if one.written],
        "waiting": [one.note for one in done if one.waiting],
        "problems": [{"item": one.note, "message": one.problem} for one in done if one.problem],
        "refused": [
            {"item": one.note, "kind": proposal.kind} for one in done for proposal in one.refused
        ],
        "excluded": hidden,
    }
