"""Inputs and outputs: files, pipes, standard input and output.

A file is read in place, and written all or nothing. Anything else (`-`, a named pipe, `<(…)`) can
be read only once, so it is copied first, and is identified by its contents.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from twolane.errors import ConfigError, InputError

try:
    import fcntl
except ImportError:  # Windows, where a descriptor cannot be asked
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STANDARD: Final = "-"
"""The name for standard input or output."""

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_STANDARD_NAMES: Final = {"/dev/stdin": _STDIN, "/dev/stdout": _STDOUT, "/dev/stderr": _STDERR}
_DESCRIPTOR = re.compile(r"/(?:dev/fd|proc/self/fd)/(\d{1,6})")
MAX_LINE_BYTES: Final = 67_108_864
"""The largest request that a provider takes, 32 MiB, with every second character as an escape."""
MAX_COPY_BYTES: Final = 16 << 30
"""As much as 60 full batches; an endless input would fill the disk."""
_CHUNK_BYTES: Final = 1 << 20
# Enough that a disk without room, or a quota that is used up, refuses it.
_PROBE_BYTES: Final = 1 << 16


def _descriptor(named: Path, standard: int) -> int | None:
    """Return the open descriptor that a path stands for, None if it is a path like any other."""
    text = str(named)
    if text == STANDARD:
        return standard
    if text in _STANDARD_NAMES:
        return _STANDARD_NAMES[text]
    found = _DESCRIPTOR.fullmatch(text)
    return int(found[1]) if found else None


# -- in -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """An input: a file at `path`, or a `copy` of one that can be read only once.

    `name` is its name for people; `identity` recognises the same command when repeated, '' if only
    the contents can.
    """

    name: str
    identity: str
    path: Path
    copy: BinaryIO | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it at its beginning. Raises InputError if it cannot be read."""
        try:
            if self.copy is not None:
                self.copy.seek(0)
                yield self.copy
            else:
                with self.path.open("rb") as file:
                    yield file
        except OSError as error:
            raise _unreadable(self.name, error) from error


def open_source(named: Path) -> Source:
    """Return the input that a person names, copied if it can be read only once.

    The copy has no name and disappears with this process. Raises InputError.
    """
    descriptor = _descriptor(named, _STDIN)
    if descriptor == _STDIN:
        return Source("standard input", "", named, _copied(named, _standard_input()))
    try:
        if descriptor is None and (named.is_file() or not named.exists()):
            return Source(named.name, str(named.resolve()), named.resolve())
        with named.open("rb") as file:
            return Source(str(named), "", named, _copied(named, file))
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        raise _unreadable(str(named), error) from error


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise InputError("standard input is closed; name a file")
    return sys.stdin.buffer


def _copied(named: Path, file: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the source
    try:
        for chunk in _bounded(file):
            copy.write(chunk)
        copy.flush()
    except OSError as error:
        copy.close()
        raise _unreadable(str(named), error) from error
    return copy


def _bounded(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a file holds. Raises OSError if a line, or the whole, does not end."""
    line_bytes, lines, size = 0, 1, 0
    while chunk := file.read(_CHUNK_BYTES):
        ended = chunk.rfind(b"\n") + 1
        line_bytes = len(chunk) - ended if ended else line_bytes + len(chunk)
        lines += chunk.count(b"\n")
        size += len(chunk)
        if line_bytes > MAX_LINE_BYTES:
            raise OSError(errno.EFBIG, f"line {lines:,} is longer than {MAX_LINE_BYTES:,} bytes")
        if size > MAX_COPY_BYTES:
            raise OSError(errno.EFBIG, f"it is longer than {MAX_COPY_BYTES:,} bytes; name a file")
        yield chunk


def _unreadable(name: str, error: Exception) -> InputError:
    return InputError(f"the input {name} cannot be read: {_words(error)}")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


# -- out ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Output:
    """An output: a file at `path`, an open descriptor, or something other than a file at `path`.

    `identity` recognises the same command when repeated, and lets a resume find the output: '' for
    a descriptor that other processes do not have.
    """

    name: str
    path: Path
    descriptor: int | None = None

    @property
    def is_standard(self) -> bool:
        """Whether it is standard output."""
        return self.descriptor == _STDOUT

    @property
    def identity(self) -> str:
        """The path by which a later process finds it."""
        if self.descriptor is None:
            return str(self.path)
        return STANDARD if self.is_standard else ""

    def is_same(self, source: Source) -> bool:
        """Tell whether it is the file that holds the requests, under any name."""
        if source.copy is not None or not self._is_file:
            return False
        with contextlib.suppress(OSError):
            return self.path.samefile(source.path)
        return self.path == source.path

    @property
    def _is_file(self) -> bool:
        return self.descriptor is None and (self.path.is_file() or not os.path.lexists(self.path))

    def check(self) -> None:
        """Check that it can be written, before anything is paid for. Raises ConfigError."""
        try:
            if self.descriptor is not None:
                _check_open(None if self.is_standard and sys.stdout is None else self.descriptor)
            elif self._is_file:
                _check_file(self.path)
            elif self.path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            elif not os.access(self.path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            elif self.path.is_char_device():
                with self.path.open("wb", buffering=0) as device:
                    _check_open(device.fileno())
        except OSError as error:
            raise _unwritable(self.name, error) from error

    def write(self, lines: Iterable[bytes], run_id: str) -> int:
        """Write lines, a file atomically; return how many there were.

        Raises BrokenPipeError if the reader has left, ConfigError if it cannot be written.
        """
        try:
            if self._is_file:
                return _replace(self.path, lines)
            with self._stream() as out:
                return _write(out, lines)
        except BrokenPipeError:
            raise
        except OSError as error:
            also = f"; nothing is lost, `twolane export {run_id} -o FILE` writes it elsewhere"
            raise _unwritable(self.name, error, also) from error

    @contextlib.contextmanager
    def _stream(self) -> Iterator[BinaryIO]:
        if self.is_standard:
            sys.stdout.flush()
            yield sys.stdout.buffer
        elif self.descriptor is not None:
            with os.fdopen(os.dup(self.descriptor), "wb") as out:
                yield out
        else:
            with self.path.open("wb") as out:
                yield out


def open_output(named: Path) -> Output:
    """Return the output that a person names; nothing is written yet. Raises ConfigError."""
    descriptor = _descriptor(named, _STDOUT)
    if descriptor is not None:
        name = "standard output" if descriptor == _STDOUT else str(named)
        return Output(name, named, descriptor)
    try:
        return Output(str(named), named.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself, or a NUL
        raise _unwritable(str(named), error) from error


def _check_open(descriptor: int | None) -> None:
    """See that what is open takes results, None being closed. Raises OSError."""
    if descriptor is None:
        raise OSError(errno.EBADF, "it is closed")
    mode = os.fstat(descriptor).st_mode
    if fcntl is not None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "it is open for reading only")
        if stat.S_ISREG(mode) and os.fstatvfs(descriptor).f_bavail == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if stat.S_ISCHR(mode) and not os.isatty(descriptor):
        os.write(descriptor, b"\n")  # an empty line more hurts no reader; /dev/full refuses it


def _check_file(path: Path) -> None:
    if path.is_file() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only")
    handle, temporary = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(bytes(_PROBE_BYTES))
            out.flush()
            os.fsync(out.fileno())
    finally:
        Path(temporary).unlink(missing_ok=True)


def _temporary(path: Path) -> tuple[int, str]:
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}")
    with contextlib.suppress(FileNotFoundError):
        path.lstat()  # a name that is too long is told by this, too
    # Not made of the output's name, which may be as long as names can be.
    return tempfile.mkstemp(prefix=".twolane-", dir=path.parent)


def _replace(path: Path, lines: Iterable[bytes]) -> int:
    """Write a file that appears under its name only when it is complete and on disk."""
    handle, temporary = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as out:
            count = _write(out, lines)
            os.fsync(out.fileno())
        os.replace(temporary, path)  # noqa: PTH105  # mkstemp gives a name, not a Path
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return count


def _write(out: BinaryIO, lines: Iterable[bytes]) -> int:
    count = 0
    for line in lines:
        out.write(line + b"\n")
        count += 1
    out.flush()
    return count


def _unwritable(
    name: str, error: Exception, also: str = "; name another file with -o"
) -> ConfigError:
    return ConfigError(f"the output {name} cannot be written: {_words(error)}{also}")
