"""The simulator: a provider's whole behaviour as a model, in the same process or over HTTP.

It implements Anthropic's Messages and Message Batches, from a seed and a clock, with the faults
that a real service shows. Tests and the offline provider use it in the same process (SimTransport);
`twolane sim` and clients of any kind use it over loopback (SimServer).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twolane.sim.billing import Billing, Charge, Totals
from twolane.sim.faults import NO_FAULTS, PRESETS, Faults
from twolane.sim.model import Simulator
from twolane.sim.pace import Pace
from twolane.sim.reply import Responder, default_responder
from twolane.sim.transport import SimTransport

if TYPE_CHECKING:
    from twolane.sim.server import SimServer, serve

__all__ = [
    "NO_FAULTS",
    "PRESETS",
    "Billing",
    "Charge",
    "Faults",
    "Pace",
    "Responder",
    "SimServer",
    "SimTransport",
    "Simulator",
    "Totals",
    "default_responder",
    "serve",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the HTTP front on first use: it imports all of aiohttp."""
    if name not in ("SimServer", "serve"):
        message = f"module 'twolane.sim' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module("twolane.sim.server"), name)
