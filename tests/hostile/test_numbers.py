"""Numbers that no flag can have: every numeric option of both tools is walked with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest

from notemill.cli.main import cli as notemill_cli
from notemill.errors import NotemillError
from twolane import TwolaneError
from twolane.cli.main import cli as twolane_cli
from twolane.front.groups import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMERIC = {"N", "S", "USD", "P", "TIME", "auto|none|ladder|2,6,…"}
"""The words that stand for a number in help."""
NEVER = [
    "", " ", "x", "-1", "+1", "--", "nan", "NaN", "-nan", "inf", "Infinity", "-inf", "1e999", "1e400",
    "9" * 30, "1" + "0" * 400, "9" * 5_000, "0x10", "1_000", "\uff11\uff12", "\u0663", "\u00b2", "5 ", " 5", "1,5", "5\n",
    "true", "None", "1e", "1e5e5", "0.0.1", "[1]", "5\0", "1e-400", "99999999999d", "\ud800",
]  # fmt: skip
"""What is no number for any of them: too large, none, or another way of writing one."""
TOO_SMALL = ["0", "0.0", "-0"]


def options(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield each numeric option of a tree of commands, behind the words of its command."""
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from options(one, (*path, name))
        return
    for parameter in command.params:
        if isinstance(parameter, click.Option) and _is_numeric(parameter, command):
            yield (*path, parameter.opts[0])


def _is_numeric(option: click.Option, command: click.Command) -> bool:
    kind = option.type
    numeric = isinstance(kind, (click.types.IntParamType, click.types.FloatParamType))
    return numeric or option.make_metavar(click.Context(command)) in NUMERIC


WALKED = [
    *((twolane_cli, "twolane", *words) for words in options(twolane_cli)),
    *((notemill_cli, "notemill", *words) for words in options(notemill_cli)),
]


def ended(cli: click.Group, words: list[str]) -> tuple[int, str]:
    """Run a command as its console script does; return its exit code and what is said."""
    try:
        cli(words, standalone_mode=False)
    except click.ClickException as error:
        return error.exit_code, error.format_message()
    except (TwolaneError, NotemillError) as error:
        return error.exit_code, str(error)
    except SystemExit as error:
        return int(error.code or 0), ""
    return 0, ""


def arguments(cli: click.Group, path: list[str], here: Path) -> list[str]:
    """Return what else a command needs."""
    command: click.Command = cli
    for word in path:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    given: list[str] = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and parameter.required:
            given.append(str(here / "in.jsonl"))
        elif isinstance(parameter, click.Option) and parameter.required:
            given += [parameter.opts[0], *([] if parameter.is_flag else ["1"])]
    takes_home = any(one.name == "home" for one in command.params)
    return [*given, *(["--home", str(here / "home")] if takes_home else [])]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an input, in which no key and no settings are known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWOLANE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    (tmp_path / "config.toml").write_text("provider = 'offline'\n")
    (tmp_path / "in.jsonl").write_text("")
    (tmp_path / "a.md").write_text("A note.\n")
    return tmp_path


@pytest.mark.parametrize("walked", WALKED, ids=lambda one: " ".join(one[1:]))
def test_no_option_takes_a_number_that_is_none(here: Path, walked: tuple[Any, ...]) -> None:
    """Exit 2 with the flag's name, in a few words, and nothing has begun."""
    cli, _, *path, option = walked
    rest = arguments(cli, path, here)
    if option in rest:
        at = rest.index(option)
        del rest[at : at + 2]
    first = next(one for one in WALKED if one[-1] == option)
    for value in NEVER if walked is first else NEVER[::6]:
        if (option, value) == ("--stages", "1,5"):
            continue
        code, said = ended(cli, [*path, *rest, f"{option}={value}"])
        assert code == 2, value
        assert option in said, value
        assert len(said) < 400, value
    assert not (here / "home").exists()


@pytest.mark.parametrize("option", ["--concurrency", "--batch-size", "--keep-days", "--poll-s"])
def test_what_has_to_be_there_is_not_zero(here: Path, option: str) -> None:
    """A run with no call at a time would never end."""
    for value in TOO_SMALL:
        code, said = ended(twolane_cli, ["resume", "last", f"{option}={value}"])
        assert code == 2
        assert option in said
    assert not (here / "home").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--concurrency", "10001"),
        ("--batch-size", "1000001"),
        ("--keep-days", "1000000000000"),
        ("--poll-s", "86401"),
        ("--poll-s", "0.0000001"),
        ("--reconcile-grace-s", "1e9"),
        ("--month-budget", "1e10"),
        ("--confirm-usd", "1000000000.01"),
        ("--max-cost", "1e-10"),
        ("--max-cost", "$-5"),
        ("--max-cost", "0"),
    ],
)
def test_each_number_has_a_bound_that_is_told(here: Path, option: str, value: str) -> None:
    """Beyond it there is nothing that a person could mean."""
    code, said = ended(twolane_cli, ["resume", "last", f"{option}={value}", "--home", str(here)])
    assert code == 2
    assert option in said
    assert any(digit in said for digit in "0123456789")


def test_all_settings_that_are_numbers_are_walked() -> None:
    """A flag that is added is walked, too: its metavar or its type says that it is a number."""
    walked = {words[-1] for words in WALKED}
    assert {
        "--batch-size", "--chunk", "--concurrency", "--confirm-usd", "--input-tokens", "--items",
        "--keep-days", "--limit", "--max-cost", "--min-score", "--month-budget", "--output-tokens",
        "--poll-s", "--port", "--reconcile-grace-s", "--seed", "--speed", "--stages", "--top", "--weekly",
        "--by",
    } <= walked  # fmt: skip
    assert any(isinstance(one, Setting) for one in twolane_cli.commands["run"].params)
