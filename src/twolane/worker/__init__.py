"""The worker: takes a run's pending items, sends them, and books what comes back."""

from twolane.worker.context import Context, Policy, SettledAttempt
from twolane.worker.loop import Worker

__all__ = ["Context", "Policy", "SettledAttempt", "Worker"]
