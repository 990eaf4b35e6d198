"""`twolane sim`: the simulator, served on this machine until it is interrupted."""

from __future__ import annotations

import asyncio
import sys

from twolane.core.types import Lane
from twolane.core.wording import counted
from twolane.errors import ConfigError
from twolane.front.streams import tell
from twolane.sim import PRESETS, Simulator
from twolane.sim import serve as serve_simulator


async def serve(*, port: int, seed: int, faults: str, speed: float) -> int:
    """Serve until interrupted; return the exit code. Raises ConfigError."""
    if faults not in PRESETS:
        message = f"unknown faults {faults!r}; choose one of {', '.join(sorted(PRESETS))}"
        raise ConfigError(message)
    simulator = Simulator(seed=seed, faults=PRESETS[faults], speed=speed)

    def ready(url: str) -> None:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        tell("a simulated provider listens there; for example:")
        tell(
            f"  ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=any "
            "twolane run INPUT.jsonl -o OUTPUT.jsonl"
        )

    try:
        await serve_simulator(simulator, port=port, on_ready=ready)
    except OSError as error:
        message = f"port {port} cannot be opened: {error.strerror}; name another with --port"
        raise ConfigError(message) from error
    except asyncio.CancelledError:
        pass  # interrupted, which is how it ends
    tell(_bill(simulator))
    return 0


def _bill(simulator: Simulator) -> str:
    """Return what the clients would have to pay for, and how much of it twice."""
    totals = simulator.billing.totals()
    batch, realtime = totals[Lane.BATCH].requests, totals[Lane.REALTIME].requests
    return (
        f"billed: {counted(batch + realtime, 'answer')}, {batch:,} in batches and {realtime:,} in real "
        f"time; {simulator.paid_twice():,} of them twice"
    )
