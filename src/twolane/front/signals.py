"""Signals that a command handles itself while it does one thing."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextlib.contextmanager
def handled(
    handler: Callable[[int, FrameType | None], None], *signals: signal.Signals
) -> Iterator[None]:
    """Handle signals with `handler` while the block runs; does nothing outside the main thread."""
    previous: dict[signal.Signals, Any] = {}
    for one in signals:
        with contextlib.suppress(ValueError):  # not in the main thread: nothing to catch there
            previous[one] = signal.signal(one, handler)
    try:
        yield
    finally:
        for one, before in previous.items():
            signal.signal(one, before)
