"""What work would cost, and a vault at a glance, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twolane import plain_usd

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notemill.app.overview import LinkOverview, Overview
    from notemill.app.planning import WorkPlan
    from notemill.stores.proposals import ProposalKind

MOST_SOURCES: Final = 200
"""How many sources of an ingest are told one by one, those that cannot be read first."""


def work_plan(plan: WorkPlan) -> dict[str, Any]:
    """Return a plan: dollars as exact decimal strings, `p50` and `p90` in seconds from now."""
    return {
        "lane": plan.lane,
        "reason": plan.reason,
        "price_usd": plain_usd(plan.price_nano),
        "worst_usd": plain_usd(plan.worst_nano),
        "realtime_usd": plain_usd(plan.realtime_nano),
        "batch_usd": plain_usd(plan.batch_nano),
        "p50": plan.p50_s,
        "p90": plan.p90_s,
        "measured": {"batches": plan.batches, "calls": plan.calls},
        "items": plan.items,
        "priced": plan.priced,
        "fitting": plan.fitting,
        "problem": plan.problem,
        "question": plan.question,
        "stages": list(plan.stages),
        "vocabulary": plan.vocabulary,
        "unfinished": plan.unfinished,
        "sources": [
            {"became": one.became, "title": one.title, "words": one.words}
            for one in plan.sources[:MOST_SOURCES]
        ],
    }


def overview(
    seen: Overview, links: LinkOverview | None, *, working: Collection[str] = ()
) -> dict[str, Any]:
    """Return a vault at a glance; `links` is null until they are counted.

    The runs `working` are being worked on, and are no next step.
    """
    step = seen.next_step(working)
    return {
        "at": seen.at_s,
        "notes": seen.notes,
        "described": seen.described,
        "tagged": seen.tagged,
        "with_topics": seen.with_topics,
        "needy": seen.needy,
        "needs": [{"reason": reason, "count": count} for reason, count in seen.needs.items()],
        "without_text": seen.without_text,
        "left_alone": seen.left_alone,
        "excluded": seen.hidden,
        "waiting": _kinds(seen.waiting),
        "accepted": _kinds(seen.accepted),
        "vocabulary": seen.has_vocabulary,
        "new": seen.is_new,
        "links": links
        and {
            "links": links.links,
            "written": links.written,
            "linked": links.linked,
            "orphans": links.orphans,
        },
        "next": {"step": step.step, "count": step.count, "run": step.run},
    }


def _kinds(counts: Mapping[ProposalKind, int]) -> list[dict[str, Any]]:
    return [{"kind": kind, "count": count} for kind, count in counts.items()]
