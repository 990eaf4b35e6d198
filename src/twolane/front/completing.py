"""Shell completion: a script for each shell, and the runs of the ledger."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from click.shell_completion import BashComplete, CompletionItem, get_completion_class

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
"""More than fit on a screen are of no help."""

# click's own script hands bash names as they are, and bash inserts them like that. Within quotes
# bash escapes what it takes for a file's name; elsewhere it would leave a `$`, so `%q` does it.
_BASH: Final = """\
%(complete_func)s() {
    local IFS=$'\\n' quote=${COMP_WORDS[COMP_CWORD]:0:1} response line value
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \\
        %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    while read -r line; do
        value=${line#*,}
        case ${line%%%%,*} in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                if [[ $quote == [\\"\\'] ]]; then
                    compopt -o filenames
                else
                    printf -v value %%q "$value"
                fi
                COMPREPLY+=("$value")
                ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Completes a name as one word, whatever is in it."""

    source_template = _BASH


def script(cli: click.Command, tool: str, shell: str) -> str:
    """Return the script that makes a shell complete a tool's commands, flags and runs.

    Raises ConfigError for an unknown shell.
    """
    found = _Bash if shell == _Bash.name else get_completion_class(shell)
    if found is None:
        raise ConfigError(f"unknown shell {shell}; choose one of bash, fish, zsh")
    return found(cli, {}, tool, f"_{tool.upper()}_COMPLETE").source()


def runs_like(incomplete: str, flags: Mapping[str, Any]) -> list[CompletionItem]:
    """Return the newest runs whose id begins like this, each with its state and source.

    `flags` are those before it on the line: `home` and `config` select the ledger. An error cannot
    be shown in the middle of a line, so nothing is completed then.
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
