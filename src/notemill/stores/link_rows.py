"""The rows of the link ledger: how they are found and read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notemill.stores.pairs import LinkRun, Pair, PairState, Side, SideState
from notemill.vault.related import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS: Final = (
    "SELECT pair.id, one.key, two.key, pair.state, run, score, reason, source_a, source_b, because"
    " FROM link_pairs AS pair JOIN link_notes AS one ON one.id = a"
    " JOIN link_notes AS two ON two.id = b"
)
SIDES: Final = (
    "SELECT side.pair, note.key, other.key, form, text, before, had, side.state, side.run"
    " FROM link_sides AS side JOIN link_notes AS note ON note.id = side.note"
    " JOIN link_pairs AS pair ON pair.id = side.pair"
    " JOIN link_notes AS other ON other.id = pair.a + pair.b - side.note"
)


def pair_of(row: Sequence[Any]) -> Pair:
    """Return the pair that a row of `PAIRS` holds."""
    number, a, b, state, run, score, reason, source_a, source_b, because = row
    if a > b:
        a, b, source_a, source_b = b, a, source_b, source_a
    return Pair(
        number, a, b, PairState(state), run, score, json.loads(reason), source_a, source_b, because
    )


def side_of(row: Sequence[Any]) -> Side:
    """Return the link that a row of `SIDES` holds."""
    pair, key, other, form, text, before, had, state, run = row
    return Side(pair, key, other, Form(form), text, before, bool(had), SideState(state), run)


def run_of(row: Sequence[Any]) -> LinkRun:
    """Return the search that a row of `link_runs` holds."""
    number, at_s, text = row
    settings = json.loads(text)
    Form(settings.get("form", Form.PROPERTY))
    return LinkRun(number, at_s, settings)
