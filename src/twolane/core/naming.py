"""Resolving names that a person types: exact, `last`, a unique prefix, or the nearest."""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

from twolane.errors import AmbiguousRunError, UnknownRunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LAST: Final = "last"
"""The word for the newest run."""

SHOWN: Final = 5
# Comparing with a hundred thousand names takes seconds: the first ones have to do.
COMPARED: Final = 5_000
LIKE: Final = 0.6
"""The similarity above which one name may be a misspelling of the other."""


# It names a lock and the files on the way to and from a provider, and is typed by people.
_RUN_ID: Final = re.compile(r"\w[\w .@+=-]{0,199}")


def is_run_id(text: str) -> bool:
    """Tell whether a run can have this id: a plain name that leads to no other folder."""
    return _RUN_ID.fullmatch(text) is not None


def pick_run(named: str, ids: Sequence[str]) -> str:
    """Return the id among `ids`, newest first, that a person means by `named`.

    An exact id takes precedence; otherwise `last` is the newest, and anything else must be the
    unique beginning of an id. Raises AmbiguousRunError listing the matching runs, UnknownRunError
    naming the nearest.
    """
    if named in ids:
        return named
    if named == LAST and ids:
        return ids[0]
    found = [one for one in ids if one.startswith(named)] if named else []
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        message = f"{len(found):,} runs begin with {named}: {', '.join(found[:SHOWN])}{more}"
        raise AmbiguousRunError(f"{message}; give more of the id")
    if not ids:
        raise UnknownRunError(f"there is no run {named}, and there are no runs yet")
    raise UnknownRunError(f"there is no run {named}; {_or_listed(nearest(named, ids))}")


def _or_listed(near: Sequence[str]) -> str:
    if not near:
        return "`runs` lists them"
    return f"the nearest is {near[0]}, and `runs` lists them all"


def nearest(named: str, known: Iterable[str], *, most: int = 3, least: float = LIKE) -> list[str]:
    """Return the names most similar to `named`, the most similar first, none if none is similar.

    `least` is the minimum similarity, from 0 to 1.
    """
    return get_close_matches(named, list(islice(known, COMPARED)), n=most, cutoff=least)
