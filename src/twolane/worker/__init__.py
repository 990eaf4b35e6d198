"""The worker: takes a run's pending items, sends them, and books what comes back."""

from twolane.worker.context import Context, Policy, Settled
from twolane.worker.loop import Worker

__all__ = ["Context", "Policy", "Settled", "Worker"]
