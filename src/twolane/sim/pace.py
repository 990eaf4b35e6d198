"""How long the simulated provider takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Shortest and longest durations in simulated seconds, drawn evenly between the two.

    `batch_s` is a whole batch, `request_s` one request (in real time, and what is in flight when
    a batch is canceled), `control_s` every other answer.
    """

    batch_s: tuple[float, float] = (120.0, 1_800.0)
    request_s: tuple[float, float] = (0.8, 4.0)
    control_s: float = 0.05
