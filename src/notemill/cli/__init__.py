"""The command `notemill`."""

from notemill.cli.main import main

__all__ = ["main"]
