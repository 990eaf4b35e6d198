"""`notemill link reject` and `allow`: pairs turned down by hand, and let in again."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from notemill.cli.opening import open_mill
from notemill.errors import NoteNotFoundError, UsageError
from notemill.stores.pairs import PairState
from twolane.front.consent import confirm
from twolane.front.console import counted, note_console, print_json, shown

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.links.scene import Scene
    from twolane import Settings

# Where a pair stands once a person allows it: what is only undecided is decided by that.
_ALLOWED_TO: Final = {
    PairState.REJECTED: PairState.WITHDRAWN,
    PairState.DECLINED: PairState.WITHDRAWN,
    PairState.UNDECIDED: PairState.PROPOSED,
}


async def reject_pair(
    settings: Settings, *, vault: Path, one: str, other: str, as_json: bool
) -> int:
    """Turn a pair of notes down for good; return 0. Raises NotemillError."""
    console = note_console()
    mill = open_mill(vault, settings)
    try:
        with mill.working():
            scene = mill.scene()
            a, b = _named(scene, one), _named(scene, other)
            if a == b:
                raise UsageError(f"{one} and {other} are the same note; name two")
            mill.links.reject(a, b, now=time.time())
            standing = [side for side in mill.links.sides(note=a) if side.other == b]
            standing += [side for side in mill.links.sides(note=b) if side.other == a]
    finally:
        await mill.aclose()
    console.print(f"{shown(a)} and {shown(b)} are not proposed again")
    if standing:
        console.print("its links are taken out by the next: notemill link --apply")
    if as_json:
        print_json({"a": a, "b": b, "state": PairState.REJECTED, "standing": len(standing)})
    return 0


async def allow_pairs(
    settings: Settings,
    *,
    vault: Path,
    one: str | None,
    other: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Forget that pairs were turned down, and propose what was undecided; return 0.

    Raises NotemillError, WaitingError.
    """
    console = note_console()
    mill = open_mill(vault, settings)
    try:
        with mill.working():
            scene = mill.scene()
            wanted = {_named(scene, name) for name in (one, other) if name}
            turned_down = [
                pair
                for pair in mill.links.pairs(states=_ALLOWED_TO)
                if wanted <= {pair.a, pair.b}
                and scene.sight.shows(pair.a)
                and scene.sight.shows(pair.b)
            ]
            for pair in turned_down:
                console.print(f"  {shown(pair.a)} and {shown(pair.b)}: {shown(pair.because)}")
            if turned_down:
                question = f"let {counted(len(turned_down), 'pair')} be proposed?"
                confirm(question, console, yes=yes, otherwise="nothing was changed")
            mill.links.decide_each(
                [(pair.id, _ALLOWED_TO[pair.state], "you allowed it") for pair in turned_down],
                now=time.time(),
            )
    finally:
        await mill.aclose()
    waiting = Counter(pair.run for pair in turned_down if pair.state is PairState.UNDECIDED)
    console.print(f"{counted(len(turned_down) - waiting.total(), 'pair')} may be proposed again")
    for run, count in waiting.items():
        console.print(f"{counted(count, 'pair')} proposed; write with: notemill apply {shown(run)}")
    if as_json:
        allowed = [
            {"a": pair.a, "b": pair.b, "state": _ALLOWED_TO[pair.state]} for pair in turned_down
        ]
        print_json({"allowed": allowed})
    return 0


def _named(scene: Scene, name: str) -> str:
    """Return the note a person means: by its path, or as a link does."""
    bare = name.strip().removeprefix("[[").removesuffix("]]")
    if bare in scene.facts or bare in scene.away:
        return bare
    key = scene.names.resolve(bare.removesuffix(".md"), source="") if bare else None
    if key is None or not (key in scene.facts or key in scene.away):
        raise NoteNotFoundError(f"there is no note {name!r}; name it by its path in the vault")
    return key
