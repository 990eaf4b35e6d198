"""Files that nobody should read to their end, made where a test wants them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], object]


def _link_to(target: str) -> Maker:
    return lambda path: path.symlink_to(target)


def _hole_of(size: int) -> Maker:
    def make(path: Path) -> None:
        path.touch()
        os.truncate(path, size)

    return make


def _socket(path: Path) -> None:
    # A socket's address is short: it is bound where the path is not in the way.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


UNFIT: dict[str, Maker] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a folder": Path.mkdir,
    "a device without end": _link_to("/dev/zero"),
    "a device": _link_to("/dev/tty"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": _link_to("away"),
    "50 MB": _hole_of(50_000_000),
    "a hole of 1 TB": _hole_of(1 << 40),
    "UTF-16": lambda path: path.write_bytes('{"a": 1}'.encode("utf-16")),
    "Latin-1": lambda path: path.write_bytes('a = "é"'.encode("latin-1")),
}
"""What lies at a path, and what makes it; none of it is a file of settings."""
if Path("/proc/self/mem").exists():
    UNFIT["memory"] = _link_to("/proc/self/mem")
    UNFIT["a file without size"] = _link_to("/proc/kallsyms")
