"""Signals that mean something of their own while a command does one thing."""

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
    """Have signals handled by `handler` while the block runs; elsewhere than in the main thread none."""
    previous: dict[signal.Signals, Any] = {}
    for one in signals:
        with contextlib.suppress(ValueError):  # not in the main thread: nothing to catch there
            previous[one] = signal.signal(one, handler)
    try:
        yield
    finally:
        for one, before in previous.items():
            signal.signal(one, before)
