"""Results for links as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.stores.pairs import PairState
from notemill.workflows.links.judging import LINK_KIND
from twolane.front.console import report_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.app.link_events import Embeddings
    from notemill.app.link_results import LinkingEnded, LinksResumed, LinksShown
    from notemill.app.turned_down import PairRejected
    from notemill.stores.pairs import Pair
    from notemill.workflows.links.explaining import ExplainedPair
    from notemill.workflows.links.judging import Answers
    from notemill.workflows.links.writing import LinksWritten


def linking_ended(
    ended: LinkingEnded, pairs: Iterable[tuple[ExplainedPair, Pair | None]]
) -> dict[str, Any]:
    """Return the outcome of a link search; `pairs` are those found, each as stored in the run."""
    findings, upkeep, answers = ended.found.findings, ended.found.upkeep, ended.answers
    before, after = findings.before, findings.after
    state = "nothing" if not ended.run else "proposed" if ended.written is None else "done"
    return {
        **(report_object(ended.report) if ended.report else {}),
        "run": ended.run,
        "kind": LINK_KIND,
        "state": state,
        "notes": before.notes,
        "orphans": {"before": before.orphans, "after": after.orphans},
        "components": {"before": before.components, "after": after.components},
        "pairs": [{**_pair(one), **_standing(kept, answers)} for one, kept in pairs],
        **_uniform(answers),
        "taken_over": upkeep.taken_over,
        "renamed": [{"from": old, "to": new} for old, new in upkeep.renamed.items()],
        "rejected": [{"item": note, "other": other} for note, other in upkeep.rejected],
        "away": [{"item": key, "message": why} for key, why in upkeep.away.items()],
        "repairs": [
            {
                "item": one.note, "other": one.other, "mend": one.mend, "text": one.text,
                "message": one.why,
            }
            for one in upkeep.repairs
        ],
        "weights": "vault" if findings.taught else "shipped",
        "embeddings": _embeddings(ended.found.embeddings),
        "left_alone": [{"item": one.key, "message": one.reason} for one in findings.left_out],
        "excluded": findings.hidden,
        **(
            {"written": [], "problems": []}
            if ended.written is None
            else _written(ended.written, ended.hidden)
        ),
    }  # fmt: skip


def _embeddings(had: Embeddings | None) -> dict[str, Any] | None:
    return None if had is None else {"made": had.made, "total": had.total, "used": had.used}


def links_resumed(resumed: LinksResumed) -> dict[str, Any]:
    """Return the state of a run that asks about links when the work on it ends."""
    return {
        **report_object(resumed.report),
        "kind": LINK_KIND,
        **_uniform(resumed.answers),
        **({} if resumed.written is None else _written(resumed.written, resumed.hidden)),
    }


def links_applied(run: str, written: LinksWritten, hidden: int) -> dict[str, Any]:
    """Return the outcome of writing a run's links."""
    return {"run": run, "kind": LINK_KIND, **_written(written, hidden)}


def links_shown(shown: LinksShown, pairs: Iterable[ExplainedPair]) -> dict[str, Any]:
    """Return a run's pairs with their reasons; `pairs` are those of `shown`."""
    value = [
        {
            **_pair(explained),
            "state": pair.state,
            "because": pair.because,
            **_answers(pair, shown.answers),
        }
        for pair, explained in zip(shown.pairs, pairs, strict=True)
    ]
    return {"run": shown.run, "kind": LINK_KIND, "pairs": value, **_uniform(shown.answers)}


def pair_rejected(rejected: PairRejected) -> dict[str, Any]:
    """Return a rejected pair."""
    return {
        "a": rejected.a,
        "b": rejected.b,
        "state": PairState.REJECTED,
        "standing": rejected.standing,
    }


def pairs_allowed(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Return pairs that may be proposed again, each in its new state."""
    return {"allowed": [{"a": one.a, "b": one.b, "state": one.state} for one in pairs]}


def _written(written: LinksWritten, hidden: int) -> dict[str, Any]:
    return {
        "written": list(written.notes),
        "linked": [{"a": one.a, "b": one.b} for one in written.pairs],
        "halves": [{"item": note, "other": other} for note, other in written.halves],
        "elsewhere": [
            {"item": key, "other": other, "message": why} for key, other, why in written.elsewhere
        ],
        "problems": [
            *({"item": key, "message": why} for key, why in written.problems),
            *({"item": a, "other": b, "message": why} for a, b, why in written.conflicts),
        ],
        "excluded": hidden,
    }


def _pair(one: ExplainedPair) -> dict[str, Any]:
    pair, why = one.pair, one.why
    return {
        "a": pair.a,
        "b": pair.b,
        "score": pair.score,
        "likely": one.is_likely,
        "words": list(why.words),
        "mentions": [{"item": key, "sentence": text} for key, text in why.mentions],
        "neighbours": list(why.neighbours),
        "tags": list(why.tags),
    }


def _standing(pair: Pair | None, answers: Answers) -> dict[str, Any]:
    """Return a found pair's state in its run, and a model's answers about it."""
    return {"state": pair.state, **_answers(pair, answers)} if pair else {"state": "found"}


def _answers(pair: Pair, answers: Answers) -> dict[str, Any]:
    """Return the answers about a pair, empty if there are none."""
    said = [
        {"item": one.note, "accept": one.accept, "reason": one.reason}
        for one in answers.verdicts.get(pair.id, ())
    ]
    return {"answers": said} if said else {}


def _uniform(answers: Answers) -> dict[str, Any]:
    """Return the uniform notes, empty without a model."""
    if not answers.verdicts:
        return {}
    return {
        "uniform": [
            {"item": one.note, "accept": one.accept, "own": one.own, "others": one.others}
            for one in answers.uniform
        ]
    }
