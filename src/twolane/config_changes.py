"""Changes of the config file: only the lines that are meant, and either all of them or none.

The file is read, edited and replaced while a lock file lies beside it, so that two that change it
at once do not take back each other's change.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
import tomllib
from typing import TYPE_CHECKING, Final

from twolane import private
from twolane.config import TABLE, config_of, read_config
from twolane.errors import ConfigError
from twolane.files import MAX_SETTINGS_BYTES, read_small
from twolane.toml_edits import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from twolane.toml_edits import TomlValue

_BOM: Final = "\ufeff"
WAIT_S: Final = 2.0
"""How long another's change is waited for: it takes a few milliseconds."""
_LOOK_S: Final = 0.02
_ANY_WRITES: Final = 0o222


def change_config(
    changes: Mapping[tuple[str, str], TomlValue | None],
    *,
    config: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    wait_s: float = WAIT_S,
) -> Path:
    """Set values in the config file, remove those that are None, and return its path.

    Each value is named by its table (TABLE for the engine's own) and its setting; that it is
    allowed there has to be known. All else in the file stays as it is, byte for byte. A file that
    is not there is made, readable by its owner alone. Another's change is waited for, `wait_s`
    seconds at most. Raises ConfigError if the file cannot be
    used, is written in a way that cannot be edited, or may not be written.
    """
    path = read_config(config, environment).path
    try:
        real = path.resolve()  # a link stays one
        real.parent.mkdir(mode=private.FOLDER_MODE, parents=True, exist_ok=True)
        with _held(real, path, wait_s) as new:
            raw = _read(real)
            data = _edited(raw, changes, path)
            if data != raw:
                private.write(new, data)
                new.replace(real)
    except OSError as error:
        message = (
            f"the config file {path} cannot be changed: {error.strerror or error}; "
            "nothing was changed"
        )
        raise ConfigError(message) from error
    return path


def why_not_changeable(path: Path) -> str:
    """Return why the config file at `path` cannot be changed, '' if it can as far as is seen."""
    real = path.resolve()
    try:
        mode = real.stat().st_mode
        if not stat.S_ISREG(mode):
            return f"{path} is no ordinary file"
        if not mode & _ANY_WRITES:
            return f"{path} is read-only"
    except FileNotFoundError:
        pass
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    folder = next((one for one in real.parents if one.exists()), real.parent)
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"the folder {folder} is read-only"


@contextlib.contextmanager
def _held(real: Path, path: Path, wait_s: float) -> Iterator[Path]:
    """Keep others from changing the file; yields a name for its new content.

    Raises ConfigError, OSError.
    """
    if problem := why_not_changeable(path):
        raise ConfigError(f"{problem}, so no setting can be changed; change its rights first")
    lock = real.with_name(f".{real.name}.lock")
    until_s = time.monotonic() + wait_s
    while True:
        try:
            private.new(lock).close()
            break
        except FileExistsError:
            if time.monotonic() > until_s:
                message = (
                    f"another command is changing {path}; try again, or delete {lock} if a command "
                    "was stopped while it changed it"
                )
                raise ConfigError(message) from None
            time.sleep(_LOOK_S)
    try:
        yield real.with_name(f".{real.name}.new")
    finally:
        lock.unlink(missing_ok=True)


def _read(real: Path) -> bytes:
    try:
        return read_small(real, most_bytes=MAX_SETTINGS_BYTES)
    except FileNotFoundError:
        return b""


def _edited(raw: bytes, changes: Mapping[tuple[str, str], TomlValue | None], path: Path) -> bytes:
    """Return the file's new content, seen to be one that can be read. Raises ConfigError."""
    text = raw.decode("utf-8")
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    values = tomllib.loads(text)
    at_top = bool(values.keys() - {TABLE}) and TABLE not in values and _has_lines(values)
    places: dict[tuple[str, ...], TomlValue | None] = {}
    for (table, name), value in changes.items():
        is_at_top = table == TABLE and (name in values or at_top or not values)
        places[(name,) if is_at_top else (table, name)] = value
    try:
        new = edited(text, places)
        config_of(tomllib.loads(new), path)
        data = (mark + new).encode()
    except UnicodeEncodeError:
        raise ConfigError("a setting cannot contain half a character (a lone surrogate)") from None
    except ValueError as error:
        message = f"{error}; change it in {path} with an editor"
        raise ConfigError(message) from None
    if len(data) > MAX_SETTINGS_BYTES:
        message = f"{path} would be larger than {MAX_SETTINGS_BYTES:,} bytes; nothing was changed"
        raise ConfigError(message)
    return data


def _has_lines(values: Mapping[str, object]) -> bool:
    """Tell whether some setting stands above all sections."""
    return any(not isinstance(value, dict) for value in values.values())
