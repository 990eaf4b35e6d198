"""notemill's own settings: what must never leave the machine, and which model embeds notes.

They stand in the table [notemill] of the config file, in the environment, or in flags. Exclusions
add up: what one of the places excludes, no other can let out again. Of any other setting the flag
wins over the environment and that over the config file.
"""

from __future__ import annotations

import fnmatch
import os
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from notemill.errors import UsageError
from twolane import config_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

VARIABLE = "NOTEMILL_EXCLUDE"
TABLE = "notemill"
EMBEDDING_VARIABLES: Mapping[str, str] = {
    "embedding": "NOTEMILL_EMBEDDING",
    "embedding_model": "NOTEMILL_EMBEDDING_MODEL",
    "embedding_url": "OPENAI_BASE_URL",
    "embedding_key": "OPENAI_API_KEY",
}
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "text-embedding-3-small"


class EmbeddingKind(StrEnum):
    """What makes vectors of notes: a model on the machine, a service, or nothing."""

    AUTO = "auto"
    MINILM = "minilm"
    MULTILINGUAL = "multilingual"
    OPENAI = "openai"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Which model embeds notes; the last three speak of a service alone."""

    kind: EmbeddingKind = EmbeddingKind.AUTO
    model: str = OPENAI_MODEL
    base_url: str = OPENAI_URL
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Folders, globs and tags; `tags` are folded and without `#`."""

    patterns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def covers(self, key: str, tags: Iterable[str]) -> bool:
        """Tell whether the note at `key` with these tags is excluded; a tag covers its children."""
        if any(
            fnmatch.fnmatchcase(key, one) or key.startswith(one.rstrip("/*") + "/")
            for one in self.patterns
        ):
            return True
        folded = [tag.casefold() for tag in tags] if self.tags else []
        return any(tag == one or tag.startswith(f"{one}/") for one in self.tags for tag in folded)


def load_exclusions(
    flags: Iterable[str] = (), environment: Mapping[str, str] = os.environ
) -> Exclusions:
    """Return all exclusions there are.

    They stand in `[notemill] exclude` of the config file, in NOTEMILL_EXCLUDE (separated by
    commas) and in `flags`. An entry that begins with `#` is a tag, any other a folder or a glob.
    Raises UsageError where the config file cannot be read.
    """
    entries = [*_from_file(environment), *environment.get(VARIABLE, "").split(","), *flags]
    named = [entry.strip() for entry in entries if entry.strip()]
    return Exclusions(
        patterns=tuple(one for one in named if not one.startswith("#")),
        tags=tuple(one.lstrip("#").casefold() for one in named if one.startswith("#")),
    )


def load_embedding(
    flag: str | None = None, environment: Mapping[str, str] = os.environ
) -> EmbeddingSettings:
    """Return which model embeds notes.

    `[notemill] embedding` of the config file, NOTEMILL_EMBEDDING and the flag name a kind; a
    service is told by `embedding_model`, `embedding_url` and `embedding_key`, or their variables.
    Raises UsageError for anything else.
    """
    path, table = _table(environment)
    found: dict[str, tuple[str, str]] = {}
    for name, variable in EMBEDDING_VARIABLES.items():
        if name in table:
            found[name] = _text(table[name], f"[{TABLE}] {name} in {path}")
        if environment.get(variable):
            found[name] = environment[variable], variable
    if flag is not None:
        found["embedding"] = flag, "--embedding"
    kind, origin = found.get("embedding", (EmbeddingKind.AUTO, ""))
    if kind not in {*EmbeddingKind}:
        raise UsageError(f"{origin} cannot be {kind!r}: known are {', '.join(EmbeddingKind)}")
    return EmbeddingSettings(
        kind=EmbeddingKind(kind),
        model=found.get("embedding_model", (OPENAI_MODEL, ""))[0],
        base_url=found.get("embedding_url", (OPENAI_URL, ""))[0].rstrip("/"),
        api_key=found.get("embedding_key", (None, ""))[0],
    )


def _text(value: Any, origin: str) -> tuple[str, str]:  # noqa: ANN401  # whatever TOML holds
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{origin} cannot be {value!r}: it has to be a text")
    return value.strip(), origin


def _from_file(environment: Mapping[str, str]) -> list[str]:
    path, table = _table(environment)
    known = table.get("exclude", [])
    if not isinstance(known, list) or not all(isinstance(one, str) for one in known):
        raise UsageError(
            f'in {path}, [notemill] exclude has to be a list such as ["Private", "#x"]'
        )
    return known


def _table(environment: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """Return the config file's place and its table, empty where there is none."""
    path = config_file(environment)
    try:
        table = tomllib.loads(path.read_text("utf-8")).get(TABLE, {})
    except FileNotFoundError:
        return path, {}
    except (OSError, ValueError) as error:
        raise UsageError(f"the config file {path} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise UsageError(f"in {path}, {TABLE} has to be a table: [{TABLE}]")
    return path, table
