"""Writes docs/reference.md from the code: commands, settings, errors, states.

`python docs/generate.py` writes it; with `--check` it ends with 1 where it is out of date.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

import notemill.errors
import twolane.errors
from notemill.cli.main import cli as notemill_cli
from notemill.config import (
    APPLIED,
    EMBEDDING_VARIABLES,
    NIGHTLY_VARIABLE,
    OFF,
    ON,
    OPENAI_MODEL,
    OPENAI_URL,
    PROPERTIES_VARIABLE,
    PROPOSALS_VARIABLE,
    REVIEWED,
    VARIABLE,
    EmbeddingKind,
)
from notemill.properties import ALL, listed
from twolane.cli.main import cli as twolane_cli
from twolane.config import VARIABLES, Settings
from twolane.core.states import BATCH_STEPS, ITEM_STEPS, RUN_STEPS
from twolane.values import ENVIRONMENT, KEYRING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

S = TypeVar("S", bound=StrEnum)

TARGET = Path(__file__).with_name("reference.md")
WIDTH = 100
SETTINGS_TEXT = (
    "Flags win over the environment, the environment over the config file. The config file is "
    "`config.toml` in the platform's configuration folder for `notemill`, or what "
    "`--config` or `TWOLANE_CONFIG` names, which then has to be there. The engine's settings stand "
    "above all sections or in `[twolane]`, notemill's in `[notemill]`; a name or section that nobody "
    "knows, or a value of another type, stops every command with 2. State lies in `TWOLANE_HOME`, "
    "else `NOTEMILL_HOME`, else the platform's state folder."
)
_NO_FLAG = " (no flag: it would stand in the shell's history)"
_FLAGS = {
    "api_key": _NO_FLAG,
    "auth_token": _NO_FLAG,
    "key_from": f" (no flag: `notemill config key` sets it; {ENVIRONMENT} or {KEYRING})",
    "run_budget": " (flag `--max-cost`)",
}
EXIT_CODES = (
    (0, "every item succeeded or was skipped"),
    (1, "unexpected"),
    (2, "usage or configuration"),
    (3, "some items failed, conflicted or were quarantined, or could not be written"),
    (4, "canceled, or stopped before the end"),
    (5, "stopped by the budget"),
    (6, "the provider refused the whole run: key, credit, permission"),
    (7, "ledger or vault unusable"),
    (8, "waiting for a person: a stage, a price"),
)


def reference() -> str:
    """Return the whole page."""
    parts = [
        "# Reference",
        "Generated from the code by `python docs/generate.py`; a test fails when it is stale.",
        "## Commands",
        *_commands(notemill_cli, "notemill"),
        *_commands(twolane_cli, "twolane"),
        "## Settings",
        SETTINGS_TEXT,
        _settings(),
        "## Exit codes",
        "\n".join(["| code | meaning |", "|---|---|"] + [f"| {c} | {m} |" for c, m in EXIT_CODES]),
        "## Errors",
        "The text of each class is its default message.",
        _errors(),
        "## States",
        "Items:",
        _diagram(ITEM_STEPS),
        "Batches:",
        _diagram(BATCH_STEPS),
        "Runs:",
        _diagram(RUN_STEPS),
    ]
    return "\n\n".join(parts) + "\n"


def _commands(group: click.Group, name: str) -> Iterator[str]:
    yield f"### {name}"
    yield _help(group, name)
    for command_name in group.list_commands(click.Context(group)):
        command, path = group.commands[command_name], f"{name} {command_name}"
        if isinstance(command, click.Group):
            yield from _commands(command, path)
            continue
        yield f"#### {path}"
        yield _help(command, path)


def _help(command: click.Command, path: str) -> str:
    context = click.Context(
        command, info_name=path, terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )
    return f"```text\n{command.get_help(context)}\n```"


def _settings() -> str:
    rows = ["| setting (flag `--…`, config line) | environment | default |", "|---|---|---|"]
    for field in fields(Settings):
        variables = ", ".join(f"`{one}`" for one in VARIABLES[field.name])
        default = {
            "home": "the platform's state folder",
            "config": "the platform's place (no config line)",
            "api_key": "none",
        }.get(field.name, "none" if field.default is None else str(field.default))
        name = f"`{field.name}`{_FLAGS.get(field.name, '')}"
        rows.append(f"| {name} | {variables} | {default} |")
    rows.append(
        f"| `proposals`, in the table `[notemill]` (flags `--review`, `--apply`) "
        f"| `{PROPOSALS_VARIABLE}` | {REVIEWED}; or {APPLIED} |"
    )
    rows.append(
        f"| `properties`, in the table `[notemill]` | `{PROPERTIES_VARIABLE}` "
        f"| {listed(ALL)}; or some of them |"
    )
    rows.append(
        f"| `follow_nightly`, in the table `[notemill]` | `{NIGHTLY_VARIABLE}` | {ON}; or {OFF} |"
    )
    rows.append(f"| `exclude`, in the table `[notemill]` | `{VARIABLE}` | nothing |")
    defaults = {
        "embedding": f"{EmbeddingKind.AUTO}; one of {', '.join(EmbeddingKind)}",
        "embedding_model": OPENAI_MODEL,
        "embedding_url": OPENAI_URL,
    }
    for name, variable in EMBEDDING_VARIABLES.items():
        default = defaults.get(name, "none")
        rows.append(f"| `{name}`, in the table `[notemill]` | `{variable}` | {default} |")
    return "\n".join(rows)


def _errors() -> str:
    rows = ["| class | exit code | HTTP status | message |", "|---|---|---|---|"]
    for module in (twolane.errors, notemill.errors):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Exception) and name[0] != "_":
                message = (value.__doc__ or "").strip().splitlines()[0]
                rows.append(
                    f"| `{module.__name__.split('.')[0]}.{name}` | {getattr(value, 'exit_code')} "  # noqa: B009
                    f"| {getattr(value, 'http_status')} | {message} |"  # noqa: B009
                )
    return "\n".join(rows)


def _diagram(table: Mapping[S, frozenset[S]]) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    for state, nexts in table.items():
        if not nexts:
            lines.append(f"  {state} --> [*]")
        lines += [f"  {state} --> {target}" for target in sorted(nexts)]
    return "\n".join([*lines, "```"])


def main() -> int:
    """Write the page, or check it; return the exit code."""
    page = reference()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text("utf-8") == page:
            return 0
        sys.stderr.write("docs/reference.md is out of date: run python docs/generate.py\n")
        return 1
    TARGET.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
