"""The command line; each command's modules are imported when it runs."""

from __future__ import annotations

from typing import Final

import click

from twolane.front.command_line import run_command_line
from twolane.front.groups import Commands

COMMANDS: Final = {
    "notemill.cli.vault_commands": {
        "curate": "Give the notes in VAULT (this folder) descriptions, tags and topics.",
        "tidy": "Rewrite the properties in VAULT (this folder) in the form that Obsidian writes.",
        "serve": "Show the dashboard of VAULT in your browser: start work, watch it, review and apply.",
    },
    "notemill.cli.ingest_commands": {
        "ingest": "Make notes of videos, transcripts, articles, documents and feeds.",
        "follow": "Follow playlists, channels and feeds, whose new entries become notes.",
    },
    "notemill.cli.proposal_commands": {
        "review": "Review the pending proposals, one at a time.",
        "accept": "Accept proposals by id, as listed by `notemill review --json`.",
        "reject": "Reject proposals by id, as listed by `notemill review --json`.",
        "show": "Show a run's report, and its proposals as a diff.",
        "apply": "Write what you accepted, or everything RUN adds, into the notes; `undo` restores them.",
        "undo": "Restore the exact bytes that a run replaced.",
    },
    "notemill.cli.run_commands": {
        "resume": "Continue a run: with its next stage, after a stop, or with a higher cap.",
        "retry": "Send the failed notes of a run again.",
        "runs": "List all runs, newest first.",
        "spending": "Show what runs have cost and saved, month by month, and where that leads.",
        "cancel": "Cancel a run, or one note of it, from any terminal.",
        "export": "Write the results that a run has so far as JSON lines, one per note.",
        "forget": "Delete all data of runs that have ended: prompts, replies, proposals, undo data.",
    },
    "notemill.cli.tag_commands": {
        "tags": "Show the tags of a vault and what is wrong with them; rename, merge and drop tags.",
    },
    "notemill.cli.link_commands": {
        "link": "Find notes that belong together, and link each pair in both notes.",
        "graph": "Show the notes in VAULT (this folder) by their links, now and with what is proposed.",
    },
    "notemill.cli.config_commands": {
        "config": "Show every setting in force and where it comes from; change settings.",
    },
    "notemill.cli.tool_commands": {
        "demo": "Show what notemill does on a sample vault, without a key, network or notes of yours.",
        "completion": "Print a script for your shell that completes commands, flags, runs, notes and tags.",
    },
}
"""The first sentence of each command's help, by the command's module."""


@click.group(
    cls=Commands,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="notemill", prog_name="notemill")
def cli() -> None:
    """Turn a folder of Markdown notes into a curated, linked knowledge base.

    Every note gets a description, hierarchical tags and topics, as proposals that you review before
    anything is written. Nothing you wrote is replaced, and every write can be undone. Without an
    API key notemill works offline, with sentences and phrases taken from the notes.
    """


def main() -> None:
    """Run the command line; every expected error ends with a message and its exit code."""
    run_command_line(cli, _expected)


def _expected() -> tuple[type[Exception], ...]:
    # Imported only when something was raised: `--help` raises nothing.
    from notemill.errors import NotemillError  # noqa: PLC0415
    from twolane import TwolaneError  # noqa: PLC0415

    return NotemillError, TwolaneError
