"""Reject pairs of notes, and allow them again; on the vault's thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notemill.errors import NoteNotFoundError, UsageError
from notemill.stores.pairs import PairState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.opened import OpenVault
    from notemill.stores.pairs import Pair
    from notemill.workflows.links.scene import Scene

ALLOWED_TO: Final = {
    PairState.REJECTED: PairState.WITHDRAWN,
    PairState.DECLINED: PairState.PROPOSED,
    PairState.UNDECIDED: PairState.PROPOSED,
}
"""The state of a pair once a person allows it: what a model was asked about is not asked again."""


@dataclass(frozen=True, slots=True)
class PairRejected:
    """A rejected pair; `standing` is the number of its links that are still in the notes."""

    a: str
    b: str
    standing: int


def reject_pair(opened: OpenVault, one: str, other: str) -> PairRejected:
    """Reject a pair of notes for good. Raises NoteNotFoundError, UsageError."""
    scene = opened.scene()
    a, b = _named(scene, one), _named(scene, other)
    if a == b:
        raise UsageError(f"{one} and {other} are the same note; name two different notes")
    opened.links.reject(a, b, now=opened.clock())
    standing = [side for side in opened.links.sides(note=a) if side.other == b]
    standing += [side for side in opened.links.sides(note=b) if side.other == a]
    return PairRejected(a, b, len(standing))


def turned_down(opened: OpenVault, names: Sequence[str]) -> tuple[Pair, ...]:
    """Return the pairs of the notes named that a person rejected or a model did not accept.

    Without names, returns those of all notes; hidden notes are left out. Raises NoteNotFoundError.
    """
    scene = opened.scene()
    shows = scene.sight.shows
    wanted = {_named(scene, name) for name in names}
    return tuple(
        pair
        for pair in opened.links.pairs(states=ALLOWED_TO)
        if wanted <= {pair.a, pair.b} and shows(pair.a) and shows(pair.b)
    )


def allow_pairs(opened: OpenVault, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Allow pairs again, and propose those a model judged at once; return them in their new state."""
    allowed = tuple(replace(one, state=ALLOWED_TO[one.state]) for one in pairs)
    opened.links.decide_each(
        [(one.id, one.state, "you allowed it") for one in allowed], now=opened.clock()
    )
    return allowed


def _named(scene: Scene, name: str) -> str:
    """Return the note that a person names by its path, or as a link would."""
    bare = name.strip().removeprefix("[[").removesuffix("]]")
    if bare in scene.facts or bare in scene.away:
        return bare
    key = scene.names.resolve(bare.removesuffix(".md"), source="") if bare else None
    if key is None or not (key in scene.facts or key in scene.away):
        raise NoteNotFoundError(f"there is no note {name!r}; give its path in the vault")
    return key
