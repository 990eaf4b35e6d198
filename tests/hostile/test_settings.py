"""Files of settings that hang, never end or cannot be parsed, and values that no setting can have."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.hostile.unfit_files import UNFIT
from twolane import TwolaneError, load_settings
from twolane.files import MAX_SETTINGS_BYTES, read_small
from twolane.pricebook import load_price_book

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="no such files there")


def complaint(config: Path) -> str:
    """Return what is said of a config file that cannot be taken."""
    with pytest.raises(TwolaneError) as refused:
        load_settings({"config": config}, {})
    assert refused.value.exit_code == 2
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
