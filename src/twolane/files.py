"""Files named by a person or a stranger: which paths are valid, and reading small files safely.

A name may lead to a pipe that nobody writes to, an endless device, or a file that grows while it is
read. So only regular files are opened, never blocking, and no more is read than is allowed,
whatever size the system reports.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import tomllib
from contextlib import contextmanager, suppress
from decimal import InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_SETTINGS_BYTES: Final = 131_072
"""A person's settings take a few thousand bytes; tomllib reads any file of this size in a second."""
_MAX_KEY_PARTS: Final = 40
# tomllib's time and memory grow with the square of a key's parts: 32,000 of them take gigabytes.
_LONG_KEY: Final = re.compile(
    r"(?:^|[\[{,])[ \t]*+"
    rf"(?:(?:[\w-]++|\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_MAX_KEY_PARTS}}}",
    re.MULTILINE,
)

# A pipe is opened without waiting for its other end, a terminal without becoming this process's.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_PATH: Final = (errno.ENAMETOOLONG, errno.ELOOP)
_CHUNK_BYTES: Final = 1 << 16
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def path_problem(text: str) -> str:
    """Return why no file or folder can have this path, '' if one can."""
    if "\0" in text:
        return "a path cannot contain a NUL"
    try:
        os.stat(text)  # noqa: PTH116  # of what lies there, nothing matters yet
    except UnicodeEncodeError:
        return "a path cannot contain half a character (a lone surrogate)"
    except OSError as error:
        if error.errno in _NO_PATH:
            return f"it leads nowhere ({error.strerror})"
    return ""


def path_named(text: str) -> Path:
    """Return the path that a person names; `~` is their folder, `~name` another person's.

    Raises ValueError saying what is wrong and what to write.
    """
    if problem := path_problem(text):
        raise ValueError(problem)
    if not text.startswith("~"):
        return Path(text)
    try:
        folder = Path(text).parts[0]
        path, theirs = Path(text).expanduser(), Path(folder).expanduser()
    except RuntimeError:
        theirs = Path()
    # A person of the system may have a folder on paper only.
    if not theirs.is_absolute() or not theirs.is_dir():
        raise ValueError("there is no home folder of that name; write the whole path")
    return path


def read_small(path: str | Path, *, most_bytes: int) -> bytes:
    """Return the bytes of a regular file, or of the one that a link leads to.

    Raises OSError: the system's, or one whose `strerror` says why the file is not read (a folder, a
    pipe, a socket, a device, more than `most_bytes`, an impossible name).
    """
    handle = _opened(path)
    try:
        return _read(handle, size=os.fstat(handle).st_size, most_bytes=most_bytes)
    finally:
        os.close(handle)


def read_beginning(path: str | Path, *, most_bytes: int) -> bytes:
    """Return the first bytes of a regular file of any size. Raises OSError like `read_small`."""
    handle = _opened(path)
    try:
        return os.read(handle, most_bytes)
    finally:
        os.close(handle)


def read_small_text(path: str | Path, *, most_bytes: int) -> str:
    """Return the text of a regular file in UTF-8, without its byte order mark.

    Raises OSError like `read_small`, and if it is not UTF-8.
    """
    return _text_of(read_small(path, most_bytes=most_bytes))


def _text_of(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise OSError(errno.EILSEQ, f"line {line} is not UTF-8; save it as UTF-8") from None


def read_toml(path: str | Path, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return the content of a small TOML file. Raises OSError naming the fault and its line."""
    text = read_small_text(path, most_bytes=MAX_SETTINGS_BYTES)
    with _telling():
        if found := _LONG_KEY.search(text):
            line = text.count("\n", 0, found.end()) + 1
            raise ValueError(f"line {line} has a key of more than {_MAX_KEY_PARTS} parts")
        return tomllib.loads(text, parse_float=parse_float)


def read_json(
    path: str | Path,
    *,
    most_bytes: int = MAX_SETTINGS_BYTES,
    parse_float: Callable[[str], Any] = float,
) -> Any:  # noqa: ANN401
    """Return the content of a small JSON file. Raises OSError naming the fault and its line."""
    return json_of(read_small(path, most_bytes=most_bytes), parse_float=parse_float)


def json_of(data: bytes, *, parse_float: Callable[[str], Any] = float) -> Any:  # noqa: ANN401
    """Parse a file's bytes as JSON. Raises OSError like `read_json`."""
    with _telling():
        return json.loads(_text_of(data), parse_float=parse_float)


@contextmanager
def _telling() -> Iterator[None]:
    """Turn all that a parser says into OSError."""
    try:
        yield
    except RecursionError:
        raise OSError(errno.EINVAL, "its values are nested too deeply") from None
    except InvalidOperation:
        raise OSError(errno.EINVAL, "it has a number that is too large") from None
    except ValueError as error:
        said = str(error)
        if "sys.set_int_max_str_digits" in said:
            said = "it has a number of too many digits"
        raise OSError(errno.EINVAL, said) from None


def _opened(path: str | Path) -> int:
    """Open a regular file to read it."""
    try:
        _check(os.stat(path))  # noqa: PTH116  # some devices act when they are opened
        handle = os.open(path, _FLAGS)
    except ValueError:  # NUL, or a lone surrogate
        raise OSError(errno.EINVAL, "no file can have this name") from None
    try:
        _check(os.fstat(handle))
    except OSError:
        os.close(handle)
        raise
    return handle


def _check(info: os.stat_result) -> None:
    """Raise OSError for what is no ordinary file; the null device is one without content."""
    if not stat.S_ISREG(info.st_mode) and not _is_nothing(info):
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), "no file")
        number = errno.EISDIR if stat.S_ISDIR(info.st_mode) else errno.EINVAL
        raise OSError(number, f"it is {kind}, and no ordinary file")


def _is_nothing(info: os.stat_result) -> bool:
    """Tell whether it is the null device, which people name for a file with nothing in it."""
    with suppress(OSError):
        return stat.S_ISCHR(info.st_mode) and info.st_rdev == os.stat(os.devnull).st_rdev  # noqa: PTH116
    return False


def _read(handle: int, *, size: int, most_bytes: int) -> bytes:
    """Read a file of the said `size` to its end, one byte beyond what is allowed at most."""
    chunks: list[bytes] = []
    left = 0 if size > most_bytes else most_bytes + 1
    while left and (chunk := os.read(handle, min(left, (size or _CHUNK_BYTES) + 1))):
        chunks.append(chunk)
        left -= len(chunk)
        if left and len(chunk) == size and len(chunks) == 1:
            return chunk  # a byte more was asked for, so this is the end
    if not left:
        raise OSError(errno.EFBIG, f"it is larger than the {most_bytes:,} bytes that are allowed")
    return b"".join(chunks)
