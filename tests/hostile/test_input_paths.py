"""Paths that can be none: every path option of both tools is walked with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from notemill.cli.main import cli as notemill_cli
from notemill.errors import NotemillError
from tests.hostile.test_numbers import arguments, ended
from tests.hostile.unfit_files import UNFIT
from tests.notemill.vault.folders import make_vault
from twolane import TwolaneError, check_network
from twolane.cli.main import cli as twolane_cli
from twolane.files import path_named

if TYPE_CHECKING:
    from collections.abc import Iterator

POSIX = pytest.mark.skipif(os.name == "nt", reason="no such paths there")
NEVER = ["", "a\0b", "\ud800", "x" * 5_000, "y" * 300, "x/" * 3_000, "loop", "loop/x"]
"""What leads nowhere, whether something is to be read or written there."""


def options(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield each path option or argument of a tree of commands, behind the words of its command."""
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from options(one, (*path, name))
        return
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            yield (*path, parameter)


WALKED = [
    *((twolane_cli, "twolane", *words) for words in options(twolane_cli)),
    *((notemill_cli, "notemill", *words) for words in options(notemill_cli)),
]


def _name(walked: tuple[Any, ...]) -> str:
    return " ".join([*walked[1:-1], walked[-1].name])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an input and a vault, in which no settings are known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWOLANE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("TWOLANE_HOME", str(tmp_path / "home"))
    (tmp_path / "config.toml").write_text("provider = 'offline'\n")
    (tmp_path / "in.jsonl").write_text("")
    (tmp_path / "a.md").write_text("A note.\n")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@POSIX
@pytest.mark.parametrize("walked", WALKED, ids=_name)
def test_no_option_takes_a_path_that_leads_nowhere(here: Path, walked: tuple[Any, ...]) -> None:
    """Exit 2 in a few words, and nothing has begun."""
    cli, _, *path, parameter = walked
    words = arguments(cli, path, here)
    if isinstance(parameter, click.Option):
        named = [f"{parameter.opts[-1]}="]
        if parameter.opts[0] in words:
            at = words.index(parameter.opts[0])
            del words[at : at + 2]
    else:
        named, words = [""], [one for one in words if not one.endswith("in.jsonl")]
    for value in NEVER:
        code, said = ended(cli, [*path, *words, *(one + value for one in named)])
        assert code == 2, value[:10]
        assert 0 < len(said) < 400, value[:10]
    assert not (here / "home").exists()


@POSIX
@pytest.mark.parametrize("cli", [twolane_cli, notemill_cli], ids=["twolane", "notemill"])
@pytest.mark.parametrize(
    "value", ["file", "file/x", "/dev/null/x", "/proc/x", "/proc/self/x", "/dev/full", "dangling/x"]
)
def test_a_home_that_can_hold_no_ledger_is_named(here: Path, cli: click.Group, value: str) -> None:
    """A file, a device, what the system makes up, and a link to nothing hold no state."""
    (here / "file").write_text("mine")
    (here / "dangling").symlink_to("/dev/null")
    code, said = ended(cli, ["runs", "--home", value])
    assert code in (2, 7)
    assert value.partition("/")[0] in said
    assert "TWOLANE_HOME" in said or "move it away" in said
    assert "Errno" not in said
    assert (here / "file").read_text() == "mine"


@pytest.mark.parametrize(
    "text", ["~nobody-is-called-this", "~nobody-is-called-this/x", "~\0", "~\ud800"]
)
def test_another_persons_folder_that_there_is_not_is_said(text: str) -> None:
    """It is neither a folder of that name here nor a traceback."""
    with pytest.raises(ValueError, match=r"path"):
        path_named(text)


@POSIX
def test_a_folder_that_is_there_on_paper_only_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of `nobody`, whose folder the system names and does not have: it is not made."""
    monkeypatch.setenv("HOME", "/nonexistent/of-nobody")
    with pytest.raises(ValueError, match="no home folder"):
        path_named("~/x")
    assert not Path("/nonexistent/of-nobody").exists()


@POSIX
@pytest.mark.parametrize(
    "kind", [one for one in UNFIT if not one.startswith(("UTF", "Latin", "50", "a link to n"))]
)
def test_a_note_that_is_no_file_is_never_opened(tmp_path: Path, kind: str) -> None:
    """It is left out and named; and where it takes a note's place later, it is not waited for."""
    vault = make_vault(tmp_path, {"a.md": b"a", "b.md": b"b"})
    vault.scan()
    (tmp_path / "vault" / "a.md").unlink()
    UNFIT[kind](tmp_path / "vault" / "a.md")
    with pytest.raises(NotemillError, match=r"a\.md"):
        vault.read("a.md")
    assert [note.key for note in vault.scan()] == ["b.md"]
    assert "a.md" in {one.key for one in vault.skipped} or kind == "a folder"


@POSIX
@pytest.mark.parametrize("kind", [one for one in UNFIT if not one.startswith(("UTF", "Latin"))])
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_no_file_are_not_waited_for(
    tmp_path: Path, variable: str, kind: str
) -> None:
    """The HTTP library would, as soon as it is imported."""
    if (variable, kind) in {("SSL_CERT_DIR", "a folder"), ("SSL_CERT_FILE", "a file without size")}:
        return  # there, that is what is wanted, or small enough
    UNFIT[kind](tmp_path / "certificates")
    with pytest.raises(TwolaneError, match=variable) as refused:
        check_network("https://host", {variable: str(tmp_path / "certificates")})
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    "proxy",
    ["://", "x", "http://", "http://[::1", "http://h:99999", "http://h:port", "ftp://h", "socks5://h:1",
     "http://me:secret@h\r\nX: y", "http://me:secret @h", "http://h\udcff", "\0", "http://h\u200b"],
)  # fmt: skip
def test_a_proxy_that_can_be_none_is_named_unshown(proxy: str) -> None:
    """Before the first request, with the variable's name and without a password."""
    for variable in ("https_proxy", "HTTPS_PROXY"):
        with pytest.raises(TwolaneError, match=variable) as refused:
            check_network("https://host", {variable: proxy})
        assert refused.value.exit_code == 2
        assert "secret" not in str(refused.value)
        check_network("http://127.0.0.1:8080", {variable: proxy})
        check_network("https://host", {variable: "http://me:secret@proxy.example:3128/"})
