"""What must never leave the machine: named in the config file, the environment, or by flag.

The places add up: what one of them excludes, no other can let out again.
"""

from __future__ import annotations

import fnmatch
import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.errors import UsageError
from twolane import config_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = "NOTEMILL_EXCLUDE"
TABLE = "notemill"


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


def _from_file(environment: Mapping[str, str]) -> list[str]:
    path = config_file(environment)
    try:
        table = tomllib.loads(path.read_text("utf-8")).get(TABLE, {})
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"the config file {path} cannot be read: {error}") from error
    known = table.get("exclude", []) if isinstance(table, dict) else None
    if not isinstance(known, list) or not all(isinstance(one, str) for one in known):
        raise UsageError(
            f'in {path}, [notemill] exclude has to be a list such as ["Private", "#x"]'
        )
    return known
