"""Files of settings that hang, never end or cannot be parsed, and values that no setting can have."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from notemill.config import check_settings
from notemill.errors import NotemillError
from tests.hostile.unfit_files import UNFIT
from twolane import TwolaneError, load_settings
from twolane.files import MAX_SETTINGS_BYTES, read_small
from twolane.pricebook import load_price_book

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="no such files there")


def _settings(config: Path | None, environment: dict[str, str]) -> None:
    """Read all settings, as notemill's commands do."""
    load_settings({"config": config}, environment)
    check_settings(config, environment)


def complaint(config: Path) -> str:
    """Return what is said of a config file that cannot be taken."""
    with pytest.raises((TwolaneError, NotemillError)) as refused:
        _settings(config, {})
    assert getattr(refused.value, "exit_code", 0) == 2
    return str(refused.value)


@POSIX
@pytest.mark.parametrize("kind", UNFIT)
def test_a_config_file_that_is_none_is_named(tmp_path: Path, kind: str) -> None:
    """Whatever lies there, it is neither waited for nor read without end."""
    config = tmp_path / "config.toml"
    UNFIT[kind](config)
    assert str(config) in complaint(config)


@POSIX
@pytest.mark.parametrize("kind", UNFIT)
@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_price_file_that_is_none_is_named(tmp_path: Path, kind: str, ending: str) -> None:
    """As of the config file: its name, and why it is not read."""
    prices = tmp_path / f"prices.{ending}"
    UNFIT[kind](prices)
    with pytest.raises(TwolaneError, match="price file") as refused:
        load_price_book(prices)
    assert refused.value.exit_code == 2


@POSIX
def test_a_link_to_an_ordinary_file_is_followed(tmp_path: Path) -> None:
    """Configurations are often kept elsewhere and linked."""
    (tmp_path / "kept.toml").write_text("poll_s = 5")
    (tmp_path / "config.toml").symlink_to("kept.toml")
    assert load_settings({"config": tmp_path / "config.toml"}, {}).poll_s == 5


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    """A file of just the size is read; one byte more is told with the bound."""
    path = tmp_path / "note"
    path.write_bytes(b"x" * 100_000)
    assert read_small(path, most_bytes=100_000) == b"x" * 100_000
    with pytest.raises(OSError, match="larger than the 99,999 bytes"):
        read_small(path, most_bytes=99_999)


PARSED = {
    "nested arrays": "a = " + "[" * 100_000,
    "nested tables": "a = " + "{b = " * 50_000,
    "nested sections": "[" + ".".join(["a"] * 100_000) + "]",
    "a long key": ".".join(["a"] * 100_000) + " = 1",
    "a long key in quotes": ".".join(['"="', "'['"] * 30_000) + " = 1",
    "a long key in a table": "a = {" + " . ".join(["a"] * 60_000) + " = 1}",
    "a long key behind another": "a = {b = 1, " + ".".join(["a"] * 100_000) + " = 1}",
    "a number without end": "poll_s = " + "1" * 100_000,
    "NUL": 'model = "a\0b"',
    "CR alone": "poll_s = 5\rmodel = 'm'\r",
}


@pytest.mark.parametrize("kind", PARSED)
def test_what_a_parser_takes_for_ever_is_refused(tmp_path: Path, kind: str) -> None:
    """Neither depth nor the square of a key's length is paid for: the file is named at once."""
    config = tmp_path / "config.toml"
    config.write_text(PARSED[kind], newline="")
    began = time.process_time()
    said = complaint(config)
    assert time.process_time() - began < 1
    assert str(config) in said
    assert len(said) < 500


LARGE: dict[str, Callable[[int], str]] = {
    "lists": lambda size: "a = [" + "[]," * (size // 3) + "]",
    "tables in a line": lambda size: "a = [" + "{b=1}," * (size // 6) + "]",
    "sections": lambda size: "".join(f"[a.b{one}]\n" for one in range(size // 12)),
    "growing keys": lambda size: "".join(
        ".".join(["a"] * (one % 39)) + f".b{one} = 1\n" for one in range(1, size // 50)
    ),
    "quotes": lambda size: "a = '''" + "''x" * (size // 3) + "'''",
    "openings": lambda size: '{"' * (size // 2),
    "words": lambda size: "x" * size,
    "blanks": lambda size: " " * size,
    "points": lambda size: "a." * 39 + "\n" + "." * size,
}


@pytest.mark.parametrize("kind", LARGE)
def test_the_largest_config_file_is_read_within_a_second(tmp_path: Path, kind: str) -> None:
    """Of whatever it consists, its size bounds the time."""
    config = tmp_path / "config.toml"
    config.write_text(LARGE[kind](MAX_SETTINGS_BYTES - 500) + "\n]")
    began = time.process_time()
    complaint(config)
    assert time.process_time() - began < 3


KEYS = {
    "a number": "5",
    "a list": '["sk-ant-secret"]',
    "a table": "{key = 'sk-ant-secret'}",
    "nothing": '""',
    "blanks": '"  "',
    "a line break": '"sk-ant-secret\\nx-other: 1"',
    "a carriage return": '"sk-ant-secret\\r\\nHost: other"',
    "a NUL": '"sk-ant-secret\\u0000"',
    "an escape": '"sk-ant-secret\\u001b[31m"',
    "a blank within": '"sk-ant-secret and more"',
    "no ASCII": '"sk-ant-secret-ä"',
    "what does not show": '"sk-ant-secret\\u200b"',
    "1 MB": '"' + "sk-ant-secret" * 9_000 + '"',
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("name", ["api_key", "auth_token", "embedding_key"])
def test_a_key_that_no_header_can_carry_is_refused_unshown(
    tmp_path: Path, name: str, kind: str
) -> None:
    """Neither sent nor printed: where it stands, and what a key looks like, is told."""
    config = tmp_path / "config.toml"
    head = "[notemill]\n" if name == "embedding_key" else ""
    config.write_text(f"{head}{name} = {KEYS[kind]}", "utf-8")
    said = complaint(config)
    assert name in said
    assert "ASCII characters without blanks" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ANTHROPIC_API_KEY", "secret\nHost: other"),
        ("ANTHROPIC_AUTH_TOKEN", "secret\0"),
        ("ANTHROPIC_API_KEY", "secret\udcff"),
        ("ANTHROPIC_API_KEY", "   "),
        ("OPENAI_API_KEY", "secret\r\nHost: other"),
        ("OPENAI_API_KEY", "secret\ud800"),
        ("OPENAI_BASE_URL", "https://me:secret@host/v1"),
        ("OPENAI_BASE_URL", "https://host/v1?key=secret"),
        ("OPENAI_BASE_URL", "https://host/v1\r\nX: secret"),
        ("ANTHROPIC_BASE_URL", "https://me:secret@host"),
        ("ANTHROPIC_BASE_URL", "https://host/#secret"),
        ("TWOLANE_BASE_URL", "me:secret@127.0.0.1:8080//x"),
        ("TWOLANE_BASE_URL", "http://host/" + "x" * 3_000),
        ("TWOLANE_MODEL", "claude\nx"),
        ("TWOLANE_MODEL", "claude\x1b[2J"),
        ("TWOLANE_MODEL", "x" * 10_000_000),
        ("TWOLANE_PROVIDER", "local\u202e"),
        ("NOTEMILL_EMBEDDING_MODEL", "m\0"),
        ("NOTEMILL_EMBEDDING", "openai\n\n!"),
    ],
)
def test_a_variable_that_cannot_be_a_setting_is_named(variable: str, value: str) -> None:
    """Whatever the environment holds, its variable is told, never a secret in it."""
    empty = {"TWOLANE_CONFIG": os.devnull, variable: value}
    with pytest.raises((TwolaneError, NotemillError), match=variable) as refused:
        _settings(None, empty)
    assert getattr(refused.value, "exit_code", 0) == 2
    assert "secret" not in str(refused.value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TWOLANE_HOME", "~nobody-is-called-this/x"),
        ("TWOLANE_HOME", "a\0b"),
        ("TWOLANE_HOME", "  "),
        ("TWOLANE_CONFIG", "~nobody-is-called-this/x"),
        ("TWOLANE_CONFIG", "\ud800"),
        ("TWOLANE_PRICES", "~nobody-is-called-this/x"),
        ("TWOLANE_PRICES", "\udfff\ud800"),
    ],
)
def test_a_path_that_can_be_none_is_named(variable: str, value: str) -> None:
    """Another person's folder that there is not, NUL, and half a character."""
    environment = {"TWOLANE_CONFIG": os.devnull, variable: value}
    with pytest.raises(TwolaneError, match=variable) as refused:
        load_settings({}, environment)
    assert refused.value.exit_code == 2


@POSIX
@pytest.mark.parametrize(
    ("variable", "value"),
    [("HOME", "here"), ("HOME", "~"), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "../x")],
)
def test_a_usual_folder_is_never_relative(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Relative to the folder one is in, there would be a ledger, and a bill, for each of them."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    with contextlib.suppress(TwolaneError):
        assert load_settings({}, {}).home.is_absolute()


def test_many_unknown_settings_are_told_in_a_few_words(tmp_path: Path) -> None:
    """A file full of them is no flood, and their names are no page."""
    config = tmp_path / "config.toml"
    config.write_text("".join(f"poll_{one} = 1\n" for one in range(5_000)) + "x" * 9_000 + " = 1")
    said = complaint(config)
    assert "4,998 more" in said
    assert len(said) < 1_500


PRICES = {
    "below 0": "-1",
    "infinite": "inf",
    "none": "nan",
    "beyond all": "1e400",
    "beyond decimals": "1e9999999999999999999",
    "of many digits": "1" * 5_000,
    "a text": '"1"',
    "true": "true",
    "a date": "2026-01-01",
    "a list": "[1]",
    "a long list": "[" + "1, " * 9_000 + "]",
    "a long text": '"' + "x" * 90_000 + '"',
    "a table": "{a = 1}",
    "a long table": "{" + "x" * 90_000 + " = 1}",
}


@pytest.mark.parametrize("kind", PRICES)
@pytest.mark.parametrize("key", ["input", "cache_read", "batch_factor", "batch"])
def test_a_price_that_is_none_is_named(tmp_path: Path, key: str, kind: str) -> None:
    """The file is told, and what stands there in a few words."""
    path = tmp_path / "prices.toml"
    prices = {"input": "1", "output": "1", key: PRICES[kind]}
    path.write_text("[m]\n" + "".join(f"{one} = {said}\n" for one, said in prices.items()))
    with pytest.raises(TwolaneError, match=r"prices\.toml") as refused:
        load_price_book(path)
    assert refused.value.exit_code == 2
    assert len(str(refused.value)) < 500 + len(str(path))
