"""The command `twolane`."""

from twolane.cli.main import main

__all__ = ["main"]
