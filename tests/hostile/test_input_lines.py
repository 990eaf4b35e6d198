"""Lines of an input that strangers wrote: endless, nested, double, or of numbers that are none."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twolane import TwolaneError
from twolane.core.plan import survey
from twolane.formats.channels import MAX_LINE_BYTES, Source, open_source
from twolane.formats.jsonl import JsonlRequests

if TYPE_CHECKING:
    from collections.abc import Callable

POSIX = pytest.mark.skipif(os.name == "nt", reason="no such files there")
GOOD = (
    b'{"custom_id": "a", "params": {"model": "m", "max_tokens": 5, '
    b'"messages": [{"role": "user", "content": "x"}]}}\n'
)


def complaint(data: bytes, folder: Path) -> str:
    """Return what is said of an input that cannot be taken."""
    path = folder / "in.jsonl"
    path.write_bytes(data)
    requests = JsonlRequests(Source("in.jsonl", "", path))
    with pytest.raises(TwolaneError) as refused:
        survey(requests, max_bytes=1 << 25, reply_tokens=100)
    assert refused.value.exit_code == 2
    return str(refused.value)


def with_member(text: bytes) -> bytes:
    """Return a good line with one more member among its params."""
    return GOOD.replace(b'"max_tokens": 5', b'"max_tokens": 5, ' + text)


LINES: dict[str, bytes] = {
    "nested lists": b"[" * 1_000_000 + b"\n",
    "nested objects": b'{"a":' * 100_000 + b"\n",
    "nested and closed": with_member(b'"metadata": ' + b"[" * 900 + b"]" * 900),
    "nested within reach": with_member(b'"metadata": ' + b"[" * 400 + b"]" * 400),
    "NUL": b"\0" * 100 + b"\n",
    "NUL in a text": GOOD.replace(b'"x"', b'"a\0b"'),
    "a lone surrogate": GOOD.replace(b'"x"', b'"\xed\xa0\x80"'),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-be"),
    "UTF-32": GOOD.decode().encode("utf-32-le"),
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD,
    "CR alone": GOOD.strip() + b"\r" + GOOD.strip() + b"\r",
    "two in a line": GOOD.strip() + GOOD,
    "double params": GOOD.replace(b'{"custom_id"', b'{"params": {}, "custom_id"'),
    "double id": GOOD.replace(b'{"custom_id"', b'{"custom_id": "b", "custom_id"'),
    "double model": with_member(b'"model": "other"'),
    "double in depth": with_member(b'"metadata": {"a": {"b": 1, "b": 2}}'),
    "double by an escape": with_member(b'"m\\u006fdel": "other"'),
    "no number": with_member(b'"temperature": NaN'),
    "infinite": with_member(b'"temperature": Infinity'),
    "beyond all": with_member(b'"temperature": 1e400'),
    "beyond 64 bits": with_member(b'"top_k": 1' + b"0" * 30),
    "below 64 bits": with_member(b'"top_k": -9223372036854775809'),
    "many digits": with_member(b'"top_k": ' + b"9" * 5_000),
    "an id that is a number": GOOD.replace(b'"a"', b"5"),
    "an empty id": GOOD.replace(b'"a"', b'""'),
    "a long id": GOOD.replace(b'"a"', b'"' + b"a" * 5_000 + b'"'),
    "a model of 1 MB": GOOD.replace(b'"m"', b'"' + b"m" * 1_000_000 + b'"'),
    "a model that steers": GOOD.replace(b'"m"', b'"m\\u001b[2J"'),
    "a model of two lines": GOOD.replace(b'"m"', b'"m\\r\\nx: y"'),
    "betas of two lines": with_member(b'"betas": ["a\\r\\nx: y"]'),
    "many betas": with_member(b'"betas": [' + b'"b", ' * 10_000 + b'"b"]'),
    "many values": with_member(b'"metadata": [' + b"0," * 3_000_000 + b"0]"),
    **{
        f"max_tokens {value}": GOOD.replace(b'"max_tokens": 5', f'"max_tokens": {value}'.encode())
        for value in (
            "1" + "0" * 30,
            "1e400",
            "1e30",
            "-1",
            "0",
            "-0",
            "5.0",
            "true",
            "null",
            '"5"',
            "[5]",
        )
    },
}


@pytest.mark.parametrize("kind", LINES)
def test_a_line_that_cannot_be_asked_is_named_in_a_few_words(tmp_path: Path, kind: str) -> None:
    """Its number is told, and nothing of it goes out as something else."""
    began = time.process_time()
    said = complaint(GOOD.replace(b'"a"', b'"first"') + LINES[kind], tmp_path)
    assert time.process_time() - began < 5
    assert "in.jsonl, line 2" in said
    assert len(said) < 5_000


def test_a_line_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    """No more of it comes into memory than a request may hold; a hole of 1 TB is one line."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(GOOD)
    os.truncate(path, 1 << 40)
    with pytest.raises(TwolaneError, match=r"line 2: a line has at most") as refused:
        list(JsonlRequests(Source("in.jsonl", "", path)))
    assert refused.value.exit_code == 2


@POSIX
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_device_without_an_end_is_no_input(device: str) -> None:
    """It is copied up to the longest line, not until the disk is full."""
    with pytest.raises(TwolaneError, match=f"line 1 is longer than {MAX_LINE_BYTES:,}") as refused:
        open_source(Path(device))
    assert refused.value.exit_code == 2


@POSIX
def test_a_pipe_without_an_end_is_named_by_its_line(tmp_path: Path) -> None:
    """A pipe is an input on purpose; what comes out of it has the bounds of a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def fill() -> None:
        chunk = bytes(1 << 20)
        try:
            with pipe.open("wb") as out:
                out.write(GOOD)
                while True:
                    out.write(chunk)
        except BrokenPipeError:
            pass

    writer = threading.Thread(target=fill)
    writer.start()
    with pytest.raises(TwolaneError, match="line 2 is longer"):
        open_source(pipe)
    writer.join()


ODD: dict[str, Callable[[bytes], bytes]] = {
    "a mark": lambda line: b"\xef\xbb\xbf" + line,
    "CR and LF": lambda line: line.replace(b"\n", b"\r\n"),
    "no end": lambda line: line.rstrip(b"\n"),
    "blanks around": lambda line: b"\n  \n\t" + line + b"\n",
    "half an emoji as an escape": lambda line: line.replace(b'"a"', b'"\\ud83d"'),
    "the largest number": lambda line: line.replace(b"5,", b'5, "seed": 18446744073709551615,'),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_odd_and_honest_is_taken(tmp_path: Path, kind: str) -> None:
    """Byte order marks, Windows' line ends and names of files that are no Unicode do no harm."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(ODD[kind](GOOD))
    (request,) = JsonlRequests(Source("in.jsonl", "", path))
    assert request.params["max_tokens"] == 5


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=40)
@given(st.dictionaries(st.text(), _JSON, max_size=4), st.booleans())
def test_every_object_is_read_as_it_is_meant(
    tmp_path_factory: pytest.TempPathFactory,
    params: dict[str, object],
    plain: bool,  # noqa: FBT001  # drawn
) -> None:
    """Whatever JSON can say within 64 bits comes through, as text or as escapes."""
    path = tmp_path_factory.getbasetemp() / "one.jsonl"
    path.write_bytes(json.dumps({"params": params}, ensure_ascii=plain).encode() + b"\n")
    (request,) = JsonlRequests(Source("one.jsonl", "", path))
    assert request.params == params


@given(st.binary(max_size=300))
def test_no_bytes_end_in_anything_but_a_request_or_a_named_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Any bytes at all are requests, or one error with a line's number."""
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    try:
        list(JsonlRequests(Source("any.jsonl", "", path)))
    except TwolaneError as error:
        assert "any.jsonl, line " in str(error)  # noqa: PT017  # it may as well be none
