"""Staged rollout: nobody can check hundreds of results, so a few come first, to be reviewed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from notemill.errors import UsageError
from twolane import Lane, Stage
from twolane.values import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.index import NoteFacts

T = TypeVar("T")

LADDER = (2, 6, 52, 72)
PAST_BOUNDARY = 22
PROBE = 2
# No more stages than a person reviews, none larger than any vault.
_SIZES = re.compile(r"[1-9][0-9]{0,8}(?:,[1-9][0-9]{0,8}){0,19}(?:,all)?")


@dataclass(frozen=True, slots=True)
class Step:
    """A stage, and in words what it tries out."""

    stage: Stage
    purpose: str


def plan_steps(
    spec: str, notes: Sequence[NoteFacts], *, batch_size: int, forced: Lane | None
) -> list[Step]:
    """Return the stages before the last one, which covers the rest.

    `spec` is `auto` (two typical notes in real time, then all; no stages if the batch lane is
    forced), `none`, `ladder` for all of them, or cumulative sizes such as `2,6,52`. There are never
    more stages than the vault needs. Raises UsageError for any other.
    """
    sizes = _sizes(spec, len(notes), batch_size, forced)
    steps: list[Step] = []
    taken: set[int] = set()
    for size in sizes:
        wanted = size - len(taken)
        if wanted <= 0 or size >= len(notes):
            continue
        chosen, purpose = _choose(notes, taken, wanted, size, batch_size)
        taken |= chosen
        realtime = size <= LADDER[1] and forced is not Lane.BATCH
        lane = forced or (Lane.REALTIME if realtime else Lane.BATCH)
        steps.append(Step(Stage(frozenset(chosen), lane), purpose))
    return steps


def stage_sizes(spec: str, total: int, *, batch_size: int, forced: Lane | None) -> tuple[int, ...]:
    """Return how many of `total` notes each stage before the last is meant to have.

    See `plan_steps`. Raises UsageError as it does.
    """
    reached = [0, *(size for size in _sizes(spec, total, batch_size, forced) if size < total)]
    return tuple(size - before for before, size in pairwise(reached))


def check_stages(spec: str) -> None:
    """Check that `spec` is valid. Raises UsageError if it is not."""
    _sizes(spec, 0, 1, None)


def _sizes(spec: str, total: int, batch_size: int, forced: Lane | None) -> list[int]:
    match spec:
        case "none":
            return []
        case "auto":
            return [PROBE] if total > PROBE + 1 and forced is not Lane.BATCH else []
        case "ladder":
            return [*LADDER, batch_size + PAST_BOUNDARY]
    sizes = (
        [int(part) for part in spec.split(",") if part != "all"] if _SIZES.fullmatch(spec) else []
    )
    if not sizes or min(sizes) < 1 or sizes != sorted(set(sizes)):
        message = (
            f"--stages cannot be {shortened(repr(spec))}; use auto, none, ladder, or "
            "increasing sizes such as 2,6,52,72"
        )
        raise UsageError(message)
    return sizes


def _choose(
    notes: Sequence[NoteFacts], taken: set[int], wanted: int, size: int, batch_size: int
) -> tuple[set[int], str]:
    """Return the indexes of a stage and what it tries out."""
    free = [index for index in range(len(notes)) if index not in taken]
    if size <= LADDER[0]:
        return _typical(notes, free, wanted), "typical notes, in real time"
    if size <= LADDER[1]:
        return _odd(notes, free, wanted), "unusual notes: shortest, longest, emoji, frontmatter"
    if size <= LADDER[2]:
        return _one_folder(notes, free, wanted), "one folder"
    purpose = "past the batch boundary" if size > batch_size else "two or more batches at once"
    return set(free[:wanted]), purpose


def _typical(notes: Sequence[NoteFacts], free: list[int], wanted: int) -> set[int]:
    """Return the indexes of the free notes nearest to the median length."""
    by_length = sorted(free, key=lambda index: (notes[index].size, index))
    start = max(0, (len(by_length) - wanted) // 2)
    return set(by_length[start : start + wanted])


def _odd(notes: Sequence[NoteFacts], free: list[int], wanted: int) -> set[int]:
    by_length = sorted(free, key=lambda index: (notes[index].size, index))
    emoji = [i for i in free if any(ord(char) > 0x2300 for char in notes[i].title)]  # noqa: PLR2004
    tagged = sorted(free, key=lambda index: (-len(notes[index].tags), index))
    wishes = [by_length[0], by_length[-1], *emoji[:1], *tagged]
    return set(list(dict.fromkeys(wishes))[:wanted])


def _one_folder(notes: Sequence[NoteFacts], free: list[int], wanted: int) -> set[int]:
    """Return notes of the largest folder, filled up from the others."""
    folders: dict[str, list[int]] = {}
    for index in free:
        folders.setdefault(notes[index].folder, []).append(index)
    fullest_first = sorted(folders.values(), key=len, reverse=True)
    return set([index for folder in fullest_first for index in folder][:wanted])


def spread(found: Sequence[T], count: int) -> list[T]:
    """Return at most `count` items, evenly spaced: the middle one of each part."""
    count = min(count, len(found))
    return [found[(2 * part + 1) * len(found) // (2 * count)] for part in range(count)]
