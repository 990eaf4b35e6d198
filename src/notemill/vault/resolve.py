"""Link resolution and link paths, by Obsidian's rules; pure."""

from __future__ import annotations

import posixpath
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from notemill.text.normal import normal
from notemill.vault.drawings import drawing_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUFFIX = ".md"
# How Logseq writes the `/` of a page's name into the name of its file.
_LOGSEQ_SLASH = "___"
# How Dendron names the vault that a note lies in.
_OTHER_VAULT = re.compile(r"^dendron://[^/]+/")


class PathFormat(StrEnum):
    """How links name a note: the values of Obsidian's `newLinkFormat`."""

    SHORTEST = "shortest"
    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class Names:
    """The notes of a vault, indexed by the names that links use.

    A note is found as in Obsidian, ignoring case: first by its path from the vault's root;
    otherwise any note whose path ends with the link's, those below the linking note's folder first,
    then the shortest path.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        """Index the keys of all notes: paths in the vault, with their extension."""
        self._by_path: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = {}
        self._nearest: dict[str, dict[str, str]] = {}
        for key in sorted(keys):
            path = _folded(without_suffix(key))
            self._by_path.setdefault(path, key)
            self._by_name.setdefault(path.rsplit("/", 1)[-1], []).append(key)

    def resolve(self, path: str, *, source: str) -> str | None:
        """Return the key of the note that a link's `path` means in the note `source`.

        `path` is as in `Link`: decoded and without `.md`; '' means the note itself. Returns None if
        there is no such note.
        """
        if not path:
            return source
        wanted = _folded(path)
        if wanted.startswith(("./", "../")):
            folder = posixpath.dirname(_folded(source))
            return self._by_path.get(posixpath.normpath(posixpath.join(folder, wanted)))
        if wanted.startswith("/"):
            return self._by_path.get(wanted.lstrip("/"))
        if (exact := self._by_path.get(wanted)) is not None:
            return exact
        named = self._by_name.get(wanted.rsplit("/", 1)[-1], ())
        if not named or (len(named) == 1 and "/" not in wanted):
            return named[0] if named else None
        if wanted not in self._nearest:
            self._nearest[wanted] = self._by_folder(wanted, named)
        nearest = self._nearest[wanted]
        return nearest.get(posixpath.dirname(source)) or nearest.get("")

    def _by_folder(self, wanted: str, named: Iterable[str]) -> dict[str, str]:
        """Return which of the notes of a name is meant in each folder; in '' for all others.

        Found once for all links: 10,000 notes may have one name, and all of them link to it.
        """
        if "/" in wanted:
            ending = f"/{wanted}"
            named = [key for key in named if _folded(without_suffix(key)).endswith(ending)]
        found: dict[str, str] = {}
        for key in sorted(named, key=lambda key: (len(key), key)):
            found.setdefault("", key)
            folder = posixpath.dirname(key)
            while folder and folder not in found:
                found[folder] = key
                folder = posixpath.dirname(folder)
        return found

    def meant(self, path: str, label: str, *, source: str) -> str | None:
        """Return the key of the note that a link means, by other tools' rules as well.

        Dendron writes the target after the label; Logseq writes `/` in names for `___` in file
        names. Both are tried if Obsidian finds nothing, so that their vaults have a graph, too.
        """
        if (found := self.resolve(path, source=source)) is not None:
            return found
        if "/" in path:
            logseq = path.strip("/").replace("/", _LOGSEQ_SLASH)
            if (found := self.resolve(logseq, source=source)) is not None:
                return found
        for one in (path, label):
            dendron = _OTHER_VAULT.sub("", one).partition("#")[0].strip()
            if dendron and (found := self.resolve(dendron, source=source)) is not None:
                return found
        return None

    def paths_to(self, key: str, *, source: str, paths: PathFormat) -> Iterator[str]:
        """Yield the paths, with extension, by which the note `source` may name the note `key`.

        The vault's preferred format comes first; not every path necessarily resolves to the note.
        The shortest path is the bare name if no other note has it, otherwise the path from the
        vault's root.
        """
        name = key.rsplit("/", 1)[-1]
        if paths is PathFormat.RELATIVE:
            relative = posixpath.relpath(f"/{key}", f"/{posixpath.dirname(source)}")
            yield relative
            yield f"./{relative}"
        alone = len(self._by_name.get(_folded(without_suffix(name)), ())) < 2  # noqa: PLR2004
        if alone and paths is PathFormat.SHORTEST:
            yield name
        yield key
        if alone:
            yield name


def without_suffix(key: str) -> str:
    """Return a note's key as links write it, without `.md` in any case."""
    return key[: -len(_SUFFIX)] if key[-len(_SUFFIX) :].lower() == _SUFFIX else key


def title_of(key: str) -> str:
    """Return a note's title: its file name without extensions."""
    return drawing_name(without_suffix(posixpath.basename(key)))


def _folded(path: str) -> str:
    """Return a path as it is compared: as Obsidian does, with no-break spaces as spaces."""
    if path.isascii():
        return path.lower()
    return normal("NFC", path).replace("\u00a0", " ").lower()
