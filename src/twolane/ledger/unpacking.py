"""Unpacking an export: anybody may have written the file, so nothing in it is trusted.

Sizes are measured while reading, not taken from the file; it must hold exactly the files that its
manifest names; each must begin like an SQLite file, and is unpacked below the target folder.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twolane import private
from twolane.databases import HEADER
from twolane.errors import ConfigError, LedgerDamagedError, LedgerError
from twolane.ledger.runlock import LOCKS_FOLDER, SPOOL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SUFFIX: Final = ".sqlite3"

MAX_FILES: Final = 10_000
"""Five per vault, and few people have a hundred vaults."""
SPARE_BYTES: Final = 1 << 30
MAX_RATIO: Final = 50
"""The largest ratio of unpacked to packed size: empty space in a database shrinks to a thousandth,
but is less than half of it, and texts shrink to a third at best."""
_MANIFEST_BYTES: Final = 4 << 20
_INDEX_BYTES: Final = 2 << 20
_MARK_CHARS: Final = 1_000
_CHUNK_BYTES: Final = 1 << 20
_ENCRYPTED: Final = 1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# A name that every system takes for one of a file below a folder, and for the same one.
_PART: Final = r"\w[^\x00-\x1f\x7f/\\:*?\"<>|]{0,119}(?<![. ])"
_NAME: Final = re.compile(rf"(?:{_PART}/){{0,4}}{_PART}")
_NOT_AN_EXPORT: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, TypeError, ValueError,
    RuntimeError, NotImplementedError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """An export's own description: the mark of its runs, and its files, the ledger first."""

    mark: str
    names: tuple[str, ...]


class _Careful(io.FileIO):
    """A file of which no more is read at once than a zip's index may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most `size` bytes. Raises BadZipFile where that is without bound."""
        if size is None or size < 0:
            size = _INDEX_BYTES
        if size > _INDEX_BYTES:
            message = "its index is too large"
            raise zipfile.BadZipFile(message)
        return super().read(size) or b""


def unpack(
    source: Path,
    folder: Path,
    *,
    ledger: str,
    check: Callable[[Export], None],
    spare_bytes: int = SPARE_BYTES,
) -> Export:
    """Unpack the export `source` into a new folder, after `check` has accepted its description.

    Raises ConfigError if there is no such file, LedgerError if it is not an export, is damaged, or
    unpacks to far more than its size.
    """
    with _opened(source) as file:
        most_bytes = spare_bytes + MAX_RATIO * os.fstat(file.fileno()).st_size
        try:
            with zipfile.ZipFile(file) as pack:
                export = _export(pack, source, ledger)
                check(export)
                for name in export.names:
                    target = folder / name
                    private.folder(target.parent)
                    most_bytes -= _extract(pack, name, target, most_bytes=most_bytes)
        except _NOT_AN_EXPORT as error:
            message = (
                f"{source} is damaged, or no export of `twolane state export` ({error}); nothing "
                "was imported. Copy it again, or export again"
            )
            raise LedgerDamagedError(message) from error
    return export


def _opened(source: Path) -> _Careful:
    """Open an ordinary file. Raises ConfigError."""
    try:
        kind = os.stat(source).st_mode  # noqa: PTH116  # a pipe would be waited for
        if not stat.S_ISREG(kind):
            message = f"{source} is not a file; name one that `twolane state export` has written"
            raise ConfigError(message)
        return _Careful(source)
    except (OSError, ValueError) as error:
        message = f"{source} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(message) from error


def _export(pack: zipfile.ZipFile, source: Path, ledger: str) -> Export:
    """Return what a pack says of itself. Raises what is no export, LedgerError for a newer one."""
    manifest = _manifest(pack)
    if manifest["format"] > FORMAT:
        message = f"{source} was written by a newer version; install that one"
        raise LedgerError(message)
    mark, names = manifest["mark"], manifest["files"]
    if manifest["format"] < FORMAT or not _is_mark(mark) or not isinstance(names, list):
        raise ValueError(MANIFEST)
    for name in names:
        check_name(name)
    if names[:1] != [ledger]:
        raise ValueError(MANIFEST)
    if len({name.casefold() for name in names}) != len(names):
        message = "two of its files have one name"
        raise ValueError(message)
    _check_entries(pack, names)
    return Export(mark, tuple(names))


def _manifest(pack: zipfile.ZipFile) -> dict[str, Any]:
    with pack.open(MANIFEST) as packed:
        raw = packed.read(_MANIFEST_BYTES)
        if packed.read(1):
            message = "its manifest is too large"
            raise ValueError(message)
    manifest = json.loads(raw)
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int:
        raise ValueError(MANIFEST)
    return manifest


def _check_entries(pack: zipfile.ZipFile, names: list[str]) -> None:
    """See that a pack has these files, once each and packed as an export is. Raises ValueError."""
    entries = pack.infolist()
    if len(entries) > MAX_FILES:
        message = f"it has {len(entries):,} files"
        raise ValueError(message)
    if sorted(entry.filename for entry in entries) != sorted([MANIFEST, *names]):
        message = "its files are not those that its manifest names"
        raise ValueError(message)
    for entry in entries:
        if (
            entry.compress_type not in _METHODS
            or entry.flag_bits & _ENCRYPTED
            or stat.S_ISLNK(entry.external_attr >> 16)
        ):
            message = f"{entry.filename} is packed as no export packs it"
            raise ValueError(message)


def _is_mark(mark: Any) -> bool:  # noqa: ANN401
    return isinstance(mark, str) and 0 < len(mark) <= _MARK_CHARS


def check_name(name: object) -> None:
    """Check that a file of an export may have this name. Raises ValueError."""
    folders = name.casefold().split("/")[:-1] if isinstance(name, str) else []
    if (
        not isinstance(name, str)
        or _NAME.fullmatch(name) is None
        or not name.endswith(SUFFIX)
        or folders[:1] in ([LOCKS_FOLDER], [SPOOL_FOLDER])
        or any(folder.endswith(SUFFIX) for folder in folders)
    ):
        message = f"a file named {name!r:.200}"
        raise ValueError(message)


def _extract(pack: zipfile.ZipFile, name: str, target: Path, *, most_bytes: int) -> int:
    """Unpack a file, and return its size. Raises ValueError for what is no database, or too large."""
    size = 0
    with pack.open(name) as packed, private.new(target) as out:
        while chunk := packed.read(_CHUNK_BYTES):
            if not size and not chunk.startswith(HEADER):
                message = f"{name} is not a database"
                raise ValueError(message)
            size += len(chunk)
            if size > most_bytes:
                message = f"{name} unpacks to far more than it is"
                raise ValueError(message)
            out.write(chunk)
    if not size:
        message = f"{name} is empty"
        raise ValueError(message)
    return size
