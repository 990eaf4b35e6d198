"""A slip in the config file or in a variable's name stops every command before anything is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from notemill.cli import main as notemill_main
from notemill.cli.main import cli as notemill_cli
from notemill.config import check_settings
from notemill.errors import NotemillError
from tests.notemill.workflows.notes import write_notes
from twolane import TwolaneError, load_settings, read_config
from twolane.cli import main as twolane_main
from twolane.cli.main import cli as twolane_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def complaint(config: Path, *, of: Callable[[Path], object]) -> str:
    """Return what is said of a config file that cannot be taken."""
    with pytest.raises((TwolaneError, NotemillError)) as refused:
        of(config)
    assert isinstance(refused.value, (TwolaneError, NotemillError))
    assert refused.value.exit_code == 2
    return str(refused.value)


def twolane(config: Path) -> object:
    """Read the settings as the engine's commands do."""
    return load_settings({}, {"TWOLANE_CONFIG": str(config)})


def notemill(config: Path) -> object:
    """Read the settings as notemill's commands do."""
    load_settings({"config": config}, {})
    check_settings(config, {})
    return None


SLIPS_FOR_BOTH = [
    ("pol_s = 5", "pol_s", "poll_s"),
    ("Concurrency = 5", "Concurrency", "concurrency"),
    ('[notemil]\nexclude = ["Private"]', "[notemil]", "[notemill]"),
    ('[Notemill]\nexclude = ["Private"]', "[Notemill]", "[notemill]"),
    ('[[notemill]]\nexclude = ["Private"]', "notemill", "[notemill]"),
    ('[twolan]\nmodel = "m"', "[twolan]", "[twolane]"),
    ("[twolane]\npol_s = 5", "pol_s", "poll_s"),
    ('[[exclude]]\nfolder = "x"', "[exclude]", "[notemill]"),
    ("[poll_s]\nvalue = 5", "poll_s", "a number of seconds"),
    ('exclude = ["Private"]', "exclude", "other settings go in [notemill]"),
    ("config = 'x.toml'", "config", "confirm_usd"),
    ("poll_s = 5\n[twolane]\npoll_s = 6", "poll_s", "twice"),
    ("notemill = 3", "notemill", "[notemill]"),
    ("poll_s = true", "poll_s", "true"),
    ('poll_s = "5"', "poll_s", "a number of seconds"),
    ("poll_s = nan", "poll_s", "a number of seconds"),
    ("concurrency = 3.0", "concurrency", "a whole number"),
    ("concurrency = true", "concurrency", "a whole number"),
    ("concurrency = [1]", "concurrency", "a whole number"),
    ("batch_size = 0", "batch_size", "a whole number"),
    ("confirm_usd = false", "confirm_usd", "dollars"),
    ('confirm_usd = "1"', "confirm_usd", "dollars"),
    ("model = 5", "model", "a text"),
    ('model = " "', "model", "a text"),
    ("home = 2026-01-01", "home", "a path"),
    ('home = ""', "home", "a path"),
    ("poll_s = 5\npoll_s = 6", "cannot be read", "overwrite"),
    ("poll_s = ", "cannot be read", "Invalid value"),
]
SLIPS_IN_NOTEMILLS = [
    ('excludes = ["Private"]', "excludes", "exclude"),
    ('Exclude = ["Private"]', "Exclude", "exclude"),
    ('exlude = ["Private"]', "exlude", "exclude"),
    ('exclude = "Private"', "exclude", "a list"),
    ("exclude = true", "exclude", "a list"),
    ('exclude = ["Private", 3]', "exclude", "a list"),
    ('exclude = {folder = "Private"}', "exclude", "a list"),
    ('exclude = ["Private", ""]', "exclude", "names nothing"),
    ('exclude = ["#"]', "exclude", "names nothing"),
    ('exclude = ["\\u001f /\\u2003."]', "exclude", "names nothing"),
    ('[notemill.exclude]\nfolders = ["Private"]', "exclude", "a list"),
    ('[notemill.excludes]\nfolders = ["Private"]', "excludes", "exclude"),
    ("poll_s = 5", "poll_s", "it goes above all sections"),
    ("embedding = true", "embedding", "one of"),
    ('embedding = "minilmm"', "minilmm", "minilm"),
    ("embedding_url = 5", "embedding_url", "a text"),
]


@pytest.mark.parametrize("read", [twolane, notemill])
@pytest.mark.parametrize(("text", "named", "hint"), SLIPS_FOR_BOTH)
def test_a_slip_in_the_engines_part_is_named_with_the_nearest(
    tmp_path: Path, text: str, named: str, hint: str, read: Callable[[Path], object]
) -> None:
    """Whichever tool reads it, an unknown name, section or type is an error that says what is."""
    config = tmp_path / "config.toml"
    config.write_text(text, "utf-8")
    said = complaint(config, of=read)
    assert named in said
    assert hint in said
    assert str(config) in said


@pytest.mark.parametrize(("text", "named", "hint"), SLIPS_IN_NOTEMILLS)
def test_a_slip_in_notemills_section_is_named_with_the_nearest(
    tmp_path: Path, text: str, named: str, hint: str
) -> None:
    """An exclusion that is spelled wrongly is never taken for none."""
    config = tmp_path / "config.toml"
    head = "" if text.startswith("[") else "[notemill]\n"
    config.write_text(head + text, "utf-8")
    assert twolane(config)
    said = complaint(config, of=notemill)
    assert named in said
    assert hint in said


def test_a_config_that_is_right_is_taken(tmp_path: Path) -> None:
    """The engine's settings stand above all sections or in its own; numbers are what they are."""
    config = tmp_path / "config.toml"
    text = 'poll_s = 5\n[twolane]\nconfirm_usd = 0.25\n[notemill]\nexclude = ["Private"]\n'
    config.write_bytes(b"\xef\xbb\xbf" + text.encode())
    settings = load_settings({"config": config}, {})
    assert (settings.poll_s, str(settings.confirm_usd)) == (5.0, "0.25")
    assert read_config(config).tables == {"notemill": {"exclude": ["Private"]}}
    notemill(config)


@pytest.mark.parametrize("how", ["variable", "flag", "directory", "link"])
def test_a_config_file_that_is_named_and_not_there_is_an_error(tmp_path: Path, how: str) -> None:
    """What was to keep notes in is not taken for nothing because its path has a slip."""
    path = tmp_path / "none.toml"
    if how == "directory":
        path.mkdir()
    if how == "link":
        path.symlink_to(tmp_path / "away.toml")
    flags = {"config": path} if how == "flag" else {}
    environment = {} if how == "flag" else {"TWOLANE_CONFIG": str(path)}
    with pytest.raises(TwolaneError, match=r"none\.toml"):
        load_settings(flags, environment)


def test_a_config_file_that_nobody_names_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one the defaults hold; a link whose target is away is not the same as none."""
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path))
    assert load_settings({}, {}).poll_s == 30.0
    (tmp_path / "config.toml").symlink_to(tmp_path / "dotfiles" / "config.toml")
    with pytest.raises(TwolaneError, match=r"config\.toml"):
        load_settings({}, {})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("NOTEMILL_EXCLUDES", "NOTEMILL_EXCLUDE"),
        ("NOTEMIL_EXCLUDE", "NOTEMILL_EXCLUDE"),
        ("TWOLANE_EXCLUDE", "NOTEMILL_EXCLUDE"),
        ("notemill_exclude", "NOTEMILL_EXCLUDE"),
        ("NOTEMILL_POLL_S", "TWOLANE_POLL_S"),
        ("TWOLANE_CONFIGS", "TWOLANE_CONFIG"),
    ],
)
def test_a_slip_in_a_variables_name_is_an_error(variable: str, meant: str) -> None:
    """A variable that says nothing, and was meant to, is named with the one it was meant for."""

    def read(_: Path) -> None:
        load_settings({"config": os.devnull}, {variable: "Private"})
        check_settings(None, {variable: "Private", "TWOLANE_CONFIG": os.devnull})

    assert meant in complaint(Path(), of=read)


def test_what_other_programs_set_is_theirs() -> None:
    """Variables of others, however alike, and of the tools around notemill are left alone.

    So are those of the engine and of notemill, which are as alike, by each other.
    """
    others = {"OPENAI_API_KEY_2": "x", "ANTHROPIC_API_KEYS": "x", "NOTEMILL_DATA": "x", "A": ""}
    others |= {"TWOLANE_PRICES": os.devnull, "NOTEMILL_PROPERTIES": "tags"}
    load_settings({"config": os.devnull}, others)
    check_settings(None, others | {"TWOLANE_CONFIG": os.devnull})


# -- every command --------------------------------------------------------------------------------


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, with something for each argument it has to have."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
            continue
        words: list[str] = []
        for one in command.params:
            given = {"items": "1", "input_tokens": "1", "output_tokens": "1"}.get(one.name or "")
            if isinstance(one, click.Argument):
                words += ["x"] if one.required else []
            elif one.required:
                is_flag = isinstance(one, click.Option) and one.is_flag
                words += [one.opts[0]] if is_flag else [one.opts[0], given or "x"]
        yield (*names, name, *words)


# These read no settings: a simulator, and a script for the shell.
NO_SETTINGS = ("sim", "completion")
EVERY = [
    *(("notemill", *words) for words in commands(notemill_cli) if words[0] not in NO_SETTINGS),
    *(("twolane", *words) for words in commands(twolane_cli) if words[0] not in NO_SETTINGS),
]


@pytest.mark.parametrize("text", ["[notemil]\n", None])
@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_stops_at_a_config_it_cannot_take(
    words: tuple[str, ...],
    text: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,  # noqa: ANN401
) -> None:
    """Exit code 2 and a message, before a note is read or a state folder is made."""
    config = tmp_path / "config.toml"
    if text is not None:
        config.write_text(text, "utf-8")
    write_notes(tmp_path / "vault", {"a.md": "Words.\n"})
    monkeypatch.chdir(tmp_path / "vault")
    for name in os.environ:
        if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TWOLANE_CONFIG", str(config))
    monkeypatch.setenv("TWOLANE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", list(words))
    with pytest.raises(SystemExit) as ended:
        (notemill_main if words[0] == "notemill" else twolane_main)()
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    assert "config file" in said
    assert not (tmp_path / "home").exists()
    assert sorted(path.name for path in (tmp_path / "vault").iterdir()) == ["a.md"]


def test_notemills_own_section_stops_every_command_of_notemill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a command that sends nothing: it would show what is to be hidden."""
    config = tmp_path / "config.toml"
    config.write_text('[notemill]\nexcludes = ["Private"]\n', "utf-8")
    monkeypatch.setenv("TWOLANE_HOME", str(tmp_path / "home"))
    for words in commands(notemill_cli):
        monkeypatch.setattr(sys, "argv", ["notemill", *words, "--config", str(config)])
        with pytest.raises(SystemExit) as ended:
            notemill_main()
        assert ended.value.code == 2, words
