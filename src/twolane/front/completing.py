"""What a shell completes: a script for each, and the runs of the ledger."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem, get_completion_class

from twolane.config import load_settings
from twolane.core.naming import LAST
from twolane.errors import ConfigError, TwolaneError
from twolane.front.streams import shown
from twolane.ledger import LEDGER_FILE
from twolane.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

MOST_RUNS = 50
"""More than a screen has is of no help."""


def script(cli: click.Command, tool: str, shell: str) -> str:
    """Return what a shell has to read so that it completes a tool's commands, flags and runs.

    Raises ConfigError for a shell that is not known.
    """
    found = get_completion_class(shell)
    if found is None:
        raise ConfigError(f"unknown shell {shell}; choose one of bash, fish, zsh")
    return found(cli, {}, tool, f"_{tool.upper()}_COMPLETE").source()


def runs_like(incomplete: str, flags: Mapping[str, Any]) -> list[CompletionItem]:
    """Return the newest runs whose id begins like this, each with its state and what it is of.

    `flags` are those that stand before it: `home` and `config` say which ledger it is. An error
    cannot be told in the middle of a line, so there is nothing to complete then.
    """
    with contextlib.suppress(TwolaneError):
        settings = load_settings({name: flags.get(name) for name in ("home", "config")})
        if not (settings.home / LEDGER_FILE).exists():
            return []
        with Reader.open(settings) as reader:
            runs = reader.runs()
        like = (run for run in runs if run.id.startswith(incomplete))
        newest = [CompletionItem(LAST, help="the newest run")] if runs else []
        return [one for one in newest if LAST.startswith(incomplete)] + [
            CompletionItem(run.id, help=shown(f"{run.state}, {run.label}", most=60))
            for run in islice(like, MOST_RUNS)
        ]
    return []
