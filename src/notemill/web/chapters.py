"""A talk's chapters as a picture: how long each is, side by side on one line of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.workflows.ingest.rendering import clock

if TYPE_CHECKING:
    from notemill.app.ingest_shown import ShownNote

WIDTH: Final = 1_000
LEAST_WIDTH: Final = 2.0
GAP: Final = 1.5


@dataclass(frozen=True, slots=True)
class Stretch:
    """A chapter on the line: where it stands in units of the picture, its title and its times."""

    x: float
    width: float
    title: str
    at: str
    length: str


@dataclass(frozen=True, slots=True)
class Line:
    """The picture of a talk, and how long it is in words."""

    stretches: tuple[Stretch, ...]
    length: str


def line_of(note: ShownNote) -> Line | None:
    """Return the picture of a note's chapters, None if it has none."""
    starts = [one.start_s for one in note.chapters]
    if not starts or not note.length_s:
        return None
    ends = [*starts[1:], max(note.length_s, starts[-1] + 1)]
    scale = WIDTH / ends[-1]
    return Line(
        tuple(
            Stretch(
                round(start * scale, 2),
                round(max(LEAST_WIDTH, (end - start) * scale - GAP), 2),
                one.title,
                clock(start),
                clock(end - start),
            )
            for one, start, end in zip(note.chapters, starts, ends, strict=True)
        ),
        clock(note.length_s),
    )
