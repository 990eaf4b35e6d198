"""Store the pairs that a search for links found, as proposals of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import LinkRun, PairState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.stores.links import LinkLedger
    from notemill.stores.pairs import NewPair, Pair
    from notemill.workflows.links.finding import LinkSearch


def keep_pairs(
    ledger: LinkLedger, pairs: Iterable[NewPair], search: LinkSearch, *, run: str, now: float
) -> str:
    """Store pairs as proposals of `run`, or of an earlier run with exactly these; return which.

    Pairs of the same notes that earlier runs proposed and that are no longer found are withdrawn.
    """
    found = list(pairs)
    pending = ledger.pairs(states=[PairState.PROPOSED])
    runs = {one.run for one in pending}
    if len(runs) == 1 and _ends(pending) == _ends(found):
        (earlier,) = runs
        known = ledger.run(earlier)
        if known is not None and dict(known.settings) == search.settings():
            return earlier
    new = LinkRun(run, now, search.settings())
    ledger.propose(new, found)
    ledger.decide(
        [
            one.id
            for one in ledger.pairs(states=[PairState.PROPOSED])
            if one.run != new.id and (search.takes(one.a) or search.takes(one.b))
        ],
        PairState.WITHDRAWN,
        because="it was not found again",
        now=new.at_s,
    )
    return new.id


def _ends(pairs: Iterable[NewPair] | Iterable[Pair]) -> set[tuple[frozenset[str], ...]]:
    """Return pairs with the sources of their notes, for comparison."""
    return {(frozenset((one.a, one.b)), frozenset((one.source_a, one.source_b))) for one in pairs}
