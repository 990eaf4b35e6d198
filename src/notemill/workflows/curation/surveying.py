"""Sort a vault's notes: those that need work, are left alone, or have nothing to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.vault.left_alone import LeftAlone
from notemill.workflows.curation.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from notemill.index import NoteFacts
    from notemill.privacy import Sight
    from notemill.workflows.curation.candidates import Candidates
    from notemill.workflows.curation.needs import Need


def survey_of(
    sight: Sight,
    candidates: Candidates,
    *,
    need: Callable[[NoteFacts], Need | None],
    why_not_writable: Callable[[str], str],
    wanted: Collection[str] | None,
    place: str,
    limit: int | None,
    left_out: Iterable[LeftAlone],
) -> Survey:
    """Return which of the visible notes need work.

    `wanted` are the selected notes, None for all; `place` is the vocabulary's own note; if more
    than `limit` need work, the neediest come first; `left_out` files are not notes to notemill.
    """
    work: list[tuple[NoteFacts, Need]] = []
    skipped: list[LeftAlone] = []
    without_text: list[str] = []
    seen = 0
    for one in sight.seen:
        if wanted is not None and one.key not in wanted:
            continue
        seen += 1
        if one.problem:
            skipped.append(LeftAlone(one.key, one.problem))
        elif not one.words:
            without_text.append(one.key)
        elif one.key != place and (why := need(one)):
            if problem := why_not_writable(one.key):
                skipped.append(LeftAlone(one.key, problem))
            else:
                work.append((one, why))
    needy = len(work)
    if limit is not None:
        neediest = sorted(work, key=lambda pair: (-pair[1].rank, pair[0].key))[:limit]
        kept = {one.key for one, _ in neediest}
        work = [pair for pair in work if pair[0].key in kept]
    return Survey(
        seen,
        tuple(work),
        tuple(skipped),
        tuple(without_text),
        candidates,
        needy - len(work),
        sight,
        tuple(one for one in left_out if sight.shows(one.key)),
    )
